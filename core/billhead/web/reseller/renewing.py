"""Renew one user, for this or another term: what each costs and until when is shown first."""

from datetime import date

from flask import request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from billhead.actions.resellers._renewal_terms import renewal_terms
from billhead.actions.resellers.renew_user import UserRenewed, renew_user
from billhead.db import Tx, reading
from billhead.plugin import allow
from billhead.web.formatting import day, day_in_words, last_day, lasting
from billhead.web.reseller.area import in_credits, reseller
from billhead.web.reseller.asking import Figures, Question, asked
from billhead.web.reseller.own_users import Seen, own_user
from billhead.web.reseller.worth import left_after
from billhead.web.speaking import say

__all__ = ["last_paid"]


def last_paid(paid_through: str) -> Markup:
    """The last paid day, from the first one that is not."""
    return day(last_day(date.fromisoformat(paid_through)))


@reseller.route("/users/<int:key>/renew", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def renew(key: int) -> ResponseReturnValue:
    """For the term that it has, or another that has a price: each with what it costs and until when it runs then."""
    terms: list[str] = []
    with reading() as session:
        seen = own_user(session, key)

    def figures(tx: Tx) -> Figures:
        found = renewal_terms(tx, key)
        terms.extend(one.term for one in found)
        return tuple((lasting(one.term), _costs(tx, seen, one)) for one in found)

    def act(tx: Tx) -> str:
        done = renew_user(tx, key, request.form.get("term", ""))
        told = "%(name)s is renewed: %(credits)s credits are held until the line has it."
        return say(told, name=seen.customer.name, credits=in_credits(done.credits_minor))

    back = url_for("reseller.user", key=key)
    title = say("Renew %(name)s?", name=seen.customer.name)
    text = say("%(plan)s, from the end of what is paid. It stays for the renewals after this one.", plan=seen.plan.name)
    question = Question(title, text, say("Renew"), back)
    return asked(question, figures, act, template="reseller/renew.html", terms=terms)


def _costs(tx: Tx, seen: Seen, one: UserRenewed) -> str:
    """ "100.00 credits, runs until 21 December 2027. Balance: 120.00 → 20.00"."""
    ends = day_in_words(last_day(date.fromisoformat(one.paid_through)))
    runs = say("%(credits)s credits, runs until %(day)s.", credits=in_credits(one.credits_minor), day=ends)
    left = [f"{what}: {how}" for what, how in left_after(tx, seen.subscription, one.credits_minor)]
    return " ".join([runs, *left])
