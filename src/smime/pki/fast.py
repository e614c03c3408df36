"""Certification paths by the verifier of `cryptography`: quick, and silent about revocation and certificate policies.

It knows no name constraints on directory names and no policies, and refuses what it does not know. Where it accepts, RFC 5280 section 6.1
accepts too, but for what is ruled out here: policy extensions that are not marked critical.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from smime.errors import SMIMEError
from smime.pki.build import may_anchor_issue, reachable
from smime.pki.certificate import Certificate

if TYPE_CHECKING:
    from smime.pki.path import Case
    from smime.pki.trust import TrustStore

__all__ = ["find_path"]

_INTERMEDIATES = 16  # with more at hand the path is searched for within a budget
_POLICY_EXTENSIONS = frozenset({"2.5.29.33", "2.5.29.36", "2.5.29.54"})  # policyMappings, policyConstraints, inhibitAnyPolicy


def _builder(store: TrustStore) -> Any:
    anchors = [anchor.x509 for anchor in store.anchors.certificates if may_anchor_issue(anchor)]
    readable = [anchor for anchor in anchors if anchor is not None]
    if not readable:
        return False
    policy = ExtensionPolicy.permit_all()
    return PolicyBuilder().store(Store(readable)).extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=policy)


def find_path(leaf: Certificate, case: Case) -> tuple[Certificate, ...] | None:
    """Return a path from the leaf to an anchor of the store, both included, or None if the verifier finds none it accepts."""
    subject = leaf.x509
    if subject is None:
        return None
    store = case.store
    builder = store.scratch("fast", lambda: _builder(store))
    if not builder:
        return None
    known = {
        certificate.x509: certificate for certificate in reachable(leaf, store, case.extra, _INTERMEDIATES) if _is_loadable(certificate)
    }
    try:
        verified = builder.time(case.at).build_client_verifier().verify(subject, list(known))
    except VerificationError:
        return None
    except Exception:  # noqa: BLE001 - names are read only now, and what may be raised then is not a closed set
        return None
    path = (leaf, *(known.get(certificate) or Certificate.of_any(certificate) for certificate in verified.chain[1:]))
    if path[-1] not in store.anchors or any(not _POLICY_EXTENSIONS.isdisjoint(certificate.extensions) for certificate in path):
        return None
    return path


def _is_loadable(certificate: Certificate) -> bool:
    """Whether `cryptography` loads it, and its key is within the limits."""
    try:
        _ = certificate.public_key
    except SMIMEError:
        return False
    return certificate.x509 is not None
