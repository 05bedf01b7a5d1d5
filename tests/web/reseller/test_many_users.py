"""Many users at once: renewed, disabled, enabled and ended; stopped half way, what is done stays."""

import re
from datetime import timedelta

from reseller_area import Area
from white_label import WhiteLabel

from billhead.actions.resellers.do_next_user import do_next_user
from billhead.actions.resellers.take_credits import take_credits
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Term, cycle_start
from billhead.models.operations import AuditEntry
from billhead.models.people import Reseller
from billhead.models.resellers import UserBulk, UserBulkItem
from billhead.models.subscriptions import Subscription


def test_renewals_are_stopped_half_way(area: Area):
    shop, baltic = area.shop, area.browsers["baltic"]
    keys = [area.add("baltic", name) for name in ("Anna", "Bob", "Cleo")]
    shop.work()
    picked = {"pick": [str(key) for key in keys]}
    shown = baltic.post("/reseller/users/many", picked, page="/reseller/users").text
    sure = re.search(r'name="sure" value="([^"]+)"', shown)[1]
    begun = baltic.post("/reseller/users/many", {**picked, "sure": sure}, page="/reseller/users").location
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        do_next_user(tx, 1)  # as the job does it, one after the other
    stop = f"{begun}/stop"
    assert f'href="{stop}"' in baltic.get(begun).text
    for other in ("coast", "gulf"):
        assert area.browsers[other].post(stop).status_code == 404
    assert shop.rows(UserBulk)[0].state == "running"
    assert baltic.yes(stop).location == begun
    shop.work()  # the job finds nothing to do
    assert [one.state for one in shop.rows(UserBulkItem)] == ["done", "stopped", "stopped"]
    assert area.credits("baltic") == 10000 - 3 * 1000 - 1000
    done = baltic.get(begun).text
    assert "whoever had not had their turn by then" in done
    assert stop not in done
    again = baltic.yes(stop)
    assert again.status_code == 422
    assert "there is nothing to stop" in again.text
    for action in ("resellers.do_many", "resellers.stop_many"):
        (row,) = shop.rows(AuditEntry, AuditEntry.action == action)
        assert (row.actor.split(":")[0], row.subject) == ("reseller", "user_bulk:1")


def sent(browser, do: str, keys: list[int], **more: str):
    """Looked at, and then said yes to: what was shown, and where it leads."""
    told = {"do": do, "pick": [str(key) for key in keys], **more}
    shown = browser.post("/reseller/users/many", told, page="/reseller/users")
    sure = re.search(r'name="sure" value="([^"]+)"', shown.text)[1]
    return shown.text, browser.post("/reseller/users/many", {**told, "sure": sure}, page="/reseller/users")


def test_many_are_disabled_enabled_and_ended_with_the_figures_first(area: Area):
    """Anna and Bob of Baltic have a month from 22 November for 10.00 credits each; Cleo is disabled already."""
    shop, baltic = area.shop, area.browsers["baltic"]
    keys = [area.add("baltic", name) for name in ("Anna", "Bob", "Cleo")]
    shop.work()
    assert baltic.yes(f"/reseller/users/{keys[2]}/disable").status_code == 303
    shown, begun = sent(baltic, "disable", keys)
    assert "Disable 2 users?" in shown
    assert "there is nothing to disable" in shown
    assert {row.state for row in shop.rows(Subscription)[:2]} == {"active"}, "looked at, not done"
    shop.work()
    assert [row.state for row in shop.rows(Subscription)] == ["suspended"] * 3
    assert "Disabled: 2 of 3" in baltic.get(begun.location).text
    shown, begun = sent(baltic, "enable", keys)
    assert "Enable 3 users?" in shown
    shop.work()
    assert [row.state for row in shop.rows(Subscription)] == ["active"] * 3

    shown, begun = sent(baltic, "end", keys[:2])
    assert "End 2 users?" in shown
    back = baltic.get(f"/reseller/users/{keys[0]}/terminate").text
    each = re.search(r"Credits that come back</dt><dd>([\d.]+)<", back)[1]
    both = f"{2 * int(each.replace('.', '')) / 100:.2f}"
    assert both in shown
    had = area.credits("baltic")
    shop.work()
    assert [row.state for row in shop.rows(Subscription)] == ["canceled", "canceled", "active"]
    assert area.credits("baltic") - had == int(both.replace(".", ""))
    assert f"Credits that came back</dt><dd>{both}" in baltic.get(begun.location).text
    assert begun.location.startswith("/reseller/many/")

    shop.change(Reseller, area.ids["baltic"], rights={"sells": ["basic"], "terminate": False})
    assert 'value="end"' not in baltic.get("/reseller/users").text
    shown = baltic.post("/reseller/users/many", {"do": "end", "pick": [str(keys[2])]}, page="/reseller/users").text
    assert "may not terminate" in shown
    assert "It can’t be done to any of them" in shown
    assert baltic.post("/reseller/users/many", {"do": "erase", "pick": [str(keys[2])]}).status_code == 422
    for do in ("disable", "enable", "end"):
        strange = {"do": do, "pick": [str(keys[2])]}
        assert area.browsers["gulf"].post("/reseller/users/many", strange).status_code == 404


