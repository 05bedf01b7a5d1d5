"""Pages that an operator writes: what everybody reads, in which language, and what only staff see."""

import pytest
from sqlalchemy import select
from web_shop import Shop

from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.consents import Consent
from billhead.models.content import ContentPage, ContentText, ContentVersion
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.web.markdown import as_page, in_blocks
from billhead.web.storefront.agreeing import keep_agreement


@pytest.fixture
def staff(shop: Shop):
    return shop.person("staff", "boss@example.com", "*")


def add_page(shop: Shop, staff, slug="terms", **more) -> int:
    page = "/admin/pages/new"
    fields = {"slug": slug, "place": "footer", "position": "10", **more}
    answer = staff.post(page, fields, page=page)
    assert answer.status_code == 303, answer.text
    return int(answer.location.split("/")[-2])


def write(staff, key, body="Be *nice*.", *, language="en", title="Our terms", act="publish", began="", **more):
    page = f"/admin/pages/{key}/{language}"
    fields = {"title": title, "body": body, "act": act, "began_with": began, **more}
    return staff.post(page, fields, page=page)


def test_headings_that_were_typed_stand_below_ours():
    assert "<h2>A</h2>" in as_page("# A")
    assert "<h2>A</h2>" in as_page("### A")
    assert as_page("## A\n\n### B", 3) == "<h3>A</h3>\n<h4>B</h4>\n"
    assert "&lt;script&gt;" in as_page("<script>")
    assert in_blocks("Hello.\n\n## Fast ##\nIn a minute.\n## Cheap") == (
        "Hello.", [("Fast", "In a minute."), ("Cheap", "")]
    )  # fmt: skip
    assert in_blocks("") == ("", [])


def test_a_shop_without_pages_is_offered_the_usual_ones_as_blank_drafts(shop: Shop, staff):
    assert "No pages yet" in staff.get("/admin/pages").text
    for _ in range(2):
        assert staff.post("/admin/pages/usual", page="/admin/pages").status_code == 303
    shown = staff.get("/admin/pages").text
    for title in ("Imprint", "Terms", "Privacy", "Refunds"):
        assert title in shown
    assert "The usual pages" not in shown
    assert [row.body for row in shop.rows(ContentVersion)] == [""] * 4, "no word of law is ours"
    visitor = shop.visitor()
    assert visitor.get("/pages/terms").status_code == 404, "a draft"
    assert "/pages/terms" not in visitor.get("/").text
    refused = write(staff, 2, "", title="Terms")
    assert refused.status_code == 422
    assert "Write it before you publish it" in refused.text


def test_a_page_is_drafted_looked_at_published_and_read_in_the_readers_language(shop: Shop, staff):
    key = add_page(shop, staff, "Our Terms!")
    looked = write(staff, key, act="look", description="What holds <here>.")
    assert looked.location == f"/pages/our-terms?page={key}&language=en&version=1"
    assert "Nobody else sees it" in staff.get(looked.location).text
    visitor, trainee = shop.visitor(), shop.person("staff", "trainee@example.com")
    for stranger in (visitor, trainee, shop.customer()):
        assert stranger.get(looked.location).status_code == 404
    assert write(staff, key, description="What holds <here>.").status_code == 303
    assert len(shop.rows(ContentVersion)) == 1, "published as it was kept"
    page = visitor.get("/pages/our-terms").text
    assert '<article class="medium" lang="en" dir="ltr">' in page
    assert "Be <em>nice</em>." in page
    assert '<meta name="description" content="What holds &lt;here&gt;.">' in page
    assert 'rel="alternate"' not in page, "one language has no others"
    assert write(staff, key, "كن لطيفا", language="ar", title="الشروط").status_code == 303
    assert write(staff, key, "Sei nett.", language="de", title="Bedingungen", act="keep").status_code == 303
    arabic = {"Accept-Language": "ar"}
    read = visitor.get("/pages/our-terms", headers=arabic).text
    assert '<article class="medium" lang="ar" dir="rtl">' in read
    assert 'hreflang="ar"' in read
    assert 'lang="ar">الشروط</a>' in visitor.get("/", headers=arabic).text, "at the foot of every page"
    german = visitor.get("/pages/our-terms", headers={"Accept-Language": "de"}).text
    assert 'lang="en" dir="ltr">' in german, "German is a draft: English"
    assert 'lang="ar" dir="rtl">' in visitor.get("/pages/our-terms?language=ar").text
    assert visitor.get("/pages/our-terms?language=xx").status_code == 200
    assert visitor.get("/pages/nothing").status_code == 404


