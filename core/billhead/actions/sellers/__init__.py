"""Sellers: the legal entities and shops that sell."""
