"""The JSON schema of the reports, from which `make docs` writes report.schema.json."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
COUNT: Schema = {"type": "integer"}
TIME: Schema = {"type": "string", "format": "date-time"}


def said(description: str, schema: Schema = TEXT) -> Schema:
    """Return the schema with a description."""
    return {**schema, "description": description}


def maybe(schema: Schema) -> Schema:
    """Return the schema, or null."""
    return {"anyOf": [schema, {"type": "null"}]}


def many(schema: Schema) -> Schema:
    """Return a list of these."""
    return {"type": "array", "items": schema}


def the(name: str) -> Schema:
    """Return a reference to a definition."""
    return {"$ref": f"#/$defs/{name}"}


def row(optional: str = "", **fields: Schema) -> Schema:
    """Return an object with exactly these fields; `from_` is written from."""
    properties = {name.rstrip("_"): schema for name, schema in fields.items()}
    required = [name for name in properties if name not in optional.split()]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


DEFINITIONS: dict[str, Schema] = {
    "verdict": {"enum": ["valid", "invalid", "indeterminate"]},
    "finding": row(
        code=said("stable; docs/findings.md lists all", {**TEXT, "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}),
        severity={"enum": ["info", "warning", "error"]},
        message=said("a sentence for a mail administrator"),
        data=said("the values that were compared", {"type": "object"}),
        advice=said("what to do about it"),
    ),
    "unchecked": row(what=said("the check that was not made"), why=TEXT),
    "certificate": row(
        subject=said("RFC 4514"),
        issuer=said("RFC 4514"),
        serial_number=said("hexadecimal"),
        sha256=said("fingerprint", {**TEXT, "pattern": "^[0-9a-f]{64}$"}),
        addresses=many(TEXT),
        not_before=TIME,
        not_after=TIME,
        key=said("such as RSA 2048"),
    ),
    "timestamp": row(time=maybe(TIME), trusted=FLAG, authority=maybe(the("certificate")), findings=many(the("finding"))),
    "standing": row(basis={"enum": ["at", "now", "claimed", "timestamp"]}, time=TIME, trusted=FLAG, findings=many(TEXT)),
    "signer": row(
        "timestamps standing",
        sid=said("issuer and serial number, or subject key identifier"),
        certificate=maybe(the("certificate")),
        digest_algorithm=said("name, or dotted OID if unknown"),
        signature_algorithm=said("name, or dotted OID if unknown"),
        digest_matches=said("the content is what was signed; null if that could not be computed", maybe(FLAG)),
        signature_valid=said("the key of the certificate made the signature; null if not checked", maybe(FLAG)),
        path=said("subjects from the signer's certificate to the anchor", many(TEXT)),
        trusted=said("the path ends in an anchor and holds at the time looked at", FLAG),
        revocation={"enum": ["good", "revoked", "unknown", "not-checked"]},
        address_matches=said("the sender's address is in the certificate; null if not compared", maybe(FLAG)),
        signing_time=said("claimed by the signer", maybe(TIME)),
        verdict=the("verdict"),
        findings=many(the("finding")),
        unchecked=many(the("unchecked")),
        countersigners=many(the("signer")),
        timestamps=many(the("timestamp")),
        standing=said("how the certificate stands at several times", many(the("standing"))),
    ),
    "verification": row(
        verdict=the("verdict"),
        signers=many(the("signer")),
        findings=many(the("finding")),
        content_type=said("dotted OID of the signed content"),
        detached=said("the content stood outside the SignedData", FLAG),
        at=said("the time looked at", maybe(TIME)),
        certificates=said("how many came with the message", COUNT),
        crls=COUNT,
    ),
    "decryption": row(
        decrypted=FLAG,
        authenticated=said("the encryption notices changes", FLAG),
        content_encryption_algorithm=TEXT,
        key_encryption_algorithm=said("null if no recipient was opened", maybe(TEXT)),
        recipients=many(TEXT),
        recipient=said("index of the one used", maybe(COUNT)),
        findings=many(the("finding")),
        content_type=said("dotted OID", TEXT),
        authenticated_attributes=said("dotted OIDs; none unless it is decrypted", many(TEXT)),
        unprotected_attributes=said("dotted OIDs", many(TEXT)),
        originator_certificates=said("how many came with the message", COUNT),
    ),
    "authentication": row(
        intact=said("the MAC is right; null if it was not checked", maybe(FLAG)),
        mac_algorithm=TEXT,
        key_encryption_algorithm=maybe(TEXT),
        recipients=many(TEXT),
        recipient=maybe(COUNT),
        findings=many(the("finding")),
    ),
    "compression": row(
        algorithm=said("null for a message of certificates only", maybe(TEXT)),
        intact=said("of a DigestedData", maybe(FLAG)),
        findings=many(the("finding")),
    ),
    "report": {"anyOf": [the("verification"), the("decryption"), the("authentication"), the("compression")]},
    "layer": row(
        kind={"enum": ["signed", "encrypted", "authenticated", "compressed", "digested", "certificates"]},
        content_type=said("how it stood in its surroundings; cms outside of MIME"),
        report=the("report"),
        findings=said("about its inside", many(the("finding"))),
    ),
    "unwrapped": row(
        status={"enum": ["unprotected", "signed", "encrypted", "signed-and-encrypted"]},
        verdict=maybe(the("verdict")),
        layers=said("outside in", many(the("layer"))),
        errant_layers=said(
            "parts protected by themselves", many(row(part=said("its place, counted from 1, such as 1.3"), kind=TEXT, content_type=TEXT))
        ),
    ),
    "record": row(
        source=said("mbox file, Maildir, folder or file"),
        offset=said("of the From_ line in an mbox", maybe(COUNT)),
        file=said("name in its source", maybe(TEXT)),
        size=COUNT,
        message_id=said("as the message claims", maybe(TEXT)),
        from_=said("as the message claims", maybe(TEXT)),
        date=said("as the message claims, ISO 8601", maybe(TEXT)),
        subject=said("as the message claims", maybe(TEXT)),
        status={"enum": ["unprotected", "signed", "encrypted", "signed-and-encrypted", None]},
        verdict=maybe(the("verdict")),
        decrypted=said("every encryption that was met could be opened; null if there is none, or no key was tried", maybe(FLAG)),
        reason=said("what decided the verdict", maybe(TEXT)),
        at=said("the time certificates were judged at", maybe(TEXT)),
        signers=many(the("recordSigner")),
        layers=said("content types, outside in", many(TEXT)),
        findings=many(TEXT),
        error=said("why it could not be read to its end", maybe(TEXT)),
    ),
    "recordSigner": row(
        sid=TEXT,
        addresses=many(TEXT),
        subject=said("RFC 4514", maybe(TEXT)),
        certificate=said("SHA-256 fingerprint, hexadecimal", maybe(TEXT)),
        verdict=maybe(the("verdict")),
        signing_time=said("as the signer claims", maybe(TEXT)),
        findings=many(TEXT),
    ),
}

SCHEMA: Schema = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "smime reports",
    "description": "What to_dict() of a report and of an archive's record give, and what the command line writes with --json.",
    "anyOf": [the(name) for name in ("verification", "decryption", "authentication", "compression", "unwrapped", "record")],
    "$defs": DEFINITIONS,
}
