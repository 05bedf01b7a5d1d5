"""What is sold to resellers: credit packages, and the plans by which somebody becomes one."""

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import DataRequired, Length

from billhead.actions.resellers._packages import costs_of
from billhead.actions.resellers._rights import rights_from_plan
from billhead.actions.resellers.save_credit_package import PackageEntry, save_credit_package
from billhead.actions.resellers.save_reseller_plan import ResellerPlanEntry, save_reseller_plan
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput, NotFound
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id
from billhead.web.admin.columns import Column, badge, code, text
from billhead.web.admin.listing import Listing
from billhead.web.admin.reseller_forms import RightsFields, parsed_credits, plan_choices
from billhead.web.formatting import money
from billhead.web.forms import Form, stripped, ticked
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say

__all__ = ["CREDIT_PACKAGES", "RESELLER_PLANS"]

_TIERS = {"reseller": marked("Resellers"), "super_reseller": marked("Super-resellers")}
_LISTS = {"reseller": marked("resellers"), "super_reseller": marked("super-resellers")}
_MAKES = {"reseller": marked("a reseller"), "super_reseller": marked("a super-reseller")}
_COLUMNS = (
    Plan.id,
    Plan.code,
    Plan.name,
    Plan.kind,
    Plan.credits_minor,
    Plan.start_up_credits_minor,
    Plan.listed,
    Plan.retired,
    Plan.details,
    select(Price.amount_minor)
    .join(PriceBook, PriceBook.id == Price.book_id)
    .where(Price.plan_id == Plan.id, Price.term == "", Price.withdrawn_on.is_(None))
    .where(PriceBook.country == "", PriceBook.price_group == "", PriceBook.reseller_id.is_(None))
    .order_by(PriceBook.id, Price.version.desc())
    .limit(1)
    .correlate(Plan)
    .scalar_subquery()
    .label("cost_minor"),
    select(PriceBook.currency)
    .join(Price, PriceBook.id == Price.book_id)
    .where(Price.plan_id == Plan.id, Price.term == "", Price.withdrawn_on.is_(None))
    .where(PriceBook.country == "", PriceBook.price_group == "", PriceBook.reseller_id.is_(None))
    .order_by(PriceBook.id, Price.version.desc())
    .limit(1)
    .correlate(Plan)
    .scalar_subquery()
    .label("currency"),
)


def _plain(minor: int) -> str:
    return f"{Money(minor, CREDITS).decimal():f}"


def _cost(row: Any) -> str:
    return money(row.cost_minor, row.currency) if row.currency else "–"


def _roles(row: Any) -> str:
    return ", ".join(_LISTS[role] for role in row.details.get("roles", ()) if role in _LISTS)


def _for(row: Any) -> str:
    return ", ".join(say(_LISTS[role]) for role in row.details.get("roles", ()) if role in _LISTS)


def _offered(row: Any) -> str:
    return "no" if row.retired else "yes"


CREDIT_PACKAGES = Listing(
    name="credit_packages",
    title=marked("Credit packages"),
    query=select(*_COLUMNS).where(Plan.kind == "credit_package"),
    key=Plan.id,
    columns=(
        text(marked("Package"), "name", to="edit_credit_package"),
        code(marked("Code"), "code"),
        Column(
            marked("Credits"),
            lambda row: _plain(row.credits_minor),
            lambda row: money(row.credits_minor, CREDITS),
            "num",
        ),
        Column(marked("Cost"), _cost, _cost, "num"),
        Column(marked("For"), _roles, _for),
        Column(
            marked("Offered"),
            _offered,
            lambda row: badge("", marked("withdrawn")) if row.retired else badge("ok", marked("yes")),
        ),
    ),
    search=lambda typed: Plan.name.icontains(typed, autoescape=True) | Plan.code.icontains(typed, autoescape=True),
    search_label=marked("Name or code"),
    lead=marked(
        "What resellers buy: so many credits for so much money. Each tier has its own list. The cost is what everybody "
        "pays, before tax unless its price book has tax in it."
    ),
    empty=marked("Add one, like 150 credits for 125.00, and resellers can buy it in their area."),
)

