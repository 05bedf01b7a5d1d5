"""What a customer agreed to: which version, when, from where, and when it was taken back."""

import pytest
from notice_shop import BOXES, open_shop
from sqlalchemy import select

from billhead.actions.notifications._stop_links import stop_url
from billhead.actions.notifications.stop_news import stop_news
from billhead.actions.privacy.give_consent import give_consent
from billhead.actions.privacy.withdraw_consent import withdraw_consent
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.models.consents import Consent
from billhead.models.operations import AuditEntry


@pytest.fixture
def shop(host_app, pretend, database_url, tmp_path):
    with open_shop(host_app, database_url, tmp_path / "outbox", pretend("boxes", BOXES)) as shop:
        yield shop


def acting(shop, verb, *args, customer=None):
    me = Context(actor="user:1", role=Role.CUSTOMER, scope=Scope(customer_id=customer or shop.customer))
    with writing(me) as tx:
        return verb(tx, shop.customer, *args)


def held():
    with reading() as session:
        rows = session.scalars(select(Consent).order_by(Consent.id)).all()
        return [(row.what, row.version, row.address, row.withdrawn_at is None) for row in rows]


def test_a_version_is_agreed_to_once_and_the_next_one_is_a_new_line(shop):
    acting(shop, give_consent, "terms", "3", "192.0.2.7")
    acting(shop, give_consent, "terms", "3", "198.51.100.9")
    acting(shop, give_consent, "terms", "4", "198.51.100.9")

    assert held() == [("terms", "3", "192.0.2.7", True), ("terms", "4", "198.51.100.9", True)]


def test_advertising_is_taken_back_and_given_anew(shop):
    acting(shop, give_consent, "marketing", "", "192.0.2.7")
    acting(shop, withdraw_consent, "marketing")
    acting(shop, withdraw_consent, "marketing")
    acting(shop, give_consent, "marketing", "", "192.0.2.8")

    assert held() == [("marketing", "", "192.0.2.7", False), ("marketing", "", "192.0.2.8", True)]
    with reading() as session:
        said = select(AuditEntry.details).where(AuditEntry.action == "privacy.withdraw_consent")
        assert session.scalars(said).first() == {"what": "marketing"}


def test_terms_hold_as_long_as_the_account(shop):
    acting(shop, give_consent, "terms", "3")

    with pytest.raises(InvalidInput, match="as long as there is an account"):
        acting(shop, withdraw_consent, "terms")
    assert held() == [("terms", "3", "", True)]


def test_nobody_agrees_for_another(shop):
    with pytest.raises(NotAllowed):
        acting(shop, give_consent, "marketing", customer=shop.customer + 1)
    with pytest.raises(ValueError, match="adverts"):
        acting(shop, give_consent, "adverts")


def test_the_link_that_stops_news_takes_back_advertising_too(shop):
    acting(shop, give_consent, "marketing")
    with writing(Context(actor="visitor", role=Role.VISITOR, scope=Scope())) as tx:
        stop_news(tx, stop_url("", shop.customer).rpartition("/")[2])

    assert held() == [("marketing", "", "", False)]
