"""Which lines of a batch are ours already, or can't become ours: three queries a batch."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from billhead.actions.adopting._house import House
from billhead.actions.adopting._judging import Judged, Refused
from billhead.actions.adopting._writing import external_ref
from billhead.actions.subscriptions._services import is_handle
from billhead.models.people import Customer
from billhead.models.subscriptions import Service

__all__ = ["Names", "mark_known"]

_CLAIMED = (
    "it carries the reference {}, which another Billhead gave it and may renew or remove it by: "
    "end that one's hold on this panel first, then adopt with leave to take claimed lines"
)


class Names:
    """Logins, MACs and references that this adoption has met: a list that names two lines alike is not trusted."""

    def __init__(self) -> None:
        self._met: set[tuple[str, str]] = set()

    def repeated(self, one: Judged) -> str:
        """The word that a line before had already, "" if there is none."""
        words = [(key, word) for key, word in _names(one).items() if word]
        again = next((f"{key.replace('_', ' ')} {word}" for key, word in words if (key, word) in self._met), "")
        self._met.update(words)
        return again


def _names(one: Judged) -> dict[str, str]:
    seen = one.line.observed
    return {
        "remote_id": one.line.remote_id,
        "reference": one.line.ref,
        "login": seen.login if isinstance(seen.login, str) else "",
        "mac": seen.mac if isinstance(seen.mac, str) else "",
    }


def mark_known(session: Session, house: House, batch: Sequence[Judged]) -> None:
    """Sets `known` on those that a service of ours serves, and `refused` on those whose name somebody has."""
    names = [_names(one) for one in batch]
    of = {key: {row[key] for row in names if row[key]} for key in ("reference", "login", "mac")}
    here = house.view.id
    table = Service.__table__.c
    query = select(table.panel_id, table.handle, table.login, table.mac, table.lifecycle).where(
        or_(
            (table.panel_id == here) & table.handle.in_(of["reference"]),
            (table.lifecycle != "gone") & table.login.in_(of["login"]),
            (table.lifecycle != "gone") & table.mac.in_(of["mac"]),
        )
    )
    live, ended, elsewhere = set(), set(), set()
    for row in session.execute(query):
        if row.panel_id != here:
            elsewhere |= {("login", row.login), ("mac", row.mac)}
        elif row.lifecycle == "gone":
            ended.add(("reference", row.handle))
        else:
            live |= {("reference", row.handle), ("login", row.login), ("mac", row.mac)}
    refs = {external_ref(house, one.line.remote_id) for one in batch}
    customers = select(Customer.external_ref).where(
        Customer.seller_id == house.seller.id, Customer.external_ref.in_(refs)
    )
    before = set(session.scalars(customers))
    for one, called in zip(batch, names, strict=True):
        words = {(key, word) for key, word in called.items() if word}
        if words & live:
            one.known = True
        elif words & elsewhere:
            one.refused = Refused("taken", "a line of ours on another panel has its login or MAC")
        elif words & ended or external_ref(house, one.line.remote_id) in before:
            one.refused = Refused("ended_before", "it was ours and has ended; its customer can order it anew")
        elif is_handle(one.line.ref):
            one.claimed = True
            if not house.wish.take_claimed:
                one.refused = Refused("claimed", _CLAIMED.format(one.line.ref))
