"""A page speaks the visitor's language: what they chose, else the customer's own, else the browser's."""

from datetime import UTC, date, datetime

from sqlalchemy import select
from web_shop import PASSWORD

from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.people import Customer
from billhead.web.errors import reason, refusal
from billhead.web.formatting import day, moment, money, percent, short_money, term
from billhead.web.speaking import LANGUAGE_COOKIE, speech
from billhead.wording import Wording, _compiled, wording


def test_the_browsers_language_then_the_visitors_choice(shop):
    visitor = shop.visitor()
    page = visitor.get("/", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    assert '<html lang="de"' in page.text
    assert "Warenkorb" in page.text
    assert '<html lang="en"' in visitor.get("/", headers={"Accept-Language": "ja"}).text
    visitor.post("/language", {"language": "ar", "back": "/"})
    page = visitor.get("/", headers={"Accept-Language": "de"})
    assert '<html lang="ar" dir="rtl"' in page.text
    assert "السلة" in page.text


def test_a_language_that_nobody_speaks_and_an_address_elsewhere_are_left_alone(shop):
    visitor = shop.visitor()
    answer = visitor.post("/language", {"language": "xx", "back": "https://elsewhere.example/"})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/"
    assert LANGUAGE_COOKIE not in answer.headers.get("Set-Cookie", "")


def test_a_customers_own_language(shop):
    ada = shop.customer()
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.query(Customer).update({"language": "tr"})
    page = ada.get("/account/", follow_redirects=True)
    assert '<html lang="tr"' in page.text
    assert "Hesabım" in page.text


def test_who_signs_up_on_a_german_page_gets_german_mail_and_pages(shop):
    visitor = shop.visitor()
    visitor.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de-AT,de;q=0.9"
    told = {
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "password": PASSWORD,
        "country": "AT",
    }
    assert visitor.post("/sign-up", told).status_code == 303
    with shop.app.app_context(), reading() as session:
        assert session.scalars(select(Customer.language)).one() == "de"
    page = visitor.get("/account/profile", headers={"Accept-Language": "fr"}).text
    assert "Österreich" in page
    assert page.index("Österreich") < page.index("Polen")


def test_staff_work_in_the_language_of_their_browser_or_of_their_choice(shop):
    boss = shop.person("staff", "boss@example.com", "*")
    assert '<html lang="en"' in boss.get("/admin/").text
    for address in ("/admin/", "/security/"):
        page = boss.get(address, headers={"Accept-Language": "de"}).text
        assert '<html lang="de"' in page
        assert 'name="language" value="ar"' in page
    boss.post("/language", {"language": "ar", "back": "/admin/"})
    page = boss.get("/admin/", headers={"Accept-Language": "de"}).text
    assert '<html lang="ar" dir="rtl"' in page


def test_amounts_and_days_are_written_as_the_language_does(shop):
    with shop.app.test_request_context(headers={"Accept-Language": "de"}):
        assert money(123450, "EUR") == "1.234,50\u00a0€"
        assert ">02.11.2026, 14:05</time>" in moment(datetime(2026, 11, 2, 14, 5, tzinfo=UTC))
        assert day(date(2026, 11, 2)) == '<time datetime="2026-11-02">02.11.2026</time>'
        assert (term("1 month"), term("3 months"), percent(190_000)) == ("Monat", "3 Monate", "19\u00a0%")
    with shop.app.test_request_context("/admin/", headers={"Accept-Language": "en"}):
        assert money(123450, "EUR") == "€1,234.50"


def test_moments_and_lists_have_the_comma_of_the_script(shop):
    with shop.app.test_request_context(headers={"Accept-Language": "ar"}):
        assert "، 14:05</time>" in moment(datetime(2026, 11, 2, 14, 5, tzinfo=UTC))
        assert speech().refusal("the address is in SE, the bill goes to FI").startswith("العنوان في SE،")
        told = speech().refusal("orders from this address within 24 hours: 3, 2 may be")
        assert "this address" not in told
        assert "24" in told


def test_amounts_keep_their_order_among_words_that_are_read_from_the_right(shop):
    with shop.app.test_request_context(headers={"Accept-Language": "ar"}):
        assert money(1200, "JPY") == "\u2067\u200f1,200\u00a0\u2068JP¥\u2069\u2069"
        assert money(-50, "USD") == "\u2067\u200f\u200e-0.50\u00a0\u2068US$\u2069\u2069"
        assert short_money(30_000, "USD") == "\u2067300\u00a0\u2068US$\u2069\u2069", "by the axis as anywhere"
        told = speech().refusal("your credit does not cover 12.00 USD")
        assert "\u2067\u200f12.00\u00a0\u2068US$\u2069\u2069" in told
    for domain in ("documents", "notices"):
        assert wording("ar", domain).money(1200, "JPY") == "\u200f1,200\u00a0JP¥"
    for language in ("de", "en"):
        with shop.app.test_request_context(headers={"Accept-Language": language}):
            told = money(-1200, "JPY") + short_money(-1200, "JPY")
            assert not {"\u2067", "\u2068", "\u2069", "\u200e"} & set(told), language


def test_what_is_refused_is_said_in_the_visitors_language(shop):
    visitor = shop.visitor()
    visitor.post("/language", {"language": "de", "back": "/"})
    visitor.post("/plans/basic", {"term": "1 month"})
    refused = visitor.post("/cart/coupon", {"coupon": "nope"}).text
    assert "NOPE ist kein Gutschein dieses Shops. Prüfen Sie, wie er geschrieben ist." in refused
    for code in ("2026-02-30", "2026-03-01", "10 OFF", "10 EUR", "1 MONTH"):  # it only looks like a day or an amount
        told = visitor.post("/cart/coupon", {"coupon": code})
        assert f"{code} ist kein Gutschein dieses Shops" in told.text
    wrong = visitor.post("/sign-in", {"email": "ada@example.com", "password": "not this one"}).text
    assert "Die E-Mail-Adresse oder das Passwort ist falsch." in wrong


def test_amounts_in_a_refusal_and_a_field_that_a_gateway_names(shop):
    with shop.app.test_request_context(headers={"Accept-Language": "de"}):
        error = Conflict("your credit does not cover 12.00 EUR", hint="pay 4.50 EUR otherwise")
        told = "Ihr Guthaben deckt 12,00\u00a0€ nicht. Bezahlen Sie 4,50\u00a0€ auf andere Weise."
        assert refusal(error) == (told, 409)
        assert (
            reason(InvalidInput("PIN of the card", "has a typing error")) == "PIN der Karte: enthält einen Tippfehler."
        )
        assert reason(InvalidInput("amount", "must be from 5.00 EUR to 9.00 EUR")) == (
            "Muss von 5,00\u00a0€ bis 9,00\u00a0€ sein."
        )


def test_each_catalogue_is_asked_for_its_own_words_first():
    """ "Balance" is what is open on a document, and what is there to spend on a page."""
    assert (wording("de", "pages").say("Balance"), wording("de", "documents").say("Balance")) == ("Guthaben", "Saldo")
    assert (wording("de", "pages").say("Number"), wording("de", "pages").say("How many")) == ("Nummer", "Anzahl")
    assert (wording("tr", "pages").say("Credit"), wording("tr").say("Credit")) == ("Bakiye", "Alacak")
    assert wording("de", "notices").say("Legal name") == wording("de", "pages").say("Legal name")


def test_a_tier_is_said_as_it_is_everywhere():
    assert wording("en", "pages").say_word("super_reseller") == "super-reseller"
    assert wording("de", "pages").say_word("super_reseller") == wording("de", "pages").say("super-reseller")
    assert wording("en", "pages").say_word("credit_note") == "credit note"


def test_a_catalogue_is_read_when_its_first_word_is_asked_for():
    """Every process begins with the names of the languages; a worker may never need a word of them."""
    _compiled.cache_clear()
    german = Wording("de", "pages")
    assert (german.own_name, german.day(date(2026, 11, 2))) == ("Deutsch", "02.11.2026")
    assert _compiled.cache_info().misses == 0
    assert german.say("Cart") == "Warenkorb"
    assert Wording("de", "documents").say("Number") == "Nummer"
    assert _compiled.cache_info().misses == 3, "documents, pages and notices, each once"
