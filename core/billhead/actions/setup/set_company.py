"""Who sells: the name in the shop, the country, the currency of the books and the zone in which documents are dated."""

from dataclasses import asdict, dataclass

from sqlalchemy import exists, select

from billhead.actions.sellers._opening import check_company
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, NotFound
from billhead.models.documents import Document
from billhead.models.sellers import Seller

__all__ = ["Company", "CompanySet", "set_company"]


@dataclass(frozen=True, slots=True)
class Company:
    name: str
    country: str
    currency: str
    zone: str
    mail_from: str


@dataclass(frozen=True, slots=True)
class CompanySet:
    seller_id: int


@verb("setup.set_company", permission="sellers.write")
def set_company(tx: Tx, seller_id: int, told: Company) -> CompanySet:
    """Raises NotFound, InvalidInput naming the value, or Conflict: the currency of books that have begun stays."""
    seller = tx.session.get(Seller, seller_id, with_for_update=True)
    if seller is None:
        raise NotFound("seller", seller_id)
    check_company(told.name, told.country, told.currency, told.zone)
    if told.currency != seller.currency and tx.session.scalar(select(exists().where(Document.seller_id == seller_id))):
        raise Conflict("there are documents already: the currency of the books stays", code="begun")
    before = {name: getattr(seller, name) for name in asdict(told)}
    for name, value in asdict(told).items():
        setattr(seller, name, value.strip())
    seller.address = {**seller.address, "country": told.country, "email": told.mail_from}
    note(tx, f"seller:{seller_id}", before=before, after=asdict(told))
    return CompanySet(seller_id)
