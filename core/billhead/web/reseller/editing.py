"""What is known of a user is put right, and one who is there already gets another line."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length

from billhead.actions.resellers._address_tries import count_address
from billhead.actions.resellers._seen import figures_of, has_opened_login, seen_reseller
from billhead.actions.resellers.edit_user import UserFacts, edit_user
from billhead.actions.shops._own import customer_of
from billhead.db import reading, writing
from billhead.models.people import Reseller
from billhead.plugin import allow
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, submit_ctx
from billhead.web.reseller.adding import LineForm, add_from, line_text
from billhead.web.reseller.area import reseller
from billhead.web.reseller.offers import addons_for, offers_for
from billhead.web.reseller.own_users import Seen, own_user
from billhead.web.speaking import later, say
from billhead.wording import LANGUAGES, own_name

__all__ = ["may_get_another"]


class FactsForm(Form):
    name = StringField(
        later("Name"),
        filters=[stripped],
        validators=[DataRequired(later("Say who it is for.")), Length(max=200)],
        render_kw={"autocomplete": "off"},
    )
    email = line_text(later("E-mail"), 200, inputmode="email")
    phone = line_text(later("Phone"), 40, inputmode="tel")
    language = SelectField(later("Language of what they are sent"))
    note = TextAreaField(
        later("Note"),
        filters=[stripped],
        validators=[Length(max=2000)],
        description=later("For you and whoever looks after them later. They don’t see it."),
        render_kw={"rows": 3},
    )

    def facts(self) -> UserFacts:
        return UserFacts(**{name: self[name].data or "" for name in UserFacts.__dataclass_fields__})


@reseller.route("/users/<int:key>/edit", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def edit(key: int) -> ResponseReturnValue:
    with reading() as session:
        who = own_user(session, key).customer
        known = has_opened_login(session, who.id)
    form = FactsForm(obj=who, note=who.reseller_note)
    spoken = LANGUAGES if who.language in LANGUAGES else (*LANGUAGES, who.language)
    form.language.choices = [(code, own_name(code)) for code in spoken]
    if known:
        form.email.description = later("They sign in with it: only they change it, in their account.")
        form.email.render_kw = {**(form.email.render_kw or {}), "readonly": True}
    if form.validate_on_submit():
        with form.refusals():
            with writing(current_ctx()) as tx:
                count_address(tx, key, form.email.data or "")
            with writing(submit_ctx()) as tx:
                edit_user(tx, key, form.facts())
            flash(say("Saved."), "good")
            return redirect(url_for("reseller.user", key=key), 303)
    return page("reseller/edit_user.html", form=form, who=who, key=key), 422 if form.is_submitted() else 200


@reseller.route("/users/<int:key>/another-line", methods=["GET", "POST"])
@allow("reseller", "super_reseller")
def another_line(key: int) -> ResponseReturnValue:
    """Whoever looks after them pays for it, as for a renewal."""
    with reading() as session:
        seen = own_user(session, key)
        payer = seen_reseller(session, current_ctx(), seen.customer.reseller_id or 0)
        lives, own = seen.customer.country, customer_of(session, payer)
        offers = offers_for(session, payer, own, lives)
        addons = addons_for(session, payer, own, {one.code for one in offers}, lives)
        possible = may_get_another(seen, payer)
        balance = figures_of(session, [payer.id])[payer.id].balance_minor
    form = LineForm()
    form.offer.choices = [(one.value, one.name) for one in offers]
    if not form.is_submitted():
        same = f"{seen.plan.code}|{seen.subscription.term}"
        form.offer.data = same if same in [one.value for one in offers] else next((one.value for one in offers), None)
    elif possible and form.validate_on_submit():
        with form.refusals():
            added = add_from(form, payer.id, addons, seen.customer.id)
            return redirect(url_for("reseller.ready", key=added.subscription_id), 303)
    shown = {"seen": seen, "offers": offers if possible else [], "addons": addons, "payer": payer, "balance": balance}
    return page("reseller/another_line.html", form=form, **shown), 422 if form.is_submitted() else 200


def may_get_another(seen: Seen, payer: Reseller) -> bool:
    """A customer of the reseller's own shop orders there: what they get has to stand on an invoice."""
    return seen.customer.seller_id == payer.seller_id and seen.customer.erased_at is None
