"""What was bought between invoices and waits for the next one: a line each, on the day on which it was bought."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._draft import Draft, DraftedLine
from billhead.actions.billing._rated import Charge, DueItem, Rated
from billhead.actions.billing._stated import stated
from billhead.bulk import among
from billhead.domain.errors import CurrencyMismatch
from billhead.models.entitlements import Entitlement

__all__ = ["book_charges", "charges_as_read", "with_charges"]

_DAY = timedelta(days=1)


def with_charges(draft: Draft, item: DueItem, charges: Sequence[Charge], catalogue: Catalogue) -> Draft:
    """The draft with a line for each. Their day is part of the billed-once key, their number of the line's kind."""
    component_id = item.parts[0].component_id if item.parts else None
    lines: list[DraftedLine] = []
    for charge in charges:
        plan, price = catalogue.plans[charge.plan_id], catalogue.prices[charge.price_id]
        if price.currency != draft.currency:
            raise CurrencyMismatch(draft.currency, price.currency)
        lines.append(
            DraftedLine(
                component_id,
                charge.price_id,
                charge.plan_id,
                f"one_off:e{charge.entitlement_id}",
                plan.name,
                "",
                charge.bought_on,
                charge.bought_on + _DAY,
                1,
                price.amount_minor,
                price.amount_minor,
                plan.tax_class,
            )
        )
    ids = tuple(charge.entitlement_id for charge in charges)
    every = (*draft.lines, *lines)
    inclusive, mixed = stated(every, catalogue.prices)
    kind = draft.kind or "invoice"
    return draft._replace(kind=kind, lines=every, charges=ids, tax_inclusive=inclusive, mixed=mixed)


def charges_as_read(session: Session, rated: Sequence[Rated]) -> tuple[list[Rated], list[int]]:
    """Lock what waited when it was read, and part the documents whose charges wait still from the subscriptions where
    one was billed or given back since."""
    ids = [charge for one in rated for charge in one.charges]
    rows = session.scalars(
        select(Entitlement.id)
        .where(among(Entitlement.id, ids, session), Entitlement.waits_until.is_not(None))
        .order_by(Entitlement.id)
        .with_for_update()
    )
    waiting = set(rows)
    fresh = [one for one in rated if waiting.issuperset(one.charges)]
    return fresh, [found for one in rated if not waiting.issuperset(one.charges) for found in one.subscriptions()]


def book_charges(session: Session, documents: Sequence[tuple[int, Rated]]) -> None:
    """They stand on a document now, and wait no more."""
    for document_id, one in documents:
        if one.charges:
            session.execute(
                update(Entitlement)
                .where(Entitlement.id.in_(one.charges))
                .values(document_id=document_id, waits_until=None)
                .execution_options(synchronize_session=False)
            )
