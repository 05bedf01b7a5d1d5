"""Which taxes a table of rates makes due: a seller of Toronto, one of Sacramento, one of Oslo, and who watches them."""

from datetime import date

import pytest
from sqlalchemy import create_engine

from billhead.plugin import InvalidInput, TaxedBuyer, TaxedSeller, TaxLine, TaxRequest
from billhead.testing import TaxConformance
from billhead_sales_tax import plugin
from billhead_sales_tax.engine import SalesTax
from billhead_sales_tax.rate_file import look_through
from billhead_sales_tax.rates import Rate, Rates, checked, shipped
from billhead_sales_tax.store import METADATA, current_rates

TODAY = date(2026, 11, 28)
TORONTO = TaxedSeller("CA", "", frozenset({("CA", "domestic"), ("CA-QC", "domestic"), ("CA-BC", "domestic")}))
SACRAMENTO = TaxedSeller("US", "", frozenset({("US-CA", "domestic"), ("US-NY", "domestic")}))
OSLO = TaxedSeller("NO", "", frozenset({("NO", "domestic"), ("CH", "domestic"), ("JP", "domestic")}))
LOS_ANGELES = [
    Rate("US-CA", "county", 22_500, date(2026, 1, 1), postcode="900", position=1, authority="US-CA-LAX"),
    Rate("US-CA", "city", 5_000, date(2026, 1, 1), postcode="90012", position=2, authority="US-CA-LAX-CIVIC"),
    Rate("US-CA", "state", 0, date(2026, 1, 1), tax_class="hardware"),
]


def due(seller, buyer, *, own=(), tax_class="tv", on=TODAY, unknown_region="hold"):
    engine = SalesTax(Rates(own), unknown_region)
    ((tax,),) = engine.assess([TaxRequest(seller, buyer, on, (TaxLine(tax_class, 999),))])
    return tax


def told(tax):
    return [(one.jurisdiction, one.reason, one.rate_ppm) for one in (tax, *tax.also)]


class TestSalesTaxConforms(TaxConformance):
    @pytest.fixture
    def engine(self):
        return SalesTax(Rates(LOS_ANGELES))

    @pytest.fixture
    def cases(self):
        buyers = [
            TaxedBuyer("CA", "QC"), TaxedBuyer("CA"), TaxedBuyer("US", "CA", postcode="90012"), TaxedBuyer("US"),
            TaxedBuyer("CH", company=True, vat_id="CHE1", vat_id_state="valid"), TaxedBuyer("KI"),
            TaxedBuyer("US", "NY", exempt_reason="reseller"),
        ]  # fmt: skip
        lines = (TaxLine("tv", 999), TaxLine("tv", -250), TaxLine("hardware", 4900))
        return [
            TaxRequest(seller, buyer, on, lines)
            for seller in (TORONTO, SACRAMENTO, OSLO)
            for buyer in buyers
            for on in (date(2023, 12, 31), TODAY)
        ]


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ("AB", [("CA", "gst", 50_000)]),
        ("BC", [("CA", "gst", 50_000), ("CA-BC", "pst", 70_000)]),
        ("QC", [("CA", "gst", 50_000), ("CA-QC", "qst", 99_750)]),
        ("CA-QC", [("CA", "gst", 50_000), ("CA-QC", "qst", 99_750)]),
        ("ON", [("CA-ON", "hst", 130_000)]),  # in the place of GST, under the registration for Canada
        ("SK", [("CA", "gst", 50_000)]),  # not registered there
    ],
)
def test_canada_by_province(region, expected):
    assert told(due(TORONTO, TaxedBuyer("CA", region))) == expected


def test_nova_scotia_went_from_fifteen_to_fourteen():
    halifax = TaxedBuyer("CA", "NS")
    assert told(due(TORONTO, halifax, on=date(2025, 3, 31))) == [("CA-NS", "hst", 150_000)]
    assert told(due(TORONTO, halifax, on=date(2025, 4, 1))) == [("CA-NS", "hst", 140_000)]


