"""Prices of options and the losses that risk arrays are made of: the one room of margin with real numbers."""
