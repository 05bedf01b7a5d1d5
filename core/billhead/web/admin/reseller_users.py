"""What staff do for a reseller with a user whom it pays with credits: renew, and end. Its credits first, in figures."""

from datetime import date

from flask import url_for
from flask.typing import ResponseReturnValue

from billhead.actions.resellers.renew_user import UserRenewed, renew_user
from billhead.actions.resellers.terminate_user import UserTerminated, terminate_user
from billhead.db import reading
from billhead.domain.errors import NotFound
from billhead.domain.money import CREDITS
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.formatting import day, last_day, money
from billhead.web.speaking import say

__all__ = ["paid_with"]

_NEEDS = "resellers.write"


def paid_with(key: int) -> tuple[Subscription, str, Reseller]:
    """(subscription, customer's name, payer). Raises NotFound for what no reseller pays with credits."""
    with reading() as session:
        row = found(session, Subscription, key, "subscription")
        if row.settlement != "credits" or row.payer_reseller_id is None:
            raise NotFound("subscription paid with credits", key)
        payer = session.get_one(Reseller, row.payer_reseller_id)
        return row, session.get_one(Customer, row.customer_id).name, payer


def _names(key: int) -> tuple[str, str]:
    _row, who, payer = paid_with(key)
    return who, payer.name


@admin.route("/subscriptions/<int:key>/renew-with-credits", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def renew_with_credits(key: int) -> ResponseReturnValue:
    who, payer = _names(key)

    def figures(done: UserRenewed) -> Figures:
        until = day(last_day(date.fromisoformat(done.paid_through)))
        return (say("%(who)s pays", who=payer), money(done.credits_minor, CREDITS)), (say("Paid until"), until)

    text = say("One more term is paid with the credits of %(who)s, who reads it in the statement.", who=payer)
    back = url_for("admin.subscription", key=key)
    question = Question(say("Renew %(name)s?", name=who), text, say("Renew"), back, danger=False)
    told = say("Renewed: the credits are held until the line has it.")
    return previewed(question, PreviewForm(), lambda tx: renew_user(tx, key), figures, lambda _ctx, _done: told)


@admin.route("/subscriptions/<int:key>/end-with-credits", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def end_with_credits(key: int) -> ResponseReturnValue:
    who, payer = _names(key)

    def figures(done: UserTerminated) -> Figures:
        return ((say("%(who)s gets back", who=payer), money(done.returned_minor, CREDITS)),)

    text = say("The lines are taken off at once. Unused days come back as the rights of %(who)s say.", who=payer)
    back = url_for("admin.subscription", key=key)
    question = Question(say("End %(name)s?", name=who), text, say("End it"), back)
    told = say("Ended.")
    return previewed(question, PreviewForm(), lambda tx: terminate_user(tx, key), figures, lambda _ctx, _done: told)
