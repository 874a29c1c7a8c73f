"""What was found, as a message shows it: never cut without saying so.

"999999999999999999999999"  -->  9999999999999999... (24 characters)
"""

from __future__ import annotations

MOST_SHOWN = 60


def shown(text: str, most: int = MOST_SHOWN) -> str:
    """A text of at most `most` characters as it is; of a longer one its beginning, and its length."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"
