"""An order became smaller before it was paid: its coupons are looked at as if it had been ordered like that."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from billhead import clock
from billhead.actions.billing._catalogue import Catalogue
from billhead.actions.billing._couponed import asked_now
from billhead.actions.billing._draft import Draft, DraftedLine
from billhead.actions.billing._ordered import ordered_case
from billhead.actions.coupons._entering import release
from billhead.actions.documents._subscriptions import subscriptions_of
from billhead.actions.subscriptions._state import record
from billhead.db import Tx
from billhead.domain.subscription import State
from billhead.models.catalogue import Price
from billhead.models.coupons import Coupon, CouponRedemption, CouponUse
from billhead.models.documents import Document, DocumentLine
from billhead.models.subscriptions import Subscription, SubscriptionComponent

__all__ = ["judge_again"]


def judge_again(tx: Tx, proforma: Document) -> None:
    """Take off what is left of an unpaid order the coupons whose minimum it does not reach any more: their uses are
    free again, and the lines cost what they cost without. The caller computes the proforma's tax and sums afterwards,
    and has locked its subscriptions."""
    session = tx.session
    session.flush()
    mine = Subscription.id.in_(subscriptions_of(session, proforma.id)), Subscription.state == State.PENDING.value
    ordered = session.scalars(select(Subscription).where(*mine).order_by(Subscription.id)).all()
    amount, catalogue = _amount(tx, ordered), Catalogue()
    for subscription in ordered:
        held = session.execute(
            select(CouponRedemption.id, Coupon.code)
            .join(Coupon, Coupon.id == CouponRedemption.coupon_id)
            .where(
                CouponRedemption.subscription_id == subscription.id,
                CouponRedemption.state == "reserved",
                Coupon.minimum_minor > amount,
            )
        ).all()
        if not held:
            continue
        release(tx, subscription.id, only=[key for key, _ in held])
        _write_again(tx, proforma, ordered_case(tx, subscription.id, catalogue).draft, subscription.id)
        subscription.version += 1
        on, codes = clock.today_in(subscription.zone), [code for _, code in held]
        record(tx, subscription, "coupon_taken_off", on, codes=codes, document_id=proforma.id)


def _amount(tx: Tx, ordered: Sequence[Subscription]) -> int:
    part, trials = SubscriptionComponent, {one.id: one.phase == "trial" for one in ordered}
    query = select(part.subscription_id, part.quantity, Price).join(Price, Price.id == part.price_id)
    rows = tx.session.execute(query.where(part.subscription_id.in_(trials))).all()
    return sum(quantity * asked_now(price, trials[key]) for key, quantity, price in rows)


def _write_again(tx: Tx, proforma: Document, draft: Draft, subscription_id: int) -> None:
    session = tx.session
    rows = session.scalars(
        select(DocumentLine).where(
            DocumentLine.document_id == proforma.id, DocumentLine.subscription_id == subscription_id
        )
    ).all()
    drafted = {(line.component_id, line.kind): line for line in draft.lines}
    for row in rows:
        if line := drafted.get((row.component_id, row.kind)):
            _rewrite(row, line)
    theirs = select(CouponRedemption.id).where(CouponRedemption.subscription_id == subscription_id)
    uses = delete(CouponUse).where(CouponUse.document_id == proforma.id, CouponUse.redemption_id.in_(theirs))
    session.execute(uses.execution_options(synchronize_session=False))
    session.add_all(
        CouponUse(
            document_id=proforma.id, redemption_id=used.redemption_id, discount_minor=used.minor, cycles=used.cycles
        )
        for used in draft.used
    )
    session.flush()


def _rewrite(row: DocumentLine, line: DraftedLine) -> None:
    """As the price book has it, before tax."""
    detail = line.detail
    row.description, row.unit_minor = line.description, line.unit_minor
    row.net_minor, row.tax_minor = line.amount_minor, 0
    row.discount_minor, row.discount_code = (detail.discount_minor, detail.discount_code) if detail else (0, "")
    row.cycle_start, row.cycle_end = detail.cycle if detail and detail.cycle else (None, None)
    row.cycle_minor = detail.cycle_minor if detail else None
