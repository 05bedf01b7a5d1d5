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
    return _rates(host.get(_KEY, []))


def set_rate(host: Host, rate: OwnRate) -> None:
    """Add a row, or another rate for its day; with a line in the audit trail. Raises InvalidInput."""
    checked(rate)
    details = {"tax_class": rate.tax_class, "since": rate.since.isoformat(), "after": percent(rate.rate_ppm)}

    def with_it(rows: Any) -> Any:
        mine = _rates(rows)
        details["before"] = percent(Rates(mine).on(rate.place, rate.tax_class, rate.since))
        return _rows([*(one for one in mine if _key(one) != _key(rate)), rate])

    host.change(_KEY, with_it, [])
    host.audit("set_rate", f"eu_vat:{rate.place}", details=details)


def forget_rate(host: Host, place: str, tax_class: str, since: date) -> None:
    """Drop a row: what is shipped holds again. Raises InvalidInput if there is none."""

    def without_it(rows: Any) -> Any:
        left = [one for one in _rates(rows) if _key(one) != (place, tax_class, since)]
        if len(left) == len(rows):
            raise InvalidInput("since", f"you have no rate of {place} from {since}")
        return _rows(left)

    host.change(_KEY, without_it, [])
    host.audit("forget_rate", f"eu_vat:{place}", details={"tax_class": tax_class, "since": since.isoformat()})


def _key(rate: OwnRate) -> tuple[str, str, date]:
    return rate.place, rate.tax_class, rate.since


def _rates(rows: Sequence[Any]) -> list[OwnRate]:
    return [OwnRate(row["place"], date.fromisoformat(row["since"]), row["rate_ppm"], row["tax_class"]) for row in rows]


def _rows(rates: Sequence[OwnRate]) -> list[dict[str, Any]]:
    return [
        {"place": one.place, "tax_class": one.tax_class, "since": one.since.isoformat(), "rate_ppm": one.rate_ppm}
        for one in sorted(rates, key=_key)
    ]
