"""One box, one line: whoever gives a line a MAC locks its row first, so that two who want it come one after the other,
on whichever panels their lines are."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from billhead.bulk import among
from billhead.models.devices import BoxAddress

__all__ = ["lock_macs"]


def lock_macs(session: Session, macs: Iterable[str]) -> None:
    """Until the transaction ends nobody else gives these to a line. Look who has them after this, not before."""
    wanted = sorted(set(macs))
    if not wanted:
        return
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(insert(BoxAddress).on_conflict_do_nothing(), [{"mac": mac} for mac in wanted])
    rows = select(BoxAddress.mac).where(among(BoxAddress.mac, wanted, session)).order_by(BoxAddress.mac)
    session.execute(rows.with_for_update()).all()