def test_state_county_and_city_by_postcode():
    in_town = TaxedBuyer("US", "CA", postcode="90012")
    assert told(due(SACRAMENTO, in_town, own=LOS_ANGELES)) == [
        ("US-CA", "state", 72_500),
        ("US-CA-LAX", "county", 22_500),
        ("US-CA-LAX-CIVIC", "city", 5_000),
    ]
    nearby = TaxedBuyer("US", "CA", postcode="90099")
    assert [reason for _, reason, _ in told(due(SACRAMENTO, nearby, own=LOS_ANGELES))] == ["state", "county"]
    assert told(due(SACRAMENTO, TaxedBuyer("US", "CA", postcode="94103"), own=LOS_ANGELES)) == [
        ("US-CA", "state", 72_500)
    ]


def test_a_class_has_a_rate_of_its_own():
    box = due(SACRAMENTO, TaxedBuyer("US", "CA", postcode="94103"), own=LOS_ANGELES, tax_class="hardware")
    assert told(box) == [("US-CA", "state", 0)]


def test_no_nexus_no_tax_and_it_is_said():
    assert told(due(SACRAMENTO, TaxedBuyer("US", "TX"))) == [("US-TX", "not_registered", 0)]
    assert told(due(SACRAMENTO, TaxedBuyer("NO"))) == [("NO", "not_registered", 0)]
    assert told(due(SACRAMENTO, TaxedBuyer("US", "OR"))) == [("US-OR", "not_taxed", 0)]
    assert told(due(SACRAMENTO, TaxedBuyer("KI"))) == [("KI", "not_taxed", 0)]


def test_a_state_that_is_not_known_holds_the_document_or_costs_what_the_country_charges():
    somewhere = due(SACRAMENTO, TaxedBuyer("US"))
    assert told(somewhere) == [("US", "region_unknown", 0)]
    assert somewhere.hold == "The tax depends on your state or province: please add it to your profile."
    assert due(SACRAMENTO, TaxedBuyer("US"), unknown_region="charge_country").hold == ""
    in_canada = due(TORONTO, TaxedBuyer("CA", "ZZ"))
    assert told(in_canada) == [("CA", "gst", 50_000)]
    assert in_canada.hold
    assert due(OSLO, TaxedBuyer("US")).hold == ""  # registered nowhere there: nothing hangs on the state


def test_a_postcode_that_is_not_given_is_not_taken_for_one_without_a_county():
    nameless = TaxedBuyer("US", "CA")
    held = due(SACRAMENTO, nameless, own=LOS_ANGELES)
    assert told(held) == [("US-CA", "state", 72_500)]
    assert held.hold == "The tax depends on your postcode: please add it to your profile."
    charged = due(SACRAMENTO, nameless, own=LOS_ANGELES, unknown_region="charge_country")
    assert (told(charged), charged.hold) == ([("US-CA", "state", 72_500)], "")
    assert due(SACRAMENTO, nameless).hold == "", "nothing goes by postcode"
    assert due(SACRAMENTO, TaxedBuyer("US", "NY"), own=LOS_ANGELES).hold == "", "elsewhere it does not"
    assert due(SACRAMENTO, nameless, own=LOS_ANGELES, on=date(2025, 12, 31)).hold == "", "not yet"
    assert due(SACRAMENTO, TaxedBuyer("US", "CA", exempt_reason="resale"), own=LOS_ANGELES).hold == ""
    assert due(TORONTO, nameless, own=LOS_ANGELES).hold == "", "registered nowhere there"
    city = [Rate("US-OR", "city", 5_000, date(2026, 1, 1), postcode="970", registered_in="US-CA")]
    only = due(SACRAMENTO, TaxedBuyer("US", "OR"), own=city)
    assert (told(only), bool(only.hold)) == ([("US-OR", "postcode_unknown", 0)], True)


