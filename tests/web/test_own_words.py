"""What the operator calls its plans and ways to pay in other languages: said where customers read, and only there."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from paper_shop import text_of
from reseller_area import open_area
from web_shop import Browser, Shop, open_shop
from white_label import WhiteLabel, open_shops

from apps import close_app
from billhead.actions.content._own_words import mark_of
from billhead.actions.content._words_file import word_rows
from billhead.actions.content.import_words import import_words
from billhead.actions.content.save_words import save_words
from billhead.actions.documents.render_pdf import render_pdf
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotAllowed, NotFound
from billhead.models.catalogue import Plan
from billhead.models.content import OwnWord
from billhead.models.documents import Document, DocumentLine
from billhead.models.operations import AuditEntry, Notice
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.support import Department
from billhead.web.speaking import LANGUAGE_COOKIE

GERMAN = {"Basic": "Basis", "Card": "Karte", "Second screen": "Zweiter Bildschirm"}
ARABIC = {"Basic": "الأساسية", "Card": "بطاقة"}
SYSTEM = Context.system("test")


def said(shop: Any, language: str, words: dict[str, str], *, seller: int | None = None) -> int:
    with shop.app.app_context(), writing(SYSTEM) as tx:
        return save_words(tx, seller or shop.seller_id, language, words).changed


def reads(browser: Browser, path: str, language: str) -> str:
    """The page as somebody reads it who has chosen that language at its foot."""
    browser.client.set_cookie(LANGUAGE_COOKIE, language)
    return browser.get(path).text


def test_each_reader_sees_the_words_of_their_language(any_shop: Shop):
    shop = any_shop
    assert said(shop, "de", GERMAN) == 3
    assert said(shop, "ar", ARABIC) == 2
    ada, boss = shop.customer(), shop.person("staff", "boss@example.com", "*")
    assert shop.order(ada, **{"addon-screen": "1"}).status_code == 303
    shop.pay()
    shop.work()
    ada.post("/plans/basic", {"term": "1 month", "addon-screen": "1"})
    for language, plan, card in (("de", "Basis", "Karte"), ("ar", "الأساسية", "بطاقة"), ("fr", "Basic", "Card")):
        for path in ("/", "/compare", "/plans/basic", "/cart", "/checkout", "/account/", "/account/subscriptions/1",
                     "/account/subscriptions/1/change", "/account/subscriptions/1/cancel", "/account/orders",
                     "/account/documents/2", "/orders/1"):  # fmt: skip
            page = reads(ada, path, language)
            assert plan in re.sub("<[^>]+>", "", page), (language, path)
            if plan != "Basic":
                assert ">Basic<" not in page, (language, path)
        assert f"<strong>{card}</strong>" in reads(ada, "/checkout", language)
    assert "Zweiter Bildschirm" in reads(ada, "/account/documents/2", "de")
    assert "Basic" in reads(boss, "/admin/subscriptions/1", "de"), "staff speak of one thing"
    assert {line.description for line in shop.rows(DocumentLine)} == {"Basic", "Second screen"}, "as it was billed"


def test_a_shown_word_is_text_and_nothing_else(shop: Shop):
    said(shop, "de", {"Basic": "<b>Basis</b> & mehr"})
    page = reads(shop.visitor(), "/", "de")
    assert "&lt;b&gt;Basis&lt;/b&gt; &amp; mehr" in page
    assert "<b>Basis" not in page


def test_mails_and_papers_say_them(shop: Shop):
    said(shop, "de", GERMAN)
    ada = shop.customer()
    for customer in shop.rows(Customer):
        shop.change(Customer, customer.id, language="de")
    shop.order(ada)
    shop.pay()
    shop.work()
    (invoice,) = shop.rows(Document, Document.kind == "invoice")
    pdf = ada.get(f"/account/documents/{invoice.id}.pdf").data
    paper = text_of(pdf)
    assert "Basis" in paper
    assert "Karte" in paper, "how it was paid"
    assert "Basic" not in paper
    with shop.app.app_context(), reading() as session:
        kept = text_of(render_pdf(session, session.get_one(Document, invoice.id), archivable=True))
    assert "Basic" in kept, "an e-invoice's paper says what its data says"
    from billhead.actions.notifications._facts import gather
    from billhead.actions.notifications._render import render

    with shop.app.app_context(), reading() as session:
        for kind in ("ordered", "invoice"):
            notice = Notice(customer_id=invoice.customer_id, kind=kind, channel="email", recipient="ada@example.com",
                            data={"document_id": invoice.id})  # fmt: skip
            mail = render(kind, gather(session, notice))
            assert "Basis" in mail.text, kind
            assert "Basis" in mail.html, kind
            assert "Basic" not in mail.text, kind


def test_departments_and_descriptions_too(shop: Shop):
    with shop.app.app_context(), writing(SYSTEM) as tx:
        tx.session.add(Department(seller_id=shop.seller_id, name="Billing"))
        (basic,) = tx.session.query(Plan).filter(Plan.code == "basic")
        basic.description = "News.\n" + "Films and series. " * 60  # longer than an index entry may be
    text = "News.\n" + "Films and series. " * 60
    said(shop, "de", {"Billing": "Rechnungen", text: "Nachrichten.\nFilme und Serien."})
    assert "Rechnungen" in reads(shop.customer(), "/account/tickets/new", "de")
    assert "Filme und Serien." in reads(shop.visitor(), "/plans/basic", "de")


def test_a_word_is_cleared_and_one_that_stays_is_changed(any_shop: Shop):
    shop = any_shop
    said(shop, "de", GERMAN)
    assert said(shop, "de", {"Basic": "Einfach", "Card": "", "Second screen": "Zweiter Bildschirm"}) == 2
    assert {row.text: row.said for row in shop.rows(OwnWord)} == {
        "Basic": "Einfach", "Second screen": "Zweiter Bildschirm",
    }  # fmt: skip
    page = reads(shop.visitor(), "/", "de")
    assert ">Einfach<" in page
    last = shop.rows(AuditEntry, AuditEntry.action == "content.save_words")[-1]
    assert last.subject == f"seller:{shop.seller_id}"
    assert last.details["words"] == [["de", "Basic", "Basis", "Einfach"], ["de", "Card", "Karte", ""]]
    assert shop.rows(Seller)[0].worded == ["de"]
    said(shop, "de", {"Basic": "", "Second screen": ""})
    assert shop.rows(Seller)[0].worded == []


def test_what_can_not_be_said_is_refused_whole(shop: Shop):
    for words, field in (
        ({"Basic": "Basis", "Basik": "Basis"}, "text"),  # nothing is called so
        ({"": "Basis"}, "text"),
        ({"Basic": "Ba\x00sis"}, "said"),
        ({"Basic": "Ba\u202esis"}, "said"),
        ({"Basic": "Basis\nund mehr"}, "said"),  # a name is one line
        ({"Basic": " Basis"}, "said"),
        ({"Basic": "B" * 151}, "said"),
    ):
        with pytest.raises(InvalidInput) as refused:
            said(shop, "de", words)
        assert refused.value.field == field, words
    for language in ("xx", "", "de-AT"):
        with pytest.raises(NotFound):
            said(shop, language, GERMAN)
    with pytest.raises(NotFound):
        said(shop, "de", GERMAN, seller=999)
    with shop.app.app_context(), pytest.raises(NotAllowed), writing(Context("v", "visitor", None)) as tx:
        save_words(tx, shop.seller_id, "de", GERMAN)
    assert shop.rows(OwnWord) == []


def test_a_resellers_shop_says_its_own_word_and_else_the_operators(white_label: WhiteLabel):
    shop, aurora, gulf = white_label.shop, white_label.sellers["aurora"], white_label.sellers["gulf"]
    said(shop, "de", {"Basic": "Basis"})
    said(shop, "de", {"Basic": "Aurora klein"}, seller=aurora)
    said(shop, "fr", {"Basic": "Aurora petit"}, seller=aurora)
    assert ">Aurora klein<" in reads(white_label.visitor("aurora"), "/", "de")
    assert ">Aurora petit<" in reads(white_label.visitor("aurora"), "/", "fr")
    assert ">Basis<" in reads(white_label.visitor("gulf"), "/", "de")
    assert ">Basic<" in reads(white_label.visitor("gulf"), "/", "fr")
    assert ">Basis<" in reads(shop.visitor(), "/", "de")
    assert ">Basic<" in reads(shop.visitor(), "/", "fr"), "another seller's are never said"
    worded = {row.id: row.worded for row in shop.rows(Seller)}
    assert (worded[shop.seller_id], worded[aurora], worded[gulf]) == (["de"], ["de", "fr"], ["de"])
    said(shop, "de", {"Basic": ""})
    assert {row.id: row.worded for row in shop.rows(Seller)}[aurora] == ["de", "fr"]
    assert ">Basic<" in reads(white_label.visitor("gulf"), "/", "de")


def test_a_shop_that_opens_afterwards_says_the_operators_words(sqlite_url: str, tmp_path: Path):
    area = open_area(open_shop(sqlite_url, tmp_path / "home"))
    said(area.shop, "de", {"Basic": "Basis"})
    assert ">Basis<" in reads(open_shops(area).visitor("gulf"), "/", "de")
    close_app(area.shop.app)


def test_a_page_asks_once_and_nothing_where_there_are_no_words(shop: Shop):
    said(shop, "de", GERMAN)
    visitor = shop.visitor()
    counted = {}
    for language in ("fr", "de"):
        reads(visitor, "/", language)
        with shop.asking() as seen:
            reads(visitor, "/", language)
        counted[language] = [one for one in seen if "own_word" in one]
    assert (len(counted["fr"]), len(counted["de"])) == (0, 1)


def test_a_file_is_looked_into_then_taken_and_taken_again_changes_nothing(any_shop: Shop):
    shop = any_shop
    rows = [
        {"text": "Basic", "de": "Basis", "ar": "الأساسية"},
        {"text": "Basik", "de": "Basis", "ar": ""},
        {"text": "Card", "de": "K" * 151, "ar": "بطاقة"},
        {"text": "Gift", "de": "", "ar": ""},
    ]
    for dry_run, taken, stored in ((True, 3, 0), (False, 3, 3), (False, 0, 3)):
        with shop.app.app_context(), writing(SYSTEM) as tx:
            done = import_words(tx, shop.seller_id, rows, dry_run=dry_run)
        assert (done.taken, [(one["row"], one["column"]) for one in done.refused]) == (taken, [(2, "text"), (3, "de")])
        assert len(shop.rows(OwnWord)) == stored
    with shop.app.app_context(), pytest.raises(NotFound), writing(SYSTEM) as tx:
        import_words(tx, shop.seller_id, [{"text": "Basic", "xx": "?"}])
    with shop.app.app_context(), pytest.raises(InvalidInput), writing(SYSTEM) as tx:
        import_words(tx, shop.seller_id, [{"text": "Basic"}] * 5001)


def test_staff_write_a_page_of_words_and_read_what_is_missing(shop: Shop):
    boss, clerk = shop.person("staff", "boss@example.com", "*"), shop.person("staff", "clerk@example.com")
    shown = boss.get("/admin/words?language=de").text
    assert "0 of 7 are said in German" in shown
    assert shown.index("Bank transfer") > shown.index("Basic"), "plans come first"
    fields = {f"said-{mark_of(text)}": word for text, word in GERMAN.items()} | {"language": "de"}
    path = "/admin/words?language=de"
    assert clerk.post("/admin/words", fields, page=path).status_code == 403
    assert boss.post("/admin/words", fields, page=path).status_code == 303
    shown = boss.get(path).text
    assert "3 of 7 are said in German" in shown
    assert shown.index("Bank transfer") < shown.index('value="Basis"'), "what is missing comes first"
    assert "Basis" in clerk.get(path).text
    assert "said-" not in clerk.get(path).text
    assert "Bank transfer" not in boss.get(f"{path}&q=BILDSCHIRM").text
    assert "Second screen" in boss.get(f"{path}&q=BILDSCHIRM").text
    said(shop, "de", {"Basic": "Einfach"})  # a colleague, meanwhile
    mark = mark_of("Basic")
    boss.post("/admin/words", {"language": "de", f"said-{mark}": "Basis", f"was-{mark}": "Basis"}, page=path)
    assert ">Einfach<" in reads(shop.visitor(), "/", "de")
    wrong = boss.post("/admin/words", {"language": "de", f"said-{mark}": "B" * 151}, page=path)
    assert wrong.status_code == 422
    assert "longer than 150 characters" in wrong.text
    assert "B" * 151 in wrong.text, "what was typed stays"
    for odd in ("/admin/words?language=xx", "/admin/words?language=de&from=999999", "/admin/words?q=%00"):
        assert boss.get(odd).status_code in (200, 404), odd


def test_words_go_out_as_a_file_and_come_back(shop: Shop):
    boss = shop.person("staff", "boss@example.com", "*")
    (basic,) = shop.rows(Plan, Plan.code == "basic")
    shop.change(Plan, basic.id, description="=SUM(A1)\nNews; films, “series”")
    said(shop, "de", GERMAN)
    file = boss.get("/admin/words?format=csv").data
    assert file.decode("utf-8-sig").splitlines()[0].startswith("text,where,en,ar,de")
    rows = word_rows(file)
    assert {row["text"]: row["de"] for row in rows if row["de"]} == GERMAN
    assert "=SUM(A1)\nNews; films, “series”" in [row["text"] for row in rows], "as it stands in the catalogue"
    sent = "text;ar;de\r\nBasic;الأساسية;Basis\r\nBasik;;Basis\r\nGift;;=Geschenk\r\n".encode("utf-8-sig")
    for dry_run, told, stored in ({"dry_run": "y"}, "2 words would be taken in", 3), ({}, "2 words are taken in", 5):
        fields = {"file": (io.BytesIO(sent), "words.csv"), **dry_run}
        answer = boss.post("/admin/words/file", fields, page="/admin/words/file")
        assert told in answer.text
        assert "1 cell was refused" in answer.text
        assert "Basik: no name or description that customers read is exactly so" in answer.text
        assert len(shop.rows(OwnWord)) == stored
    again = boss.get("/admin/words?format=csv").data
    answer = boss.post("/admin/words/file", {"file": (io.BytesIO(again), "words.csv")}, page="/admin/words/file")
    assert "0 words are taken in" in answer.text
    for wrong in (b"", b"name,de\nBasic,Basis\n", b"text,xx\nBasic,Basis\n", b"text,text\na,b\n", b"\xff\xfe\x00"):
        answer = boss.post("/admin/words/file", {"file": (io.BytesIO(wrong), "words.csv")}, page="/admin/words/file")
        assert answer.status_code == 422, wrong


def test_many_texts_come_in_pages(shop: Shop):
    boss = shop.person("staff", "boss@example.com", "*")
    with shop.app.app_context(), writing(SYSTEM) as tx:
        for number in range(30):
            plan = {"code": f"more-{number}", "name": f"More {number:02}", "kind": "stream"}
            tx.session.add(Plan(seller_id=shop.seller_id, **plan))
    first = boss.get("/admin/words?language=ar&q=more").text
    (further,) = re.findall(r'href="([^"]+)" rel="next"', first)
    second = boss.get(further.replace("&amp;", "&")).text
    named = [re.findall(r">(More \d\d)<", page) for page in (first, second)]
    assert [len(one) for one in named] == [25, 5]
    assert len({*named[0], *named[1]}) == 30
    assert 'lang="ar" dir="rtl"' in second
    assert 'rel="next"' not in second
