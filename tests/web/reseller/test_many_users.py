"""Many users at once: renewed, disabled, enabled and ended; stopped half way, what is done stays."""

import re

from reseller_area import Area
from white_label import WhiteLabel

from billhead.actions.resellers.do_next_user import do_next_user
from billhead.db import writing
from billhead.domain.context import Context
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
    assert (
        baltic.post(f"/reseller/users/{keys[2]}/disable", page=f"/reseller/users/{keys[2]}/disable").status_code == 303
    )
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
