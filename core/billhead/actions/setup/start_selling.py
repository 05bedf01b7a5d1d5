"""The first plan with its prices in one go: the book of the house, the plan, a price for each term, a free trial."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import select

from billhead.actions.catalogue.add_price import NewPrice, Tag, add_price
from billhead.actions.catalogue.save_plan import PlanEntry, ServiceEntry, save_plan
from billhead.actions.catalogue.save_price_book import BookEntry, save_price_book
from billhead.actions.codes import code_of, free_code
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.catalogue import Plan, PriceBook
from billhead.models.sellers import Seller

__all__ = ["FirstPlan", "SellingStarted", "start_selling"]


@dataclass(frozen=True, slots=True)
class FirstPlan:
    """`prices`: term → minor units of the seller's currency. `trial_days`: free, 0 for none."""

    name: str
    kind: str
    panel: str
    prices: Mapping[str, int]
    panel_plan: str = ""
    connections: int = 1
    bouquets: tuple[str, ...] = ()
    trial_days: int = 0
    tax_inclusive: bool = True


@dataclass(frozen=True, slots=True)
class SellingStarted:
    plan_id: int
    prices: int


@verb("setup.start_selling", permission="catalogue.write")
def start_selling(tx: Tx, seller_id: int, first: FirstPlan) -> SellingStarted:
    """Raises NotFound, InvalidInput naming the field, or Conflict, as the actions that it is made of."""
    seller = tx.session.get(Seller, seller_id)
    if seller is None:
        raise NotFound("seller", seller_id)
    if not first.prices:
        raise InvalidInput("price_1", "write a price for one term at least")
    if min(first.prices.values()) < 0:
        raise InvalidInput("price_1", "a price is not below zero")
    if not 0 <= first.trial_days <= 31:
        raise InvalidInput("trial_days", "is from 0 to 31 days")
    taken = set(tx.session.scalars(select(Plan.code).where(Plan.seller_id == seller_id)))
    book_id = _book(tx, seller, first.tax_inclusive)
    services = (ServiceEntry(first.kind, first.panel, first.panel_plan),)
    entry = PlanEntry(
        code=free_code(code_of(first.name, "plan"), taken), name=first.name, kind="line", connections=first.connections,
        services=services, bouquets=first.bouquets, once_per_customer=bool(first.trial_days),
    )  # fmt: skip
    plan = save_plan(tx, seller_id, entry).plan_id
    trial = f"{first.trial_days} {'day' if first.trial_days == 1 else 'days'}" if first.trial_days else ""
    each = Tx(replace(tx.ctx, idempotency_key=""), tx.session)  # the key is this action's: it is done once as a whole
    for term, minor in first.prices.items():
        add_price(each, NewPrice(book_id, plan, term, Tag(minor, trial_term=trial)))
    return SellingStarted(plan, len(first.prices))


def _book(tx: Tx, seller: Seller, tax_inclusive: bool) -> int:
    """The book for everybody in the seller's currency; made where there is none."""
    mine = (PriceBook.seller_id == seller.id, PriceBook.currency == seller.currency, PriceBook.reseller_id.is_(None))
    everybody = (PriceBook.country == "", PriceBook.price_group == "")
    known = tx.session.scalar(select(PriceBook.id).where(*mine, *everybody))
    if known is not None:
        return known
    entry = BookEntry(seller.currency.lower(), seller.currency, tax_inclusive=tax_inclusive)
    return save_price_book(tx, seller.id, entry).book_id
