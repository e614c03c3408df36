"""One module for each kind of cryptographic layer that a message may have."""
