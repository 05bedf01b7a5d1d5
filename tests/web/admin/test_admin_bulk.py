"""Bulk actions: what is shown is what happens, to each by itself, once; it can be stopped and taken back."""

import re
from datetime import date
from threading import Thread

import pytest
from sqlalchemy import select

from billhead import clock
from billhead.actions.bulk._kinds import KINDS
from billhead.actions.bulk.do_next import do_next
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.bulk import BulkAction, BulkItem
from billhead.models.catalogue import Plan
from billhead.models.operations import Notice
from billhead.models.people import Customer, Reseller
from billhead.models.subscriptions import FreeTime, Service, Subscription

PAGE = "/admin/subscriptions/bulk"


def many(counter, count: int) -> list[int]:
    """Further subscriptions of Ada, as her first one stands."""
    with counter.shop.app.app_context(), reading() as session:
        first = session.get_one(Subscription, 1)
        names = [c.key for c in Subscription.__mapper__.column_attrs if c.key != "id"]
        values = {name: getattr(first, name) for name in names} | {"external_ref": None}
    return counter.add(*(Subscription(**values) for _ in range(count)))


def ask(counter, query: str = "", **fields) -> int:
    """Look at the figures, say yes; the id of the bulk action."""
    fields = {"reason": "outage of 20 November", **fields}
    shown = counter.post(PAGE + query, **fields)
    assert shown.status_code == 200, shown.text[-2000:]
    seen = re.search(r'name="seen"[^>]*value="(\w+)"', shown.text)[1]
    made = counter.post(PAGE + query, **fields, seen=seen)
    assert made.status_code == 303, made.text[-2000:]
    return int(made.location.rsplit("/", 1)[1])


def states(counter, bulk_id: int) -> dict[str, int]:
    with counter.shop.app.app_context(), reading() as session:
        found: dict[str, int] = {}
        for state in session.scalars(select(BulkItem.state).where(BulkItem.bulk_id == bulk_id)):
            found[state] = found.get(state, 0) + 1
        return found


def test_days_are_given_to_many_and_taken_back(any_counter):
    counter = any_counter
    others = many(counter, 30)
    counter.shop.change(Subscription, others[0], state="canceled")
    counter.shop.change(Subscription, others[1], paid_through=None)
    before = counter.row(Subscription, 1).paid_through
    expires = counter.row(Service, 1).desired_expires_at
    shown = counter.post(PAGE, kind="extend", days=2, reason="outage")
    text = " ".join(shown.text.split())
    assert "<strong>29</strong> subscriptions" in text
    assert "Left out: it does not run" in text
    assert "Left out: nothing of it was paid yet" in text
    bulk_id = ask(counter, kind="extend", days=2)
    assert "29 subscriptions: all" in counter.get(f"/admin/bulk/{bulk_id}").text
    counter.shop.change(Subscription, others[2], state="canceled")  # between the yes and the job: it keeps its end
    counter.shop.change(Subscription, others[3], paid_through=None)
    counter.shop.work()
    assert (counter.row(Subscription, 1).paid_through - before).days == 2
    assert (counter.row(Service, 1).desired_expires_at - expires).days == 2
    row = counter.row(BulkAction, bulk_id)
    assert (row.state, row.total, row.done + row.failed) == ("done", 29, 29)
    assert row.failed >= 1
    csv = counter.get(f"/admin/bulk/results?bulk={bulk_id}&format=csv").text
    assert csv.count("\n") == 30
    assert "nothing of this subscription was paid yet" in csv
    counter.shop.change(Subscription, others[4], paid_through=before)  # something moved since
    counter.confirm(f"/admin/bulk/{bulk_id}/undo", "wrong list")
    counter.shop.work()
    assert counter.row(Subscription, 1).paid_through == before
    assert counter.row(Service, 1).desired_expires_at == expires
    assert counter.row(BulkAction, bulk_id).state == "undone"
    assert states(counter, bulk_id)["stays"] == 1
    with counter.shop.app.app_context(), reading() as session:
        assert session.scalar(select(FreeTime.id).where(FreeTime.subscription_id == 1)) is None
    assert [why for _, _, why in counter.trail("bulk.undo")] == ["wrong list"]


