"""A signer whose private key is not in this process: a smart card, an HSM, a key service.

Any object with `public_key()` and `sign(data, scheme)` will do; here the "device" is a local key behind a counter. For decryption it would
have `decrypt(ciphertext, algorithm)` (RSA) or `exchange(peer_public_key)` (EC).
"""

from __future__ import annotations

from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import smime
from smime.pki.throwaway import ThrowawayPKI


class Device:
    """Signs with ECDSA and counts how often it was asked."""

    def __init__(self, key: Any) -> None:
        self._key = key
        self.uses = 0

    def public_key(self) -> Any:
        """Return the public half."""
        return self._key.public_key()

    def sign(self, data: bytes, scheme: Any) -> bytes:
        """Sign data that is not hashed yet; `scheme.name` and `scheme.digest` say how."""
        self.uses += 1
        assert scheme.digest == "sha256"
        signature: bytes = self._key.sign(data, ec.ECDSA(hashes.SHA256()))
        return signature


pki = ThrowawayPKI()
bob = pki.person("Bob", "bob@example.org", "p256")
device = Device(bob.private_key)
signer = smime.Signer(device, bob.certificate, bob.chain)

for number in range(3):
    signed = smime.sign(b"From: bob@example.org\r\nSubject: %d\r\n\r\nHello\r\n" % number, signer)
    print(smime.verify(signed, smime.TrustStore(pki.anchors)).report.summary())
print(f"the device signed {device.uses} times")
