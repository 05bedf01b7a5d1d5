"""A reseller's day in the area: users added, sent their text, renewed, changed, ended; credits to the hundredth."""

import csv
import io
import re
from datetime import timedelta

from reseller_area import Area
from sqlalchemy import select
from web_shop import BOX

from billhead import clock
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan, Price, PriceBook
from billhead.models.operations import AuditEntry
from billhead.models.resellers import ResellerKey
from billhead.models.subscriptions import Service, Subscription


def test_every_page_opens_empty_and_says_what_to_do(area: Area):
    baltic, aurora = area.browsers["baltic"], area.browsers["aurora"]
    for path in (
        "",
        "users",
        "users/new",
        "credits",
        "credits/buy",
        "prices",
        "keys",
        "users?format=csv",
        "credits?format=csv",
    ):
        assert baltic.get(f"/reseller/{path}").status_code == 200, path
    for path in ("resellers", "resellers/new", "credits/pass-on"):
        assert aurora.get(f"/reseller/{path}").status_code == 200, path
        assert baltic.get(f"/reseller/{path}").status_code == 403, path
    home = baltic.get("/reseller/").text
    assert "100.00" in home
    assert "Granted by the operator" in home
    assert "Add the first one" in baltic.get("/reseller/users").text


def test_a_user_is_added_watched_getting_ready_and_sent_a_text(area: Area):
    baltic = area.browsers["baltic"]
    form = baltic.get("/reseller/users/new").text
    assert "leaves 90.00" in form
    assert "leaves 88.00" in form  # a box takes 12.00
    key = area.add("baltic", "Anna", language="de")
    assert area.credits("baltic") == 9000  # 100.00 − 10.00, held
    waiting = baltic.get(f"/reseller/users/{key}/ready").text
    assert "being made" in waiting
    assert f'data-look="/reseller/users/{key}/ready?looks=1"' in waiting
    assert f'<a href="/reseller/users/{key}/ready?looks=1">Look again</a>' in waiting
    assert "10.00 credits are held" in baltic.get(f"/reseller/users/{key}").text
    area.shop.work()
    there = baltic.get(f"/reseller/users/{key}/ready?looks=1")
    assert there.status_code == 303
    text = baltic.get(there.location).text
    assert "Anna can watch" in text
    (line,) = area.shop.rows(Service, Service.subscription_id == key)
    for told in (f"Benutzername: {line.login}", "Passwort: ", "Kurzadresse: http", "username="):
        assert told in text, told
    looks = area.shop.rows(AuditEntry, AuditEntry.action == "access.seen")
    assert [(one.subject, one.role) for one in looks] == [(f"service:{line.id}", "reseller")]
    # whose plan is remembered, and what the rest of the day looks like
    assert 'data-words="Basic 1 month" selected' in baltic.get("/reseller/users/new").text
    for path in (
        "",
        "users",
        f"users/{key}",
        f"users/{key}/renew",
        f"users/{key}/change",
        f"users/{key}/disable",
        "credits",
    ):
        page = baltic.get(f"/reseller/{path}")
        assert page.status_code == 200, path
        assert "Anna" in page.text, path


def test_renewed_one_by_one_and_many_with_the_figures_first(area: Area):
    baltic = area.browsers["baltic"]
    anna, bob, box = (
        area.add("baltic", "Anna"),
        area.add("baltic", "Bob"),
        area.add("baltic", "Cleo", offer="box|1 month", mac=BOX),
    )
    assert area.credits("baltic") == 6800  # 100.00 − 10.00 − 10.00 − 12.00
    area.shop.work()
    asked = baltic.get(f"/reseller/users/{anna}/renew").text
    assert "68.00 → 58.00" in asked
    baltic.client.set_cookie("language", "ar")
    assert "68.00 ← 58.00" in baltic.get(f"/reseller/users/{anna}/renew").text  # as it is read
    baltic.client.set_cookie("language", "en")
    unseen = baltic.post(f"/reseller/users/{anna}/renew", {"seen": "something else"})
    assert unseen.status_code == 200
    assert "This has changed in the meantime" in unseen.text
    assert baltic.yes(f"/reseller/users/{anna}/renew").status_code == 303
    assert area.credits("baltic") == 5800
    area.shop.work()
    # 10.00 for Anna and 12.00 for Cleo; Bob is stopped, and refused
    area.shop.change(Subscription, bob, state="suspended", suspended_for="staff")
    picked = {"pick": [str(anna), str(bob), str(box)]}
    preview = baltic.post("/reseller/users/many", picked, page="/reseller/users")
    assert "Renew 2 now for 22.00 credits" in preview.text
    assert "it can’t be renewed now" in preview.text or "can&#39;t be renewed now" in preview.text
    sure = re.search(r'name="sure" value="([^"]+)"', preview.text)[1]
    begun = baltic.post("/reseller/users/many", {**picked, "sure": sure}, page="/reseller/users")
    assert begun.status_code == 303
    assert "data-look=" in baltic.get(begun.location).text
    area.shop.work()
    done = baltic.get(begun.location).text
    assert "Renewed: 2 of 3" in done
    assert area.credits("baltic") == 3600  # 58.00 − 22.00
    assert "data-look=" not in done
    # everybody that a filter finds, without picking
    preview = baltic.post("/reseller/users/many", {"all": "yes", "show": "active"}, page="/reseller/users")
    assert "Renew 2 users?" in preview.text
    assert baltic.post("/reseller/users/many", {}, page="/reseller/users").location == "/reseller/users"


