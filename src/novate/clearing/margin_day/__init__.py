"""The margin day: what is owed for open contracts, what covers it, and what happens when nothing does."""
