"""Certification paths by the verifier of `cryptography`: quick, and silent about revocation and certificate policies.

It knows no name constraints on directory names and no policies, and refuses what it does not know. Where it accepts, RFC 5280 section 6.1
accepts too, but for what is ruled out here: policy extensions that are not marked critical.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from cryptography.x509 import ExtendedKeyUsage
from cryptography.x509.verification import Criticality, ExtensionPolicy, PolicyBuilder, Store, VerificationError

from smime.errors import SMIMEError
from smime.pki.effort import is_common_key
from smime.pki.path import constraints
from smime.x509.certificate import Certificate
from smime.x509.extensions import NAME_CONSTRAINTS
from smime.x509.issued import may_anchor_issue

if TYPE_CHECKING:
    from smime.pki.store import CertificateStore

__all__ = ["MOST", "accepted", "is_issued", "may_accept", "verifier_below"]

MOST = 8  # certificates between leaf and anchor: that is as deep as it looks
_POLICY_EXTENSIONS = frozenset({"2.5.29.33", "2.5.29.36", "2.5.29.54"})  # policyMappings, policyConstraints, inhibitAnyPolicy


def _any_purpose(*_: object) -> None:
    """Accept whatever purposes an authority is confined to, as long as they can be read.

    The usual rules want clientAuth. Here `smime.pki.path.usage.issuer_findings` says which purposes will do.
    """


def _builder(anchors: Iterable[Certificate]) -> Any:
    loaded = [anchor.x509 for anchor in anchors if may_anchor_issue(anchor)]
    readable = [anchor for anchor in loaded if anchor is not None]
    if not readable:
        return False
    authorities = ExtensionPolicy.webpki_defaults_ca().may_be_present(ExtendedKeyUsage, Criticality.NON_CRITICAL, _any_purpose)
    return PolicyBuilder().store(Store(readable)).extension_policies(ca_policy=authorities, ee_policy=ExtensionPolicy.permit_all())


def may_accept(path: tuple[Certificate, ...]) -> bool:
    """Whether the verifier is worth asking: it does not refuse the path for what can be seen without it."""
    between = path[1:-1]
    if len(between) > MOST or len({certificate.subject_raw for certificate in between}) < len(between):
        return False
    for certificate in path:
        if not _may_read(certificate) or (certificate is not path[0] and not is_common_key(certificate.spki)):
            return False
        if NAME_CONSTRAINTS in certificate.extensions and constraints.are_on_directories(certificate):
            return False
    return True


def _may_read(certificate: Certificate) -> bool:
    """Whether a certificate's extensions are few and well-formed (the verifier would read them all), and none is about policies."""
    return _POLICY_EXTENSIONS.isdisjoint(certificate.extensions) and certificate.extensions_fault is None


def accepted(path: tuple[Certificate, ...], store: CertificateStore, at: datetime) -> tuple[Certificate, ...] | None:
    """Return a path that the verifier accepts, from the leaf to an anchor of the store, both included; None if it accepts none.

    The only choice that it is left is among anchors of one name, so that it does no more than the path asks for: given a choice, it
    verifies a hundred signatures, however dear.

    Args:
        path: the path, whose anchor may be changed for another one of its name.
        store: whose anchors count.
        at: the time looked at.
    """
    between = path[1:-1]
    if not may_accept(path) or not all(map(_is_loadable, path[:-1])):
        return None
    builder = store.scratch("fast", lambda: _builder(store.anchors.certificates))
    if not builder:
        return None
    try:
        verified = builder.time(at).build_client_verifier().verify(path[0].x509, [certificate.x509 for certificate in between])
        top = path[-1] if verified.chain[-1] == path[-1].x509 else Certificate.of_any(verified.chain[-1])
    except VerificationError:
        return None
    except Exception:  # noqa: BLE001 - names are read only now, and what may be raised then is not a closed set
        return None
    if len(verified.chain) != len(path) or top not in store.anchors or not _POLICY_EXTENSIONS.isdisjoint(top.extensions):
        return None
    return (*path[:-1], top)


def verifier_below(issuer: Certificate) -> Any:
    """Return what `is_issued` asks about certificates of one issuer, or None if the verifier knows no such issuer."""
    return _builder((issuer,)) or None


def is_issued(leaf: Certificate, issuer: Certificate, verifier: Any, at: datetime) -> bool:
    """Whether the verifier accepts a certificate as one of an issuer that it was not asked about: see `smime.pki.path.known_issuers`.

    Args:
        leaf: the signer's certificate.
        issuer: the issuer, in whose name constraints, if he had any, nobody would look.
        verifier: of `verifier_below`, for this issuer.
        at: the time looked at.
    """
    if not _may_read(leaf) or NAME_CONSTRAINTS in leaf.extensions or not _is_loadable(leaf):
        return False
    try:
        chain = verifier.time(at).build_client_verifier().verify(leaf.x509, ()).chain
        return len(chain) == 2 and chain[1] == issuer.x509
    except Exception:  # noqa: BLE001 - VerificationError, and what may be raised for names that are read only now
        return False


def _is_loadable(certificate: Certificate) -> bool:
    """Whether `cryptography` loads it, and its key is within the limits."""
    if not certificate.signature:  # no whole octets, which `cryptography` passes over
        return False
    try:
        _ = certificate.public_key
    except SMIMEError:
        return False
    return certificate.x509 is not None
