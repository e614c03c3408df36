"""The primitives: digests, signatures, ciphers, key management. All of them are `cryptography`'s; the rules about them are here.

This layer takes an `AlgorithmIdentifier` and raw octets, and knows nothing of CMS structures or MIME. One module per idea:

- `digests`, `mac`, `kdf`: hashing
- `keys`: public keys within limits, and what a private key has to offer
- `signatures`: choose, sign, verify (STANDARDS: RFC 3370, 4056, 5753, 5754, 8419, 8702, 9688, 9882)
- `content_encryption`: streaming encryption and decryption of content (RFC 3370, 3565, 5084, 8103, 9709)
- `key_transport`, `key_agreement`, `kem`, `key_wrap`, `pwri`: one way each for a content encryption key to reach its recipient

The exceptions below are internal: `smime.operations` turns them into findings or into `smime.DecryptionFailed`.
"""

from __future__ import annotations

from smime.crypto.faults import Failed, InvalidSignature, KeyUnsuitable, MalformedSignature

__all__ = ["Failed", "InvalidSignature", "KeyUnsuitable", "MalformedSignature"]
