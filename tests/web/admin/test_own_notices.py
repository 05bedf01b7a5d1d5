"""Staff choose how often they are told of what, each for themselves."""

from billhead.models.people import User


def test_one_chooses_for_oneself(counter):
    page = counter.get("/admin/what-i-am-told").text
    assert "sam@example.com" in page
    assert "Payments that arrived" not in page, "that is a customer's"
    answer = counter.post("/admin/what-i-am-told", often_ticket_news="weekly", often_upstream_low="off")
    assert answer.status_code == 303
    assert counter.row(User, 2).often == {"ticket_news": "weekly", "upstream_low": "off"}
    assert [what for _, what, _ in counter.trail("notifications.choose_own")] == ["user:2"]
    assert counter.post("/admin/what-i-am-told", often_upstream_cap="off").status_code == 422
    assert "selected" in counter.get("/admin/what-i-am-told").text
