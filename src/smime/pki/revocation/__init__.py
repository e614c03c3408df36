"""Revocation lists and OCSP responses (RFC 5280 section 6.3, RFC 6960)."""
