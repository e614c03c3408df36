"""Verifying the signers of one SignedData (RFC 5652 section 5.6, RFC 8551, RFC 8550)."""