def test_changed_disabled_swapped_and_ended_with_what_comes_back(area: Area):
    baltic = area.browsers["baltic"]
    anna, cleo = area.add("baltic", "Anna"), area.add("baltic", "Cleo", offer="box|1 month", mac=BOX)
    area.shop.work()
    # a second screen for the days that are left
    shown = baltic.get(f"/reseller/users/{anna}/change?offer=&addon-screen=1&way=keep_end").text
    sure = re.search(r'name="sure" value="([^"]+)"', shown)[1]
    wish = {"offer": "", "addon-screen": "1", "way": "keep_end"}
    assert baltic.post(f"/reseller/users/{anna}/change", {**wish, "sure": "1:2:3"}).status_code == 200
    before = area.credits("baltic")
    assert baltic.post(f"/reseller/users/{anna}/change", {**wish, "sure": sure}).status_code == 303
    pay, back, _ = sure.split(":")
    assert 0 < int(pay) <= 300
    assert area.credits("baltic") == before - int(pay)
    area.shop.work()
    page = baltic.get(f"/reseller/users/{anna}").text
    assert "Second screen" in page
    assert "2 streams at a time" in page
    # stopped, with what that comes to first, and let on again
    asks = baltic.get(f"/reseller/users/{anna}/disable").text
    assert re.search(r"Lines that stop\s*</dt>\s*<dd[^>]*>\s*1\b", asks), asks
    assert "Paid until" in asks
    assert baltic.yes(f"/reseller/users/{anna}/disable").status_code == 303
    area.shop.work()
    assert "disabled" in baltic.get(f"/reseller/users/{anna}").text
    assert baltic.post(f"/reseller/users/{anna}/enable", page=f"/reseller/users/{anna}").status_code == 303
    # a new password, another box
    (line,) = area.shop.rows(Service, Service.subscription_id == anna)
    assert baltic.yes(f"/reseller/users/{anna}/lines/{line.id}/password").status_code == 303
    (boxed,) = area.shop.rows(Service, Service.subscription_id == cleo)
    swap = f"/reseller/users/{cleo}/lines/{boxed.id}/box"
    assert baltic.yes(swap, mac="00:1A:79:00:00:99").status_code == 303
    assert area.shop.rows(Service, Service.id == boxed.id)[0].mac == "00:1A:79:00:00:99"
    # a box of Cleo's is none of Anna's
    assert baltic.get(f"/reseller/users/{anna}/lines/{boxed.id}/box").status_code == 404
    area.shop.work()
    asked = baltic.get(f"/reseller/users/{cleo}/terminate").text
    back = re.search(r"Credits that come back</dt><dd>([\d.]+)", asked)[1]
    assert 0 < float(back) < 12
    before = area.credits("baltic")
    assert baltic.yes(f"/reseller/users/{cleo}/terminate").status_code == 303
    assert area.credits("baltic") == before + round(float(back) * 100)


