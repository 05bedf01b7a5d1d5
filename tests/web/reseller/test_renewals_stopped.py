"""Renewing many is stopped half way: what is done stays, and what waits costs nothing."""

import re

from reseller_area import Area

from billhead.actions.resellers.renew_next import renew_next
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.operations import AuditEntry
from billhead.models.resellers import BulkRenewal, BulkRenewalItem


def test_renewals_are_stopped_half_way(area: Area):
    shop, baltic = area.shop, area.browsers["baltic"]
    keys = [area.add("baltic", name) for name in ("Anna", "Bob", "Cleo")]
    shop.work()
    picked = {"pick": [str(key) for key in keys]}
    shown = baltic.post("/reseller/users/renew", picked, page="/reseller/users").text
    sure = re.search(r'name="sure" value="([^"]+)"', shown)[1]
    begun = baltic.post("/reseller/users/renew", {**picked, "sure": sure}, page="/reseller/users").location
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        renew_next(tx, 1)  # as the job does it, one after the other
    stop = f"{begun}/stop"
    assert f'href="{stop}"' in baltic.get(begun).text
    for other in ("coast", "gulf"):
        assert area.browsers[other].post(stop).status_code == 404
    assert shop.rows(BulkRenewal)[0].state == "running"
    assert baltic.yes(stop).location == begun
    shop.work()  # the job finds nothing to do
    assert [one.state for one in shop.rows(BulkRenewalItem)] == ["renewed", "stopped", "stopped"]
    assert area.credits("baltic") == 10000 - 3 * 1000 - 1000
    done = baltic.get(begun).text
    assert "who had not been renewed by then" in done
    assert stop not in done
    again = baltic.yes(stop)
    assert again.status_code == 422
    assert "there is nothing to stop" in again.text
    (row,) = shop.rows(AuditEntry, AuditEntry.action == "resellers.stop_renewals")
    assert (row.actor.split(":")[0], row.subject) == ("reseller", "bulk:1")
