"""SPAN: portfolio risk from a parameter file and positions (docs/span-rules.md)."""
