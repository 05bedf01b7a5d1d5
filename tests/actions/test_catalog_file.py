"""An operator writes a catalogue: what the file says is read whole, and every mistake in it is named at once."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billhead.actions.importing.catalog_file import read_catalog
from billhead.domain.errors import InvalidInput
from billhead.domain.money import CREDITS, Money
from billhead.domain.periods import Term
from billhead.domain.proration import ProrationMode
from billhead.domain.tax import TaxRounding

SMALL = """
format = 1
[seller]
code = "tiny"
name = "Tiny TV"
legal_name = "Tiny TV Ltd"
address = { city = "Cork" }
country = "IE"
email = "office@tiny.example"
zone = "Europe/Dublin"
currencies = ["EUR", "JPY"]
base_currency = "EUR"
prices_include_tax = true
[policy]
proration = "actual_days"
renew_from = "later"
lead_days = 7
grace_hours = 24
invoice_due_days = 14
[dunning]
retry_days = [1, 3]
stages = [{ after_days = 3, action = "warn" }, { after_days = 5, action = "suspend" }]
[tax_classes]
tv = "Television"
[panels.one]
name = "One"
module = "xtream"
settings = { url = "http://one.example", api_key = "set-me" }
[bouquets.basic]
name = "Basic"
on = { one = 1 }
[bouquets.sport]
name = "Sport"
on = { one = 2 }
[tiers]
basic = "Basic"
[plans.basic]
name = "Basic"
tier = "basic"
tax_class = "tv"
services = [{ kind = "stream", panel = "one" }]
bouquets = ["basic"]
prices = { 1m = { EUR = "9.99", JPY = "1600", credits = "7.5" }, 12m = { EUR = "99.90" } }
[addons.sport]
name = "Sport"
tax_class = "tv"
plans = ["basic"]
bouquets = ["sport"]
prices = { 1m = { EUR = "4.99" } }
"""


@pytest.fixture
def read(tmp_path):
    def reading(text=SMALL, **settings):
        path = tmp_path / "catalog.toml"
        path.write_text(text, encoding="utf-8")
        return read_catalog(path, settings or None)

    return reading


@pytest.fixture
def faults(read):
    """The mistakes named in a catalogue, spoilt by replacing a text in the small one."""

    def naming(*changes):
        text = SMALL
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        with pytest.raises(InvalidInput) as refused:
            read(text)
        assert refused.value.code == "invalid_catalog"
        assert refused.value.field == "catalog.toml"
        first, *lines = refused.value.why.split("\n")
        assert first == f"{len(lines)} to correct"
        return lines

    return naming


def test_a_small_catalogue_is_read_whole(read):
    catalog = read()
    assert catalog.seller.currencies == ("EUR", "JPY")
    assert list(catalog.offers) == ["basic-1m", "basic-12m"]
    month = catalog.offers["basic-1m"]
    assert month.term == Term("month", 1)
    assert month.price.amounts == {"EUR": Money(999, "EUR"), "JPY": Money(1600, "JPY")}
    assert month.price.credits == Money(750, CREDITS)
    assert catalog.offers["basic-12m"].price.credits is None
    assert month.plan.kind == "stream"
    assert month.plan.connections == 1
    assert catalog.bouquets["sport"].on == {"one": "2"}
    assert [(stage.after_days, stage.action) for stage in catalog.dunning.stages] == [(3, "warn"), (5, "suspend")]


def test_proration_and_rounding_are_those_that_the_billing_knows(read, faults):
    for mode in ProrationMode:
        assert read(SMALL.replace('proration = "actual_days"', f'proration = "{mode}"')).policy.proration == mode
    assert read().seller.tax_rounding == ""  # left out, it stays as it is
    for rounding in TaxRounding:
        text = SMALL.replace("[policy]", f'tax_rounding = "{rounding}"\n[policy]')
        assert read(text).seller.tax_rounding == rounding
    (line,) = faults(("[policy]", 'tax_rounding = "per_document"\n[policy]'))
    assert line.startswith("seller.tax_rounding: 'per_document' is not known here.")


def test_what_customers_may_do_is_read_and_what_is_left_out_stays(read, faults):
    assert read().plans["basic"].customers_say == {}
    tier = 'tier = "basic"'

    def said(words):
        return read(SMALL.replace(tier, f"{tier}\n{words}")).plans["basic"].customers_say

    assert said('hold = { min_days = 7, max_days = 60, way = "keep" }') == {
        "hold": {"min_days": 7, "max_days": 60, "way": "keep"}
    }
    assert said("hold = {}") == {"hold": {"min_days": 1, "max_days": None, "way": ""}}
    assert said("hold = false") == {"hold": None}
    assert said('cancel_money = "refund"\ncancel_day_counts = true\nopen_invoices = "void"') == {
        "cancel_money": "refund", "cancel_day_counts": True, "open_invoices": "void",
    }  # fmt: skip
    assert [said(f'changes = "{when}"') for when in ("end_of_term", "")] == [
        {"changes": "end_of_term"},
        {"changes": ""},
    ]
    assert "Use one of: end_of_term, immediate." in faults((tier, f'{tier}\nchanges = "forbidden"'))[0]
    wrong = f'{tier}\nhold = {{ min_days = 9, max_days = 2 }}\ncancel_money = "gift"'
    assert faults((tier, wrong)) == [
        "plans.basic.hold: the most is from the least to 365 days within a year. Correct the value.",
        "plans.basic.cancel_money: 'gift' is not known here. Use one of: credit, nothing, refund.",
    ]
    assert "Did you mean 'keep'?" in faults((tier, f'{tier}\nhold = {{ way = "kept" }}'))[0]


def test_addresses_and_secrets_are_given_from_outside_the_file(read):
    catalog = read(SMALL, one={"url": "http://127.0.0.1:9001", "timeout_seconds": 5})
    assert catalog.panels["one"].settings == {
        "url": "http://127.0.0.1:9001",
        "api_key": "set-me",
        "timeout_seconds": 5,
    }


def test_settings_for_a_panel_that_is_not_there_are_refused(read):
    with pytest.raises(InvalidInput, match=r"panels\.two: has settings but is not in the file\. Add a table"):
        read(SMALL, two={"url": "http://127.0.0.1:9001"})


def test_a_byte_order_mark_is_no_part_of_the_file(read):
    assert read("\ufeff" + SMALL).seller.code == "tiny"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('zone = "Europe/Dublin"', 'zone = "Dublin"', "seller.zone: 'Dublin' is not a time zone. Use an IANA name"),
        ('tier = "basic"\n', 'tier = "basik"\n', "plans.basic.tier: 'basik' is not known here. Did you mean 'basic'?"),
        ('EUR = "9.99"', 'EUR = "9.999"', "plans.basic.prices.1m.EUR: '9.999' has more decimals than EUR has (2)"),
        ('JPY = "1600"', 'JPY = "1600.5"', "plans.basic.prices.1m.JPY: '1600.5' has more decimals than JPY has (0)"),
        ('EUR = "9.99"', "EUR = 9.99", "plans.basic.prices.1m.EUR: 9.99 does not fit. Write a text in quotes."),
        ('EUR = "9.99"', 'EUR = "-9.99"', "plans.basic.prices.1m.EUR: '-9.99' is below zero"),
        ('JPY = "1600"', 'USD = "9"', "plans.basic.prices.1m.USD: is not a currency of the seller. Use EUR, JPY or"),
        ("12m = {", "12x = {", "plans.basic.prices.12x: '12x' is not a term. Write a number and d, w, m or y"),
        ("lead_days = 7", "lead_days = -1", "policy.lead_days: -1 is too small. Write a whole number from 0 up."),
        ("lead_days = 7", "lead_days = true", "policy.lead_days: True does not fit"),
        ("lead_days = 7", "leaddays = 7", "policy.lead_days: is missing. Write a whole number from 0 up."),
        ('module = "xtream"', "", "panels.one.module: is missing. Write a text in quotes."),
        ("on = { one = 1 }", "on = { two = 1 }", "bouquets.basic.on.two: is not a panel. Add [panels.two]"),
        ('kind = "stream"', 'kind = "mga"', "plans.basic.services[1].kind: 'mga' is not known here"),
        ("retry_days = [1, 3]", "retry_days = [3, 1]", "dunning.retry_days: the days [3, 1] do not rise"),
        ('action = "warn"', 'action = "shout"', "dunning.stages[1].action: 'shout' is not known here"),
        ("format = 1", "format = 2", "format: is of another version. Write format = 1."),
        ("[addons.sport]", "[addons.Sport_HD]", "addons.Sport_HD: is not a code"),
        ('bouquets = ["sport"]', 'bouquets = ["basic"]', "addons.sport.plans: basic holds the bouquet basic already"),
        ('bouquets = ["sport"]', "", "addons.sport.bouquets: an add-on adds either bouquets or connections"),
        ("on = { one = 2 }", "", "addons.sport.bouquets: 'sport' is not on the panel one"),
        ('["EUR", "JPY"]', '["EUR", "JPY", "DEM"]', "seller.currencies: 'DEM' is not a currency"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_the_way_out(faults, old, new, line):
    named = faults((old, new))
    assert any(fault.startswith(line) for fault in named), named


def test_all_mistakes_are_named_in_one_go(faults):
    named = faults(('renew_from = "later"', 'renew_from = "soon"'), ('tv = "Television"', 'telly = "Television"'))
    assert [fault.split(": ")[0] for fault in named] == [
        "plans.basic.tax_class",
        "addons.sport.tax_class",
        "policy.renew_from",
    ]


def test_a_misspelt_key_is_no_silent_default(faults):
    assert faults(('bouquets = ["basic"]\n', 'bouquets = ["basic"]\nconections = 3\n')) == [
        "plans.basic.conections: is not a known key. Did you mean 'connections'?"
    ]


def test_a_trial_and_a_setup_fee_need_a_price_in_every_currency_of_the_plan(faults):
    fee = '[fees.setup]\nname = "Set-up"\ntax_class = "tv"\nprice = { EUR = "5.00" }\n[plans.basic]'
    extra = 'bouquets = ["basic"]\nsetup_fee = "setup"\ntrial = { term = "7d", price = { EUR = "1.00" } }\n'
    assert faults(("[plans.basic]", fee), ('bouquets = ["basic"]\n', extra)) == [
        "plans.basic.trial: has no price in JPY, but the plan has. Add a JPY price to it.",
        "plans.basic.setup_fee: has no price in JPY, but the plan has. Add a JPY price to it.",
    ]


RESELLERS = """
[reseller_plans.small]
name = "Reseller"
role = "reseller"
tax_class = "tv"
price = { EUR = "20.00" }
startup_credits = "20.00"
sells = ["basic"]
[resellers.one]
name = "One"
plan = "small"
parent = "{one}"
email = "one@tiny.example"
country = "IE"
zone = "Europe/Dublin"
currency = "EUR"
[resellers.two]
name = "Two"
plan = "small"
parent = "{two}"
email = "two@tiny.example"
country = "IE"
zone = "Europe/Dublin"
currency = "EUR"
"""


@pytest.mark.parametrize(
    ("one", "two", "lines"),
    [
        ("", "three", ["resellers.two.parent: 'three' is not known here. Use one of: one, two."]),
        ("", "one", ["resellers.two.parent: one is no super-reseller. Only those have resellers below."]),
        (
            "two",
            "one",
            [
                "resellers.one.parent: two is no super-reseller. Only those have resellers below.",
                "resellers.one.parent: stands above itself. Leave out the parent of the topmost one.",
                "resellers.two.parent: one is no super-reseller. Only those have resellers below.",
                "resellers.two.parent: stands above itself. Leave out the parent of the topmost one.",
            ],
        ),
    ],
)
def test_the_reseller_tree_is_a_tree(faults, one, two, lines):
    text = RESELLERS.replace("{one}", one).replace("{two}", two)
    assert faults(("[addons.sport]", text + "[addons.sport]")) == lines


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"format = ", "is not TOML"),
        (b"name = '\xfc'", r"is not UTF-8 \(byte 8\)"),
    ],
)
def test_a_file_that_is_no_toml_is_refused_by_its_path(tmp_path, content, why):
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=why) as refused:
        read_catalog(path)
    assert refused.value.field == str(path)


def test_a_missing_file_is_refused_by_its_path(tmp_path):
    with pytest.raises(InvalidInput, match=r"nowhere\.toml: cannot be read \(No such file"):
        read_catalog(tmp_path / "nowhere.toml")


def test_an_empty_file_says_what_to_begin_with(faults, read):
    with pytest.raises(InvalidInput) as refused:
        read("")
    assert "seller: is missing. Add a table [seller]." in refused.value.why


NORTHCABLE = Path(__file__).parents[2] / "examples/northcable/catalog.toml"


@pytest.fixture(scope="module")
def catalog():
    return read_catalog(NORTHCABLE)


class TestNorthCable:
    """The catalogue that ships as an example."""

    def test_the_six_usual_terms_are_on_sale(self, catalog):
        terms = [str(term) for term in catalog.plans["basic-mag"].prices]
        assert terms == ["1 month", "3 months", "6 months", "12 months", "24 months", "36 months"]

    def test_all_four_kinds_of_line_are_on_sale(self, catalog):
        assert {plan.kind for plan in catalog.plans.values()} == {"stream", "mag", "paired", "enigma2"}
        pair = catalog.plans["premium-paired"].services
        assert [(service.kind, service.panel, service.panel_plan) for service in pair] == [
            ("stream", "xtream-one", ""),
            ("mag", "stalker-one", "PREMIUM"),
        ]

    def test_seven_days_for_a_dollar_turn_into_months(self, catalog):
        offer = catalog.offers["trial-stream-1m"]
        assert offer.plan.trial.term == Term("day", 7)
        assert offer.plan.trial.price.amounts["USD"] == Money(100, "USD")
        assert offer.price.amounts["USD"] == Money(1099, "USD")
        assert offer.plan.once_per_customer

    def test_amounts_have_the_decimals_of_their_currency(self, catalog):
        assert catalog.offers["basic-mag-1m"].price.amounts == {
            "EUR": Money(999, "EUR"),
            "USD": Money(1099, "USD"),
            "JPY": Money(1600, "JPY"),
            "KWD": Money(3300, "KWD"),
        }

    def test_credit_packages_give_more_the_larger_they_are(self, catalog):
        packages = catalog.credit_packages.values()
        assert [(str(pack.value), str(pack.cost.amounts["USD"])) for pack in packages] == [
            ("100.00 XCR", "100.00 USD"),
            ("150.00 XCR", "125.00 USD"),
            ("500.00 XCR", "300.00 USD"),
        ]

    def test_a_reseller_plan_brings_start_up_credits(self, catalog):
        plan = catalog.reseller_plans["reseller"]
        assert plan.price.credits == plan.startup_credits == Money(2000, CREDITS)
        assert catalog.resellers["baltic-view"].parent == "aurora"

    def test_an_event_is_dated_in_utc(self, catalog):
        assert catalog.events["nordic-final"].starts == datetime(2026, 12, 19, 17, tzinfo=UTC)

    def test_a_way_up_is_now_and_a_way_down_waits(self, catalog):
        rank = {code: tier.rank for code, tier in catalog.tiers.items()}
        assert {(rank[change.source] < rank[change.target], change.when) for change in catalog.changes} == {
            (True, "now"),
            (False, "end_of_term"),
        }

    def test_no_secret_stands_in_the_file(self):
        panels = tomllib.loads(NORTHCABLE.read_text("utf-8"))["panels"].values()
        secrets = [panel["settings"].get(key) for panel in panels for key in ("password", "api_key")]
        assert set(secrets) == {"set-me", None}
