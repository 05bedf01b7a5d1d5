"""`billhead subscriptions` and `billhead billing verify`: previews equal what is done, and refusals are told."""

import json
from datetime import UTC, date, datetime

import pytest
from billing_shop import open_shop
from click.testing import CliRunner

from billhead import clock
from billhead.cli import main
from billhead.models.subscriptions import DayGift, Subscription, SubscriptionComponent

APR = date(2026, 4, 1)


@pytest.fixture
def shop(sqlite_url, tmp_path):
    with clock.business_time(datetime(2026, 4, 1, 12, tzinfo=UTC)), open_shop(sqlite_url, tmp_path) as shop:
        shop.subscribe(shop.customer(credit_minor=9000), shop.plan("tv", 3000), due=APR)
        shop.plan("gold", 6000)
        shop.plan("screen", 300, kind="connection", details={"plans": ["tv", "gold"], "max_units": 3})
        shop.run(APR)
        clock.move_business_clock(datetime(2026, 4, 16, 12, tzinfo=UTC))
        yield shop


def run(shop, *words, code=0):
    ran = CliRunner().invoke(main, [*map(str, words), "--json"], obj=shop.app)
    assert ran.exit_code == code, (ran.stdout, ran.stderr, ran.exception)
    return json.loads(ran.stdout)


def test_a_change_costs_what_its_preview_said(shop):
    words = ("subscriptions", "change", 1, "--plan", "gold", "--addon", "screen=2")
    before = run(shop, *words, "--preview")
    # −15.00 + 30.00 + 3.00 for half a month, and 20 %
    assert (before["total_minor"], before["when"], before["currency"]) == (2160, "immediate", "EUR")
    assert [line["net_minor"] for line in before["lines"]] == [-1500, 3000, 300]
    assert len(shop.all(SubscriptionComponent)) == 1
    assert run(shop, *words)["total_minor"] == 2160
    assert run(shop, "billing", "verify") == {"subscriptions": 1, "documents": 2, "differing": 0, "faults": []}
    shop.change(SubscriptionComponent, 2, ends_on=date(2026, 4, 20))
    charged, differs = run(shop, "billing", "verify", code=1)["faults"]
    assert charged["what"] == "component 2: 2026-04-20 to 2026-05-01 is charged, and it was not had"
    assert (differs["subscription_id"], differs["amount_minor"]) == (1, -2200)


def test_when_it_is_billed_is_shown_and_set(shop):
    words = ("subscriptions", "timing", 1, "arrears")
    shown = run(shop, *words, "--preview")
    assert shown == {"state": "done", "effective_on": "2026-05-01", "next_document_on": "2026-06-01"}
    assert shop.get(Subscription, 1).timing == "advance"
    assert run(shop, *words)["effective_on"] == "2026-05-01"
    assert run(shop, "subscriptions", "timing", 1, "advance") == {
        "subscription_id": 1, "state": "scheduled", "effective_on": "2026-06-01",
    }  # fmt: skip
    assert "error" in run(shop, "subscriptions", "timing", 1, "advance", code=1)


def test_hold_resume_cancel_and_keep(shop):
    assert run(shop, "subscriptions", "hold", 1, "--preview")["credit_minor"] == 1800
    assert run(shop, "subscriptions", "hold", 1)["state"] == "done"
    shown = run(shop, "subscriptions", "resume", 1, "--preview")
    assert (shown["total_minor"], shown["owed_minor"], shown["paid_through"]) == (1800, 0, "2026-05-01")
    assert shop.get(Subscription, 1).state == "suspended"
    assert run(shop, "subscriptions", "resume", 1)["total_minor"] == 1800
    words = ("subscriptions", "cancel", 1, "--policy", "on_date", "--on", "2026-04-21", "--money", "credit")
    assert run(shop, *words, "--preview")["total_minor"] == -1200
    assert run(shop, *words)["ends_on"] == "2026-04-21"
    assert run(shop, "subscriptions", "keep", 1, "--preview")["total_minor"] == 1200
    assert shop.get(Subscription, 1).service_ends_on is not None
    assert run(shop, "subscriptions", "keep", 1)["total_minor"] == 1200
    assert shop.get(Subscription, 1).service_ends_on is None