def test_an_older_version_comes_back_as_a_new_one_and_all_of_it_is_written_down(any_shop: Shop):
    shop, staff = any_shop, any_shop.person("staff", "boss@example.com", "*")
    key = add_page(shop, staff)
    write(staff, key, "First.")
    write(staff, key, "Second.")
    write(staff, key, "A draft of a third.", act="keep")
    visitor = shop.visitor()
    assert "Second." in visitor.get("/pages/terms").text
    assert "newer draft" in staff.get("/admin/pages").text
    stale = write(staff, key, "Mine.", began="2")
    assert stale.status_code == 422
    assert "somebody has saved this page meanwhile" in stale.text.lower()
    back = f"/admin/pages/{key}/en/1/back"
    assert staff.post(back, {}, page=back).status_code == 422, "a reason is asked for"
    assert staff.post(back, {"reason": "the second was wrong"}, page=back).status_code == 303
    assert "First." in visitor.get("/pages/terms").text
    assert [(row.number, row.body, row.author) for row in shop.rows(ContentVersion)] == [
        (1, "First.", "boss@example.com"),
        (2, "Second.", "boss@example.com"),
        (3, "A draft of a third.", "boss@example.com"),
        (4, "First.", "boss@example.com"),
    ]
    assert [row.published_at is not None for row in shop.rows(ContentVersion)] == [True, True, False, True]
    gone = f"/admin/pages/{key}/en/unpublish"
    assert staff.post(gone, {"reason": "to be rewritten"}, page=gone).status_code == 303
    assert visitor.get("/pages/terms").status_code == 404
    assert staff.post(back.replace("/1/", "/9/"), {"reason": "x"}, page=back).status_code == 404
    remove = f"/admin/pages/{key}/remove"
    assert "was published" in staff.post(remove, {"reason": "x"}, page=remove).text
    never = add_page(shop, staff, "never")
    write(staff, never, act="keep")
    remove = f"/admin/pages/{never}/remove"
    assert staff.post(remove, {"reason": "x"}, page=remove).status_code == 303
    assert [row.slug for row in shop.rows(ContentPage)] == ["terms"]
    done = {row.action for row in shop.rows(AuditEntry, AuditEntry.subject == f"page:{key}")}
    assert done == {"content.save_page", "content.save_text", "content.put_back", "content.unpublish_text"}
    assert "the second was wrong" in staff.get(f"/admin/pages/{key}").text


def test_the_front_has_a_headline_an_introduction_and_blocks(shop: Shop, staff):
    visitor = shop.visitor()
    assert "Pick your plan, watch in a minute" in visitor.get("/").text
    key = add_page(shop, staff, "front", place="front")
    body = "All of **Finland**.\n\n## Sport\nEvery match.\n\n## No contract\nStop when you like."
    write(staff, key, body, title="North <TV>", description="TV of the north")
    front = visitor.get("/").text
    assert '<h1 lang="en" dir="ltr">North &lt;TV&gt;</h1>' in front
    assert "All of <strong>Finland</strong>." in front
    assert "<h2>Sport</h2>" in front
    assert "Pick your plan" not in front
    assert 'content="TV of the north"' in front
    assert visitor.get("/pages/front").location == "/"
    second = {"slug": "other", "place": "front", "position": "1"}
    assert staff.post("/admin/pages/new", second, page="/admin/pages/new").status_code == 422
    agreed = {"slug": "front", "place": "front", "position": "1", "must_agree": "y"}
    assert staff.post(f"/admin/pages/{key}", agreed, page="/admin/pages").status_code == 422


