"""The operations, one module each: sans-I/O machines that eat chunks; the only place where mime, cms, crypto and pki meet."""
