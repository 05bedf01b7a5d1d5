"""The plans beside each other."""

import re

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


def test_some_are_chosen_and_no_more_than_fit_beside_each_other(shop: Shop):
    visitor = shop.visitor()
    assert shown(visitor.get("/compare").text) == ["Gift", "Basic", "Basic for boxes"]
    assert shown(visitor.get("/compare?plan=basic&plan=gift").text) == ["Gift", "Basic"], "as the shop has them"
    assert len(shown(visitor.get("/compare?plan=nothing").text)) == 3, "what there is not is passed over"


def shown(page: str) -> list[str]:
    return re.findall(r'<th scope="col">([^<]+)</th>', page)
