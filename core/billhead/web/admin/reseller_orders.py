"""What staff order for a reseller: a user on its credits, credits, another plan for a user. Figures first."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from billhead import clock
from billhead.actions.resellers._changed_parts import running_parts
from billhead.actions.resellers._packages import offered_to
from billhead.actions.resellers._seen import figures_of
from billhead.actions.resellers._trials import trials_left
from billhead.actions.resellers.add_user import NewUser, UserAdded, add_user
from billhead.actions.resellers.buy_credits import CreditsOrdered, buy_credits
from billhead.actions.resellers.change_user import WAYS, UserChange, UserChangePreview, change_user, preview_change_user
from billhead.actions.subscriptions._sale import AddOnOrder
from billhead.db import Tx, reading
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan
from billhead.models.documents import Document
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin
from billhead.web.admin.asking import Question, reason_field
from billhead.web.admin.previewing import Figures, PreviewForm, previewed
from billhead.web.admin.reseller_forms import about_reseller, one_reseller
from billhead.web.admin.reseller_users import paid_with
from billhead.web.formatting import day, last_day, lasting, money
from billhead.web.forms import stripped
from billhead.web.request_context import current_ctx
from billhead.web.reseller.offers import AddOn, Offer, addons_for, changes_for, offers_for
from billhead.web.speaking import later, marked, say, say_count

__all__: list[str] = []

_NEEDS = "resellers.write"
_WAY = {
    "keep_end": marked("The paid time ends as before; the difference is paid or comes back"),
    "new_term": marked("A whole term begins; what is left counts towards it"),
    "convert": marked("Nothing is paid; what is left becomes days"),
}


class _Ordering(PreviewForm):
    """Fields for what can be added to the plan come with the reseller's price list: see `_with_addons`."""

    def wanted(self, addons: Sequence[AddOn], plan: str) -> tuple[AddOnOrder, ...]:
        told = [(one.code, int(self[f"addon_{at}"].data or 0)) for at, one in enumerate(addons) if plan in one.plans]
        return tuple(AddOnOrder(code, number) for code, number in told if number)


def _with_addons(form: type[_Ordering], addons: Sequence[AddOn], had: dict[str, int] | None = None) -> type[_Ordering]:
    fields: dict[str, Any] = {
        f"addon_{at}": IntegerField(
            one.name, default=(had or {}).get(one.code, 0), validators=[Optional(), NumberRange(0, one.most)],
            description=say("From 0 to %(most)s.", most=one.most),
        )
        for at, one in enumerate(addons)
    }  # fmt: skip
    return type(form.__name__, (form,), {**fields, "reason": reason_field()})


def _named(offers: Sequence[Offer]) -> list[tuple[str, str]]:
    return [(one.value, f"{one.name}, {lasting(one.term)}: {money(one.minor, CREDITS)}") for one in offers]


def _own(session: Session, reseller: Reseller) -> Customer:
    return session.scalars(select(Customer).where(Customer.buys_for_reseller_id == reseller.id)).one()


class NewUserForm(_Ordering):
    offer = SelectField(later("Plan"), validators=[DataRequired(later("Choose a plan."))])
    trial = BooleanField(later("As a trial"), description=later("Where the plan has one; then without anything added."))
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("Say who it is for.")), Length(max=200)]
    )
    email = StringField(
        later("E-mail"), filters=[stripped], validators=[Optional(), Length(max=200)],
        description=later("If there is one, the access details are mailed there too."),
    )  # fmt: skip
    mac = StringField(later("MAC address of the box"), filters=[stripped], validators=[Optional(), Length(max=30)])


