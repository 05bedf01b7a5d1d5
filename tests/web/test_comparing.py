"""The plans beside each other."""

from web_shop import Shop


def test_plans_stand_beside_each_other_with_what_a_longer_term_saves(shop: Shop):
    visitor = shop.visitor()
    assert 'href="/compare"' in visitor.get("/").text
    page = visitor.get("/compare").text
    for told in ("Basic", "€9.99", "€100.00", "about €8.33 a month"):
        assert told in page, told
    assert "16 % less than month by month" in page  # 12 × 9.99 = 119.88; 19.88 of it are 16.58 %
    assert "Hidden" not in page
    visitor.post("/currency", {"currency": "JPY"})
    yen = visitor.get("/compare").text
    assert "¥1,600" in yen
    assert "€9.99" not in yen
