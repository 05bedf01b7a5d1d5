"""Users who are renewed by themselves: the switch of each, and what holds for new ones and those there are."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from wtforms import RadioField

from billhead.actions.resellers._renewing_alone import DAYS_BEFORE, renews_alone
from billhead.actions.resellers.set_renewals import set_renewals
from billhead.actions.resellers.set_user_renewal import set_user_renewal
from billhead.db import Tx, reading, writing
from billhead.models.resellers import CreditRenewal
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.request_context import submit_ctx
from billhead.web.reseller.area import own_id, own_reseller, reseller
from billhead.web.reseller.asking import Figures, Question, QuestionForm, asked
from billhead.web.reseller.own_users import own_user
from billhead.web.speaking import later, say, say_count

__all__: list[str] = []


@reseller.post("/users/<int:key>/renewal")
@allow("reseller", "super_reseller")
def user_renewal(key: int) -> ResponseReturnValue:
    """`wish`: on, else off."""
    wish = request.form.get("wish", "")
    with reading() as session:
        name = own_user(session, key).customer.name
    with writing(submit_ctx()) as tx:
        set_user_renewal(tx, key, wish == "on")
    told = say("%(name)s is renewed by itself from now on.", name=name)
    flash(told if wish == "on" else say("%(name)s runs out unless you renew it.", name=name), "good")
    return redirect(url_for("reseller.user", key=key), 303)


_WISHES = {
    "new": later("New users are"),
    "all": later("New users are, and all there are"),
    "none": later("New users are not"),
    "nobody": later("Nobody is, also none of those there are"),
}


class RenewalsForm(QuestionForm):
    wish = RadioField(later("Who is renewed by itself"), choices=_WISHES)


@reseller.route("/users/automatic-renewal", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def renewals_of_all() -> ResponseReturnValue:
    with reading() as session:
        on = own_reseller(session).renews_users
    form = RenewalsForm(wish="new" if on else "none")

    def figures(tx: Tx) -> Figures:
        mine = select(func.count()).where(Subscription.payer_reseller_id == own_id(), Subscription.state != "canceled")
        alone = mine.select_from(Subscription).join(CreditRenewal, renews_alone())
        return (
            (say("Users that you pay for"), str(tx.session.scalar(mine))),
            (say("Renewed by themselves"), str(tx.session.scalar(alone))),
        )

    def act(tx: Tx) -> str:
        wish = form.wish.data
        done = set_renewals(tx, own_id(), wish in ("new", "all"), wish in ("all", "nobody"))
        return say_count("Saved; changed for %(count)d user.", "Saved; changed for %(count)d users.", done.users)

    text = say_count(
        "%(count)s day before a user ends one more term is bought from your credits. Where there are too few nobody is "
        "renewed, and you are told by mail; trials are never renewed.",
        "%(count)s days before a user ends one more term is bought from your credits. Where there are too few nobody "
        "is renewed, and you are told by mail; trials are never renewed.",
        DAYS_BEFORE,
    )
    question = Question(say("Automatic renewal"), text, say("Save"), url_for("reseller.users"))
    return asked(question, figures, act, form)
