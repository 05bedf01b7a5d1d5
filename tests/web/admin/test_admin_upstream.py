"""Panels that sell time, behind the counter: packages, limits, purchases and what a person decides about them."""

from datetime import UTC, date, datetime

import pytest

from billhead.models.panels import Panel, PanelPackage, UpstreamPurchase
from billhead.plugin import Capabilities, Catalogue, Expiry, LineKind, Package

PACKAGES = "/admin/panels/1/packages"
SPENDING = "/admin/panels/1/spending"


@pytest.fixture
def sells(counter, monkeypatch):
    """The panel in memory sells time for our credit."""
    with counter.shop.app.app_context():
        from billhead.plugin_host import plugins

        module = plugins().module("memory")
    able = Capabilities(Expiry.PURCHASED, frozenset(LineKind), balance=True)
    offered = {"4": Package("A month", "30 days", 100, "1 day", 0), "5": Package("A year", "1 year", 1000)}
    monkeypatch.setattr(module, "capabilities", lambda _panel: able)
    monkeypatch.setattr(module, "catalogue", lambda _panel: Catalogue({}, {}, offered))
    monkeypatch.setattr(module, "balance", lambda _panel: 700, raising=False)
    return counter


def bought(**columns):
    row = {
        "panel_id": 1, "service_id": 1, "entitlement": "1@1:2026-12-22", "paid_until": date(2026, 12, 22),
        "package": "4", "package_name": "A month", "package_term": "30 days", "max_cost_minor": 100,
        "state": "unknown", "why": "<b>no answer</b>", "sent_on": date(2026, 11, 22),
        "sent_at": datetime(2026, 11, 22, tzinfo=UTC), "balance_before_minor": 900,
    }  # fmt: skip
    return UpstreamPurchase(**{**row, **columns})


def plan_code(counter):
    from billhead.models.catalogue import Plan

    return counter.row(Plan, 1).code


def test_packages_are_chosen_with_the_panels_price_and_length(sells):
    plan = plan_code(sells)
    saved = sells.post(PACKAGES, on=f"{plan} 1 month = 4\n{plan} trial = 4\n{plan} 1 year = 5")
    assert saved.status_code == 303, saved.text
    row = sells.row(PanelPackage, 1)
    assert (row.package, row.package_term, row.cost_minor, row.name) == ("4", "30 days", 100, "A month")
    text = sells.get(PACKAGES).text
    assert "calendar month" in text
    assert f"{plan} trial = 4" in text
    assert sells.trail("panels.choose_packages") == [("staff:2", "panel:1", "")]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("nonsense", "does not name a plan"),
        ("nobody 1 month = 4", "there is no plan"),
        ("PLAN 1 fortnight = 4", "is not a term"),
        ("PLAN 1 month = 9", "has no package"),
        ("PLAN trial = 5", "has no trial"),
        ("PLAN 1 month = 4\nPLAN 1 month = 5", "twice"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_field(sells, typed, said):
    refused = sells.post(PACKAGES, on=typed.replace("PLAN", plan_code(sells)))
    assert (refused.status_code, said in refused.text.lower()) == (422, True), refused.text


def test_a_panel_that_sells_nothing_takes_no_packages(counter):
    refused = counter.post(PACKAGES, on=f"{plan_code(counter)} 1 month = 4")
    assert "sells nothing" in refused.text


def test_limits_and_cost_are_kept_exactly(sells):
    assert sells.post(SPENDING, cap="12.50", low="3", cost="2.50", currency="eur").status_code == 303
    panel = sells.row(Panel, 1)
    assert (panel.spend_cap_minor, panel.balance_low_minor, panel.credit_cost_minor, panel.credit_cost_currency) == (
        1250, 300, 250, "EUR",
    )  # fmt: skip
    for wrong in ({"cap": "-1"}, {"cost": "2.505"}, {"cost": "2", "currency": ""}, {"cost": "2", "currency": "XXX"}):
        assert (
            sells.post(SPENDING, **{"cap": "0", "low": "0", "cost": "", "currency": "EUR", **wrong}).status_code == 422
        )
    sells.post("/admin/panels/1/balance")
    text = sells.get("/admin/panels/1").text
    assert "7.00" in text
    assert "7.00" in sells.get("/admin/panels").text


def test_a_person_decides_with_a_reason(sells):
    first, second = sells.add(bought(), bought(entitlement="1@1:2027-01-22"))
    text = sells.get(f"/admin/purchases/{first}").text
    assert "&lt;b&gt;no answer" in text
    assert "It was not bought" in text
    assert sells.post(f"/admin/purchases/{first}/bought", reason="").status_code == 422
    sells.confirm(f"/admin/purchases/{first}/bought", reason="seen on the panel")
    sells.confirm(f"/admin/purchases/{second}/not-bought", reason="not there")
    assert [sells.row(UpstreamPurchase, key).state for key in (first, second)] == ["bought", "not_bought"]
    assert sells.trail("purchases.decide") == [
        ("staff:2", "service:1", "seen on the panel"),
        ("staff:2", "service:1", "not there"),
    ]
    again = sells.post(f"/admin/purchases/{first}/not-bought", reason="changed my mind")
    assert (again.status_code, "known already" in again.text) == (422, True)
    sells.confirm(f"/admin/purchases/{first}/again", reason="the line was deleted there")
    assert "Buy it again" not in sells.get(f"/admin/purchases/{first}").text


def test_a_line_whose_number_was_lost_says_what_to_do(sells):
    lost, known = sells.add(
        bought(state="bought"), bought(entitlement="1@1:2027-01-22", before={"expires_at": "2026-12-22T00:00:00+00:00"})
    )
    assert "give its number here" in sells.get(f"/admin/purchases/{lost}").text
    assert "Give the line's number" in sells.get(f"/admin/purchases/{lost}").text
    assert "give its number here" not in sells.get(f"/admin/purchases/{known}").text
    refused = sells.post(f"/admin/purchases/{lost}/line", number="77", reason="seen there")
    assert (refused.status_code, "without a number" in refused.text) == (422, True)
    assert "Number of the line" in sells.get(f"/admin/purchases/{known}/bought").text


def test_a_purchase_that_nobody_finished_can_be_decided(sells):
    (key,) = sells.add(bought(state="sent"))
    assert "It was not bought" in sells.get(f"/admin/purchases/{key}").text


def test_what_waits_for_a_person_stands_on_the_dashboard(sells):
    sells.add(bought())
    assert "purchase to decide" in sells.get("/admin/").text
    listed = sells.get("/admin/purchases?state=unknown")
    assert "A month" in listed.text
    assert sells.get("/admin/purchases?format=csv").status_code == 200


def test_the_same_is_decided_on_the_command_line(sells):
    from click.testing import CliRunner

    from billhead.cli import main

    def run(*words):
        ran = CliRunner().invoke(main, ["purchases", *map(str, words), "--json"], obj=sells.shop.app)
        return ran.exit_code, ran.stdout

    first, second = sells.add(bought(), bought(entitlement="1@1:2027-01-22"))
    assert '"state": "unknown"' in run("list", "--state", "unknown")[1]
    code, told = run("decide", first, "bought", "--line", "77")
    assert (code, "without a number" in told) == (1, True)
    assert run("decide", second, "not-bought", "--line", "77")[0] == 1
    assert run("decide", first, "bought", "--reason", "seen")[0] == 0
    assert run("decide", second, "not-bought")[0] == 0
    assert [sells.row(UpstreamPurchase, key).state for key in (first, second)] == ["bought", "not_bought"]
