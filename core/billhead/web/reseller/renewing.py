"""Renew one user: what it costs and until when is shown first."""

from datetime import date

from flask import url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from billhead.actions.resellers.renew_user import preview_renew_user, renew_user
from billhead.db import Tx, reading
from billhead.plugin import allow
from billhead.web.formatting import day, last_day, lasting
from billhead.web.reseller.area import in_credits, reseller
from billhead.web.reseller.asking import Figures, Question, asked
from billhead.web.reseller.own_users import own_user
from billhead.web.reseller.worth import left_after
from billhead.web.speaking import say

__all__ = ["last_paid"]


def last_paid(paid_through: str) -> Markup:
    """The last paid day, from the first one that is not."""
    return day(last_day(date.fromisoformat(paid_through)))


@reseller.route("/users/<int:key>/renew", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def renew(key: int) -> ResponseReturnValue:
    with reading() as session:
        seen = own_user(session, key)

    def figures(tx: Tx) -> Figures:
        planned = preview_renew_user(tx, key)
        return (
            (say("Plan"), f"{seen.plan.name}, {lasting(seen.subscription.term)}"),
            (say("Costs"), in_credits(planned.credits_minor)),
            (say("Runs until"), last_paid(planned.paid_through)),
            *left_after(tx, seen.subscription, planned.credits_minor),
        )

    def act(tx: Tx) -> str:
        done = renew_user(tx, key)
        told = "%(name)s is renewed: %(credits)s credits are held until the line has it."
        return say(told, name=seen.customer.name, credits=in_credits(done.credits_minor))

    back = url_for("reseller.user", key=key)
    title = say("Renew %(name)s?", name=seen.customer.name)
    question = Question(title, say("One more term, from the end of what is paid."), say("Renew"), back)
    return asked(question, figures, act)
