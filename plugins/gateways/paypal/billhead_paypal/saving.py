"""Save an account without paying: a setup token that the payer approves at PayPal, then exchanged for one to charge.
And take a saved one away."""

from collections.abc import Callable, Mapping
from typing import Any

from billhead.plugin import AttemptState, GatewayRejected, Outcome, OutcomeUnknown, Redirect, SavedMethod, SavingView
from billhead_paypal.client import NOT_FOUND, PayPalApi
from billhead_paypal.outcomes import Json, link, method_of

__all__ = ["drop_token", "look_at_setup", "open_setup", "token_with"]

_WAITS_FOR_PAYER = frozenset({"CREATED", "PAYER_ACTION_REQUIRED"})


def open_setup(api: PayPalApi, saving: SavingView, brand: str) -> Redirect:
    page = {
        "return_url": saving.return_url,
        "cancel_url": saving.cancel_url,
        "shipping_preference": "NO_SHIPPING",
    }
    if brand:
        page["brand_name"] = brand
    wallet: dict[str, Any] = {"usage_type": "MERCHANT", "customer_type": "CONSUMER", "experience_context": page}
    wish = {"paypal_request_id": saving.key, "body": {"payment_source": {"paypal": wallet}}}
    setup = api.write(lambda sdk: sdk.vault.create_setup_token(wish))
    url = link(setup, "approve", "payer-action")
    if not url or not setup.get("id"):
        raise OutcomeUnknown(f"{saving.key} was begun before and is {setup.get('status')}")
    return Redirect(url, provider_ref=str(setup["id"]))


def look_at_setup(api: PayPalApi, saving: SavingView) -> Outcome:
    """What the payer has approved is exchanged, under a key of its own: a repeat gets the first answer again.

    Without an id nobody was ever sent to the page. One that PayPal does not know any more was not approved in time: it
    is kept for three days.
    """
    reference = saving.provider_ref
    if not reference:
        return Outcome(AttemptState.FAILED)
    setup = _setup_with(api, reference)
    status = setup.get("status") if setup is not None else "EXPIRED"
    if setup is None or status == "EXPIRED":
        return Outcome(AttemptState.EXPIRED, reference)
    if status in _WAITS_FOR_PAYER:
        return Outcome(AttemptState.REQUIRES_ACTION, reference, action_url=link(setup, "approve", "payer-action"))
    if status not in ("APPROVED", "VAULTED"):
        return Outcome(AttemptState.UNKNOWN, reference)
    source = {"token": {"id": reference, "type": "SETUP_TOKEN"}}
    wish = {"paypal_request_id": f"{saving.key}-token", "body": {"payment_source": source}}
    token = api.write(lambda sdk: sdk.vault.create_payment_token(wish))
    about = token.get("payment_source")
    wallet = about.get("paypal") if isinstance(about, Mapping) else None
    method = method_of(token.get("id"), wallet)
    return Outcome(AttemptState.SUCCEEDED if method else AttemptState.UNKNOWN, reference, method=method)


def drop_token(api: PayPalApi, method: SavedMethod) -> None:
    """What PayPal does not know any more is gone."""
    try:
        api.write(lambda sdk: sdk.vault.delete_payment_token(method.token))
    except GatewayRejected as refused:
        if refused.code != NOT_FOUND:
            raise


def token_with(api: PayPalApi, name: str) -> Json | None:
    """A saved account; None for one that PayPal does not know any more."""
    return _known(api, lambda sdk: sdk.vault.get_payment_token(name))


def _setup_with(api: PayPalApi, reference: str) -> Json | None:
    return _known(api, lambda sdk: sdk.vault.get_setup_token(reference))


def _known(api: PayPalApi, ask: Callable[[Any], Any]) -> Json | None:
    try:
        return api.read(ask)
    except GatewayRejected as refused:
        if refused.code == NOT_FOUND:
            return None
        raise
