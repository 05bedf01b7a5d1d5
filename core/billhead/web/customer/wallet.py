"""Credit: what is there, what came and went, buying more, and what happens by itself when it falls."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import IntegerField, SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional

from billhead.actions.credits._charged_back import charged_back_debt, lent_debt
from billhead.actions.credits._history import Movement, credit_history
from billhead.actions.credits._lending import lent_to, room
from billhead.actions.credits._top_up import WHY_STOPPED, last_day_to_pay, terms_of, waiting_orders
from billhead.actions.credits._usable import usable_credit
from billhead.actions.credits.buy_credit import buy_credit
from billhead.actions.credits.set_wallet import MOST_A_DAY, MOST_A_MONTH, WalletWish, set_wallet
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.domain.rights import BUYERS
from billhead.domain.top_ups import TopUpTerms
from billhead.models.credits import CustomerWallet
from billhead.models.documents import Document
from billhead.models.payments import PaymentMethod
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.csv_export import csv_response
from billhead.web.customer.blueprint import customer
from billhead.web.formatting import money, percent
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.paging import page_in
from billhead.web.request_context import current_customer_id, submit_ctx
from billhead.web.speaking import later, marked, say

__all__: list[str] = []

_COLUMNS = (
    marked("Day"), marked("What"), marked("About"), marked("Currency"), marked("Amount"), marked("Left"),
)  # fmt: skip


def _amount(label: str, hint: str = "") -> StringField:
    return StringField(
        label,
        filters=[stripped],
        validators=[Length(max=20)],
        description=hint,
        render_kw={"inputmode": "decimal", "autocomplete": "off"},
    )


class BuyForm(Form):
    amount = _amount(later("Amount"))


class AlertForm(Form):
    alert_below_minor = _amount(later("Write to me when it falls below"), later("Once each time. Empty: no mail."))


class WalletForm(AlertForm):
    """Where the shop tops up by itself, and there is a method to charge."""

    top_up_below_minor = _amount(
        later("Top up by itself when it falls below"), later("Empty: it is not topped up by itself.")
    )
    top_up_every = SelectField(
        later("Top up in any case"),
        choices=lambda: [("", say("never")), ("1 week", say("every week")), ("1 month", say("every month"))],
        default="",
    )
    fill_up = SelectField(
        later("Top up"), choices=lambda: [("", say("by this amount")), ("1", say("up to this amount"))], default=""
    )
    top_up_minor = _amount(later("Amount"), later("Charged to the payment method that is used for renewals."))
    most_a_day = IntegerField(
        later("At most so often in 24 hours"), validators=[Optional(), NumberRange(1, MOST_A_DAY)], default=1
    )
    most_a_month = IntegerField(
        later("At most so often in 30 days"), validators=[Optional(), NumberRange(1, MOST_A_MONTH)], default=4
    )


@customer.get("/credit")
@allow(*BUYERS, permission="own.invoices")
def credit() -> ResponseReturnValue:
    if request.args.get("format") == "csv":
        with reading() as session:
            history = credit_history(session, current_customer_id())
        return csv_response("credit", [say(head) for head in _COLUMNS], map(_in_csv, history))
    return _shown(BuyForm(), None)


@customer.post("/credit/buy")
@allow(*BUYERS, permission="own.pay")
def buy_more_credit() -> ResponseReturnValue:
    """One of the amounts that are offered, or another; then it is paid like everything else, or is there at once."""
    form = BuyForm()
    typed = request.form.get("choice") or form.amount.data or ""
    if form.validate_on_submit():
        with form.refusals():
            me = _me()
            amount = Money.parse(typed.replace(",", "."), me.currency) if typed else None
            if amount is None:
                raise InvalidInput("amount", say("choose an amount, or write one"))
            with writing(submit_ctx()) as tx:
                ordered = buy_credit(tx, me.id, amount)
            if ordered.lent_minor:
                flash(say("%(amount)s is there.", amount=money(ordered.lent_minor, me.currency)), "good")
                return redirect(url_for("customer.credit"), 303)
            return redirect(url_for("storefront.pay", document_id=ordered.document_id), 303)
    return _shown(form, None, 422)


@customer.post("/credit/rules")
@allow(*BUYERS, permission="own.methods")
def credit_rules() -> ResponseReturnValue:
    me = _me()
    with reading() as session:
        form = WalletForm() if _terms(session, me) and _method(session, me.id) else AlertForm()
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                set_wallet(tx, me.id, _wish(form, me.currency))
            flash(say("Saved."), "good")
            return redirect(url_for("customer.credit"), 303)
    return _shown(BuyForm(formdata=None), form, 422)


def _in_csv(one: Movement) -> tuple[object, ...]:
    amounts = (Money(minor, one.currency).decimal() for minor in (one.minor, one.balance_minor))
    return one.day.isoformat(), say(one.what), one.about, one.currency, *amounts


def _me() -> Customer:
    with reading() as session:
        return session.get_one(Customer, current_customer_id())


def _wish(form: AlertForm, currency: str) -> WalletWish:
    def minor(name: str) -> int:
        typed = form[name].data
        try:
            return Money.parse(typed.replace(",", "."), currency).minor if typed else 0
        except InvalidInput as refused:
            raise InvalidInput(name, refused.why) from refused

    if not isinstance(form, WalletForm):
        return WalletWish(minor("alert_below_minor"))
    wish = WalletWish(
        minor("alert_below_minor"),
        minor("top_up_below_minor"),
        minor("top_up_minor"),
        form.most_a_day.data or 1,
        form.most_a_month.data or 1,
        bool(form.fill_up.data),
        form.top_up_every.data or "",
    )
    if (wish.top_up_below_minor or wish.top_up_every) and not wish.top_up_minor:
        raise InvalidInput("top_up_minor", say("say by how much"))
    return wish


def _shown(buying: BuyForm, rules: AlertForm | None, status: int = 200) -> ResponseReturnValue:
    with reading() as session:
        me = session.get_one(Customer, current_customer_id())
        history = credit_history(session, me.id)
        currencies = sorted({me.currency, *(one.currency for one in history)})
        missing = {currency: charged_back_debt(session, me.id, currency) for currency in currencies}
        unpaid = {currency: lent_debt(session, me.id, currency) for currency in currencies}
        usable = [usable_credit(session, me, currency) - Money(missing[currency], currency) for currency in currencies]
        terms = _terms(session, me)
        lent = lent_to(session, me.id)
        replaced = [one for one in lent if one.gives_way]
        at_once = room(session, me, [one.document_id for one in replaced]) if terms else 0
        seller = session.get_one(Seller, me.seller_id)
        wallet = session.get(CustomerWallet, me.id)
        method = _method(session, me.id) if terms else None
        at_once_already = {one.document_id for one in lent}
        ordered = session.scalars(waiting_orders(me.id).order_by(Document.id.desc()))
        waiting = [one for one in ordered if one.id not in at_once_already]
    shown = {
        "usable": usable,
        "history": page_in(history),
        "missing": {currency: minor - unpaid[currency] for currency, minor in missing.items()},
        "unpaid": unpaid,
        "lent": lent,
        "replaced": replaced,
        "at_once": at_once if terms and at_once >= terms.least else 0,
        "pay_by": last_day_to_pay(seller),
        "terms": terms,
        "method": method,
        "waiting": waiting,
        "me": me,
    }
    form = rules or WalletForm(formdata=None, data=_as_typed(wallet, me.currency))
    stopped = WHY_STOPPED.get(wallet.stopped_because, "") if wallet else ""
    return page(
        "customer/credit.html",
        **shown,
        buying=buying,
        rules=form,
        stopped=stopped,
        offered=_offered(terms, me),
        bonuses=_bonuses(terms, me),
    ), status


def _terms(session: Session, me: Customer) -> TopUpTerms | None:
    return terms_of(session.get_one(Seller, me.seller_id), me.currency)


def _method(session: Session, customer_id: int) -> PaymentMethod | None:
    mine = PaymentMethod.customer_id == customer_id, PaymentMethod.usable, PaymentMethod.is_default
    return session.scalar(select(PaymentMethod).where(*mine).limit(1))


def _offered(terms: TopUpTerms | None, me: Customer) -> list[tuple[str, int, int]]:
    """(what the button sends, minor units, and what comes on top)"""
    amounts = [Money(minor, me.currency) for minor in terms.offered] if terms else []
    return [(str(one.decimal()), one.minor, terms.bonus(one).minor) for one in amounts if terms]


def _bonuses(terms: TopUpTerms | None, me: Customer) -> list[tuple[int, str]]:
    """(from so many minor units on, what comes on top)"""
    return [
        (one.since, percent(one.points * 100) if one.points else money(one.minor, me.currency))
        for one in sorted(terms.bonuses if terms else (), key=lambda one: one.since)
    ]


def _as_typed(wallet: CustomerWallet | None, currency: str) -> dict[str, Any]:
    if wallet is None:
        return {}
    amounts = {name: getattr(wallet, name) for name in ("alert_below_minor", "top_up_below_minor", "top_up_minor")}
    often = {name: getattr(wallet, name) for name in ("most_a_day", "most_a_month", "top_up_every")}
    often["fill_up"] = "1" if wallet.fill_up else ""
    return {name: str(Money(minor, currency).decimal()) if minor else "" for name, minor in amounts.items()} | often
