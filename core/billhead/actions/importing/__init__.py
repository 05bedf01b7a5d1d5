"""Bringing an operator's catalogue and subscribers in from files."""
