"""Files of keys and certificates: PEM, DER, PKCS #8, PKCS #12 (RFC 7292, RFC 9579), certs-only CMS."""
