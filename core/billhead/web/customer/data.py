"""Your data: what you agreed to, a copy of all that is held, and being forgotten."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from wtforms import BooleanField
from wtforms.validators import InputRequired

from billhead.actions.privacy._copy import GROUPS
from billhead.actions.privacy._standing import BLOCKERS, privacy_rules
from billhead.actions.privacy.ask_erasure import ask_erasure, preview_ask_erasure
from billhead.actions.privacy.ask_export import ask_export
from billhead.actions.privacy.give_consent import give_consent
from billhead.actions.privacy.revoke_erasure import revoke_erasure
from billhead.actions.privacy.withdraw_consent import withdraw_consent
from billhead.db import reading, writing
from billhead.domain.consent import Agreed
from billhead.domain.errors import NotFound
from billhead.domain.privacy import OPEN
from billhead.domain.rights import BUYERS
from billhead.models.consents import Consent
from billhead.models.people import Customer
from billhead.models.privacy import DataExport, ErasureRequest
from billhead.plugin import allow
from billhead.web.customer.blueprint import customer
from billhead.web.exported_data import exported_file, is_ready, open_export
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, current_customer_id, submit_ctx
from billhead.web.security.area import fresh
from billhead.web.speaking import later, say

__all__: list[str] = []

_AGREED = {
    Agreed.TERMS: later("Terms"),
    Agreed.PRIVACY: later("Privacy notice"),
    Agreed.MARKETING: later("Advertising by mail"),
}
_MOST_CONSENTS = 100


class EraseForm(Form):
    ends_lines = BooleanField(
        later("End my subscriptions with it"),
        description=later("On that day your lines stop, as with any cancellation."),
    )
    sure = BooleanField(
        later("I know that it can’t be undone once it has begun"),
        validators=[InputRequired(later("Tick this to go on."))],
    )


@customer.get("/data")
@allow(*BUYERS, permission="own.privacy")
def data() -> ResponseReturnValue:
    me = current_customer_id()
    with reading() as session:
        one = session.get_one(Customer, me)
        consents = session.scalars(
            select(Consent).where(Consent.customer_id == me).order_by(Consent.id.desc()).limit(_MOST_CONSENTS)
        ).all()
        newest = session.scalars(
            select(DataExport).where(DataExport.customer_id == me).order_by(DataExport.id.desc()).limit(1)
        ).first()
        erasure = _open_erasure(session, me)
    advertised = next((c.withdrawn_at is None for c in consents if c.what == Agreed.MARKETING), False)
    return page(
        "customer/data.html",
        me=one,
        consents=consents,
        agreed={what.value: words for what, words in _AGREED.items()},
        advertised=advertised,
        export=newest,
        ready=newest is not None and is_ready(newest),
        erasure=erasure,
        standing=[BLOCKERS[code] for code in _codes(erasure)],
        goes_on=newest is not None and newest.state in ("queued", "running"),
    )


def _codes(erasure: ErasureRequest | None) -> list[str]:
    """What stands against it, as codes: the page has the sentences, in the language of who reads them."""
    said = erasure.said if erasure is not None else ""
    return [code for code, words in BLOCKERS.items() if words in said]


@customer.post("/data/advertising")
@allow(*BUYERS, permission="own.privacy")
def advertising() -> ResponseReturnValue:
    me, wanted = current_customer_id(), request.form.get("wanted") == "y"
    with writing(submit_ctx()) as tx:
        if wanted:
            give_consent(tx, me, Agreed.MARKETING.value, "", request.remote_addr or "")
        else:
            withdraw_consent(tx, me, Agreed.MARKETING.value)
    flash(say("We may write to you about offers.") if wanted else say("We write to you about no offers."), "good")
    return redirect(url_for("customer.data"), 303)


@customer.route("/data/copy", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.privacy")
@fresh
def copy_data() -> ResponseReturnValue:
    form = Form()
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                ask_export(tx, current_customer_id())
            flash(say("Your copy is being made. We mail you when it is there."), "good")
            return redirect(url_for("customer.data"), 303)
    with reading() as session:
        days = privacy_rules(session, session.get_one(Customer, current_customer_id()).seller_id).export_days
    return page("customer/data_copy.html", form=form, groups=GROUPS, days=days), 422 if form.is_submitted() else 200


@customer.get("/data/copy/<int:export_id>")
@allow(*BUYERS, permission="own.privacy")
@fresh
def copied_data(export_id: int) -> ResponseReturnValue:
    with reading() as session:
        row = open_export(session, export_id)
    if row.customer_id != current_customer_id():
        raise NotFound("copy of data", export_id)
    return exported_file(row)


@customer.route("/data/erase", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.privacy")
@fresh
def erase_data() -> ResponseReturnValue:
    me, form = current_customer_id(), EraseForm()
    if form.validate_on_submit():
        with form.refusals():
            with writing(submit_ctx()) as tx:
                ask_erasure(tx, me, ends_lines=form.ends_lines.data)
            flash(say("It is noted. Until the day you can change your mind here."), "good")
            return redirect(url_for("customer.data"), 303)
    with writing(current_ctx()) as tx:
        outlook = preview_ask_erasure(tx, me)
        days = privacy_rules(tx.session, tx.session.get_one(Customer, me).seller_id).erasure_days
    shown = {"outlook": outlook, "groups": GROUPS, "blockers": BLOCKERS, "days": days}
    return page("customer/data_erase.html", form=form, **shown), 422 if form.is_submitted() else 200


@customer.post("/data/keep")
@allow(*BUYERS, permission="own.privacy")
def keep_data() -> ResponseReturnValue:
    with writing(submit_ctx()) as tx:
        revoke_erasure(tx, current_customer_id())
    flash(say("Good to have you. Nothing is erased."), "good")
    return redirect(url_for("customer.data"), 303)


def _open_erasure(session: Session, customer_id: int) -> ErasureRequest | None:
    mine = select(ErasureRequest).where(ErasureRequest.customer_id == customer_id, ErasureRequest.state.in_(OPEN))
    return session.scalar(mine)
