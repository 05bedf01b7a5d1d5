"""Staff book what came to the bank: once, with its fee, and not more than is held unless they say so."""

from datetime import date

import pytest
from card_shop import open_card_shop

from billhead.actions.payments.book_payout import book_payout
from billhead.actions.payments.return_payout import return_payout
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.models.ledger import LedgerEntry
from billhead.models.operations import AuditEntry
from billhead.models.payments import Payout
from billhead_sandbox.gateway import SandboxCards


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop, shop.at("2026-11-22"):
        shop.bought()  # 12.55 paid, 0.18 of it the fee: 12.37 are held
        yield shop


def pay_out(shop, minor, reference="W-1", **more):
    return shop.act(book_payout, shop.cards, minor, "EUR", reference, **more)


def test_what_came_is_cash_and_the_fee_is_a_fee(shop):
    done = pay_out(shop, 1200, fee_minor=25, on=date(2026, 11, 20))
    assert (done.amount_minor, done.fee_minor, done.held_minor) == (1200, 25, 12)
    books = shop.balances()
    assert (books["cash"], books["clearing"], books["fees"]) == (1200, 12, 18 + 25)
    (row,) = shop.rows(Payout)
    assert (row.provider_ref, row.state, row.fee_minor) == ("W-1", "paid", 25)
    (entry,) = shop.rows(LedgerEntry, LedgerEntry.kind == "payout")
    assert entry.day == date(2026, 11, 20)
    (trail,) = shop.rows(AuditEntry, AuditEntry.action == "payments.book_payout")
    assert trail.subject == f"gateway_account:{shop.cards}"


def test_the_same_reference_is_booked_once(shop):
    pay_out(shop, 100)
    with pytest.raises(Conflict, match="already"):
        pay_out(shop, 100)
    assert shop.balances()["cash"] == 100


def test_more_than_is_held_needs_a_yes(shop):
    with pytest.raises(Conflict, match=r"12\.37 EUR are held") as refused:
        pay_out(shop, 1230, fee_minor=8)
    assert refused.value.code == "more_than_held"
    assert shop.rows(Payout) == []
    assert pay_out(shop, 1230, fee_minor=8, more_than_held=True).held_minor == -1
    assert shop.balances()["clearing"] == -1


def test_what_the_gateway_tells_is_not_booked_by_hand(shop, monkeypatch):
    monkeypatch.setattr(SandboxCards, "tells_payouts", lambda _gateway, account: account.code == "cards")
    with pytest.raises(Conflict, match="tells of its payouts by itself"):
        pay_out(shop, 100)
    assert (shop.rows(Payout), shop.balances()["clearing"]) == ([], 1237)


@pytest.mark.parametrize(
    ("minor", "reference", "more"),
    [
        (0, "W-1", {}),
        (-5, "W-1", {}),
        (5, " ", {}),
        (5, "W-1", {"fee_minor": -1}),
        (5, "W-1", {"on": date(2026, 11, 23)}),
    ],
)
def test_what_makes_no_sense_is_refused(shop, minor, reference, more):
    with pytest.raises(InvalidInput):
        pay_out(shop, minor, reference, **more)
    with pytest.raises(NotFound):
        shop.act(book_payout, 99, 100, "EUR", "W-1")


def give_back(payout_id, reason="the account was closed", **more):
    with writing(Context.system("test", reason=reason)) as tx:
        return return_payout(tx, payout_id, **more)


def test_what_came_back_is_held_again_with_its_reason(shop):
    """12.00 and a fee of 0.25 were booked for 20 November; the bank sends them back on the 22nd."""
    before = shop.balances()
    booked = pay_out(shop, 1200, fee_minor=25, on=date(2026, 11, 20))
    assert give_back(booked.payout_id).held_minor == 1237
    assert shop.balances() == before
    (row,) = shop.rows(Payout)
    assert (row.state, row.returned_because) == ("returned", "the account was closed")
    (entry,) = shop.rows(LedgerEntry, LedgerEntry.kind == "payout_returned")
    assert entry.day == date(2026, 11, 22)
    (trail,) = shop.rows(AuditEntry, AuditEntry.action == "payments.return_payout")
    assert trail.reason == "the account was closed"
    with pytest.raises(Conflict, match="returned already"):
        give_back(booked.payout_id)
    assert shop.balances() == before


def test_a_return_that_makes_no_sense_is_refused(shop):
    booked = pay_out(shop, 1200, on=date(2026, 11, 20))
    for wrong in ({"reason": " "}, {"on": date(2026, 11, 19)}, {"on": date(2026, 11, 23)}):
        with pytest.raises(InvalidInput):
            give_back(booked.payout_id, **wrong)
    with pytest.raises(NotFound):
        give_back(99)
    shop.change(Payout, booked.payout_id, by_hand=False)
    with pytest.raises(Conflict, match="by itself"):
        give_back(booked.payout_id)
    assert shop.balances()["cash"] == 1200
