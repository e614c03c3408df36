"""The operations over files and binary streams of any size, in constant memory.

A source is a path, a binary stream, or an iterable of chunks. A target is a path or a binary stream. What is written to a path appears
there only when all is well: until then it waits in an unnamed file of the same folder, readable by the owner alone, which vanishes by
itself whatever happens to the process. What goes to a stream waits in an unnamed temporary file where it must not leave before its check.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, Literal, cast

from smime import policies
from smime._api import AnyIdentity
from smime.errors import SMIMEError, VerificationError
from smime.operations.compress import MessageCompressor
from smime.operations.decrypt import DecryptedMessage, MessageDecryptor
from smime.operations.encrypt import MessageEncryptor
from smime.operations.sign import MessageSigner
from smime.operations.spool import NullSpool
from smime.operations.unwrap import MessageUnwrapper, UnwrappedMessage
from smime.operations.verify import MessageVerifier, VerifiedMessage
from smime.pki.identity import Keyring

if TYPE_CHECKING:
    from types import TracebackType

    from smime._api import AnyIdentity
    from smime.operations.recipients import AnyRecipient
    from smime.operations.sign import Signer
    from smime.operations.spool import Buffer, Spool
    from smime.pki.trust import TrustStore
    from smime.policy import Policy

__all__ = ["AtomicFile", "Progress", "Source", "Target", "compress", "decrypt", "encrypt", "sign", "unwrap", "verify"]

Source = str | os.PathLike[str] | BinaryIO | Iterable[bytes]
Target = str | os.PathLike[str] | BinaryIO
Progress = Callable[[int], object]
"""Called with the number of source octets read since the last call."""

_CHUNK = 1 << 16
_SPOOL_IN_MEMORY = 1 << 20


class AtomicFile:
    """A file that appears under its name only by `commit`: until then it has none, so nothing is left of it even after a crash.

    Also a spool: what was written can be read again.

    Args:
        path: where it is to appear; an existing file is replaced.
        private: readable by the owner alone.
    """

    def __init__(self, path: str | os.PathLike[str], *, private: bool = False) -> None:
        self.path = Path(path)
        self._name: Path | None = None
        folder = self.path.parent
        if self.path.exists() and not self.path.is_file():
            raise IsADirectoryError(f"{self.path} is not a file")
        mode = 0o600 if private else 0o666
        descriptor = -1
        if hasattr(os, "O_TMPFILE"):
            with contextlib.suppress(OSError):  # a file system that has no unnamed files
                descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR, mode)
        if descriptor < 0:
            self._name = folder / f".{self.path.name}.{secrets.token_hex(8)}.tmp"
            descriptor = os.open(self._name, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode)
        self._file: IO[bytes] = os.fdopen(descriptor, "w+b", buffering=0)

    def write(self, data: Buffer, /) -> object:
        """Append octets."""
        view = memoryview(data)
        while len(view) > 0:
            view = view[self._file.write(view) :]
        return None

    def chunks(self) -> Iterator[bytes]:
        """Yield everything that was written, from the start."""
        offset, descriptor = 0, self._file.fileno()
        while chunk := os.pread(descriptor, _CHUNK, offset):
            offset += len(chunk)
            yield chunk

    def commit(self) -> None:
        """Give the file its name, in one step."""
        if self._name is None:
            temporary = self.path.parent / f".{self.path.name}.{secrets.token_hex(8)}.tmp"
            # a directory descriptor, though the path is absolute, makes this linkat(2): link(2) would not follow the link in /proc
            descriptor = self._file.fileno()
            os.link(f"/proc/self/fd/{descriptor}", temporary, src_dir_fd=descriptor, follow_symlinks=True)
            self._name = temporary
        self._name.replace(self.path)
        self._name = None
        self._file.close()

    def discard(self) -> None:
        """Forget the file."""
        self._file.close()
        if self._name is not None:
            self._name.unlink(missing_ok=True)
            self._name = None

    def __enter__(self) -> AtomicFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if not self._file.closed:
            self.discard()


class _StreamSpool:
    """What has to wait before it may go to a stream: in memory up to a limit, then in an unnamed file."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=_SPOOL_IN_MEMORY)  # noqa: SIM115 - it lives as long as this object

    def __del__(self) -> None:
        self._file.close()

    def write(self, data: Buffer, /) -> object:
        """Append octets."""
        return self._file.write(data)

    def chunks(self) -> Iterator[bytes]:
        """Yield everything that was written, from the start."""
        self._file.seek(0)
        while chunk := self._file.read(_CHUNK):
            yield chunk


