"""Certification paths by the verifier of `cryptography`: quick, and silent about revocation and certificate policies.

It knows no name constraints on directory names and no policies, and refuses what it does not know. Where it accepts, RFC 5280 section 6.1
accepts too, but for what is ruled out here: policy extensions that are not marked critical.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from cryptography.x509.verification import ExtensionPolicy, PolicyBuilder, Store, VerificationError

from smime.errors import SMIMEError
from smime.pki import constraints
from smime.pki.build import may_anchor_issue
from smime.pki.certificate import NAME_CONSTRAINTS, Certificate
from smime.pki.effort import is_common_key

if TYPE_CHECKING:
    from smime.pki.trust import TrustStore

__all__ = ["MOST", "accepted", "may_accept"]

MOST = 8  # certificates between leaf and anchor: that is as deep as it looks
_POLICY_EXTENSIONS = frozenset({"2.5.29.33", "2.5.29.36", "2.5.29.54"})  # policyMappings, policyConstraints, inhibitAnyPolicy


def _builder(store: TrustStore) -> Any:
    anchors = [anchor.x509 for anchor in store.anchors.certificates if may_anchor_issue(anchor)]
    readable = [anchor for anchor in anchors if anchor is not None]
    if not readable:
        return False
    policy = ExtensionPolicy.permit_all()
    return PolicyBuilder().store(Store(readable)).extension_policies(ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=policy)


def may_accept(path: tuple[Certificate, ...]) -> bool:
    """Whether the verifier is worth asking: it does not refuse the path for what can be seen without it."""
    between = path[1:-1]
    if len(between) > MOST or len({certificate.subject_raw for certificate in between}) < len(between):
        return False
    for certificate in path:
        extensions = certificate.extensions
        if certificate.extensions_fault is not None:
            return False  # however many there are, the verifier would read them all
        if not _POLICY_EXTENSIONS.isdisjoint(extensions) or (certificate is not path[0] and not is_common_key(certificate.spki)):
            return False
        if NAME_CONSTRAINTS in extensions and constraints.are_on_directories(certificate):
            return False
    return True


def accepted(path: tuple[Certificate, ...], store: TrustStore, at: datetime) -> tuple[Certificate, ...] | None:
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
    builder = store.scratch("fast", lambda: _builder(store))
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


def _is_loadable(certificate: Certificate) -> bool:
    """Whether `cryptography` loads it, and its key is within the limits."""
    try:
        _ = certificate.public_key
    except SMIMEError:
        return False
    return certificate.x509 is not None