def test_who_orders_agrees_to_the_version_that_was_shown(any_shop: Shop):
    shop, staff = any_shop, any_shop.person("staff", "boss@example.com", "*")
    key = add_page(shop, staff, must_agree="y")
    ada = shop.customer()
    ada.post("/plans/basic", {"term": "1 month"})
    assert "agree to" not in ada.get("/checkout").text, "nothing is published"
    write(staff, key)
    assert 'value="terms/en/1" required' in ada.get("/checkout").text
    card = {"account": str(shop.accounts["cards"])}
    refused = ada.post("/checkout", card)
    assert refused.status_code == 422
    assert "Please agree to “Our terms” first." in refused.text
    assert shop.rows(Document) == []
    write(staff, key, "Be very nice.")
    stale = ada.post("/checkout", {**card, "agreed": "terms/en/1"})
    assert "“Our terms” has changed meanwhile" in stale.text
    assert ada.post("/checkout", {**card, "agreed": "terms/en/2"}).status_code == 303
    [kept] = shop.rows(Consent)
    assert (kept.what, kept.version, kept.address) == ("terms", "terms/en/2", "127.0.0.1")
    assert len(shop.rows(Document)) == 1
    eve = shop.customer("eve@example.com")
    eve.post("/plans/gift", {"term": "1 month"})
    assert eve.post("/checkout").status_code == 422, "also where nothing is to pay"


def test_a_version_that_came_after_the_form_was_checked_is_not_in_the_log(shop: Shop, staff):
    key = add_page(shop, staff, must_agree="y")
    write(staff, key)
    write(staff, key, "Be very nice.")
    shop.customer()
    [ada] = shop.rows(Customer)
    sent = {"method": "POST", "data": {"agreed": "terms/en/1"}}
    with shop.app.test_request_context("/checkout", **sent), writing(Context.system("test")) as tx:
        keep_agreement(tx, ada.id)
    assert shop.rows(Consent) == []


@pytest.mark.parametrize(
    "wrong",
    [{"slug": "!!!"}, {"slug": "terms"}, {"slug": ""}, {"place": "moon"}, {"position": "1000"}, {"position": "x"}],
)
def test_what_cannot_be_is_refused_at_its_field(shop: Shop, staff, wrong):
    add_page(shop, staff)
    fields = {"slug": "other", "place": "menu", "position": "1", **wrong}
    assert staff.post("/admin/pages/new", fields, page="/admin/pages/new").status_code == 422
    assert len(shop.rows(ContentPage)) == 1


def test_another_sellers_pages_are_not_there(shop: Shop, staff):
    key = add_page(shop, staff)
    write(staff, key)
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        other = Seller(code="south", name="S", legal_name="S", country="FI", currency="EUR")
        tx.session.add(other)
        tx.session.flush()
        tx.session.add(ContentPage(id=77, seller_id=other.id, slug="theirs", place="menu"))
        tx.session.add(ContentText(page_id=77, language="en", newest=1, shown=1))
        row = tx.session.scalars(select(ContentVersion)).one()
        words = {"title": "Theirs", "body": "Theirs.", "at": row.at, "author": "x"}
        tx.session.add(ContentVersion(page_id=77, language="en", number=1, **words))
    visitor = shop.visitor()
    assert visitor.get("/pages/theirs").status_code == 404
    assert "Theirs" not in visitor.get("/").text
    assert "Theirs" not in staff.get("/admin/pages").text
    for path in ("/admin/pages/77", "/admin/pages/77/en", "/admin/pages/77/remove", "/admin/pages/77/en/1/back"):
        assert staff.get(path).status_code == 404, path
    assert staff.get("/pages/theirs?page=77&language=en&version=1").status_code == 404
    assert visitor.get("/pages/theirs", base_url="http://south.example").status_code == 200
    assert visitor.get("/pages/terms", base_url="http://south.example").status_code == 404
