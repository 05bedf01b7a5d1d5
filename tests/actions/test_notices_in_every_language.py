"""Each notice in each language on each channel: no English is left, nothing is unfilled, and it is laid out rightly."""

import re

import pytest
from notice_shop import BOXES, SYSTEM, open_shop
from page_words import left_in_english

from billhead.actions.notifications._facts import gather, spoken
from billhead.actions.notifications._render import KINDS, named_facts, render
from billhead.actions.notifications._samples import sample_facts
from billhead.actions.notifications._standard import standard_text
from billhead.actions.notifications.send_notice import send_notice
from billhead.db import reading, writing
from billhead.domain.fillable import read_fillable
from billhead.locale import write_catalogues
from billhead.models.documents import Document
from billhead.models.operations import Notice
from billhead.models.people import Customer, User
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Subscription
from billhead.plugin_host import vault
from billhead.wording import NOTICE_LANGUAGES

OTHERS = [code for code in NOTICE_LANGUAGES if code != "en"]
UNFILLED = re.compile(r"%\(|\{\{|\}\}|[\ue000\ue001]|None|<function|lambda")


def test_six_languages_beside_english():
    assert OTHERS == ["ar", "de", "es", "fr", "ru", "tr"]


@pytest.mark.parametrize("language", NOTICE_LANGUAGES)
def test_nothing_is_unfilled_on_any_channel(language):
    for kind, facts in _every(language):
        told = render(kind, facts)
        for part in (told.subject, told.text, told.short, told.html):
            assert part.strip()
            assert not UNFILLED.search(part), part
        direction = "rtl" if language == "ar" else "ltr"
        assert f'<html lang="{language}" dir="{direction}">' in told.html


@pytest.mark.parametrize("language", OTHERS)
def test_no_english_is_left_on_any_channel(language):
    catalogue = write_catalogues.catalogue(language, "notices")
    faults = []
    for kind, facts in _every(language):
        told = render(kind, facts)
        as_page = "".join(f"<p>{line}</p>" for line in (told.subject, told.short, *told.text.splitlines()))
        for page in (told.html, as_page):
            faults += [f"{kind}: {text!r}" for text in left_in_english(page, catalogue)]
    assert faults == []


def test_english_that_is_left_is_found():
    catalogue = write_catalogues.catalogue("de", "notices")
    told = render("reminder", sample_facts("reminder", language="en"))
    assert "Pay now" in list(left_in_english(told.html, catalogue))
    assert "If you have paid in the meantime, thank you." in list(left_in_english(told.html, catalogue))


def _every(language):
    for kind in sorted(KINDS):
        for facts in _with_and_without(kind, language):
            yield kind, facts


def _with_and_without(kind, language):
    """The sample, and the same with each fact that a text asks for turned round."""
    facts = sample_facts(kind, language=language, stop_url="https://shop.example/news/stop/1")
    yield facts
    asked = set()
    for part in (standard_text(kind, language).subject, standard_text(kind, language).body):
        asked |= set(re.findall(r"\{\{[#^]([a-z_.]+)\}\}", part))
    for name in asked:
        group, _, inner = name.rpartition(".")
        if group:
            changed = {**facts[group], inner: _turned(facts[group][inner])}
            if inner == "overdue":
                changed["not_yet_due"] = False
            yield {**facts, group: changed}
        else:
            yield {**facts, name: _turned(facts[name])}


def _turned(value):
    return not value if isinstance(value, bool) else None if value else "https://shop.example/x"


@pytest.mark.parametrize("language", NOTICE_LANGUAGES)
def test_a_standard_text_names_what_the_english_one_names(language):
    def named(text):
        return read_fillable("body", text.subject).names() | read_fillable("body", text.body).names()

    for kind in KINDS:
        assert named(standard_text(kind, language)) == named(standard_text(kind, "en")), kind


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", ["by 6 December 2026", "€15.68", "21 November 2026 to 20 December 2026"]),
        ("de", ["bis 6. Dezember 2026", "15,68\xa0€", "21. November 2026 bis 20. Dezember 2026"]),
        ("fr", ["le 6 décembre 2026", "15,68\xa0€", "Facture 2026-000012"]),
        ("ru", ["до 6 декабря 2026\u202fг. включительно", "15,68\xa0€"]),
        ("tr", ["6 Aralık 2026 tarihine kadar", "€15,68"]),
        ("ar", ["6 ديسمبر 2026", "15.68", "الفاتورة"]),
    ],
)
def test_days_and_amounts_are_written_as_the_language_does(language, told):
    text = (
        render("invoice", sample_facts("invoice", language=language)).text.replace("\u2068", "").replace("\u2069", "")
    )
    for words in told:
        assert words in text


