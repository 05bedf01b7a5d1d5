"""Who pays, at Stripe: found again by their e-mail address and our reference, made when they first pay."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from billhead.plugin import AttemptView, SavingView
from billhead_stripe.client import StripeApi, keyed
from billhead_stripe.outcomes import REFERENCE, Json

__all__ = ["all_of", "customer_exists", "customer_of", "find_customer"]

_PAGE, _PAGES = 100, 10


def find_customer(api: StripeApi, payer: AttemptView | SavingView) -> str:
    """The id of the payer's customer, or "". Who was deleted at Stripe is not found."""
    if not payer.customer_email:
        return ""
    email = payer.customer_email
    for one in all_of(api, lambda v1, page: v1.customers.list({"email": email, **page})):
        if (one.get("metadata") or {}).get(REFERENCE) == payer.customer_ref:
            return str(one["id"])
    return ""


def customer_exists(api: StripeApi, reference: str) -> bool:
    """Stripe answers for one that was deleted, and says so."""
    found = api.known(lambda v1: v1.customers.retrieve(reference))
    return found is not None and not found.get("deleted")


def customer_of(api: StripeApi, payer: AttemptView | SavingView) -> str:
    """The id of the payer's customer, which is made if there is none."""
    found = find_customer(api, payer)
    if found:
        return found
    wish: dict[str, Any] = {"name": payer.customer_name, "metadata": {REFERENCE: payer.customer_ref}}
    if payer.customer_email:
        wish["email"] = payer.customer_email
    made = api.write(lambda v1: v1.customers.create(wish, keyed(f"cus-{payer.key}")))
    return str(made["id"])


def _page_of(ask: Any, page: dict[str, Any], v1: Any) -> Any:
    return ask(v1, page)


def all_of(api: StripeApi, ask: Any) -> Iterator[Json]:
    """Every object of a list, page after page, the newest first; a bounded number of pages."""
    page: dict[str, Any] = {"limit": _PAGE}
    for _ in range(_PAGES):
        answer = api.read(partial(_page_of, ask, page))
        rows = [row for row in answer.get("data") or [] if isinstance(row, dict) and row.get("id")]
        yield from rows
        if not answer.get("has_more") or not rows:
            return
        page = {"limit": _PAGE, "starting_after": rows[-1]["id"]}
