"""Coupons: the list, a new one, its limits, who has it, and giving one to a subscription."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from wtforms import BooleanField, DateField, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from billhead.actions.coupons.change_coupon import change_coupon
from billhead.actions.coupons.create_coupon import NewCoupon, create_coupon
from billhead.actions.coupons.redeem_coupon import redeem_coupon
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.domain.percentage import parse_percent
from billhead.models.catalogue import Plan
from billhead.models.coupons import Coupon, CouponPlan, CouponRedemption, CouponUse
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.plugin_host.current import config
from billhead.web.admin.area import admin, found, own_seller_id, trail_of
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.admin.columns import Column, badge, on, text
from billhead.web.admin.customer_entry import sold_in
from billhead.web.admin.listing import Choice, Listing
from billhead.web.formatting import money, percent
from billhead.web.forms import Form, stripped, ticked
from billhead.web.pages import page
from billhead.web.places import country_choices, currency_choices
from billhead.web.request_context import submit_ctx
from billhead.web.speaking import later, marked, say, say_count

__all__ = ["COUPONS"]

_RECENT = 50


def _gives(row: Coupon) -> str:
    """ "25% for 3 cycles", "€5.00 once", "€50.00 in all"."""
    what = percent(row.percent_ppm) if row.kind == "percent" else money(row.amount_minor, row.currency)
    if row.kind == "balance":
        return say("%(what)s in all", what=what)
    if row.cycles is None:
        return say("%(what)s for ever", what=what)
    if row.cycles == 1:
        return say("%(what)s once", what=what)
    return say_count("%(what)s for %(count)s cycle", "%(what)s for %(count)s cycles", row.cycles, what=what)


def _uses(row: Coupon) -> str:
    return (
        say("%(count)s of %(all)s", count=row.used, all=row.total_uses) if row.total_uses is not None else str(row.used)
    )


COUPONS = Listing(
    name="coupons",
    title=marked("Coupons"),
    query=select(
        Coupon.id,
        Coupon.code,
        Coupon.name,
        Coupon.kind,
        Coupon.percent_ppm,
        Coupon.amount_minor,
        Coupon.currency,
        Coupon.cycles,
        Coupon.used,
        Coupon.total_uses,
        Coupon.ends_on,
        Coupon.disabled,
    ),
    key=Coupon.id,
    columns=(
        text(marked("Coupon"), "code", to="coupon"),
        text(marked("Name"), "name"),
        Column(marked("Gives"), _gives, _gives),
        Column(marked("Used"), _uses, _uses, "num"),
        on(marked("Until before"), "ends_on"),
        Column(
            marked("Can be used"),
            lambda row: "no" if row.disabled else "yes",
            lambda row: badge("", marked("stopped")) if row.disabled else badge("ok", marked("yes")),
        ),
    ),
    choices=(Choice("kind", marked("Kind"), Coupon.kind, ("percent", "fixed", "balance")),),
    search=lambda typed: Coupon.code.icontains(typed, autoescape=True) | Coupon.name.icontains(typed, autoescape=True),
    search_label=marked("Code or name"),
    empty=marked("Make a coupon, and customers can enter it in their cart."),
)


@admin.get("/coupons")
@allow("staff")
def coupons() -> ResponseReturnValue:
    return COUPONS.answer(add=url_for("admin.new_coupon"), add_label=say("Make a coupon"), add_needs="catalogue.write")


class CouponForm(Form):
    code = StringField(
        later("Code"), filters=[stripped], validators=[DataRequired(later("A code is needed.")), Length(max=40)],
        description=later("What customers enter, like WELCOME. Capitals or not is the same."),
    )  # fmt: skip
    name = StringField(
        later("Name"), filters=[stripped], validators=[Length(max=120)], description=later("For you and reports.")
    )
    kind = SelectField(
        later("What it gives"),
        choices={
            "percent": later("A percentage"),
            "fixed": later("An amount off each cycle"),
            "balance": later("An amount in all, what is left goes on"),
        },
    )
    percent = StringField(later("Percent"), filters=[stripped], description=later("For a percentage: 25, or 12.5."))
    amount = StringField(later("Amount"), filters=[stripped], description=later("For the others: digits with a dot."))
    currency = SelectField(later("Currency"), default="", description=later("Of the amounts."))
    cycles = IntegerField(
        later("In how many cycles"),
        default=1,
        validators=[Optional(), NumberRange(1, 1000)],
        description=later("Empty: for ever."),
    )
    stackable = BooleanField(later("Can be combined with others"))
    covers_setup = BooleanField(later("Also off set-up fees and what is paid once"), default=True)
    new_customers = BooleanField(later("Only for who was never billed before"))
    first_order = BooleanField(later("Only for a first order"))
    plans = ticked(later("Plans and add-ons"), later("None: all."))
    terms = StringField(later("Terms"), filters=[stripped], description=later("With commas between. Empty: all."))
    countries = ticked(later("Countries"), later("None: all."), choices=country_choices)
    minimum = StringField(
        later("From an order of"), filters=[stripped], description=later("Before discount. Empty: any.")
    )
    starts_on = DateField(later("Can be used from"), validators=[Optional()])
    ends_on = DateField(later("Until before"), validators=[Optional()])
    total_uses = IntegerField(later("How often in all"), validators=[Optional(), NumberRange(1, 1_000_000)])
    uses_per_customer = IntegerField(
        later("How often by one customer"), validators=[Optional(), NumberRange(1, 1_000_000)]
    )

    def wanted(self) -> NewCoupon:
        currency = self.currency.data
        return NewCoupon(
            code=self.code.data or "",
            kind=self.kind.data,
            name=self.name.data or "",
            percent_ppm=parse_percent(self.percent.data or "0"),
            amount_minor=_minor("amount", self.amount.data, currency),
            currency=currency,
            cycles=self.cycles.data,
            stackable=bool(self.stackable.data),
            covers_setup=bool(self.covers_setup.data),
            new_customers=bool(self.new_customers.data),
            first_order=bool(self.first_order.data),
            plans=tuple(self.plans.data or ()),
            terms=tuple(term.strip() for term in (self.terms.data or "").split(",") if term.strip()),
            countries=tuple(self.countries.data or ()),
            minimum_minor=_minor("minimum", self.minimum.data, currency),
            starts_on=self.starts_on.data,
            ends_on=self.ends_on.data,
            total_uses=self.total_uses.data,
            uses_per_customer=self.uses_per_customer.data,
        )


def _minor(field: str, typed: str | None, currency: str) -> int:
    if not typed:
        return 0
    try:
        return Money.parse(typed, currency).minor
    except InvalidInput as error:
        raise InvalidInput(field if error.field != "currency" else "currency", error.why, hint=error.hint) from None


@admin.route("/coupons/new", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def new_coupon() -> ResponseReturnValue:
    form = CouponForm()
    with reading() as session:
        seller = found(session, Seller, own_seller_id(), "seller")
        form.currency.choices = [("", "–"), *currency_choices(sold_in(session, seller))]
        plans = select(Plan.code, Plan.name).where(Plan.seller_id == seller.id, Plan.retired.is_(False))
        form.plans.choices = [(code, f"{name} ({code})") for code, name in session.execute(plans.order_by(Plan.name))]
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                made = create_coupon(tx, own_seller_id(), form.wanted())
            flash(say("The coupon %(code)s can be used.", code=made.code), "good")
            return redirect(url_for("admin.coupon", key=made.coupon_id), 303)
    status = 422 if form.is_submitted() else 200
    lead = say("What it gives stays as it is made; how often and how long it can be used can be changed.")
    back = url_for("admin.coupons")
    return page("admin/entry.html", form=form, title=say("A coupon"), lead=lead, back=back, section="coupons"), status


@admin.get("/coupons/<int:key>")
@allow("staff")
def coupon(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Coupon, key, "coupon")
        plans = session.scalars(
            select(Plan.name).join(CouponPlan, CouponPlan.plan_id == Plan.id).where(CouponPlan.coupon_id == key)
        ).all()
        sums = session.execute(
            select(Document.currency, func.sum(CouponUse.discount_minor), func.sum(Document.net_minor))
            .join(CouponRedemption, CouponRedemption.id == CouponUse.redemption_id)
            .join(Document, Document.id == CouponUse.document_id)
            .where(CouponRedemption.coupon_id == key, Document.kind == "invoice", Document.state != "void")
            .group_by(Document.currency)
            .order_by(Document.currency)
        ).all()
        recent = session.execute(
            select(CouponRedemption, Customer.name, Subscription.currency)
            .join(Customer, Customer.id == CouponRedemption.customer_id)
            .join(Subscription, Subscription.id == CouponRedemption.subscription_id)
            .where(CouponRedemption.coupon_id == key)
            .order_by(CouponRedemption.id.desc())
            .limit(_RECENT)
        ).all()
        trail = trail_of(session, f"coupon:{key}")
    link = config().base_url + url_for("storefront.promotion", code=row.code)
    return page(
        "admin/coupon.html", coupon=row, gives=_gives(row), uses=_uses(row), plans=plans, sums=sums, recent=recent,
        trail=trail, link=link,
    )  # fmt: skip


class LimitsForm(ReasonForm):
    ends_on = DateField(later("Until before"), validators=[Optional()])
    total_uses = IntegerField(later("How often in all"), validators=[Optional(), NumberRange(1, 1_000_000)])
    uses_per_customer = IntegerField(
        later("How often by one customer"), validators=[Optional(), NumberRange(1, 1_000_000)]
    )
    disabled = BooleanField(later("Stop it: nobody can enter it any more"))


@admin.route("/coupons/<int:key>/change", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def change_one_coupon(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Coupon, key, "coupon")

    def act(ctx: Context, form: LimitsForm) -> str:
        with writing(ctx) as tx:
            change_coupon(
                tx,
                key,
                disabled=bool(form.disabled.data),
                ends_on=form.ends_on.data,
                total_uses=form.total_uses.data,
                uses_per_customer=form.uses_per_customer.data,
            )
        return say("%(code)s is changed.", code=row.code)

    text = say("Who has it keeps what it gives.")
    question = Question(
        say("Change %(code)s", code=row.code), text, say("Change it"), url_for("admin.coupon", key=key), danger=False
    )
    return asked(question, LimitsForm(obj=row), act)


class GiveForm(ReasonForm):
    code = StringField(
        later("Coupon"), filters=[stripped], validators=[DataRequired(later("Which coupon?")), Length(max=40)]
    )


@admin.route("/subscriptions/<int:key>/coupon", methods=["GET", "POST"])
@allow("staff", permission="subscriptions.write")
def give_coupon(key: int) -> ResponseReturnValue:
    with reading() as session:
        found(session, Subscription, key, "subscription")

    def act(ctx: Context, form: GiveForm) -> str:
        with writing(ctx) as tx:
            given = redeem_coupon(tx, key, form.code.data or "")
        return say("%(code)s makes the next cycle cheaper that is billed.", code=given.code)

    question = Question(
        say("Give subscription %(key)s a coupon", key=key),
        say("It holds from the next cycle that is billed."),
        say("Give it"),
        url_for("admin.subscription", key=key),
        danger=False,
    )
    return asked(question, GiveForm(), act)
