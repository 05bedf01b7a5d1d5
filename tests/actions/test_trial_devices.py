"""A trial once a device: the browser that ordered one is known again by its mark, whoever sits before it."""

from datetime import timedelta

import pytest
from screened_shop import open_screened_shop, place, somebody

from billhead import clock
from billhead.actions.fraud.forget_facts import forget_facts
from billhead.domain.errors import Conflict
from billhead.domain.fraud import FraudRules
from billhead.models.fraud import FraudCase

LAPTOP, PHONE = "a" * 43, "b" * 43


@pytest.fixture
def shop(app):
    with open_screened_shop(app) as shop:
        yield shop


def trial(customer, device, ip):
    return place(customer, "trial", amount=0, device=device, ip=ip)


def test_who_comes_back_with_a_new_name_and_address_is_known_by_the_device(shop):
    ann, bob = somebody(shop, "ann@example.net"), somebody(shop, "bob@example.org")
    trial(ann, LAPTOP, "203.0.113.7")
    with pytest.raises(Conflict, match="once"):
        trial(bob, LAPTOP, "198.51.100.9")
    refused = shop.rows(FraudCase)[-1]
    assert "the same device" in str(refused.reasons)
    assert LAPTOP not in refused.device, "only a digest of the mark is kept"
    trial(bob, PHONE, "198.51.100.9")


def test_what_was_no_trial_and_a_browser_without_a_mark_say_nothing(shop):
    ann, bob, eve = (somebody(shop, f"{name}@example.net") for name in ("ann", "bob", "eve"))
    place(ann, device=LAPTOP)
    trial(bob, LAPTOP, "198.51.100.9")
    trial(eve, "", "192.0.2.44")
    trial(somebody(shop, "joe@example.net"), "", "192.0.2.200")


def test_devices_are_forgotten_with_the_other_facts_of_orders(shop):
    trial(somebody(shop, "ann@example.net"), LAPTOP, "203.0.113.7")
    later = clock.business_now() + timedelta(days=FraudRules().keep_days + 1)
    with shop.at(later.date().isoformat()):
        shop.act(forget_facts)
        assert [case.device for case in shop.rows(FraudCase)] == [""]
        trial(somebody(shop, "bob@example.org"), LAPTOP, "198.51.100.9")
