"""What the reseller's pages say: nothing of the operator's house, no button that is refused, and figures in order."""

from reseller_area import Area
from sqlalchemy import select

from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.catalogue import Plan, Price
from billhead.models.panels import Panel
from billhead.models.subscriptions import Service


def test_end_is_offered_where_both_who_looks_and_who_paid_may(area: Area):
    aurora, baltic_page = area.browsers["aurora"], f"/reseller/resellers/{area.ids['baltic']}"
    anna = area.add("baltic", "Anna")
    end = f'href="/reseller/users/{anna}/terminate"'
    assert end in aurora.get(f"/reseller/users/{anna}").text
    rights = {"name": "Baltic", "sells": ["basic"], "trials_per_day": "1", "terminate": ""}
    shown = aurora.post(f"{baltic_page}/rights", rights)
    assert aurora.yes(f"{baltic_page}/rights", shown, **rights).status_code == 303
    assert end not in aurora.get(f"/reseller/users/{anna}").text


def test_a_full_panel_has_no_name_for_a_reseller_and_a_name_can_be_seen(area: Area):
    baltic = area.browsers["baltic"]
    area.add("baltic", "Anna")
    wish = {"offer": "basic|1 month", "name": "Bo", "language": "en"}
    for panel in area.shop.rows(Panel):
        area.shop.change(Panel, panel.id, capacity=1)
    refused = baltic.post("/reseller/users/new", wish)
    assert "There is no room for new lines at the moment. Try again later" in refused.text
    assert "full or under maintenance" not in refused.text
    assert baltic.post("/reseller/users/new", wish | {"name": "\u200b"}).status_code == 422
    assert len(area.shop.rows(Service)) == 1


def test_add_ons_are_told_by_length_and_for_the_chosen_term_alone(area: Area):
    baltic = area.browsers["baltic"]
    with area.shop.app.app_context(), writing(Context.system("test")) as tx:
        screen = tx.session.scalars(select(Price).join(Plan).where(Plan.code == "screen")).first()
        for term, minor in (("24 months", 3600), ("3 months", 550), ("12 months", 2000)):
            about = {"book_id": screen.book_id, "plan_id": screen.plan_id, "amount_minor": 100}
            tx.session.add(Price(term=term, credit_minor=minor, **about))
    told = "3.00 / month · 5.50 / 3 months · 20.00 / 12 months · 36.00 / 24 months"
    assert told in baltic.get("/reseller/users/new").text.replace("<bdi>", "").replace("</bdi>", "")
    anna = area.add("baltic", "Anna")
    page = baltic.get(f"/reseller/users/{anna}/change").text
    assert "<bdi>3.00 / month</bdi></span>" in page


def test_arabic_pages_keep_figures_names_and_addresses_in_their_order(area: Area):
    baltic = area.browsers["baltic"]
    anna = area.add("baltic", "Anna", offer="box|1 month", mac="00:1A:79:51:6E:21")
    baltic.client.set_cookie("language", "ar")
    assert '<code dir="ltr">00:1A:79:51:6E:21</code>' in baltic.get(f"/reseller/users/{anna}").text
    new = baltic.get("/reseller/users/new").text
    assert "\u200e-" in new, "what would be left, below zero"
    for field in ('id="mac"', 'id="email"', 'id="phone"'):
        tag = next(part for part in new.split("<input")[1:] if field in part.split(">")[0]).split(">")[0]
        assert 'dir="ltr"' in tag, field
    assert "<strong><bdi>" in baltic.get("/reseller/credits/buy").text
