"""Accounts: signing up and in, passwords and their links, and what people say about themselves."""
