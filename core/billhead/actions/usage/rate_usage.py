"""Rate what was used: pure, without a transaction, and the same for the run, its dry run, a screen and a benchmark."""

from collections.abc import Iterable

from billhead.actions.usage._shapes import RatedUsage, Totals, Window
from billhead.domain.usage_charge import charge, chargeable

__all__ = ["rate_usage"]


def rate_usage(found: Iterable[tuple[Window, Totals]]) -> list[RatedUsage]:
    """What each window costs, rounded once. Thousands use the same, so each amount is worked out once."""
    known: dict[tuple[int, int, int, int, int], int] = {}
    rated = []
    for window, totals in found:
        metered = window.metered
        terms = metered.terms
        used = totals.used
        if terms.shared and len(used) == 1:  # mostly
            over = used[0] - window.allowance if used[0] > window.allowance else 0
        else:
            over = chargeable(used, window.allowance, shared=terms.shared)
        key = (id(metered), over, totals.fees, window.days, window.cycle_days)
        minor = known.get(key)
        if minor is None:
            minor = charge(terms, metered.decimals, over, share=window.share, fees=totals.fees).minor
            known[key] = minor
        rated.append(RatedUsage(window, totals.events, sum(used), over, minor))
    return rated
