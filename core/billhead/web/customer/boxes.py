"""The customer watches a line on another box, so often a month."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from wtforms import BooleanField, StringField
from wtforms.validators import DataRequired, Length

from billhead.actions.provisioning.swap_mac import SwapsLeft, preview_swap_mac, swap_mac
from billhead.db import Tx, reading, writing
from billhead.domain.errors import NotFound
from billhead.domain.mac import parse_mac, usual_prefixes
from billhead.domain.rights import BUYERS
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin import allow
from billhead.web.customer.blueprint import customer
from billhead.web.forms import Form, stripped
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, current_customer_id, submit_ctx
from billhead.web.speaking import later, say

__all__: list[str] = []


class BoxForm(Form):
    mac = StringField(
        later("MAC address of the new box"),
        filters=[stripped],
        validators=[DataRequired(later("Write the address on the label below the box.")), Length(max=30)],
        description=later("On the label below the box, or in its network settings. Any spelling will do."),
        render_kw={"placeholder": "00:1A:79:AA:BB:01", "autocomplete": "off", "spellcheck": "false"},
    )
    sure = BooleanField(later("I have looked again, and the address is right"))


@customer.route("/services/<int:service_id>/box", methods=["GET", "POST"])
@allow(*BUYERS, permission="own.lines")
def another_box(service_id: int) -> ResponseReturnValue:
    with reading() as session:
        service = _own(session, service_id)
        left = preview_swap_mac(Tx(current_ctx(), session), service_id)
    form = BoxForm()
    unusual: tuple[str, ...] = ()
    if form.validate_on_submit():
        with form.refusals():
            mac = parse_mac(form.mac.data or "")
            unusual = usual_prefixes(service.kind, mac)
            if not unusual or form.sure.data:
                return _swapped(service, mac)
    return _shown(service, left, form, unusual)


def _swapped(service: Service, mac: str) -> ResponseReturnValue:
    with writing(submit_ctx()) as tx:
        done = swap_mac(tx, service.id, mac)
    new = say("%(mac)s is your box now. It is let in within a minute or two.", mac=done.mac)
    flash(new if done.changed else say("%(mac)s is your box already.", mac=done.mac), "good")
    return redirect(url_for("customer.subscription", subscription_id=service.subscription_id), 303)


def _shown(service: Service, left: SwapsLeft, form: BoxForm, unusual: tuple[str, ...]) -> ResponseReturnValue:
    if not unusual:
        del form.sure
    status = 422 if form.is_submitted() else 200
    return page("customer/box.html", service=service, left=left, form=form, unusual=unusual), status


def _own(session: Session, service_id: int) -> Service:
    service = session.get(Service, service_id)
    owner = session.get_one(Subscription, service.subscription_id).customer_id if service is not None else None
    if service is None or owner != current_customer_id():
        raise NotFound("service", service_id)
    return service
