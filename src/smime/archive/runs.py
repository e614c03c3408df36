"""The functions of `smime.archive`: each a pass over all messages of an archive, handing on one record a message as it goes."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smime import policies
from smime.archive import pool
from smime.archive.copy import ArchiveCopy
from smime.archive.record import MessageRecord
from smime.archive.sources import Sources, Span, check, spans
from smime.archive.tasks import At, Decrypt, Harvest, Learn, Scan, Strip, Verify, split_elements
from smime.discovery.correspondents import Change, CorrespondentStore, Lesson
from smime.errors import SMIMEError
from smime.x509.certificate import Certificate
from smime.x509.summary import CertificateSummary

if TYPE_CHECKING:
    from smime._api import AnyIdentity
    from smime.pki.trust import TrustStore
    from smime.policy import Policy

__all__ = ["HarvestedCertificate", "certificates", "decrypt", "learn", "scan", "strip", "verify"]


def _at(at: At) -> At:
    """Fix the present once for the whole run."""
    if at is None:
        return datetime.now(timezone.utc).replace(microsecond=0)
    if isinstance(at, datetime):
        if at.tzinfo is None:
            raise ValueError("at needs a time zone")
    elif at != "received":
        raise ValueError(f'at is a datetime, None or "received", not {at!r}')
    return at


def _run(task: pool.Task, found: Iterable[Span], jobs: int, scheduler: str | None) -> Iterator[tuple[Span, pool.Outcome]]:
    if scheduler is None:
        return pool.run(task, found, jobs=jobs)
    from smime.archive.scheduler import run  # noqa: PLC0415 - few need it

    return run(task, found, scheduler)


def _records(
    task: pool.Task, sources: Sources, links: bool, jobs: int, scheduler: str | None, skip: Collection[Any]
) -> Iterator[MessageRecord]:
    found = (span for span in spans(sources, links=links) if span.key not in skip)
    for _, outcome in _run(task, found, jobs, scheduler):
        yield outcome.record


def verify(
    sources: Sources,
    trust: TrustStore,
    *,
    identities: AnyIdentity | Iterable[AnyIdentity] = (),
    at: At = None,
    tsa: TrustStore | None = None,
    policy: Policy = policies.RFC8551,
    follow_links: bool = False,
    jobs: int = 1,
    scheduler: str | None = None,
    skip: Collection[tuple[str, int | str]] = frozenset(),
) -> Iterator[MessageRecord]:
    """Verify every message of an archive, through all its layers.

    Args:
        sources: paths of mbox files, Maildirs, folders, single messages; one or several.
        trust: the anchors.
        identities: keys for encrypted layers.
        at: the time to judge certificates at, aware; None: the present; ``"received"``: for each message the time at which its topmost
            Received field, or else its Date, says it was delivered. Only who trusts the archive can believe that, so each such record
            has the finding ``time-from-header``.
        tsa: the anchors of time-stamping authorities, whose timestamps make up for certificates that expired since.
        policy: what is accepted; `smime.policies.ARCHIVE` reads old algorithms as well, with findings.
        follow_links: read symbolic links within the sources, too. Only for archives whose owner may read whatever you may read.
        jobs: processes. With more than one, a script must do its work under ``if __name__ == "__main__":``.
        scheduler: address of a dask scheduler, ``dask://HOST:PORT``, whose workers do the work instead of processes here. They need this
            library, and the files under the same paths; the keys go to them over the network. Needs the extra ``dask``.
        skip: keys (`MessageRecord.key`) of messages to pass over.

    Returns:
        An iterator of records, in the order of the archive. A message that cannot be read is a record with an error.

    Raises:
        OSError: a source is not there; while iterating: it cannot be listed.
        ValueError: `at` has no time zone.
    """
    check(sources)
    return _records(Verify(trust, _identities(identities), _at(at), policy, tsa), sources, follow_links, jobs, scheduler, skip)


def scan(
    sources: Sources,
    *,
    policy: Policy = policies.RFC8551,
    follow_links: bool = False,
    jobs: int = 1,
    scheduler: str | None = None,
    skip: Collection[tuple[str, int | str]] = frozenset(),
) -> Iterator[MessageRecord]:
    """Look what the messages of an archive are made of, without any key: nothing is verified or decrypted.

    Args:
        sources: as for `verify`.
        policy: of which the limits count.
        follow_links: as for `verify`.
        jobs: as for `verify`.
        scheduler: as for `verify`.
        skip: as for `verify`.

    Returns:
        An iterator of records without status and verdicts.

    Raises:
        OSError: a source is not there; while iterating: it cannot be listed.
    """
    check(sources)
    return _records(Scan(policy), sources, follow_links, jobs, scheduler, skip)


@dataclass(frozen=True, slots=True)
class HarvestedCertificate:
    """A certificate found in an archive.

    Attributes:
        der: its octets.
        summary: what is in it.
        record: the first message in which it was found.
    """

    der: bytes
    summary: CertificateSummary
    record: MessageRecord


def certificates(
    sources: Sources,
    *,
    identities: AnyIdentity | Iterable[AnyIdentity] = (),
    policy: Policy = policies.RFC8551,
    follow_links: bool = False,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Iterator[HarvestedCertificate]:
    """Collect the certificates that the signatures of an archive bring, each once.

    Nothing is verified: a certificate is not to be trusted for having been found.

    Args:
        sources: as for `verify`.
        identities: keys for encrypted layers, to look inside.
        policy: as for `verify`.
        follow_links: as for `verify`.
        jobs: as for `verify`.
        scheduler: as for `verify`.

    Returns:
        An iterator of certificates, in the order in which they are first met.

    Raises:
        OSError: a source is not there; while iterating: it cannot be listed.
    """
    check(sources)
    return _harvest(Harvest(None, _identities(identities), _at(None), policy), sources, policy, follow_links, jobs, scheduler)


def _harvest(
    task: pool.Task, sources: Sources, policy: Policy, links: bool, jobs: int, scheduler: str | None
) -> Iterator[HarvestedCertificate]:
    seen: set[bytes] = set()
    for _, outcome in _run(task, spans(sources, links=links), jobs, scheduler):
        for der in split_elements(outcome.octets or b""):
            if der in seen:
                continue
            seen.add(der)
            try:
                summary = Certificate.of(der, policy.limits).summary
            except SMIMEError:
                continue
            yield HarvestedCertificate(der, summary, outcome.record)


def learn(
    sources: Sources,
    trust: TrustStore,
    store: CorrespondentStore,
    *,
    identities: AnyIdentity | Iterable[AnyIdentity] = (),
    at: At = None,
    policy: Policy = policies.RFC8551,
    follow_links: bool = False,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Iterator[tuple[MessageRecord, list[Change]]]:
    """Learn from the validly signed messages of an archive how to encrypt to who wrote them.

    The work is done while the iterator is read, and what was learned by then stays in the store.

    Args:
        sources: as for `verify`.
        trust: as for `verify`.
        store: where what is learned goes; of several messages by one address, the one with the latest signing time counts.
        identities: as for `verify`.
        at: as for `verify`.
        policy: as for `verify`.
        follow_links: as for `verify`.
        jobs: as for `verify`.
        scheduler: as for `verify`.

    Returns:
        An iterator of records, each with what the message changed.

    Raises:
        OSError: a source is not there; while iterating: it cannot be listed, or the store cannot be written.
        ValueError: `at` has no time zone.
    """
    check(sources)
    return _learn(Learn(trust, _identities(identities), _at(at), policy), sources, store, follow_links, jobs, scheduler)


def _learn(
    task: pool.Task, sources: Sources, store: CorrespondentStore, links: bool, jobs: int, scheduler: str | None
) -> Iterator[tuple[MessageRecord, list[Change]]]:
    for _, outcome in _run(task, spans(sources, links=links), jobs, scheduler):
        taught = [Lesson.decode(line) for line in (outcome.octets or b"").splitlines()]
        yield outcome.record, store.learn(taught) if taught else []


def _identities(identities: AnyIdentity | Iterable[AnyIdentity]) -> tuple[AnyIdentity, ...]:
    return tuple(identities) if isinstance(identities, Iterable) else (identities,)


def _check_copy(sources: Sources, into: str | os.PathLike[str]) -> None:
    """Look that the copy will not be taken for a part of the archive."""
    folder = Path(into).resolve()
    for source in check(sources):
        if folder.is_relative_to(Path(source).resolve()):
            raise ValueError(f"the copy cannot be inside of the archive: {os.fspath(into)} is in {source}")


def _copy(
    task: pool.Task, sources: Sources, into: str | os.PathLike[str], links: bool, jobs: int, scheduler: str | None
) -> Iterator[MessageRecord]:
    with ArchiveCopy(into) as copy:
        for span, outcome in _run(task, spans(sources, links=links), jobs, scheduler):
            copy.write(span, outcome.octets)
            yield outcome.record


def decrypt(
    sources: Sources,
    identities: AnyIdentity | Iterable[AnyIdentity],
    into: str | os.PathLike[str],
    *,
    trust: TrustStore | None = None,
    at: At = None,
    policy: Policy = policies.RFC8551,
    follow_links: bool = False,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Iterator[MessageRecord]:
    """Copy an archive with every message decrypted that the keys at hand open; all others are copied as they are.

    Every encryption is taken off, together with what is around it; a signature inside stays and can be verified later. The copy has the
    form of the archive: mbox for mbox, Maildir for Maildir, file for file; each file of it appears when it is complete. The work is done
    while the iterator is read.

    Args:
        sources: as for `verify`.
        identities: the keys.
        into: the folder of the copy.
        trust: anchors, if the records should have verdicts on signatures.
        at: as for `verify`.
        policy: as for `verify`.
        follow_links: as for `verify`.
        jobs: as for `verify`.
        scheduler: as for `verify`.

    Returns:
        An iterator of records, as from `verify`.

    Raises:
        OSError: a source is not there; while iterating: something cannot be read or written.
        ValueError: the folder is inside of a source.
    """
    _check_copy(sources, into)
    return _copy(Decrypt(trust, _identities(identities), _at(at), policy), sources, into, follow_links, jobs, scheduler)


def strip(
    sources: Sources,
    into: str | os.PathLike[str],
    *,
    identities: AnyIdentity | Iterable[AnyIdentity] = (),
    trust: TrustStore | None = None,
    at: At = None,
    policy: Policy = policies.RFC8551,
    follow_links: bool = False,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Iterator[MessageRecord]:
    """Copy an archive as plain mail: encryption, compression and signatures are taken off, whatever the verdicts are.

    The records say what the signatures were worth; nothing of the copy can be verified again. Arguments, result and errors are those of
    `decrypt`.
    """
    _check_copy(sources, into)
    return _copy(Strip(trust, _identities(identities), _at(at), policy), sources, into, follow_links, jobs, scheduler)
