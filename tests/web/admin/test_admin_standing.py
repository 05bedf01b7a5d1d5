"""Staff see on each page of a customer who looks after it, and who pays for what it watches."""

import re

from reseller_area import Area
from white_label import WhiteLabel

from billhead import clock
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import Service, Subscription
from billhead.models.support import Department, Ticket


def row(page, label):
    """What stands beside a label, as it is read."""
    found = re.search(rf"<dt>{label}</dt><dd>(.*?)</dd>", page.text, re.DOTALL)
    return re.sub(r"<[^>]+>", "", found[1]).strip() if found else None


def rows(page):
    return row(page, "Looked after by"), row(page, "Paid by")


def tick(shop, customer, service=None):
    from billhead.db import writing
    from billhead.domain.context import Context

    with shop.app.app_context(), writing(Context.system("test")) as tx:
        place = Department(seller_id=shop.seller_id, name=f"Help {customer}")
        tx.session.add(place)
        tx.session.flush()
        ticket = Ticket(seller_id=shop.seller_id, customer_id=customer, department_id=place.id, token=f"t{customer}",
                        subject="No sound", service_id=service, opened_at=clock.now())  # fmt: skip
        tx.session.add(ticket)
        tx.session.flush()
        return ticket.id


def test_a_user_on_credits_is_shown_with_its_reseller_everywhere(area: Area):
    shop, key = area.shop, area.add("baltic", "Anna")
    boss, baltic = shop.person("staff", "boss@example.com", "*"), area.ids["baltic"]
    (bought,) = shop.rows(Subscription, Subscription.id == key)
    (line,) = shop.rows(Service, Service.subscription_id == key)
    ticket = tick(shop, bought.customer_id, line.id)
    for path in (f"customers/{bought.customer_id}", f"subscriptions/{key}", f"services/{line.id}", f"tickets/{ticket}"):
        page = boss.get(f"/admin/{path}")
        assert rows(page) == ("Baltic", "Baltic, with credits"), path
        assert page.text.count(f'<a href="/admin/resellers/{baltic}">Baltic</a>') >= 2, path
        assert "This is the reseller" not in page.text
    assert f'<a href="/admin/resellers/{baltic}">Baltic</a>' in boss.get("/admin/customers").text
    # Aurora takes the user over, and Baltic is no more: what was paid before stays written under its name
    shop.change(Subscription, key, payer_reseller_id=area.ids["aurora"])
    assert rows(boss.get(f"/admin/subscriptions/{key}")) == ("Baltic", "Aurora, with credits")
    shop.change(Reseller, baltic, removed_on=clock.now().date())
    page = boss.get(f"/admin/subscriptions/{key}")
    assert rows(page) == ("Baltic", "Aurora, with credits")
    assert f"/admin/resellers/{baltic}" not in page.text


def test_the_customer_of_a_reseller_itself_and_one_of_the_operator_are_told_apart(area: Area):
    shop, boss = area.shop, area.shop.person("staff", "boss@example.com", "*")
    (own,) = shop.rows(Customer, Customer.buys_for_reseller_id == area.ids["gulf"])
    page = boss.get(f"/admin/customers/{own.id}")
    assert row(page, "This is the reseller") == "Gulf"
    assert rows(page) == ("NorthCable", "the customer")
    ada = shop.customer()
    shop.order(ada)
    shop.pay()
    (bought,) = shop.rows(Subscription)
    page = boss.get(f"/admin/subscriptions/{bought.id}")
    assert rows(page) == ("NorthCable", "Ada Lovelace")
    assert rows(boss.get(f"/admin/customers/{bought.customer_id}")) == ("NorthCable", "the customer")


def test_a_customer_of_a_resellers_shop_pays_the_shop_and_the_reseller_its_credits(white_label: WhiteLabel):
    shop = white_label.shop
    white_label.sell()
    boss, (bought,) = shop.person("staff", "boss@example.com", "*"), shop.rows(Subscription)
    told = "Ada Lovelace; Aurora, with the credits that the lines take"
    assert row(boss.get(f"/admin/subscriptions/{bought.id}"), "Paid by") == told
    with shop.asking() as asked:
        boss.get(f"/admin/customers/{bought.customer_id}")
    assert sum("FROM reseller" in one for one in asked) <= 2, asked


def test_a_customer_is_moved_to_a_reseller_and_back_after_its_figures(area: Area):
    shop, boss, baltic = area.shop, area.shop.person("staff", "boss@example.com", "*"), str(area.ids["baltic"])
    key = area.add("baltic", "Anna")  # her panel has not answered yet
    (bought,) = shop.rows(Subscription, Subscription.id == key)
    path = f"/admin/customers/{bought.customer_id}"
    assert ">To the operator<" in boss.get(path).text
    shown = boss.post(f"{path}/reseller", {"to": "", "reason": "as agreed"}, page=path)
    assert (shown.status_code, f"Subscription {key} is not paid for yet" in shown.text) == (422, True)
    helper = shop.person("staff", "helper@example.com", "customers.read")
    assert helper.get(f"{path}/reseller").status_code == 403
    shop.order(shop.customer())
    shop.pay()
    shop.work()
    (ada,) = shop.rows(Customer, Customer.name == "Ada Lovelace")
    path = f"/admin/customers/{ada.id}"
    assert ">To a reseller<" in boss.get(path).text
    for to, figures, standing in (
        (baltic, ("when the reseller renews it", "credits"), ("Baltic", "Baltic, with credits")),
        ("", ("which the customer is offered", "€"), ("NorthCable", "the customer")),
    ):
        shown = boss.post(f"{path}/reseller", {"to": to, "reason": "as agreed"}, page=path)
        assert all(one in shown.text for one in figures), shown.text
        assert rows(boss.get(path)) != standing
        assert boss.yes(f"{path}/reseller", shown, to=to, reason="as agreed").status_code == 303
        assert rows(boss.get(path)) == standing
