"""Backups: made while the house works, proven by the ledger in them, and restored into an empty place."""
