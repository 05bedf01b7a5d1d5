"""A customer says what is told by which channel, and when its phone stays quiet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from billhead import clock
from billhead.actions.notifications._channels import EMAIL
from billhead.actions.notifications._codes import check_own
from billhead.actions.notifications._groups import CHOSEN, NEWS
from billhead.actions.notifications._often import OF_RESELLERS, checked
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.models.notices import NoticeAddress, NoticeChoice

__all__ = ["NoticeWish", "choose_notices"]


@dataclass(frozen=True, slots=True)
class NoticeWish:
    """`channels`: codes by group; `often`: at_once, daily, weekly or off by kind, as `_often` allows. The hours are
    0 to 23 in the customer's zone, both or neither."""

    channels: Mapping[str, Sequence[str]]
    quiet_from: int | None = None
    quiet_to: int | None = None
    often: Mapping[str, str] = field(default_factory=dict)


@verb("notifications.choose")
def choose_notices(tx: Tx, customer_id: int, wish: NoticeWish) -> None:
    """Raises InvalidInput for a group without a channel (news may have none), a channel that is not connected, half of
    the quiet hours, and a kind that can't be told so seldom."""
    check_own(tx, customer_id)
    connected = select(NoticeAddress.channel).where(
        NoticeAddress.customer_id == customer_id, NoticeAddress.confirmed_at.is_not(None)
    )
    known = {EMAIL, *tx.session.scalars(connected)}
    for group in CHOSEN:
        codes = wish.channels.get(group, ())
        if not codes and group != NEWS:
            raise InvalidInput(group, "must reach you", hint="choose at least one way")
        if unknown := set(codes) - known:
            raise InvalidInput(group, f"can't be told by {sorted(unknown)[0]}", hint="connect it first")
    hours = (wish.quiet_from, wish.quiet_to)
    if (hours[0] is None) != (hours[1] is None) or any(hour is not None and not 0 <= hour < 24 for hour in hours):
        raise InvalidInput("quiet_to", "goes with the other hour", hint="choose both, or neither")
    row = tx.session.get(NoticeChoice, customer_id) or NoticeChoice(customer_id=customer_id)
    row.channels = {group: sorted(set(wish.channels.get(group, ()))) for group in CHOSEN}
    row.often = checked(wish.often, OF_RESELLERS)
    row.quiet_from, row.quiet_to = hours
    row.changed_at = clock.now()
    tx.session.add(row)
