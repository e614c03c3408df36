"""Certificates, identities, trust and certification paths (RFC 5280, 8550, 9598).

The only layer besides `smime.crypto` that imports `cryptography`. `smime.pki.throwaway` is for demonstrations and tests.
"""
