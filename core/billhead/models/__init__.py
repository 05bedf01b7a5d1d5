"""The tables, one file per aggregate, no rules. Importing this package registers all of them with the metadata."""

from billhead.models import (
    catalogue,
    coupons,
    credits,
    documents,
    dunning,
    entitlements,
    ledger,
    operations,
    panels,
    payments,
    people,
    sellers,
    simulations,
    subscriptions,
    tax,
    usage,
)

__all__ = [
    "catalogue",
    "coupons",
    "credits",
    "documents",
    "dunning",
    "entitlements",
    "ledger",
    "operations",
    "panels",
    "payments",
    "people",
    "sellers",
    "simulations",
    "subscriptions",
    "tax",
    "usage",
]
