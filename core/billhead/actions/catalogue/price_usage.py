"""Say what a price asks for metered use: a new version of it, as with every price."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billhead import clock
from billhead.actions.catalogue._telling import plan_change
from billhead.actions.catalogue._versions import Tag, add_version, affected, latest_of
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.domain.usage import Pricing, UsageTerms, parse_quantity, plain_terms
from billhead.domain.usage_charge import allowance_steps, charge, event_fee
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.sellers import Seller
from billhead.models.usage import UsageMetric

__all__ = ["UsagePriced", "UsageWish", "preview_price_usage", "price_usage"]


@dataclass(frozen=True, slots=True)
class UsageWish:
    """`price_id`: any version of the price. `terms` None: the metric costs nothing and counts no more.
    `valid_from` and `existing_from` as in `add_price`; nobody is told by itself."""

    price_id: int
    metric_id: int
    terms: UsageTerms | None
    valid_from: date | None = None
    existing_from: date | None = None


@dataclass(frozen=True, slots=True)
class UsagePriced:
    """`subscriptions` pay it from `existing_from` on."""

    price_id: int
    version: int
    subscriptions: int


def preview_price_usage(terms: UsageTerms, decimals: int, quantities: Sequence[str]) -> list[tuple[str, Money]]:
    """What so many units of a whole period cost, on one line; of a percentage, one event over so much.

    Raises InvalidInput for what is no quantity of the metric, or terms that are finer than it.
    """
    found = []
    for text in quantities:
        steps = parse_quantity(Decimal(text) if _is_number(text) else text, decimals)
        if terms.pricing is Pricing.PERCENTAGE:
            cost = charge(terms, decimals, 0, fees=event_fee(terms, decimals).of(steps))
        else:
            cost = charge(terms, decimals, max(0, steps - allowance_steps(terms, decimals)))
        found.append((text, cost))
    return found


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdecimal()


@verb("catalogue.price_usage", permission="catalogue.write")
def price_usage(tx: Tx, wish: UsageWish) -> UsagePriced:
    """Raises NotFound, InvalidInput (another seller's metric, terms in another currency or finer than the metric), and
    Conflict: nothing changes, another change comes later, or the amount of the price itself would move with it."""
    session = tx.session
    one, metric = session.get(Price, wish.price_id), session.get(UsageMetric, wish.metric_id)
    if one is None or metric is None:
        raise NotFound("price" if one is None else "metric", wish.price_id if one is None else wish.metric_id)
    book = session.get_one(PriceBook, one.book_id, with_for_update=True)
    plan = session.get_one(Plan, one.plan_id)
    if metric.seller_id != plan.seller_id:
        raise InvalidInput("metric", f"{metric.code} is not this seller's")
    if not one.term:
        raise InvalidInput("price", "what is sold once counts no use")
    if wish.terms is not None:
        if wish.terms.currency != book.currency:
            raise InvalidInput("pricing", f"the price is in {book.currency}")
        preview_price_usage(wish.terms, metric.decimals, ["1"])  # what can't be charged is refused now
    latest = latest_of(session, book, plan, one.term)
    if latest is None:
        raise NotFound("price", wish.price_id)
    today = clock.today_in(session.get_one(Seller, book.seller_id).zone)
    if latest.valid_from is not None and latest.valid_from > (wish.valid_from or today):
        raise Conflict(f"another amount is sold from {latest.valid_from} on", hint="say a day from then on")
    tag = Tag(**{name: getattr(latest, name) for name in Tag.__slots__})
    plain = plain_terms(wish.terms) if wish.terms is not None else None
    touched = 0
    if wish.existing_from is not None:
        found = affected(session, book, plan, one.term, tag.amount_minor, wish.existing_from)
        if found.a_month_minor:
            raise Conflict("some of who has it pay another amount than it is sold for", hint="change that price first")
        touched = found.subscriptions
    price = add_version(
        tx, book, plan, one.term, tag,
        valid_from=wish.valid_from, existing_from=wish.existing_from, usage={metric.id: plain},
    )  # fmt: skip
    price.valid_until = latest.valid_until  # what is not sold any more stays so
    if wish.existing_from is not None:
        # how much more a month metered use is, nobody can say: the notice of a price change would name no amount
        price.reprice_id = plan_change(tx, book.seller_id, wish.existing_from, None, touched, {})
    note(tx, f"plan:{plan.id}", metric=metric.code, term=one.term, book=book.code, terms=plain)
    return UsagePriced(price.id, price.version, touched)
