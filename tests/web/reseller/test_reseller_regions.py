"""What is not licensed where a subscriber lives is not offered for them; what they have stays, and can go."""

from typing import Any

from reseller_area import Area
from web_shop import BOX

from billhead.models.catalogue import Plan
from billhead.models.people import Customer
from billhead.models.subscriptions import Subscription


def only_in(area: Area, code: str, *countries: str) -> None:
    plan = area.shop.rows(Plan, Plan.code == code)[0]
    area.shop.change(Plan, plan.id, country_rule="only", countries=list(countries))


def lives_in(area: Area, user: int, country: str) -> None:
    customer = area.shop.rows(Subscription, Subscription.id == user)[0].customer_id
    area.shop.change(Customer, customer, country=country)


def page(area: Area, path: str) -> Any:
    return area.browsers["baltic"].get(f"/reseller/users/{path}")


def test_a_new_subscriber_is_offered_what_is_licensed_where_the_reseller_lives(area: Area):
    assert 'value="box|1 month"' in page(area, "new").text
    only_in(area, "box", "SE")
    only_in(area, "screen", "SE")
    shown = page(area, "new").text
    assert 'value="basic|1 month"' in shown
    assert "box|1 month" not in shown
    assert "addon-screen" not in shown
    sent = {"offer": "box|1 month", "name": "Anna", "mac": BOX, "language": "en"}
    assert area.browsers["baltic"].post("/reseller/users/new", sent, page="/reseller/users/new").status_code == 422
    box = area.shop.rows(Plan, Plan.code == "box")[0].name
    assert box in area.browsers["baltic"].get("/reseller/prices").text  # for those who live there it has a price


def test_who_lives_elsewhere_is_offered_what_is_licensed_there_and_keeps_what_they_have(area: Area):
    anna, bob = area.add("baltic", "Anna", **{"addon-screen": "1"}), area.add("baltic", "Bob")
    area.shop.work()
    only_in(area, "basic", "SE")
    only_in(area, "screen", "SE")
    lives_in(area, anna, "DE")
    shown = page(area, f"{anna}/change").text
    assert "basic|" in shown  # theirs, for another term
    assert "addon-screen" in shown
    assert page(area, f"{anna}/change?offer=&addon-screen=0&way=keep_end").status_code == 200
    assert "addon-screen" not in page(area, f"{bob}/change").text  # in Finland, without one
    lives_in(area, bob, "SE")
    assert "addon-screen" in page(area, f"{bob}/change").text