def test_an_exempt_buyer_and_the_certificate_on_the_document():
    tax = due(SACRAMENTO, TaxedBuyer("US", "NY", exempt_reason="resale (certificate ST-120)"))
    assert told(tax) == [("US-NY", "exempt", 0)]
    assert tax.note == "Exempt from tax: resale (certificate ST-120)"


def test_a_business_abroad_owes_the_tax_itself_where_the_law_says_so():
    firm = {"company": True, "vat_id": "CHE123456788MWST", "vat_id_state": "valid"}
    tax = due(OSLO, TaxedBuyer("CH", **firm))
    assert told(tax) == [("CH", "reverse_charge", 0)]
    assert tax.note == "Reverse charge: the tax is due from the recipient"
    assert told(due(OSLO, TaxedBuyer("CH", **{**firm, "vat_id_state": "pending"}))) == [("CH", "vat", 81_000)]
    assert told(due(OSLO, TaxedBuyer("NO", **firm))) == [("NO", "vat", 250_000)]  # at home
    assert told(due(OSLO, TaxedBuyer("JP", **firm))) == [("JP", "vat", 100_000)]  # not shifted there


@pytest.mark.parametrize(("on", "rate"), [(date(2023, 12, 31), 77_000), (date(2024, 1, 1), 81_000), (TODAY, 81_000)])
def test_rates_are_dated(on, rate):
    assert told(due(OSLO, TaxedBuyer("CH"), on=on)) == [("CH", "vat", rate)]


def test_own_rows_replace_all_shipped_ones_of_the_same_tax():
    own = [Rate("NO", "vat", 120_000, date(2026, 6, 1), tax_class="tv"), Rate("CH", "vat", 85_000, date(2027, 1, 1))]
    assert told(due(OSLO, TaxedBuyer("NO"), own=own)) == [("NO", "vat", 120_000)]
    assert told(due(OSLO, TaxedBuyer("NO"), own=own, tax_class="hardware")) == [("NO", "vat", 250_000)]
    assert told(due(OSLO, TaxedBuyer("CH"), own=own)) == [("CH", "not_taxed", 0)]  # not yet
    assert told(due(OSLO, TaxedBuyer("CH"), own=own, on=date(2027, 1, 1))) == [("CH", "vat", 85_000)]


def test_a_compound_tax_comes_after_the_one_that_it_is_taken_on():
    own = [Rate("CA-QC", "qst", 95_000, date(2010, 1, 1), position=1, compound=True)]
    tax = due(TORONTO, TaxedBuyer("CA", "QC"), own=own)
    assert [(one.reason, one.compound) for one in (tax, *tax.also)] == [("gst", False), ("qst", True)]


