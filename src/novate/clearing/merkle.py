"""RFC 6962 Merkle roots: one hash that stands for a list of leaves in their order.

    leaf = SHA-256(00 || data)      node = SHA-256(01 || left || right)      no leaves: SHA-256()

            root                    The tree splits at the largest power of two below the count. Joining
           /    \\                   neighbours level by level, and carrying an odd last node up unchanged,
         n0      n1                builds exactly that tree without recursion.
        /  \\    /  \\
       a    b  c    d              Cost: two hashes a leaf.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

EMPTY_ROOT = sha256().digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of one leaf; the leading zero byte keeps it apart from every node."""
    return sha256(b"\x00" + data).digest()


def root_of_hashes(level: list[bytes]) -> bytes:
    """The root over leaf hashes."""
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        joined = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[0::2], level[1::2], strict=False)
        ]
        if len(level) % 2:
            joined.append(level[-1])
        level = joined
    return level[0]


def merkle_root(leaves: Iterable[bytes]) -> bytes:
    """The root over leaf data."""
    return root_of_hashes([leaf_hash(data) for data in leaves])
