"""Save a method without paying: Stripe's page in its setup mode, and what became of it."""

from billhead.plugin import AttemptState, GatewayRejected, Outcome, OutcomeUnknown, Redirect, SavingView
from billhead_stripe.client import StripeApi, keyed
from billhead_stripe.customers import customer_of
from billhead_stripe.outcomes import REFERENCE, Json, of_setup

__all__ = ["SETUP", "look_at_setup", "method_with", "open_setup", "setup_with"]

SETUP = ["setup_intent.payment_method"]


def open_setup(api: StripeApi, saving: SavingView) -> Redirect:
    wish = {
        "mode": "setup",
        "currency": saving.currency.lower(),
        "customer": customer_of(api, saving),
        "client_reference_id": saving.key,
        "setup_intent_data": {"metadata": {REFERENCE: saving.key}},
        "success_url": saving.return_url,
        "cancel_url": saving.cancel_url,
        "metadata": {REFERENCE: saving.key},
    }
    page = api.write(lambda v1: v1.checkout.sessions.create(wish, keyed(saving.key)))
    if not page.get("url"):
        raise OutcomeUnknown(f"{saving.key} was begun before and is {page.get('status')}")
    return Redirect(str(page["url"]), provider_ref=str(page["id"]))


def look_at_setup(api: StripeApi, saving: SavingView) -> Outcome:
    """Without an id nobody was ever sent to the page: there is nothing to find."""
    if not saving.provider_ref:
        return Outcome(AttemptState.FAILED)
    page = setup_with(api, saving.provider_ref)
    if page.get("client_reference_id") != saving.key:
        raise GatewayRejected(f"{saving.provider_ref} is not the page of {saving.key}")
    return of_setup(page)


def setup_with(api: StripeApi, reference: str) -> Json:
    return api.read(lambda v1: v1.checkout.sessions.retrieve(reference, {"expand": SETUP}))


def method_with(api: StripeApi, reference: str) -> Json | None:
    """None for one that is attached to nobody, or that Stripe does not know."""
    method = api.known(lambda v1: v1.payment_methods.retrieve(reference))
    return method if method is not None and method.get("customer") else None
