"""PayPal's objects in core's words. A status that is not known here is a doubt, never a failure.

While an order is not paid its attempt is known by "order/ID"; once money was taken, by the ID of the capture, which is
what refunds and disputes are about.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from billhead.plugin import AttemptState, DeclineClass, Money, Outcome, SavedMethod
from billhead_paypal.amounts import from_paypal
from billhead_paypal.declines import of_capture as decline_of_capture

__all__ = ["CHECKOUT", "CLOSED", "ORDER", "SAVED", "Json", "captures_of", "key_of", "link", "method_of", "of_capture",
           "of_dispute", "of_order", "of_refund", "payments_of", "without_payer"]  # fmt: skip

Json = Mapping[str, Any]

ORDER = "order/"
CLOSED = "closed-"
"""Before the key in the `custom_id` of an order that only takes a key, so that nothing comes under it any more."""

CHECKOUT, SAVED = "checkout", "saved"
"""`reference_id` of the purchase unit: whether its payer is there."""

_CAPTURE = {
    "COMPLETED": AttemptState.SUCCEEDED,
    "PARTIALLY_REFUNDED": AttemptState.SUCCEEDED,  # what went back is told by the refunds
    "REFUNDED": AttemptState.SUCCEEDED,
    "PENDING": AttemptState.PROCESSING,
    "DECLINED": AttemptState.FAILED,
    "FAILED": AttemptState.FAILED,
}
_REFUND = {
    "COMPLETED": AttemptState.SUCCEEDED,
    "PENDING": AttemptState.PROCESSING,
    "FAILED": AttemptState.FAILED,
    "CANCELLED": AttemptState.CANCELED,
}
_WAITS_FOR_PAYER = frozenset({"CREATED", "SAVED", "PAYER_ACTION_REQUIRED", "APPROVED"})
_WON = frozenset({"RESOLVED_SELLER_FAVOUR", "CANCELED_BY_BUYER", "DENIED", "RESOLVED_WITH_PAYOUT"})
_LOST = frozenset({"RESOLVED_BUYER_FAVOUR", "ACCEPTED"})
_FEES = frozenset({"DISPUTE_FEE", "DISPUTE_SETTLEMENT_FEE", "CHARGEBACK_FEE"})


def of_order(order: Json) -> Outcome:
    """An order, by its capture once there is one. Approved is not paid: it is captured by `looking`."""
    reference, status = f"{ORDER}{order.get('id')}", order.get("status")
    captures = captures_of(order)
    if captures:
        outcome = of_capture(captures[0])
        if outcome.state is AttemptState.SUCCEEDED and not without_payer(order):
            return _with_method(outcome, order)
        return outcome
    amount = from_paypal(_unit(order).get("amount"))
    if status == "VOIDED":
        return Outcome(AttemptState.CANCELED, reference)
    if without_payer(order) and status == "PAYER_ACTION_REQUIRED":
        # nobody has its link, and it is never captured: only a pay link leads on
        return Outcome(AttemptState.FAILED, reference, amount, decline=DeclineClass.NEEDS_CUSTOMER, code=str(status))
    if without_payer(order) or status not in _WAITS_FOR_PAYER:
        return Outcome(AttemptState.UNKNOWN, reference)
    return Outcome(AttemptState.REQUIRES_ACTION, reference, amount, action_url=link(order, "payer-action", "approve"))


def of_capture(capture: Json) -> Outcome:
    """A capture. Pending ones (an eCheck, a review) are told again when PayPal has decided."""
    state = _CAPTURE.get(str(capture.get("status")), AttemptState.UNKNOWN)
    told = capture.get("seller_receivable_breakdown")
    fee, settled = _received(told) if isinstance(told, Mapping) else (None, None)
    why = capture.get("status_details")
    failed = state is AttemptState.FAILED
    return Outcome(
        state,
        provider_ref=str(capture.get("id") or ""),
        amount=from_paypal(capture.get("amount")),
        fee=fee if state is AttemptState.SUCCEEDED else None,
        settled=settled if state is AttemptState.SUCCEEDED else None,
        decline=decline_of_capture(capture) if failed else None,
        code=str(why.get("reason") or "") if isinstance(why, Mapping) else "DECLINED" if failed else "",
    )


def _received(told: Json) -> tuple[Money | None, Money | None]:
    """PayPal's fee, and what it made of the payment where it keeps the balance in another currency, before a fee in it.

    `receivable_amount` is what is left of the payment, in the balance's currency and without the fee.
    """
    fee, got = from_paypal(told.get("paypal_fee")), from_paypal(told.get("receivable_amount"))
    gross, there = from_paypal(told.get("gross_amount")), from_paypal(told.get("paypal_fee_in_receivable_currency"))
    if got is None or gross is None or got.currency == gross.currency:
        return fee, None
    if there is not None and there.currency == got.currency:
        return there, got + there
    return fee, got


def of_refund(refund: Json) -> Outcome:
    why = refund.get("status_details")
    return Outcome(
        _REFUND.get(str(refund.get("status")), AttemptState.UNKNOWN),
        provider_ref=str(refund.get("id") or ""),
        amount=from_paypal(refund.get("amount")),
        code=str(why.get("reason") or "") if isinstance(why, Mapping) else "",
    )


def of_dispute(dispute: Json) -> Outcome | None:
    """None while no money was taken: an inquiry is a talk between payer and seller, and costs nothing by itself."""
    moved = [one for one in dispute.get("money_movements") or [] if isinstance(one, Mapping)]
    debits = [one for one in moved if one.get("affected_party") == "SELLER" and one.get("type") == "DEBIT"]
    if dispute.get("dispute_life_cycle_stage") == "INQUIRY" and not debits:
        return None
    decided = dispute.get("dispute_outcome")
    how = str(decided.get("outcome_code")) if isinstance(decided, Mapping) else ""
    state = AttemptState.PROCESSING
    if dispute.get("status") == "RESOLVED" and how in _WON | _LOST:
        state = AttemptState.FAILED if how in _WON else AttemptState.SUCCEEDED
    fees = [from_paypal(one.get("amount")) for one in debits if one.get("reason") in _FEES]
    return Outcome(
        state,
        provider_ref=str(dispute.get("dispute_id") or ""),
        amount=from_paypal(dispute.get("dispute_amount")),
        fee=fees[0] if fees else None,
        code=str(dispute.get("reason") or "").lower(),
    )


def key_of(about: Json) -> str:
    """The attempt's key that an order or a capture carries; "" if Billhead has not made it."""
    carried = about.get("custom_id") or _unit(about).get("custom_id")
    return carried if isinstance(carried, str) else ""


