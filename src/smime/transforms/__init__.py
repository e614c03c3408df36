"""Content transfer encodings and line ends as streams: ``update(data)`` returns what it can, ``finalize()`` the rest."""
