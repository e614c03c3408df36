"""X.509 certificates (RFC 5280, RFC 8550, RFC 9598): what stands in them, and no judgement of it.

Uses `asn1` and `crypto`; what a certificate is accepted for is decided in `smime.pki`.
"""
