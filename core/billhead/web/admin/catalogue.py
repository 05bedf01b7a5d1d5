"""Plans with their prices, and taking a plan out of the shop."""

from collections import defaultdict
from datetime import datetime

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from wtforms import StringField

from billhead import clock
from billhead.actions.catalogue._customers_say import hold_rules
from billhead.actions.catalogue.retire_plan import retire_plan
from billhead.actions.catalogue.set_lead_days import set_lead_days
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.domain.periods import Term
from billhead.domain.regions import Regions
from billhead.models.catalogue import Bouquet, Plan, PlanBouquet, Price, PriceBook
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked, reason_field
from billhead.web.admin.columns import Column, badge, code, number, text, word
from billhead.web.admin.listing import Choice, Listing
from billhead.web.admin.package_orders import a_credit, newest_orders
from billhead.web.admin.plan_forms import CHANGES, HOLD_WAYS, MONEY_BACK, OPEN_INVOICES
from billhead.web.affected import of_plan
from billhead.web.forms import stripped
from billhead.web.pages import page
from billhead.web.request_context import current_ctx
from billhead.web.speaking import later, marked, say
from billhead.web.usage import priced_usage

__all__ = ["PLANS"]

_subscribers = (
    select(func.count())
    .select_from(Subscription)
    .where(Subscription.plan_id == Plan.id, Subscription.state.not_in(["canceled", "expired", "pending"]))
    .scalar_subquery()
)

PLANS = Listing(
    name="plans",
    title=marked("Catalogue"),
    query=select(
        Plan.id,
        Plan.name,
        Plan.code,
        Plan.kind,
        Plan.connections,
        Plan.listed,
        Plan.retired,
        _subscribers.label("subscriptions"),
    ),
    key=Plan.id,
    columns=(
        text(marked("Plan"), "name", to="plan"),
        code(marked("Code"), "code"),
        word(marked("Kind"), "kind"),
        number(marked("Connections"), "connections"),
        Column(
            marked("Sold"),
            lambda row: "no" if row.retired else "yes" if row.listed else "by link",
            lambda row: (
                badge("", marked("retired"))
                if row.retired
                else badge("ok", marked("sold"))
                if row.listed
                else badge("", marked("not listed"))
            ),
        ),
        number(marked("Running subscriptions"), "subscriptions"),
    ),
    choices=(
        Choice(
            "kind",
            marked("Kind"),
            Plan.kind,
            ("stream", "mag", "paired", "enigma2", "bundle", "bouquet", "connection", "ppv", "rental", "device",
             "reseller", "super_reseller", "credit_package"),
        ),
    ),
    search=lambda typed: Plan.name.icontains(typed, autoescape=True) | Plan.code.icontains(typed, autoescape=True),
    search_label=marked("Name or code"),
    empty=marked("Add a plan here, or take in a catalogue file."),
)  # fmt: skip


@admin.get("/catalogue")
@allow("staff")
def catalogue() -> ResponseReturnValue:
    more: tuple[tuple[str, str, str], ...] = (
        (say("Add an event"), url_for("admin.new_single_sale"), "catalogue.write"),
        (say("Add a rental"), url_for("admin.new_single_sale", kind="rental"), "catalogue.write"),
        (say("What is counted"), url_for("admin.metrics"), "catalogue.write"),
    )
    if all(current_ctx().may(needed) for needed in ("sellers.write", "panels.write")):
        more += ((say("Take in a file"), url_for("admin.take_in_catalogue"), "catalogue.write"),)
    return PLANS.answer(
        add=url_for("admin.new_plan"), add_label=say("Add a plan"), add_needs="catalogue.write", acts=more
    )


