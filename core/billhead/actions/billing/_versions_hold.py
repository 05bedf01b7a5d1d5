"""Prices that existing subscriptions pay can be taken back: what was rated by one is not written after that."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._rated import Rated
from billhead.bulk import among
from billhead.models.catalogue import Price

__all__ = ["priced_as_read"]


def priced_as_read(session: Session, rated: Sequence[Rated], catalogue: Catalogue) -> tuple[Sequence[Rated], list[int]]:
    """What is rated by prices that still hold, and the subscriptions of the rest, which is to be read anew.

    The versions are held until the transaction ends, so that whoever takes them back waits for what is written here
    and finds it. One that is just being taken back is not waited for: its holder may wait for a subscription of ours.
    """
    versions = catalogue.later_versions()
    used = {line.price_id for one in rated for line in one.lines if line.price_id in versions} if versions else set()
    if not used:
        return rated, []
    holds = select(Price.id).where(
        among(Price.id, used, session), Price.existing_from.is_not(None), Price.withdrawn_on.is_(None)
    )
    gone = used - set(session.scalars(holds.order_by(Price.id).with_for_update(read=True, skip_locked=True)))
    if not gone:
        return rated, []
    catalogue.forget_versions()
    holding: list[Rated] = []
    stale: list[int] = []
    for one in rated:
        if gone.isdisjoint(line.price_id for line in one.lines):
            holding.append(one)
        else:
            stale.extend(one.subscriptions())
    return holding, stale
