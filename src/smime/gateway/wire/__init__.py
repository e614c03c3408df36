"""SMTP, LMTP and milter as machines without sockets: octets in, events and octets out.

`states` holds the tables of all of them. `server` answers, `client` asks, `transparency` writes and reads the octets of a message,
`commands` and `replies` are the two halves of the dialogue, and `milter` is the protocol between a mail server and a filter.
"""