@admin.get("/catalogue/<int:key>")
@allow("staff")
def plan(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Plan, key, "plan")
        prices = session.execute(
            select(Price, PriceBook)
            .join(PriceBook, PriceBook.id == Price.book_id)
            .where(Price.plan_id == key)
            .order_by(PriceBook.currency, PriceBook.code, Price.amount_minor, Price.version.desc())
        ).all()
        bouquets = session.scalars(
            select(Bouquet.name)
            .join(PlanBouquet, PlanBouquet.bouquet_id == Bouquet.id)
            .where(PlanBouquet.plan_id == key)
            .order_by(Bouquet.name)
        ).all()
        metered = priced_usage(session, [price.id for price, _ in prices])
        trail = trail_of(session, f"plan:{key}")
        orders, more_orders = newest_orders(session, key) if row.kind == "credit_package" else ((), False)
    books: dict[PriceBook, list[Price]] = defaultdict(list)
    for price, book in prices:
        books[book].append(price)
    today = clock.latest_today()
    sold_now = {
        (price.book_id, price.term): price.id
        for price, _ in reversed(prices)
        if price.withdrawn_on is None and (price.valid_until is None or price.valid_until > today)
    }
    sold = Regions.of(row.country_rule, row.countries).told()
    hold = hold_rules(row.details)
    shown = {
        "plan": row, "orders": orders, "more_orders": more_orders,
        "books": books, "bouquets": bouquets, "metered": metered, "trail": trail, "sold": sold,
        "money_back": MONEY_BACK[row.details.get("cancel_money") or "nothing"],
        "open_invoices": OPEN_INVOICES[row.details.get("open_invoices") or ""],
        "a_credit": {
            book: a_credit(price, book, row.credits_minor)
            for book, several in books.items()
            for price in several
            if row.credits_minor and price.id in sold_now.values()
        },
        "changes": CHANGES[row.details.get("changes") or ""],
        "sold_now": set(sold_now.values()), "instant": datetime.fromisoformat,
        "hold": hold, "hold_way": HOLD_WAYS[hold.way] if hold else "",
    }  # fmt: skip
    return page("admin/plan.html", **shown)


class LeadForm(ReasonForm):
    days = StringField(
        later("Days ahead"),
        filters=[stripped],
        description=later("A number for any term; more for some, like: 5, 1 year: 30. Empty: the seller's rule."),
        render_kw={"autocomplete": "off"},
    )
    reason = reason_field()


def _days_ahead(typed: str) -> dict[str, int]:
    """ "5, 1 year: 30" as {"": 5, "1 year": 30}. Raises InvalidInput at `days`."""
    found: dict[str, int] = {}
    for part in filter(None, (one.strip() for one in typed.split(","))):
        term, _, days = part.rpartition(":")
        if not days.strip().isdecimal():
            raise InvalidInput("days", say("%(part)s is no number of days", part=repr(part)))
        found[str(Term.parse(term)) if term.strip() else ""] = int(days)
    return found


@admin.route("/catalogue/<int:key>/lead", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def lead_of_plan(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Plan, key, "plan")
    shown = ", ".join(f"{term}: {days}" if term else str(days) for term, days in row.lead_days.items())

    def act(ctx: Context, form: LeadForm) -> str:
        with writing(ctx) as tx:
            set_lead_days(tx, key, _days_ahead(form.days.data or ""))
        return say("Saved. It holds from each subscription's next period on.")

    text = say("So long before a period begins it is invoiced or offered; it is due and charged on its first day.")
    question = Question(
        say("When is %(name)s billed?", name=row.name), text, say("Save"), url_for("admin.plan", key=key), danger=False
    )
    return asked(question, LeadForm(days=shown), act)


@admin.route("/catalogue/<int:key>/retire", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def retire_one_plan(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Plan, key, "plan")
        retired = not row.retired
        touched = of_plan(session, key) if retired else ""

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            retire_plan(tx, key, retired)
        return (
            say("%(name)s is not sold any more.", name=row.name)
            if retired
            else say("%(name)s is sold again.", name=row.name)
        )

    title = (
        say("Take %(name)s out of the shop?", name=row.name) if retired else say("Sell %(name)s again?", name=row.name)
    )
    told = (
        say("Nobody can order it any more. Who has it keeps it.") + f" {touched}"
        if retired
        else say("It can be ordered.")
    )
    button = say("Retire the plan") if retired else say("Sell it again")
    question = Question(title, told, button, url_for("admin.plan", key=key), danger=retired)
    return asked(question, ReasonForm(), act)
