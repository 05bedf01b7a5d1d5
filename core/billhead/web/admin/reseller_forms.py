"""Add a reseller, or change its name, rights and credit line; and what the forms about resellers share."""

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import BooleanField, IntegerField, SelectField, StringField
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from billhead.actions.resellers._rights import Rights, stored_rights
from billhead.actions.resellers._seen import seen_reseller
from billhead.actions.resellers.add_reseller import NewReseller, add_reseller
from billhead.actions.resellers.set_reseller import ResellerEntry, preview_set_reseller, set_reseller
from billhead.actions.subscriptions._sale import LINE_KINDS
from billhead.db import Tx, reading, writing
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan
from billhead.models.people import Reseller
from billhead.models.sellers import Seller
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id
from billhead.web.admin.asking import Question, reason_field
from billhead.web.admin.corrections import amount_field
from billhead.web.admin.customer_entry import sold_in
from billhead.web.admin.previewing import PreviewForm, previewed
from billhead.web.forms import Form, stripped, ticked
from billhead.web.invoicing import language_choices
from billhead.web.pages import page
from billhead.web.places import country_choices, currency_choices, zone_names
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.rights_told import rights_told
from billhead.web.speaking import later, say

__all__ = ["RightsFields", "about_reseller", "one_reseller", "parsed_credits", "plan_choices"]

_NEEDS = "resellers.write"


def parsed_credits(field: str, typed: str | None) -> Money:
    try:
        return Money.parse(typed or "", CREDITS)
    except InvalidInput as error:
        raise InvalidInput(field, error.why, hint=error.hint) from None


def plan_choices() -> list[tuple[str, str]]:
    """What a reseller may sell: plans with lines of the staff's seller."""
    with reading() as session:
        rows = session.execute(
            select(Plan.code, Plan.name)
            .where(Plan.seller_id == own_seller_id(), Plan.kind.in_(LINE_KINDS), Plan.retired.is_(False))
            .order_by(Plan.name)
        ).all()
    return [(code, f"{name} ({code})") for code, name in rows]


class RightsFields(Form):
    """What a reseller may do; fields of the forms for a reseller and for a plan that makes one."""

    sells = ticked(later("Sells"), later("Never more than whoever stands above it sells."))
    trials_per_day = IntegerField(
        later("Trials a day"), validators=[InputRequired(), NumberRange(0, 10_000)], default=0
    )
    terminate = BooleanField(later("May end a line at once"))
    refund_unused = BooleanField(later("Gets the credits of unused days back when it does"))
    refund_only_unwatched = BooleanField(later("But only where nothing was watched on the line"))
    floor_percent = IntegerField(
        later("Least price, percent of the list price"), validators=[InputRequired(), NumberRange(0, 1000)], default=0,
        description=later("Of its own prices. 0: as it likes."),
    )  # fmt: skip
    own_shop = BooleanField(later("May have a shop of its own"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in Rights.__slots__:  # after the name and price that the form is about
            self._fields[name] = self._fields.pop(name)

    def rights(self) -> Rights:
        return Rights(
            tuple(self.sells.data or ()),
            self.trials_per_day.data or 0,
            bool(self.terminate.data),
            bool(self.refund_unused.data),
            bool(self.refund_only_unwatched.data),
            self.floor_percent.data or 0,
            bool(self.own_shop.data),
        )


def _as_above() -> tuple[str, str]:
    return "", say("as whoever is above it")


class NewResellerForm(Form):
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("What is it called?")), Length(max=200)]
    )
    email = StringField(
        later("E-mail"), filters=[stripped],
        validators=[DataRequired(later("Where does the link to its first login go?"))],
        description=later("Gets a link with which a password is set."),
    )  # fmt: skip
    plan = SelectField(later("Reseller plan"), description=later("Says its tier, rights and start-up credits."))
    below = SelectField(later("Below"))
    country = SelectField(later("Country"), default="", choices=lambda: [_as_above(), *country_choices()])
    zone = SelectField(
        later("Time zone"), default="", choices=lambda: [_as_above(), *((one, one) for one in zone_names())]
    )
    currency = SelectField(later("Currency"), default="", description=later("It pays in this one for good."))
    language = SelectField(later("Language"), default="", choices=lambda: [_as_above(), *language_choices()])
    start_up = StringField(later("Start-up credits"), filters=[stripped], description=later("Empty: as the plan says."))

    def wanted(self) -> NewReseller:
        return NewReseller(
            self.name.data or "",
            self.email.data or "",
            self.plan.data or "",
            int(self.below.data) if self.below.data else None,
            country=self.country.data,
            zone=self.zone.data,
            currency=self.currency.data,
            language=self.language.data,
            start_up=parsed_credits("start_up", self.start_up.data) if self.start_up.data else None,
        )


