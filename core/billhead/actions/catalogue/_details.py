"""What may stand in a plan's details: each key with its type. A key that nothing reads is a misspelt one."""

from typing import Any

from billhead.domain.errors import InvalidInput

__all__ = ["checked_details"]

_KEYS: dict[str, type] = {
    "called_off": str,  # a pay-per-view event or rental that did not happen
    "cancel_day_counts": bool,
    "cancel_money": str,
    "changes": str,  # when one of plan or term is made; "": as the prices have it
    "ends": str,  # of a pay-per-view event
    "features": dict,  # what the shop says of it: language → lines
    "hold": dict,  # min_days, max_days in a year, way
    "hours": int,  # of a rental
    "kind": str,  # of a device
    "max_units": int,
    "mac_swaps": int,  # by the customer in a month; null: as the seller has it
    "may_terminate": bool,
    "min_units": int,
    "on_bill": bool,
    "open_invoices": str,  # what becomes of those of what was canceled; "": as the seller has it
    "once_per_customer": bool,
    "own_shop": bool,
    "plans": list,  # to which an add-on can be added
    "rented": bool,  # of a device: paid with every term, and comes back
    "roles": list,  # to whom a credit package is sold
    "sells": list,  # of a reseller's plan
    "services": list,  # the lines that it makes
    "starts": str,
    "trials_per_day": int,
    "unit": str,
    "uses": int,
}


def checked_details(details: dict[str, Any]) -> dict[str, Any]:
    """The details as they are. Raises InvalidInput("details", what is wrong)."""
    for key, value in details.items():
        wanted = _KEYS.get(key)
        if wanted is None:
            raise InvalidInput("details", f"{key!r} means nothing", hint=f"there are: {', '.join(_KEYS)}")
        if value is not None and (not isinstance(value, wanted) or (wanted is int and isinstance(value, bool))):
            raise InvalidInput("details", f"{key} must be of the type {wanted.__name__}, not {value!r}")
        if isinstance(value, int) and value < 0:
            raise InvalidInput("details", f"{key} can't be below zero")
    return details