def without_payer(order: Json) -> bool:
    return bool(_unit(order).get("reference_id") == SAVED)


def captures_of(order: Json) -> list[Json]:
    return payments_of(order, "captures")


def payments_of(order: Json, what: str) -> list[Json]:
    """The order's `captures` or `refunds`."""
    payments = _unit(order).get("payments")
    rows = payments.get(what) if isinstance(payments, Mapping) else None
    return [one for one in rows or [] if isinstance(one, Mapping) and one.get("id")]


def link(about: Json, *relations: str) -> str:
    """The address of the first link with one of these relations, or ""."""
    for row in _links(about):
        if row.get("rel") in relations and isinstance(row.get("href"), str):
            return str(row["href"])
    return ""


def _links(about: Json) -> Iterator[Json]:
    for row in about.get("links") or []:
        if isinstance(row, Mapping):
            yield row


def _unit(order: Json) -> Json:
    units = order.get("purchase_units")
    first = units[0] if isinstance(units, list) and units else {}
    return first if isinstance(first, Mapping) else {}


def _with_method(outcome: Outcome, order: Json) -> Outcome:
    """With the account that was saved along with the payment."""
    source = order.get("payment_source")
    wallet = source.get("paypal") if isinstance(source, Mapping) else None
    attributes = wallet.get("attributes") if isinstance(wallet, Mapping) else None
    vault = attributes.get("vault") if isinstance(attributes, Mapping) else None
    token = vault.get("id") if isinstance(vault, Mapping) else None
    method = method_of(token, wallet)
    if method is None:
        return outcome
    return replace(outcome, method=method)


def method_of(token: object, wallet: object) -> SavedMethod | None:
    """A saved account. Its label is a masked address, nothing else is kept."""
    if not isinstance(wallet, Mapping) or not isinstance(token, str) or not token:
        return None
    name, _, host = str(wallet.get("email_address") or "").partition("@")
    return SavedMethod(
        token=token,
        label=f"PayPal {name[:1]}•••@{host}" if host else "PayPal",
        fingerprint=str(wallet.get("account_id") or ""),
    )
