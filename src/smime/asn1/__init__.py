"""BER and DER (ITU-T X.690): views of what was received, a writer of DER, a reader of streams.

Nothing here copies or re-encodes what it reads: an `Element` is a place in the received octets.
"""
