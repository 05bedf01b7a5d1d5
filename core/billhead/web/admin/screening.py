"""Orders that were screened: the queue of those to be checked, one of them with its reasons, and the lists."""

from collections.abc import Callable
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
from billhead.web.speaking import later, marked, say, say_count

__all__ = ["ENTRIES", "SCREENING"]


def _why(row: Any, told: Callable[[str], str] = str) -> str:
    """Which checks spoke. What they saw (addresses, boxes, mailboxes) is on the order's page, which few may open."""
    return "; ".join(told(CHECKS.get(one["check"], one["check"])) for one in row.reasons)


SCREENING = Listing(
    name="order-screening",
    title=marked("Order screening"),
    lead=marked("Every order of the shop with what the checks said. Those in review wait for you."),
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
        text(marked("Order"), "id", to="screened_order"),
        instant(marked("Ordered"), "ordered_at"),
        text(marked("Customer"), "customer", to="customer", key="customer_id"),
        text(marked("Plan"), "plan"),
        amount(marked("Amount"), "amount_minor"),
        state(marked("State"), "state"),
        number(marked("Score"), "score"),
        Column(marked("Why"), _why, lambda row: _why(row, say) or "–", "clip"),
        text(marked("Decided by"), "decided_by"),
    ),
    choices=(Choice("state", marked("State"), FraudCase.state, tuple(CaseState)),),
    search=lambda typed: Customer.email == typed.lower(),
    search_label="E-mail",
    narrow={"customer": FraudCase.customer_id, "subscription": FraudCase.subscription_id},
    empty=marked("Each order from the shop is written down here with what was known of it."),
)

_LIST_NAMES = {
    "mail": marked("Mailbox"),
    "domain": marked("Mail domain"),
    "network": marked("Address or network"),
    "card": marked("Card (its mark)"),
    "mac": marked("Box (MAC)"),
}

ENTRIES = Listing(
    name="screening-lists",
    title=marked("Allow and deny lists"),
    lead=marked("An order of somebody denied is refused. For somebody allowed the score counts no more."),
    query=select(
        FraudEntry.id,
        FraudEntry.kind,
        FraudEntry.value,
        FraudEntry.allows,
        FraudEntry.reason,
        FraudEntry.ends_at,
        FraudEntry.created_at,
        FraudEntry.created_by,
        Seller.name.label("seller"),
    ).join(Seller, Seller.id == FraudEntry.seller_id),
    key=FraudEntry.id,
    columns=(
        text(marked("Whom"), "value", to="drop_screening_entry", css="clip"),
        Column(marked("Kind"), lambda row: row.kind, lambda row: say(_LIST_NAMES[row.kind])),
        Column(
            marked("List"),
            lambda row: "allow" if row.allows else "deny",
            lambda row: badge("ok", marked("allow")) if row.allows else badge("deny", marked("deny")),
        ),
        instant(marked("Until"), "ends_at"),
        text(marked("Why"), "reason"),
        text(marked("Shop"), "seller"),
        instant(marked("Entered"), "created_at"),
        text(marked("By"), "created_by"),
    ),
    choices=(Choice("kind", marked("Kind"), FraudEntry.kind, LIST_KINDS),),
    search=lambda typed: FraudEntry.value.icontains(typed, autoescape=True),
    search_label=marked("Whom"),
    narrow={"seller": FraudEntry.seller_id},
    empty=marked("Nobody is trusted or refused by name."),
)


@admin.get("/screening")
@allow("staff")
def screening() -> ResponseReturnValue:
    return SCREENING.answer(add=url_for("admin.screening_lists"), add_needs="fraud.review", add_label=say("Lists"))


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
    labels = {**CHECKS, "trial": marked("One trial a person"), **_offered()}
    return page("admin/screened_order.html", case=case, customer=customer, plan=plan, trail=trail, labels=labels)


def _offered() -> dict[str, str]:
    return {f"{plugin}.{check.code}": check.label for plugin, check in plugins().fraud_checks()}


