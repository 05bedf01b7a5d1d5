"""Orders that were screened: the queue of those to be checked, one of them with its reasons, and the lists."""

from datetime import date, datetime, timedelta
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.exceptions import NotFound as NoSuchPage
from wtforms import BooleanField, DateField, IntegerField, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from billhead.actions.fraud.decide_case import DECISIONS, decide_case
from billhead.actions.fraud.drop_entry import drop_entry
from billhead.actions.fraud.save_entry import ListEntry, save_entry
from billhead.actions.sellers.set_fraud_rules import set_fraud_rules
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.domain.fraud import CHECKS, LIST_KINDS, CaseState, FraudRules, rules_from
from billhead.domain.money import Money
from billhead.domain.periods import start_of_day
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Plan
from billhead.models.fraud import FraudCase, FraudEntry
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.plugin_host import plugins
from billhead.web.admin.area import admin, found, own_seller_id, staff_zone, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, amount, badge, instant, number, state, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.formatting import money
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx

__all__ = ["ENTRIES", "SCREENING"]


def _why(row: Any) -> str:
    """Which checks spoke. What they saw (addresses, boxes, mailboxes) is on the order's page, which few may open."""
    return "; ".join(CHECKS.get(one["check"], one["check"]) for one in row.reasons)


SCREENING = Listing(
    name="order-screening",
    title="Order screening",
    lead="Every order of the shop with what the checks said. Those in review wait for you.",
    query=select(
        FraudCase.id,
        FraudCase.state,
        FraudCase.score,
        FraudCase.reasons,
        FraudCase.plan,
        FraudCase.amount_minor,
        FraudCase.currency,
        FraudCase.ordered_at,
        FraudCase.decided_by,
        Customer.id.label("customer_id"),
        Customer.name.label("customer"),
    ).join(Customer, Customer.id == FraudCase.customer_id),
    key=FraudCase.id,
    columns=(
        text("Order", "id", to="screened_order"),
        instant("Ordered", "ordered_at"),
        text("Customer", "customer", to="customer", key="customer_id"),
        text("Plan", "plan"),
        amount("Amount", "amount_minor"),
        state("State", "state"),
        number("Score", "score"),
        Column("Why", _why, lambda row: _why(row) or "–", "clip"),
        text("Decided by", "decided_by"),
    ),
    choices=(Choice("state", "State", FraudCase.state, tuple(CaseState)),),
    search=lambda typed: Customer.email == typed.lower(),
    search_label="E-mail",
    narrow={"customer": FraudCase.customer_id, "subscription": FraudCase.subscription_id},
    empty="Each order from the shop is written down here with what was known of it.",
)

_LIST_NAMES = {
    "mail": "Mailbox",
    "domain": "Mail domain",
    "network": "Address or network",
    "card": "Card (its mark)",
    "mac": "Box (MAC)",
}

ENTRIES = Listing(
    name="screening-lists",
    title="Allow and deny lists",
    lead="An order of somebody denied is refused. For somebody allowed the score counts no more.",
    query=select(
        FraudEntry.id,
        FraudEntry.kind,
        FraudEntry.value,
        FraudEntry.allows,
        FraudEntry.reason,
        FraudEntry.ends_at,
        FraudEntry.created_at,
        Seller.name.label("seller"),
    ).join(Seller, Seller.id == FraudEntry.seller_id),
    key=FraudEntry.id,
    columns=(
        text("Whom", "value", to="drop_screening_entry", css="clip"),
        Column("Kind", lambda row: row.kind, lambda row: _LIST_NAMES[row.kind]),
        Column(
            "List",
            lambda row: "allow" if row.allows else "deny",
            lambda row: badge("ok", "allow") if row.allows else badge("deny", "deny"),
        ),
        instant("Until", "ends_at"),
        text("Why", "reason"),
        text("Shop", "seller"),
        instant("Entered", "created_at"),
    ),
    choices=(Choice("kind", "Kind", FraudEntry.kind, LIST_KINDS),),
    search=lambda typed: FraudEntry.value.icontains(typed, autoescape=True),
    search_label="Whom",
    narrow={"seller": FraudEntry.seller_id},
    empty="Nobody is trusted or refused by name.",
)


@admin.get("/screening")
@allow("staff")
def screening() -> ResponseReturnValue:
    return SCREENING.answer(add=url_for("admin.screening_lists"), add_needs="fraud.review", add_label="Lists")