def test_credits_are_bought_passed_on_and_told_row_by_row(area: Area):
    aurora, baltic = area.browsers["aurora"], area.browsers["baltic"]
    assert baltic.post("/reseller/credits/buy", {"package": "thousand"}).status_code == 422
    to_pay = baltic.post("/reseller/credits/buy", {"package": "hundred"})
    assert to_pay.location.startswith("/pay/")
    page = baltic.get(to_pay.location)
    assert page.status_code == 200
    account = str(area.shop.accounts["cards"])
    led_on = baltic.post(to_pay.location, {"account": account})
    assert led_on.status_code == 303, led_on.text
    area.shop.pay()
    area.shop.work()
    back = baltic.get(f"{to_pay.location}/return")
    assert back.location, re.sub("<[^>]+>|\\s+", " ", back.text)
    assert back.location == "/reseller/"
    assert area.credits("baltic") == 20000
    assert "Bought" in baltic.get("/reseller/credits?kind=credits_bought").text
    # nobody else may look at it
    assert area.browsers["gulf"].get(to_pay.location).status_code == 404
    # both balances, then it is done
    told = {"to": str(area.ids["coast"]), "amount": "12,50"}
    shown = aurora.post("/reseller/credits/pass-on", told)
    assert "100.00 → 87.50" in shown.text
    assert "100.00 → 112.50" in shown.text
    assert aurora.yes("/reseller/credits/pass-on", shown, **told).status_code == 303
    assert (area.credits("aurora"), area.credits("coast")) == (8750, 11250)
    assert aurora.post("/reseller/credits/pass-on", {**told, "amount": "500"}).status_code == 422
    csv = aurora.get("/reseller/credits?format=csv").text.splitlines()
    assert csv[1].split(",")[2:6] == ["credits_transferred", "-12.50", "100.00", "87.50"]
    assert aurora.get("/reseller/credits?from=yesterday").status_code == 422


def test_a_super_reseller_reads_the_statements_of_all_below_it(area: Area):
    aurora, baltic = area.browsers["aurora"], area.browsers["baltic"]
    area.add("baltic", "Anna")
    area.add("baltic", "Bob")
    path = f"/reseller/credits?reseller={area.ids['baltic']}"
    page = aurora.get(path).text
    for told in ("Baltic", "Anna", "Bob", "80.00"):
        assert told in page, told
    found = aurora.get(f"{path}&q=ann").text.split('id="statement"')[1]  # what is held stands above it
    assert "Anna" in found
    assert "Bob" not in found
    assert "Anna" not in aurora.get("/reseller/credits").text
    one = aurora.get(f"{path}&format=csv&q=ann").text.splitlines()
    assert [row.split(",")[-1] for row in one[1:]] == ["Baltic"]
    whole = aurora.get("/reseller/credits?reseller=all&format=csv").text.splitlines()
    assert {row.split(",")[-1] for row in whole[1:]} == {"Aurora", "Baltic", "Coast"}
    assert sum("Anna" in row for row in whole) == 1
    # whoever stands beside or above is nobody
    for foreign in (area.ids["gulf"], area.ids["aurora"], 0, "x"):
        assert baltic.get(f"/reseller/credits?reseller={foreign}").status_code == 404, foreign
    assert {
        row.split(",")[-1] for row in baltic.get("/reseller/credits?reseller=all&format=csv").text.splitlines()[1:]
    } == {"Baltic"}


def test_a_reseller_is_added_below_given_rights_suspended_and_looks_only(area: Area):
    aurora = area.browsers["aurora"]
    wanted = {"plan": "partner", "name": "Dune", "email": "dune@example.com"}
    shown = aurora.post("/reseller/resellers/new", wanted)
    for told in ("Takes</dt><dd>30.00", "start with</dt><dd>20.00", "You have then</dt><dd>70.00"):
        assert told in shown.text, told
    assert aurora.yes("/reseller/resellers/new", shown, **wanted).status_code == 303
    assert area.credits("aurora") == 7000
    assert "Dune" in aurora.get("/reseller/resellers").text
    baltic_page = f"/reseller/resellers/{area.ids['baltic']}"
    rights = {"name": "Baltic", "sells": ["basic"], "trials_per_day": "1", "terminate": ""}
    shown = aurora.post(f"{baltic_page}/rights", rights)
    assert aurora.yes(f"{baltic_page}/rights", shown, **rights).status_code == 303
    anna = area.add("baltic", "Anna")
    assert "Basic for boxes" not in area.browsers["baltic"].get("/reseller/users/new").text
    refused = area.browsers["baltic"].yes(f"/reseller/users/{anna}/terminate")
    assert "may not terminate" in refused.text
    # suspended: everything can be looked at, nothing done
    assert aurora.yes(f"{baltic_page}/suspend", lines="run_out").status_code == 303
    baltic = area.browsers["baltic"]
    for path in ("", "users", f"users/{anna}", "credits", "users/new"):
        page = baltic.get(f"/reseller/{path}")
        assert page.status_code == 200, path
        assert "is suspended" in page.text, path
    for path in (
        "users/new",
        f"users/{anna}/renew",
        f"users/{anna}/disable",
        "credits/buy",
        "keys",
        "users/many",
        "prices",
    ):
        assert baltic.post(f"/reseller/{path}", {"name": "x"}, page="/reseller/").status_code == 403, path
    assert aurora.post(f"{baltic_page}/resume", page=baltic_page).status_code == 303
    assert area.add("baltic", "Bea")


