"""Metered use: events are recorded once, corrected by id, watched against allowances, and rated by the billing run."""
