"""A super-reseller hands users to somebody below it, or takes them back: from the list, or from one user's page."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import SelectField

from billhead.actions.resellers._seen import users_of
from billhead.actions.resellers._tree import subtree
from billhead.actions.resellers.move_users import move_users, preview_move_users
from billhead.db import Tx, reading
from billhead.domain.errors import NotFound
from billhead.domain.whole_number import whole_number
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.reseller.area import own_id, reseller
from billhead.web.reseller.asking import Figures, Question, QuestionForm, asked
from billhead.web.reseller.many import picked
from billhead.web.speaking import later, say, say_count, speech

__all__: list[str] = []

_NAMED = 5


class MoveForm(QuestionForm):
    to = SelectField(later("To whom"), coerce=int)

    def is_submitted(self) -> bool:
        """What the list sends is no answer yet."""
        return bool(super().is_submitted()) and "seen" in request.form


@reseller.route("/users/move", methods=["GET", "POST"])
@allow("super_reseller")
def move() -> ResponseReturnValue:
    """The list sends what is picked, and the page sends it on with the yes: an address takes a page of them at most."""
    with reading() as session:
        ids = _picked(session)
        customers, owners = _chosen(session, ids)
        others = _others(session, owners)
    refusal = _why_not(customers, owners, others)
    if refusal:
        flash(refusal, "warn")
        return redirect(url_for("reseller.users"), 303)
    (owner,) = owners
    form = MoveForm()
    form.to.choices = list(others.items())
    names = list(customers.values())
    more = say("%(names)s and %(count)s more", names=speech().listed(names[:_NAMED]), count=len(names) - _NAMED)

    def figures(tx: Tx) -> Figures:
        seen = preview_move_users(tx, owner, form.to.data or next(iter(others)), list(customers))
        shown = [(say("Users"), more if len(names) > _NAMED else speech().listed(names))]
        shown.append((say("Subscriptions"), str(seen.subscriptions)))
        return [*shown, (say("Purchases that are not settled yet"), str(seen.held))] if seen.held else shown

    def act(tx: Tx) -> str:
        done = move_users(tx, owner, form.to.data, list(customers))
        return say_count(
            "%(count)s user is with %(name)s now.",
            "%(count)s users are with %(name)s now.",
            done.customers,
            name=others[form.to.data],
        )

    text = say("They look after them from now on, and pay for what comes next. You can take them back the same way.")
    title = say_count("Move %(name)s?", "Move %(count)s users?", len(names), name=names[0])
    hidden = [("pick", key) for key in sorted(ids)]
    return asked(Question(title, text, say("Move"), url_for("reseller.users")), figures, act, form, hidden=hidden)


def _picked(session: Session) -> set[int]:
    """By the list's form, or by the address that one user's page leads to."""
    named = {number for one in request.args.getlist("pick") if (number := whole_number(one)) is not None}
    return named.union(picked(session)) if request.method == "POST" else named


def _chosen(session: Session, ids: set[int]) -> tuple[dict[int, str], set[int]]:
    """(customers and their names, who looks after them). Raises NotFound for a user that is somebody else's."""
    rows = session.execute(users_of(own_id()).where(Subscription.id.in_(ids)).order_by(Customer.name)).all()
    missing = ids - {row.id for row in rows}
    if missing:
        raise NotFound("subscription", min(missing))
    return {row.customer_id: row.name for row in rows}, {row.reseller_id for row in rows}


def _others(session: Session, owners: set[int]) -> dict[int, str]:
    rows = session.execute(
        select(Reseller.id, Reseller.name)
        .where(Reseller.id.in_(subtree(own_id())), Reseller.removed_on.is_(None), Reseller.id.not_in(owners))
        .order_by(Reseller.id != own_id(), Reseller.name)
        .limit(500)
    )
    return {row.id: row.name for row in rows}


def _why_not(customers: dict[int, str], owners: set[int], others: dict[int, str]) -> str:
    if not customers:
        return say("Pick at least one user.")
    if len(owners) > 1:
        return say("Pick users of one reseller at a time: narrow the list to it.")
    return "" if others else say("There is nobody else below you.")
