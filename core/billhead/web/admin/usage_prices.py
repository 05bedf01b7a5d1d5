"""What is counted and what its use costs: metrics, and a price for one on a plan, with what so many units come to."""

from collections.abc import Iterator
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from billhead.actions.catalogue.price_usage import UsagePriced, UsageWish, preview_price_usage, price_usage
from billhead.actions.catalogue.save_metric import save_metric
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput
from billhead.domain.usage import UsageTerms, number, terms_from
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.usage import UsageMetric
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id
from billhead.web.admin.asking import Question
from billhead.web.admin.columns import code, text, word
from billhead.web.admin.columns import number as count_of
from billhead.web.admin.listing import Listing
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.admin.price_fields import existing_day, first_day
from billhead.web.formatting import lasting, money
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say, say_count

__all__ = ["METRICS"]

_MOST_EXAMPLES = 6
_AGGREGATIONS = {
    "count": later("how many events there are"),
    "sum": later("the sum of their quantities"),
    "max": later("the highest of them"),
    "unique": later("how many different items they name"),
}
_PRICINGS = {
    "standard": later("the same for each unit"),
    "graduated": later("graduated: each tier’s units at its own price"),
    "volume": later("volume: all units at the price of the tier reached"),
    "package": later("packages: one that is begun counts whole"),
    "percentage": later("a share of each event’s amount"),
    "allowance": later("nothing: it adds included units"),
    "": later("nothing any more: it is not counted"),
}
_NUMBERS = ("per", "included", "minimum", "cap", "percent", "event_fee", "event_min", "event_max")

METRICS = Listing(
    name="metrics",
    title=marked("What is counted"),
    lead=marked("Metrics: a plan’s price can ask something for the use of each."),
    query=select(
        UsageMetric.id,
        UsageMetric.name,
        UsageMetric.code,
        UsageMetric.unit,
        UsageMetric.aggregation,
        UsageMetric.decimals,
    ),
    key=UsageMetric.id,
    columns=(
        text(marked("Name"), "name"),
        code(marked("Code"), "code"),
        text(marked("Unit"), "unit"),
        word(marked("A period comes to"), "aggregation"),
        count_of(marked("Decimals"), "decimals"),
    ),
    empty=marked("Nothing is counted yet. Add a metric, then give a plan a price for its use."),
)


class MetricForm(Form):
    code = StringField(
        later("Code"),
        filters=[stripped],
        validators=[DataRequired(later("A code is needed.")), Length(max=40)],
        description=later("As panels, plugins and files name it, like catchup. One that there is gets the new name."),
    )
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("A name is needed.")), Length(max=120)]
    )
    unit = StringField(later("Unit"), filters=[stripped], validators=[Length(max=30)], description=later("Like hours."))
    aggregation = SelectField(later("A period comes to"), choices=_AGGREGATIONS)
    decimals = IntegerField(
        later("Decimals"),
        default=0,
        validators=[InputRequired(), NumberRange(0, 6)],
        description=later("How fine quantities are. It can’t be changed later, nor how it counts."),
    )


@admin.get("/metrics")
@allow("staff")
def metrics() -> ResponseReturnValue:
    return METRICS.answer(add=url_for("admin.new_metric"), add_label=say("Add a metric"), add_needs="catalogue.write")