@admin.get("/screening/<int:key>")
@allow("staff", permission="fraud.review")
def screened_order(key: int) -> ResponseReturnValue:
    """With whole addresses: it needs the permission to decide."""
    with reading() as session:
        case = found(session, FraudCase, key, "order")
        customer = session.get_one(Customer, case.customer_id)
        plan = session.scalar(select(Plan).where(Plan.seller_id == case.seller_id, Plan.code == case.plan))
        subjects = [f"fraud_case:{case.id}"]
        if case.subscription_id is not None:
            subjects.append(f"subscription:{case.subscription_id}")
        trail = trail_of(session, *subjects)
    labels = {**CHECKS, "trial": "One trial a person", **_offered()}
    return page("admin/screened_order.html", case=case, customer=customer, plan=plan, trail=trail, labels=labels)


def _offered() -> dict[str, str]:
    return {f"{plugin}.{check.code}": check.label for plugin, check in plugins().fraud_checks()}


_QUESTIONS = {
    "approve": (
        "Approve this order of {}?",
        "It starts as soon as it is paid; if it is paid, now, with the days that it has waited.",
        "Approve it",
    ),
    "refuse": (
        "Refuse this order of {}?",
        "It is canceled. What was paid goes back, or becomes credit where nobody can send it. No reason is told.",
        "Refuse it",
    ),
}


@admin.route("/screening/<int:key>/<decision>", methods=["GET", "POST"])
@allow("staff", permission="fraud.review")
def decide_order(key: int, decision: str) -> ResponseReturnValue:
    if decision not in DECISIONS:
        raise NoSuchPage
    with reading() as session:
        case = found(session, FraudCase, key, "order")
        name = session.get_one(Customer, case.customer_id).name
    title, words, button = _QUESTIONS[decision]

    def act(ctx: Context, form: ReasonForm) -> str:
        with writing(ctx) as tx:
            done = decide_case(tx, key, decision, form.reason.data or "")
        told = ["Approved." if decision == "approve" else "Refused."]
        if done.days:
            told.append(f"{done.days} day{'s' if done.days > 1 else ''} of waiting are given.")
        if done.refunded_minor:
            told.append(f"{money(done.refunded_minor, case.currency)} go back.")
        if done.credited_minor:
            told.append(f"{money(done.credited_minor, case.currency)} are the customer's credit.")
        return " ".join(told)

    back = url_for("admin.screened_order", key=key)
    return asked(Question(title.format(name), words, button, back, decision == "refuse"), ReasonForm(), act)


@admin.get("/screening/lists")
@allow("staff", permission="fraud.review")
def screening_lists() -> ResponseReturnValue:
    add = url_for("admin.new_screening_entry")
    return ENTRIES.answer(add=add, add_needs="fraud.review", add_label="Add an entry", section="screening")


class EntryForm(Form):
    list = SelectField(
        "List", choices={"deny": "Deny: their orders are refused", "allow": "Allow: the score is passed"}
    )
    kind = SelectField("What", choices=_LIST_NAMES)
    value = StringField(
        "Whom",
        filters=[stripped],
        validators=[DataRequired("Say whom."), Length(max=254)],
        description="ada@example.com (each +alias is meant too), example.com, 203.0.113.0/24, 00:1A:79:AA:BB:01.",
        render_kw={"autocomplete": "off"},
    )
    ends = DateField("Until", validators=[Optional()], description="The last day on which it holds. Empty: for good.")
    reason = StringField(
        "Reason",
        filters=[stripped],
        validators=[DataRequired("Say why: colleagues read it beside the entry."), Length(max=500)],
        render_kw={"autocomplete": "off"},
    )

    def entry(self) -> ListEntry:
        return ListEntry(self.kind.data, self.value.data or "", self.list.data == "allow", self.reason.data or "",
                         _end_of(self.ends.data))  # fmt: skip


def _end_of(last: date | None) -> datetime | None:
    return start_of_day(last + timedelta(days=1), staff_zone()) if last else None


@admin.route("/screening/lists/new", methods=["GET", "POST"])
@allow("staff", permission="fraud.review")
def new_screening_entry() -> ResponseReturnValue:
    """`?case=7&kind=card` fills in what the order had, and the entry is its shop's."""
    case = _case(request.args.get("case", ""))
    form = EntryForm(data=_proposed(case, request.args.get("kind", "")))
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                saved = save_entry(tx, case.seller_id if case else own_seller_id(), form.entry())
            flash(f"{saved.value} is on the {form.list.data} list.", "good")
            return redirect(url_for("admin.screening_lists"), 303)
    shown = page(
        "admin/entry.html", form=form, title="An entry of the lists", back=url_for("admin.screening_lists"),
        section="screening",
    )  # fmt: skip
    return shown, 422 if form.is_submitted() else 200


