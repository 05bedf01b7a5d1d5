"""Credits of the panel's own resellers: read, changed once, read back.

The call is a signed difference and nothing about it may be repeated. So it is sent only while the reseller has what we
were told, and an answer that was lost is resolved by looking: the new credit proves that it was done. The old one
proves nothing, since the panel may still be about to.
"""

from collections.abc import Callable

from billhead.plugin import Owner, PanelOutcomeUnknown, PanelRejected, PanelUnclear
from billhead_xtream.transport import reading_back

_WHOLE = 100  # hundredths; the panel cuts fractions off without a word


def changed_credits(
    what: str, owner: Owner, amount_minor: int, read: Callable[[str], Owner | None], send: Callable[[int], object]
) -> Owner:
    """`send` takes the difference in whole credits. Raises PanelRejected (not done), PanelOutcomeUnknown, and what
    `read` raises before anything is sent."""
    if amount_minor % _WHOLE or not amount_minor:
        raise PanelRejected(f"{what} changes credits by whole numbers only")
    before = read(owner.remote_id)
    if before is None or before.credits_minor is None:
        raise PanelRejected(f"{what} has no reseller {owner.remote_id} with credits")
    if before.credits_minor != owner.credits_minor:
        raise PanelRejected(f"{what} has another credit for {before.name} by now: read it again. Nothing was sent.")
    wanted = before.credits_minor + amount_minor
    if wanted < 0:
        raise PanelRejected(f"{before.name} has fewer credits there than that. Nothing was sent.")
    lost = None
    try:
        send(amount_minor // _WHOLE)
    except PanelOutcomeUnknown as error:
        lost = error
    with reading_back():
        after = read(owner.remote_id)
    if after is not None and after.credits_minor == wanted:
        return after
    if lost is not None:
        raise lost
    raise PanelUnclear(f"{what} took the change, but shows another credit for {before.name} than it should have.")