def test_keys_are_shown_once_and_prices_are_the_resellers_own(area: Area):
    baltic, aurora = area.browsers["baltic"], area.browsers["aurora"]
    made = baltic.post("/reseller/keys", {"name": "my shop"})
    key = re.search(r"bhr_[\w-]+", made.text)[0]
    assert key not in baltic.get("/reseller/keys").text
    (row,) = area.shop.rows(ResellerKey)
    assert aurora.get(f"/reseller/keys/{row.id}/revoke").status_code == 404  # also for whoever stands above
    assert baltic.yes(f"/reseller/keys/{row.id}/revoke").status_code == 303
    assert "revoked" in baltic.get("/reseller/keys").text
    assert baltic.post("/reseller/prices", {"basic|1 month": "14,90"}).status_code == 303
    assert 'value="14.90"' in baltic.get("/reseller/prices").text
    assert 'value="14.90"' not in aurora.get("/reseller/prices").text
    wrong = baltic.post("/reseller/prices", {"basic|1 month": "x", "box|1 month": "21.00"})
    assert wrong.status_code == 422
    for told in ("Basic, 1 month: ", 'value="x"', 'value="21.00"'):
        assert told in wrong.text, "what was typed stays, and which one is wrong is told"
    assert "21.00" not in baltic.get("/reseller/prices").text, "all or none"
    # the whole table at once: what has not changed is not written again
    before = len(area.shop.rows(Price))
    assert baltic.post("/reseller/prices", {"basic|1 month": "14.9", "box|1 month": "21.00"}).status_code == 303
    assert len(area.shop.rows(Price)) == before + 1
    lines = baltic.get("/reseller/prices?format=csv").text.lstrip("\ufeff").splitlines()
    assert lines[0] == "Plan,Term,Takes credits,You ask,Currency"
    assert "Basic,1 month,10.00,14.90,EUR" in lines


def test_own_prices_are_for_add_ons_too_and_never_the_operators(area: Area):
    baltic, page = area.browsers["baltic"], "/reseller/prices"
    with area.shop.app.app_context(), writing(Context.system("test")) as tx:
        screen = tx.session.scalars(select(Plan).where(Plan.code == "screen")).one()
        about = {"seller_id": area.shop.seller_id, "currency": "EUR", "reseller_id": area.ids["baltic"]}
        book = PriceBook(code="for-baltic", **about)
        tx.session.add(book)
        tx.session.flush()
        tx.session.add(Price(book_id=book.id, plan_id=screen.id, term="1 month", amount_minor=777))
        name = screen.name
    shown = baltic.get(page).text
    assert name in shown
    assert "7.77" not in shown
    assert baltic.post(page, {"screen|1 month": "4.50"}, page=page).status_code == 303
    assert 'value="4.50"' in baltic.get(page).text


def test_the_margin_by_plan_and_what_those_below_earn(area: Area):
    baltic, aurora = area.browsers["baltic"], area.browsers["aurora"]
    assert "Nothing was sold in these days" in baltic.get("/reseller/margin").text
    assert baltic.post("/reseller/prices", {"basic|1 month": "14.90"}).status_code == 303
    area.add("baltic", "Anna")
    area.add("baltic", "Bo")
    area.shop.work()
    page = baltic.get("/reseller/margin").text
    assert "€29.80" in page  # 2 × 14.90; the credits were a gift and cost nothing
    assert "<svg" in page
    assert baltic.get("/reseller/margin?format=csv").text.splitlines()[1].split(",")[3:8] == [
        "2",
        "20.00",
        "0.00",
        "29.80",
        "29.80",
    ]
    assert baltic.get("/reseller/margin?from=2026-02-30").status_code == 422
    assert "Baltic" in aurora.get("/reseller/margin?below=yes").text
    assert "Baltic" not in area.browsers["gulf"].get("/reseller/margin?below=yes").text


