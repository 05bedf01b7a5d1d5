"""What the overview draws: credits and users by week, and what ends on which day; each reseller its own."""

import re
from datetime import UTC, datetime, timedelta

from reseller_area import Area

from billhead import clock

MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)


def drawn(html: str, title: str) -> dict[str, list[str]]:
    """The chart's own table, without the places at which nothing is."""
    figure = next(part for part in html.split("<figure ")[1:] if f"<strong>{title}</strong>" in part)
    rows = re.findall(r'<th scope="row"[^>]*>([^<]*)</th>(.*?)</tr>', figure)
    found = {place: re.findall(r"<td[^>]*>([^<]*)</td>", cells) for place, cells in rows}
    return {place: cells for place, cells in found.items() if set(cells) - {"0", "0.00"}}


def test_credits_and_users_by_week_and_what_ends_when(area: Area):
    aurora, gulf = area.browsers["aurora"], area.browsers["gulf"]
    with clock.business_time(MONDAY):
        area.add("aurora", "Anna")
        bob = area.add("aurora", "Bob")
        area.add("baltic", "Dora")
        area.shop.work()
        with area.shop.asking() as of_three:
            aurora.get("/reseller/")
    with clock.business_time(MONDAY + timedelta(days=8)):
        for name in ("Cleo", "Emil", "Fay"):
            area.add("aurora", name)
        area.shop.work()
        told = {"to": str(area.ids["coast"]), "amount": "12.50"}
        aurora.yes("/reseller/credits/pass-on", aurora.post("/reseller/credits/pass-on", told), **told)
        before = area.credits("aurora")
        aurora.yes(f"/reseller/users/{bob}/terminate")
        back = area.credits("aurora") - before
        with area.shop.asking() as of_six:
            page = aurora.get("/reseller/").text
        empty = gulf.get("/reseller/").text
    assert 0 < back < 1000
    used = 3000 - back  # three months of 10.00, less the rest of Bob's
    assert drawn(page, "Credits by week") == {
        "23 Nov 2026": ["20.00", "0.00"],  # Anna and Bob; Dora is paid by Baltic
        "30 Nov 2026": [f"{used // 100}.{used % 100:02}", "12.50"],
    }
    assert drawn(page, "Users by week") == {"23 Nov 2026": ["3", "0"], "30 Nov 2026": ["3", "1"]}
    # as the list says it; the months from 1 December on last to the 31st, which is too far off
    assert drawn(page, "Ends by day") == {"22 Dec 2026": ["2"]}
    assert 'class="chart"' not in empty
    assert len(of_six) == len(of_three)
