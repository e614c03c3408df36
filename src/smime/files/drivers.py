"""The operations over files and binary streams of any size, in constant memory.

A source is a path, a binary stream, or an iterable of chunks. A target is a path or a binary stream. What is written to a path appears
there only when all is well: until then it waits in an unnamed file of the same folder, readable by the owner alone, which vanishes by
itself whatever happens to the process. What goes to a stream waits in an unnamed temporary file where it must not leave before its check.

``threads`` says how many threads work on one message: 1, or 2, where the second digests what is signed and, as long as that leaves it time,
writes blocks of the target or of the temporary file; None: 2 where the process may run on more than one processor. What is written is the
same. The second thread starts with the first full block, ends with the call, and touches neither sources nor streams nor callbacks.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from smime import policies
from smime._api import AnyIdentity
from smime.crypto import digests
from smime.errors import SMIMEError, VerificationError
from smime.files.ends import Input, Output, Progress, Source, StreamSpool, Target
from smime.files.second_thread import SecondThread
from smime.operations.buffers import OneRoom
from smime.operations.compress import MessageCompressor
from smime.operations.decrypt import MessageDecryptor
from smime.operations.encrypt import MessageEncryptor
from smime.operations.results import DecryptedMessage, UnwrappedMessage, VerifiedMessage
from smime.operations.sign import MessageSigner
from smime.operations.spool import NullSpool
from smime.operations.unwrap import MessageUnwrapper
from smime.operations.verify import MessageVerifier
from smime.pki.identity import Keyring

if TYPE_CHECKING:
    from smime.crypto.digests import NewDigest
    from smime.operations.buffers import NewRooms
    from smime.operations.recipients.making import AnyRecipient
    from smime.operations.sign import Signer
    from smime.operations.spool import Buffer, Spool
    from smime.operations.writing.producer import Sink
    from smime.pki.trust import TrustStore
    from smime.policy import Policy

__all__ = ["compress", "decrypt", "encrypt", "sign", "unwrap", "verify"]


def _processors() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


def _second(threads: int | None) -> contextlib.AbstractContextManager[SecondThread | None]:
    return contextlib.nullcontext() if (_processors() if threads is None else threads) < 2 else SecondThread()


def _digests(thread: SecondThread | None) -> NewDigest:
    return digests.new if thread is None else thread.new


def _rooms(thread: SecondThread | None) -> NewRooms:
    return OneRoom if thread is None else thread.rooms


def _produce(
    make: Callable[[Sink, Input, NewDigest], MessageSigner | MessageEncryptor | MessageCompressor],
    source: Source,
    target: Target,
    progress: Progress | None,
    threads: int | None = 1,
) -> None:
    with (
        _second(threads) as thread,
        Input(source, progress, _rooms(thread)()) as chunks,
        Output(target, private=False, wait=False, thread=thread) as output,
    ):
        machine = make(output.sink, chunks, _digests(thread))
        for chunk in chunks:
            machine.update(chunk)
        machine.finalize()
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
    threads: int | None = None,
) -> None:
    """Sign a message of any size; see `smime.sign`.

    Raises:
        SMIMEError: as `smime.sign`.
        OSError: source or target cannot be opened, read or written.
    """

    def make(sink: Sink, _: Input, new_digest: NewDigest) -> MessageSigner:
        return MessageSigner(signer, detached=detached, encoding=encoding, policy=policy, sink=sink, new_digest=new_digest)

    _produce(make, source, target, progress, threads)


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
    threads: int | None = None,
) -> None:
    """Encrypt a message of any size; see `smime.encrypt`. What is made of the octets of a file as they are is DER, however long.

    Raises:
        SMIMEError: as `smime.encrypt`.
        OSError: source or target cannot be opened, read or written.
    """

    def make(sink: Sink, chunks: Input, new_digest: NewDigest) -> MessageEncryptor:
        return MessageEncryptor(
            recipients,
            content_encryption=content_encryption,
            signer=signer,
            encoding=encoding,
            policy=policy,
            content_length=chunks.as_long_as_now() if encoding != "smime" and signer is None else None,
            sink=sink,
            new_digest=new_digest,
        )

    _produce(make, source, target, progress, threads)


def compress(
    source: Source, target: Target, *, encoding: Literal["smime", "der", "pem"] = "smime", progress: Progress | None = None
) -> None:
    """Compress a message of any size; see `smime.compress`.

    Raises:
        SMIMEError: as `smime.compress`.
        OSError: source or target cannot be opened, read or written.
    """
    _produce(lambda sink, _, __: MessageCompressor(encoding=encoding, sink=sink), source, target, progress)


def _write_rest(released: VerifiedMessage | DecryptedMessage, output: Output) -> None:
    for piece in released.chunks():
        output.spool.write(piece)


def verify(
    source: Source,
    target: Target | None,
    trust: TrustStore,
    *,
    content: Source | None = None,
    at: datetime | None = None,
    sender: str | Iterable[str] | None = None,
    tsa: TrustStore | None = None,
    now: datetime | None = None,
    policy: Policy = policies.RFC8551,
    release: Literal["verified", "unverified"] = "verified",
    progress: Progress | None = None,
    threads: int | None = None,
) -> VerifiedMessage:
    """Verify a message of any size; see `smime.verify`. The signed content goes to the target, if there is one, once it is VALID.

    With ``release="unverified"`` it goes to a stream as it passes, before anything is known about it; a path appears only if it is VALID
    all the same.

    Raises:
        SMIMEError: as `smime.verify`.
        OSError: source or target cannot be opened, read or written.
    """
    with contextlib.ExitStack() as stack:
        thread = stack.enter_context(_second(threads))
        chunks = stack.enter_context(Input(source, progress, _rooms(thread)()))
        released = release == "unverified"
        output = stack.enter_context(Output(target, private=True, wait=not released, thread=thread))
        given = None if content is None else stack.enter_context(Input(content)).kept()
        extra: frozenset[str] = frozenset()
        spool: Spool = output.spool
        source_chunks: Iterable[Buffer] = chunks
        while True:
            machine = MessageVerifier(
                trust,
                content=given,
                at=at,
                sender=sender,
                tsa=tsa,
                now=now,
                policy=policy,
                spool=NullSpool() if released else spool,
                release=release,
                extra_digests=extra,
                new_digest=_digests(thread),
                new_rooms=_rooms(thread),
            )
            for chunk in source_chunks:
                output.spool.write(machine.update(chunk))
            try:
                verified = machine.finalize()
            except VerificationError as error:
                # the digest was not the announced one, or the signature is over the content itself, and the content was not kept:
                # a source that can be read again is
                findings = error.report.all_findings()
                missing = {f.data["digest"] for f in findings if f.code == "micalg-mismatch-unverified"} - extra
                keep = any(f.code == "content-not-kept" for f in findings) and isinstance(spool, NullSpool)
                if not (missing or keep) or target is not None or chunks.again is None:
                    raise
                extra |= missing
                spool = StreamSpool(thread) if keep else spool
                source_chunks = chunks.again()
            else:
                if released:
                    _write_rest(verified, output)
                output.commit()
                return verified


def decrypt(
    source: Source,
    target: Target,
    identities: AnyIdentity | Keyring | Iterable[AnyIdentity],
    *,
    policy: Policy = policies.RFC8551,
    release: Literal["verified", "unverified"] = "verified",
    progress: Progress | None = None,
) -> DecryptedMessage:
    """Decrypt a message of any size; see `smime.decrypt`. The plaintext goes to the target once it is known to be good.

    With ``release="unverified"`` it goes to a stream as it comes, before its tag or padding is checked, with the first recipient that
    matches; a path appears only if all is well all the same.

    Raises:
        SMIMEError: as `smime.decrypt`.
        OSError: source or target cannot be opened, read or written.
    """
    keyring = Keyring.of(identities)
    released = release == "unverified"
    with Input(source, progress) as chunks:
        attempt = 0
        source_chunks: Iterable[Buffer] = chunks
        while True:
            with Output(target, private=True, wait=not released) as output:
                spool = NullSpool() if released else output.spool
                machine = MessageDecryptor(keyring, policy=policy, spool=spool, release=release, attempt=attempt)
                for chunk in source_chunks:
                    output.spool.write(machine.update(chunk))
                try:
                    decrypted = machine.finalize()
                except SMIMEError:
                    if released or not machine.more_candidates or chunks.again is None:
                        raise
                    attempt += 1
                    source_chunks = chunks.again()
                else:
                    if released:
                        _write_rest(decrypted, output)
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
    tsa: TrustStore | None = None,
    now: datetime | None = None,
    policy: Policy = policies.RFC8551,
    progress: Progress | None = None,
    threads: int | None = None,
) -> UnwrappedMessage:
    """Take a message of any size apart; see `smime.unwrap`. The innermost entity goes to the target, whatever the verdicts are.

    Raises:
        SMIMEError: as `smime.unwrap`.
        OSError: source or target cannot be opened, read or written.
    """
    with contextlib.ExitStack() as stack:
        thread = stack.enter_context(_second(threads))
        chunks = stack.enter_context(Input(source, progress, _rooms(thread)()))
        output = stack.enter_context(Output(target, private=True, wait=True, thread=thread))
        machine = MessageUnwrapper(
            keyring=Keyring.of(identities),
            trust=trust,
            content=None if content is None else stack.enter_context(Input(content)).kept(),
            at=at,
            sender=sender,
            tsa=tsa,
            now=now,
            policy=policy,
            spool=output.fresh,
            spool_between=lambda: StreamSpool(thread),
            reread=chunks.again,
            new_digest=_digests(thread),
            new_rooms=_rooms(thread),
        )
        for chunk in chunks:
            machine.update(chunk)
        unwrapped = machine.finalize()
        if machine.unopened:
            spool = output.fresh()
            for piece in unwrapped.chunks():
                spool.write(piece)
        output.commit()
        return unwrapped.kept()
