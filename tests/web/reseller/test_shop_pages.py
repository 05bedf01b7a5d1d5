"""A reseller writes pages for its own shop: read there and nowhere else, and nobody else's are touched."""

from white_label import WhiteLabel

from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.content import ContentPage, ContentVersion
from billhead.models.operations import AuditEntry
from billhead.models.people import Reseller

LIST = "/reseller/shop/pages"
TERMS = {"slug": "Terms", "place": "footer", "position": "10", "must_agree": "y"}
WORDS = {"title": "Our terms", "body": "## Paying\n\n<script>alert(1)</script>", "began_with": "0"}


def test_pages_of_a_shop_are_its_resellers(white_label: WhiteLabel):
    shop, aurora = white_label.shop, white_label.area.browsers["aurora"]
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        tx.session.add(ContentPage(seller_id=shop.seller_id, slug="terms"))  # the operator's
    assert "No pages yet" in aurora.get(LIST).text
    for wrong in ({"slug": ""}, {"slug": "!"}, {"place": "everywhere"}, {"position": "-1"}, {"place": "front"}):
        assert aurora.post(f"{LIST}/new", TERMS | wrong, page=LIST).status_code == 422, wrong
    made = aurora.post(f"{LIST}/new", TERMS, page=LIST).location
    assert made == f"{LIST}/2/en"
    assert aurora.post(f"{LIST}/new", TERMS, page=LIST).status_code == 422  # the address is taken
    # a draft is nobody's to read
    assert aurora.post(made, WORDS | {"title": ""}, page=LIST).status_code == 422
    assert aurora.post(made, WORDS | {"body": "", "publish": "1"}, page=LIST).status_code == 422
    assert aurora.post(made, WORDS | {"keep": "1"}, page=LIST).status_code == 303
    visitor = white_label.visitor("aurora")
    assert visitor.get("/pages/terms").status_code == 404
    assert "draft" in aurora.get(LIST).text
    assert aurora.post(made, WORDS | {"body": "Late", "publish": "1"}, page=LIST).status_code == 422  # saved meanwhile
    assert aurora.post(made, WORDS | {"began_with": "1", "publish": "1"}, page=LIST).status_code == 303
    read = visitor.get("/pages/terms").text
    assert "Our terms" in read
    assert "<script>alert" not in read
    assert "Our terms" in visitor.get("/").text
    assert white_label.visitor("gulf").get("/pages/terms").status_code == 404
    assert shop.visitor().get("/pages/terms").status_code == 404
    # what was published is kept, and taken back
    assert aurora.yes(f"{LIST}/2/remove").status_code == 422
    assert aurora.post(f"{made}/unpublish", page=LIST).status_code == 303
    assert visitor.get("/pages/terms").status_code == 404
    assert [one.author for one in shop.rows(ContentVersion)] == ["aurora@example.com"]
    did = [one.action for one in shop.rows(AuditEntry) if one.action.startswith("shops.")]
    assert {"shops.save_page", "shops.save_text", "shops.unpublish_text"} <= set(did)
    # the operator's page, another shop's, and who has no shop
    for other, number in (("aurora", 1), ("gulf", 2), ("baltic", 2)):
        browser = white_label.area.browsers[other]
        for path in (f"{LIST}/{number}", f"{LIST}/{number}/en", f"{LIST}/{number}/remove"):
            assert browser.get(path).status_code == 404, (other, path)
            assert browser.post(path, TERMS | WORDS | {"publish": "1"}, page="/reseller/").status_code == 404
        assert browser.post(f"{LIST}/{number}/en/unpublish", page="/reseller/").status_code == 404
    assert aurora.get(f"{LIST}/2/xx").status_code == 404
    shop.change(Reseller, white_label.area.ids["aurora"], suspended=True)
    assert aurora.post(made, WORDS | {"began_with": "1", "publish": "1"}, page=LIST).status_code == 403
    assert visitor.get("/pages/terms").status_code == 404
    with shop.asking() as few:
        aurora.get(LIST)
    assert len(few) < 25
