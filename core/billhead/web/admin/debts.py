"""About one debtor: a promise taken by phone, credit given, lent, spent and taken back, a late fee let off."""

from datetime import date

from flask import url_for
from flask.typing import ResponseReturnValue
from wtforms import DateField, StringField
from wtforms.validators import DataRequired, InputRequired
from wtforms.validators import Optional as MayBeEmpty

from billhead.actions.credits._top_up import WHY_STOPPED
from billhead.actions.credits._usable import usable_credit
from billhead.actions.credits.grant_credit import grant_credit
from billhead.actions.credits.pay_with_credit import pay_with_credit
from billhead.actions.credits.stop_top_up import stop_top_up
from billhead.actions.credits.take_credit import take_credit
from billhead.actions.credits.trust_customer import trust_customer
from billhead.actions.dunning.promise_payment import preview_promise, promise_payment
from billhead.actions.dunning.waive_late_fee import waive_late_fee
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict
from billhead.domain.money import Money
from billhead.models.credits import CustomerWallet
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.plugin import allow
from billhead.web.admin.area import admin, found
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.formatting import day_in_words, money, paper_name
from billhead.web.forms import stripped
from billhead.web.request_context import current_ctx
from billhead.web.speaking import later, say

__all__ = ["top_up_told"]


_IN_DIGITS = later("Digits with a dot for decimals, in the customer’s currency.")


def _amount_field(hint: str = _IN_DIGITS) -> StringField:
    return StringField(
        later("Amount"),
        filters=[stripped],
        validators=[DataRequired(later("How much?"))],
        description=hint,
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )


class GiveForm(ReasonForm):
    amount = _amount_field()
    expires_on = DateField(
        later("Can be used until"),
        validators=[MayBeEmpty()],
        description=later("The first day on which it can’t; empty: no end."),
    )
    reason = reason_field()


class TakeForm(ReasonForm):
    amount = _amount_field()
    reason = reason_field()


class TrustForm(ReasonForm):
    amount = _amount_field(later("In the customer’s currency. 0: all of it waits for its payment."))
    reason = reason_field()