def test_days_for_everybody(shop):
    words = ("subscriptions", "give-days", 2, "--panel", shop.panel_id, "--reason", "outage")
    assert run(shop, *words, "--preview") == {
        "subscriptions": 1,
        "days": 2,
        "bought": 0,
        "afterwards": 0,
        "left_out": {},
    }
    assert shop.all(DayGift) == []
    assert run(shop, *words)["gift_id"] == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("change", 99, "--plan", "gold"), "There is no subscription 99."),
        (("change", 1, "--addon", "screen"), "addon: 'screen' is not CODE=N"),
        (("change", 1, "--addon", "screen=-1"), "addon: 'screen=-1' is not CODE=N"),
        (
            ("change", 1, "--addon", f"screen={'9' * 5000}"),
            "addon: a number of 5000 digits is too large; 6 are the most",
        ),
        (("change", 1, "--plan", "tv"), "plan: this is what the subscription has already"),
        (
            ("hold", 1, "--from", "2026-05-01", "--to", "2026-04-20"),
            "ends_on: must be after 2026-05-01, got 2026-04-20",
        ),
        (("resume", 1), "this subscription is not on hold"),
        (("keep", 1), "nothing is planned that could be taken back"),
        (("cancel", 1, "--policy", "on_date"), "on: a day is needed for on_date, and for nothing else"),
        (("give-days", 2, "--reason", "x"), "scope: name one panel, one bouquet or one plan"),
    ],
)
def test_refusals_are_told(shop, words, message):
    assert run(shop, "subscriptions", *words, code=1)["error"]["message"] == message


def test_a_hand_over_settles_what_its_preview_said(shop):
    shop.customer()
    words = ("subscriptions", "transfer", 1, 2, "--money", "settled")
    shown = run(shop, *words, "--preview")
    # 15 of 30 days of 30.00, and 20 %
    settled = {"credited_minor": 1800, "charged_minor": 1800, "used_minor": 0}
    assert shown == {"subscription_id": 1, "customer_id": 2, **settled}
    assert shop.get(Subscription, 1).customer_id == 1
    assert run(shop, *words) == shown
    assert shop.get(Subscription, 1).customer_id == 2
    assert "error" in run(shop, *words, code=1)


def test_one_billing_day_is_shown_and_set(shop):
    shown = run(shop, "customers", "billing-day", 1, 15, "--preview")
    # 1 to 15 May of 15 April to 15 May: 30.00 × 14 / 30, and 20 %
    bridge = {"subscription_id": 1, "plan": "tv", "from": "2026-05-01", "to": "2026-05-15", "total_minor": 1680,
              "currency": "EUR", "why": ""}  # fmt: skip
    assert shown == {"customer_id": 1, "moved": 1, "bridges": [bridge]}
    told = CliRunner().invoke(main, ["customers", "billing-day", "1", "15", "--preview"], obj=shop.app)
    assert told.stdout.splitlines()[1:] == ["1 (tv): 2026-05-01 to 2026-05-15: 16.80 EUR"]
    assert shop.get(Subscription, 1).anchor == APR
    assert run(shop, "customers", "billing-day", 1, 15) == {"customer_id": 1, "moved": 1}
    assert shop.get(Subscription, 1).anchor == date(2026, 4, 15)
    assert run(shop, "customers", "billing-day", 1, 0) == {"customer_id": 1, "moved": 0}


def test_the_next_invoice_is_told_with_the_last_day_of_what_it_bills(shop):
    told = CliRunner().invoke(main, ["billing", "preview", "1"], obj=shop.app).stdout.splitlines()
    assert told[0] == "On 2026-05-01 an invoice is written, due 2026-05-01:"
    assert told[1].startswith("  1 × tv 2026-05-01 to 2026-05-31: 30.00 EUR")
