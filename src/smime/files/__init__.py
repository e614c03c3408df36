"""The operations over files and binary streams of any size, in constant memory; see `smime.files.drivers`."""

from __future__ import annotations

from smime.files.atomic import AtomicFile
from smime.files.drivers import compress, decrypt, encrypt, sign, unwrap, verify
from smime.files.ends import Progress, Source, Target

__all__ = ["AtomicFile", "Progress", "Source", "Target", "compress", "decrypt", "encrypt", "sign", "unwrap", "verify"]
