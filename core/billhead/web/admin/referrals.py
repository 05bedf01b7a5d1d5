"""Friends whom customers brought: the list, and what a seller gives for them."""

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import aliased
from wtforms import BooleanField, IntegerField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from billhead.actions.sellers.set_referral_rules import set_referral_rules
from billhead.db import reading, writing
from billhead.domain.money import Money
from billhead.domain.referral import REASONS, ReferralRules, ReferralState, rewards_from, rewards_text, rules_from
from billhead.models.credits import CustomerCredit
from billhead.models.people import Customer
from billhead.models.referrals import Referral
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.columns import Column, instant, on, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.formatting import money
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["REFERRALS"]

_FRIEND, _REFERRER = aliased(Customer), aliased(Customer)
_BROUGHT, _CAME = aliased(CustomerCredit), aliased(CustomerCredit)


def _reason(row: Any) -> str:
    return REASONS.get(row.reason, row.reason)


def _given(label: str, name: str) -> Column:
    def value(row: Any) -> str:
        minor = getattr(row, name)
        return str(Money(minor, getattr(row, f"{name}_in"))) if minor is not None else ""

    def show(row: Any) -> str:
        minor = getattr(row, name)
        return money(minor, getattr(row, f"{name}_in")) if minor is not None else "–"

    return Column(label, value, show, "num")


REFERRALS = Listing(
    name="referrals",
    title=marked("Referrals"),
    lead=marked("Customers who came by another customer’s link, and the credit that both got."),
    query=select(
        Referral.id,
        Referral.state,
        Referral.reason,
        Referral.at,
        Referral.due_on,
        Referral.settled_at,
        Referral.customer_id,
        Referral.referrer_id,
        _FRIEND.name.label("friend"),
        _REFERRER.name.label("referrer"),
        _BROUGHT.amount_minor.label("brought"),
        _BROUGHT.currency.label("brought_in"),
        _CAME.amount_minor.label("came"),
        _CAME.currency.label("came_in"),
    )
    .join(_FRIEND, _FRIEND.id == Referral.customer_id)
    .join(_REFERRER, _REFERRER.id == Referral.referrer_id)
    .outerjoin(_BROUGHT, _BROUGHT.id == Referral.referrer_credit_id)
    .outerjoin(_CAME, _CAME.id == Referral.friend_credit_id),
    key=Referral.id,
    columns=(
        text(marked("No."), "id"),
        text(marked("Friend"), "friend", to="customer", key="customer_id"),
        text(marked("Referred by"), "referrer", to="customer", key="referrer_id"),
        instant(marked("Joined"), "at"),
        state(marked("State"), "state"),
        Column(marked("Why"), _reason, lambda row: say(_reason(row)) or "–"),
        on(marked("Due, or final"), "due_on"),
        _given(marked("To who referred"), "brought"),
        _given(marked("To the friend"), "came"),
        instant(marked("Settled"), "settled_at"),
    ),
    choices=(
        Choice("state", marked("State"), Referral.state, tuple(one.value for one in ReferralState)),
        Choice("reason", marked("Why"), Referral.reason, tuple(REASONS)),
    ),
    search=lambda typed: (_FRIEND.email == typed.lower()) | (_REFERRER.email == typed.lower()),
    search_label=marked("E-mail of one of the two"),
    narrow={"customer": Referral.customer_id, "referrer": Referral.referrer_id},
    empty=marked("Turn it on in the seller’s settings, and customers find a link of their own in their area."),
)


@admin.get("/referrals")
@allow("staff")
def referrals() -> ResponseReturnValue:
    return REFERRALS.answer()


class ReferralsForm(Form):
    on = BooleanField(later("Customers can bring friends"))
    rewards = TextAreaField(
        later("Rewards"),
        filters=[stripped],
        validators=[Length(max=2000)],
        description=later(
            "A line for each currency: what who refers gets, then what the friend gets, like EUR 5 5. It is "
            "gifted credit. Where a currency has no line, nothing is given."
        ),
    )
    waiting_days = IntegerField(
        later("Days to wait"), validators=[InputRequired(), NumberRange(0, 365)],
        description=later("After the friend’s first paid invoice."),
    )  # fmt: skip
    back_days = IntegerField(
        later("Days in which it can be taken back"), validators=[InputRequired(), NumberRange(0, 365)],
        description=later("When that payment is refunded or charged back later, what is unspent of the credit goes."),
    )  # fmt: skip
    most_a_month = IntegerField(
        later("Rewards of one customer within 30 days"), validators=[InputRequired(), NumberRange(1, 1000)],
        description=later("Further ones come later."),
    )  # fmt: skip


@admin.route("/sellers/<int:key>/referrals", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def seller_referrals(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Seller, key, "seller")
    now = rules_from(row.referrals)
    form = ReferralsForm(
        data={"on": now.on, "rewards": rewards_text(now.rewards), "waiting_days": now.waiting_days,
              "back_days": now.back_days, "most_a_month": now.most_a_month}
    )  # fmt: skip
    if form.validate_on_submit():
        with form.refusals():
            rules = ReferralRules(
                on=bool(form.on.data),
                rewards=rewards_from(form.rewards.data or ""),
                waiting_days=form.waiting_days.data,
                back_days=form.back_days.data,
                most_a_month=form.most_a_month.data,
            )
            with writing(submit_ctx()) as tx:
                set_referral_rules(tx, key, rules)
            flash(say("Saved."), "good")
            return redirect(url_for("admin.seller_referrals", key=key), 303)
    shown = page(
        "admin/entry.html", form=form, title=say("Friends of the customers of %(name)s", name=row.name),
        back=url_for("admin.seller_invoicing", key=key), section="sellers",
    )  # fmt: skip
    return shown, 422 if form.is_submitted() else 200
