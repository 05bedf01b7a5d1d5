"""Recharge PINs, sold on paper and redeemed once."""
