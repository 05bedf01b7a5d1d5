"""Subscriptions: ordering them, and what a customer or staff may do with them."""
