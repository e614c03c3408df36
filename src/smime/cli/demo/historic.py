"""Signatures and ciphers of old mail, for archives to try on: SHA-1 and MD5 with RSA, triple DES, RC2.

The library reads these under `smime.policies.ARCHIVE` and writes them nowhere; only the demonstration and tests make such mail.
"""

from __future__ import annotations

import secrets
from typing import Any

from cryptography.hazmat.decrepit.ciphers.algorithms import RC2, TripleDES
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from smime.algorithms import CONTENT_ENCRYPTIONS_BY_NAME, DIGESTS_BY_NAME, RSA_ENCRYPTION
from smime.asn1 import writer
from smime.asn1.algorithm import AlgorithmIdentifier
from smime.cms import attributes
from smime.cms.content_info import DATA
from smime.cms.enveloped_data import build_enveloped_data
from smime.cms.identifiers import IssuerAndSerialNumber
from smime.cms.recipient_info import KeyTransRecipientInfo
from smime.cms.signed_data import build_signed_data
from smime.cms.signer_info import SignerInfo
from smime.x509.certificate import Certificate

__all__ = ["CIPHERS", "DIGESTS", "encrypt", "sign"]

DIGESTS: dict[str, Any] = {"sha1": hashes.SHA1, "md5": hashes.MD5}
CIPHERS = ("des-ede3-cbc", "rc2-cbc")
_RC2_128_BITS = 58  # the effective key size in RC2's own code (RFC 2268 section 6)


def _null(oid: str) -> AlgorithmIdentifier:
    return AlgorithmIdentifier.build(oid, writer.null())


def sign(content: bytes, private_key: Any, certificate: Any, chain: Any = (), *, digest: str = "sha1", detached: bool = False) -> bytes:
    """Return a SignedData object in DER, as mail programs of the year 2000 wrote it.

    Args:
        content: a MIME entity in canonical form.
        private_key: an RSA key.
        certificate: of the key.
        chain: certificates to add.
        digest: ``"sha1"`` or ``"md5"``.
        detached: leave the content out.
    """
    own = Certificate.of_any(certificate)
    algorithm = DIGESTS[digest]()
    state = hashes.Hash(algorithm)
    state.update(content)
    signed = writer.set_of([attributes.content_type(DATA), attributes.message_digest(state.finalize())])
    signature = private_key.sign(signed, rsa_padding.PKCS1v15(), algorithm)
    digest_algorithm = _null(DIGESTS_BY_NAME[digest].oid)
    info = SignerInfo.build(
        IssuerAndSerialNumber(own.issuer_raw, own.serial), digest_algorithm, signed, _null(RSA_ENCRYPTION.oid), signature
    )
    return build_signed_data(
        digest_algorithms=[digest_algorithm],
        content=None if detached else content,
        signer_infos=[info],
        certificates=[own.der, *(Certificate.of_any(other).der for other in chain)],
    )


def encrypt(content: bytes, certificate: Any, *, cipher: str = "des-ede3-cbc") -> bytes:
    """Return an EnvelopedData object in DER, as mail programs of the year 2000 wrote it.

    Args:
        content: a MIME entity in canonical form.
        certificate: of a recipient with an RSA key.
        cipher: one of `CIPHERS`.
    """
    own = Certificate.of_any(certificate)
    row = CONTENT_ENCRYPTIONS_BY_NAME[cipher]
    block: Any
    key, iv = secrets.token_bytes(row.key_size), secrets.token_bytes(row.iv_size)
    if cipher == "rc2-cbc":
        parameters, block = writer.sequence(writer.integer(_RC2_128_BITS), writer.octet_string(iv)), RC2(key)
    else:
        parameters, block = writer.octet_string(iv), TripleDES(key)
    pad = padding.PKCS7(row.block_size * 8).padder()
    encryptor = Cipher(block, modes.CBC(iv)).encryptor()
    encrypted = encryptor.update(pad.update(content) + pad.finalize()) + encryptor.finalize()
    wrapped = own.public_key.encrypt(key, rsa_padding.PKCS1v15())
    recipient = KeyTransRecipientInfo.build(IssuerAndSerialNumber(own.issuer_raw, own.serial), _null(RSA_ENCRYPTION.oid), wrapped)
    return build_enveloped_data(
        recipient_infos=[recipient],
        content_encryption_algorithm=AlgorithmIdentifier.build(row.oid, parameters),
        encrypted_content=encrypted,
    )
