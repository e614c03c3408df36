"""The ciphers of content as streams. Each has update(data), update_into(data, buffer) and finish().

Plaintext of an authenticated cipher comes out before it is authenticated; `finish` says whether it was right to.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import RC2, TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES, ChaCha20
from cryptography.hazmat.primitives.ciphers.modes import CBC, GCM
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.poly1305 import Poly1305

from smime.crypto import gcm
from smime.crypto._rc2 import RC2CBC
from smime.crypto.faults import Failed
from smime.errors import LimitExceeded, UnsupportedError

if TYPE_CHECKING:
    from cryptography.utils import Buffer

    from smime.limits import Limits

__all__ = [
    "OVERHEAD",
    "CBCDecryption",
    "CBCEncryption",
    "CCMDecryption",
    "CCMEncryption",
    "ChaChaDecryption",
    "ChaChaEncryption",
    "GCMDecryption",
    "GCMEncryption",
    "cbc_decryption",
]

_TAG = 16
OVERHEAD = 32
"""How much longer than its input the buffer given to `update_into` has to be, in octets."""


def _room(data: Buffer, buf: Buffer, more: int = 0) -> None:
    if len(buf) < len(data) + more:
        raise ValueError(f"the buffer has to have {OVERHEAD} octets more than the input")


class GCMDecryption:
    """AES-GCM; additional data may come last (see `gcm`)."""

    __slots__ = ("_aad", "_context", "_iv", "_key", "_length", "_tag_sizes")

    def __init__(self, key: bytes, iv: bytes, tag_sizes: tuple[int, ...], aad: bytes) -> None:
        self._key, self._iv, self._tag_sizes, self._length = key, iv, tag_sizes, 0
        self._aad = aad
        self._context: Any = None

    def _start(self) -> None:
        self._context = Cipher(AES(self._key), GCM(self._iv, None, 12)).decryptor()
        if self._aad:
            self._context.authenticate_additional_data(self._aad)

    def whole(self, data: Buffer, tag: bytes | None, aad: bytes) -> bytes:
        """Decrypt all there is, instead of `update` and `finish`."""
        if tag is None or len(tag) != _TAG or _TAG not in self._tag_sizes:
            plaintext = self.update(data)
            return plaintext + self.finish(tag, aad, None)
        try:
            return AESGCM(self._key).decrypt(self._iv, b"".join((data, tag)), self._aad or aad or None)
        except InvalidTag:
            raise Failed from None

    def update(self, data: Buffer) -> bytes:
        if self._context is None:
            self._start()
        self._length += len(data)
        try:
            plaintext: bytes = self._context.update(data)
        except ValueError:  # more than GCM can encrypt under one nonce
            raise Failed from None
        return plaintext

    def update_into(self, data: Buffer, buf: Buffer) -> int:
        _room(data, buf)
        if self._context is None:
            self._start()
        self._length += len(data)
        try:
            count: int = self._context.update_into(data, buf)
        except ValueError:
            raise Failed from None
        return count

    def finish(self, tag: bytes | None, aad: bytes, _replay: Iterable[Buffer] | None) -> bytes:
        if tag is None or len(tag) not in self._tag_sizes:
            raise Failed
        if self._context is None:
            self._start()
        if aad:
            tag = gcm.tag_without_aad(self._key, self._iv, aad, self._length, tag)
        try:
            self._context.finalize_with_tag(tag)
        except (InvalidTag, ValueError):
            raise Failed from None
        return b""


class GCMEncryption:
    """AES-GCM with a tag of 16 octets."""

    __slots__ = ("_context", "tag")

    def __init__(self, key: bytes, iv: bytes, aad: bytes) -> None:
        self._context: Any = Cipher(AES(key), GCM(iv)).encryptor()
        self.tag: bytes | None = None
        if aad:
            self._context.authenticate_additional_data(aad)

    def update(self, data: Buffer) -> bytes:
        try:
            ciphertext: bytes = self._context.update(data)
        except ValueError:
            raise UnsupportedError("size of content for AES-GCM", "64 GiB and more") from None
        return ciphertext

    def update_into(self, data: Buffer, buf: Buffer) -> int:
        _room(data, buf)
        try:
            count: int = self._context.update_into(data, buf)
        except ValueError:
            raise UnsupportedError("size of content for AES-GCM", "64 GiB and more") from None
        return count

    def finish(self) -> bytes:
        self._context.finalize()
        self.tag = self._context.tag
        return b""


class CBCDecryption:
    """The last block stays behind until the end shows that it is the last: its padding is taken off in one place."""

    __slots__ = ("_block", "_context", "_held")

    def __init__(self, context: Any, block_size: int) -> None:
        self._context, self._block = context, block_size
        self._held = b""

    def update(self, data: Buffer) -> bytes:
        view = memoryview(data)
        ready = (len(self._held) + len(view) - 1) // self._block * self._block  # all whole blocks but the last
        if ready <= 0:
            self._held += bytes(view)
            return b""
        split = ready - len(self._held)  # not negative: never more than one block is held
        first: bytes = self._context.update(self._held) if self._held else b""
        rest: bytes = self._context.update(view[:split])
        self._held = bytes(view[split:])
        return first + rest if first else rest

    def update_into(self, data: Buffer, buf: Buffer) -> int:
        _room(data, buf, 2 * self._block - 1)
        view = memoryview(data)
        ready = (len(self._held) + len(view) - 1) // self._block * self._block
        if ready <= 0:
            self._held += bytes(view)
            return 0
        split = ready - len(self._held)
        count: int = self._context.update_into(self._held, buf) if self._held else 0
        count += self._context.update_into(view[:split], memoryview(buf)[count:])
        self._held = bytes(view[split:])
        return count

    def finish(self, tag: bytes | None, aad: bytes, _replay: Iterable[Buffer] | None) -> bytes:
        if tag is not None or aad or len(self._held) != self._block:
            raise Failed
        unpadder = PKCS7(self._block * 8).unpadder()
        try:
            return unpadder.update(self._context.update(self._held) + self._context.finalize()) + unpadder.finalize()
        except ValueError:
            raise Failed from None


class CBCEncryption:
    """AES-CBC with the padding of RFC 5652 section 6.3."""

    __slots__ = ("_context", "_length", "tag")

    def __init__(self, key: bytes, iv: bytes) -> None:
        self._context: Any = Cipher(AES(key), CBC(iv)).encryptor()
        self._length = 0
        self.tag: bytes | None = None

    def update(self, data: Buffer) -> bytes:
        self._length += len(data)
        ciphertext: bytes = self._context.update(data)
        return ciphertext

    def update_into(self, data: Buffer, buf: Buffer) -> int:
        _room(data, buf, 15)
        self._length += len(data)
        count: int = self._context.update_into(data, buf)
        return count

    def finish(self) -> bytes:
        padding = 16 - self._length % 16  # RFC 5652 section 6.3: always at least one octet
        last: bytes = self._context.update(bytes([padding]) * padding) + self._context.finalize()
        return last


_CHACHA_LARGEST = ((1 << 32) - 2) * 64


class _ChaCha:
    """ChaCha20-Poly1305 as RFC 8439 section 2.8 puts it together, because the AEAD of `cryptography` does not stream."""

    __slots__ = ("_aad", "_cipher", "_key", "_length", "_mac", "_nonce", "_one_time_key", "tag")

    def __init__(self, key: bytes, nonce: bytes, aad: bytes) -> None:
        self._key, self._nonce, self._aad, self._length = key, nonce, aad, 0
        self._one_time_key = self._stream(0).update(bytes(32))
        self._cipher = self._stream(1)
        self._mac = self._new_mac(aad)
        self.tag: bytes | None = None

    def _stream(self, counter: int) -> Any:
        return Cipher(ChaCha20(self._key, counter.to_bytes(4, "little") + self._nonce), None).encryptor()

    def _new_mac(self, aad: bytes) -> Poly1305:
        mac = Poly1305(self._one_time_key)
        mac.update(aad + bytes(-len(aad) % 16))
        return mac

    def _count(self, data: Buffer) -> None:
        self._length += len(data)
        if self._length > _CHACHA_LARGEST:
            raise UnsupportedError("size of content for ChaCha20-Poly1305", "256 GiB and more")

    def _close(self, mac: Poly1305, aad: bytes) -> bytes:
        lengths = len(aad).to_bytes(8, "little") + self._length.to_bytes(8, "little")
        mac.update(bytes(-self._length % 16) + lengths)
        return mac.finalize()


class ChaChaDecryption(_ChaCha):
    """ChaCha20-Poly1305; additional data may come last if the content can be had again."""

    __slots__ = ()

    def update(self, data: Buffer) -> bytes:
        self._count(data)
        self._mac.update(data)
        plaintext: bytes = self._cipher.update(data)
        return plaintext

    def update_into(self, data: Buffer, buf: Buffer) -> int:
        _room(data, buf)
        self._count(data)
        self._mac.update(data)
        count: int = self._cipher.update_into(data, buf)
        return count

    def finish(self, tag: bytes | None, aad: bytes, replay: Iterable[Buffer] | None) -> bytes:
        mac = self._mac
        if aad:
            mac = self._new_mac(aad)
            if self._length:
                if replay is None:
                    raise UnsupportedError("ChaCha20-Poly1305 with authenticated attributes after content that is gone")
                cipher = self._stream(1)
                for chunk in replay:
                    mac.update(cipher.update(chunk))
        if tag is None or not bytes_eq(self._close(mac, aad or self._aad), tag):
            raise Failed
        return b""


class ChaChaEncryption(_ChaCha):
    """ChaCha20-Poly1305 with a tag of 16 octets."""

    __slots__ = ()

    def update(self, data: Buffer) -> bytes:
        self._count(data)
        ciphertext: bytes = self._cipher.update(data)
        self._mac.update(ciphertext)
        return ciphertext

    def update_into(self, data: Buffer, buf: Buffer) -> int:
        _room(data, buf)
        self._count(data)
        count: int = self._cipher.update_into(data, buf)
        self._mac.update(memoryview(buf)[:count])
        return count

    def finish(self) -> bytes:
        self.tag = self._close(self._mac, self._aad)
        return b""


class _Held:
    """CCM needs the length first and `cryptography` does it in one go, so the content is held in memory, up to a limit."""

    __slots__ = ("_aad", "_cipher", "_held", "_iv", "_limits", "tag")

    def __init__(self, key: bytes, iv: bytes, icv_length: int, aad: bytes, limits: Limits) -> None:
        self._cipher, self._iv, self._aad, self._limits = AESCCM(key, icv_length), iv, aad, limits
        self._held = bytearray()
        self.tag: bytes | None = None

    def update(self, data: Buffer) -> bytes:
        if len(self._held) + len(data) > self._limits.structure_size:
            raise LimitExceeded("structure_size", self._limits.structure_size)
        self._held += data
        return b""

    def update_into(self, data: Buffer, _buf: Buffer) -> int:
        self.update(data)
        return 0


class CCMDecryption(_Held):
    """AES-CCM, held until the end."""

    __slots__ = ("_icv_length",)

    def __init__(self, key: bytes, iv: bytes, icv_length: int, aad: bytes, limits: Limits) -> None:
        self._icv_length = icv_length
        super().__init__(key, iv, icv_length, aad, limits)

    def finish(self, tag: bytes | None, aad: bytes, _replay: Iterable[Buffer] | None) -> bytes:
        if tag is None or len(tag) != self._icv_length:
            raise Failed
        self._held += tag
        try:
            return self._cipher.decrypt(self._iv, self._held, aad or self._aad or None)
        except (InvalidTag, ValueError):
            raise Failed from None


class CCMEncryption(_Held):
    """AES-CCM, held until the end."""

    __slots__ = ()

    def finish(self) -> bytes:
        sealed = self._cipher.encrypt(self._iv, self._held, self._aad or None)
        self.tag = sealed[-16:]
        return sealed[:-16]


def cbc_decryption(name: str, key: bytes, iv: bytes, effective_bits: int = 0) -> Any:
    """Return a CBC decryption without padding: an object with update, update_into and finalize. `effective_bits` are those of RC2."""
    if name.startswith("aes-"):
        return Cipher(AES(key), CBC(iv)).decryptor()
    if name == "rc2-cbc":
        if effective_bits == 128 and len(key) == 16:
            return Cipher(RC2(key), CBC(iv)).decryptor()
        return RC2CBC(key, iv, effective_bits)
    # DES is EDE with one key
    return Cipher(TripleDES(key * 3 if name == "des-cbc" else key), CBC(iv)).decryptor()