@admin.route("/metrics/new", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def new_metric() -> ResponseReturnValue:
    form = MetricForm()
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                save_metric(
                    tx, own_seller_id(), form.code.data or "", form.name.data or "", form.unit.data or "",
                    form.aggregation.data, form.decimals.data or 0,
                )  # fmt: skip
            flash(say("%(name)s is saved.", name=form.name.data), "good")
            return redirect(url_for("admin.metrics"), 303)
    shown = page(
        "admin/entry.html", form=form, title=say("What is counted"), back=url_for("admin.metrics"), section="catalogue"
    )
    return shown, 422 if form.is_submitted() else 200


def _typed(label: str, hint: str = "", **more: Any) -> StringField:
    return StringField(label, filters=[stripped], validators=[Length(max=24)], description=hint, **more)


class UsagePriceForm(PreviewForm):
    price = SelectField(later("Of the price"), coerce=int)
    metric = SelectField(later("Use of"), coerce=int)
    pricing = SelectField(later("It costs"), choices=_PRICINGS)
    tiers = TextAreaField(
        later("Price of a unit"),
        filters=[stripped],
        description=later(
            "One number, like 0.004. For tiers one a row: its last unit, the price of a unit, and what its first unit "
            "costs on top, if anything; the last row begins with *. For example: 100 0.02, then * 0.015"
        ),
    )
    per = _typed(later("For so many units"), later("Of a package: how many are in it. Empty: 1."))
    included = _typed(later("Included in each period"), later("So many units cost nothing."))
    for_each = BooleanField(later("Included for each line, and not for all together"))
    minimum = _typed(later("At least, for a period"))
    cap = _typed(later("At most, for a period"), later("Empty: no limit."))
    percent = _typed(later("Percent of each event"))
    event_fee = _typed(later("and for each event"))
    event_min = _typed(later("at least for each"))
    event_max = _typed(later("at most for each"))
    examples = _typed(later("Show what these quantities cost"), default="1 10 100 1000")
    valid_from = first_day(later("Sold from"))
    existing_from = existing_day(later("Empty: they keep what they pay. Nobody is told by itself: announce it."))

    def terms(self, currency: str) -> UsageTerms | None:
        if not self.pricing.data:
            return None
        plain: dict[str, Any] = {name: self[name].data for name in _NUMBERS if self[name].data}
        for name, value in plain.items():
            number(value, name)
        if self.tiers.data:
            plain["tiers"] = list(_tiers(self.tiers.data))
        return terms_from(
            {**plain, "pricing": self.pricing.data, "currency": currency, "shared": not self.for_each.data}
        )


def _tiers(typed: str) -> Iterator[dict[str, str]]:
    """ "100 0.02 1.00" → up to 100, at 0.02, and 1.00 with the first; "0.02" and "* 0.02" have no end."""
    for row in filter(None, map(str.strip, typed.splitlines())):
        parts = row.split()
        if len(parts) == 1:
            parts = ["*", *parts]
        if len(parts) > 3:
            raise InvalidInput("tiers", say("%(row)s is more than a last unit and two amounts", row=repr(row)))
        end = {} if parts[0] == "*" else {"up_to": parts[0]}
        yield {**end, "unit": parts[1], **({"flat": parts[2]} if len(parts) == 3 else {})}


def _choices(session: Session, plan_id: int) -> dict[int, tuple[str, str]]:
    """Of each price's newest version: (what it is called, its currency)."""
    rows = session.execute(
        select(Price, PriceBook)
        .join(PriceBook, PriceBook.id == Price.book_id)
        .where(Price.plan_id == plan_id, Price.term != "", Price.withdrawn_on.is_(None))
        .order_by(PriceBook.currency, PriceBook.code, Price.amount_minor, Price.version)
    ).all()
    found = {(book.id, price.term): (price, book) for price, book in rows}
    return {
        price.id: (f"{book.code}, {lasting(price.term)}, {money(price.amount_minor, book.currency)}", book.currency)
        for price, book in found.values()
    }


@admin.route("/catalogue/<int:key>/usage/new", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def new_usage_price(key: int) -> ResponseReturnValue:
    with reading() as session:
        plan = found(session, Plan, key, "plan")
        prices = _choices(session, key)
        counted = {
            row.id: row
            for row in session.scalars(
                select(UsageMetric).where(UsageMetric.seller_id == plan.seller_id).order_by(UsageMetric.name)
            )
        }
    back = url_for("admin.plan", key=key)
    if not prices or not counted:
        if not prices:
            flash(say("Give it a price for a term first: its use is charged beside that."), "warn")
            return redirect(back, 303)
        flash(say("Nothing is counted yet: add a metric first."), "warn")
        return redirect(url_for("admin.new_metric"), 303)
    form = UsagePriceForm()
    form.price.choices = {str(one): label for one, (label, _) in prices.items()}
    form.metric.choices = {
        str(one.id): f"{one.name} ({one.unit})" if one.unit else one.name for one in counted.values()
    }

    def wish() -> UsageWish:
        terms = form.terms(prices[form.price.data][1])
        return UsageWish(form.price.data, form.metric.data, terms, form.valid_from.data, form.existing_from.data)

    def figures(done: UsagePriced) -> Figures:
        rows = [(say("Version"), str(done.version))]
        if form.existing_from.data is not None:
            rows.append(
                (
                    say("Existing subscriptions pay it from"),
                    say_count("%(count)d subscription", "%(count)d subscriptions", done.subscriptions),
                )
            )
        wanted, metric = wish().terms, counted[form.metric.data]
        if wanted is None:
            return [*rows, (metric.name, say("costs nothing any more"))]
        asked = (form.examples.data or "").replace(",", " ").split()[:_MOST_EXAMPLES]
        try:
            costs = preview_price_usage(wanted, metric.decimals, asked)
        except InvalidInput as error:
            raise InvalidInput("examples", error.why) from None
        return [*rows, *((f"{many} {metric.unit}".strip(), money(cost.minor, cost.currency)) for many, cost in costs)]

    question = Question(
        say("What use costs with %(name)s", name=plan.name),
        say(
            "Use is billed afterwards, beside the price of the term. This is a new version of that price: who has the "
            "plan keeps what they pay, unless a day is given for them too."
        ),
        say("Save"),
        back,
        danger=False,
    )
    return previewed(
        question, form, lambda tx: price_usage(tx, wish()), figures,
        lambda _, done: say("Version %(version)s of the price is added.", version=done.version),
    )  # fmt: skip
