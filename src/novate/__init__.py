"""Novate: an exchange and a clearing house in one verifiable system."""

__version__ = "0.1.0"
