"""E-invoices by EN 16931: every kind of document passes the schemas and rules of the norm, or is refused."""

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paper_shop import DAY, GERMAN, ISSUER, READERS, document, line, party, reader

from billhead.actions.documents._shown import ShownTax
from billhead.actions.documents.einvoice.check import findings
from billhead.actions.documents.einvoice.semantic import off_by_minor, semantic
from billhead.actions.documents.einvoice.syntax import as_xml
from billhead.domain.errors import Conflict
from billhead.wording import wording

ONCE = {"period": (None, None), "term": "", "kind": "one_off"}
REVERSE = "Reverse charge: VAT is due from the recipient (Article 196 of Directive 2006/112/EC)"
SAMPLES = {
    "standard, partly paid, with a discount": document(
        [line(2490, discount_minor=500), line(600, quantity=2), line(1500, kind="setup", period=(None, None))],
        state="partly_paid",
        settled_minor=2000,
    ),
    "reverse charge": document([line(2490, ppm=0, code="DE:reverse_charge")], buyer=GERMAN, notes=(REVERSE,)),
    "exempt": document([line(2490, ppm=0, code="FI:exempt")], notes=("Exempt from VAT: diplomatic mission",)),
    "outside the scope": document([line(2490, ppm=0, code="US:outside_scope")]),
    "outside, with doubts": document([line(2490, ppm=0, code="US:outside_scope_conflicting_evidence")]),
    "no tax engine": document([line(2490, taxes=())], state="paid", settled_minor=2490),
    "goods within the EU": document([line(9900, "Box", ppm=0, code="DE:intra_community", **ONCE)], buyer=GERMAN),
    "export": document([line(9900, "Box", ppm=0, code="SA:export", **ONCE)], buyer=reader("ar")),
    "zero and standard": document([line(500, ppm=0, code="FI:zero"), line(1000)]),
    "one-stop shop": document([line(1999, ppm=230_000, code="IE:oss")]),
    "several rates, discounts and a coupon": document(
        [
            *(line(333 * at, f"Part {at}", quantity=at, discount_minor=7) for at in range(1, 8)),
            line(1000, ppm=140_000, code="FI:reduced"),
            line(900, ppm=0, code="FI:exempt"),
            line(-250, "Spring coupon", kind="discount:spring.x"),
        ]
    ),
    "credit note": document(
        [line(1245, kind="returned"), line(-200, "Smaller package")],
        kind="credit_note",
        number="CN-2026-000007",
        corrects=("2026-000123", date(2026, 11, 1)),
    ),
    "yen": document(
        [line(1200, ppm=100_000, code="JP:standard"), line(800, ppm=80_000, code="JP:reduced")],
        currency="JPY",
        base=("EUR", "0.0061"),
    ),
    "dollars, with the tax in euro": document([line(2490)], currency="USD", base=("EUR", "0.9215")),
    "dinar": document([line(2500, ppm=200_000)], currency="KWD"),
    "Cyrillic": document([line(2490, "Премиум")], buyer=reader("ru")),
    "Arabic": document([line(2490)], buyer=reader("ar")),
    "an authority": document(
        [line(2490)],
        buyer=party("Stadt", "Stadt Stuttgart", "DE", language="de", reference="08111000-STUTT-42",
                    endpoint="08111000-STUTT-42", endpoint_scheme="0204"),
        issuer=replace(ISSUER, more={**ISSUER.more, "endpoint": "billing@northcable.example", "contact": "Aino"}),
    ),
}  # fmt: skip


def xml_of(shown, syntax):
    words = wording(shown.buyer.language)
    return as_xml(semantic(shown, words), syntax)


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
@pytest.mark.parametrize("name", SAMPLES)
def test_every_sample_passes_schema_and_rules(name, syntax):
    assert findings(xml_of(SAMPLES[name], syntax), syntax) == []


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
def test_a_broken_total_is_caught(syntax):
    xml = xml_of(SAMPLES["reverse charge"], syntax)
    element = b"PayableAmount" if syntax == "ubl" else b"DuePayableAmount"
    broken = re.sub(element + rb"([^>]*)>24.90<", element + rb"\1>24.91<", xml, count=1)
    assert broken != xml
    assert [(one.rule, one.fatal) for one in findings(broken, syntax)] == [("BR-CO-16", True)]


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
def test_a_missing_element_and_what_is_no_xml_are_caught(syntax):
    xml = xml_of(SAMPLES["reverse charge"], syntax)
    without = re.sub(rb"<(cbc:IssueDate)>.*?</\1>|<(ram:TypeCode)>380</\2>", b"", xml, count=1)
    assert findings(without, syntax)[0].rule == "XSD"
    assert "XML" in {one.rule for one in findings(xml[:-9], syntax)}