_QUESTIONS = {
    "approve": (
        marked("Approve this order of %(name)s?"),
        marked("It starts as soon as it is paid; if it is paid, now, with the days that it has waited."),
        marked("Approve it"),
    ),
    "refuse": (
        marked("Refuse this order of %(name)s?"),
        marked(
            "It is canceled. What was paid goes back, or becomes credit where nobody can send it. No reason is told."
        ),
        marked("Refuse it"),
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
        told = [say("Approved.") if decision == "approve" else say("Refused.")]
        if done.days:
            given = say_count("%(count)s day of waiting is given.", "%(count)s days of waiting are given.", done.days)
            told.append(given)
        if done.refunded_minor:
            told.append(say("%(money)s go back.", money=money(done.refunded_minor, case.currency)))
        if done.credited_minor:
            told.append(say("%(money)s are the customer's credit.", money=money(done.credited_minor, case.currency)))
        return " ".join(told)

    back = url_for("admin.screened_order", key=key)
    return asked(
        Question(say(title, name=name), say(words), say(button), back, decision == "refuse"), ReasonForm(), act
    )


@admin.get("/screening/lists")
@allow("staff", permission="fraud.review")
def screening_lists() -> ResponseReturnValue:
    add = url_for("admin.new_screening_entry")
    return ENTRIES.answer(add=add, add_needs="fraud.review", add_label=say("Add an entry"), section="screening")


class EntryForm(Form):
    list = SelectField(
        later("List"),
        choices={"deny": later("Deny: their orders are refused"), "allow": later("Allow: the score is passed")},
    )
    kind = SelectField(later("What"), choices={kind: later(name) for kind, name in _LIST_NAMES.items()})
    value = StringField(
        later("Whom"),
        filters=[stripped],
        validators=[DataRequired(later("Say whom.")), Length(max=254)],
        description=later(
            "ada@example.com (each +alias is meant too), example.com, 203.0.113.0/24, 00:1A:79:AA:BB:01."
        ),
        render_kw={"autocomplete": "off"},
    )
    ends = DateField(
        later("Until"), validators=[Optional()], description=later("The last day on which it holds. Empty: for good.")
    )
    reason = StringField(
        later("Reason"),
        filters=[stripped],
        validators=[DataRequired(later("Say why: colleagues read it beside the entry.")), Length(max=500)],
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
            flash(
                say("%(value)s is on the allow list.", value=saved.value)
                if form.list.data == "allow"
                else say("%(value)s is on the deny list.", value=saved.value),
                "good",
            )
            return redirect(url_for("admin.screening_lists"), 303)
    shown = page(
        "admin/entry.html", form=form, title=say("An entry of the lists"), back=url_for("admin.screening_lists"),
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
    words = say("It was entered because: %(reason)s.", reason=row.reason or "–")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            drop_entry(tx, key)
        return say("%(value)s is off the lists.", value=row.value)

    title = (
        say("Take %(value)s off the allow list?", value=row.value)
        if row.allows
        else say("Take %(value)s off the deny list?", value=row.value)
    )
    return asked(Question(title, words, say("Take it off"), url_for("admin.screening_lists")), ReasonForm(), act)


def _count(label: str, hint: str = "", most: int = 10000) -> IntegerField:
    return IntegerField(
        label, validators=[InputRequired(later("A whole number.")), NumberRange(0, most)], description=hint
    )


class ScreeningForm(Form):
    review_from = _count(later("Score from which an order is checked by staff"))
    refuse_from = _count(later("Score from which it is refused at once"))
    unknown_is_review = BooleanField(later("Also check orders of which a check could not say"))
    asked = SelectMultipleField(later("Checks that are asked"), validators=[Optional()])
    window_hours = _count(later("Orders are counted over so many hours"))
    per_address = _count(later("Orders from one address in that time"), later("0: any number, here and below."))
    per_mailbox = _count(later("Orders from one mailbox"))
    per_card = _count(later("Orders with one card"))
    per_phone = _count(later("Orders with one phone number"))
    largest_first = StringField(
        later("Most that a new customer may order"),
        filters=[stripped],
        validators=[Length(max=300)],
        description=later("By currency, like 200 EUR, 220 USD. More is checked by staff, until they have paid once."),
    )
    trial_days = _count(later("Days for which trials are counted by address and network"))
    trials_per_address = _count(later("Trials of one plan from one address"), later("A /64 of IPv6."))
    trials_per_network = _count(later("Trials of one plan from one network"), later("A /24 of IPv4, a /48 of IPv6."))
    seconds = _count(later("Seconds that checks of plugins may take"), most=20)
    keep_days = _count(
        later("Days that addresses and devices are kept"), later("They are personal data: forgotten after that.")
    )

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
    form.asked.choices = [(check, say(label)) for check, label in checks.items()]
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                set_fraud_rules(tx, key, form.rules(set(checks)))
            flash(say("Saved."), "good")
            return redirect(url_for("admin.seller_screening", key=key), 303)
    answer = page(
        "admin/entry.html", form=form, title=say("Screening of orders of %(name)s", name=row.name),
        back=url_for("admin.seller_invoicing", key=key), section="sellers",
    )  # fmt: skip
    return answer, 422 if form.is_submitted() else 200
