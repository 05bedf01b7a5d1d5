"""What new rights of a reseller take away, as the figures of a question."""

from billhead.actions.resellers._rights_lost import RightsPreview
from billhead.web.speaking import say

__all__ = ["rights_told"]


def rights_told(seen: RightsPreview) -> list[tuple[str, str]]:
    """A line for each right that is taken away, with whom that touches."""
    shown = [
        (say("Running subscriptions on plans that can't be sold any more"), seen.not_sold),
        (say("Users whom they can't end any more"), seen.not_ended),
        (say("Users who bring no credits back when they are ended"), seen.nothing_back),
        (say("Trials of today above the new number, which stay"), seen.trials_over),
        (say("Shops that sell nothing new any more"), seen.shops),
        (say("Customers of these shops"), seen.shop_customers if seen.shops is not None else None),
        (say("API keys that can do less"), seen.keys or None),
    ]
    return [(say("Resellers below it"), str(seen.below)), *((what, str(n)) for what, n in shown if n is not None)]
