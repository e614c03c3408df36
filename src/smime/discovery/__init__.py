"""Certificates of correspondents: where an address is known, and to which key mail to it is encrypted."""