RESELLER_PLANS = Listing(
    name="reseller_plans",
    title=marked("Reseller plans"),
    query=select(*_COLUMNS).where(Plan.kind.in_(["reseller", "super_reseller"])),
    key=Plan.id,
    columns=(
        text(marked("Plan"), "name", to="edit_reseller_plan"),
        code(marked("Code"), "code"),
        Column(marked("Makes"), lambda row: row.kind, lambda row: say(_MAKES[row.kind])),
        Column(marked("Cost"), _cost, _cost, "num"),
        Column(
            marked("Start-up credits"),
            lambda row: _plain(row.start_up_credits_minor),
            lambda row: money(row.start_up_credits_minor, CREDITS),
            "num",
        ),
        Column(
            marked("Can be had"),
            lambda row: "no" if row.retired else "shop" if row.listed else "by staff",
            lambda row: (
                badge("", marked("withdrawn"))
                if row.retired
                else badge("ok", marked("in the shop") if row.listed else marked("by staff"))
            ),
        ),
    ),
    search=lambda typed: Plan.name.icontains(typed, autoescape=True) | Plan.code.icontains(typed, autoescape=True),
    search_label=marked("Name or code"),
    lead=marked("Whoever pays for one is a reseller, with its start-up credits and rights."),
    empty=marked(
        "Add one, and people can become resellers by paying for it; super-resellers can add them for credits."
    ),
)


class _OfferForm(Form):
    code = StringField(
        later("Code"), filters=[stripped], validators=[DataRequired(later("A code is needed.")), Length(max=40)],
        description=later("Stays as it is: files and links name it."),
    )  # fmt: skip
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("What is it called?")), Length(max=120)]
    )
    costs = StringField(
        later("Cost"), filters=[stripped], validators=[DataRequired(later("What does it cost?")), Length(max=400)],
        description=later(
            'What everybody pays for it; tax is added, unless the price book has tax in it. One amount a currency, '
            'with commas between: "125.00 EUR, 130.00 USD".'
        ),
    )  # fmt: skip
    tax_class = StringField(later("Tax class"), filters=[stripped], default="credits", validators=[DataRequired()])

    def parsed_costs(self) -> tuple[Money, ...]:
        try:
            return tuple(_money(part) for part in (self.costs.data or "").split(",") if part.strip())
        except InvalidInput as error:
            raise InvalidInput("costs", error.why, hint='Write it like "125.00 EUR, 130.00 USD".') from None


def _money(typed: str) -> Money:
    number, _, currency = typed.strip().partition(" ")
    return Money.parse(number, currency.strip().upper())


class PackageForm(_OfferForm):
    value = StringField(later("Credits"), filters=[stripped], validators=[DataRequired(later("How many credits?"))])
    roles = ticked(later("In the list of"))
    offered = BooleanField(later("Can be bought"), default=True)

    def entry(self) -> PackageEntry:
        return PackageEntry(
            self.code.data or "",
            self.name.data or "",
            parsed_credits("value", self.value.data),
            self.parsed_costs(),
            tuple(self.roles.data or ()),
            self.tax_class.data or "",
            bool(self.offered.data),
        )


class ResellerPlanForm(_OfferForm, RightsFields):
    tier = SelectField(later("Makes"), choices={kind: later(told) for kind, told in _MAKES.items()})
    start_up = StringField(later("Start-up credits"), filters=[stripped], validators=[DataRequired()], default="0")
    credit_price = StringField(
        later("Price in credits"), filters=[stripped],
        description=later("What a super-reseller pays to add one below it. Empty: it can't."),
    )  # fmt: skip
    listed = BooleanField(later("Can be bought in the shop"), default=True)
    offered = BooleanField(later("Somebody can still get it"), default=True)

    def entry(self) -> ResellerPlanEntry:
        price = parsed_credits("credit_price", self.credit_price.data) if self.credit_price.data else None
        return ResellerPlanEntry(
            self.code.data or "",
            self.name.data or "",
            self.tier.data,
            self.parsed_costs(),
            parsed_credits("start_up", self.start_up.data),
            self.rights(),
            price,
            self.tax_class.data or "",
            bool(self.listed.data),
            not self.offered.data,
        )


