"""The admin area: what staff work in all day.

Lists are `Listing`s (filters, keyset pages, CSV, one query a page); what changes something asks first and takes a
reason (`asking`). Reading is open to all staff; each change names its permission.
"""

from billhead.web.admin import (
    callbacks,
    catalogue,
    corrections,
    customer_tax,
    customers,
    documents,
    gateways,
    home,
    house,
    jobs,
    money_back,
    notices,
    panels,
    papers,
    payments,
    plugins,
    rates,
    reports,
    sellers,
    services,
    simulations,
    subscriptions,
    unassigned,
    unbilled,
)
from billhead.web.admin.area import admin

__all__ = [
    "admin",
    "callbacks",
    "catalogue",
    "corrections",
    "customer_tax",
    "customers",
    "documents",
    "gateways",
    "home",
    "house",
    "jobs",
    "money_back",
    "notices",
    "panels",
    "papers",
    "payments",
    "plugins",
    "rates",
    "reports",
    "sellers",
    "services",
    "simulations",
    "subscriptions",
    "unassigned",
    "unbilled",
]
