"""Boxes: stock, orders, hand-out, return, exchange."""
