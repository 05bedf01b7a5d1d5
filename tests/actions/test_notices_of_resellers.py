"""Whoever bought from a reseller is written to in the reseller's name: of its shop where it has one, else plainly."""

import pytest
from notice_shop import BOXES, NOW, SYSTEM, open_shop

from billhead.db import writing
from billhead.models.people import Customer, Reseller, ResellerClosure, User
from billhead.models.sellers import Seller
from billhead.models.shops import Shop, ShopHost

OPERATOR = "NorthCable"


@pytest.fixture
def shop(host_app, pretend, database_url, tmp_path):
    with open_shop(host_app, database_url, tmp_path / "outbox", pretend("boxes", BOXES)) as shop:
        with writing(SYSTEM) as tx:
            seller = tx.session.get_one(Seller, 1)
            seller.name, seller.mail_from = OPERATOR, "billing@northcable.example"
            seller.mails = {"foot": "NorthCable, the operator"}
            told = {"rights": {"own_shop": True}, "created_on": NOW.date()}
            baltic = Reseller(seller_id=1, code="baltic", name="Baltic TV", tier="reseller", **told)
            tx.session.add(baltic)
            tx.session.flush()
            tx.session.add(ResellerClosure(ancestor_id=baltic.id, descendant_id=baltic.id, depth=0))
            about = {"country": "FI", "currency": "EUR", "created_at": NOW}
            own = Customer(
                seller_id=1, buys_for_reseller_id=baltic.id, name="Baltic", email="hi@baltic.example", **about
            )
            tx.session.add(own)
            tx.session.get_one(Customer, shop.customer).reseller_id = baltic.id
        yield shop


def open_own_shop():
    with writing(SYSTEM) as tx:
        own = Seller(code="baltic-tv", name="Baltic Television", legal_name="Baltic OÜ", country="FI", currency="EUR",
                     mail_from="hello@baltic.example")  # fmt: skip
        tx.session.add(own)
        tx.session.flush()
        reseller = tx.session.query(Reseller).one()
        tx.session.add(Shop(seller_id=own.id, reseller_id=reseller.id, opened_at=NOW))
        tx.session.flush()
        tx.session.add(ShopHost(seller_id=own.id, host="tv.baltic.example", created_at=NOW, confirmed_at=NOW))


def mail_of(shop, kind="access", key=None, **data):
    data = data or {"service_id": shop.line}
    subject, text, html = shop.sent(kind, data, key=key)
    (mail,) = shop.mails()
    return mail, subject + text + html


def test_a_reseller_without_a_shop_is_named_and_nobody_else(shop):
    mail, said = mail_of(shop)
    # it goes through the operator's server, so by its address; answers go to whom the user knows
    assert "Baltic TV" in mail["From"]
    assert "billing@northcable.example" in mail["From"]
    assert mail["Reply-To"] == "hi@baltic.example"
    assert "Baltic TV" in said
    for theirs in (OPERATOR, "the operator", "/sign-in", "Your account"):
        assert theirs not in said, theirs


def test_a_reseller_with_a_shop_writes_as_its_shop(shop):
    open_own_shop()
    mail, said = mail_of(shop, "canceled", subscription_id=shop.subscription)
    assert "Baltic Television" in mail["From"]
    assert "hello@baltic.example" in mail["From"]
    assert "Baltic Television" in said
    assert "://tv.baltic.example" in said  # "To our shop"
    # they have no account anywhere: they were added by hand
    for theirs in (OPERATOR, "the operator", "/sign-in", "Your account"):
        assert theirs not in said, theirs


def test_a_button_that_leads_nowhere_is_left_out(shop):
    _, said = mail_of(shop, "canceled", subscription_id=shop.subscription)
    assert "is canceled" in said
    for gone in ("To our shop", "](", 'href=""'):
        assert gone not in said, gone


def test_who_has_an_account_with_the_operator_is_written_to_by_the_operator(shop):
    with writing(SYSTEM) as tx:
        who = tx.session.get_one(Customer, shop.customer)
        tx.session.add(User(seller_id=1, email=who.email, role="customer", customer_id=who.id, created_at=NOW))
    open_own_shop()
    mail, said = mail_of(shop)
    assert OPERATOR in mail["From"]
    assert "/sign-in" in said
    assert "Baltic" not in said


def test_a_bill_names_who_has_made_it_out(shop):
    mail, said = mail_of(shop, "invoice", document_id=shop.invoice)
    assert OPERATOR in mail["From"]
    assert OPERATOR in said
