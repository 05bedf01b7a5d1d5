"""What is sent to PayPal when money is to move: an order for the payer, one by a saved account, a refund."""

from typing import Any

from billhead.plugin import (
    AttemptState,
    AttemptView,
    DeclineClass,
    GatewayRejected,
    Outcome,
    OutcomeUnknown,
    Redirect,
    RefundView,
    SavedMethod,
)
from billhead_paypal.amounts import to_paypal
from billhead_paypal.client import PayPalApi
from billhead_paypal.declines import Declined, decline_of
from billhead_paypal.outcomes import CHECKOUT, CLOSED, ORDER, SAVED, Json, key_of, link, of_order, of_refund

__all__ = ["WHOLE", "charge", "open_order", "send_back", "unit_of"]

WHOLE = "return=representation"
_LONGEST_TEXT, _LONGEST_NOTE = 127, 255


def open_order(api: PayPalApi, attempt: AttemptView, brand: str) -> Redirect:
    """An order that the payer approves on PayPal's page. It takes no money: the capture does, when they have."""
    page = {
        "return_url": attempt.return_url,
        "cancel_url": attempt.cancel_url,
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
    }
    if brand:
        page["brand_name"] = brand
    wallet: dict[str, Any] = {"experience_context": page}
    if attempt.save_method:
        vault = {"store_in_vault": "ON_SUCCESS", "usage_type": "MERCHANT", "customer_type": "CONSUMER"}
        wallet["attributes"] = {"vault": vault}
    order = _created(api, attempt, CHECKOUT, wallet)
    url = link(order, "payer-action", "approve")
    if not url:
        raise OutcomeUnknown(f"{attempt.key} was begun before and is {order.get('status')}: look it up")
    return Redirect(url, provider_ref=f"{ORDER}{order['id']}")


def charge(api: PayPalApi, attempt: AttemptView, method: SavedMethod) -> Outcome:
    """Charge without the payer, in one step. Where PayPal wants the payer, a pay link begins a new order."""
    wallet = {
        "vault_id": method.token,
        "stored_credential": {
            "payment_initiator": "MERCHANT",
            "usage": "SUBSEQUENT",
            "usage_pattern": "SUBSCRIPTION_PREPAID",
        },
    }
    try:
        order = _created(api, attempt, SAVED, wallet)
    except Declined as declined:
        return _failed(decline_of(declined.issue), declined.issue)
    return of_order(order)


def send_back(api: PayPalApi, refund: RefundView) -> Outcome:
    wish = {
        "capture_id": refund.payment_ref,
        "paypal_request_id": refund.key,
        "prefer": WHOLE,
        "body": {
            "amount": to_paypal(refund.amount),
            "custom_id": refund.key,
            "invoice_id": refund.key,
            "note_to_payer": refund.reason[:_LONGEST_NOTE] or refund.key,
        },
    }
    try:
        return of_refund(api.write(lambda sdk: sdk.payments.refund_captured_payment(wish)))
    except Declined as declined:
        raise GatewayRejected(f"PayPal refused: {declined.issue}", code=declined.issue.lower()) from None


def unit_of(attempt: AttemptView, by: str, custom: str) -> dict[str, Any]:
    return {
        "reference_id": by,
        "custom_id": custom,
        "description": attempt.description[:_LONGEST_TEXT] or attempt.key,
        "amount": to_paypal(attempt.amount),
    }


def _created(api: PayPalApi, attempt: AttemptView, by: str, wallet: dict[str, Any]) -> Json:
    """The order under the attempt's key: PayPal answers a repeat with the first one, and takes no invoice id twice."""
    body = {
        "intent": "CAPTURE",
        "purchase_units": [{**unit_of(attempt, by, attempt.key), "invoice_id": attempt.key}],
        "payment_source": {"paypal": wallet},
    }
    wish = {"body": body, "paypal_request_id": attempt.key, "prefer": WHOLE}
    order = api.write(lambda sdk: sdk.orders.create_order(wish))
    if not order.get("id") or key_of(order).startswith(CLOSED):
        raise OutcomeUnknown(f"PayPal's answer about {attempt.key} is not the order that was asked for")
    return order


def _failed(decline: DeclineClass | None, code: str) -> Outcome:
    return Outcome(AttemptState.FAILED, decline=decline, code=code)
