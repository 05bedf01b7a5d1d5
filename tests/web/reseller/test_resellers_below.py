"""A super-reseller and those below it: found, given rights by plans' names, removed; who moved which credits."""

from dataclasses import replace

from reseller_area import Area

from billhead.actions.resellers.take_credits import take_credits
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.money import CREDITS, Money
from billhead.models.catalogue import Plan
from billhead.models.credits import CreditMovement
from billhead.models.people import Customer, Reseller


def test_those_below_are_found_by_their_names(area: Area):
    aurora = area.browsers["aurora"]
    page = aurora.get("/reseller/resellers?q=BALT").text
    assert "Baltic" in page
    assert "Coast" not in page
    assert "Nobody below you is called so." in aurora.get("/reseller/resellers?q=gulf").text


def test_rights_are_told_by_names_and_held_within_ones_own(area: Area):
    aurora, key = area.browsers["aurora"], area.ids["baltic"]
    (name,) = [one.name for one in area.shop.rows(Plan, Plan.code == "basic")]
    path = f"/reseller/resellers/{key}/rights"
    shown = aurora.get(path).text
    assert name in shown
    assert "own_shop" not in shown, "it has none to give"
    area.shop.change(Reseller, area.ids["aurora"], rights=area.shop.rows(Reseller)[0].rights
                     | {"floor_percent": 80, "own_shop": True})  # fmt: skip
    told = {"name": "Baltic", "sells": ["basic"], "trials_per_day": "1", "floor_percent": "90", "own_shop": "y"}
    low = aurora.post(path, {**told, "floor_percent": "70"}, page=path)
    assert "ust be at least 80" in low.text
    figures = aurora.post(path, told, page=path)
    assert aurora.yes(path, figures, **told).status_code == 303
    rights = next(one.rights for one in area.shop.rows(Reseller) if one.id == key)
    assert (rights["floor_percent"], rights["own_shop"], rights["sells"]) == (90, True, ["basic"])
    assert name in aurora.get(f"/reseller/resellers/{key}").text


def test_a_reseller_below_is_removed_and_nobody_elses(area: Area):
    aurora, key = area.browsers["aurora"], area.ids["baltic"]
    area.add("baltic", "Anna")
    area.shop.work()
    path = f"/reseller/resellers/{key}/remove"
    assert area.browsers["gulf"].get(path).status_code == 404
    assert area.browsers["coast"].get(path).status_code == 403
    assert aurora.get(f"/reseller/resellers/{area.ids['aurora']}/remove").status_code == 404
    refused = aurora.yes(path)
    assert "did not come from you" in refused.text, "the operator has granted them"
    asking = replace(Context.system("test"), reason="settled")
    with area.shop.app.app_context(), writing(asking) as tx:
        take_credits(tx, key, Money(9000, CREDITS))
    assert aurora.yes(path).location == "/reseller/resellers"
    assert "Baltic is removed." in aurora.get("/reseller/resellers").text
    assert [one.reseller_id for one in area.shop.rows(Customer, Customer.name == "Anna")] == [area.ids["aurora"]]
    assert area.browsers["baltic"].get("/reseller/").status_code != 200


def test_trials_say_how_many_are_left_today(area: Area):
    baltic = area.browsers["baltic"]
    assert "2 of 2 trials left today" in baltic.get("/reseller/users/new").text
    for name in ("Anna", "Bo"):
        area.add("baltic", name, trial="yes")
    shown = baltic.get("/reseller/users/new").text
    assert "0 of 2 trials left today" in shown
    assert "Give a trial" not in shown


def test_the_statement_says_who_and_why(area: Area):
    aurora, baltic = area.browsers["aurora"], area.browsers["baltic"]
    told = {"to": str(area.ids["baltic"]), "amount": "5", "why": "for the weekend"}
    path = "/reseller/credits/pass-on"
    assert aurora.yes(path, aurora.post(path, told, page=path), **told).status_code == 303
    assert "aurora@example.com: for the weekend" in aurora.get("/reseller/credits").text
    theirs = baltic.get("/reseller/credits").text
    assert "Aurora: for the weekend" in theirs
    assert "aurora@example.com" not in theirs
    area.add("baltic", "Anna")
    assert "baltic@example.com" in baltic.get("/reseller/credits").text
    row = area.shop.rows(CreditMovement, CreditMovement.reason == "for the weekend")[0]
    assert row.request_id
    head, first = baltic.get("/reseller/credits?format=csv&q=weekend").text.splitlines()[:2]
    assert head.rstrip().endswith("request,held_for,plan,term,state,reseller")
    assert f",{row.request_id}," in first
    assert first.rstrip().endswith(",Baltic")


def test_many_below_are_not_all_listed_to_choose_from(area: Area, monkeypatch):
    monkeypatch.setattr("billhead.web.reseller.credits._LISTED", 2)
    aurora, coast = area.browsers["aurora"], area.ids["coast"]
    assert "Coast" not in aurora.get("/reseller/credits/pass-on").text
    path = f"/reseller/credits/pass-on?to={coast}"
    assert "Coast" in aurora.get(path).text
    told = {"to": str(coast), "amount": "5"}
    assert aurora.yes(path, aurora.post(path, told, page=path), **told).status_code == 303
    assert area.credits("coast") == 10500
    everybody = aurora.get("/reseller/credits?reseller=all&format=csv").text
    assert "Coast" in everybody
    assert aurora.get(f"/reseller/credits/pass-on?to={area.ids['gulf']}").status_code == 404


def test_what_is_refused_of_passing_on_is_not_previewed(area: Area):
    """To oneself: there is a refusal, and neither balances nor a button to say yes to."""
    aurora, path = area.browsers["aurora"], "/reseller/credits/pass-on"
    answer = aurora.post(path, {"to": str(area.ids["aurora"]), "amount": "5"}, page=path)
    assert answer.status_code == 422
    assert "Your balance" not in answer.text
    assert "Show both balances" in answer.text
