"""Price groups of customers: which a seller has, and what each opens and decides for a customer."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.catalogue.prices_for import Audience
from billhead.actions.dunning._terms import Policies
from billhead.domain.errors import InvalidInput
from billhead.domain.subscription import STANDING
from billhead.models.catalogue import PriceBook
from billhead.models.dunning import DunningPolicy
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription

__all__ = ["GroupMeans", "checked_group", "groups_of", "means_of"]


@dataclass(frozen=True, slots=True)
class GroupMeans:
    """What a group means for one customer. `books`: codes of the price books that it opens beside everybody's.
    `dunning`: names of the tables that hold for its debts; "" is the defaults of the house."""

    group: str
    books: tuple[str, ...]
    dunning: tuple[str, ...]


def groups_of(session: Session, seller_id: int) -> list[str]:
    """Those that a price book for customers or a table of dunning is for."""
    books = select(PriceBook.price_group).where(PriceBook.seller_id == seller_id, PriceBook.reseller_id.is_(None))
    tables = select(DunningPolicy.price_group).where(DunningPolicy.seller_id == seller_id)
    return sorted({*session.scalars(books.distinct()), *session.scalars(tables.distinct())} - {""})


def checked_group(session: Session, seller_id: int, group: str) -> str:
    """Raises InvalidInput where nothing of the seller is for this group: a name that is mistyped decides nothing."""
    wanted, known = group.strip(), groups_of(session, seller_id)
    if wanted and wanted not in known:
        raise InvalidInput("price_group", f"{wanted!r} is not one of {', '.join(known)}")
    return wanted


def means_of(session: Session, customer: Customer, groups: Sequence[str]) -> list[GroupMeans]:
    books = session.scalars(
        select(PriceBook)
        .where(PriceBook.seller_id == customer.seller_id, PriceBook.price_group.in_(groups))
        .where(PriceBook.reseller_id.is_(None), PriceBook.resellers_own.is_(False))
        .order_by(PriceBook.code)
    ).all()
    running = select(Subscription.plan_id).where(
        Subscription.customer_id == customer.id, Subscription.state.in_([state.value for state in STANDING])
    )
    plans = [*session.scalars(running.distinct().order_by(Subscription.plan_id)), None]
    policies = Policies(session)
    tables = session.scalars(select(DunningPolicy).where(DunningPolicy.seller_id == customer.seller_id))
    names = {row.id: row.name for row in tables}
    audience = Audience.of(customer)

    def opened(group: str) -> tuple[str, ...]:
        return tuple(
            book.code
            for book in books
            if group and book.price_group == group and book.currency == audience.currency
            and book.country in ("", audience.country)
        )  # fmt: skip

    def held(group: str) -> tuple[str, ...]:
        ids = (policies.of(customer.seller_id, plan, group).policy_id for plan in plans)
        return tuple(dict.fromkeys(names[one] if one is not None else "" for one in ids))

    return [GroupMeans(group, opened(group), held(group)) for group in groups]
