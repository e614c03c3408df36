"""Nothing that a message holds makes a dependency write to standard error, to Python's warnings, or to the log."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import dh
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509 import load_der_x509_certificate
from tests.hostile.builder import ENTITY, Signature, SignedData, opaque

import smime
from smime.asn1 import pem, writer
from smime.asn1.der import parse
from smime.crypto.quiet import quietly
from smime.pki.throwaway import ThrowawayPKI
from smime.x509.certificate import Certificate

PKI = ThrowawayPKI()
ALICE = PKI.person("Alice", "alice@example.org", "p256")
DER = ALICE.certificate.public_bytes(Encoding.DER)
RFC_2409_PRIME = (  # the Second Oakley Group, section 6.2
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF"
)


def _dh() -> tuple[bytes, bytes]:
    """Return a Diffie-Hellman key: what is to be public of it, and all of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        numbers = dh.DHParameterNumbers(int(RFC_2409_PRIME, 16), 2)
        key = numbers.parameters().generate_private_key()
        return (
            key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        )


DH_PUBLIC, DH_PRIVATE = _dh()


def _with(old: bytes, new: bytes) -> bytes:
    """Return Alice's certificate with something else in the place of a field; nobody looks at its signature."""
    certificate = parse(DER).reader()
    tbs, algorithm, signature = certificate.any(), certificate.any(), certificate.any()
    assert tbs.raw_contents.count(old) == 1
    return writer.sequence(writer.sequence(tbs.raw_contents.replace(old, new)), algorithm.raw, signature.raw)


def _with_serial(number: int) -> bytes:
    return _with(writer.integer(ALICE.certificate.serial_number), writer.integer(number))


def _with_dh() -> bytes:
    return _with(ALICE.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo), DH_PUBLIC)


CERTIFICATES: dict[str, Callable[[], bytes]] = {
    "serial number zero": lambda: _with_serial(0),
    "negative serial number": lambda: _with_serial(-5),
    "Diffie-Hellman key": _with_dh,
}


def _use(octets: bytes) -> None:
    """Do with a certificate whatever is done with one."""
    signed = SignedData([Signature(who=ALICE)], certificates=[octets, DER]).der()
    for policy in (smime.policies.RFC8551, smime.policies.ARCHIVE):
        smime.unwrap(opaque(signed, header=b""), trust=smime.TrustStore([octets, PKI.root.certificate]), policy=policy)
    store = smime.TrustStore.from_pem(pem.encode("CERTIFICATE", octets))
    (facts,) = store.anchors.certificates
    _ = facts.summary, facts.x509
    with contextlib.suppress(smime.SMIMEError):
        _ = facts.public_key


def _script(statements: str) -> str:
    """Run statements in a process of their own, as a user would, and return what it says."""
    begin = "import logging\nlogging.basicConfig(level=logging.INFO)\nlogging.getLogger('asyncio').setLevel(logging.ERROR)\n"
    done = subprocess.run(
        [sys.executable, "-c", begin + statements],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parent.parent.parent,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_certificate_in_a_message(name: str) -> None:
    statements = f"from tests.crypto import test_quiet as t\nt._use(t.CERTIFICATES[{name!r}]())\n"
    assert _script(statements) == ""


@pytest.mark.parametrize("name", CERTIFICATES)
def test_a_certificate_where_warnings_are_errors(name: str) -> None:
    """As here, by pytest's settings: the verdict is the same."""
    _use(CERTIFICATES[name]())


@pytest.mark.parametrize("name", CERTIFICATES)
def test_the_program_sees_its_own_warnings(name: str) -> None:
    _use(CERTIFICATES[name]())
    with pytest.warns(UserWarning, match="positive|FFDH"):
        load_der_x509_certificate(CERTIFICATES[name]()).public_key()


def test_a_private_key() -> None:
    statements = (
        "from tests.crypto import test_quiet as t\nimport smime\n"
        "for data in (t.pem.encode('PRIVATE KEY', t.DH_PRIVATE), t.DH_PRIVATE):\n"
        "    try:\n        smime.load_identities(data)\n    except smime.SMIMEError:\n        pass\n"
    )
    assert _script(statements) == ""


def test_the_engine_logs_nothing(tmp_path: Path) -> None:
    """An issuer of lists whose own certificate does not hold is a warning of pyhanko-certvalidator's."""
    statements = "from tests.crypto import test_quiet as t\nt.indirect()\n"
    assert _script(statements) == ""


def indirect() -> None:
    """Verify with an indirect list by somebody whose certificate has expired."""
    from cryptography import x509

    from smime.pki.throwaway import Authority

    other = PKI.authority("Lists", issuer=PKI.root, not_after=PKI.now - timedelta(days=30))
    point = x509.DistributionPoint(
        [x509.UniformResourceIdentifier("http://crl.example.org/")], None, None, [x509.DirectoryName(other.certificate.subject)]
    )
    who = PKI.person("Bob", "bob@example.org", "p256", extensions=[(x509.CRLDistributionPoints([point]), False)])
    scope = x509.IssuingDistributionPoint(
        [x509.UniformResourceIdentifier("http://crl.example.org/")], None, False, False, None, True, False
    )
    lists = [PKI.crl(Authority(other.certificate, other.private_key, PKI.root), extensions=[(scope, True)]), PKI.crl(PKI.root)]
    trust = smime.TrustStore([PKI.root.certificate], [other.certificate, PKI.intermediate.certificate], lists)
    message = smime.sign(ENTITY, smime.Signer(who.private_key, who.certificate, who.chain))
    result = smime.unwrap(message, trust=trust, policy=smime.policies.RFC8551.replace(revocation="require"))
    assert result.verdict is smime.Verdict.INDETERMINATE


def test_others_who_use_the_engine_see_its_log(caplog: pytest.LogCaptureFixture) -> None:
    import logging

    import smime.pki.path.certvalidator  # noqa: F401 - which sets the filter

    with caplog.at_level(logging.WARNING):
        indirect()
        logging.getLogger("pyhanko_certvalidator.revinfo.validate_crl").warning("to somebody else")
    assert [record.getMessage() for record in caplog.records] == ["to somebody else"]


def test_filters_stay_as_they_are_for_other_threads() -> None:
    """catch_warnings in one thread takes away, or leaves behind, what another has set."""
    octets = CERTIFICATES["serial number zero"]()
    go = threading.Event()

    def work() -> None:
        go.wait()
        for number in range(50):
            quietly(load_der_x509_certificate, octets)
            Certificate.of(_with_serial(-number)).x509  # noqa: B018 - which loads it

    work_once = threading.Thread(target=work)
    go.set()
    work_once.start()
    work_once.join()
    go.clear()
    before = list(warnings.filters)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    go.set()
    for thread in threads:
        thread.join()
    assert list(warnings.filters) == before


def test_errors_of_the_function_are_its_own() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        quietly(int, "x")
