"""Pitfall 9: the last slot of a panel goes to one cart. Who pays for what is gone has the money back by itself."""

import pytest
from card_shop import SYSTEM, open_card_shop

from billhead.actions.payments.send_refund import send_refund
from billhead.actions.subscriptions.cancel import cancel
from billhead.domain.errors import Conflict
from billhead.models.credits import CustomerCredit
from billhead.models.panels import Panel
from billhead.models.payments import Payment, Refund
from billhead.models.subscriptions import Service


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        shop.change(Panel, shop.rows(Panel)[0].id, capacity=1)
        yield shop


def test_pitfall_09_the_second_cart_is_told_before_it_pays(shop):
    shop.order()
    with pytest.raises(Conflict, match="are full or under maintenance"):
        shop.order()


def test_pitfall_09_who_pays_when_the_slot_is_gone_has_the_money_back(shop):
    late = shop.order()
    checkout = shop.checkout(late.document_id)
    shop.act(cancel, late.subscription_id, "immediate")  # it was kept as long as it could
    shop.change(Service, shop.service(late.subscription_id).id, lifecycle="gone")
    winner = shop.bought()
    shop.pay(checkout)
    assert shop.hear("charge.succeeded") == ["applied"]
    (refund,) = shop.rows(Refund)
    assert (refund.amount_minor, refund.reason) == (1255, "the order could not be kept until it was paid")
    assert send_refund(SYSTEM, refund.id) == "succeeded"
    assert sum(lot.remaining_minor for lot in shop.rows(CustomerCredit)) == 0
    first, second = shop.rows(Payment)
    assert (first.refunded_minor, second.refunded_minor) == (0, 1255)
    assert shop.row(type(winner), winner.id).state == "active"
    # 12.55 stay, both fees are the processor's: 0.18 each
    assert shop.balances()["clearing"] == 1255 - 36
