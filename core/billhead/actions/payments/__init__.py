"""Payments: asking for money, hearing what came of it, and settling documents with it."""
