"""Add a user: one form whose defaults are those of the last one, and then the page on which the line gets ready."""

from typing import Any

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired, Length, Optional

from billhead.actions.resellers._trials import trials_left
from billhead.actions.resellers.add_user import NewUser, UserAdded, add_user
from billhead.actions.subscriptions._sale import AddOnOrder
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput
from billhead.domain.whole_number import whole_number
from billhead.models.catalogue import Plan
from billhead.models.people import Reseller
from billhead.models.subscriptions import Subscription
from billhead.plugin import allow
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import submit_ctx
from billhead.web.reseller.area import own_customer, own_id, own_reseller, own_rights, reseller
from billhead.web.reseller.offers import AddOn, addons_for, offers_for
from billhead.web.speaking import later, say
from billhead.wording import LANGUAGES, wording

__all__ = ["LineForm", "add_from", "addons_wanted", "line_text"]


def line_text(label: str, most: int, hint: str = "", **attributes: Any) -> StringField:
    return StringField(
        label,
        filters=[stripped],
        validators=[Optional(), Length(max=most)],
        description=hint,
        render_kw={"autocomplete": "off", **attributes},
    )


class LineForm(Form):
    offer = SelectField(later("Plan"), validators=[DataRequired(later("Choose a plan."))])
    mac = line_text(later("MAC address of the box"), 30, placeholder="00:1A:79:AA:BB:01", spellcheck="false")


class UserForm(LineForm):
    name = StringField(
        later("Name"),
        filters=[stripped],
        validators=[DataRequired(later("Say who it is for.")), Length(max=200)],
        render_kw={"autocomplete": "off", "autofocus": True},
    )
    email = line_text(
        later("E-mail"), 200, later("If there is one, the access details are mailed there too."), inputmode="email"
    )
    phone = line_text(later("Phone"), 40, inputmode="tel")
    language = SelectField(later("Language of what they are sent"))


@reseller.route("/users/new", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def new_user() -> ResponseReturnValue:
    with reading() as session:
        me, own = own_reseller(session), own_customer(session)
        offers = offers_for(session, me, own, own.country)  # whose country a new one is taken to live in
        addons = addons_for(session, me, own, {one.code for one in offers}, own.country)
        last = _last(session, me)
        a_day, left = own_rights(session).trials_per_day, trials_left(session, me)
    form = UserForm()
    form.offer.choices = [(one.value, one.name) for one in offers]
    form.language.choices = [(code, wording(code).own_name) for code in LANGUAGES]
    if not form.is_submitted():
        values = [one.value for one in offers]
        form.offer.data = last if last in values else next(iter(values), None)
        form.language.data = own.language if own.language in LANGUAGES else "en"
    elif form.validate_on_submit():
        with form.refusals():
            added = add_from(form, own_id(), addons)
            return redirect(url_for("reseller.ready", key=added.subscription_id), 303)
    trials = a_day if any(one.trial_minor is not None for one in offers) else 0
    shown = {"offers": offers, "addons": addons, "trials": trials, "trials_left": left}
    return page("reseller/new_user.html", form=form, **shown), 422 if form.is_submitted() else 200


def add_from(form: LineForm, payer_id: int, addons: list[AddOn], customer_id: int | None = None) -> UserAdded:
    """What the form asks for, for a new user or, with `customer_id`, for one who is there."""
    plan, _, term = (form.offer.data or "").partition("|")
    trial = "trial" in request.form
    known = ("name", "email", "phone", "language") if isinstance(form, UserForm) else ()
    wanted = NewUser(
        plan,
        term,
        customer_id,
        **{name: form[name].data or "" for name in known},
        addons=() if trial else addons_wanted(addons, plan),
        mac=form.mac.data or "",
        trial=trial,
    )
    with writing(submit_ctx()) as tx:
        return add_user(tx, payer_id, wanted)


def addons_wanted(addons: list[AddOn], plan: str) -> tuple[AddOnOrder, ...]:
    """What the form's `addon-CODE` fields say, of those that fit the plan. Raises InvalidInput."""
    found = []
    for one in addons:
        typed = request.form.get(f"addon-{one.code}", "0")
        if plan not in one.plans or typed in ("", "0"):
            continue
        if (quantity := whole_number(typed, 3)) is None:
            raise InvalidInput(
                "addons", say("%(addon)s: choose a number from 0 to %(most)s", addon=one.name, most=one.most)
            )
        found.append(AddOnOrder(one.code, quantity))
    return tuple(found)


def _last(session: Session, me: Reseller) -> str:
    """Plan and term of the newest user, as an `Offer.value`: most resellers sell one thing all day."""
    row = session.execute(
        select(Plan.code, Subscription.term)
        .join(Plan, Plan.id == Subscription.plan_id)
        .where(Subscription.payer_reseller_id == me.id)
        .order_by(Subscription.id.desc())
        .limit(1)
    ).first()
    return f"{row.code}|{row.term}" if row else ""
