"""Compiled kernels of the one-pass clearing house: sums of legs, hashes, and roots over legs."""
