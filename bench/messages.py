"""The message rows of the bars: 4 KB mails against the raw primitive, called through `cryptography` with the same key, and pyca's pkcs7."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

from bench.measure import Timing, in_turn, once_each
from bench.payload import message
from bench.people import person, pki
from bench.rows import Row, microseconds
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

import smime
from smime.pki.throwaway import Person

SIZE = 4096
UNSEEN = 200


def _text(timing: Timing) -> str:
    return f"{microseconds(timing.median)} ({microseconds(timing.best)})"


def _row(what: str, bar: float | None, ours: Callable[[], object], raw: Callable[[], object], **peers: Callable[[], object] | None) -> Row:
    present = {name: peer for name, peer in peers.items() if peer is not None}
    mine, base, *others = in_turn(ours, raw, *present.values(), clock=time.thread_time)
    ratios = sorted(a / b for a, b in zip(mine.samples, base.samples, strict=True))
    said = ", ".join(f"{name} {_text(timing)}" for name, timing in zip(present, others, strict=True))
    ratio = ratios[len(ratios) // 2]
    return Row(what, _text(mine), f"raw {_text(base)}, best/best {mine.best / base.best:.2f}", ratio, bar, peers=said)


def _raw_sign(who: Person) -> Callable[[], object]:
    key, data = who.private_key, bytes(200)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        scheme = ec.ECDSA(hashes.SHA256())
        return lambda: key.sign(data, scheme)
    pad, digest = padding.PKCS1v15(), hashes.SHA256()
    return lambda: key.sign(data, pad, digest)


def _raw_verify(who: Person) -> Callable[[], object]:
    key, public, data = who.private_key, who.public_key, bytes(200)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        scheme = ec.ECDSA(hashes.SHA256())
        signature = key.sign(data, scheme)
        return lambda: public.verify(signature, data, scheme)
    pad, digest = padding.PKCS1v15(), hashes.SHA256()
    signature = key.sign(data, pad, digest)
    return lambda: public.verify(signature, data, pad, digest)


def _pyca_sign(who: Person, data: bytes) -> Callable[[], object]:
    def sign() -> bytes:
        builder = pkcs7.PKCS7SignatureBuilder().set_data(data).add_signer(who.certificate, who.private_key, hashes.SHA256())
        return builder.add_certificate(who.chain[0]).sign(Encoding.SMIME, [pkcs7.PKCS7Options.DetachedSignature])

    return sign


def _pyca_encrypt(who: Person, data: bytes) -> Callable[[], bytes]:
    def encrypt() -> bytes:
        builder = pkcs7.PKCS7EnvelopeBuilder().set_data(data).add_recipient(who.certificate)
        return builder.set_content_encryption_algorithm(algorithms.AES256).encrypt(Encoding.SMIME, [pkcs7.PKCS7Options.Binary])

    return encrypt


def _pyca_decrypt(who: Person, data: bytes) -> Callable[[], object] | None:
    encrypted = _pyca_encrypt(who, data)()
    try:
        pkcs7.pkcs7_decrypt_smime(encrypted, who.certificate, who.private_key, [])
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return lambda: pkcs7.pkcs7_decrypt_smime(encrypted, who.certificate, who.private_key, [])


def rows() -> Iterator[Row]:
    """Measure; yield a row as each is done."""
    trust = smime.TrustStore(pki().anchors)
    for name, title, sign_bar, verify_bar in (("rsa", "RSA-2048", 1.10, 3.0), ("p256", "P-256", 1.6, 1.6)):
        who = person(name)
        signer = smime.Signer(who.private_key, who.certificate, who.chain)
        mail = message(SIZE, name)
        yield _row(
            f"sign 4 KB detached, {title}", sign_bar, lambda s=signer, m=mail: smime.sign(m, s), _raw_sign(who), pyca=_pyca_sign(who, mail)
        )
        signed = smime.sign(mail, signer)
        smime.verify(signed, trust)
        yield _row(
            f"verify 4 KB with its chain, {title}, known sender", verify_bar, lambda m=signed: smime.verify(m, trust), _raw_verify(who)
        )
    yield _unseen(trust)

    who = person("rsa")
    mail = message(SIZE)
    recipient, identity = who.certificate, smime.Identity(who.private_key, who.certificate)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    secret = os.urandom(32)
    wrapped = who.public_key.encrypt(secret, oaep)
    yield _row(
        "encrypt 4 KB to one RSA-2048, AES-256-GCM",
        2.5,
        lambda: smime.encrypt(mail, recipient),
        lambda: who.public_key.encrypt(secret, oaep),
        pyca_cbc=_pyca_encrypt(who, mail),
    )
    encrypted = smime.encrypt(mail, recipient)
    yield _row(
        "decrypt the same",
        1.12,
        lambda: smime.decrypt(encrypted, identity),
        lambda: who.private_key.decrypt(wrapped, oaep),
        pyca_cbc=_pyca_decrypt(who, mail),
    )


def _unseen(trust: smime.TrustStore) -> Row:
    """Every sender is new: another certificate each time, from the same authority."""
    key = person("rsa").private_key
    mails = []
    for number in range(UNSEEN):
        name = f"person{number}"
        who = pki().person(name, f"{name}@example.org", key)
        mails.append(smime.sign(message(SIZE, name), smime.Signer(who.private_key, who.certificate, who.chain)))
    timing = once_each([lambda m=mail: smime.verify(m, trust) for mail in mails], clock=time.thread_time)
    return Row(
        "verify 4 KB, RSA-2048, sender never seen before",
        _text(timing),
        f"{UNSEEN} senders, once each",
        timing.median * 1e6,
        400,
        unit="µs",
    )
