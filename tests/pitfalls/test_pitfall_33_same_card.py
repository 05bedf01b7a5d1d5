"""Pitfall 33, the card: who saves a card that another account has saved is the same person, for trials and gifts.

Only what tells that two cards are the same is kept, under a key.
"""

import pytest
from card_shop import SYSTEM
from screened_shop import open_screened_shop, pays, somebody

from apps import SECRET_KEY
from billhead import clock
from billhead.actions.coupons.create_coupon import NewCoupon, create_coupon
from billhead.actions.payments.forget_method import forget_method
from billhead.actions.subscriptions.start import Order, start_subscription
from billhead.db import writing
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.operations import Event
from billhead.models.payments import PaymentMethod
from billhead.models.subscriptions import SubscriptionEvent

CARD = "AOB934RVNwzk6xtn"


@pytest.fixture
def shop(app):
    with open_screened_shop(app) as shop:
        yield shop


def trial(shop, customer):
    return shop.act(start_subscription, Order(customer, "trial", "1 month", trial=True))


def flags(shop):
    events = shop.rows(Event, Event.type == "customer.same_card")
    repeated = shop.rows(SubscriptionEvent, SubscriptionEvent.kind == "trial_repeated")
    return [event.data["other_customer_ids"] for event in events], [
        one.details["other_customer_id"] for one in repeated
    ]


def test_pitfall_33_the_same_card_is_one_person(shop):
    ann, second = somebody(shop, "ann@example.net"), somebody(shop, "someone-else@example.org")
    pays(shop, trial(shop, ann), CARD)
    assert flags(shop) == ([], [])
    pays(shop, trial(shop, second), CARD)  # nobody knew their card when they ordered: it is flagged when it pays
    assert flags(shop) == ([[ann]], [ann])
    with pytest.raises(Conflict, match="once"):
        trial(shop, second)


def test_pitfall_33_whose_card_has_had_the_trial_is_refused_it(shop):
    ann, second = somebody(shop, "ann@example.net"), somebody(shop, "someone-else@example.org")
    pays(shop, shop.act(start_subscription, Order(second, "tv", "1 month")), CARD)
    pays(shop, trial(shop, ann), CARD)
    shop.act(forget_method, shop.rows(PaymentMethod)[-1].id)  # taking it away does not make it another card
    with pytest.raises(Conflict, match="once"):
        trial(shop, second)


@pytest.mark.parametrize("fingerprint", ["", "another-card"])
def test_pitfall_33_another_card_or_an_unknown_one_is_another_person(shop, fingerprint):
    ann, second = somebody(shop, "ann@example.net"), somebody(shop, "someone-else@example.org")
    pays(shop, trial(shop, ann), fingerprint)
    pays(shop, shop.act(start_subscription, Order(second, "tv", "1 month")), "" if not fingerprint else CARD)
    trial(shop, second)
    assert flags(shop) == ([], [])


@pytest.mark.parametrize("limit", ["new_customers", "first_order"])
def test_pitfall_33_a_welcome_coupon_is_for_the_person_not_the_account(shop, limit):
    ann, second = somebody(shop, "ann@example.net"), somebody(shop, "someone-else@example.org")
    shop.act(create_coupon, shop.seller, NewCoupon("WELCOME", "percent", percent_ppm=500_000, **{limit: True}))
    pays(shop, shop.act(start_subscription, Order(ann, "tv", "1 month")), CARD)
    shop.act(start_subscription, Order(second, "tv", "1 month", coupons=("WELCOME",)))  # nothing is known of them
    third = somebody(shop, "third@example.org")
    with writing(SYSTEM) as tx:
        known = tx.session.query(PaymentMethod).filter_by(customer_id=ann).one().fingerprint
        tx.session.add(
            PaymentMethod(
                customer_id=third, account_id=shop.cards, token="", label="Visa •••• 4242", fingerprint=known,
                created_at=clock.now(),
            )
        )  # fmt: skip
    with pytest.raises(InvalidInput, match=r"new customers|first order"):
        shop.act(start_subscription, Order(third, "tv", "1 month", coupons=("WELCOME",)))


def test_the_fingerprint_itself_is_not_kept_and_survives_a_change_of_keys(shop, monkeypatch):
    from billhead.actions.payments import _card_marks
    from billhead.plugin_host.vault import Vault

    ann, second = somebody(shop, "ann@example.net"), somebody(shop, "someone-else@example.org")
    pays(shop, trial(shop, ann), CARD)
    (kept,) = {method.fingerprint for method in shop.rows(PaymentMethod)}
    assert CARD not in kept
    assert len(kept) == 64
    old = _card_marks.vault()
    rolled = Vault("new", *SECRET_KEY.split())
    assert rolled.digests(CARD)[1] == old.digests(CARD)[0]
    monkeypatch.setattr(_card_marks, "vault", lambda: rolled)
    pays(shop, trial(shop, second), CARD)
    assert flags(shop)[1] == [ann]