def test_text_is_escaped_and_control_characters_are_left_out():
    buyer = party('A & B <script> "x"\x00\x1b', country="IE")
    for syntax in ("ubl", "cii"):
        xml = xml_of(document([line(100, "<b>&amp;")], buyer=buyer), syntax)
        assert b"A &amp; B &lt;script&gt;" in xml
        assert findings(xml, syntax) == []


def test_what_was_billed_is_told_as_it_was_billed():
    """9.99 with 19 % in it: net 8.39 and tax 1.60, although 19 % of 8.39 is 1.59: no net has both."""
    shown = document([line(839, taxes=(ShownTax("DE:oss", 190_000, 160),))])
    assert off_by_minor(shown) == {"S 19 %": 1}
    xml = xml_of(shown, "ubl").decode()
    assert '<cbc:TaxAmount currencyID="EUR">1.60</cbc:TaxAmount>' in xml
    assert '<cbc:PayableAmount currencyID="EUR">9.99</cbc:PayableAmount>' in xml
    assert findings(xml.encode(), "ubl") == []
    assert off_by_minor(document([line(840, taxes=(ShownTax("DE:oss", 190_000, 160),))])) == {}


def test_tax_that_is_a_whole_euro_off_is_refused():
    """300 lines of 0.03 at 19 %: 0.01 each is 3.00, on the sum it is 1.71."""
    lines = [line(3, taxes=(ShownTax("DE:oss", 190_000, 1),)) for _ in range(300)]
    with pytest.raises(Conflict) as refused:
        xml_of(document(lines), "ubl")
    assert refused.value.code == "not_an_einvoice"
    assert "1.29 EUR away" in refused.value.message
    assert "per_rate_keep_net" in refused.value.hint


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        (document([line(1)], kind="proforma", state="open"), "an order is no invoice"),
        (document([line(1)], state="void"), "it is void"),
        (document([line(1)], currency="XCR"), "credits are no currency"),
        (document([line(2491, ppm=0, code="KW:zero")], currency="KWD"), "KWD has 3 decimals"),
        (document([line(100, taxes=(ShownTax("CA:gst", 1, 1), ShownTax("CA:pst", 1, 1)))]), "several taxes"),
        (document([line(100, ppm=0, code="US:outside_scope"), line(100)]), "outside the scope of VAT and some"),
        (document([line(100, ppm=0, code="US:region_unknown")]), "'region_unknown'"),
        (document([line(100, ppm=50_000, code="CA:gst")]), "charges GST"),
        (document([line(100)], issuer=replace(ISSUER, vat_id="")), "no VAT id and no tax number"),
        (document([line(100, ppm=0, code="DE:reverse_charge")]), "the buyer has no VAT id"),
        (document([line(100, ppm=0, code="SA:export")], issuer=replace(ISSUER, vat_id="123")), "seller has no VAT id"),
        (document([line(100)], buyer=replace(READERS["en"], country="")), "country of Sarah Connolly"),
    ],
)
def test_what_the_norm_has_no_words_for_is_refused_with_the_reason(shown, why):
    with pytest.raises(Conflict, match=re.escape(why)) as refused:
        xml_of(shown, "cii")
    assert refused.value.hint


def test_a_vat_id_without_a_country_is_a_tax_number():
    xml = xml_of(document([line(100)], issuer=replace(ISSUER, vat_id="12/345/678")), "ubl").decode()
    assert re.search(r"<cbc:CompanyID>12/345/678</cbc:CompanyID>\s*<cac:TaxScheme><cbc:ID>FC<", xml)
    assert findings(xml.encode(), "ubl") == []


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.integers(-5_000, 90_000),
            st.integers(1, 9),
            st.integers(0, 900),
            st.sampled_from([(255_000, "FI:standard"), (140_000, "FI:reduced"), (0, "FI:exempt"), (0, "FI:zero")]),
        ),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(["ubl", "cii"]),
)
def test_whatever_is_billed_line_by_line_passes(parts, syntax):
    lines = [
        line(net, quantity=quantity, discount_minor=discount, ppm=ppm, code=code, position=at)
        for at, (net, quantity, discount, (ppm, code)) in enumerate(parts, 1)
    ]
    shown = document(lines)
    if shown.total_minor < 0:
        lines = [line(200_000), *lines]
        shown = document(lines)
    assert findings(xml_of(shown, syntax), syntax) == []
    assert all(abs(minor) <= len(lines) for minor in off_by_minor(shown).values())


def test_the_day_before_the_next_period_is_the_last():
    xml = xml_of(document([line(100)]), "ubl").decode()
    assert f"<cbc:StartDate>{DAY}</cbc:StartDate>" in xml
    assert "<cbc:EndDate>2026-12-21</cbc:EndDate>" in xml
