"""One price is taken off sale: nobody can order at it, and who pays it goes on."""

from datetime import UTC, date, datetime

import pytest
from click.testing import CliRunner

from billhead import clock
from billhead.cli import main
from billhead.models.catalogue import Price
from billhead.models.documents import Document


@pytest.fixture(autouse=True)
def november():
    with clock.business_time(datetime(2026, 11, 1, 12, tzinfo=UTC)):
        yield


def test_a_term_is_stopped_kept_by_who_has_it_and_sold_again(counter):
    shop = counter.shop
    dearer = {"book": "1", "term": "1 month", "amount": "12.00", "setup": "0", "trial": "0", "tell_days": "30"}
    counter.yes("/admin/catalogue/1/prices/new", **dearer)
    newest = shop.rows(Price, Price.plan_id == 1, Price.term == "1 month", Price.book_id == 1)[-1]
    page = counter.get("/admin/catalogue/1").text
    assert page.count("Stop selling") == 3, "of each term and book once: the older version has none"
    asked = counter.get(f"/admin/prices/{newest.id}/stop").text
    assert "1 subscription pays it, and goes on." in asked
    assert "Stop selling" not in shop.person("staff", "eye@example.com").get("/admin/catalogue/1").text
    late = counter.post(f"/admin/prices/{newest.id}/stop", reason="x", until="2026-10-01")
    assert "has passed" in late.text
    counter.confirm(f"/admin/prices/{newest.id}/stop")
    told = {one.version: one.valid_until for one in shop.rows(Price, Price.plan_id == 1, Price.term == "1 month")
            if one.book_id == 1}  # fmt: skip
    # no version before it is sold again; it is 2 November in Kiribati, and was 31 October elsewhere an hour ago
    assert told == {1: date(2026, 10, 31), 2: date(2026, 10, 31)}
    eve = shop.customer("eve@example.com")
    shown = eve.get("/plans/basic").text
    assert "€12.00" not in shown
    assert "€9.99" not in shown
    assert "€100.00" in shown, "the year is sold still"
    again = counter.post(f"/admin/prices/{newest.id}/stop", reason="x")
    assert "not sold at this price any more" in again.text
    with clock.business_time(datetime(2026, 11, 27, 12, tzinfo=UTC)):
        CliRunner().invoke(main, ["billing", "run", "--as-of", "2026-11-27"], obj=shop.app)
    offers = [one for one in shop.rows(Document, Document.kind == "proforma") if one.state == "open"]
    assert [one.total_minor for one in offers] == [999], "the renewal is offered at the price that was bought"
    counter.yes("/admin/catalogue/1/prices/new", **dearer)
    assert "€12.00" in eve.get("/plans/basic").text, "the same amount again sells it again"


def test_an_offer_ends_and_the_price_before_it_holds_again(counter):
    shop = counter.shop
    offer = {"book": "1", "term": "1 month", "amount": "7.00", "setup": "0", "trial": "0", "tell_days": "30"}
    wrong = counter.post("/admin/catalogue/1/prices/new", reason="x", **offer, valid_until="2026-11-01")
    assert "Must lie after the day" in wrong.text
    counter.yes("/admin/catalogue/1/prices/new", **offer, valid_until="2026-12-01")
    assert "€7.00" in shop.visitor().get("/plans/basic").text
    with clock.business_time(datetime(2026, 12, 1, 12, tzinfo=UTC)):
        shown = shop.visitor().get("/plans/basic").text
    assert "€9.99" in shown
    assert "€7.00" not in shown
    stopped = CliRunner().invoke(main, ["prices", "stop", "2", "--from", "2027-01-01", "--reason", "no more years"],
                                 obj=shop.app)  # fmt: skip
    assert stopped.output == "Nobody can order at it from 2027-01-01 on; 0 subscriptions keep it.\n"
