"""Sign a mail, verify it, change one letter, and see what the report says."""

from __future__ import annotations

import smime
from smime.pki.throwaway import ThrowawayPKI

pki = ThrowawayPKI()
alice = pki.person("Alice", "alice@example.org", "p256")
signer = smime.Signer(alice.private_key, alice.certificate, alice.chain)
trust = smime.TrustStore(pki.anchors)

signed = smime.sign(b"From: Alice <alice@example.org>\r\nSubject: Lunch\r\n\r\nAt noon?\r\n", signer)
print(smime.verify(signed, trust).report.summary())

try:
    smime.verify(signed.replace(b"noon", b"nine"), trust)
except smime.VerificationError as error:
    print(error)
    for finding in error.report.all_findings():
        print(f"  {finding.severity.value:<8} {finding.code}: {finding.advice}")
