"""What is renewed by hand, renewed before its offer comes: once, from the end of what is paid, and who may.

A month of `basic` costs €9.99, tax in it. Ada buys hers on 22 November 2026.
"""

from datetime import UTC, date, datetime

from web_shop import Browser, Shop

from billhead import clock
from billhead.actions.billing.run import run_billing
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry
from billhead.models.subscriptions import Subscription, SubscriptionChange

PAGE = "/account/subscriptions/1"


def at(month: int, day: int, year: int = 2026):
    return clock.business_time(datetime(year, month, day, 12, tzinfo=UTC))


def bought(shop: Shop) -> Browser:
    ada = shop.customer()
    shop.order(ada)
    shop.pay()
    shop.work()
    return ada


def renew(browser: Browser):
    return browser.post(f"{PAGE}/renew", page=PAGE)


def told(browser: Browser) -> str:
    """Why not, as it is told after the press."""
    answer = renew(browser)
    assert answer.location == f"{PAGE}/next"
    return browser.get(answer.location).text.replace("&#39;", "'")


def paid_to(shop: Shop) -> date | None:
    return shop.rows(Subscription)[0].paid_through


def test_ten_days_early_it_goes_on_from_its_end_and_there_is_one_offer(any_shop: Shop):
    shop = any_shop
    with at(11, 22):
        ada = bought(shop)
    assert paid_to(shop) == date(2026, 12, 22)
    with at(12, 12):
        for page in ("/account/", PAGE, f"{PAGE}/next"):
            assert f'action="{PAGE}/renew"' in ada.get(page).text, page
        service = ada.get(PAGE).text
        assert service.index("Paid until") < service.index("Renew now") < service.index("About it"), "on top"
        place = renew(ada).location
        (offer,) = shop.rows(Document, Document.kind == "proforma", Document.state == "open")
        assert place == f"/pay/{offer.id}"
        assert (offer.total_minor, offer.due_on) == (999, date(2026, 12, 22))
        assert renew(ada).location == place, "pressed twice it is the same offer"
        for page in ("/account/", PAGE):
            assert f'action="{PAGE}/renew"' not in ada.get(page).text, "now it is paid"
    with at(12, 20), shop.app.app_context():
        assert run_billing().proformas == 0, "the run writes no second"
    with at(12, 21):
        assert "22 Dec 2026" in ada.get(place).text.replace("\xa0", " "), "the new period is told before it is paid"
        ada.post(place, {"account": str(shop.accounts["cards"])}, page=place)
        shop.pay(event="evt_2")
        shop.work()
    one = shop.rows(Subscription)[0]
    assert (one.paid_through, one.billed_through) == (date(2027, 1, 22), date(2027, 1, 22))
    assert one.next_bill_on < date(2027, 1, 22)
    invoices = shop.rows(Document, Document.kind == "invoice")
    assert [(row.state, row.total_minor) for row in invoices] == [("paid", 999), ("paid", 999)]


def test_what_has_expired_comes_back_from_the_day_it_is_paid(shop: Shop):
    with at(11, 22):
        ada = bought(shop)
        old = renew(ada).location
    (offer,) = shop.rows(Document, Document.state == "open")
    shop.change(Document, offer.id, state="expired")
    shop.change(Subscription, 1, state="expired")
    with at(1, 10, 2027):
        new = renew(ada).location
        assert new != old
        assert shop.rows(Document, Document.id == offer.id)[0].state == "void", "never can both be paid"
        ada.post(new, {"account": str(shop.accounts["cards"])}, page=new)
        shop.pay(event="evt_2")
        shop.work()
    assert (paid_to(shop), shop.rows(Subscription)[0].state) == (date(2027, 2, 10), "active")


def test_where_it_is_impossible_the_reason_is_told_and_nothing_is_written(shop: Shop):
    with at(11, 22):
        ada = bought(shop)
        documents = len(shop.rows(Document))
        shop.change(Subscription, 1, collection="auto")
        assert "is billed by itself" in told(ada)
        assert f'action="{PAGE}/renew"' not in ada.get(PAGE).text
        shop.change(Subscription, 1, collection="manual", state="suspended", suspended_for="customer")
        assert "is on hold" in told(ada)
        shop.change(Subscription, 1, suspended_for="staff")
        assert "can't be renewed now" in told(ada)
        shop.change(Subscription, 1, state="active", suspended_for="", billed_through=date(2027, 1, 22))
        assert "an invoice of this subscription waits to be paid" in told(ada).replace("An", "an")
        shop.change(Subscription, 1, billed_through=date(2026, 12, 22), billing_ends_on=date(2026, 12, 22))
        assert "ends on" in told(ada)
        shop.change(Subscription, 1, billing_ends_on=None)
        assert len(shop.rows(Document)) == documents
        offer = int(renew(ada).location.rpartition("/")[2])
        row = SubscriptionChange(subscription_id=1, kind="change", state="offered", document_id=offer, wish={},
                                 effective_on=date(2026, 11, 22), recorded_at=clock.now())  # fmt: skip
        _added(shop, row)
        assert "waits to be paid" in told(ada)
    eve = shop.customer("eve@example.com", name="Eve Online")
    assert eve.post(f"{PAGE}/renew", page="/account/").status_code == 404


def _added(shop: Shop, row: object) -> None:
    from billhead.db import writing
    from billhead.domain.context import Context

    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(row)


def test_staff_renew_it_with_a_reason_and_are_led_to_the_document(shop: Shop):
    with at(11, 22):
        bought(shop)
        sam = shop.person("staff", "sam@example.com", "subscriptions.write")
        path = "/admin/subscriptions/1/renew"
        for page in ("/admin/subscriptions/1", "/admin/subscriptions/1/next"):
            assert f'href="{path}"' in sam.get(page).text
        assert sam.post(path, {}).status_code == 422, "without a reason"
        done = sam.post(path, {"reason": "asked by phone"})
        (offer,) = shop.rows(Document, Document.state == "open")
        assert done.location == f"/admin/documents/{offer.id}"
        assert sam.post(path, {"reason": "once more"}).location == done.location
        assert f'href="{path}"' not in sam.get("/admin/subscriptions/1/next").text
        first, *_again = shop.rows(AuditEntry, AuditEntry.action == "subscriptions.renew_now")
        assert (first.actor, first.reason) == ("staff:2", "asked by phone")
    assert shop.person("staff", "reader@example.com").get(path).status_code == 403
