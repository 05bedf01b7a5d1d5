"""Who pays which VAT, told with NorthCable of Helsinki and the people who watch it."""

from dataclasses import replace
from datetime import date

import httpx
import pytest

from billhead.plugin import (
    CheckerConnection,
    HttpClient,
    InvalidInput,
    LineTax,
    TaxedBuyer,
    TaxedSeller,
    TaxIdAnswer,
    TaxLine,
    TaxRequest,
    TaxServiceDown,
)
from billhead.testing import TaxConformance
from billhead_eu_vat import plugin
from billhead_eu_vat.engine import EuVat
from billhead_eu_vat.settings import Settings
from billhead_eu_vat.vies import Vies

TODAY = date(2026, 11, 22)
WITH_OSS = TaxedSeller("FI", "FI01234562", frozenset({("FI", "domestic"), ("EU", "oss")}))
SMALL = TaxedSeller("FI", "FI01234562", frozenset({("FI", "domestic"), ("FI", "below_threshold")}))
CARELESS = TaxedSeller("FI", "FI01234562", frozenset({("FI", "domestic")}))
ALSO_IN_FRANCE = TaxedSeller("FI", "FI01234562", frozenset({("FI", "domestic"), ("FR", "domestic"), ("EU", "oss")}))
AMERICAN = TaxedSeller("US", "", frozenset({("IE", "oss")}))
FIRM = {"company": True, "vat_id": "DE123456789", "vat_id_state": "valid"}


def due(seller, buyer, *, tax_class="tv", on=TODAY, settings=None):
    ((tax,),) = EuVat(settings).assess([TaxRequest(seller, buyer, on, (TaxLine(tax_class, 999),))])
    return tax


def told(tax):
    return tax.jurisdiction, tax.reason, tax.rate_ppm


class TestEuVatConforms(TaxConformance):
    @pytest.fixture
    def engine(self):
        return EuVat()


@pytest.mark.parametrize("tax_class", ["tv", "service", "goods", "credits"])
def test_at_home_every_class_takes_the_standard_rate(tax_class):
    assert told(due(WITH_OSS, TaxedBuyer("FI"), tax_class=tax_class)) == ("FI", "standard", 255_000)


def test_a_firm_at_home_pays_like_everybody():
    firm = TaxedBuyer("FI", company=True, vat_id="FI01234562", vat_id_state="valid")
    assert told(due(WITH_OSS, firm)) == ("FI", "standard", 255_000)


@pytest.mark.parametrize(
    ("seller", "expected"),
    [
        (WITH_OSS, ("DE", "oss", 190_000)),
        (SMALL, ("FI", "below_threshold", 255_000)),
        (CARELESS, ("DE", "unregistered", 190_000)),
        (ALSO_IN_FRANCE, ("DE", "oss", 190_000)),
        (AMERICAN, ("DE", "oss", 190_000)),
        (TaxedSeller("US"), ("DE", "unregistered", 190_000)),
    ],
)
def test_a_consumer_in_germany(seller, expected):
    assert told(due(seller, TaxedBuyer("DE"))) == expected


def test_a_local_registration_comes_before_the_one_stop_shop():
    assert told(due(ALSO_IN_FRANCE, TaxedBuyer("FR"))) == ("FR", "standard", 200_000)


def test_below_the_threshold_is_no_way_out_for_a_seller_outside_the_eu():
    seller = TaxedSeller("US", "", frozenset({("US", "below_threshold")}))
    assert told(due(seller, TaxedBuyer("DE"))) == ("DE", "unregistered", 190_000)


@pytest.mark.parametrize(
    ("on", "rate"),
    [
        (date(2020, 6, 30), 190_000),
        (date(2020, 7, 1), 160_000),
        (date(2020, 12, 31), 160_000),
        (date(2021, 1, 1), 190_000),
    ],
)
def test_the_tax_point_decides_on_the_rate(on, rate):
    assert told(due(WITH_OSS, TaxedBuyer("DE"), on=on)) == ("DE", "oss", rate)


def test_a_tax_point_before_the_known_rates_is_refused():
    with pytest.raises(InvalidInput, match="2015-12-31"):
        due(WITH_OSS, TaxedBuyer("DE"), on=date(2015, 12, 31))


