"""The types of the contract, read by mypy and never run."""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from typing import Any

from cryptography import x509
from typing_extensions import assert_type

import smime
from smime.report import LayerReport


def functions(key: Any, certificate: x509.Certificate, mail: EmailMessage, at: datetime) -> None:
    signer = smime.Signer(key, certificate, [certificate])
    assert_type(smime.sign(b"", signer), bytes)
    assert_type(smime.sign(memoryview(b""), [signer, signer], detached=False, encoding="der"), bytes)
    assert_type(smime.sign(mail, signer, policy=smime.policies.ARCHIVE), bytes)
    assert_type(smime.encrypt(bytearray(), certificate), bytes)
    assert_type(
        smime.encrypt(b"", [certificate, smime.Recipient(certificate), smime.Password(b"secret")], content_encryption="aes-256-cbc"), bytes
    )
    assert_type(smime.compress(b"", encoding="pem"), bytes)

    trust = smime.TrustStore([certificate], intermediates=[certificate], crls=())
    verified = smime.verify(b"", trust, content=b"", at=at, sender="a@example.org")
    assert_type(verified, smime.VerifiedMessage)
    assert_type(verified.content, bytes)
    assert_type(verified.report, smime.VerificationReport)

    decrypted = smime.decrypt(b"", smime.Identity(key, certificate))
    assert_type(decrypted.content, bytes)
    assert_type(decrypted.report, smime.DecryptionReport)
    smime.decrypt(b"", smime.Keyring([smime.Identity(key, certificate), smime.ContentKey(b"")]))
    smime.decrypt(b"", smime.load_identities("keys.p12", b"password"))

    unwrapped = smime.unwrap(b"", identities=[smime.Identity(key, certificate)], trust=trust)
    for layer in unwrapped.layers:
        assert_type(layer.report, LayerReport)


def reports(report: smime.VerificationReport) -> None:
    assert_type(report.verdict, smime.Verdict)
    signer = report.signers[0]
    assert_type(signer.digest_matches, bool | None)
    assert_type(signer.trusted, bool)
    assert_type(signer.certificate, x509.Certificate | None)
    assert_type(signer.findings, tuple[smime.Finding, ...])
    assert_type(report.to_dict(), dict[str, Any])


def policies() -> None:
    policy = smime.policies.RFC8551.replace(revocation="require")
    assert_type(policy, smime.Policy)
    assert_type(smime.Policy(limits=smime.Limits(layers=4)).limits, smime.Limits)


def errors() -> None:
    try:
        smime.verify(b"", smime.TrustStore([]))
    except smime.VerificationError as error:
        report: smime.VerificationReport = error.report
        reports(report)
    except smime.ParseError as error:
        assert_type(error.offset, int | None)