def test_each_is_shown_with_its_end_before_and_after_and_why_it_is_left_out(counter):
    others = many(counter, 30)
    counter.shop.change(Subscription, 1, paid_through=date(2026, 12, 17))
    counter.shop.change(Subscription, others[0], state="canceled")
    deeds = counter.get(PAGE + "?state=").text
    assert 'href="/admin/subscriptions/bulk?state=&amp;kind=extend"' in deeds
    assert 'name="reason"' not in deeds
    form = counter.get(PAGE + "?kind=extend").text
    assert 'name="days"' in form
    assert 'name="words"' not in form
    shown = counter.post(PAGE, kind="extend", days=3, reason="outage").text
    assert "Give 3 days to 30</button>" in shown
    first, second = (re.sub(r"<[^>]+>|\s+", " ", row).split() for row in re.findall(r"<tr>.*?</tr>", shown, re.S)[1:3])
    assert " ".join(first) == "1 Ada Lovelace Basic 16 Dec 2026 19 Dec 2026 –"  # paid to the 17th, half-open
    assert " ".join(second).endswith("– it does not run")
    assert "25 of 31 stand here" in shown
    seen = re.search(r'name="seen"[^>]*value="(\w+)"', shown)[1]
    turned = counter.post(PAGE, kind="extend", days=3, reason="outage", seen=seen, after=others[23])
    assert turned.status_code == 200  # turning the page is no yes
    assert "6 of 31 stand here" in turned.text
    assert counter.row(Subscription, 1).paid_through == date(2026, 12, 17)


def test_ticked_ones_are_suspended_run_again_and_are_canceled(counter):
    first, second = many(counter, 2)
    query = f"?ids={first}&ids={second}"
    suspended = ask(counter, query, kind="suspend")
    counter.shop.work()
    assert [counter.row(Subscription, n).state for n in (1, first, second)] == ["active", "suspended", "suspended"]
    assert {who for who, _, why in counter.trail("subscriptions.suspend") if why == "outage of 20 November"} == {
        "staff:2"
    }
    counter.confirm(f"/admin/bulk/{suspended}/undo")
    counter.shop.work()
    assert counter.row(Subscription, first).state == "active"
    canceled = ask(counter, query, kind="cancel")
    counter.shop.work()
    assert counter.row(Subscription, first).service_ends_on == counter.row(Subscription, first).paid_through
    counter.confirm(f"/admin/bulk/{canceled}/undo")
    counter.shop.work()
    assert counter.row(Subscription, first).service_ends_on is None
    nobody = counter.post(PAGE + query, kind="restore", reason="x")
    assert "<strong>0</strong> subscriptions" in nobody.text


def test_a_message_reaches_each_customer_once(counter):
    many(counter, 3)
    missing = counter.post(PAGE, kind="message", reason="news", words="Hello")
    assert missing.status_code == 422
    bulk_id = ask(counter, kind="message", subject="New channels", words="Hello\n<b>all</b>")
    counter.shop.work()
    with counter.shop.app.app_context(), reading() as session:
        (notice,) = session.scalars(select(Notice).where(Notice.kind == "message")).all()
    assert notice.data == {"bulk_id": bulk_id}
    refused = counter.post(f"/admin/bulk/{bulk_id}/undo", reason="oh")
    assert "can&#39;t be taken back" in refused.text