def test_a_firm_elsewhere_owes_the_tax_itself():
    assert due(WITH_OSS, TaxedBuyer("DE", **FIRM)) == LineTax(
        "DE",
        "reverse_charge",
        0,
        "Reverse charge: VAT is due from the recipient (Article 196 of Directive 2006/112/EC)",
    )
    assert told(due(SMALL, TaxedBuyer("DE", **FIRM))) == ("DE", "reverse_charge", 0)


def test_boxes_for_a_firm_elsewhere_are_an_intra_community_supply():
    tax = due(WITH_OSS, TaxedBuyer("DE", **FIRM), tax_class="goods")
    assert told(tax) == ("DE", "intra_community", 0)
    assert "Article 138" in tax.note


@pytest.mark.parametrize("state", ["unchecked", "pending", "invalid"])
def test_a_vat_id_that_is_not_proven_makes_no_firm(state):
    assert told(due(WITH_OSS, TaxedBuyer("DE", **{**FIRM, "vat_id_state": state}))) == ("DE", "oss", 190_000)


def test_a_valid_state_without_an_id_makes_no_firm():
    assert told(due(WITH_OSS, TaxedBuyer("DE", company=True, vat_id_state="valid"))) == ("DE", "oss", 190_000)


def test_who_is_exempt_pays_nothing_and_the_document_says_why():
    assert due(WITH_OSS, TaxedBuyer("FI", exempt_reason="embassy of Kiribati")) == LineTax(
        "FI", "exempt", 0, "Exempt from VAT: embassy of Kiribati"
    )


@pytest.mark.parametrize(
    ("country", "region", "where"),
    [
        ("US", "CA", "US"),
        ("GB", "", "GB"),
        ("GB", "NIR", "GB"),
        ("CH", "", "CH"),
        ("ES", "CN", "ES-CN"),
        ("RE", "", "RE"),
    ],
)
@pytest.mark.parametrize("firm", [{}, FIRM])
def test_outside_the_territory_nothing_is_due(country, region, where, firm):
    tax = due(WITH_OSS, TaxedBuyer(country, region, **firm))
    assert told(tax) == (where, "outside_scope", 0)
    assert tax.note == "Outside the scope of EU VAT"
    assert told(due(WITH_OSS, TaxedBuyer(country, region, **firm), tax_class="credits")) == (where, "outside_scope", 0)


def test_boxes_that_leave_the_territory_are_exported():
    assert told(due(WITH_OSS, TaxedBuyer("US"), tax_class="goods")) == ("US", "export", 0)


def test_aland_is_outside_but_finland_taxes_services_there():
    aland = TaxedBuyer("AX")
    assert told(due(WITH_OSS, aland)) == ("FI", "standard", 255_000)
    assert told(due(WITH_OSS, TaxedBuyer("FI", "01"))) == ("FI", "standard", 255_000)
    assert told(due(WITH_OSS, aland, tax_class="goods")) == ("FI-01", "export", 0)
    assert told(due(TaxedSeller("SE", "", frozenset({("EU", "oss")})), aland)) == ("FI-01", "outside_scope", 0)


def test_islands_of_portugal_have_their_own_rates():
    assert told(due(WITH_OSS, TaxedBuyer("PT", "20"))) == ("PT", "oss", 160_000)
    assert told(due(WITH_OSS, TaxedBuyer("PT", "PT-30"))) == ("PT", "oss", 220_000)
    assert told(due(TaxedSeller("PT"), TaxedBuyer("PT", "30"))) == ("PT", "standard", 220_000)


def test_northern_ireland_counts_for_goods_alone():
    belfast = TaxedBuyer("XI")
    assert told(due(WITH_OSS, belfast)) == ("GB", "outside_scope", 0)
    assert told(due(WITH_OSS, belfast, tax_class="goods")) == ("XI", "oss", 200_000)
    assert told(due(WITH_OSS, TaxedBuyer("GB", "GB-NIR"), tax_class="goods")) == ("XI", "oss", 200_000)


def test_a_firm_in_northern_ireland_takes_boxes_without_vat_and_services_as_in_the_kingdom():
    firm = TaxedBuyer("XI", company=True, vat_id="XI123456789", vat_id_state="valid")
    assert told(due(WITH_OSS, firm, tax_class="goods")) == ("XI", "intra_community", 0)
    assert told(due(WITH_OSS, firm)) == ("GB", "outside_scope", 0)
    neighbour = TaxedSeller("XI", "XI987654321", frozenset({("XI", "domestic")}))
    assert told(due(neighbour, firm, tax_class="goods")) == ("XI", "standard", 200_000)
    hold = due(
        WITH_OSS, replace(firm, vat_id_state="pending"), tax_class="goods", settings=Settings(unchecked_vat_id="hold")
    )
    assert (told(hold), bool(hold.hold)) == (("XI", "oss", 200_000), True)