class _Input:
    """A source, opened."""

    def __init__(self, source: Source, progress: Progress | None) -> None:
        self._progress = progress
        self._stack = contextlib.ExitStack()
        self._stream: IO[bytes] | None = None
        self._chunks: Iterable[bytes] | None = None
        if isinstance(source, (str, os.PathLike)):
            stream = Path(source).open("rb", buffering=0)  # noqa: SIM115 - the stack closes it
            self._stream = self._stack.enter_context(stream)
        elif isinstance(source, Iterable) and not hasattr(source, "read"):
            self._chunks = source
        else:
            self._stream = cast("IO[bytes]", source)
        self._start = self._position()

    def _position(self) -> int | None:
        stream = self._stream
        if stream is None:
            return None
        try:
            return stream.tell() if stream.seekable() else None
        except (OSError, AttributeError):
            return None

    @property
    def again(self) -> Callable[[], Iterator[bytes]] | None:
        """Gives the octets once more, if the source can be read again."""
        return self._again if self._start is not None else None

    def _again(self) -> Iterator[bytes]:
        assert self._stream is not None  # noqa: S101 - `again` looked
        assert self._start is not None  # noqa: S101 - `again` looked
        self._stream.seek(self._start)
        return self._read(None)

    def _read(self, progress: Progress | None) -> Iterator[bytes]:
        stream = self._stream
        assert stream is not None  # noqa: S101 - the callers looked
        while chunk := stream.read(_CHUNK):
            yield chunk
            if progress is not None:
                progress(len(chunk))

    def __iter__(self) -> Iterator[bytes]:
        if self._chunks is None:
            yield from self._read(self._progress)
            return
        for chunk in self._chunks:
            yield chunk
            if self._progress is not None:
                self._progress(len(chunk))

    def __enter__(self) -> _Input:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._stack.close()


class _Output:
    """A target: a spool to write into, and the one moment in which it appears."""

    def __init__(self, target: Target | None, *, private: bool, wait: bool) -> None:
        self._file: AtomicFile | None = None
        self._stream: BinaryIO | None = None
        self.spool: Spool
        if target is None:
            self.spool = NullSpool()
        elif isinstance(target, (str, os.PathLike)):
            path = Path(target)
            if path.exists() and not stat.S_ISREG(path.stat().st_mode):  # /dev/stdout, /dev/null, a pipe
                self._stream = path.open("wb")
                self.spool = _StreamSpool() if wait else _Direct(self._stream)
            else:
                self._file = AtomicFile(path, private=private)
                self.spool = self._file
        else:
            self._stream = target
            self.spool = _StreamSpool() if wait else _Direct(target)

    def commit(self) -> None:
        """All is well: let it appear."""
        if self._file is not None:
            self._file.commit()
        elif self._stream is not None:
            if isinstance(self.spool, _StreamSpool):
                for chunk in self.spool.chunks():
                    self._stream.write(chunk)
            self._stream.flush()

    def __enter__(self) -> _Output:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        if self._file is not None:
            self._file.__exit__(kind, error, traceback)