@admin.route("/resellers/<int:key>/users/new", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def add_reseller_user(key: int) -> ResponseReturnValue:
    row = one_reseller(key)
    with reading() as session:
        own = _own(session, row)
        offers = offers_for(session, row, own, own.country)
        addons = addons_for(session, row, own, {one.code for one in offers}, own.country)
        trials, has = trials_left(session, row), figures_of(session, [key])[key].balance_minor
    form = _with_addons(NewUserForm, addons)()
    form["offer"].choices = _named(offers)

    def act(tx: Tx) -> UserAdded:
        plan, _, term = (form["offer"].data or "").partition("|")
        trial = bool(form["trial"].data)
        name, email, mac = (form[one].data or "" for one in ("name", "email", "mac"))
        more = () if trial else form.wanted(addons, plan)
        return add_user(
            tx, key, NewUser(plan, term, None, name, email, language=own.language, addons=more, mac=mac, trial=trial)
        )

    def figures(done: UserAdded) -> Figures:
        return (
            (say("%(who)s pays", who=row.name), money(done.credits_minor, CREDITS)),
            (say("It has to spend afterwards"), money(has - done.credits_minor, CREDITS)),
            (say("Paid until"), day(last_day(date.fromisoformat(done.paid_through)))),
        )

    text = say_count(
        "%(name)s has %(money)s to spend and %(count)s trial left today. What it may not sell is not in the list.",
        "%(name)s has %(money)s to spend and %(count)s trials left today. What it may not sell is not in the list.",
        trials, name=row.name, money=money(has, CREDITS),
    )  # fmt: skip
    question = about_reseller(row, say("A user of %(name)s", name=row.name), text, say("Add"))
    told = say("Added: the credits are held until the line is there.")
    return previewed(question, form, act, figures, lambda _ctx, _done: told, _page_of_user)


def _page_of_user(done: UserAdded) -> str:
    return url_for("admin.subscription", key=done.subscription_id)


class PackageForm(PreviewForm):
    package = SelectField(later("Credit package"), validators=[InputRequired(later("Choose one of the packages."))])
    reason = reason_field()


@admin.route("/resellers/<int:key>/order-credits", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def order_reseller_credits(key: int) -> ResponseReturnValue:
    row, form = one_reseller(key), PackageForm()
    with reading() as session:
        offered = offered_to(session, row)
    form.package.choices = [
        (one.code, f"{one.name}: {money(one.credits.minor, CREDITS)}, {money(one.cost.minor, one.cost.currency)}")
        for one in offered
    ]

    def act(tx: Tx) -> tuple[CreditsOrdered, Money, date | None]:
        done = buy_credits(tx, key, form.package.data)
        paper = tx.session.get_one(Document, done.document_id)
        return done, Money(paper.total_minor, paper.currency), paper.due_on

    def figures(result: tuple[CreditsOrdered, Money, date | None]) -> Figures:
        done, total, due = result
        return (
            (say("Credits, when it is paid"), money(done.credits_minor, CREDITS)),
            (say("To be paid, with tax"), money(total.minor, total.currency)),
            (say("Due"), day(due)),
        )

    text = say("A proforma is made as if it had ordered by itself. One of this package that waits unpaid is taken.")
    if not offered:
        text = say("There is no package for it in its currency: see Credit packages.")
    question = about_reseller(row, say("Order credits for %(name)s", name=row.name), text, say("Order"))
    told = say("Ordered: the credits come when it is paid.")
    return previewed(
        question, form, act, figures, lambda _ctx, _done: told,
        lambda result: url_for("admin.document", key=result[0].document_id),
    )  # fmt: skip


class ChangeForm(_Ordering):
    offer = SelectField(later("Plan"))
    way = SelectField(later("How"), choices=lambda: [(way, say(_WAY[way])) for way in WAYS])


@admin.route("/subscriptions/<int:key>/change-with-credits", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def change_with_credits(key: int) -> ResponseReturnValue:
    one, who, payer = paid_with(key)
    with reading() as session:
        offers, addons, had = _choices(session, one, payer)
        has = figures_of(session, [payer.id])[payer.id].balance_minor
        plan = session.get_one(Plan, one.plan_id)
    form = _with_addons(ChangeForm, addons, had)(data={"offer": f"{plan.code}|{one.term}"})
    form["offer"].choices = _named(offers)

    def act(tx: Tx) -> UserChangePreview:
        code, _, term = (form["offer"].data or "").partition("|")
        chosen = {order.code: order.quantity for order in form.wanted(addons, code or plan.code)}
        fixed = {name: number for name, number in had.items() if name not in {addon.code for addon in addons}}
        wanted = {**fixed, **chosen}
        orders = None if wanted == had else tuple(AddOnOrder(name, number) for name, number in wanted.items())
        wish = UserChange(code, term, orders, form["way"].data)
        seen = preview_change_user(tx, key, wish)
        change_user(tx, key, wish)
        return seen

    def figures(seen: UserChangePreview) -> Figures:
        shown = [
            (say("Left of what was paid"), money(seen.left_minor, CREDITS)),
            (say("The new time costs"), money(seen.costs_minor, CREDITS)),
            (say("%(who)s pays", who=payer.name), money(seen.pay_minor, CREDITS)),
            (say("%(who)s gets back", who=payer.name), money(seen.back_minor, CREDITS)),
        ]
        if seen.lapses_minor:
            shown.append((say("Does not come back, by its rights"), money(seen.lapses_minor, CREDITS)))
        left = has - seen.pay_minor + seen.back_minor
        shown.append((say("It has to spend afterwards"), money(left, CREDITS)))
        return [*shown, (say("Paid until"), day(last_day(date.fromisoformat(seen.paid_through))))]

    text = say(
        "Paid with the credits of %(who)s, by its prices and rights; it reads it in the statement.", who=payer.name
    )
    back = url_for("admin.subscription", key=key)
    question = Question(say("Another plan for %(name)s", name=who), text, say("Change"), back, danger=False)
    told = say("On its way to the lines; the credits are settled when they have it.")
    return previewed(question, form, act, figures, lambda _ctx, _done: told)


def _choices(session: Session, one: Subscription, payer: Reseller) -> tuple[list[Offer], list[AddOn], dict[str, int]]:
    """Plans whose lines are those that there are, what can be added to them, and how many of each part there are."""
    own, customer = _own(session, payer), session.get_one(Customer, one.customer_id)
    lines = select(Service.kind).where(Service.subscription_id == one.id, Service.lifecycle == "wanted")
    kinds = tuple(session.scalars(lines.order_by(Service.id)))
    parts = running_parts(Tx(current_ctx(), session), one, clock.today_in(one.zone))
    plans = {plan.id: plan for plan in session.scalars(select(Plan).where(Plan.id.in_([p.plan_id for p in parts])))}
    had = {plans[part.plan_id].code: part.quantity for part in parts if part.kind != "plan"}
    codes = {plans[part.plan_id].code for part in parts if part.kind == "plan"}
    offers = changes_for(session, payer, own, customer.country, codes, kinds)
    addons = addons_for(session, payer, own, {*codes, *(one.code for one in offers)}, customer.country, had)
    return offers, addons, had