def seen(country, *evidence, **more):
    return TaxedBuyer(country, evidence=(("billing", country), *evidence), **more)


@pytest.mark.parametrize(
    ("evidence", "told_as"),
    [
        ([], ("DE", "oss", 190_000)),
        ([("ip", "DE")], ("DE", "oss", 190_000)),
        ([("ip", "de"), ("bank", "FR")], ("DE", "oss", 190_000)),
        ([("ip", "")], ("DE", "oss", 190_000)),
        ([("declared", "FR")], ("DE", "oss", 190_000)),  # the buyer's own word, once more
        ([("ip", "FR"), ("bank", "FR")], ("FR", "oss", 200_000)),
        ([("ip", "FR"), ("bank", "FR"), ("sim", "PL")], ("FR", "oss", 200_000)),
        ([("ip", "US"), ("bank", "US")], ("US", "outside_scope", 0)),
        ([("ip", "DE"), ("bank", "FR"), ("sim", "FR"), ("card", "FR")], ("FR", "oss", 200_000)),
        ([("ip", "DE"), ("bank", "DE"), ("sim", "FR"), ("card", "FR")], ("DE", "oss", 190_000)),
    ],
)
def test_two_pieces_of_evidence_that_agree_decide(evidence, told_as):
    assert told(due(WITH_OSS, seen("DE", *evidence))) == told_as


@pytest.mark.parametrize(
    ("claimed", "other", "told_as"),
    [
        ("DE", "FR", ("FR", "oss_conflicting_evidence", 200_000)),
        ("FR", "DE", ("FR", "oss_conflicting_evidence", 200_000)),
        ("US", "DE", ("DE", "oss_conflicting_evidence", 190_000)),
        ("DE", "US", ("DE", "oss_conflicting_evidence", 190_000)),
        ("FI", "DE", ("FI", "standard_conflicting_evidence", 255_000)),
        ("DE", "FI", ("FI", "standard_conflicting_evidence", 255_000)),
    ],
)
def test_one_against_one_costs_the_higher_tax_unless_told_otherwise(claimed, other, told_as):
    assert told(due(WITH_OSS, seen(claimed, ("ip", other)))) == told_as


def test_all_against_each_other_cost_the_highest_tax_of_all():
    at_odds = seen("DE", ("ip", "PL"), ("bank", "FR"))
    assert told(due(WITH_OSS, at_odds)) == ("PL", "oss_conflicting_evidence", 230_000)  # DE 19 %, FR 20 %
    held = due(WITH_OSS, at_odds, settings=Settings(on_contradiction="hold"))
    assert held.hold == "The address says DE, other evidence says FR, PL: staff decides."


def test_two_against_two_decide_nothing_by_themselves():
    pairs = seen("DE", ("ip", "FR"), ("bank", "FR"), ("sim", "PL"), ("card", "PL"))
    assert told(due(WITH_OSS, pairs)) == ("PL", "oss_conflicting_evidence", 230_000)
    assert told(due(WITH_OSS, pairs, settings=Settings(on_contradiction="billing")))[0] == "DE"
    chosen = seen("DE", ("ip", "DE"), ("bank", "FR"), ("sim", "FR"))  # a cheaper address, and a tunnel to go with it
    assert told(due(WITH_OSS, chosen)) == ("FR", "oss_conflicting_evidence", 200_000)
    held = due(WITH_OSS, chosen, settings=Settings(on_contradiction="hold"))
    assert held.hold == "The address says DE, other evidence says FR: staff decides."


@pytest.mark.parametrize("nowhere", ["T1", "A1", "XX", "EU", "AP", "ZZ", "D", " ", "49"])
def test_what_names_no_country_is_no_evidence(nowhere):
    assert due(WITH_OSS, seen("DE", ("ip", nowhere))) == LineTax("DE", "oss", 190_000)
    assert told(due(WITH_OSS, seen("DE", ("ip", nowhere), ("bank", nowhere), ("sim", nowhere))))[0] == "DE"