def test_a_pasted_list_of_boxes_is_found_and_renewed_together(area: Area):
    baltic, boxes = area.browsers["baltic"], [f"00:1A:79:00:00:0{number}" for number in (1, 2)]
    keys = [area.add("baltic", f"Box {mac[-1]}", offer="box|1 month", mac=mac) for mac in boxes]
    area.add("baltic", "Somebody else")
    area.shop.work()
    for between in ("%0A", " ", ""):  # a browser's field takes line breaks out
        found = baltic.get(f"/reseller/users?q={between.join([*boxes, '00-1a-79-00-00-09'])}").text
        assert "Box 1" in found
        assert "Box 2" in found
        assert "Somebody else" not in found
        assert "Pasted addresses that belong to nobody here, 1 of 3:" in found
        assert "<code>00:1A:79:00:00:09</code>" in found
        assert "All 2 found" in found
    page = "/reseller/users"
    planned = baltic.post("/reseller/users/many", {"q": " ".join(boxes), "all": "yes"}, page=page).text
    assert "Renew 2 users?" in planned
    assert len(keys) == 2


def test_the_overview_warns_of_too_few_credits_for_what_ends_soon(area: Area):
    baltic = area.browsers["baltic"]
    keys = [area.add("baltic", f"User {number}") for number in range(6)]  # 60.00 of 100.00
    area.shop.work()
    assert "To renew what ends" not in baltic.get("/reseller/").text
    for key in keys:
        area.shop.change(Subscription, key, paid_through=clock.business_now().date() + timedelta(days=3))
    shown = baltic.get("/reseller/").text
    assert "To renew what ends in 7 days takes 60.00 credits; 40.00 are there." in shown
    assert "/reseller/credits/buy" in shown


def test_what_was_held_says_for_what_and_what_became_of_it(area: Area):
    """Each row said "Held for a subscriber" for ever, also years after the credits were spent."""
    baltic = area.browsers["baltic"]
    area.add("baltic", "Anna")

    def statement():
        return baltic.get("/reseller/credits").text.split('id="statement"')[1]

    assert "New user, Basic, 1 month: still held" in statement()
    assert "Held for a subscriber" in baltic.get("/reseller/").text
    area.shop.work()
    staff = f"/admin/resellers/{area.ids['baltic']}"
    boss = area.shop.person("staff", "boss@example.com", "*")
    for page in (baltic.get("/reseller/"), boss.get(staff), boss.get(f"{staff}/credits")):
        assert "Spent on a subscriber" in page.text
        assert "Held for a subscriber" not in page.text
    assert "baltic@example.com" in boss.get(f"{staff}/credits").text.split("<tbody>")[1]
    assert "New user, Basic, 1 month: spent" in statement()
    rows = csv.DictReader(io.StringIO(baltic.get("/reseller/credits?format=csv").text.lstrip("\ufeff")))
    told = next(one for one in rows if one["user"] == "Anna")
    assert (told["held_for"], told["plan"], told["term"], told["state"]) == ("order", "Basic", "1 month", "captured")


def test_what_is_had_once_or_not_is_ticked_and_what_is_counted_is_chosen(area: Area):
    """A bouquet was a choice of 0 or 1 where the shop has a tick."""
    shop, baltic = area.shop, area.browsers["baltic"]
    anna = area.add("baltic", "Anna")
    shop.work()
    path = f"/reseller/users/{anna}/change"
    assert '<select class="form-select" id="addon-screen"' in baltic.get(path).text
    (screen,) = shop.rows(Plan, Plan.code == "screen")
    shop.change(Plan, screen.id, details={**screen.details, "max_units": 1})
    tick = 'type="checkbox" name="addon-screen" value="1"'
    assert f"{tick}>" in baltic.get(path).text
    ticked = baltic.get(f"{path}?offer=&addon-screen=1&addon-screen=0&way=keep_end").text
    assert f"{tick} checked>" in ticked
    sure = re.search(r'name="sure" value="([^"]+)"', ticked)[1]
    assert baltic.post(path, {"offer": "", "addon-screen": "1", "way": "keep_end", "sure": sure}).status_code == 303
    shop.work()
    assert f"{tick} checked>" in baltic.get(path).text
    away = baltic.get(f"{path}?offer=&addon-screen=0&way=keep_end").text
    assert "Comes back" in away
    for page in ("/account/", "/account/orders"):
        assert "Choose a plan, and your service" not in baltic.get(page).text
