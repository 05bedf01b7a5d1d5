"""Which engine reckons a seller's tax, and where the seller is registered for it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete

from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.sellers import Seller, TaxRegistration
from billhead.plugin_host import plugins

__all__ = ["Registered", "TaxSet", "set_tax"]

_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Registered:
    """`jurisdiction`: a country, or a country and a region (CA-ON); `scheme` as the engine reads it."""

    jurisdiction: str
    scheme: str = "domestic"
    number: str = ""


@dataclass(frozen=True, slots=True)
class TaxSet:
    seller_id: int


@verb("setup.set_tax", permission="sellers.write")
def set_tax(tx: Tx, seller_id: int, engine: str, registrations: Sequence[Registered]) -> TaxSet:
    """It holds for documents to come. Without an engine no tax is charged. Raises NotFound or InvalidInput."""
    seller = tx.session.get(Seller, seller_id, with_for_update=True)
    if seller is None:
        raise NotFound("seller", seller_id)
    if engine and engine not in {one.code for _, one in plugins().offers("tax_engines")}:
        raise InvalidInput("engine", f"there is no tax engine {engine!r}")
    if engine and not registrations:
        raise InvalidInput("registrations", "name where you are registered: without that no tax is charged")
    seen = set()
    for one in registrations:
        country = one.jurisdiction.partition("-")[0]
        if not (len(country) == 2 and country.isascii() and country.isalpha() and country.isupper()):
            raise InvalidInput("registrations", f"{one.jurisdiction!r} is not a country or a region, like FI or CA-ON")
        if max(map(len, (one.jurisdiction, one.scheme, one.number))) > _LONGEST:
            raise InvalidInput("registrations", f"the row of {one.jurisdiction} is too long")
        if (one.jurisdiction, one.scheme) in seen:
            raise InvalidInput("registrations", f"{one.jurisdiction} stands there twice")
        seen.add((one.jurisdiction, one.scheme))
    note(tx, f"seller:{seller_id}", before=seller.tax_engine, after=engine, registered=sorted(map(" ".join, seen)))
    seller.tax_engine = engine
    tx.session.execute(delete(TaxRegistration).where(TaxRegistration.seller_id == seller_id))
    for one in registrations:
        row = TaxRegistration(seller_id=seller_id, jurisdiction=one.jurisdiction, scheme=one.scheme, number=one.number)
        tx.session.add(row)
    return TaxSet(seller_id)