@pytest.mark.parametrize(
    ("rate", "field"),
    [
        (Rate("Canada", "gst", 50_000, TODAY), "place"),
        (Rate("CA", "GST", 50_000, TODAY), "tax"),
        (Rate("CA", "gst", 1_000_000, TODAY), "rate"),
        (Rate("CA", "gst", -1, TODAY), "rate"),
        (Rate("CA", "gst", 50_000, TODAY, until=TODAY), "until"),
        (Rate("CA", "gst", 50_000, TODAY, postcode="H3A 1A1"), "postcode"),
        (Rate("CA", "gst", 50_000, TODAY, compound=True), "compound"),
        (Rate("CA", "gst", 50_000, TODAY, registered_in="everywhere"), "registered_in"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_field(rate, field):
    with pytest.raises(InvalidInput) as refused:
        checked([rate])
    assert refused.value.field == field


def test_rows_of_one_tax_never_overlap():
    first = Rate("CA", "gst", 50_000, date(2026, 1, 1), until=date(2027, 1, 1))
    with pytest.raises(InvalidInput, match="2027-01-01 lies after the next row's 2026-12-01"):
        checked([first, Rate("CA", "gst", 60_000, date(2026, 12, 1))])
    with pytest.raises(InvalidInput, match="two rows from 2026-01-01"):
        checked([first, Rate("CA", "gst", 60_000, date(2026, 1, 1))])


def test_a_row_ends_where_the_next_of_its_tax_begins():
    """Whoever adds next year's rate does not have to come back and end this year's."""
    county = [
        Rate("US-CA", "county", 30_000, date(2027, 1, 1), position=1),
        Rate("US-CA", "county", 22_500, date(2026, 1, 1), position=1),
    ]
    home = TaxedBuyer("US", "CA")
    for on, rate in ((date(2026, 12, 31), 22_500), (date(2027, 1, 1), 30_000), (date(2030, 1, 1), 30_000)):
        assert told(due(SACRAMENTO, home, own=checked(county), on=on))[1] == ("US-CA", "county", rate)
    assert [rate.until for rate in checked(county)] == [date(2027, 1, 1), None]
    assert checked(checked(county)) == checked(county)


HEAD = "place,tax,rate,since\n"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        (f"{HEAD}US-CA,county,9e999999,2026-01-01\n", "rate"),
        (f"{HEAD}US-CA,county,1_0,2026-01-01\n", "rate"),
        (f"{HEAD}US-CA,county,sNaN,2026-01-01\n", "rate"),
        ("x" * 200_000, "line 0"),
        ("place,place,tax,rate,since\nUS,CA,x,1,2026-01-01\n", "place"),
        (f"{HEAD}US-CA,county,{'9' * 200_000},2026-01-01\n", "line 1"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_and_nothing_else_happens(text, field):
    rates, (fault,) = look_through(text)
    assert (rates, fault.field) == ([], field)


def test_a_file_of_an_old_spreadsheet_is_read():
    (rate,), faults = look_through("place,tax,rate,since\rUS-CA,county,2.25,2026-01-01\r")
    assert (rate.place, rate.rate_ppm, faults) == ("US-CA", 22_500, [])


def test_the_table_is_there_for_a_quote_though_another_thread_drops_it_at_that_moment(tmp_path, monkeypatch):
    class Dropped(dict):
        def __setitem__(self, version, rates):
            super().__setitem__(version, rates)
            self.clear()  # as the other thread does, with rates that were taken in meanwhile

    class Opened:
        def tables(self):
            return engine.connect()

    engine = create_engine(f"sqlite:///{tmp_path / 'rates.db'}")
    METADATA.create_all(engine)
    monkeypatch.setattr("billhead_sales_tax.store._kept", Dropped())
    assert len(current_rates(Opened()).rows) == len(shipped())
    engine.dispose()


def test_who_is_exempt_is_not_asked_for_a_state():
    tax = due(SACRAMENTO, TaxedBuyer("US", exempt_reason="resale (certificate ST-120)"))
    assert (told(tax), tax.hold) == ([("US", "exempt", 0)], "")


def test_the_shipped_table_is_whole():
    rows = shipped()
    assert len({rate.place for rate in rows if rate.tax in ("vat", "gst")}) == 116
    assert len({rate.place for rate in rows if rate.tax == "state"}) == 47  # 45 states, DC and Puerto Rico
    regions = Rates().regions
    assert len([place for place in regions if place.startswith("US-")]) == 52
    assert len([place for place in regions if place.startswith("CA-")]) == 13


def test_the_plugin_offers_it():
    assert plugin.API == 1
    assert [engine.code for engine in plugin.tax_engines()] == ["sales_tax"]
    assert plugin.tax_engines()[0].uses_postcode


def test_two_taxes_of_one_place_that_a_business_abroad_owes_itself_are_said_once():
    central, state = (
        Rate("ZZ", tax, 90_000, date(2020, 1, 1), position=at, reverse_charge=True, registered_in="*")
        for at, tax in enumerate(("cgst", "sgst"))
    )
    firm = {"company": True, "vat_id": "ZZ1", "vat_id_state": "valid"}
    assert told(due(OSLO, TaxedBuyer("ZZ", **firm), own=[central, state])) == [("ZZ", "reverse_charge", 0)]
    assert told(due(OSLO, TaxedBuyer("ZZ"), own=[central, state])) == [("ZZ", "cgst", 90_000), ("ZZ", "sgst", 90_000)]