def _case(key: str) -> FraudCase | None:
    number = whole_number(key)
    if number is None:
        return None
    with reading() as session:
        return session.get(FraudCase, number)


def _proposed(case: FraudCase | None, kind: str) -> dict[str, str]:
    if case is None or kind not in LIST_KINDS:
        return {}
    domain = case.mailbox.rpartition("@")[2]
    values = {"mail": case.mailbox, "domain": domain, "network": case.address, "card": case.card, "mac": case.mac}
    return {"kind": kind, "value": values[kind]}


@admin.route("/screening/lists/<int:key>/drop", methods=["GET", "POST"])
@allow("staff", permission="fraud.review")
def drop_screening_entry(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, FraudEntry, key, "entry")
    words = f"It was entered because: {row.reason or '–'}."

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            drop_entry(tx, key)
        return f"{row.value} is off the lists."

    title = f"Take {row.value} off the {'allow' if row.allows else 'deny'} list?"
    return asked(Question(title, words, "Take it off", url_for("admin.screening_lists")), ReasonForm(), act)


def _count(label: str, hint: str = "", most: int = 10000) -> IntegerField:
    return IntegerField(label, validators=[InputRequired("A whole number."), NumberRange(0, most)], description=hint)


class ScreeningForm(Form):
    review_from = _count("Score from which an order is checked by staff")
    refuse_from = _count("Score from which it is refused at once")
    unknown_is_review = BooleanField("Also check orders of which a check could not say")
    asked = SelectMultipleField("Checks that are asked", validators=[Optional()])
    window_hours = _count("Orders are counted over so many hours")
    per_address = _count("Orders from one address in that time", "0: any number, here and below.")
    per_mailbox = _count("Orders from one mailbox")
    per_card = _count("Orders with one card")
    per_phone = _count("Orders with one phone number")
    largest_first = StringField(
        "Most that a new customer may order",
        filters=[stripped],
        validators=[Length(max=300)],
        description="By currency, like 200 EUR, 220 USD. More is checked by staff, until they have paid once.",
    )
    trial_days = _count("Days for which trials are counted by address and network")
    trials_per_address = _count("Trials of one plan from one address", "A /64 of IPv6.")
    trials_per_network = _count("Trials of one plan from one network", "A /24 of IPv4, a /48 of IPv6.")
    seconds = _count("Seconds that checks of plugins may take", most=20)
    keep_days = _count("Days that addresses and devices are kept", "They are personal data: forgotten after that.")

    def rules(self, known: set[str]) -> FraudRules:
        names = set(FraudRules.__dataclass_fields__) - {"off", "largest_first", "unknown_is_review"}
        return FraudRules(
            **{name: self[name].data for name in names},
            off=tuple(sorted(known - set(self.asked.data or ()))),
            largest_first=_amounts(self.largest_first.data or ""),
            unknown_is_review=bool(self.unknown_is_review.data),
        )


def _amounts(typed: str) -> dict[str, int]:
    found_: dict[str, int] = {}
    for part in filter(None, (one.strip() for one in typed.split(","))):
        number_, _, currency = part.partition(" ")
        try:
            amount_ = Money.parse(number_, currency.strip().upper())
        except InvalidInput as wrong:
            raise InvalidInput("largest_first", f"{part!r} is not an amount like 200 EUR") from wrong
        found_[amount_.currency] = amount_.minor
    return found_


@admin.route("/sellers/<int:key>/screening", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def seller_screening(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Seller, key, "seller")
    rules, checks = rules_from(row.fraud), {**CHECKS, **_offered()}
    shown = rules.stored() | {
        "asked": [code for code in checks if code not in rules.off],
        "largest_first": ", ".join(
            f"{Money(minor, code).decimal()} {code}" for code, minor in rules.largest_first.items()
        ),
    }
    form = ScreeningForm(data=shown)
    form.asked.choices = list(checks.items())
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                set_fraud_rules(tx, key, form.rules(set(checks)))
            flash("Saved.", "good")
            return redirect(url_for("admin.seller_screening", key=key), 303)
    answer = page(
        "admin/entry.html", form=form, title=f"Screening of orders of {row.name}",
        back=url_for("admin.seller_invoicing", key=key), section="sellers",
    )  # fmt: skip
    return answer, 422 if form.is_submitted() else 200
