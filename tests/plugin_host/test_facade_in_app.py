"""The whole application gives plugins what the facade promises."""

import pytest
from sqlalchemy import select

from billhead import clock
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.models.operations import Job, Notice
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.usage import UsageSource
from billhead.plugin import UsageReading, current_host
from billhead.plugin_host import plugins


@pytest.fixture
def customer(app_context) -> int:
    with writing(Context.system("test")) as tx:
        seller = Seller(code="nc", name="NC", legal_name="NC GmbH", country="DE", currency="EUR")
        tx.session.add(seller)
        tx.session.flush()
        who = {"name": "Ada", "email": "a@example.org", "country": "DE", "currency": "EUR"}
        customer = Customer(seller_id=seller.id, created_at=clock.now(), **who)
        tx.session.add(customer)
        tx.session.flush()
        return customer.id


def test_a_notice_of_a_plugin_is_queued_once_per_key(customer):
    name = plugins().active_names()[0]
    for _ in range(2):
        current_host(name).notify(customer, "welcome", "first-year", {"customer_id": customer})
    with reading() as session:
        (notice,) = session.scalars(select(Notice)).all()
        assert (notice.key, notice.kind, notice.recipient) == (f"plugin:{name}:first-year", "welcome", "a@example.org")
        assert [job.kind for job in session.scalars(select(Job))] == ["notices.send"]


def test_a_plugin_records_usage_under_its_own_name(customer):
    name = plugins().active_names()[0]
    event = UsageReading("e1", "login:nobody", "minutes", 5, clock.now())
    assert current_host(name).record_usage([event]) == {"accepted": 0, "duplicates": 0, "rejected": 1, "late": 0}
    with reading() as session:
        (source,) = session.scalars(select(UsageSource.code))
    assert source == f"plugin:{name}"


def test_the_plugins_of_this_tree_are_all_well(app_context):
    host = plugins()
    assert {plugin.name: plugin.broken for plugin in host.broken()} == {}
    assert {"stalker", "xtream", "sandbox"} <= set(host.active_names())


def test_an_unknown_plugin_is_refused(app_context):
    with pytest.raises(NotFound):
        current_host("nobody")
