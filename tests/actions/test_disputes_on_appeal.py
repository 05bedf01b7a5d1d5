"""A dispute that was lost is won on appeal: the gateway's word of it brings the money back."""

import pytest
from card_shop import open_card_shop

from billhead.models.payments import Dispute, Payment, PaymentAttempt


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop:
        yield shop


def test_what_was_lost_is_won_on_appeal_once_and_stays_won(shop):
    shop.bought()
    (payment,) = shop.rows(Payment)
    key = shop.row(PaymentAttempt, payment.attempt_id).key
    for status, state, paid in (
        ("opened", "open", "charged_back"), ("lost", "lost", "charged_back"), ("won", "won", "received"),
        ("won", "won", "received"), ("lost", "won", "received"),
    ):  # fmt: skip
        shop.control("dispute", reference=key, status=status, fee=0)
        shop.hear(f"dispute.{status}")
        (dispute,) = shop.rows(Dispute)
        assert (dispute.state, shop.row(Payment, payment.id).state) == (state, paid)
