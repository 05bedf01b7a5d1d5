"""Staff order for a later day: it is paid before, stands on no panel until then, and its first period begins there."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from billhead import clock
from billhead.actions.billing.verify_billing import verify_billing
from billhead.actions.provisioning._our_side import OurSide
from billhead.domain.periods import Term, cycle_start
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document, DocumentLine
from billhead.models.people import Customer
from billhead.models.subscriptions import Service, Subscription
from billhead.plugin_host import plugins

PATH = "/admin/customers/1/order/basic"
NOON = datetime(2026, 12, 5, 12, tzinfo=ZoneInfo("UTC"))


@pytest.fixture
def sam(any_shop):
    any_shop.customer()
    staff = any_shop.person("staff", "sam@example.com", "*")
    staff.post("/admin/customers/1/credit", {"amount": "20.00", "reason": "opening offer"})
    return staff


def order(sam, pay="credit", **fields):
    fields = {"term": "1 month", **fields}
    return sam.yes(PATH, sam.get(PATH, query_string=fields), pay=pay, **fields)


def on_panel(shop):
    with shop.app.app_context():
        return len(type(plugins().module("memory")).apply.__globals__["LINES"])


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])  # UTC+14 and UTC-11
def test_nothing_is_on_a_panel_before_its_day(any_shop, sam, zone):
    any_shop.change(Customer, 1, zone=zone)
    before = on_panel(any_shop)
    with clock.business_time(NOON):
        first = clock.today_in(zone) + timedelta(days=10)
        answer = order(sam, starts_on=first.isoformat())
        assert answer.status_code == 303, answer.text
        any_shop.work()
    (sold,) = any_shop.rows(Subscription)
    end = cycle_start(first, Term.parse("1 month"), 1)
    assert (sold.state, sold.started_on, sold.anchor, sold.paid_through) == ("active", first, first, end)
    (line,) = any_shop.rows(DocumentLine, DocumentLine.period_start.is_not(None))
    assert (line.period_start, line.period_end, line.net_minor) == (first, end, 999)
    midnight = datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone))
    with clock.business_time(midnight - timedelta(minutes=1)):
        any_shop.work()
        assert on_panel(any_shop) == before
        with any_shop.app.app_context():
            assert OurSide.of(any_shop.panel_id).wanted == frozenset(), "it is not missing there"
    with clock.business_time(midnight + timedelta(minutes=1)):
        any_shop.work()
        assert on_panel(any_shop) == before + 1
        with any_shop.app.app_context():
            assert len(OurSide.of(any_shop.panel_id).wanted) == 1


def test_paid_late_it_begins_when_it_is_paid(any_shop, sam):
    with clock.business_time(NOON):
        assert order(sam, pay="later", starts_on="2026-12-20").status_code == 303
        assert "Begins" in sam.get("/admin/subscriptions/1").text
    (paper,) = any_shop.rows(Document)
    assert (paper.kind, paper.due_on.isoformat()) == ("proforma", "2026-12-20")
    with clock.business_time(NOON + timedelta(days=17)):
        sam.post("/admin/documents/1/credit", {"reason": "she called"})
        any_shop.work()
    (sold,) = any_shop.rows(Subscription)
    assert (sold.state, sold.paid_through.isoformat()) == ("active", "2027-01-22")


def test_canceled_before_its_day_all_comes_back(any_shop, sam):
    before = on_panel(any_shop)
    with clock.business_time(NOON):
        order(sam, starts_on="2026-12-20")
        path = "/admin/subscriptions/1/cancel"
        fields = {"policy": "immediate", "money": "credit", "reason": "changed her mind"}
        shown = sam.post(path, fields, page=path)
        assert sam.yes(path, shown, **fields).status_code == 303
        any_shop.work()
    (sold,) = any_shop.rows(Subscription)
    (line,) = any_shop.rows(Service)
    assert (sold.state, line.lifecycle) == ("canceled", "gone")
    assert sum(one.remaining_minor for one in any_shop.rows(CustomerCredit)) == 2000
    with clock.business_time(NOON + timedelta(days=20)), any_shop.app.app_context():
        any_shop.work()
        assert verify_billing().faults == []
    assert on_panel(any_shop) == before


def test_a_part_of_a_cycle_costs_what_was_shown(any_shop, sam):
    """Billed on the 1st: 21 to 31 December are 11 of 31 days, 9.99 × 11/31 = 3.54."""
    any_shop.change(Customer, 1, billing_day=1)
    with clock.business_time(NOON):
        shown = sam.get(PATH, query_string={"term": "1 month", "starts_on": "2026-12-21"}).text
        assert "€3.54" in shown
        assert order(sam, pay="later", starts_on="2026-12-21").status_code == 303
        (paper,) = any_shop.rows(Document)
        assert (paper.total_minor, paper.due_on.isoformat()) == (354, "2026-12-21")
        sam.post("/admin/documents/1/credit", {"reason": "she called"})
    invoice = any_shop.rows(Document, Document.kind == "invoice")[0]
    (line,) = any_shop.rows(DocumentLine, DocumentLine.document_id == invoice.id)
    assert (line.period_start.isoformat(), line.period_end.isoformat()) == ("2026-12-21", "2027-01-01")
    assert invoice.total_minor == 354
    with clock.business_time(NOON), any_shop.app.app_context():
        assert verify_billing().faults == []


@pytest.mark.parametrize("day", ["2026-12-04", "2027-12-06", "soon"])
def test_a_day_that_can_not_be(any_shop, sam, day):
    with clock.business_time(NOON):
        shown = sam.get(PATH, query_string={"term": "1 month", "starts_on": day})
    assert shown.status_code == 422
    assert "starts_on-error" in shown.text
    assert any_shop.rows(Subscription) == []


def test_customers_choose_no_day(any_shop):
    """What a browser adds to the shop's form is not asked for."""
    ada = any_shop.customer()
    any_shop.order(ada, starts_on=(clock.business_now() + timedelta(days=9)).date().isoformat())
    any_shop.pay()
    (sold,) = any_shop.rows(Subscription)
    assert sold.started_on == clock.today_in(sold.zone)
    assert any_shop.rows(Service)[0].desired_from is None
