"""Several drafts as one document: what a customer who wants one invoice a day gets for several subscriptions."""

from collections.abc import Sequence

from billhead.actions.billing._draft import Draft
from billhead.actions.billing._rated import Share

__all__ = ["Member", "together"]

Member = tuple[Draft, int | None, int | None]
"""A draft, its subscription, and that one's version as it was read."""


def together(members: Sequence[Member]) -> Draft:
    """One draft with the lines of all. They are of one kind, currency and way to state prices."""
    first = members[0][0]
    corrected = {draft.corrects_id for draft, _, _ in members}
    return first._replace(
        lines=tuple(line for draft, _, _ in members for line in draft.lines),
        used=tuple(used for draft, _, _ in members for used in draft.used),
        usage=tuple(taken for draft, _, _ in members for taken in draft.usage),
        charges=tuple(charge for draft, _, _ in members for charge in draft.charges),
        advance=None,
        may_return=any(draft.may_return for draft, _, _ in members),
        mixed=any(draft.mixed for draft, _, _ in members),
        corrects_id=corrected.pop() if len(corrected) == 1 else None,
        shares=tuple(
            Share(subscription_id, version, draft.advance, len(draft.lines))
            for draft, subscription_id, version in members
        ),
    )