def test_a_customer_of_the_shop_among_them_costs_the_others_nothing(white_label: WhiteLabel):
    white_label.sell()
    white_label.shop.work()
    key = white_label.area.add("aurora", "Anna")
    white_label.shop.work()
    ids = [row.id for row in white_label.shop.rows(Subscription)]
    shown, begun = sent(white_label.area.browsers["aurora"], "disable", ids)
    assert "Disable 1 user?" in shown
    assert "paid by invoice" in shown
    white_label.shop.work()
    assert {row.id: row.state for row in white_label.shop.rows(Subscription)}[key] == "suspended"
    assert begun.status_code == 303


def test_few_credits_go_to_who_ends_first_and_the_figures_say_so(area: Area):
    """Cleo ends first, then Anna and Bob: 25.00 credits are enough for Cleo and Anna, at 10.00 each. A user of Baltic's
    is paid by Baltic, whose credits are enough for one of its two: Emil, who ends before Dora."""
    shop, aurora = area.shop, area.browsers["aurora"]
    anna, bob, cleo = (area.add("aurora", name) for name in ("Anna", "Bob", "Cleo"))
    below = [area.add("baltic", name) for name in ("Dora", "Emil")]
    shop.work()
    end = shop.rows(Subscription)[0].paid_through
    shop.change(Subscription, cleo, paid_through=end - timedelta(days=20))
    shop.change(Subscription, below[1], paid_through=end - timedelta(days=19))
    for code, minor in (("aurora", 2500), ("baltic", 1200)):
        with shop.app.app_context(), writing(Context.system("test", reason="paid in cash")) as tx:
            take_credits(tx, area.ids[code], Money(area.credits(code) - minor, CREDITS))
    shown, begun = sent(aurora, "renew", [anna, bob, cleo, *below])
    assert "Renew 3 users?" in shown
    assert "Renew 3 now for 30.00 credits" in shown
    assert "Too few credits for</dt><dd>2<" in shown
    done, short = shown.split("Who is renewed")[1].split("Whom the credits do not reach for")
    assert re.findall(r'/users/\d+">(\w+)<', done) == ["Cleo", "Emil", "Anna"]
    assert re.findall(r'/users/\d+">(\w+)<', short) == ["Bob", "Dora"]
    shop.work()
    assert {row.subscription_id: row.state for row in shop.rows(UserBulkItem)} == {
        anna: "done", bob: "refused", cleo: "done", below[0]: "refused", below[1]: "done",
    }  # fmt: skip
    assert (area.credits("aurora"), area.credits("baltic")) == (500, 200)
    assert "Renewed: 3 of 5" in aurora.get(begun.location).text


def test_renewed_for_a_year_singly_and_for_many_with_each_price_first(area: Area):
    """Anna has a month. A year more takes 100.00: there are 90.00, and a credit line of 200.00."""
    shop, baltic = area.shop, area.browsers["baltic"]
    anna = area.add("baltic", "Anna")
    shop.work()
    shop.change(Reseller, area.ids["baltic"], credit_line_minor=20000)
    page, first = f"/reseller/users/{anna}/renew", shop.rows(Subscription)[0]
    asked = baltic.get(page).text
    assert 'value="1 month" checked' in asked
    assert "100.00 credits, runs until" in asked
    assert "90.00 → −10.00" in asked
    seen = re.search(r'name="seen"[^>]*value="([^"]+)"', asked)[1]
    assert baltic.post(page, {"seen": seen, "term": "12 months"}, page=page).status_code == 303
    shop.work()
    assert shop.rows(Subscription)[0].paid_through == cycle_start(first.anchor, Term("month"), 13)
    assert 'value="12 months" checked' in baltic.get(page).text  # it stays

    told = {"do": "renew", "pick": [str(anna)]}
    looked = baltic.post(
        "/reseller/users/many", {**told, "term": "1 month", "look": "yes"}, page="/reseller/users"
    ).text
    assert "Renew 1 now for 10.00 credits" in looked
    sure = re.search(r'name="sure" value="([^"]+)"', looked)[1]
    other = baltic.post("/reseller/users/many", {**told, "sure": sure}, page="/reseller/users")
    assert (other.status_code, "Renew 1 now for 100.00 credits" in other.text) == (200, True), "of another term"
    sure = {"term": "1 month", "sure": sure}
    assert baltic.post("/reseller/users/many", {**told, **sure}, page="/reseller/users").status_code == 303
    shop.work()
    assert shop.rows(Subscription)[0].paid_through == cycle_start(first.anchor, Term("month"), 14)
