"""One more piece of evidence of where a customer is: the country of an address of the network, of a bank, of a card."""

import re

from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.people import Customer

__all__ = ["note_evidence"]

_COUNTRY = re.compile(r"[A-Z]{2}")


def note_evidence(tx: Tx, customer_id: int, source: str, country: str) -> bool:
    """Keep the newest country of a source (ip, bank …); whether that changed anything. It holds from the next document.

    Raises NotFound, or InvalidInput for what is no country code.
    """
    country = country.strip().upper()
    if not _COUNTRY.fullmatch(country):
        raise InvalidInput("country", f"{country!r} is not a country code of two letters")
    customer = tx.session.get(Customer, customer_id)
    if customer is None:
        raise NotFound("customer", customer_id)
    if customer.location_evidence.get(source) == country:
        return False
    customer.location_evidence = {**customer.location_evidence, source: country}
    audit(tx, "accounts.note_evidence", f"customer:{customer_id}", {source: country})
    return True