@admin.route("/customers/<int:key>/credit", methods=["GET", "POST"])
@allow("staff", permission="credits.write")
def give_credit(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")

    def act(ctx: Context, form: GiveForm) -> str:
        amount = Money.parse(form.amount.data, row.currency)
        with writing(ctx) as tx:
            given = grant_credit(tx, key, amount, form.reason.data, form.expires_on.data)
        left = money(given.remaining_minor, row.currency)
        return say(
            "%(amount)s given; %(left)s of it is left after what was owed.",
            amount=money(amount.minor, row.currency),
            left=left,
        )

    question = Question(
        say("Give credit to %(name)s", name=row.name),
        say("It pays open invoices at once and those to come, before any card. The customer sees it with the reason."),
        say("Give it"),
        url_for("admin.customer", key=key),
        danger=False,
    )
    return asked(question, GiveForm(), act)


@admin.route("/documents/<int:key>/credit", methods=["GET", "POST"])
@allow("staff", permission="payments.write")
def credit_pays(key: int) -> ResponseReturnValue:
    """As customers do it themselves: an order or renewal whole, an invoice as far as credit goes."""
    with reading() as session:
        row = found(session, Document, key, "document")
        customer = session.get_one(Customer, row.customer_id)
        there = usable_credit(session, customer, row.currency)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            paid = pay_with_credit(tx, key)
        return say("%(amount)s paid from credit.", amount=money(paid.paid_minor, row.currency))

    name = paper_name(row)
    text = say(
        "%(amount)s is open on it, and %(name)s has %(credit)s of credit. An order or renewal "
        "takes its whole amount, or nothing is paid.",
        amount=money(row.total_minor - row.settled_minor, row.currency),
        name=customer.name,
        credit=money(there.minor, row.currency),
    )
    question = Question(
        say("Pay %(name)s from credit?", name=name),
        text,
        say("Pay it"),
        url_for("admin.document", key=key),
        danger=False,
    )
    return asked(question, ReasonForm(), act)


@admin.route("/customers/<int:key>/credit/take", methods=["GET", "POST"])
@allow("staff", permission="credits.write")
def take_back_credit(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")

    def act(ctx: Context, form: TakeForm) -> str:
        amount = Money.parse(form.amount.data, row.currency)
        with writing(ctx) as tx:
            take_credit(tx, key, amount)
        return say("%(amount)s taken back.", amount=money(amount.minor, row.currency))

    question = Question(
        say("Take credit back from %(name)s?", name=row.name),
        say("Only what was given and not spent can be taken back. What the customer has paid for is refunded instead."),
        say("Take it back"),
        url_for("admin.customer", key=key),
    )
    return asked(question, TakeForm(), act)


@admin.route("/customers/<int:key>/credit/at-once", methods=["GET", "POST"])
@allow("staff", permission="credits.write")
def credit_at_once(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")

    def act(ctx: Context, form: TrustForm) -> str:
        up_to = Money.parse(form.amount.data, row.currency)
        with writing(ctx) as tx:
            trust_customer(tx, key, up_to)
        return say("Saved. Up to %(amount)s is there at once.", amount=money(up_to.minor, row.currency))

    question = Question(
        say("Credit at once for %(name)s", name=row.name),
        say(
            "What the customer buys of credit up to this amount, all orders that are not paid together, is there before"
            " its payment. What is not paid by its day is taken back, and what was spent of it is owed."
        ),
        say("Save"),
        url_for("admin.customer", key=key),
        danger=False,
    )
    now = f"{Money(row.credit_at_once_minor, row.currency).decimal():f}"
    return asked(question, TrustForm(amount=now), act)


@admin.route("/customers/<int:key>/credit/stop-top-up", methods=["GET", "POST"])
@allow("staff", permission="credits.write")
def stop_top_ups(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Customer, key, "customer")
        wallet = session.get(CustomerWallet, key)

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            stop_top_up(tx, key)
        return say("Stopped. The customer is told.")

    question = Question(
        say("Stop topping up the credit of %(name)s?", name=row.name),
        say(
            "It is topped up %(how)s. An order of it that nobody was charged for is void; a charge that is under way"
            " goes on. The customer can turn it on again.",
            how=top_up_told(wallet, row.currency) or "–",
        ),
        say("Stop it"),
        url_for("admin.customer", key=key),
    )
    return asked(question, ReasonForm(), act)


def top_up_told(wallet: CustomerWallet | None, currency: str) -> str:
    """How credit is topped up by itself, "" where it is not."""
    if wallet is None or not wallet.top_up_minor:
        return ""
    amount = money(wallet.top_up_minor, currency)
    told = [say("up to %(amount)s", amount=amount) if wallet.fill_up else say("by %(amount)s", amount=amount)]
    if wallet.top_up_below_minor:
        told.append(say("when it falls below %(amount)s", amount=money(wallet.top_up_below_minor, currency)))
    if wallet.top_up_every:
        told.append(say("every week") if wallet.top_up_every == "1 week" else say("every month"))
    if wallet.stopped_because:
        told.append(say("stopped: %(why)s", why=say(WHY_STOPPED.get(wallet.stopped_because, ""))))
    return ", ".join(told)


class StaffPromiseForm(ReasonForm):
    day = DateField(later("Pays by"), validators=[InputRequired(later("Name the day."))])
    reason = reason_field()


@admin.route("/subscriptions/<int:key>/promise", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def take_promise(key: int) -> ResponseReturnValue:
    with reading() as session:
        offer = preview_promise(Tx(current_ctx(), session), key)
    if offer.standing is not None or offer.refusal:
        standing = day_in_words(offer.standing) if offer.standing else ""
        raise Conflict(offer.refusal or say("payment by %(standing)s is promised already", standing=standing))
    owed = money(offer.owed.minor, offer.owed.currency)
    again = " " + say("What debt has stopped runs again until then.") if offer.restores else ""
    question = Question(
        say("Take a promise to pay"),
        say(
            "%(owed)s is overdue. The stages stand still until the day, at the latest %(latest)s.",
            owed=owed,
            latest=day_in_words(offer.latest),
        )
        + again,
        say("Take it"),
        url_for("admin.subscription", key=key),
        danger=False,
    )

    def act(ctx: Context, form: StaffPromiseForm) -> str:
        with writing(ctx) as tx:
            made = promise_payment(tx, key, form.day.data)
        return say("Promised: %(owed)s by %(day)s.", owed=owed, day=day_in_words(date.fromisoformat(made.day)))

    return asked(question, StaffPromiseForm(data={"day": offer.latest}), act)


@admin.route("/documents/<int:key>/waive-fee", methods=["GET", "POST"])
@allow("staff", permission="money.correct")
def waive_fee(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Document, key, "document")

    def act(ctx: Context, form: ReasonForm) -> str:
        with writing(ctx) as tx:
            waive_late_fee(tx, key, reason=form.reason.data)
        return say("%(number_text)s is let off.", number_text=row.number_text)

    question = Question(
        say("Let the late fee %(number_text)s off?", number_text=row.number_text),
        say(
            "The invoice over %(amount)s is void, and its stage charges no other.",
            amount=money(row.total_minor, row.currency),
        ),
        say("Let it off"),
        url_for("admin.document", key=key),
    )
    return asked(question, ReasonForm(), act)