class _Direct:
    """Straight to a stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, data: Buffer, /) -> object:
        """Write octets."""
        return self._stream.write(data)

    def chunks(self) -> Iterator[bytes]:
        """Yield nothing: what went to a stream is gone."""
        yield from ()


def _produce(
    machine: MessageSigner | MessageEncryptor | MessageCompressor, source: Source, target: Target, progress: Progress | None
) -> None:
    with _Input(source, progress) as chunks, _Output(target, private=False, wait=False) as output:
        write = output.spool.write
        for chunk in chunks:
            made = machine.update(chunk)
            if made:
                write(made)
        write(machine.finalize())
        output.commit()


def sign(
    source: Source,
    target: Target,
    signer: Signer | Iterable[Signer],
    *,
    detached: bool = True,
    encoding: Literal["smime", "der", "pem"] = "smime",
    policy: Policy = policies.RFC8551,
    progress: Progress | None = None,
) -> None:
    """Sign a message of any size; see `smime.sign`.

    Raises:
        SMIMEError: as `smime.sign`.
        OSError: source or target cannot be opened, read or written.
    """
    _produce(MessageSigner(signer, detached=detached, encoding=encoding, policy=policy), source, target, progress)


def encrypt(
    source: Source,
    target: Target,
    recipients: AnyRecipient | Iterable[AnyRecipient],
    *,
    content_encryption: str | None = None,
    signer: Signer | Iterable[Signer] | None = None,
    encoding: Literal["smime", "der", "pem"] = "smime",
    policy: Policy = policies.RFC8551,
    progress: Progress | None = None,
) -> None:
    """Encrypt a message of any size; see `smime.encrypt`.

    Raises:
        SMIMEError: as `smime.encrypt`.
        OSError: source or target cannot be opened, read or written.
    """
    _produce(
        MessageEncryptor(recipients, content_encryption=content_encryption, signer=signer, encoding=encoding, policy=policy),
        source,
        target,
        progress,
    )


def compress(
    source: Source, target: Target, *, encoding: Literal["smime", "der", "pem"] = "smime", progress: Progress | None = None
) -> None:
    """Compress a message of any size; see `smime.compress`.

    Raises:
        SMIMEError: as `smime.compress`.
        OSError: source or target cannot be opened, read or written.
    """
    _produce(MessageCompressor(encoding=encoding), source, target, progress)


def verify(
    source: Source,
    target: Target | None,
    trust: TrustStore,
    *,
    content: Source | None = None,
    at: datetime | None = None,
    sender: str | Iterable[str] | None = None,
    policy: Policy = policies.RFC8551,
    progress: Progress | None = None,
) -> VerifiedMessage:
    """Verify a message of any size; see `smime.verify`. The signed content goes to the target, if there is one, once it is VALID.

    Raises:
        SMIMEError: as `smime.verify`.
        OSError: source or target cannot be opened, read or written.
    """
    with contextlib.ExitStack() as stack:
        chunks = stack.enter_context(_Input(source, progress))
        output = stack.enter_context(_Output(target, private=True, wait=True))
        given: Callable[[], Iterator[bytes]] | Iterable[bytes] | None = None
        if content is not None:
            detached = stack.enter_context(_Input(content, None))
            given = detached.again or detached
        extra: frozenset[str] = frozenset()
        source_chunks: Iterable[bytes] = chunks
        while True:
            machine = MessageVerifier(trust, content=given, at=at, sender=sender, policy=policy, spool=output.spool, extra_digests=extra)
            for chunk in source_chunks:
                machine.update(chunk)
            try:
                verified = machine.finalize()
            except VerificationError as error:
                # the digest was not the announced one, and the content was not kept: a source that can be read again is
                missing = {f.data["digest"] for f in error.report.all_findings() if f.code == "micalg-mismatch-unverified"} - extra
                if not missing or target is not None or chunks.again is None:
                    raise
                extra |= missing
                source_chunks = chunks.again()
            else:
                output.commit()
                return verified


def decrypt(
    source: Source,
    target: Target,
    identities: AnyIdentity | Keyring | Iterable[AnyIdentity],
    *,
    policy: Policy = policies.RFC8551,
    progress: Progress | None = None,
) -> DecryptedMessage:
    """Decrypt a message of any size; see `smime.decrypt`. The plaintext goes to the target once it is known to be good.

    Raises:
        SMIMEError: as `smime.decrypt`.
        OSError: source or target cannot be opened, read or written.
    """
    keyring = Keyring.of(identities)
    with _Input(source, progress) as chunks:
        attempt = 0
        source_chunks: Iterable[bytes] = chunks
        while True:
            with _Output(target, private=True, wait=True) as output:
                machine = MessageDecryptor(keyring, policy=policy, spool=output.spool, attempt=attempt)
                for chunk in source_chunks:
                    machine.update(chunk)
                try:
                    decrypted = machine.finalize()
                except SMIMEError:
                    if not machine.more_candidates or chunks.again is None:
                        raise
                    attempt += 1
                    source_chunks = chunks.again()
                else:
                    output.commit()
                    return decrypted


def unwrap(
    source: Source,
    target: Target | None,
    *,
    identities: AnyIdentity | Keyring | Iterable[AnyIdentity] = (),
    trust: TrustStore | None = None,
    content: Source | None = None,
    at: datetime | None = None,
    sender: str | Iterable[str] | None = None,
    policy: Policy = policies.RFC8551,
    progress: Progress | None = None,
) -> UnwrappedMessage:
    """Take a message of any size apart; see `smime.unwrap`. The innermost entity goes to the target, whatever the verdicts are.

    Raises:
        SMIMEError: as `smime.unwrap`.
        OSError: source or target cannot be opened, read or written.
    """
    with contextlib.ExitStack() as stack:
        chunks = stack.enter_context(_Input(source, progress))
        given = None
        if content is not None:
            detached = stack.enter_context(_Input(content, None))
            if detached.again is None:
                octets = b"".join(detached)
                given = lambda: iter((octets,))  # noqa: E731 - a function of one line
            else:
                given = detached.again
        machine = MessageUnwrapper(
            keyring=Keyring.of(identities),
            trust=trust,
            content=given,
            at=at,
            sender=sender,
            policy=policy,
            spool=_StreamSpool,
            reread=chunks.again,
        )
        for chunk in chunks:
            machine.update(chunk)
        unwrapped = machine.finalize()
        if target is not None:
            with _Output(target, private=True, wait=False) as output:
                for chunk in unwrapped.chunks():
                    output.spool.write(chunk)
                output.commit()
        return unwrapped.kept()
