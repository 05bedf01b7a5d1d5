"""What providers sent to the bank, and what staff book of it where the provider sends no message."""

from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy import select
from wtforms import BooleanField, DateField, SelectField, StringField
from wtforms.validators import InputRequired, Optional

from billhead import clock
from billhead.actions.payments.book_payout import book_payout
from billhead.actions.payments.return_payout import return_payout
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.money import Money
from billhead.models.payments import GatewayAccount, Payout
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.plugin_host import tells_payouts
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.columns import Column, amount, code, instant, state, text
from billhead.web.admin.corrections import amount_field
from billhead.web.admin.listing import Choice, Listing
from billhead.web.admin.unassigned import reference_field
from billhead.web.formatting import money
from billhead.web.forms import stripped
from billhead.web.request_context import current_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["PAYOUTS"]


def _return_link(row: Any) -> Markup | str:
    if row.state != "paid" or not row.by_hand or not current_ctx().may("payments.write"):
        return ""
    url = url_for("admin.return_a_payout", key=row.id)
    return Markup('<a href="{}">{}<span class="visually-hidden"> {}</span></a>').format(
        url, say("Return"), row.provider_ref
    )


PAYOUTS = Listing(
    name="payouts",
    title=marked("Payouts"),
    query=select(
        Payout.id,
        GatewayAccount.name.label("account"),
        Payout.provider_ref,
        Payout.state,
        Payout.currency,
        Payout.amount_minor,
        Payout.fee_minor,
        Payout.paid_at,
        Payout.by_hand,
        Payout.returned_because,
    ).join(GatewayAccount, GatewayAccount.id == Payout.account_id),
    key=Payout.id,
    columns=(
        text(marked("Account"), "account"),
        code(marked("Reference"), "provider_ref"),
        state(marked("State"), "state"),
        amount(marked("Amount"), "amount_minor"),
        amount(marked("Fee"), "fee_minor"),
        instant(marked("Left"), "paid_at"),
        text(marked("Why returned"), "returned_because"),
        Column("", lambda _row: "", lambda row: _return_link(row)),
    ),
    choices=(Choice("state", marked("State"), Payout.state, ("paid", "returned")),),
    search=lambda typed: Payout.provider_ref == typed,
    search_label=marked("Reference"),
    empty=marked("Stripe tells of its payouts; those of others are booked here when they have come to the bank."),
)


class PayoutForm(ReasonForm):
    account = SelectField(later("Account"), coerce=int)
    currency = StringField(later("Currency"), filters=[stripped, lambda typed: (typed or "").upper()])
    amount = amount_field(later("Amount that came to the bank"))
    fee = StringField(later("Fee that was kept"), filters=[stripped], validators=[Optional()])
    on = DateField(later("Day"), validators=[InputRequired()], description=later("In the seller’s time zone."))
    reference = reference_field()
    more_than_held = BooleanField(later("Also if it is more than the books say the provider holds"))
    reason = reason_field()


class ReturnForm(ReasonForm):
    on = DateField(later("Day"), validators=[InputRequired()], description=later("In the seller’s time zone."))
    reason = reason_field()


@admin.get("/payouts")
@allow("staff")
def payouts() -> ResponseReturnValue:
    return PAYOUTS.answer(
        add=url_for("admin.book_a_payout"), add_label=say("Book a payout"), add_needs="payments.write"
    )


@admin.route("/payouts/new", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def book_a_payout() -> ResponseReturnValue:
    with reading() as session:
        accounts = session.scalars(select(GatewayAccount).order_by(GatewayAccount.position, GatewayAccount.id)).all()
    form = PayoutForm(on=clock.business_now().date())
    form.account.choices = [(one.id, one.name) for one in accounts if not tells_payouts(one)]
    text = say("It moves so much from clearing, which the provider holds, to cash. The same reference is booked once.")
    question = Question(say("Book a payout"), text, say("Book it"), url_for("admin.payouts"), danger=False)

    def act(ctx: Context, form: Any) -> str:
        came = Money.parse(form.amount.data, form.currency.data)
        fee = Money.parse(form.fee.data, form.currency.data).minor if form.fee.data else 0
        with writing(ctx) as tx:
            done = book_payout(
                tx, form.account.data, came.minor, came.currency, form.reference.data, fee_minor=fee, on=form.on.data,
                more_than_held=form.more_than_held.data,
            )  # fmt: skip
        return say(
            "Booked. By the books the provider holds %(amount)s now.", amount=money(done.held_minor, done.currency)
        )

    return asked(question, form, act)


@admin.route("/payouts/<int:key>/return", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def return_a_payout(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Payout, key, "payout")
        account = session.get_one(GatewayAccount, row.account_id)
        zone = session.get_one(Seller, account.seller_id).zone
    form = ReturnForm(on=clock.today_in(zone))
    out = money(row.amount_minor + row.fee_minor, row.currency)
    text = say(
        "%(reference)s: %(amount)s, its fee included, move back from cash to clearing, which the provider holds.",
        reference=row.provider_ref,
        amount=out,
    )
    question = Question(say("Return a payout"), text, say("Return it"), url_for("admin.payouts"))

    def act(ctx: Context, form: Any) -> str:
        with writing(ctx) as tx:
            done = return_payout(tx, key, on=form.on.data)
        return say(
            "Returned. By the books the provider holds %(amount)s now.", amount=money(done.held_minor, done.currency)
        )

    return asked(question, form, act)
