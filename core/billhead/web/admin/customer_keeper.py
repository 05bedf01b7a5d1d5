"""A customer goes to a reseller with all that it has, or comes back. What that means for each subscription is shown
first."""

from datetime import date

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import SelectField

from billhead.actions.resellers.move_customer import CustomerMoved, MovedLine, move_customer
from billhead.db import Tx, reading
from billhead.models.people import Customer, Reseller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, reason_field
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.formatting import day_in_words, last_day, lasting, money
from billhead.web.speaking import later, say

__all__: list[str] = []


class KeeperForm(PreviewForm):
    to = SelectField(later("Looked after by"))
    reason = reason_field()


@admin.route("/customers/<int:key>/reseller", methods=["GET", "POST"])
@allow("staff", permission="resellers.write")
def customer_keeper(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")
        theirs = Reseller.seller_id == row.seller_id, Reseller.removed_on.is_(None)
        resellers = session.execute(select(Reseller.id, Reseller.name).where(*theirs).order_by(Reseller.name)).all()
    form = KeeperForm()
    home = [("", say("the operator"))]
    form.to.choices = home if row.reseller_id is not None else [(str(one), name) for one, name in resellers]

    def act(tx: Tx) -> CustomerMoved:
        return move_customer(tx, key, int(form.to.data) if form.to.data else None)

    text = say(
        "All its subscriptions go along. What is paid stays paid and runs to its end; what comes next is paid by who "
        "gets it: a reseller with credits, or the customer by invoice. Logins and lines stay, and both are told."
    )
    question = Question(
        say("Move %(name)s", name=row.name), text, say("Move"), url_for("admin.customer", key=key), danger=False
    )
    return previewed(question, form, act, _figures, lambda _ctx, _done: say("Moved. Both are told."))


def _figures(done: CustomerMoved) -> Figures:
    shown = [
        (say("%(plan)s, No. %(number)s", plan=one.plan, number=one.subscription_id), _told(one, done))
        for one in done.lines
    ]
    withdrawn = sum(one.withdrawn for one in done.lines)
    shown.append((say("Offers that are withdrawn"), str(withdrawn)))
    shown.append((say("Unpaid invoices that stay the customer’s"), str(done.owed)))
    return shown


def _last(end: str) -> str:
    return day_in_words(last_day(date.fromisoformat(end)))


def _told(one: MovedLine, done: CustomerMoved) -> str:
    paid, costs = _last(one.paid_through), money(one.costs_minor, one.currency)
    told = {"day": paid, "amount": costs, "term": lasting(one.term)}
    if one.ends_on:
        return say("it ends on %(day)s, and nothing follows", day=_last(one.ends_on))
    if done.to_id is None:
        return say("paid until %(day)s; then %(amount)s for %(term)s, which the customer is offered", **told)
    if one.renews:
        return say("paid until %(day)s; then %(amount)s for %(term)s, taken from the reseller by itself", **told)
    return say("paid until %(day)s; then %(amount)s for %(term)s, when the reseller renews it", **told)
