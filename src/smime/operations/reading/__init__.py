"""What every reading operation shares: the form of a message, its transfer encoding, the layer at its top."""