@admin.get("/credit-packages")
@allow("staff")
def credit_packages() -> ResponseReturnValue:
    return CREDIT_PACKAGES.answer(
        add=url_for("admin.new_credit_package"), add_label=say("Add a package"), add_needs="catalogue.write"
    )


@admin.route("/credit-packages/new", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def new_credit_package() -> ResponseReturnValue:
    return _package(None, PackageForm(roles=list(_TIERS)))


@admin.route("/credit-packages/<int:key>", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def edit_credit_package(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = _plan(session, key, "credit_package")
        value, costs = _plain(row.credits_minor), _costs(session, row)
    roles = row.details.get("roles", [])
    form = PackageForm(obj=row, value=value, costs=costs, roles=roles, offered=not row.retired)
    return _package(key, form)


def _package(key: int | None, form: PackageForm) -> ResponseReturnValue:
    form.roles.choices = [(role, say(told)) for role, told in _TIERS.items()]
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                save_credit_package(tx, own_seller_id(), form.entry(), key)
            flash(say("Saved. Orders that wait to be paid keep what they were offered."), "good")
            return redirect(url_for("admin.credit_packages"), 303)
    return _entry(form, say("A credit package"), "credit_packages")


@admin.get("/reseller-plans")
@allow("staff")
def reseller_plans() -> ResponseReturnValue:
    return RESELLER_PLANS.answer(
        add=url_for("admin.new_reseller_plan"), add_label=say("Add a plan"), add_needs="catalogue.write"
    )


@admin.route("/reseller-plans/new", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def new_reseller_plan() -> ResponseReturnValue:
    return _reseller_plan(None, ResellerPlanForm())


@admin.route("/reseller-plans/<int:key>", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def edit_reseller_plan(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = _plan(session, key, "reseller", "super_reseller")
        costs = _costs(session, row)
        price = next((one.credit_minor for one in costs_of(session, row).values()), None)
    rights = rights_from_plan(row)
    form = ResellerPlanForm(
        obj=row,
        tier=row.kind,
        costs=costs,
        start_up=_plain(row.start_up_credits_minor),
        credit_price="" if price is None else _plain(price),
        offered=not row.retired,
        **{name: getattr(rights, name) for name in type(rights).__slots__},
    )
    return _reseller_plan(key, form)


def _reseller_plan(key: int | None, form: ResellerPlanForm) -> ResponseReturnValue:
    known = plan_choices()
    more = [code for code in form.sells.data or () if code not in {one for one, _ in known}]
    form.sells.choices = [*known, *((code, code) for code in more)]
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                save_reseller_plan(tx, own_seller_id(), form.entry(), key)
            flash(say("Saved. Who is a reseller already keeps its rights."), "good")
            return redirect(url_for("admin.reseller_plans"), 303)
    return _entry(form, say("A reseller plan"), "reseller_plans")


def _entry(form: Form, title: str, section: str) -> ResponseReturnValue:
    back = url_for(f"admin.{section}")
    status = 422 if form.is_submitted() else 200
    return page("admin/entry.html", form=form, title=title, back=back, section=section), status


def _plan(session: Session, key: int, *kinds: str) -> Plan:
    row = found(session, Plan, key, "plan")
    if row.kind not in kinds:
        raise NotFound("plan", key)
    return row


def _costs(session: Session, row: Plan) -> str:
    costs = costs_of(session, row)
    return ", ".join(str(Money(price.amount_minor, currency)) for currency, price in sorted(costs.items()))