def test_boxes_from_outside_the_union_are_an_import():
    """VAT is paid at the border: nothing that the seller charges, exempts as an export, or supplies within the EU."""
    plain = TaxedSeller("US")
    for buyer in (TaxedBuyer("DE"), TaxedBuyer("DE", **FIRM), TaxedBuyer("US")):
        tax = due(plain, buyer, tax_class="goods")
        assert told(tax) == (buyer.country, "outside_scope", 0)
        assert "Article" not in tax.note
    assert told(due(AMERICAN, TaxedBuyer("DE", **FIRM), tax_class="goods")) == ("DE", "outside_scope", 0)
    assert told(due(AMERICAN, TaxedBuyer("DE"), tax_class="goods")) == ("DE", "oss", 190_000), "declared, so charged"
    stocked = TaxedSeller("US", "", frozenset({("IE", "domestic")}))
    assert told(due(stocked, TaxedBuyer("DE", **FIRM), tax_class="goods")) == ("DE", "intra_community", 0)
    assert told(due(stocked, TaxedBuyer("US"), tax_class="goods")) == ("US", "export", 0)
    assert told(due(stocked, TaxedBuyer("IE"), tax_class="goods")) == ("IE", "standard", 230_000)


def test_a_registration_in_northern_ireland_counts_for_goods_there():
    seller = TaxedSeller("FI", "", frozenset({("FI", "domestic"), ("XI", "domestic"), ("EU", "oss")}))
    assert told(due(seller, TaxedBuyer("XI"), tax_class="goods")) == ("XI", "standard", 200_000)


@pytest.mark.parametrize(
    ("policy", "hold"),
    [
        ("billing", ""),
        ("hold", "The address says DE, other evidence says FR: staff decides."),
        ("ask", "Your address says DE, your connection FR: please confirm your country in your profile."),
    ],
)
def test_other_policies_keep_the_billing_country(policy, hold):
    tax = due(WITH_OSS, seen("DE", ("ip", "FR")), settings=Settings(on_contradiction=policy))
    assert told(tax) == ("DE", "oss_conflicting_evidence", 190_000)
    assert tax.hold == hold


def test_who_was_asked_and_confirms_is_believed():
    asked = Settings(on_contradiction="ask")
    confirmed = seen("DE", ("ip", "FR"), ("declared", "DE"))
    assert due(WITH_OSS, confirmed, settings=asked) == LineTax("DE", "oss", 190_000)
    assert told(due(WITH_OSS, confirmed))[1] == "oss_conflicting_evidence"
    two_rivals = seen("DE", ("ip", "FR"), ("bank", "FR"), ("declared", "DE"))
    assert due(WITH_OSS, two_rivals, settings=asked) == LineTax("DE", "oss", 190_000), "not asked again without end"
    outvoted = seen("DE", ("ip", "FR"), ("bank", "FR"), ("sim", "FR"), ("declared", "DE"))
    assert told(due(WITH_OSS, outvoted, settings=asked)) == ("FR", "oss", 200_000)


def test_evidence_is_not_asked_of_firms_goods_and_who_is_exempt():
    assert told(due(WITH_OSS, seen("DE", ("ip", "FR"), **FIRM)))[1] == "reverse_charge"
    assert told(due(WITH_OSS, seen("DE", ("ip", "FR")), tax_class="goods"))[1] == "oss"
    assert told(due(WITH_OSS, seen("DE", ("ip", "FR"), exempt_reason="embassy")))[1] == "exempt"


@pytest.mark.parametrize("state", ["unchecked", "pending"])
def test_an_id_that_waits_for_its_answer_holds_the_document_if_that_is_the_policy(state):
    waiting = TaxedBuyer("DE", **{**FIRM, "vat_id_state": state})
    tax = due(WITH_OSS, waiting, settings=Settings(unchecked_vat_id="hold"))
    assert told(tax) == ("DE", "oss", 190_000)
    assert tax.hold == "The VAT id DE123456789 has not been confirmed yet; we ask again by ourselves."
    assert due(WITH_OSS, waiting).hold == ""


