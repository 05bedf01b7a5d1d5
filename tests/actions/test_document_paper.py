"""PDFs of documents: what stands on them in seven languages, however long, and whatever the currency."""

import re
import subprocess
from dataclasses import replace
from datetime import date

import pytest
from paper_shop import DAY, ISSUER, READERS, document, line, paid, party, pdf_of, reader, text_of

from billhead.actions.documents import _paper
from billhead.actions.documents._paper import page_of_document
from billhead.actions.documents._shown import ShownTax
from billhead.domain.errors import Conflict
from billhead.wording import wording


def page(shown, language=""):
    return page_of_document(shown, wording(language or shown.buyer.language), "#6236d6", "https://tv.example/pay/1")


def pages(pdf: bytes) -> int:
    told = subprocess.run(["pdfinfo", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    return int(re.search(r"Pages:\s+(\d+)", told)[1])


def test_an_invoice_says_all_that_the_law_and_the_reader_want():
    lines = [line(2490, discount_minor=500), line(600, "One more screen", quantity=2)]
    shown = document(lines, state="partly_paid", settled_minor=2000, payments=(paid(1500), paid(500, "")))
    text = text_of(pdf_of(shown))
    # 24.90 + 6.00 = 30.90; 25.5 %: 6.35 + 1.53 = 7.88; 38.78 - 20.00 = 18.78
    for said in (
        "Invoice", "2026-000123", "22 Nov 2026", "NorthCable Oy", "VAT ID FI12345678", "Sarah Connolly", "Ireland",
        "€18.78 to pay by 6 Dec 2026", "29.90 -5.00 24.90 25.5% 31.25", "2 6.00", "22 Nov – 21 Dec 2026", "Net €30.90",
        "VAT FI 25.5% €7.88", "Total €38.78", "Paid -€20.00", "To pay €18.78", "Card €15.00",
        "Credit on your account €5.00", "FI21 1234 5600 0007 85", "NDEAFIHH", "https://tv.example/pay/1",
        "Trade register Helsinki, 1234567-8", "Managing director: Aino Virtanen", "Page 1 of 1",
    ):  # fmt: skip
        assert said in re.sub(r" ?–  ?", " – ", text), said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("de", ["Rechnung", "zu zahlen bis 06.12.2026", "22. Nov. – 21. Dez. 2026", "24,90", "31,25 €", "25,5 %"]),
        ("es", ["Factura", "a pagar hasta el 6 dic 2026", "24,90", "31,25 €", "España"]),
        ("fr", ["Facture", "à payer avant le 6 déc. 2026", "24,90", "31,25 €"]),
        ("ru", ["Счёт", "к оплате до 6 дек. 2026 г.", "Жанна Прокофьева", "Казахстан", "31,25 €"]),
        ("tr", ["Fatura", "son ödeme 6 Ara 2026", "24,90", "€31,25", "%25,5", "Çağla Şahin"]),
    ],
)
def test_words_days_and_amounts_are_the_readers(language, said):
    shown = document([line(2490)], buyer=reader(language))
    text = text_of(pdf_of(shown)).replace("\u2009", " ")
    for words in said:
        assert words in text, words


