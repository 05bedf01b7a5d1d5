"""Resellers read what everybody is told: pinned announcements above every page, the ways to news and help below it."""

from datetime import timedelta

from reseller_area import Area

from billhead import clock
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.helping import Announcement


def test_banners_and_the_links_below(area: Area):
    shop = area.shop
    at = clock.business_now() - timedelta(hours=1)
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        about = {"seller_id": shop.seller_id, "starts_at": at}
        tx.session.add(Announcement(title="Panels rest on Monday", body="From 02:00.", pinned=True, **about))
    baltic = area.browsers["baltic"]
    for address in ("/reseller/", "/reseller/users", "/reseller/credits"):
        page = baltic.get(address).text
        assert '<div class="notice" data-tone="news" role="status"><strong dir="auto">Panels rest on Monday' in page
        foot = page.partition('<footer class="foot">')[2]
        for link in ("/news", "/status", "/help"):
            assert f'href="{link}"' in foot
        assert "finds a user" in foot
    assert "Panels rest on Monday" in baltic.get("/news").text
