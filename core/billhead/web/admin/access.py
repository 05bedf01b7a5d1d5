"""A customer's access details for staff (each look is audited), the set-up guides, and a seller's rules for both."""

from dataclasses import asdict

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from wtforms import IntegerField, SelectField
from wtforms.validators import InputRequired

from billhead.actions.access.drop_guide import drop_guide
from billhead.actions.access.guides_for import guides_for
from billhead.actions.access.mail_access import mail_access
from billhead.actions.access.reset_line_password import reset_line_password
from billhead.actions.access.revoke_code import revoke_code
from billhead.actions.access.save_guide import save_guide
from billhead.actions.access.see_access import see_access
from billhead.actions.sellers.set_watching_rules import set_watching_rules
from billhead.actions.shops._face import face_of
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.watching import WatchingRules, rules_from
from billhead.models.access import AccessCode, AccessCodeUse, SetupGuide
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import allow
from billhead.web.admin.area import admin, found, own_seller_id
from billhead.web.admin.asking import Question, ReasonForm, asked
from billhead.web.forms import Form
from billhead.web.guide_form import guides_of, opened
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.speaking import later, marked, say

__all__: list[str] = []

_USES = 20


@admin.post("/services/<int:key>/access")
@allow("staff", permission="services.access")
def service_access(key: int) -> ResponseReturnValue:
    """By POST: a look at somebody's credentials is a deed, and stands in the audit trail."""
    with writing(current_ctx()) as tx:
        seen = see_access(tx, key)
        row = tx.session.get_one(Service, key)
        customer = tx.session.scalars(
            select(Customer)
            .join(Subscription, Subscription.customer_id == Customer.id)
            .where(Subscription.id == row.subscription_id)
        ).one()
        face = face_of(tx.session, customer)
        guides = guides_for(tx.session, face, row.kind, customer.language, seen.access, seen.short_address)
        uses = tx.session.scalars(
            select(AccessCodeUse)
            .join(AccessCode, AccessCode.id == AccessCodeUse.code_id)
            .where(AccessCode.service_id == key)
            .order_by(AccessCodeUse.id.desc())
            .limit(_USES)
        ).all()
    return page("admin/service_access.html", service=row, customer=customer, seen=seen, guides=guides, uses=uses)


def _of_line(key: int, title: str, text: str, button: str) -> Question:
    with reading() as session:
        row = found(session, Service, key, "service")
    return Question(say(title, line=row.login), text, say(button), url_for("admin.service", key=key))


@admin.route("/services/<int:key>/password", methods=["GET", "POST"])
@allow("staff", permission="services.write")
def service_password(key: int) -> ResponseReturnValue:
    text = say(
        "It is made by chance and told to nobody. Every device has to be set up again; short addresses end at once."
    )

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            reset_line_password(tx, key)
        return say("A new password is on its way to the panel.")

    return asked(_of_line(key, marked("Give %(line)s a new password?"), text, marked("Change it")), ReasonForm(), act)


@admin.route("/services/<int:key>/end-code", methods=["GET", "POST"])
@allow("staff", permission="services.write")
def service_end_code(key: int) -> ResponseReturnValue:
    text = say("Apps that were set up with it lose their playlist. The customer can make another.")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            revoke_code(tx, key)
        return say("The short address leads nowhere any more.")

    return asked(_of_line(key, marked("End the short address of %(line)s?"), text, marked("End it")), ReasonForm(), act)


@admin.post("/services/<int:key>/mail-access")
@allow("staff", permission="services.write")
def service_mail_access(key: int) -> ResponseReturnValue:
    with writing(submit_ctx()) as tx:
        mail_access(tx, key)
    flash(say("On its way to the customer’s mail address."), "good")
    return redirect(url_for("admin.service", key=key), 303)


@admin.get("/guides")
@allow("staff")
def guides() -> ResponseReturnValue:
    with reading() as session:
        own, house = guides_of(session, own_seller_id())
    return page("admin/guides.html", own=own, house=house)


@admin.route("/guides/<code>/<language>", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def edit_guide(code: str, language: str) -> ResponseReturnValue:
    """What is there is shown to be changed; "new" begins with an empty page."""
    with reading() as session:
        form = opened(session, own_seller_id(), code, language)
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                save_guide(tx, own_seller_id(), form.told())
            flash(say("%(title)s is saved.", title=form.title.data), "good")
            return redirect(url_for("admin.guides"), 303)
    title = form.title.data or say("New guide")
    shown = page("admin/entry.html", form=form, title=title, back=url_for("admin.guides"), section="guides")
    return shown, 422 if form.is_submitted() else 200


@admin.route("/guides/<int:key>/drop", methods=["GET", "POST"])
@allow("staff", permission="catalogue.write")
def remove_guide(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, SetupGuide, key, "guide")
    text = say("If the house has a guide of this code and language, that one is shown again.")

    def act(ctx: Context, _form: ReasonForm) -> str:
        with writing(ctx) as tx:
            drop_guide(tx, key)
        return say("%(title)s is gone.", title=row.title)

    return asked(
        Question(say("Take %(title)s away?", title=row.title), text, say("Take it away"), url_for("admin.guides")),
        ReasonForm(),
        act,
    )


def _count(label: str, hint: str = "") -> IntegerField:
    return IntegerField(label, validators=[InputRequired(later("Write a number."))], description=hint)


class WatchingForm(Form):
    code_days = _count(
        later("Days that a short address holds"), later("0: until it is ended. Apps ask for it again and again.")
    )
    resets_a_day = _count(later("New passwords a day"), later("So often may a customer change a line's."))
    mails_a_day = _count(later("Mails with the access details a day"))
    asks_a_minute = _count(later("Looks at live connections a minute"), later("Each asks the panel."))
    viewing_days = _count(later("Days that viewings are kept"))
    address_days = _count(
        later("Days that viewers' addresses are kept"), later("They are personal data: emptied after that.")
    )
    window_hours = _count(later("Hours that are looked at for sharing"))
    most_addresses = _count(later("Different addresses of a line in that time"))
    most_networks = _count(later("Different networks"), later("A /24 of IPv4, a /48 of IPv6."))
    most_countries = _count(later("Different countries"))
    overlap_minutes = _count(
        later("Minutes at a time above its limit"), later("More streams than were sold, for so long.")
    )
    review_from = _count(later("Score from which a line is to be looked at"))
    acts_by_itself = SelectField(
        later("Then, by itself"),
        choices={
            "": later("nothing: a person decides"),
            "warn": later("warn the customer"),
            "limit": later("leave one stream"),
            "block": later("block the line"),
        },
    )
    acts_from = _count(later("Score from which that happens"))


@admin.route("/sellers/<int:key>/watching", methods=["GET", "POST"])
@allow("staff", permission="sellers.write")
def seller_watching(key: int) -> ResponseReturnValue:
    with reading() as session:
        row = found(session, Seller, key, "seller")
    before = asdict(rules_from(row.watching))
    form = WatchingForm(data=before)
    if form.validate_on_submit():
        with form.refusals():
            rules = WatchingRules(**{name: form[name].data for name in before})
            with writing(submit_ctx()) as tx:
                set_watching_rules(tx, key, rules)
            flash(say("Saved."), "good")
            return redirect(url_for("admin.seller_watching", key=key), 303)
    shown = page(
        "admin/entry.html", form=form, title=say("Access and viewings of %(name)s", name=row.name),
        back=url_for("admin.seller_invoicing", key=key), section="sellers",
    )  # fmt: skip
    return shown, 422 if form.is_submitted() else 200
