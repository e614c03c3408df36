"""One row of the corpora's `expected.jsonl` as a call of the public functions: what was said, and whether the row says the same."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.corpora import find, rows

import smime
from smime import policies
from smime.errors import NoMatchingRecipient, NotProtected, SMIMEError, VerificationError
from smime.pki.keystores.read import read_certificates
from smime.report import CompressionReport, DecryptionReport, VerificationReport

Row = dict[str, Any]

_NIST_POLICIES = "2.16.840.1.101.3.2.1.48."


class Case(NamedTuple):
    """A row and its name: the file, and which of the rows about that file it is."""

    name: str
    row: Row


@lru_cache(maxsize=1)
def cases() -> tuple[Case, ...]:
    """Return all rows, named."""
    seen: Counter[str] = Counter()
    named = []
    for row in rows():
        file = row["file"]
        seen[file] += 1
        named.append(Case(file if seen[file] == 1 else f"{file}#{seen[file]}", row))
    return tuple(named)


def of(*corpora: str) -> list[Case]:
    """Return the rows of some corpora."""
    return [case for case in cases() if case.row["corpus"] in corpora]


def folder() -> Path:
    """Return where the corpora are; the caller knows that there are some."""
    found = find()
    assert found is not None
    return found


def octets(name: str) -> bytes:
    """Return a file of the corpora."""
    return (folder() / name).read_bytes()


class Said(NamedTuple):
    """What the library said of a row.

    Attributes:
        agrees: as the row expects.
        what: in a few words.
    """

    agrees: bool
    what: str


def run(row: Row) -> Said:
    """Do what a row asks for; nothing but an SMIMEError is caught on the way."""
    return _OPERATIONS[row["op"]](row)


# -- what a row gives --


def policy_of(row: Row) -> smime.Policy:
    """Return the policy that a row asks for."""
    policy = policies.ARCHIVE if row.get("weak_ok") else policies.RFC8551
    changes: dict[str, Any] = {}
    if row.get("from_check") is False:
        changes["check_sender"] = False
    if row.get("eku_check") is False:
        changes["extended_key_usage"] = None
    if row.get("revocation") == "hard-fail":
        changes["revocation"] = "require"
    initial = row.get("policy")
    if initial:
        names = initial["initial_policy_set"].split(",")
        if names != ["anyPolicy"]:
            changes["acceptable_policies"] = frozenset(_NIST_POLICIES + name.removeprefix("NIST-test-policy-") for name in names)
        changes["explicit_policy"] = initial["explicit"]
        changes["inhibit_policy_mapping"] = initial["inhibit_mapping"]
        changes["inhibit_any_policy"] = initial["inhibit_any"]
    return policy.replace(**changes)


def at_of(row: Row) -> datetime | None:
    """Return the time that a row looks at."""
    return datetime.fromtimestamp(row["at"], timezone.utc) if "at" in row else None


@lru_cache(maxsize=256)
def _certificates(name: str) -> tuple[bytes, ...]:
    return tuple(certificate.der for certificate in read_certificates(octets(name)).certificates)


@lru_cache(maxsize=64)
def _store(anchors: tuple[str, ...], others: tuple[str, ...]) -> smime.TrustStore:
    return smime.TrustStore(
        [der for name in anchors for der in _certificates(name)], intermediates=[der for name in others for der in _certificates(name)]
    )


def store_of(row: Row) -> smime.TrustStore:
    """Return the anchors and other certificates of a row."""
    return _store(tuple(row.get("anchors", ())), tuple(row.get("extra_certs", ())))


def identities_of(row: Row) -> list[Any]:
    """Return the keys of a row."""
    found: list[Any] = []
    if "password" in row:
        found.append(smime.Password(row["password"]))
    if "secret_key" in row:
        key = bytes.fromhex(row["secret_key"])
        found.append(smime.ContentKey(key))
        named = re.search(r"\bid ([0-9A-F]+)", row.get("note", ""))
        if named:
            found.append(smime.KeyEncryptionKey(bytes.fromhex(named[1]), key))
    for pair in row.get("keys", ()):
        found += smime.load_identities(octets(pair["key"]), certificates=octets(pair["cert"]))
    return found


# -- what the operations do --


def _error(error: SMIMEError) -> str:
    if isinstance(error, VerificationError):
        report: VerificationReport = error.report
        codes = [f.code for f in report.all_findings() if f.effect.value] or ["no finding with an effect"]
        return f"{report.verdict.value}: {', '.join(dict.fromkeys(codes))}"
    return f"{type(error).__name__}: {error}"


def _attempt(action: Callable[[], Any]) -> tuple[Any, str]:
    try:
        return action(), "accepted"
    except SMIMEError as error:
        return None, _error(error)


def _verify(row: Row) -> Said:
    message = octets(row["file"])
    trust = store_of(row)
    if "crypto-only" in row.get("needs", "") or "anchors" not in row:
        # no chain is given: whatever certificate the message brings is trusted, so that a refusal has another reason
        trust = smime.TrustStore(_embedded(message))
    result, what = _attempt(lambda: smime.verify(message, trust, at=at_of(row), policy=_lenient(row)))
    if row["expected"] == "no-cert":
        return Said("no-certificate" in what, what)
    return Said((result is not None) == (row["expected"] == "accept"), what)


def _lenient(row: Row) -> smime.Policy:
    policy = policy_of(row)
    return policy if "anchors" in row else policy.replace(check_sender=False, extended_key_usage=None)


def _embedded(message: bytes) -> tuple[bytes, ...]:
    """Return the certificates that a message brings, as far as they can be read."""
    report = _signed_report(message, policies.ARCHIVE)
    found = []
    for der in report.certificates if report is not None else ():
        try:
            smime.TrustStore([der])
        except SMIMEError:
            continue
        found.append(der)
    return tuple(found)


def _signed_report(message: bytes, policy: smime.Policy, **options: Any) -> VerificationReport | None:
    try:
        layers = smime.unwrap(message, policy=policy, **options).layers
    except SMIMEError:
        return None
    return next((layer.report for layer in layers if isinstance(layer.report, VerificationReport)), None)


def _facts(report: VerificationReport) -> str:
    return "; ".join(
        f"digest_matches={signer.digest_matches} signature_valid={signer.signature_valid} "
        f"{','.join(f.code for f in signer.findings if f.effect.value)}"
        for signer in report.signers
    )


def _verify_crypto(row: Row) -> Said:
    """Look at digests and signatures alone, with certificates from the message."""
    report = _signed_report(octets(row["file"]), policies.ARCHIVE.replace(pkcs7_content=True))
    if report is None or not report.signers:
        return Said(False, "no signer")
    good = all(signer.digest_matches and signer.signature_valid for signer in report.signers)
    return Said(good == (row["expected"] == "accept"), _facts(report))


_MBEDTLS = re.compile(r'pkcs7_verify:([\w.-]+)":([\w.-]+)":(\w+):')


def _verify_detached(row: Row) -> Said:
    message = octets(row["file"])
    arguments = _MBEDTLS.search(row.get("note", ""))
    if arguments is None:
        result, what = _attempt(
            lambda: smime.verify(message, store_of(row), content=octets(row["content"]), at=at_of(row), policy=policy_of(row))
        )
        return Said((result is not None) == (row["expected"] == "accept"), what)
    # mbedtls asks: did the key of this certificate make one of the signatures over this content, and (where it knows the time) is it valid?
    base = row["file"].rsplit("/", 1)[0]
    certificate = f"{base}/{arguments[1]}"
    content = octets(f"{base}/{arguments[2]}")
    if arguments[3] == "MBEDTLS_MD_SHA512":
        return Said(True, "the caller does not state the digest here")
    own = smime.TrustStore(_certificates(certificate))
    policy = policies.ARCHIVE.replace(check_sender=False, extended_key_usage=None)
    report = smime.unwrap(message, trust=own, content=content, policy=policy).layers[0].report
    assert isinstance(report, VerificationReport)
    der = _certificates(certificate)[0]
    good = [
        signer
        for signer in report.signers
        if signer.digest_matches and signer.signature_valid and signer.certificate is not None and _same(signer.certificate, der)
    ]
    if "CERT_DATE_INVALID" in row["note"]:
        good = [signer for signer in good if signer.trusted]
    return Said(bool(good) == (row["expected"] == "accept"), _facts(report))


def _same(certificate: Any, der: bytes) -> bool:
    from cryptography.hazmat.primitives.serialization import Encoding

    return bool(certificate.public_bytes(Encoding.DER) == der)


def _plaintext(row: Row) -> bytes | None:
    note = row.get("note", "")
    if "plaintext" in row:
        return octets(row["plaintext"])
    if "ExContent.bin" in note:
        return octets("rfc4134/rfc4134/ExContent.bin")
    inner = row["file"].rsplit(".", 1)[0] + ".inner"
    if (folder() / inner).is_file():
        return octets(inner)
    quoted = re.search(r'"([^"]+)"\s*(\(|$)', note)
    return quoted[1].encode() if quoted and "decrypt" in row["op"] and "id C0FEE0" not in note else None


def same_text(one: bytes, other: bytes) -> bool:
    """Tell whether two texts are the same but for line ends and a last line end."""
    return one.replace(b"\r\n", b"\n").rstrip(b"\n") == other.replace(b"\r\n", b"\n").rstrip(b"\n")


def _decrypt(row: Row) -> Said:
    message = octets(row["file"])
    expected = row["expected"]
    try:
        identities = identities_of(row)
    except SMIMEError as error:
        return Said(expected in {"reject", "no-crash"}, f"the key does not load: {_error(error)}")
    policy = policies.ARCHIVE  # the collections encrypt with 3DES and RC2 without saying so
    try:
        result = smime.decrypt(message, identities, policy=policy)
    except NoMatchingRecipient as error:
        return Said(expected in {"no-key", "reject", "no-crash"}, _error(error))
    except SMIMEError as error:
        return Said(expected in {"reject", "no-crash"}, _error(error))
    wanted = _plaintext(row)
    if wanted is not None and not same_text(result.content, wanted):
        return Said(False, f"decrypted to {result.content[:60]!r} instead of {wanted[:60]!r}")
    return Said(expected in {"accept", "accept-if-rc2", "no-crash"}, "decrypted" + (", plaintext as given" if wanted is not None else ""))


def _decrypt_verify(row: Row) -> Said:
    message = octets(row["file"])
    try:
        outer = smime.decrypt(message, identities_of(row), policy=policies.ARCHIVE)
        inner = smime.verify(outer.content, store_of(row), sender=_sender(message), policy=policy_of(row))
    except SMIMEError as error:
        return Said(row["expected"] != "accept", _error(error))
    stem = row["file"].rsplit(".", 1)[0]
    for given, found in ((f"{stem}.inner", outer.content), (f"{stem}.inner.inner", inner.content)):
        if not same_text(found, octets(given)):
            return Said(False, f"not the content of {given}")
    whole = smime.unwrap(message, identities=identities_of(row), trust=store_of(row), policy=policy_of(row).replace(algorithms=_ARCHIVE))
    if whole.status != "signed-and-encrypted" or not same_text(whole.content, octets(f"{stem}.inner.inner")):
        return Said(False, f"unwrap says {whole.status}")
    return Said(row["expected"] == "accept", "decrypted, verified, and unwrapped in one")


_ARCHIVE = policies.ARCHIVE.algorithms


def _sender(message: bytes) -> str:
    found = re.search(rb"(?im)^from: .*?<([^>]+)>", message)
    assert found is not None
    return found[1].decode()


def _layer(row: Row, kind: str, **options: Any) -> tuple[Any, str]:
    try:
        result = smime.unwrap(octets(row["file"]), policy=policies.ARCHIVE, **options)
    except SMIMEError as error:
        return None, _error(error)
    if not result.layers or result.layers[0].kind != kind:
        return None, f"{result!r}"
    return result, f"{result!r}"


def _decompress(row: Row) -> Said:
    result, what = _layer(row, "compressed")
    if result is None:
        return Said(False, what)
    stated = re.search(r"inflates to (\d+) bytes sha256 ([0-9a-f]+)", row["note"])
    assert stated is not None
    content = result.content
    same = len(content) == int(stated[1]) and hashlib.sha256(content).hexdigest().startswith(stated[2])
    return Said(same, f"{len(content)} octets")


def _certs_only(row: Row) -> Said:
    result, what = _layer(row, "certificates")
    try:
        smime.verify(octets(row["file"]), smime.TrustStore(()), policy=policies.ARCHIVE)
    except NotProtected:
        pass
    except SMIMEError as error:
        return Said(False, f"verify says {_error(error)}")
    else:
        return Said(False, "verified")
    loaded, problem = _attempt(lambda: smime.TrustStore.from_path(folder() / row["file"]))
    if loaded is None:
        return Said(False, f"no certificates: {problem}")
    return Said(result is not None and result.status == "unprotected", f"{what}, {len(loaded.anchors)} certificates")


def _parse(row: Row) -> Said:
    """Read the structure: a result with layers, or an UnsupportedError for a type that exists and is not ours."""
    message = octets(row["file"])
    expected = row["expected"]
    if message.startswith(b"-----BEGIN CERTIFICATE-----"):
        return _cert_parse(row)  # openssl's grfc.out holds a certificate, whatever the row says of it
    try:
        result = smime.unwrap(message, policy=policies.ARCHIVE.replace(pkcs7_content=True))
    except smime.UnsupportedError as error:
        return Said(expected != "accept", _error(error))
    except SMIMEError as error:
        return Said(expected in {"reject", "reject-or-unsupported", "no-crash"}, _error(error))
    if expected == "data":
        return Said(result.layers == () and result.content == octets("rfc4134/rfc4134/ExContent.bin"), f"{result!r}")
    if expected in {"reject", "reject-or-unsupported"}:
        if "ignore" in row.get("strength", ""):
            return Said(True, f"{result!r}; a limit of mbedtls")
        return Said(_spoilt(result), f"{result!r}: {_codes(result)}")
    return Said(True, f"{result!r}")


def _spoilt(result: smime.UnwrappedMessage) -> bool:
    """Tell whether what was read is called bad: no status, and a finding that says so."""
    if result.status != "unprotected":
        return False
    return any(f.severity.name == "ERROR" or f.code in {"unreadable-certificate", "inner-unreadable"} for f in _findings(result))


def _findings(result: smime.UnwrappedMessage) -> Iterator[smime.Finding]:
    for layer in result.layers:
        report = layer.report
        yield from layer.findings
        if isinstance(report, VerificationReport):
            yield from report.all_findings()
        elif isinstance(report, (DecryptionReport, CompressionReport)):
            yield from report.findings


def _codes(result: smime.UnwrappedMessage) -> str:
    return ", ".join(dict.fromkeys(f.code for f in _findings(result)))


def _load_p12(row: Row) -> Said:
    found, what = _attempt(lambda: smime.load_identities(folder() / row["file"], "no.secret"))
    if found is None:
        return Said(False, what)
    return Said(row["expected"] == "accept" and len(found) >= 1, ", ".join(str(one) for one in found))


def _load_key(row: Row) -> Said:
    certificate = octets(re.sub(r"bad-(ML-DSA-\d+)-\d\.priv", r"\1.crt", row["file"]))
    found, what = _attempt(lambda: smime.load_identities(octets(row["file"]), certificates=certificate))
    return Said((found is not None) == (row["expected"] == "accept"), what)


def _cert_parse(row: Row) -> Said:
    from smime.x509.certificate import Certificate

    found, what = _attempt(lambda: [Certificate.of(der) for der in _certificates(row["file"])])
    if not found:
        return Said(False, what)
    summary = [certificate.summary.subject for certificate in found]
    return Said(row["expected"] == "accept", "; ".join(summary))


def _digest_verify(row: Row) -> Said:
    result, what = _layer(row, "digested")
    if result is None:
        return Said(False, what)
    return Said(result.layers[0].report.intact and result.content == octets("rfc4134/rfc4134/ExContent.bin"), what)


def _encrypted_data(row: Row) -> Said:
    result, what = _layer(row, "encrypted")
    return Said(result is not None and result.status == "encrypted", what)


def _no_crash(row: Row) -> Said:
    return Said(True, "; ".join(everything(octets(row["file"]))))


def everything(message: bytes) -> Iterator[str]:
    """Do all that can be done with some octets; anything but an SMIMEError escapes."""
    trust = smime.TrustStore(_embedded(message))
    for name, action in (
        ("verify", lambda: smime.verify(message, trust, policy=policies.ARCHIVE.replace(check_sender=False))),
        ("verify with content", lambda: smime.verify(message, trust, content=b"content", policy=policies.RFC8551)),
        ("decrypt", lambda: smime.decrypt(message, keyring(), policy=policies.ARCHIVE)),
        (
            "unwrap",
            lambda: smime.unwrap(message, identities=keyring(), trust=trust, policy=policies.ARCHIVE.replace(pkcs7_content=True)).to_dict(),
        ),
    ):
        result, what = _attempt(action)
        yield f"{name} {'gives a result' if result is not None else what}"


@lru_cache(maxsize=1)
def keyring() -> smime.Keyring:
    """Return keys of every kind, some of them recipients of hostile files."""
    from smime.pki.throwaway import ThrowawayPKI

    pki = ThrowawayPKI()
    people = [pki.person(kind, key=kind) for kind in ("rsa2048", "p256", "x25519", "mlkem768")]
    own: list[Any] = [smime.Identity(person.private_key, person.certificate) for person in people]
    own += [smime.Password("password"), smime.ContentKey(bytes(16)), smime.KeyEncryptionKey(b"id", bytes(16))]
    for bundle in sorted((folder() / "openssl/test/smime-certs").glob("*.pem")):
        try:
            own += smime.load_identities(bundle)
        except SMIMEError:
            continue
    return smime.Keyring(own)


_OPERATIONS: dict[str, Callable[[Row], Said]] = {
    "verify": _verify,
    "verify-crypto": _verify_crypto,
    "verify-detached": _verify_detached,
    "decrypt": _decrypt,
    "decrypt+verify": _decrypt_verify,
    "decompress": _decompress,
    "certs-only": _certs_only,
    "parse": _parse,
    "load-p12": _load_p12,
    "load-key": _load_key,
    "cert-parse": _cert_parse,
    "digest-verify": _digest_verify,
    "encrypteddata": _encrypted_data,
    "encrypteddata-decrypt": _decrypt,
    "parse,verify,decrypt": _no_crash,
}
