"""Nobody is kept twice: an address that somebody of the seller has is refused before anything is made, also at once."""

import threading

import pytest
from billing_shop import SYSTEM, open_shop
from reseller_shop import open_reseller_shop
from sqlalchemy import select

from billhead.actions.accounts.add_customer import NewCustomer, add_customer
from billhead.actions.accounts.set_customer_email import set_customer_email
from billhead.actions.accounts.update_profile import Profile
from billhead.db import writing
from billhead.domain.errors import InvalidInput
from billhead.models.people import Customer


@pytest.fixture
def shop(database_url, tmp_path):
    with open_shop(database_url, tmp_path / "home") as shop:
        yield shop


def profile(name):
    return Profile(name, "", "", "", "", "", "FI", "", "Europe/Helsinki")


def add(shop, email, name="Ada Lovelace"):
    with writing(SYSTEM) as tx:
        return add_customer(tx, shop.seller_id, NewCustomer(email, profile(name))).customer_id


def test_two_who_come_at_once_are_one_customer(shop):
    refused = []

    def second():
        with shop.app.app_context():
            try:
                add(shop, "ada@example.com", "Ada Byron")
            except InvalidInput as error:
                refused.append((error.field, error.code))

    thread = threading.Thread(target=second)
    with writing(SYSTEM) as tx:
        add_customer(tx, shop.seller_id, NewCustomer("ada@example.com", profile("Ada Lovelace")))
        thread.start()
    thread.join()
    assert refused == [("email", "has_account")]
    assert [one.name for one in shop.all(Customer)] == ["Ada Lovelace"]


def test_staff_give_nobody_the_address_of_another(shop):
    add(shop, "ada@example.com")
    eve = add(shop, "eve@example.com", "Eve Adams")
    with pytest.raises(InvalidInput) as told, writing(SYSTEM) as tx:
        set_customer_email(tx, eve, "ada@example.com")
    assert told.value.field == "email"
    assert shop.get(Customer, eve).email == "eve@example.com"


def test_a_reseller_adds_nobody_twice_and_pays_for_nobody(operator):
    shop = open_reseller_shop(operator)
    shop.grant("baltic", "30.00")
    shop.add("baltic", name="Kadri", email="kadri@example.com")
    spent = shop.wallet("baltic")
    with pytest.raises(InvalidInput) as told:
        shop.add("baltic", name="Kadri Tamm", email="KADRI@example.com")
    assert (told.value.field, told.value.code) == ("email", "has_account")
    theirs = shop.rows(select(Customer).where(Customer.reseller_id == shop.known["baltic"]))
    assert (len(theirs), shop.wallet("baltic")) == (1, spent)
