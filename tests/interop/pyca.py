"""`cryptography`'s own pkcs7 module."""

from __future__ import annotations

from collections.abc import Sequence

import cryptography
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from tests.interop.peers import Peer, PeerFailed
from tests.interop.people import Person

_DIGESTS = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


class Pyca(Peer):
    name = "pyca"

    def version(self) -> str:
        return f"cryptography {cryptography.__version__}"

    def sign(self, content: bytes, signer: Person, *, algorithm: str, digest: str, detached: bool, mail: bool) -> bytes:
        options = [pkcs7.PKCS7Options.Binary]
        if detached:
            options.append(pkcs7.PKCS7Options.DetachedSignature)
        if algorithm == "eddsa":
            digest = "sha512"  # it must be given one; it refuses the key
        pss = padding.PSS(padding.MGF1(_DIGESTS[digest]), padding.PSS.DIGEST_LENGTH) if algorithm == "rsa-pss" else None
        try:
            builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
            builder = builder.add_signer(signer.certificate, signer.key, _DIGESTS[digest], rsa_padding=pss)
            return builder.add_certificate(self.people.intermediate.certificate).sign(Encoding.DER, options)
        except (TypeError, ValueError, UnsupportedAlgorithm) as error:
            raise PeerFailed(str(error)) from error

    def verify(self, message: bytes, *, content: bytes | None, mail: bool) -> bytes:
        raise PeerFailed("pyca has no verify")

    def encrypt(self, content: bytes, recipients: Sequence[Person], *, cipher: str, key_encryption: str, mail: bool) -> bytes:
        if key_encryption != "rsa":
            raise PeerFailed("pyca can only be asked for RSA v1.5")
        chosen = {"aes-128-cbc": algorithms.AES128, "aes-256-cbc": algorithms.AES256}.get(cipher)
        if chosen is None:
            raise PeerFailed("Only AES128 and AES256 are supported")
        try:
            builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content).set_content_encryption_algorithm(chosen)
            for recipient in recipients:
                builder = builder.add_recipient(recipient.certificate)
            return builder.encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])
        except (TypeError, ValueError, UnsupportedAlgorithm) as error:
            raise PeerFailed(str(error)) from error

    def decrypt(self, message: bytes, recipient: Person, *, mail: bool) -> bytes:
        try:
            return pkcs7.pkcs7_decrypt_der(message, recipient.certificate, recipient.key, [])
        except (TypeError, ValueError, UnsupportedAlgorithm) as error:
            raise PeerFailed(str(error)) from error
