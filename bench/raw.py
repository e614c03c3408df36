"""The unit in which the price of trust is told: a raw RSA-2048 verification, the same call through `cryptography`."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.people import person
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

__all__ = ["DESIGN", "verification"]

DESIGN = 20.0
"""Microseconds that one takes on the machine for which the design's bars were set."""

_TIMES = 40


def verification() -> Callable[[], float]:
    """Return what measures the seconds of processor time that one takes now: machines differ, and a shared one from minute to minute."""
    key = person("rsa").private_key
    signature = key.sign(b"x", padding.PKCS1v15(), hashes.SHA256())
    public = key.public_key()

    def seconds() -> float:
        begin = time.thread_time()
        for _ in range(_TIMES):
            public.verify(signature, b"x", padding.PKCS1v15(), hashes.SHA256())
        return (time.thread_time() - begin) / _TIMES

    return seconds
