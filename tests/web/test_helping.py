"""Help articles, announcements and the network's status: who reads what, and what vandals get."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select
from web_shop import Shop

from billhead import clock
from billhead.actions.helping._words import searched, slug_of, words_in
from billhead.actions.helping.find_articles import find_articles
from billhead.actions.helping.save_article import ArticleEntry, save_article
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.helping import Announcement, HelpArticle, PanelStatus
from billhead.models.panels import Panel
from billhead.models.sellers import Seller
from billhead.web.markdown import as_html

SYSTEM = Context.system("test")


@pytest.fixture
def staff(shop: Shop):
    return shop.person("staff", "boss@example.com", "*")


def write(staff, title, body="Text.", **more):
    page = "/admin/articles/new"
    fields = {"title": title, "category": "Picture", "language": "en", "body": body, "published": "y", **more}
    return staff.post(page, fields, page=page)


def test_words_are_compared_without_case_accents_and_marks():
    assert searched("Kein **Bild**? Größe_wählen") == "kein bild grosse wahlen"
    assert words_in("a No, NO picture! x") == ["no", "picture"]
    assert len(words_in("ab " * 3 + " ".join(f"w{n}" for n in range(50)))) == 6
    assert slug_of("No picture? (Ärger)") == "no-picture-arger"
    assert slug_of("Нет") == ""


@pytest.mark.parametrize(
    "evil",
    [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt&#58;alert(1))",
        "[x](data:text/html;base64,x)",
        "![x](https://tracker.example/pixel.png)",
        '<https://ok.example/"onmouseover=alert(1)>',
        "[x]: javascript:alert(1)\n\n[x]",
    ],
)
def test_markdown_can_do_nothing_but_be_read(evil):
    html = str(as_html(evil)).lower()
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert 'href="data' not in html
    assert '"onmouseover' not in html
    assert '<a href="https://a.example/">' in as_html("[ok](https://a.example/)")


def test_articles_are_written_found_read_and_rated(shop: Shop, staff):
    visitor = shop.visitor()
    assert "No articles yet" in visitor.get("/help").text
    assert write(staff, "Нет").status_code == 422, "an address has to be written"
    assert write(staff, "No picture at all", "Switch the **box** off.\n\n<script>x</script>").status_code == 303
    assert write(staff, "No picture at all").status_code == 422, "the address is taken"
    assert write(staff, "Sound is late", "With a picture, but no sound in step.").status_code == 303
    assert write(staff, "A draft of a picture", published="").status_code == 303
    home = visitor.get("/help").text
    assert "No picture at all" in home
    assert "A draft" not in home
    found = visitor.get("/help?q=NO+Picture").text
    assert found.index("No picture at all") < found.index("Sound is late"), "a title counts more"
    assert "Nothing has all these words" in visitor.get("/help?q=100%25+_").text
    assert "Sound is late" in visitor.get("/help/suggest?q=sound").text
    read = visitor.get("/help/en/no-picture-at-all").text
    assert "<strong>box</strong>" in read
    assert "<script>x" not in read
    for path in ("/help/en/a-draft-of-a-picture", "/help/de/no-picture-at-all", "/help/en/../../etc/passwd"):
        assert visitor.get(path).status_code == 404
    for _ in range(3):
        assert visitor.post("/help/en/no-picture-at-all", {"helped": "yes"}).status_code == 303
    assert shop.visitor().post("/help/en/no-picture-at-all", {"helped": "no"}).status_code == 303
    with shop.app.app_context(), reading() as session:
        row = session.get(HelpArticle, 1)
        assert (row.helped, row.not_helped) == (1, 0), "once for an address and a day"
    assert "Thank you" in visitor.get("/help/en/no-picture-at-all").text


def test_what_is_not_translated_is_read_in_english(shop: Shop, staff):
    write(staff, "No picture", "Switch it off and on.", slug="no-picture")
    write(staff, "Sound is late", "Wait a moment.", slug="late-sound")
    write(staff, "Kein Bild", "Aus und wieder an.", slug="no-picture", language="de", category="Bild")
    reader = shop.visitor()
    reader.client.set_cookie("language", "de")
    home = reader.get("/help").text
    assert 'href="/help/de/no-picture">Kein Bild</a>' in home
    assert 'href="/help/en/late-sound" hreflang="en" lang="en">Sound is late</a> <span class="fine">English' in home
    assert home.index("Kein Bild") < home.index("Sound is late"), "one's own language first"
    assert "No picture" not in home, "it is translated"
    found = reader.get("/help?q=off+on").text
    suggested = reader.get("/help/suggest?q=moment").text
    assert 'target="_blank" hreflang="en" lang="en">Sound is late</a> <span class="fine">English' in suggested
    assert "/help/en/no-picture" not in found
    english = shop.visitor().get("/help").text
    assert "No picture" in english
    assert "Kein Bild" not in english


def test_a_language_without_articles_reads_english_and_ten_thousand_are_bounded(app_context):
    with writing(SYSTEM) as tx:
        seller = Seller(code="n", name="N", legal_name="N", country="FI", currency="EUR")
        tx.session.add(seller)
        tx.session.flush()
        body = "Schalte die Box aus, 100% sicher."
        save_article(tx, seller.id, ArticleEntry("Kein Bild", "Bild", "de", body, published=True))
        save_article(tx, seller.id, ArticleEntry("No picture (Bild)", "Picture", "en", "Off and on.", published=True))
        shared = {"seller_id": seller.id, "language": "en", "category": "x", "title": "t", "body": "b",
                  "published": True, "changed_at": clock.now()}  # fmt: skip
        many = [{**shared, "slug": f"s{n}", "title_words": "bild", "words": f"bild {n}"} for n in range(10_000)]
        tx.session.execute(insert(HelpArticle), many)
    with reading() as session:
        found = find_articles(session, seller.id, "de", "BILD")
        assert (len(found), found[0].title) == (20, "Kein Bild"), "one's own language first"
        assert [one.title for one in find_articles(session, seller.id, "de", "sicher 100%")] == ["Kein Bild"]
        assert find_articles(session, seller.id, "fr", "Off picture")[0].title == "No picture (Bild)"
        assert find_articles(session, seller.id + 1, "de", "Bild") == [], "another shop's"


def test_announcements_are_for_their_readers_and_their_time(shop: Shop, staff):
    ada, eve = shop.customer(), shop.customer("eve@example.com")
    shop.order(ada)
    shop.pay()
    shop.work()
    page = "/admin/announcements/new"
    told = {"title": "Maintenance <b>tonight</b>", "body": "From **2** to 3.", "panel": str(shop.panel_id),
            "pinned": "y", "readers": "everybody", "starts_at": "2020-01-01T10:00"}  # fmt: skip
    assert staff.post(page, {**told, "ends_at": "2019-01-01T10:00"}, page=page).status_code == 422
    assert staff.post(page, told, page=page).status_code == 303
    with shop.app.app_context(), reading() as session:
        assert session.scalars(select(Announcement)).one().starts_at == datetime(2020, 1, 1, 8, tzinfo=UTC), "Helsinki"
    assert "Maintenance &lt;b&gt;tonight" in ada.get("/account/").text, "she watches by this panel"
    assert "Maintenance" not in eve.get("/account/").text
    assert "Maintenance" not in shop.visitor().get("/").text
    assert "<strong>2</strong>" in ada.get("/news").text
    assert "No news" in eve.get("/news").text
    assert "Maintenance" in shop.person("reseller", "r@example.com").get("/news").text
    assert shop.visitor().get("/news").location.startswith("/sign-in")

    words = "/admin/announcements/1/de"
    assert 'href="/admin/announcements/1/de"' in staff.get("/admin/announcements/1").text
    assert staff.get("/admin/announcements/1/xx").status_code == 404
    assert staff.post(words, {"title": "Wartung", "body": ""}, page=words).status_code == 422
    assert staff.post(words, {"title": "Wartung <i>", "body": "Von **2** bis 3."}, page=words).status_code == 303
    ada.client.set_cookie("language", "de")
    assert "Wartung &lt;i&gt;" in ada.get("/account/").text
    assert "Von <strong>2</strong>" in ada.get("/news").text
    ada.client.set_cookie("language", "fr")  # what nobody has written in French is read as it was first written
    assert "Maintenance &lt;b&gt;tonight" in ada.get("/account/").text
    assert staff.post(words, {"title": "", "body": ""}, page=words).status_code == 303
    ada.client.set_cookie("language", "de")
    assert "Maintenance &lt;b&gt;tonight" in ada.get("/account/").text
    ada.client.set_cookie("language", "en")
    shop.change(Announcement, 1, ends_at=clock.business_now() - timedelta(minutes=1))
    assert "Maintenance" not in ada.get("/account/").text
    assert "No news" in ada.get("/news").text


def test_the_status_tells_no_secrets(shop: Shop, staff):
    visitor = shop.visitor()
    shop.change(Panel, shop.panel_id, name="xtream-07.internal", last_error="http://10.0.0.7:8080 refused")
    assert "Nothing is told here yet" in visitor.get("/status").text
    page = f"/admin/network-status/{shop.panel_id}"
    assert staff.post(page, {"name": "http://10.0.0.7", "said": "", "words": ""}, page=page).status_code == 422
    assert staff.post(page, {"name": "Sports <1>", "said": "", "words": ""}, page=page).status_code == 303
    shown = visitor.get("/status").text
    assert "Sports &lt;1&gt;" in shown
    assert "Everything works." in shown
    shop.change(Panel, shop.panel_id, failures=3)
    shown = visitor.get("/status").text
    assert "A part of it is disturbed." in shown
    for secret in ("xtream-07", "10.0.0.7", "8080", "tv.example"):
        assert secret not in shown
    shop.change(Panel, shop.panel_id, maintenance=True)
    assert "We are working on a part of it." in visitor.get("/status").text
    staff.post(page, {"name": "Sports", "said": "operational", "words": "Back since noon."}, page=page)
    shown = visitor.get("/status").text
    assert "Everything works." in shown
    assert "Back since noon." in shown
    staff.post(page, {"name": "", "said": "", "words": ""}, page=page)
    with shop.app.app_context(), reading() as session:
        assert session.scalars(select(PanelStatus)).all() == []
    trainee = shop.person("staff", "trainee@example.com")
    assert trainee.get(page).status_code == 403
