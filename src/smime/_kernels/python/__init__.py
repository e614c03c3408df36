"""The kernels in Python: the same octets, errors and offsets as in C, for machines without a compiler and as the specification in tests."""
