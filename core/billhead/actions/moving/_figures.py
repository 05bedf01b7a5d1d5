"""What moving the lines of a panel to another would do, in figures. Nothing is written, no panel is asked."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.moving._scope import lines_to_move, movable_panels
from billhead.actions.moving._target import COPIED, Target, target_of
from billhead.actions.provisioning._owners import owners_on
from billhead.models.catalogue import Bouquet
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription

__all__ = ["MovePreview", "preview_move"]


@dataclass(slots=True)
class MovePreview:
    """`stays`: lines by the reason for which they would stay. `unnamed`: lines by a bouquet without a name there.
    `ownerless`: lines of resellers that are nobody there; they move all the same. `room` None: any number."""

    lines: int = 0
    room: int | None = None
    stays: Counter[str] = field(default_factory=Counter)
    unnamed: Counter[str] = field(default_factory=Counter)
    ownerless: int = 0
    unpaid: int = 0  # not on any panel yet: they only get another one

    @property
    def moves(self) -> int:
        fit = self.lines - self.stays.total()
        return fit if self.room is None else min(fit, self.room)

    def as_dict(self) -> dict[str, Any]:
        return {
            "lines": self.lines,
            "moves": self.moves,
            "room": self.room,
            "stays": dict(self.stays),
            "unnamed_bouquets": dict(self.unnamed),
            "without_owner": self.ownerless,
            "unpaid": self.unpaid,
        }


def preview_move(session: Session, from_id: int, to_id: int, plan_id: int | None) -> MovePreview:
    """Reads every line of the panel once, some columns of it. Raises what `movable_panels` raises."""
    source, panel = movable_panels(session, from_id, to_id)
    target = target_of(session, source, panel)
    owners = owners_on(session, target.view)
    found = MovePreview(room=target.room)
    columns = (Service.kind, Service.desired_plan, Service.desired_bouquets, *(getattr(Service, n) for n in COPIED))
    query = lines_to_move(from_id, plan_id, *columns, Subscription.plan_id, Customer.reseller_id)
    query = query.join(Customer, Customer.id == Subscription.customer_id)
    missing: Counter[int] = Counter()
    for row in session.execute(query.execution_options(yield_per=1000)):
        found.lines += 1
        found.unpaid += row.desired_expires_at is None
        known = row.reseller_id is None or owners.get(row.reseller_id)
        found.ownerless += target.view.capabilities.owners and not known
        _judge(found, missing, target, row)
    names = session.execute(select(Bouquet.id, Bouquet.name).where(Bouquet.id.in_(missing)))
    found.unnamed.update({name: missing[key] for key, name in names})
    return found


def _judge(found: MovePreview, missing: Counter[int], target: Target, row: Any) -> None:
    wish = target.place(row, row.plan_id)
    missing.update(target.unnamed(wish["desired_bouquets"]))
    stays = target.refusal(row.kind, row.desired_plan, wish)
    if stays is not None:
        found.stays[stays.code] += 1
