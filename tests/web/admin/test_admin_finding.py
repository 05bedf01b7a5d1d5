"""The search in the top bar: whatever a caller says leads to one page, by few questions that an index answers."""

import re

import pytest
from sqlalchemy import insert

from billhead import clock
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.creditor_reference import About, Reference
from billhead.models.coupons import Coupon
from billhead.models.documents import Document
from billhead.models.people import Customer, Reseller, User
from billhead.models.subscriptions import Service
from billhead.models.support import Department, Ticket

FEW = ("SCAN seller", "SCAN reseller", "SCAN anon_")  # the last: what a statement has found already


def test_what_a_caller_says_leads_to_one_page(any_counter):
    counter = any_counter
    counter.shop.change(
        Customer, 1, name="Zoë  Müller-Öst King", company="Öst TV Oy", phone="+358 (0)40-123 4567", external_ref="K-1"
    )
    counter.shop.change(Service, 1, mac="00:1A:79:AA:BB:01")
    line = counter.row(Service, 1)
    (shop_id,) = counter.add(
        Reseller(seller_id=1, code="north", name="Nörth  TV", tier="reseller", created_on=clock.now().date())
    )
    attempt = counter.shop.attempt()
    for said, page in {
        "zoe muller-ost KING": "/admin/customers/1",
        "ost tv oy": "/admin/customers/1",
        "ADA@example.com": "/admin/customers/1",
        "00358 40 1234567": "/admin/customers/1",
        "K-1": "/admin/customers/1",
        "001a.79aa.bb01": "/admin/services/1",
        line.login: "/admin/services/1",
        line.handle.upper(): "/admin/services/1",
        Reference(About.ATTEMPT, attempt.id).text: f"/admin/attempts/{attempt.id}",
        "NORTH": f"/admin/resellers/{shop_id}",
        "north tv": f"/admin/resellers/{shop_id}",
    }.items():
        answer = counter.get("/admin/find", query_string={"q": said})
        assert (answer.status_code, answer.headers.get("Location")) == (303, page), (said, answer.text[-1500:])
    for said in ("zoe mul", "king", "ost", "ada@ex", "35840"):
        answer = counter.get("/admin/find", query_string={"q": said})
        assert "begins like it" in answer.text, said
        assert 'href="/admin/customers/1"' in answer.text, said
    assert f'href="/admin/resellers/{shop_id}"' in counter.get("/admin/find?q=north t").text
    for said in ("%", "_", "z%", "'", "RF", "nobody at all", "x\u0000y", "\u0301\u0301", "💥", "9" * 300):
        answer = counter.get("/admin/find", query_string={"q": said})
        assert answer.status_code == 200, said
        assert "Nothing found" in answer.text, said
    assert "What are you looking for?" in counter.get("/admin/find").text


def test_by_the_address_that_somebody_signs_in_with(any_counter):
    """Ada is written to at the office and signs in from home; her son has a login, and so have a reseller and staff."""
    counter = any_counter
    (shop_id,) = counter.add(
        Reseller(seller_id=1, code="north", name="North", tier="reseller", created_on=clock.now().date())
    )
    logins = {
        "ada.home@example.net": {"role": "customer", "customer_id": 1},
        "son@example.net": {"role": "customer", "customer_id": 1, "family": True},
        "north@example.net": {"role": "reseller", "reseller_id": shop_id},
        "colleague@example.net": {"role": "staff"},
    }
    people = counter.add(
        *(User(seller_id=1, email=mail, created_at=clock.now(), **what) for mail, what in logins.items())
    )
    for said, page in {
        "Ada.Home@example.net": "/admin/customers/1",
        "son@example.net": "/admin/customers/1",
        "north@example.net": f"/admin/resellers/{shop_id}",
        "colleague@example.net": f"/admin/staff/{people[-1]}",
    }.items():
        assert counter.get("/admin/find", query_string={"q": said}).headers.get("Location") == page, said
        assert f'href="{page}"' in counter.get("/admin/find", query_string={"q": said[:-3]}).text, said
    assert 'href="/admin/customers/1"' in counter.get("/admin/customers?q=ada.home@example.net").text


@pytest.mark.parametrize("said", ["order {}", "Order no. {}", "#{}", "Bestellung {}", "Proforma {}", "sipariş {}",
                                  "\u2068الطلب {}\u2069", "Commande n° {}", "Pedido {}"])  # fmt: skip
def test_an_order_is_found_by_what_customers_call_it(counter, said):
    """A proforma has no number of its own: mails and pages say "Order 62", where 62 is the document."""
    (order,) = counter.add(_proforma(62))
    typed = said.format(order)
    there = f"/admin/documents/{order}"
    assert counter.get("/admin/find", query_string={"q": typed}).headers.get("Location") == there
    assert f'href="{there}"' in counter.get("/admin/documents", query_string={"q": typed}).text
    eastern = said.format("".join(chr(0x660 + int(digit)) for digit in str(order)))
    assert counter.get("/admin/find", query_string={"q": eastern}).headers.get("Location") == there
    assert "Nothing found" in counter.get("/admin/find", query_string={"q": f"Plan {order}"}).text


def test_a_bare_number_that_several_things_have_is_asked_about(counter):
    counter.add(_proforma(62))
    counter.shop.change(Customer, 1, external_ref="62")
    shown = counter.get("/admin/find?q=62").text
    assert 'href="/admin/documents/62"' in shown
    assert "<strong>Order 62</strong>" in shown
    assert 'href="/admin/customers/1"' in shown
    assert 'href="/admin/documents/62"' in counter.get("/admin/documents?q=62").text
    counter.add(_proforma(900))
    assert counter.get("/admin/find?q=900").headers["Location"] == "/admin/documents/900"
    shown = counter.get("/admin/find?q=1").text  # a document and a subscription: she who calls says which
    assert 'href="/admin/subscriptions/1"' in shown


