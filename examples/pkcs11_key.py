"""A private key in a PKCS #11 token (HSM, smart card, SoftHSM) for signing and decrypting. Needs python-pkcs11.

with token.open(user_pin=pin) as session:
key = PKCS11Key(session.get_key(ObjectClass.PRIVATE_KEY, label="alice"), certificate.public_key())
smime.sign(mail, smime.Signer(key, certificate, chain))
smime.decrypt(mail, smime.Identity(key, certificate))
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pkcs11
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pkcs11 import KDF, MGF, Attribute, KeyType, Mechanism, ObjectClass

from smime import algorithms

if TYPE_CHECKING:
    from smime.asn1.algorithm import AlgorithmIdentifier
    from smime.crypto.schemes import SignatureScheme

_RSA = {"sha256": Mechanism.SHA256_RSA_PKCS, "sha384": Mechanism.SHA384_RSA_PKCS, "sha512": Mechanism.SHA512_RSA_PKCS}
_PSS = {
    "sha256": (Mechanism.SHA256_RSA_PKCS_PSS, (Mechanism.SHA256, MGF.SHA256, 32)),
    "sha384": (Mechanism.SHA384_RSA_PKCS_PSS, (Mechanism.SHA384, MGF.SHA384, 48)),
    "sha512": (Mechanism.SHA512_RSA_PKCS_PSS, (Mechanism.SHA512, MGF.SHA512, 64)),
}
_HASHES: dict[str, hashes.HashAlgorithm] = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


class PKCS11Key:
    """The `PrivateKey` protocol over a key of a token.

    Args:
        key: the token's private key.
        public_key: its public half, such as the certificate's.
    """

    def __init__(self, key: Any, public_key: Any) -> None:
        self._key = key
        self._public_key = public_key

    def public_key(self) -> Any:
        """Return the public half."""
        return self._public_key

    def sign(self, data: bytes, scheme: SignatureScheme) -> bytes:
        """Sign data that is not hashed yet. RSA is hashed by the token, ECDSA here, since few tokens do both."""
        if isinstance(self._public_key, rsa.RSAPublicKey):
            if scheme.name == "RSASSA-PSS":
                mechanism, parameters = _PSS[scheme.digest]
                return bytes(self._key.sign(data, mechanism=mechanism, mechanism_param=parameters))
            return bytes(self._key.sign(data, mechanism=_RSA[scheme.digest]))
        digest = hashes.Hash(_HASHES[scheme.digest])
        digest.update(data)
        raw = bytes(self._key.sign(digest.finalize(), mechanism=Mechanism.ECDSA))
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))

    def decrypt(self, ciphertext: bytes, algorithm: AlgorithmIdentifier) -> bytes:
        """Open a key that was encrypted with PKCS #1 v1.5.

        Raises:
            ValueError: it cannot be opened.
        """
        if algorithm.oid != algorithms.RSA_ENCRYPTION.oid:
            raise ValueError(f"this example opens rsaEncryption only, not {algorithm.name}")
        try:
            return bytes(self._key.decrypt(ciphertext, mechanism=Mechanism.RSA_PKCS))
        except pkcs11.PKCS11Error as error:
            raise ValueError(str(error)) from error

    def exchange(self, peer_public_key: ec.EllipticCurvePublicKey) -> bytes:
        """Return the x coordinate of the shared point."""
        point = peer_public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        size = (peer_public_key.curve.key_size + 7) // 8
        secret = self._key.derive_key(
            KeyType.GENERIC_SECRET,
            size * 8,
            mechanism=Mechanism.ECDH1_DERIVE,
            mechanism_param=(KDF.NULL, None, point),
            template={
                Attribute.CLASS: ObjectClass.SECRET_KEY,
                Attribute.TOKEN: False,
                Attribute.SENSITIVE: False,
                Attribute.EXTRACTABLE: True,
                Attribute.VALUE_LEN: size,
            },
        )
        return bytes(secret[Attribute.VALUE])
