"""An order of credit is paid twice, by two cards or on two pages: its bonus is its own, and comes once."""

import pytest
from card_shop import SYSTEM, open_card_shop
from debt_shop import sound

from billhead.actions.credits._usable import usable_credit
from billhead.actions.credits.buy_credit import buy_credit
from billhead.actions.payments.refund import refund
from billhead.actions.payments.send_refund import send_refund
from billhead.actions.sellers.set_top_ups import set_top_ups
from billhead.db import reading
from billhead.domain.money import Money
from billhead.domain.top_ups import Bonus, TopUpTerms
from billhead.models.credits import CustomerCredit
from billhead.models.payments import Payment, PaymentAttempt
from billhead.models.people import Customer


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        shop.act(set_top_ups, shop.seller, {"EUR": TopUpTerms(500, 50000, (2000,), (Bonus(2000, 500),))})
        yield shop


def usable(shop):
    with reading() as session:
        return usable_credit(session, session.get_one(Customer, shop.customer), "EUR").minor


def gifted(shop):
    lots = shop.rows(CustomerCredit, CustomerCredit.kind == "gifted")
    return [(lot.amount_minor, lot.remaining_minor) for lot in lots]


@pytest.mark.parametrize("first", [0, 1])
def test_an_order_that_is_paid_twice_brings_its_bonus_once_and_keeps_it_with_either(shop, first):
    """20.00 brings 5.00. It is paid on two pages at once: whichever goes back, the other has paid the order."""
    ordered = shop.act(buy_credit, shop.customer, Money(2000, "EUR")).document_id
    for page in [shop.checkout(ordered), shop.checkout(ordered)]:
        shop.pay(page)
    shop.hear("charge.succeeded", 2)
    assert (usable(shop), gifted(shop)) == (4500, [(500, 500)])
    payments = shop.rows(Payment)
    goes, stays = payments[first], payments[1 - first]
    shop.act(refund, goes.id, 2000, "source", reason="paid twice")
    assert (usable(shop), gifted(shop)) == (2500, [(500, 500)])
    attempt = shop.row(PaymentAttempt, stays.attempt_id)
    shop.control("dispute", reference=attempt.key, status="opened", fee=0)
    shop.hear("dispute.opened")
    assert (usable(shop), gifted(shop)) == (0, [(500, 0)])
    shop.control("dispute", reference=attempt.key, status="won", fee=0)
    shop.hear("dispute.won")
    assert usable(shop) == 2500
    sound()


def test_the_bonus_comes_again_with_whichever_money_is_here_again(shop):
    """One payment is disputed, the other goes back, and with it the bonus. The dispute is won, and the refund fails."""
    ordered = shop.act(buy_credit, shop.customer, Money(2000, "EUR")).document_id
    for page in [shop.checkout(ordered), shop.checkout(ordered)]:
        shop.pay(page)
    shop.hear("charge.succeeded", 2)
    disputed, goes = shop.rows(Payment)
    reference = shop.row(PaymentAttempt, disputed.attempt_id).key
    shop.control("dispute", reference=reference, status="opened", fee=0)
    shop.hear("dispute.opened")
    shop.control("cards", refund_status="failed")
    refunded = shop.act(refund, goes.id, 2000, "source", reason="paid twice")
    assert (usable(shop), gifted(shop)) == (0, [(500, 0)])
    shop.control("dispute", reference=reference, status="won", fee=0)
    shop.hear("dispute.won")
    assert (usable(shop), gifted(shop)) == (2500, [(500, 0), (500, 500)])
    assert send_refund(SYSTEM, refunded.refund_id) == "failed"
    assert (usable(shop), gifted(shop)) == (4500, [(500, 0), (500, 500)]), "its own bonus is here by then"
    sound()