def test_a_coupon_is_found_by_its_code(any_counter):
    (coupon,) = any_counter.add(
        Coupon(seller_id=1, code="HELLO25", name="Autumn", kind="percent", percent_ppm=250_000, created_at=clock.now())
    )
    assert any_counter.get("/admin/find?q=hello25").headers.get("Location") == f"/admin/coupons/{coupon}"
    assert f'href="/admin/coupons/{coupon}"' in any_counter.get("/admin/find?q=hel").text


def _proforma(key: int) -> Document:
    return Document(
        id=key, seller_id=1, customer_id=1, kind="proforma", state="open", currency="EUR", created_at=clock.now(),
        net_minor=999, tax_minor=0, total_minor=999,
    )  # fmt: skip


def test_what_somebody_may_not_open_is_not_found(counter, shop):
    (place,) = counter.add(Department(seller_id=1, name="Help"))
    (ticket,) = counter.add(
        Ticket(
            id=900,
            seller_id=1,
            customer_id=1,
            department_id=place,
            token="t",
            subject="No sound",
            opened_at=clock.now(),
        )
    )
    assert counter.get(f"/admin/find?q=%23{ticket}").headers["Location"] == f"/admin/tickets/{ticket}"
    newcomer = shop.person("staff", "new@example.com")
    answer = newcomer.get(f"/admin/find?q=%23{ticket}")
    opened = newcomer.get(f"/admin/tickets/{ticket}").status_code
    assert (answer.status_code == 303) is (opened == 200)


def test_a_hundred_thousand_customers_are_found_by_an_index(counter):
    """Each statement of the search names an index in its plan; none walks through a table that grows."""
    with counter.shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.execute(insert(Customer), [
            {"seller_id": 1, "name": f"P {n}", "sought_name": f"p {n}", "sought_last": str(n),
             "email": f"{n}@x.example", "country": "FI", "currency": "EUR", "created_at": clock.now()}
            for n in range(2000)
        ])  # fmt: skip
    with counter.counting() as asked:
        assert "Nothing found" in counter.get("/admin/find?q=nobody").text
    searches = [one for one in asked if " LIMIT " in one and "ORDER BY" in one]
    assert 5 <= len(searches) <= 15, asked
    with counter.counting() as asked:
        counter.get("/admin/find?q=nobody@example.org")
    searches += [one for one in asked if " LIMIT " in one and "ORDER BY" in one]
    with counter.shop.app.app_context(), reading() as session:
        for one in searches:
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {one}", ("x",) * one.count("?")).all()
            scans = [row[3] for row in plan if row[3].startswith("SCAN") and not row[3].startswith(FEW)]
            assert not scans, (one, plan)


def test_a_part_of_a_mac_or_of_an_invoice_number_finds_it(any_counter):
    counter = any_counter
    counter.shop.change(Service, 1, mac="00:1A:79:3C:4D:5E")
    invoice = counter.row(Document, 2)
    for said in ("001a7", "00:1a:79", "001A.793C", "4d5e", "c4d5e", "3c:4d:5e", "3c-4d-5e"):
        shown = counter.get("/admin/find", query_string={"q": said})
        assert 'href="/admin/services/1"' in shown.text, said
    for said in ("5e", "793c", "4d5f", "1a793c4d5e00"):  # too short, the middle, another one, a whole one
        assert 'href="/admin/services/1"' not in counter.get("/admin/find", query_string={"q": said}).text, said
    shown = counter.get("/admin/find", query_string={"q": invoice.number_text[:-2].lower()}).text
    assert f'href="/admin/documents/{invoice.id}"' in shown
    with counter.counting() as asked:
        counter.get("/admin/find?q=4d5e")
    assert len([one for one in asked if "service.mac" in one and " LIMIT " in one]) == 1


def test_a_line_that_is_gone_is_found_and_said_to_be_gone(any_counter):
    counter = any_counter
    counter.shop.change(Service, 1, mac="00:1A:79:AA:BB:01", lifecycle="gone")
    line = counter.row(Service, 1)
    assert counter.get("/admin/find?q=001a79aabb01").headers["Location"] == "/admin/services/1"
    shown = counter.get("/admin/find", query_string={"q": line.login[:-1]}).text
    assert re.search(rf'{line.login}</strong> <span class="badge-state"[^>]*>gone<', shown, re.IGNORECASE)
    # the box came to another line: that one is opened, whatever stands in its past
    (other,) = counter.add(
        Service(subscription_id=1, panel_id=line.panel_id, kind=line.kind, handle="zz1", login=line.login,
                password=line.password, mac=line.mac)
    )  # fmt: skip
    assert counter.get("/admin/find?q=001a79aabb01").headers["Location"] == f"/admin/services/{other}"
    shown = counter.get("/admin/find", query_string={"q": line.login[:-1]}).text
    assert shown.index(f"/admin/services/{other}") < shown.index('/admin/services/1"')


def test_the_list_of_subscriptions_takes_what_a_caller_says(any_counter):
    counter = any_counter
    counter.shop.change(Service, 1, mac="00:1A:79:AA:BB:01")
    login = counter.row(Service, 1).login
    for said in ("1", "#1", "001a.79aa.bb01", login, "ada@", "lovelace"):
        listed = counter.get("/admin/subscriptions", query_string={"q": said}).text
        assert 'href="/admin/subscriptions/1"' in listed, said
    for said in ("2", "001a.79aa.bb02", login + "x", "9" * 40):
        listed = counter.get("/admin/subscriptions", query_string={"q": said}).text
        assert "Nothing fits" in listed, said
