"""What consumed credits were for: a row beside each movement of a reseller's consumed credits.

The rows of a reseller sum up to its consumed account, on every day. What a change takes along to another plan moves
between two purchases, and the sum stays.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from billhead import clock
from billhead.actions.resellers._wallet import Taken
from billhead.db import Tx
from billhead.models.credits import CreditHold, CreditLot, CreditUse
from billhead.models.people import Reseller
from billhead.models.sellers import Seller

__all__ = ["note_place", "note_use", "owners_of"]


def owners_of(tx: Tx, shares: Sequence[Taken]) -> dict[int, int]:
    """Lot → whose it is."""
    ids = {part.lot_id for part in shares}
    return dict(tx.session.execute(select(CreditLot.id, CreditLot.reseller_id).where(CreditLot.id.in_(ids))).all())


def note_use(tx: Tx, held: CreditHold, kind: str, shares: Sequence[Taken], *, back: bool = False) -> None:
    """A row for each owner of the credits; `back`: they leave this purchase. One that took none has a row too."""
    owners = owners_of(tx, shares)
    for owner_id in sorted({*owners.values()} or {held.reseller_id}):
        theirs = [part for part in shares if owners[part.lot_id] == owner_id]
        _add(tx, owner_id, kind, theirs, -1 if back else 1, hold_id=held.id)


def note_place(tx: Tx, parent: Reseller, plan_id: int | None, paid: Sequence[Taken]) -> None:
    """What adding a reseller took for good."""
    _add(tx, parent.id, "place", paid, 1, plan_id=plan_id)


def _add(tx: Tx, owner_id: int, kind: str, shares: Sequence[Taken], sign: int, **about: int | None) -> None:
    seller = tx.session.get_one(Seller, tx.session.get_one(Reseller, owner_id).seller_id)
    row = CreditUse(
        reseller_id=owner_id,
        kind=kind,
        day=clock.today_in(seller.zone),
        credits_minor=sign * sum(part.minor for part in shares),
        costs={currency: sign * minor for currency, minor in _costs(shares).items()},
        **about,
    )
    tx.session.add(row)


def _costs(shares: Sequence[Taken]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for part in shares:
        if part.cost_currency:
            found[part.cost_currency] = found.get(part.cost_currency, 0) + part.cost_minor
    return found