@pytest.mark.parametrize(
    ("language", "count", "told"),
    [
        ("ru", 2, "2 устройства"),
        ("ru", 5, "5 устройств"),
        ("ru", 21, "21 устройство"),
        ("ar", 2, "جهازان"),
        ("ar", 5, "5 أجهزة"),
        ("ar", 11, "11 جهازًا"),
        ("de", 2, "2 Geräte"),
    ],
)
def test_counted_things_have_the_right_form(language, count, told):
    facts = sample_facts("access", language=language)
    devices = {"devices": lambda words: words.count("%(count)d device", "%(count)d devices", count)}
    assert told in render("access", {**facts, "service": {**facts["service"], **devices}}).text


def test_what_is_to_be_typed_has_no_marks_of_direction_in_it():
    text = render("access", sample_facts("access", language="ar")).text
    assert "كلمة المرور: s3cret\n" in text
    assert "https://shop.example/sign-in\n" in text


# -- whose language ---------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(host_app, pretend, sqlite_url, tmp_path):
    with open_shop(host_app, sqlite_url, tmp_path / "outbox", pretend("boxes", BOXES)) as shop:
        yield shop


def seller(shop, **mails):
    with reading() as session:
        key = session.get_one(Customer, shop.customer).seller_id
    shop.change(Seller, key, mails=mails)


def test_a_customer_is_written_to_in_its_language(shop):
    seller(shop, language="fr")
    shop.change(Customer, shop.customer, language="de-AT")
    subject, text, html = shop.sent("invoice", {"document_id": shop.invoice})
    assert subject == 'Rechnung 2026-000012 von North "Cable" TV'
    assert "Bitte zahlen Sie 15,68\xa0€ bis 6. Dezember 2026." in text
    assert '<html lang="de" dir="ltr">' in html


def test_a_language_without_words_gives_way_to_the_sellers_and_that_to_english(shop):
    seller(shop, language="tr")
    shop.change(Customer, shop.customer, language="fi")
    assert shop.sent("welcome", {})[0] == 'North "Cable" TV ailesine hoş geldiniz'
    assert spoken("fi", "sv") == "en"
    assert spoken("", "pt", "es_MX") == "es"


def test_a_login_without_a_customer_is_written_to_in_the_sellers(shop):
    seller(shop, language="de")
    with writing(SYSTEM) as tx:
        row = tx.session.get_one(Customer, shop.customer)
        user = User(seller_id=row.seller_id, email="staff@example.org", role="staff", created_at=row.created_at)
        tx.session.add(user)
        tx.session.flush()
        notice = Notice(user_id=user.id, channel="email", kind="known_address", key="k", recipient="staff@example.org",
                        data={"sealed_token": vault().encrypt("tok")}, created_at=row.created_at)  # fmt: skip
        tx.session.add(notice)
        tx.session.flush()
    assert send_notice(SYSTEM, notice.id) == "sent"
    assert "bereits ein Konto" in shop.mails()[0]["Subject"]


REAL = {
    "access": ["line"], "canceled": ["subscription"], "charged_back": ["payment"], "invoice": ["invoice"],
    "payment_action": ["invoice"], "receipt": ["payment", "invoice"], "reminder": ["invoice"],
    "suspended": ["subscription"], "throttled": ["subscription"], "warning": ["invoice"], "welcome": [],
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted(REAL))
def test_what_is_really_gathered_has_the_names_of_the_sample(shop, kind):
    """A text that was checked against the sample can be filled when it is sent."""
    shop.change(Subscription, shop.subscription, state="suspended", suspended_for="debt")
    shop.change(Document, shop.invoice, settled_minor=100, state="partly_paid")
    ids = {"line": "service_id", "invoice": "document_id", "payment": "payment_id", "subscription": "subscription_id"}
    notice = Notice(customer_id=shop.customer, kind=kind, channel="email", recipient="ada@example.org",
                    data={ids[name]: getattr(shop, name) for name in REAL[kind]})  # fmt: skip
    with reading() as session:
        facts = gather(session, notice)
    assert set(named_facts(sample_facts(kind))) <= set(named_facts(facts))


def test_values_beside_each_other_keep_their_own_order_in_arabic():
    """Of users whose time ends, of a bill's lines, of debts and in a digest: a plan in Latin letters and a day would
    otherwise be read as one, "Full & Sports, 6 2026 ديسمبر"."""
    ending = render("users_ending", sample_facts("users_ending", language="ar"))
    assert "Anna: \u2068Full & Sports\u2069، \u20686 ديسمبر 2026\u2069\n" in ending.text
    assert ">\u2068Full &amp; Sports\u2069، \u20686 ديسمبر 2026\u2069</td>" in ending.html  # in the page's direction
    invoice = render("invoice", sample_facts("invoice", language="ar")).text
    assert "\u206821 نوفمبر 2026\u2069" in invoice
    assert "\u206820 ديسمبر 2026\u2069" in invoice
    stopped = render("suspended", sample_facts("suspended", language="ar")).text
    assert "\u2068الفاتورة \u20682026-000012\u2069\u2069" in stopped
    assert "\u2068\u200f15.68\u00a0€\u2069" in stopped
    digest = render("digest", sample_facts("digest", language="ar")).text
    assert "- \u2068Re: No sound [81]\u2069 (\u206822 نوفمبر 2026، 14:05\u2069): https" in digest