@admin.route("/resellers/new", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def new_reseller() -> ResponseReturnValue:
    form = NewResellerForm()
    with reading() as session:
        plans = session.execute(
            select(Plan.code, Plan.name)
            .where(Plan.seller_id == own_seller_id(), Plan.kind.in_(["reseller", "super_reseller"]))
            .where(Plan.retired.is_(False))
            .order_by(Plan.name)
        ).all()
        above = session.execute(
            select(Reseller.id, Reseller.name)
            .where(Reseller.tier == "super_reseller", Reseller.removed_on.is_(None))
            .where(Reseller.seller_id == own_seller_id())
            .order_by(Reseller.name)
        ).all()
        sold = sold_in(session, found(session, Seller, own_seller_id(), "seller"))
    form.currency.choices = [_as_above(), *currency_choices(sold)]
    form.plan.choices = [("", say("none: rights are set afterwards")), *((code, name) for code, name in plans)]
    form.below.choices = [("", say("the operator")), *((str(key), name) for key, name in above)]
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                made = add_reseller(tx, own_seller_id(), form.wanted())
            flash(say("It is a reseller now, and has mail with a link to set its password."), "good")
            return redirect(url_for("admin.reseller", key=made.reseller_id), 303)
    status = 422 if form.is_submitted() else 200
    lead = say("Nobody pays for it: credits are taken from a super-reseller only when it adds one itself.")
    back = url_for("admin.resellers")
    return page(
        "admin/entry.html", form=form, title=say("A reseller"), lead=lead, back=back, section="resellers"
    ), status


class ResellerForm(PreviewForm, RightsFields):
    name = StringField(
        later("Name"), filters=[stripped], validators=[DataRequired(later("What is it called?")), Length(max=200)]
    )
    credit_line = amount_field(later("Credit line"), later("How many credits it may owe."))
    reason = reason_field()


@admin.route("/resellers/<int:key>/rights", methods=["GET", "POST"])
@allow("staff", permission=_NEEDS)
def reseller_rights(key: int) -> ResponseReturnValue:
    row = one_reseller(key)
    rights = stored_rights(row.rights)
    line = f"{Money(row.credit_line_minor, CREDITS).decimal():f}"
    form = ResellerForm(name=row.name, credit_line=line, **{name: getattr(rights, name) for name in Rights.__slots__})
    known = plan_choices()
    more = [code for code in rights.sells if code not in {one for one, _ in known}]
    form.sells.choices = [*known, *((code, code) for code in more)]

    def act(tx: Tx) -> Any:
        entry = ResellerEntry(form.name.data, form.rights(), parsed_credits("credit_line", form.credit_line.data))
        seen = preview_set_reseller(tx, key, entry)
        set_reseller(tx, key, entry)
        return seen

    question = about_reseller(
        row, say("Its name, rights and credit line"), say("What it loses, all below it lose."), say("Save")
    )
    return previewed(
        question,
        form,
        act,
        rights_told,
        lambda _ctx, _seen: say("Saved."),
    )


def one_reseller(key: int) -> Reseller:
    with reading() as session:
        return seen_reseller(session, current_ctx(), key)


def about_reseller(row: Reseller, title: str, text: str, button: str, *, danger: bool = False) -> Question:
    return Question(title, text, button, url_for("admin.reseller", key=row.id), danger)
