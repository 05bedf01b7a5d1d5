"""Plans with their prices, read here and written by `billhead import`; and taking a plan out of the shop."""

from collections import defaultdict

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from billhead.actions.catalogue.retire_plan import retire_plan
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.catalogue import Bouquet, Plan, PlanBouquet, Price, PriceBook
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, badge, code, number, text
from billhead.web.admin.listing import Choice, Listing
from billhead.web.pages import page
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
    title="Catalogue",
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
        text("Plan", "name", to="plan"),
        code("Code", "code"),
        text("Kind", "kind"),
        number("Connections", "connections"),
        Column(
            "Sold",
            lambda row: "no" if row.retired else "yes" if row.listed else "by link",
            lambda row: (
                badge("", "retired") if row.retired else badge("ok", "sold") if row.listed else badge("", "not listed")
            ),
        ),
        number("Running subscriptions", "subscriptions"),
    ),
    choices=(
        Choice(
            "kind",
            "Kind",
            Plan.kind,
            ("stream", "mag", "paired", "enigma2", "bouquet", "connection", "ppv", "rental", "device", "reseller",
             "super_reseller", "credit_package"),
        ),
    ),
    search=lambda typed: Plan.name.icontains(typed, autoescape=True) | Plan.code.icontains(typed, autoescape=True),
    search_label="Name or code",
    empty="Load a catalogue file with billhead import.",
)  # fmt: skip


@admin.get("/catalogue")
@allow("staff")
def catalogue() -> ResponseReturnValue:
    return PLANS.answer()


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
    books: dict[PriceBook, list[Price]] = defaultdict(list)
    for price, book in prices:
        books[book].append(price)
    return page("admin/plan.html", plan=row, books=books, bouquets=bouquets, metered=metered, trail=trail)


@admin.route("/catalogue/<int:key>/retire", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def retire_one_plan(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Plan, key, "plan")
    retired = not row.retired

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            retire_plan(tx, key, retired)
        return f"{row.name} is not sold any more." if retired else f"{row.name} is sold again."

    title = f"Take {row.name} out of the shop?" if retired else f"Sell {row.name} again?"
    told = "Nobody can order it any more. Who has it keeps it." if retired else "It can be ordered."
    button = "Retire the plan" if retired else "Sell it again"
    question = Question(title, told, button, url_for("admin.plan", key=key), danger=retired)
    return asked(question, ReasonForm(), act)
