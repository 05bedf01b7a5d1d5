"""The operator's own rates, under one key of the plugin's storage: they are few, and read with every quote."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from billhead.plugin import Host, InvalidInput
from billhead_eu_vat.rates import OwnRate, Rates, checked, percent

__all__ = ["current_rates", "forget_rate", "own_rates", "set_rate"]

_KEY = "rates"


def current_rates(host: Host) -> Rates:
    return Rates(own_rates(host))


def own_rates(host: Host) -> list[OwnRate]:
    """By place, class and day."""
    return [
        OwnRate(row["place"], date.fromisoformat(row["since"]), row["rate_ppm"], row["tax_class"])
        for row in host.get(_KEY, [])
    ]


def set_rate(host: Host, rate: OwnRate) -> None:
    """Add a row, or another rate for its day; with a line in the audit trail. Raises InvalidInput."""
    checked(rate)
    mine = own_rates(host)
    before = percent(Rates(mine).on(rate.place, rate.tax_class, rate.since))
    _keep(host, [*(one for one in mine if _key(one) != _key(rate)), rate])
    details = {"tax_class": rate.tax_class, "since": rate.since.isoformat(), "before": before,
               "after": percent(rate.rate_ppm)}  # fmt: skip
    host.audit("set_rate", f"eu_vat:{rate.place}", details=details)


def forget_rate(host: Host, place: str, tax_class: str, since: date) -> None:
    """Drop a row: what is shipped holds again. Raises InvalidInput if there is none."""
    mine = own_rates(host)
    left = [one for one in mine if _key(one) != (place, tax_class, since)]
    if len(left) == len(mine):
        raise InvalidInput("since", f"you have no rate of {place} from {since}")
    _keep(host, left)
    host.audit("forget_rate", f"eu_vat:{place}", details={"tax_class": tax_class, "since": since.isoformat()})


def _key(rate: OwnRate) -> tuple[str, str, date]:
    return rate.place, rate.tax_class, rate.since


def _keep(host: Host, rates: Sequence[OwnRate]) -> None:
    rows: list[dict[str, Any]] = [
        {"place": one.place, "tax_class": one.tax_class, "since": one.since.isoformat(), "rate_ppm": one.rate_ppm}
        for one in sorted(rates, key=_key)
    ]
    host.put(_KEY, rows)
