"""A provider keeps its balance in another currency: what it exchanged, its fee and a refund are booked as they were.

12.55 EUR are paid; the provider makes 13.60 USD of them and takes 0.70 USD.
"""

import pytest
from card_shop import SYSTEM, open_card_shop
from sqlalchemy import func, select

from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments import apply_callback as applying
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.payments._refund_outcome import apply_refund_outcome
from billhead.actions.payments.refund import refund
from billhead.db import reading, writing
from billhead.domain.money import Money
from billhead.models.ledger import LedgerAccount, LedgerPosting
from billhead.models.payments import Payment, PaymentAttempt, Refund
from billhead.plugin import AttemptState, Outcome, Verified, VerifiedKind

PAID, GOT, FEE = Money(1255, "EUR"), Money(1360, "USD"), Money(70, "USD")


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop, shop.at("2026-11-22"):
        yield shop


def books():
    """What each account holds by currency, debits above zero."""
    side = LedgerPosting.side
    query = select(LedgerAccount.code, LedgerAccount.currency, side, func.sum(LedgerPosting.amount_minor)).join(
        LedgerAccount, LedgerAccount.id == LedgerPosting.account_id
    )
    found: dict[tuple[str, str], int] = {}
    with reading() as session:
        assert verify_ledger(session).faults == []
        for code, currency, side_, total in session.execute(
            query.group_by(LedgerAccount.code, LedgerAccount.currency, side)
        ):
            found[code, currency] = found.get((code, currency), 0) + (int(total) if side_ == "D" else -int(total))
    return {key: minor for key, minor in found.items() if minor and key[0] in ("clearing", "fees", "fx_difference")}


def told(shop, attempt, **more):
    with writing(SYSTEM) as tx:
        row = tx.session.get_one(PaymentAttempt, attempt, with_for_update=True)
        apply_outcome(tx, row, Outcome(AttemptState.SUCCEEDED, "ch_1", PAID, **more))


@pytest.mark.parametrize("late", [False, True])
def test_the_balance_holds_what_the_provider_holds(shop, late):
    attempt = shop.checkout(shop.order().document_id).attempt_id
    if late:
        told(shop, attempt)
        assert books() == {("clearing", "EUR"): 1255}
    for _ in range(2):
        told(shop, attempt, fee=FEE, settled=GOT)
    held = {("clearing", "USD"): 1290, ("fees", "USD"): 70}  # 13.60 - 0.70
    assert books() == {**held, ("fx_difference", "EUR"): 1255, ("fx_difference", "USD"): -1360}
    (payment,) = shop.rows(Payment)
    assert (payment.amount_minor, payment.settled_minor, payment.settled_currency) == (1255, 1360, "USD")

    shop.act(refund, payment.id, 502, "source", reason="a gift")
    with writing(SYSTEM) as tx:
        (row,) = tx.session.scalars(select(Refund))
        apply_refund_outcome(tx, row, Outcome(AttemptState.SUCCEEDED, "re_1", Money(502, "EUR")))
    # 13.60 x 5.02 / 12.55 = 5.44
    assert books()["clearing", "USD"] == 1290 - 544
    assert ("clearing", "EUR") not in books()
    with writing(SYSTEM) as tx:
        (row,) = tx.session.scalars(select(Refund))
        apply_refund_outcome(tx, row, Outcome(AttemptState.FAILED, "re_1"))
    assert books()["clearing", "USD"] == 1290
    assert ("clearing", "EUR") not in books()


def disputed(shop, reference, state, minor):
    (attempt,) = shop.rows(PaymentAttempt)
    outcome = Outcome(AttemptState(state), reference, Money(minor, "EUR"))
    with writing(SYSTEM) as tx:
        fact = Verified(VerifiedKind.CHARGEBACK, f"evt-{reference}-{state}", attempt.key, outcome)
        applying._apply(tx, shop.cards, fact)


def test_what_is_charged_back_leaves_the_balance_and_comes_back_to_it(shop):
    told(shop, shop.checkout(shop.order().document_id).attempt_id, fee=FEE, settled=GOT)
    before = books()
    for _ in range(2):
        disputed(shop, "dp_1", "processing", 1255)
    assert books() == {("clearing", "USD"): -70, ("fees", "USD"): 70}  # 13.60 - 0.70 - 13.60
    for _ in range(2):
        disputed(shop, "dp_1", "failed", 1255)
    assert books() == before


def test_parts_of_it_leave_no_cent(shop):
    told(shop, shop.checkout(shop.order().document_id).attempt_id, fee=FEE, settled=GOT)
    before = books()
    for number, minor in enumerate((418, 418, 419)):
        disputed(shop, f"dp_{number}", "processing", minor)
    # each by itself: 4.53 + 4.53 + 4.54 (4.5298, 4.5298, 4.5406) = 13.60
    assert books() == {("clearing", "USD"): -70, ("fees", "USD"): 70}
    disputed(shop, "dp_1", "failed", 418)
    # 13.60 x 8.37 / 12.55 = 9.07: 12.90 - 9.07
    assert (books()["clearing", "USD"], ("clearing", "EUR") in books()) == (1290 - 907, False)
    for reference, minor in (("dp_0", 418), ("dp_2", 419)):
        disputed(shop, reference, "failed", minor)
    assert books() == before


def test_a_second_dispute_takes_from_the_balance_what_the_first_gives_back(shop):
    told(shop, shop.checkout(shop.order().document_id).attempt_id, fee=FEE, settled=GOT)
    for reference in ("dp_1", "dp_2"):
        disputed(shop, reference, "processing", 1255)
    disputed(shop, "dp_1", "failed", 1255)
    assert books() == {("clearing", "USD"): -70, ("fees", "USD"): 70}


def test_what_was_not_exchanged_is_booked_as_ever(shop):
    attempt = shop.checkout(shop.order().document_id).attempt_id
    told(shop, attempt, fee=Money(48, "EUR"), settled=PAID)
    assert books() == {("clearing", "EUR"): 1207, ("fees", "EUR"): 48}


def test_what_was_taken_back_before_the_exchange_was_told_is_counted_once(shop):
    """A refund of 5.02 and a chargeback of 4.00 come before the provider tells what it has exchanged."""
    attempt = shop.checkout(shop.order().document_id).attempt_id
    told(shop, attempt)
    (payment,) = shop.rows(Payment)
    shop.act(refund, payment.id, 502, "source", reason="a gift")
    with writing(SYSTEM) as tx:
        apply_refund_outcome(
            tx, tx.session.scalar(select(Refund)), Outcome(AttemptState.SUCCEEDED, "re_1", Money(502, "EUR"))
        )
    disputed(shop, "dp_1", "processing", 400)
    assert books() == {("clearing", "EUR"): 1255 - 502 - 400}
    for _ in range(2):
        told(shop, attempt, fee=FEE, settled=GOT)
    # 13.60 - 0.70, less 13.60 x 5.02 / 12.55 = 5.44, less 13.60 x 4.00 / 12.55 = 4.33
    assert (books()["clearing", "USD"], ("clearing", "EUR") in books()) == (1290 - 544 - 433, False)
    disputed(shop, "dp_1", "failed", 400)
    assert (books()["clearing", "USD"], ("clearing", "EUR") in books()) == (1290 - 544, False)
