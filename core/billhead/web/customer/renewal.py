"""The switch for automatic renewal: what happens on which day for how much, as it stands and after it is turned."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from billhead.actions.payments._methods import ways_to_save
from billhead.actions.subscriptions.renew_now import renew_now
from billhead.actions.subscriptions.set_auto_renew import preview_auto_renew, set_auto_renew
from billhead.db import reading, writing
from billhead.domain.errors import BillheadError, NotAllowed
from billhead.domain.rights import BUYERS
from billhead.plugin import allow
from billhead.web.customer.blueprint import customer
from billhead.web.customer.read import own_subscription
from billhead.web.errors import refusal
from billhead.web.forms import Form
from billhead.web.pages import page
from billhead.web.request_context import current_ctx, current_customer_id, submit_ctx
from billhead.web.speaking import marked, say

__all__: list[str] = []

_DONE = {
    "charged": marked("Automatic renewal is on."),
    "invoiced": marked("Automatic renewal is on."),
    "by_hand": marked("It goes on. We mail you an offer in time."),
    "ends": marked("Automatic renewal is off."),
}


@customer.get("/subscriptions/<int:subscription_id>/renewal")
@allow(*BUYERS, permission="own.lines")
def renewal(subscription_id: int) -> ResponseReturnValue:
    return _shown(subscription_id)


def _shown(subscription_id: int, problem: str = "", status: int = 200) -> ResponseReturnValue:
    with reading() as session:
        one = own_subscription(session, current_customer_id(), subscription_id)
        saves = bool(ways_to_save(session, current_customer_id()))
    switch = preview_auto_renew(current_ctx(), subscription_id)
    why = refusal(switch.refusal)[0] if switch.refusal is not None else ""
    told = {"one": one, "switch": switch, "why": why, "problem": problem, "saves": saves}
    return page("customer/renewal.html", **told, form=Form()), status


@customer.post("/subscriptions/<int:subscription_id>/renewal/<switch>")
@allow(*BUYERS, permission="own.lines")
def switch_renewal(subscription_id: int, switch: str) -> ResponseReturnValue:
    """`switch` is "on" or "off"; anything else turns nothing. On costs money, so it takes the right to pay as well."""
    if switch == "on" and not current_ctx().may("own.pay"):
        raise NotAllowed("Your account has no access to this page.", hint="it needs own.pay")
    with reading() as session:
        own_subscription(session, current_customer_id(), subscription_id)
    if switch not in ("on", "off"):
        return redirect(url_for("customer.renewal", subscription_id=subscription_id), 303)
    try:
        with writing(submit_ctx()) as tx:
            done = set_auto_renew(tx, subscription_id, switch == "on")
    except BillheadError as refused:
        return _shown(subscription_id, *refusal(refused))
    flash(say(_DONE[done.way]), "good")
    return redirect(url_for("customer.renewal", subscription_id=subscription_id), 303)


@customer.post("/subscriptions/<int:subscription_id>/renew")
@allow(*BUYERS, permission="own.pay")
def renew_by_hand(subscription_id: int) -> ResponseReturnValue:
    """The offer of the next term at once, and to the page on which it is paid."""
    with reading() as session:
        own_subscription(session, current_customer_id(), subscription_id)
    try:
        with writing(submit_ctx()) as tx:
            made = renew_now(tx, subscription_id)
    except BillheadError as refused:
        flash(refusal(refused)[0], "bad")
        return redirect(url_for("customer.next_invoice", subscription_id=subscription_id), 303)
    return redirect(url_for("storefront.pay", document_id=made.document_id), 303)
