"""Go through mailboxes and count what protects the mail in them.

python examples/archive_report.py --trust roots.pem [--key me.p12] inbox.mbox Maildir …
"""

from __future__ import annotations

import argparse
from collections import Counter

import smime
import smime.archive


def main() -> None:
    """Print a line for each pair of status and verdict, and the findings that were met most often."""
    parser = argparse.ArgumentParser(description="Count what protects the mail in mailboxes.")
    parser.add_argument("--trust", required=True)
    parser.add_argument("--key")
    parser.add_argument("sources", nargs="+")
    arguments = parser.parse_args()
    keys = smime.load_identities(arguments.key) if arguments.key else []
    counts: Counter[tuple[str, str]] = Counter()
    findings: Counter[str] = Counter()
    trust = smime.TrustStore.from_path(arguments.trust)
    for record in smime.archive.verify(arguments.sources, trust=trust, identities=keys, policy=smime.policies.ARCHIVE):
        counts[record.status or "unreadable", record.verdict or ""] += 1
        findings.update(record.findings)
        for signer in record.signers:
            findings.update(signer.findings)
    for (status, verdict), count in counts.most_common():
        print(f"{count:6d}  {status:<22} {verdict}")
    for code, count in findings.most_common(10):
        print(f"{count:6d}  {code}")


if __name__ == "__main__":
    main()
