"""What a gateway does with each mail: take it apart, decide, and write a line for the log.

    python examples/gateway.py --trust roots.pem [--key gateway.p12] < message.eml

Exit status 0: let it through. 1: do not show it as signed.
"""

from __future__ import annotations

import argparse
import json
import sys

import smime


def decide(message: bytes, trust: smime.TrustStore, keys: list[smime.Identity]) -> dict[str, object]:
    """Return the line for the log."""
    try:
        unwrapped = smime.unwrap(message, identities=keys, trust=trust)
    except smime.SMIMEError as error:
        return {"status": "unreadable", "error": str(error)}
    line: dict[str, object] = {
        "status": unwrapped.status,
        "verdict": None if unwrapped.verdict is None else unwrapped.verdict.value,
        "layers": [layer.kind for layer in unwrapped.layers],
    }
    for layer in unwrapped.layers:
        if isinstance(layer.report, smime.VerificationReport):
            line["summary"] = layer.report.summary()
            line["findings"] = [finding.code for finding in layer.report.all_findings()]
    return line


def main() -> int:
    """Read a message from standard input and print the decision."""
    parser = argparse.ArgumentParser(description=decide.__doc__)
    parser.add_argument("--trust", required=True)
    parser.add_argument("--key")
    arguments = parser.parse_args()
    keys = smime.load_identities(arguments.key) if arguments.key else []
    line = decide(sys.stdin.buffer.read(), smime.TrustStore.from_path(arguments.trust), keys)
    print(json.dumps(line))
    return 0 if line.get("verdict") in {None, "valid"} and line["status"] != "unreadable" else 1


if __name__ == "__main__":
    sys.exit(main())