def test_arabic_runs_from_the_right_and_its_figures_stay_upright():
    data = page(document([line(2490, discount_minor=500)], currency="KWD", buyer=reader("ar")))
    assert (data["direction"], data["title"]) == ("rtl", "فاتورة")
    assert data["rows"][0]["cells"] == ["2.990", "-0.500", "2.490", "25.5%", "3.125"]
    assert "2 نوفمبر" in page(document([line(1)], buyer=reader("ar"), issued_on=date(2026, 11, 2)))["facts"][1][1]
    pdf = pdf_of(document([line(2490)], buyer=reader("ar")), archivable=True)
    fonts = subprocess.run(["pdffonts", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    assert "NotoSansArabic" in fonts
    # a mirrored page: the title stands on the left, the seller on the right
    found = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    (seller,) = re.findall(r'xMin="([\d.]+)"[^>]*>NorthCable<', found)[:1]
    (number,) = re.findall(r'xMin="([\d.]+)"[^>]*>2026-000123<', found)[:1]
    assert float(number) < 100 < 400 < float(seller)


def test_nothing_is_left_in_english_in_any_language(monkeypatch):
    """Each word that is asked for has a translation, on every kind of document."""
    missing = set()
    kinds = [
        document([line(2490, discount_minor=5, quantity=2), line(100, kind="setup")], buyer=READERS["de"]),
        document([line(2490, kind="returned")], kind="credit_note", corrects=("1", DAY), settled_minor=0),
        document([line(2490, kind="trial")], kind="proforma", state="open", number="7"),
        document(
            [line(2490, kind="usage")], state="paid", settled_minor=3125, payments=(paid(3125),), base=("SEK", "11")
        ),
        document([line(1)], state="void"),
        document([line(1)], state="draft"),
        *(
            document([line(100, ppm=0, code=f"DE:{reason}"), line(100)], buyer=READERS["de"])
            for reason in _paper._UNTAXED
        ),
        document([line(100, ppm=0, code="DE:exempt")], notes=("Exempt from VAT: embassy",)),
        document([line(100)], kind="credit_note", corrects=("1", DAY), settled_minor=0, notes=("Reason: the outage",)),
    ]
    for language in ("de", "es", "fr", "ru", "ar", "tr"):
        words = wording(language)
        assert "Reason" not in page(kinds[-1], language)["notes"][-1]
        assert "the outage" in page(kinds[-1], language)["notes"][-1]
        known = words._words._catalog
        original = words.say

        def say(text, *, known=known, original=original, **named):
            if text and text not in known:
                missing.add(text)
            return original(text, **named)

        monkeypatch.setattr(words, "say", say, raising=False)
        for shown in kinds:
            page(shown, language)
    assert missing == set()


def test_sixty_lines_go_over_pages_with_the_head_on_each():
    lines = [line(100 * at, f"Channel package {at}") for at in range(1, 61)]
    pdf = pdf_of(document(lines))
    text = text_of(pdf)
    assert pages(pdf) == 4
    assert text.count("Description Net Tax Amount") == 3  # the fourth has no lines
    assert "Page 4 of 4" in text
    assert "Channel package 60" in text


def test_words_longer_than_the_page_stay_on_it():
    long = "B" * 150
    pdf = pdf_of(document([line(100, "Donaudampfschifffahrt" * 8)], buyer=party(long, "A " + long)))
    found = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
    widest = max(float(x) for x in re.findall(r'xMax="([\d.]+)"', found))
    assert widest < 595 - 40  # A4 less most of its margin


def test_the_code_of_a_coupon_stands_below_what_it_made_cheaper():
    data = page(document([line(2241, discount_minor=249, discount_code="WELCOME")]))
    assert data["rows"][0]["period"].endswith(" · WELCOME")


def test_several_taxes_stand_apart_and_add_up():
    taxes = (ShownTax("CA:gst", 50_000, 250), ShownTax("CA-QC:qst", 99_750, 499))
    data = page(document([line(5000, taxes=taxes)], currency="CAD"))
    assert data["rows"][0]["cells"] == ["50.00", "5% + 9.975%", "57.49"]
    assert data["taxes"] == [["GST CA", "5%", "50.00", "2.50"], ["QST CA-QC", "9.975%", "50.00", "4.99"]]


def test_a_credit_note_names_the_invoice_that_it_corrects_and_asks_for_nothing():
    shown = document([line(1245, kind="returned")], kind="credit_note", corrects=("2026-000100", date(2026, 11, 1)))
    data = page(shown)
    assert data["notes"] == ["This credit note corrects invoice 2026-000100 of 1 Nov 2026."]
    assert (data["pay"], data["headline"]["text"]) == (None, "credited to you")
    assert ["Corrects invoice", "2026-000100"] in [list(fact) for fact in data["facts"]]


def test_the_code_for_banking_apps_is_there_for_euro_alone():
    assert page(document([line(100)]))["pay"]["code"].startswith("<?xml")
    assert page(document([line(100)], currency="USD"))["pay"]["code"] == ""
    without = replace(ISSUER, more={})
    assert page(document([line(100)], issuer=without))["pay"]["bank"] == []
    assert page(document([line(100)], state="paid", settled_minor=126))["pay"] is None


def test_frozen_notes_are_said_in_the_readers_language():
    note = "Reverse charge: VAT is due from the recipient (Article 196 of Directive 2006/112/EC)"
    shown = document([line(100, ppm=0, code="DE:reverse_charge")], buyer=reader("de"), notes=(note, "House rule 7"))
    assert page(shown)["notes"] == [
        "Steuerschuldnerschaft des Leistungsempfängers (Artikel 196 der Richtlinie 2006/112/EG)",
        "House rule 7",
    ]


def test_the_tax_of_another_currency_is_told_in_the_sellers_own():
    shown = document([line(10_000)], currency="USD", base=("EUR", "0.9215"))
    assert page(shown)["notes"] == ["Tax in EUR: €23.50, at 1 USD = 0.9215 EUR."]  # 25.50 × 0.9215 = 23.498


def test_no_text_is_taken_for_code():
    nasty = '#panic() \\ [*x*] $y$ "#sys.inputs" // \x00 \x1b'
    text = text_of(pdf_of(document([line(100, nasty)], buyer=party(nasty))))
    assert '#panic() \\ [*x*] $y$ "#sys.inputs" //' in text


def test_a_letter_that_no_font_has_keeps_a_document_from_the_archive_only():
    shown = document([line(100)], buyer=party("\U0002b820"))  # a rare Han letter
    assert pdf_of(shown).startswith(b"%PDF")
    with pytest.raises(Conflict) as refused:
        pdf_of(shown, archivable=True)
    assert refused.value.code == "font_missing"