def test_an_id_on_which_nothing_hangs_holds_nothing():
    holding = Settings(unchecked_vat_id="hold")
    at_home = TaxedBuyer("FI", vat_id="FI01234562", vat_id_state="pending")
    assert due(WITH_OSS, at_home, settings=holding).hold == ""
    assert due(WITH_OSS, TaxedBuyer("DE", **{**FIRM, "vat_id_state": "invalid"}), settings=holding).hold == ""
    assert due(WITH_OSS, TaxedBuyer("US", **{**FIRM, "vat_id_state": "pending"}), settings=holding).hold == ""


def test_a_firm_is_where_its_vat_id_is_from():
    assert told(due(WITH_OSS, TaxedBuyer("FR", **FIRM))) == ("DE", "reverse_charge", 0)
    finnish = {**FIRM, "vat_id": "FI01234562"}
    assert told(due(WITH_OSS, TaxedBuyer("DE", **finnish))) == ("FI", "standard", 255_000)


def test_an_address_look_up_knows_no_regions():
    assert told(due(WITH_OSS, seen("AX", ("ip", "FI"))))[1] == "standard"
    assert told(due(WITH_OSS, seen("MC", ("ip", "FR"))))[1] == "oss"
    assert told(due(WITH_OSS, seen("XI", ("ip", "GB"))))[1] == "outside_scope"


def test_each_line_of_a_mixed_document_has_its_own_answer():
    firm = TaxedBuyer("DE", **FIRM)
    (taxes,) = EuVat().assess([TaxRequest(WITH_OSS, firm, TODAY, (TaxLine("tv", 999), TaxLine("goods", 4900)))])
    assert [tax.reason for tax in taxes] == ["reverse_charge", "intra_community"]


def test_the_plugin_offers_it():
    assert plugin.API == 1
    assert [engine.code for engine in plugin.tax_engines()] == ["eu_vat"]
    assert [checker.code for checker in plugin.tax_id_checkers()] == ["vies"]
    assert [report.code for report in plugin.reports()] == ["eu-vat-oss", "eu-vat-oss-return", "eu-vat-domestic"]


@pytest.mark.parametrize(
    ("typed", "country", "written"),
    [
        ("DE136695976", "DE", "DE136695976"),
        ("de 136.695-976", "DE", "DE136695976"),
        ("136695976", "DE", "DE136695976"),
        ("GR094259216", "GR", "EL094259216"),
        ("094259216", "GR", "EL094259216"),
        ("FR40303265045", "DE", "FR40303265045"),
        ("40303265045", "FR", "FR40303265045"),
        ("XI123456789", "GB", "XI123456789"),
        ("CHE123456788", "CH", ""),
        ("CHE123456788", "DE", ""),
        ("123456789", "US", ""),
        ("", "DE", ""),
    ],
)
def test_ids_are_written_as_the_register_writes_them(typed, country, written):
    assert Vies().normalise(typed, country) == written


@pytest.mark.parametrize("typed", ["DE136695977", "DE1", "13669597", "FI0123456X"])
def test_an_id_that_can_not_be_is_refused(typed):
    with pytest.raises(InvalidInput, match="can't be a VAT id of") as refused:
        Vies().normalise(typed, "DE")
    assert refused.value.field == "vat_id"


@pytest.mark.parametrize(
    ("about", "clear"),
    [
        ({"countryCode": "DE", "vatNumber": "136695976"}, True),
        ({}, True),
        ({"countryCode": "FR", "vatNumber": "136695976"}, False),
        ({"countryCode": "DE", "vatNumber": "123456788"}, False),
    ],
)
def test_an_answer_about_another_id_is_none(about, clear):
    answering = httpx.MockTransport(lambda request: httpx.Response(200, json={"valid": True, **about}))
    checker = CheckerConnection(Settings(), HttpClient("VIES", transport=answering, unreachable=TaxServiceDown))
    if clear:
        assert Vies().check(checker, "DE136695976", "") == TaxIdAnswer(True)
    else:
        with pytest.raises(TaxServiceDown, match="neither yes nor no"):
            Vies().check(checker, "DE136695976", "")


def test_lists_in_lists_in_lists_are_no_answer_of_vies():
    answering = httpx.MockTransport(lambda _request: httpx.Response(200, content=b"[" * 100_000))
    checker = CheckerConnection(Settings(), HttpClient("VIES", transport=answering, unreachable=TaxServiceDown))
    with pytest.raises(TaxServiceDown, match="no JSON"):
        Vies().check(checker, "FI01120389", "")