def test_it_is_stopped_and_goes_on_after_a_crash_with_nobody_served_twice(any_counter):
    counter = any_counter
    many(counter, 60)
    bulk_id = ask(counter, kind="extend", days=1)

    def step() -> None:
        with counter.shop.app.app_context(), writing(Context.system("test")) as tx:
            do_next(tx, bulk_id)

    def broken() -> None:
        with counter.shop.app.app_context(), writing(Context.system("test")) as tx:
            do_next(tx, bulk_id)
            raise RuntimeError("the process is killed before its commit")

    with pytest.raises(RuntimeError):
        broken()
    assert states(counter, bulk_id) == {"waiting": 61}
    both = [Thread(target=step) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert states(counter, bulk_id) == {"done": 40, "waiting": 21}
    counter.confirm(f"/admin/bulk/{bulk_id}/cancel", "enough")
    counter.shop.work()
    assert states(counter, bulk_id) == {"done": 40, "waiting": 21}
    with counter.shop.app.app_context(), reading() as session:
        given = session.scalars(select(FreeTime.subscription_id)).all()
    assert len(given) == len(set(given)) == 40
    assert "canceled" in counter.get("/admin/bulk").text


def test_every_kind_has_a_name_and_who_may_not_write_may_not_ask(counter, shop):
    assert all(kind.label and kind.done for kind in KINDS.values())
    newcomer = shop.person("staff", "new@example.com")
    assert newcomer.get(PAGE).status_code == 403
    assert "Do something to many" not in newcomer.get("/admin/subscriptions").text
    assert 'name="ids"' in counter.get("/admin/subscriptions").text


def test_a_bulk_action_is_aimed_by_plan_panel_reseller_and_the_day_paid_to(any_counter):
    counter = any_counter
    mine, late = many(counter, 2)
    (other,) = counter.add(Plan(seller_id=1, code="other", name="Other", kind="stream"))
    since = date(2026, 1, 1)
    (north,) = counter.add(Reseller(seller_id=1, code="north", name="North", tier="reseller", created_on=since))
    nora = {"name": "Nora", "email": "nora@example.com", "country": "FI", "currency": "EUR", "reseller_id": north}
    (hers,) = counter.add(Customer(seller_id=1, created_at=clock.now(), **nora))
    counter.shop.change(Subscription, mine, plan_id=other, customer_id=hers)
    counter.shop.change(Subscription, late, paid_through=date(2026, 3, 1))
    form = counter.get("/admin/subscriptions").text
    for name in ("plan", "panel", "reseller"):
        assert f'<select class="form-select" id="by-{name}" name="{name}"' in form
    for query, chosen, told in (
        (f"plan={other}", 1, "plan Other"),
        (f"reseller={north}", 1, "reseller North"),
        ("panel=1", 1, "panel "),
        ("paid_before=2026-03-02", 1, "paid_before 2026-03-02"),
        ("paid_before=2026-03-01", 1, "paid_before 2026-03-01"),  # its last day is the 28th, as pages show it
        ("paid_before=2026-02-28", 0, "paid_before 2026-02-28"),
        (f"plan={other}&paid_before=2199-12-31", 1, "plan Other"),
        (f"plan={other}&reseller={north}&paid_before=2026-03-02", 0, "reseller North"),
    ):
        listed = counter.get(f"/admin/subscriptions?{query}")
        assert listed.text.count('name="ids"') == chosen, query
        if chosen:
            assert f'href="{PAGE}?{query.replace("&", "&amp;")}"' in listed.text
        shown = " ".join(counter.post(f"{PAGE}?{query}", kind="extend", days=1, reason="outage").text.split())
        assert f"<strong>{chosen}</strong> subscription" in shown, query
        assert told in shown
    picked = counter.get(f"/admin/subscriptions?reseller={north}").text
    assert f'<option value="{north}" selected translate="no">North</option>' in picked
    assert (
        '<option value="999" selected translate="no">#999</option>' in counter.get("/admin/subscriptions?plan=999").text
    )


def test_nobody_is_meant_by_a_filter_that_cannot_be_read(counter):
    many(counter, 3)
    for query in ("paid_before=soon", "paid_before=2026-02-30", "plan=basic", "panel=-1", "state=fine", "collection=x"):
        for refused in (counter.get(f"{PAGE}?{query}"), counter.post(f"{PAGE}?{query}", kind="suspend", reason="x")):
            assert refused.status_code == 422, query
            assert "without it all would be meant" in refused.text
    assert counter.get(PAGE).status_code == 200


def test_a_select_of_many_shows_the_first_by_name_and_the_one_asked_for(counter):
    plans = counter.add(
        *(Plan(seller_id=1, code=f"p{n:03d}", name=f"Pack {n // 2:03d}", kind="stream") for n in range(240))
    )
    with counter.counting() as asked:
        page = counter.get(f"/admin/subscriptions?plan={plans[-1]}").text
    assert len(asked) <= 6, asked
    select_ = re.search(r'id="by-plan".*?</select>', page, re.DOTALL)[0]
    assert 200 <= select_.count("<option") <= 202
    assert f'<option value="{plans[-1]}" selected translate="no">Pack 119</option>' in select_
    assert ">Pack 000 (p000)</option>" in select_
    assert "Not all stand here" in page
    assert "Not all stand here" not in counter.get("/admin/subscriptions?panel=1").text.split("by-panel")[1]
