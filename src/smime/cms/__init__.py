"""The Cryptographic Message Syntax (RFC 5652 and its companions): structures, read and written. No cryptography happens here."""
