"""What became of an attempt. An order that its payer has approved is captured here: whether they come back to the shop,
PayPal tells of it, or nobody does and the attempt is looked up, it is one capture under one key.
"""

from datetime import timedelta
from typing import Any

from billhead.plugin import (
    AttemptState,
    AttemptView,
    DeclineClass,
    GatewayRejected,
    Outcome,
    OutcomeUnknown,
    RefundView,
)
from billhead_paypal.client import NOT_FOUND, PayPalApi
from billhead_paypal.declines import Declined, decline_of
from billhead_paypal.ordering import WHOLE, unit_of
from billhead_paypal.outcomes import (
    CLOSED,
    ORDER,
    SAVED,
    Json,
    captures_of,
    key_of,
    link,
    of_capture,
    of_order,
    of_refund,
    payments_of,
    without_payer,
)

__all__ = ["capture_with", "find_refund", "look", "order_of", "order_with", "outcome_of_capture", "outcome_of_order"]

_KEY_HOLDS = timedelta(hours=5)
"""PayPal keeps the key of an order for six hours. After that the same key would make another order."""


def look(api: PayPalApi, attempt: AttemptView) -> Outcome:
    """By the id that PayPal gave; without one, by asking what its key stands for."""
    reference = attempt.provider_ref
    if not reference:
        return _by_key(api, attempt)
    if not reference.startswith(ORDER):
        return outcome_of_capture(api, capture_with(api, reference))
    try:
        order = order_with(api, reference.removeprefix(ORDER))
    except GatewayRejected as refused:
        if refused.code == NOT_FOUND and not attempt.method_token:
            return Outcome(AttemptState.EXPIRED, reference)  # PayPal forgets orders that nobody has approved
        raise
    if key_of(order) != attempt.key:
        return Outcome(AttemptState.UNKNOWN, reference, code="other_reference")
    return outcome_of_order(api, order)


def order_with(api: PayPalApi, reference: str) -> Json:
    return api.read(lambda sdk: sdk.orders.get_order({"id": reference}))


def capture_with(api: PayPalApi, reference: str) -> Json:
    return api.read(lambda sdk: sdk.payments.get_captured_payment({"capture_id": reference}))


def outcome_of_order(api: PayPalApi, order: Json) -> Outcome:
    """The order as it is, or, if its payer has approved it, after the capture."""
    if order.get("status") != "APPROVED" or captures_of(order) or without_payer(order):
        return of_order(order)
    reference = str(order["id"])
    wish = {"id": reference, "paypal_request_id": f"capture-{reference}", "prefer": WHOLE, "body": {}}
    try:
        captured = api.write(lambda sdk: sdk.orders.capture_order(wish))
    except Declined as declined:
        return _not_captured(order, declined)
    except OutcomeUnknown:
        # lost, or somebody else captures at this moment. What the order says now is true all the same.
        order = order_with(api, reference)
        return of_order(order) if captures_of(order) else Outcome(AttemptState.UNKNOWN, f"{ORDER}{reference}")
    except GatewayRejected as refused:
        if refused.code == "order_not_approved":
            return of_order({**order, "status": "CREATED"})
        raise
    return of_order({**order, **captured})


def outcome_of_capture(api: PayPalApi, capture: Json) -> Outcome:
    """A capture as its order tells it, which also knows of the account that was saved."""
    order = order_of(api, capture)
    mine = [one for one in captures_of(order or {}) if one.get("id") == capture.get("id")]
    return of_order(order) if order is not None and mine else of_capture(capture)


def find_refund(api: PayPalApi, refund: RefundView) -> Outcome:
    """By the id that PayPal gave, else among the refunds of the order. Unknown if there is none: repeat it."""
    if refund.provider_ref:
        return of_refund(api.read(lambda sdk: sdk.payments.get_refund({"refund_id": refund.provider_ref})))
    order = order_of(api, capture_with(api, refund.payment_ref))
    for one in payments_of(order or {}, "refunds"):
        if one.get("custom_id") == refund.key:
            return of_refund(one)
    return Outcome(AttemptState.UNKNOWN)


def order_of(api: PayPalApi, capture: Json) -> Json | None:
    """The order that a capture is of; None if PayPal does not say, or has forgotten it."""
    ids = (capture.get("supplementary_data") or {}).get("related_ids") or {}
    reference = ids.get("order_id")
    if not isinstance(reference, str) or not reference:
        return None
    try:
        return order_with(api, reference)
    except GatewayRejected as refused:
        if refused.code == NOT_FOUND:
            return None
        raise


def _not_captured(order: Json, declined: Declined) -> Outcome:
    """PayPal may let the payer choose another card or bank for the same order; else the attempt has failed."""
    reference = f"{ORDER}{order.get('id')}"
    elsewhere = link({"links": declined.links}, "redirect", "payer-action")
    if elsewhere:
        return Outcome(AttemptState.REQUIRES_ACTION, reference, code=declined.issue, action_url=elsewhere)
    return Outcome(AttemptState.FAILED, reference, decline=decline_of(declined.issue), code=declined.issue)


def _by_key(api: PayPalApi, attempt: AttemptView) -> Outcome:
    """Nobody knows whether the order was made. Ask under its key for one that nobody will ever approve: PayPal answers
    with what the key stands for. If that is the new order, the first never arrived, and if it comes late its key is
    taken. After the hours for which PayPal knows a key, nothing is proven any more.
    """
    if attempt.age > _KEY_HOLDS:
        return Outcome(AttemptState.UNKNOWN)
    custom = f"{CLOSED}{attempt.key}"
    body: dict[str, Any] = {"intent": "CAPTURE", "purchase_units": [unit_of(attempt, SAVED, custom)]}
    wish = {"body": body, "paypal_request_id": attempt.key, "prefer": WHOLE}
    try:
        answer = api.write(lambda sdk: sdk.orders.create_order(wish))
        order = order_with(api, str(answer.get("id") or ""))
    except (Declined, OutcomeUnknown):
        return Outcome(AttemptState.UNKNOWN)
    if key_of(order) == custom:
        return Outcome(AttemptState.FAILED, decline=DeclineClass.RATE_LIMITED, code="never_arrived")
    return outcome_of_order(api, order) if key_of(order) == attempt.key else Outcome(AttemptState.UNKNOWN)
