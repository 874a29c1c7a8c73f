"""Planted defects: does the suite catch every one? Run `make mutation`; see docs/mutation.md."""
