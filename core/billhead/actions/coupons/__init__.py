"""Coupons: made, entered with an order, and given to subscriptions that run."""
