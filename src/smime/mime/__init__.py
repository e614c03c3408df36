"""MIME: header blocks, entities, multiparts, S/MIME's media types, addresses and mailboxes, all as received octets.

What is signed is what was received, so nothing here re-serialises what it parsed: a parsed entity is offsets into the buffer it came from.
This layer knows nothing of CMS and cryptography.
"""
