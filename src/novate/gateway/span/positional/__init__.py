"""Expanded positional SPAN files (.pa2): lines of fixed columns into the model that the .spn reader fills."""
