"""Margin: what a member must leave with the house, by methods that are pure functions of columns."""
