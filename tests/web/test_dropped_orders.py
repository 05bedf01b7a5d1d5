"""An order of credit that nobody has paid is dropped by who made it: what will happen is said first."""

import pytest
from reseller_area import Area
from web_shop import Browser, Shop

from billhead import clock
from billhead.actions.credits._top_up import order_credit
from billhead.actions.credits.drop_order import drop_order
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import NotFound
from billhead.domain.money import Money
from billhead.models.catalogue import Plan
from billhead.models.credits import AutoTopUp
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry, Event
from billhead.models.people import Customer
from billhead.models.resellers import ResellerOrder

SYSTEM = Context.system("test")


def open_orders(shop: Shop) -> list[int]:
    return [row.id for row in shop.rows(Document, Document.kind == "proforma", Document.state == "open")]


def dropped(shop: Shop) -> list[tuple[str, str, str]]:
    rows = shop.rows(AuditEntry, AuditEntry.action == "credits.drop_order")
    return [(row.actor, row.role, row.subject) for row in rows]


@pytest.fixture
def ada(shop: Shop) -> Browser:
    staff = shop.person("staff", "olga@example.com", "sellers.write")
    terms = f"/admin/sellers/{shop.seller_id}/top-ups"
    assert staff.post(terms, {"top_ups": "EUR 5 500 10 25"}, page=terms).status_code == 303
    return shop.customer()


def order(ada: Browser, amount: str = "25.00") -> int:
    answer = ada.post("/account/credit/buy", {"choice": amount}, page="/account/credit")
    return int(answer.location.rpartition("/")[2])


def test_a_top_up_that_waits_is_shown_and_dropped(shop: Shop, ada: Browser):
    key = order(ada)
    page = f"/account/credit/orders/{key}/drop"
    shown = ada.get("/account/credit").text
    assert "€25.00 of credit wait to be paid, by " in shown
    assert f'href="{page}"' in shown
    asked = ada.get(page).text
    assert "€25.00 of credit are not bought" in asked
    assert "is kept as your credit" in asked
    assert open_orders(shop) == [key]  # a question, not yet the deed
    assert ada.post(page, {}).location == "/account/credit"
    assert open_orders(shop) == []
    assert dropped(shop) == [("customer:2", "customer", f"document:{key}")]
    assert [one.aggregate for one in shop.rows(Event, Event.type == "document.voided")] == [f"document:{key}"]
    after = ada.get("/account/credit").text
    assert "wait to be paid" not in after
    assert ada.get(page).location == "/account/credit"
    assert "does not wait to be paid any more" in ada.get("/account/credit").text


def test_not_while_a_payment_is_under_way_and_not_anybody_elses(shop: Shop, ada: Browser):
    key = order(ada)
    page = f"/account/credit/orders/{key}/drop"
    ben = shop.customer("ben@example.com")
    assert ben.get(page).status_code == 404
    assert ben.post(page, {}, page="/account/credit").status_code == 404
    ada.post(f"/pay/{key}", {"account": str(shop.accounts["cards"])}, page=f"/pay/{key}")
    assert ada.post(page, {}, page="/account/credit").location == "/account/credit"
    assert "is under way" in ada.get("/account/credit").text
    assert open_orders(shop) == [key]
    shop.pay("canceled")
    shop.work()
    assert ada.post(page, {}, page="/account/credit").status_code == 303
    assert open_orders(shop) == []


def test_other_papers_and_what_came_by_itself_are_not_dropped(shop: Shop, ada: Browser):
    shop.order(ada)
    (tv,) = open_orders(shop)
    with shop.app.app_context(), writing(SYSTEM) as tx:
        mine = order_credit(tx, tx.session.get_one(Customer, 1), Money(2000, "EUR"))
        tx.session.add(AutoTopUp(document_id=mine, customer_id=1, created_at=clock.now()))
    for key in (tv, mine):
        assert ada.get(f"/account/credit/orders/{key}/drop").status_code == 404
        with shop.app.app_context(), pytest.raises(NotFound), writing(SYSTEM) as tx:
            drop_order(tx, key)
    assert open_orders(shop) == [tv, mine]
    assert "wait to be paid" not in ada.get("/account/credit").text


def test_a_reseller_drops_its_order_of_credits(area: Area):
    shop, baltic, aurora = area.shop, area.browsers["baltic"], area.browsers["aurora"]
    key = int(baltic.post("/reseller/credits/buy", {"package": "hundred"}).location.rpartition("/")[2])
    page = f"/reseller/credits/orders/{key}/drop"
    assert f'href="{page}"' in baltic.get("/reseller/credits/buy").text
    asked = baltic.get(page).text
    assert "100.00" in asked.partition("Credits that do not come")[2][:60]
    assert "€80.00" in asked.partition("Not to be paid any more")[2][:60]
    assert aurora.get(page).status_code == 404  # who stands above has not made it
    answer = baltic.yes(page)
    assert answer.location == "/reseller/credits/buy"
    assert open_orders(shop) == []
    assert "wait to be paid" not in baltic.get("/reseller/credits/buy").text
    assert area.credits("baltic") == 10_000
    assert shop.rows(ResellerOrder)[0].state == "offered"
    again = int(baltic.post("/reseller/credits/buy", {"package": "hundred"}).location.rpartition("/")[2])
    assert again != key  # a new one: the old one is gone
    baltic.post(f"/pay/{again}", {"account": str(shop.accounts["cards"])})
    busy = baltic.get(f"/reseller/credits/orders/{again}/drop").text
    assert "is under way" in busy
    assert "Drop the order</button>" not in busy
    shop.pay()
    shop.work()
    assert area.credits("baltic") == 20_000


def test_a_package_says_who_bought_it_and_what_a_credit_costs(area: Area):
    shop, baltic = area.shop, area.browsers["baltic"]
    boss = shop.person("staff", "boss@example.com", "*")
    plan = shop.rows(Plan, Plan.kind == "credit_package")[0].id
    page = f"/admin/catalogue/{plan}"
    assert "Nobody has ordered it yet." in boss.get(page).text
    bought = int(baltic.post("/reseller/credits/buy", {"package": "hundred"}).location.rpartition("/")[2])
    baltic.post(f"/pay/{bought}", {"account": str(shop.accounts["cards"])})
    shop.pay()
    shop.work()
    area.browsers["gulf"].post("/reseller/credits/buy", {"package": "hundred"})
    shown = boss.get(page).text
    assert "about €0.80" in shown
    table = shown.partition("Who bought it")[2]
    rows = [table.partition(name)[2].partition("</tr>")[0] for name in ("Gulf", "Baltic")]
    assert ["unpaid" in rows[0].lower(), "€80.00" in rows[1], "paid" in rows[1]] == [True, True, True]
    assert table.index("Gulf") < table.index("Baltic")
    listed = boss.get(f"/admin/package-orders?plan={plan}&state=paid").text
    assert ["Baltic" in listed, "Gulf" in listed.partition("<tbody>")[2]] == [True, False]
    csv = boss.get(f"/admin/package-orders?plan={plan}&format=csv").text.splitlines()
    assert csv[0].lstrip("\ufeff").split(",")[:4] == ["Ordered", "Reseller", "Package", "Credits"]
    who = [tuple(line.split(",")[1:4]) for line in csv[1:]]
    assert who == [(name, "A hundred", "100.00") for name in ("Gulf", "Baltic")]
    assert csv[2].split(",")[5:8] == ["80.00 EUR", "80.00 EUR", "paid"]
