"""Where a reseller stands: below whom, and in which tier. What that takes from it is shown first."""

from typing import NamedTuple

from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import SelectField

from billhead.actions.catalogue._names import plan_names
from billhead.actions.resellers._joining import TIERS
from billhead.actions.resellers._tree import subtree
from billhead.actions.resellers.move_reseller import MovePreview, move_reseller, preview_move_reseller
from billhead.actions.resellers.set_tier import set_tier
from billhead.db import Tx, reading
from billhead.domain.errors import InvalidInput
from billhead.models.people import Reseller
from billhead.plugin import allow
from billhead.web.admin.area import admin
from billhead.web.admin.asking import reason_field
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.admin.reseller_forms import about_reseller, one_reseller
from billhead.web.formatting import from_to
from billhead.web.speaking import later, say

__all__: list[str] = []


class PlaceForm(PreviewForm):
    below = SelectField(later("Below"))
    tier = SelectField(later("Tier"), choices=lambda: [(tier, say(tier.replace("_", "-"))) for tier in TIERS])
    reason = reason_field()


class Placed(NamedTuple):
    moved: MovePreview | None
    tier: str


@admin.route("/resellers/<int:key>/place", methods=["GET", "POST"])
@allow("staff", permission="resellers.write")
def reseller_place(key: int) -> ResponseReturnValue:
    row = one_reseller(key)
    form = PlaceForm(below=str(row.parent_id or ""), tier=row.tier)
    form.below.choices = _places(row)

    def act(tx: Tx) -> Placed:
        to, tier = int(form.below.data) if form.below.data else None, form.tier.data
        if to == row.parent_id and tier == row.tier:
            raise InvalidInput("below", say("choose another place, or another tier"))
        if tier != row.tier:
            set_tier(tx, key, tier)
        if to == row.parent_id:
            return Placed(None, tier)
        seen = preview_move_reseller(tx, key, to)
        move_reseller(tx, key, to)
        return Placed(seen, tier)

    text = say(
        "Its users, credits and debts stay its own, and all below it come along. Its rights hold within those of whom "
        "it stands below; prices in credits are its tier's, from the next order on."
    )
    question = about_reseller(row, say("The place of %(name)s", name=row.name), text, say("Move"))
    told = say("It has its new place.")
    return previewed(question, form, act, lambda done: _figures(row, done), lambda _ctx, _done: told)


def _places(row: Reseller) -> list[tuple[str, str]]:
    others = select(Reseller.id, Reseller.name).where(
        Reseller.seller_id == row.seller_id, Reseller.removed_on.is_(None), Reseller.tier == "super_reseller",
        Reseller.id.not_in(subtree(row.id)),
    )  # fmt: skip
    with reading() as session:
        found = session.execute(others.order_by(Reseller.name)).all()
    return [("", say("the operator")), *((str(key), name) for key, name in found)]


def _figures(row: Reseller, done: Placed) -> Figures:
    shown: list[tuple[str, str]] = []
    if done.tier != row.tier:
        shown.append((say("Tier"), say(done.tier.replace("_", "-"))))
    seen = done.moved
    if seen is None:
        return shown
    with reading() as session:
        names = plan_names(session, row.seller_id, [*seen.rights.sells, *seen.lost])
    shown += [
        (say("Resellers that move"), str(seen.resellers)),
        (say("Customers of theirs"), str(seen.customers)),
        (say("Subscriptions"), str(seen.subscriptions)),
        (say("Sells afterwards"), " · ".join(names[code] for code in seen.rights.sells) or say("nothing")),
    ]
    if seen.lost:
        shown.append((say("Sells no more"), " · ".join(names[code] for code in seen.lost)))
        shown.append((say("Running subscriptions on plans that can't be sold any more"), str(seen.not_sold)))
    before, after = seen.rights_before, seen.rights
    if before.trials_per_day != after.trials_per_day:
        shown.append((say("Trials a day"), from_to(before.trials_per_day, after.trials_per_day)))
    if before.floor_percent != after.floor_percent:
        shown.append(
            (say("Least price, percent of the list price"), from_to(before.floor_percent, after.floor_percent))
        )
    for name, label in (("terminate", say("May end a line at once")), ("own_shop", say("May have a shop of its own"))):
        if getattr(before, name) != getattr(after, name):
            shown.append((label, say("yes") if getattr(after, name) else say("no")))
    if seen.stops:
        shown.append((say("Lines"), say("they stop: somebody above is suspended with all lines")))
    if seen.starts:
        shown.append((say("Lines"), say("they run again")))
    return shown
