"""Which owner on a panel a reseller is: read, named, brought there; and what happens to a line of another one."""

from dataclasses import replace
from datetime import date

from sqlalchemy import select

from billhead.actions.provisioning.reconcile import reconcile_panel
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.panels import Panel, PanelOwner
from billhead.models.people import Customer, Reseller, ResellerClosure
from billhead.models.subscriptions import Service

OWNERS = "/admin/panels/1/owners"


def reseller(counter, code, name, above=None):
    (key,) = counter.add(
        Reseller(seller_id=1, parent_id=above, code=code, name=name, tier="reseller", created_on=date(2026, 11, 1))
    )
    links = [ResellerClosure(ancestor_id=key, descendant_id=key, depth=0)]
    if above is not None:
        links.append(ResellerClosure(ancestor_id=above, descendant_id=key, depth=1))
    with counter.shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add_all(links)
    return key


def on_the_panel():
    from pretend_panel import LINES

    return LINES


def the_line(counter):
    ref = counter.row(Service, 1).handle
    return on_the_panel()[ref]


def compared(counter):
    with counter.shop.app.app_context():
        return reconcile_panel(Context.system("test"), 1)


def named(counter):
    with counter.shop.app.app_context(), reading() as session:
        rows = session.scalars(select(PanelOwner).order_by(PanelOwner.id))
        return [(row.reseller_id, row.remote, row.name) for row in rows]


def test_resellers_are_read_named_and_brought_to_the_panel(any_counter):
    north = reseller(any_counter, "north", "North TV")
    any_counter.shop.change(Customer, 1, reseller_id=north)
    shown = any_counter.post(f"{OWNERS}/read").text
    assert "123.45" in shown
    assert "north 7 North TV</textarea>" in shown
    assert named(any_counter) == []

    told = any_counter.post(OWNERS, on="- 1 The house\r\nnorth 7 North TV\r\n", policy="enforce")
    assert told.status_code == 303, told.text
    assert named(any_counter) == [(None, "1", "The house"), (north, "7", "North TV")]
    assert any_counter.trail("panels.name_owners") == [("staff:2", "panel:1", "")]
    assert "north 7 North TV" in any_counter.get(OWNERS).text

    report = compared(any_counter)
    assert (report.differing, report.fields) == ([any_counter.row(Service, 1).handle], {"owner": 1})
    any_counter.shop.work()
    assert the_line(any_counter).owner == "7"
    assert compared(any_counter).differences == 0
    assert "Reseller on the panel" in any_counter.get("/admin/services/1").text

    any_counter.shop.change(Customer, 1, reseller_id=None)  # now the house's own
    compared(any_counter)
    any_counter.shop.work()
    assert the_line(any_counter).owner == "1"


def test_a_reseller_without_a_name_there_stands_under_the_next_one_above(counter):
    north = reseller(counter, "north", "North")
    below = reseller(counter, "harbour", "Harbour", above=north)
    counter.shop.change(Customer, 1, reseller_id=below)
    counter.post(OWNERS, on="north 7", policy="enforce")
    counter.post("/admin/services/1/converge")
    counter.shop.work()
    assert the_line(counter).owner == "7"
    counter.post(OWNERS, on="north 7\nharbour 8", policy="enforce")
    counter.post("/admin/services/1/converge")
    counter.shop.work()
    assert the_line(counter).owner == "8"


def test_whoever_is_not_named_keeps_what_the_panel_has(counter):
    ref = counter.row(Service, 1).handle
    on_the_panel()[ref] = replace(on_the_panel()[ref], owner="42")
    counter.post("/admin/services/1/converge")
    counter.shop.work()
    assert the_line(counter).owner == "42"
    assert compared(counter).differences == 0
    assert "left to the panel" in counter.get("/admin/services/1").text


def test_another_owner_may_be_reported_and_left(counter):
    counter.post(OWNERS, on="- 1", policy="report")
    ref = counter.row(Service, 1).handle
    on_the_panel()[ref] = replace(on_the_panel()[ref], owner="42")
    report = compared(counter)
    assert (report.fields, report.repairs) == ({"owner": 1}, [])
    counter.post(OWNERS, on="- 1", policy="accept")
    assert compared(counter).differences == 0
    counter.shop.work()
    assert the_line(counter).owner == "42"


def test_wrong_entries_are_refused_at_their_field_and_nothing_is_saved(counter):
    reseller(counter, "north", "North")
    counter.post(OWNERS, on="north 7", policy="enforce")
    for text, why in (
        ("south 7", "There is no reseller"),
        ("north", "does not name a reseller and its id"),
        ("north 7\nnorth 8", "Names a reseller twice"),
        (f"north {'7' * 81}", "needs the id of an owner"),
    ):
        refused = counter.post(OWNERS, on=text, policy="enforce")
        assert (refused.status_code, why in refused.text) == (422, True), text
    assert counter.post(OWNERS, on="", policy="delete").status_code == 422
    assert [remote for _, remote, _ in named(counter)] == ["7"]


def test_a_panel_that_does_not_answer_is_said_and_loses_nothing(counter):
    counter.post(OWNERS, on="- 1", policy="enforce")
    counter.shop.change(Panel, 1, settings={"url": "down"})
    shown = counter.post(f"{OWNERS}/read").text
    assert "nobody answers at the panel" in shown
    assert "- 1</textarea>" in shown


def test_the_panels_page_says_what_it_can_do_and_what_it_lacks(counter):
    shown = counter.get("/admin/panels/1").text
    can = "bouquets, connections, list of its lines, resellers, their credits, viewing history, who watches now"
    assert f"Lines, {can}, cutting a session." in shown
    assert "Not: " in shown
    assert "Without its feed: no viewing history." in shown
    counter.shop.change(Panel, 1, settings={})
    assert "What it can do" not in counter.get("/admin/panels/1").text


def test_a_resellers_credit_there_is_changed_after_a_yes_with_a_reason(counter):
    reseller(counter, "north", "North")
    counter.post(OWNERS, on="- 1\nnorth 7", policy="enforce")
    counter.post("/admin/services/1/converge")
    counter.shop.work()
    shown = counter.post(f"{OWNERS}/read").text
    assert "/admin/panels/1/owners/7/credits?name=North+TV&amp;seen=12345" in shown
    assert '<td data-label="Lines of ours" class="num">1</td>' in shown  # the house's
    question = counter.get(f"{OWNERS}/7/credits?name=North+TV&seen=12345").text
    assert "Change the credit of North TV" in question
    assert 'value="123.45"' in question
    refused = counter.post(f"{OWNERS}/7/credits", seen="99", amount="50", reason="paid")
    assert (refused.status_code, "has another credit by now" in refused.text) == (422, True)
    assert counter.post(f"{OWNERS}/7/credits", seen="123.45", amount="fifty", reason="paid").status_code == 422
    assert counter.post(f"{OWNERS}/7/credits", seen="123.45", amount="50").status_code == 422
    told = counter.confirm(f"{OWNERS}/7/credits", seen="123.45", amount="-23.45", reason="paid")
    assert "North TV has 100.00" in told.text
    assert counter.trail("panels.change_owner_credits")[-1] == ("staff:2", "panel:1", "paid")
