"""The gateway: S/MIME between mail servers, as a content filter by LMTP or SMTP, as a milter, or as a pipe.

`wire` holds the protocols as machines without sockets.
"""
