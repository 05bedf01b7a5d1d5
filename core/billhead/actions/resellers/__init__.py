"""Resellers: their credits, and the subscribers whom they pay for with them."""
