"""What a proven event leads to. The event is a hint only: its object is fetched, so that copies, disorder and age of
events change nothing, and what was signed is never booked by itself.

Where a refund or a dispute is told, the payment that it is about is told first: it may not be known yet.
"""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, urlsplit

from billhead.plugin import AttemptState, CallbackForged, Outcome, Verified, VerifiedKind
from billhead_paypal.client import PayPalApi
from billhead_paypal.looking import capture_with, order_with, outcome_of_capture, outcome_of_order
from billhead_paypal.outcomes import Json, key_of, link, method_of, of_dispute, of_refund
from billhead_paypal.saving import token_with

__all__ = ["facts_of"]

_Fact = tuple[VerifiedKind, str, Outcome]


def facts_of(api: PayPalApi, event: Json) -> Sequence[Verified]:
    """The facts of an event, or none for a type that is not read here and for what is not Billhead's."""
    name, kind, resource = event.get("id"), event.get("event_type"), event.get("resource")
    if not (isinstance(name, str) and name and isinstance(kind, str) and isinstance(resource, dict)):
        raise CallbackForged("it is PayPal's, but it is no event of a webhook")
    reader = _READERS.get(kind) or _READERS.get(kind.rpartition(".")[0])
    if reader is None:
        return []
    return [Verified(fact, name, reference, outcome) for fact, reference, outcome in reader(api, resource)]


def _order(api: PayPalApi, resource: Json) -> list[_Fact]:
    """Also what its payer has approved without ever coming back: it is captured."""
    return _of_order(api, _id(resource))


def _token(api: PayPalApi, resource: Json) -> list[_Fact]:
    """An account that was saved only after the payment: the payment is told again, now with it."""
    about = resource.get("metadata")
    return _of_order(api, str(about.get("order_id") or "")) if isinstance(about, dict) else []


def _gone(api: PayPalApi, resource: Json) -> list[_Fact]:
    """A saved account that its payer took away at PayPal. One that is still there is told as it is."""
    name = _id(resource)
    if not name:
        return []
    token = token_with(api, name)
    about = token.get("payment_source") if token is not None else None
    method = method_of(name, about.get("paypal")) if isinstance(about, Mapping) else None
    state = AttemptState.CANCELED if token is None else AttemptState.SUCCEEDED if method else AttemptState.UNKNOWN
    return [(VerifiedKind.METHOD_CHANGED, name, Outcome(state, method=method))]


def _of_order(api: PayPalApi, reference: str) -> list[_Fact]:
    order = order_with(api, reference) if reference else {}
    return [(VerifiedKind.ATTEMPT, key_of(order), outcome_of_order(api, order))] if key_of(order) else []


def _capture(api: PayPalApi, resource: Json) -> list[_Fact]:
    capture = capture_with(api, _id(resource)) if _id(resource) else {}
    return [(VerifiedKind.ATTEMPT, key_of(capture), outcome_of_capture(api, capture))] if key_of(capture) else []


def _refund(api: PayPalApi, resource: Json) -> list[_Fact]:
    """By its own key if Billhead made it, else by that of the payment, which a refund takes over."""
    refund = _refund_with(api, _id(resource))
    capture = _above(api, refund)
    if capture is None:
        return []
    told = (VerifiedKind.REFUND, key_of(refund) or key_of(capture), of_refund(refund))
    return [*_payment(api, capture), told]


def _reversal(api: PayPalApi, resource: Json) -> list[_Fact]:
    """Money that was taken back. If a dispute led to it, that is told; a bank's return has none."""
    reversal = _refund_with(api, _id(resource))
    capture = _above(api, reversal)
    if capture is None:
        return []
    listed = api.get("/v1/customer/disputes", disputed_transaction_id=str(capture["id"]))
    disputes = [one for one in listed.get("items") or [] if isinstance(one, dict) and one.get("dispute_id")]
    if disputes:
        return _of_dispute(api, str(disputes[0]["dispute_id"]))
    taken = of_refund(reversal)
    lost = Outcome(AttemptState.SUCCEEDED, taken.provider_ref, taken.amount, code="reversed")
    return [*_payment(api, capture), (VerifiedKind.CHARGEBACK, key_of(capture), lost)]


def _dispute(api: PayPalApi, resource: Json) -> list[_Fact]:
    return _of_dispute(api, str(resource.get("dispute_id") or ""))


def _of_dispute(api: PayPalApi, reference: str) -> list[_Fact]:
    dispute = api.get(f"/v1/customer/disputes/{quote(reference, safe='')}") if reference else {}
    outcome = of_dispute(dispute) if reference else None
    about = dispute.get("disputed_transactions") or [{}]
    paid_by = str(about[0].get("seller_transaction_id") or "")
    if outcome is None or not paid_by:
        return []
    capture = capture_with(api, paid_by)
    if not key_of(capture):
        return []
    return [*_payment(api, capture), (VerifiedKind.CHARGEBACK, key_of(capture), outcome)]


def _refund_with(api: PayPalApi, reference: str) -> Json:
    return api.read(lambda sdk: sdk.payments.get_refund({"refund_id": reference})) if reference else {}


def _above(api: PayPalApi, refund: Json) -> Json | None:
    """The capture that a refund is of; None unless Billhead asked for it. Only the link's last part is used."""
    reference = urlsplit(link(refund, "up")).path.rpartition("/")[2]
    capture = capture_with(api, reference) if reference else {}
    return capture if key_of(capture) else None


def _payment(api: PayPalApi, capture: Json) -> list[_Fact]:
    outcome = outcome_of_capture(api, capture)
    return [(VerifiedKind.ATTEMPT, key_of(capture), outcome)] if outcome.state is AttemptState.SUCCEEDED else []


def _id(resource: Json) -> str:
    return str(resource.get("id") or "")


_READERS: dict[str, Callable[[PayPalApi, Json], list[_Fact]]] = {
    "CHECKOUT.ORDER": _order,
    "PAYMENT.CAPTURE": _capture,
    "PAYMENT.CAPTURE.REFUNDED": _refund,
    "PAYMENT.CAPTURE.REVERSED": _reversal,
    "PAYMENT.REFUND": _refund,
    "CUSTOMER.DISPUTE": _dispute,
    "VAULT.PAYMENT-TOKEN.CREATED": _token,
    "VAULT.PAYMENT-TOKEN.DELETED": _gone,
}
