"""How a customer wants its documents: language, its own reference on them, and as which e-invoice."""

from dataclasses import dataclass

from billhead.actions.documents._formats import FORMATS, NO_EINVOICE
from billhead.actions.sellers._invoicing import checked_endpoint
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound
from billhead.models.people import Customer
from billhead.wording import LANGUAGES

__all__ = ["CustomerInvoicing", "set_customer_invoicing"]

_LONGEST = 100


@dataclass(frozen=True, slots=True)
class CustomerInvoicing:
    """`reference`: purchase order or Leitweg-ID. `einvoice`: a format, "none", or "" for what the seller offers."""

    language: str
    reference: str = ""
    endpoint: str = ""
    endpoint_scheme: str = ""
    einvoice: str = ""


@verb("accounts.set_customer_invoicing")
def set_customer_invoicing(tx: Tx, customer_id: int, told: CustomerInvoicing) -> None:
    """Customers change their own; staff needs customers.write. It holds for documents to come."""
    if tx.ctx.scope.customer_id != customer_id and not tx.ctx.may("customers.write"):
        raise NotAllowed(f"{tx.ctx.actor} may not change customer {customer_id}: it needs customers.write")
    customer = tx.session.get(Customer, customer_id)
    if customer is None:
        raise NotFound("customer", customer_id)
    if told.language not in LANGUAGES:
        raise InvalidInput("language", f"{told.language!r} is not one of {', '.join(LANGUAGES)}")
    if told.einvoice and told.einvoice not in (*FORMATS, NO_EINVOICE):
        raise InvalidInput("einvoice", f"{told.einvoice!r} is not one of {', '.join(FORMATS)}")
    for name, text in (("reference", told.reference), ("endpoint", told.endpoint)):
        if len(text) > _LONGEST or not text.isprintable():
            raise InvalidInput(name, f"write it in one line of up to {_LONGEST} letters")
    endpoint, scheme = checked_endpoint(told.endpoint, told.endpoint_scheme)
    customer.language = told.language
    kept = {"reference": told.reference.strip(), "endpoint": endpoint, "endpoint_scheme": scheme,
            "einvoice": told.einvoice}  # fmt: skip
    customer.invoicing = {name: text for name, text in kept.items() if text}
