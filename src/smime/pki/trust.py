"""The trust store: anchors, intermediates, revocation lists, and the path verdicts that were reached with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smime.errors import ParseError
from smime.memory import Cache
from smime.pki.store import CertificateStore
from smime.x509.certificate import Certificate

if TYPE_CHECKING:
    import os

    from cryptography import x509

    from smime.pki.fetch import Fetcher
    from smime.pki.keystores.read import Found
    from smime.pki.online import Online
    from smime.pki.path.validator import PathValidator
    from smime.pki.verdict import PathVerdict
    from smime.policy import Policy

__all__ = ["TrustStore"]

_POLICIES = 16  # policy objects for which verdicts are remembered
_VERDICTS = 8192  # verdicts for each of them
_WINDOWS = 8  # windows of validity remembered for one certificate


class TrustStore(CertificateStore):
    """Whom to trust. Immutable but for its caches; it may be shared by threads and pickled.

    Args:
        anchors: certificates that are trusted by themselves: roots, intermediates, or those of single correspondents. Objects of
            `cryptography` or DER octets.
        intermediates: certificates that help to build paths and are not trusted by themselves.
        crls: revocation lists, objects of `cryptography` or DER octets.
        ocsps: OCSP responses in DER.
        validator: what checks paths; default is `smime.pki.path.validator.DEFAULT_VALIDATOR`.
        fetcher: gets revocation lists and OCSP responses that the certificates of a trusted path point to, and that are not at hand, once
            the signature was found good, such as a `smime.pki.fetch.HTTPFetcher`. None: nothing is ever fetched.
        fetch_issuers: get missing issuers of a signer's certificate, too. Whoever writes a certificate chooses from where, before anybody
            has vouched for him.

    Raises:
        ParseError: something is not a certificate.
    """

    __slots__ = ("_online", "_verdicts", "validator")

    def __init__(
        self,
        anchors: Iterable[x509.Certificate | Certificate | bytes],
        intermediates: Iterable[x509.Certificate | Certificate | bytes] = (),
        crls: Iterable[x509.CertificateRevocationList | bytes] = (),
        *,
        ocsps: Iterable[bytes] = (),
        validator: PathValidator | None = None,
        fetcher: Fetcher | None = None,
        fetch_issuers: bool = False,
    ) -> None:
        super().__init__(anchors, intermediates, crls, ocsps)
        self.validator = validator
        self._online = _online(fetcher, issuers=fetch_issuers)
        self._verdicts: dict[int, tuple[Policy, Cache[Any, tuple[PathVerdict, ...]]]] = {}

    @classmethod
    def from_pem(cls, data: bytes, **options: Any) -> TrustStore:
        """Make a store of all certificates (as anchors) and revocation lists in PEM text.

        Args:
            data: the text; what else stands in it is skipped. A signature or a mail is refused: see `smime.pki.keystores.read`.
            options: as for the constructor: `intermediates`, `validator`, …

        Raises:
            ParseError: there is no certificate, or one is malformed.
        """
        from smime.pki.keystores.read import read_certificates  # noqa: PLC0415 - pulls in the readers of key stores

        found = read_certificates(data)
        if not found.certificates:
            raise ParseError("pem", "there is no certificate")
        return cls._of_found(found, options)

    @classmethod
    def _of_found(cls, found: Found, options: dict[str, Any]) -> TrustStore:
        """Make a store; what is not to be trusted for mail only helps to build paths."""
        crls = [*found.crls, *options.pop("crls", ())]
        intermediates = [*found.distrusted, *options.pop("intermediates", ())]
        return cls(found.anchors, intermediates, crls, **options)

    @classmethod
    def from_path(cls, path: str | os.PathLike[str], **options: Any) -> TrustStore:
        """Make a store of all certificates (as anchors) and revocation lists in a file, or in the files of a folder.

        PEM, DER and certs-only CMS (.p7c, .p7b) are read, whatever the names of single files; of a folder, files with other suffixes
        than .pem .crt .cer .cert .der .p7c .p7b .p7s .crl .0 are skipped. A signature (.p7s), a mail or a key store (PKCS#12) holds
        certificates that its maker chose: it is refused, and so is a folder that holds one under such a suffix.

        Args:
            path: the file or the folder.
            options: as for the constructor.

        Raises:
            OSError: it cannot be read.
            ParseError: there is no certificate, or one is malformed, or a file is refused; the reason names it.
        """
        from smime.pki.keystores.read import read_folder  # noqa: PLC0415

        found = read_folder(Path(path))
        if not found.certificates:
            raise ParseError("x509", f"there is no certificate in {path}")
        return cls._of_found(found, options)

    def validate(
        self,
        leaf: Certificate,
        *,
        extra: Sequence[bytes] = (),
        crls: Sequence[bytes] = (),
        ocsps: Sequence[bytes] = (),
        at: datetime,
        policy: Policy,
        fetch: bool = False,
    ) -> PathVerdict:
        """Return the verdict on a signer's certificate, from memory if it was reached before and `at` lies in its window.

        Args:
            leaf: the signer's certificate.
            extra: other certificates in DER, as the message brings them.
            crls: revocation lists of the message.
            ocsps: OCSP responses of the message.
            at: the time looked at, aware.
            policy: what is accepted.
            fetch: let the store's fetcher, if it has one, get what is missing.
        """
        entry = self._verdicts.get(id(policy))
        if entry is None:
            if len(self._verdicts) >= _POLICIES:
                self._verdicts = {}
            entry = self._verdicts[id(policy)] = (policy, Cache(_VERDICTS))  # the policy is kept, so that its id stays its own
        cache = entry[1]
        key: tuple[object, ...] = (leaf.der, *extra, None, *crls, None, *ocsps)
        online = self._online if fetch else None
        if online is not None:
            key = (*key, online)
        known = cache.get(key)
        if known is not None:
            for verdict in known:
                if verdict.valid_from <= at <= verdict.valid_until:
                    return verdict.said_at(at) if verdict.findings else verdict
        validator = self.validator or _default_validator()
        verdict = validator.validate(leaf, store=self, extra=extra, crls=crls, ocsps=ocsps, at=at, policy=policy)
        if online is not None:
            # what was fetched stands first, so that a message cannot bring so much that it is cut off
            verdict, lasting = online.complete(
                verdict,
                lambda found: validator.validate(
                    leaf,
                    store=self,
                    extra=(*found.certificates, *extra),
                    crls=(*found.crls, *crls),
                    ocsps=(*found.ocsps, *ocsps),
                    at=at,
                    policy=policy,
                ),
            )
            if not lasting:
                return verdict
        cache.put(key, (verdict, *(known or ())[: _WINDOWS - 1]))
        return verdict

    @property
    def offline(self) -> bool:
        """Nothing is ever fetched, so that a verdict holds in all of its window."""
        return self._online is None

    def __repr__(self) -> str:
        return f"<TrustStore: {len(self.anchors)} anchors, {len(self.intermediates)} intermediates, {len(self.crls)} CRLs>"

    def __reduce__(self) -> tuple[Any, ...]:
        anchors = [certificate.der for certificate in self.anchors.certificates]
        intermediates = [certificate.der for certificate in self.intermediates.certificates]
        online = self._online
        fetching = (None, False) if online is None else (online.fetcher, online.issuers)
        return (_rebuild, (anchors, intermediates, self.crls, self.ocsps, self.validator, *fetching))


def _default_validator() -> PathValidator:
    from smime.pki.path.validator import DEFAULT_VALIDATOR  # noqa: PLC0415 - heavy

    return DEFAULT_VALIDATOR


def _online(fetcher: Fetcher | None, *, issuers: bool) -> Online | None:
    if fetcher is None:
        if issuers:
            raise ValueError("issuers can only be fetched by a fetcher")
        return None
    from smime.pki.online import Online  # noqa: PLC0415 - most stores are offline

    return Online(fetcher, issuers=issuers)


def _rebuild(anchors: Any, intermediates: Any, crls: Any, ocsps: Any, validator: Any, fetcher: Any, issuers: bool) -> TrustStore:
    return TrustStore(anchors, intermediates, crls, ocsps=ocsps, validator=validator, fetcher=fetcher, fetch_issuers=issuers)
