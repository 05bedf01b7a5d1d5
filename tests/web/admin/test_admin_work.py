"""What staff do all day: each change asks, takes a reason, is written into the trail, and happens."""

import re

from sqlalchemy import select

from billhead import clock
from billhead.db import reading
from billhead.models.catalogue import Plan
from billhead.models.documents import Document
from billhead.models.operations import EventDelivery, FreezeSwitch, Job, PluginState
from billhead.models.panels import Panel
from billhead.models.payments import Callback, GatewayAccount, PaymentAttempt
from billhead.models.subscriptions import Service, Subscription
from billhead.web.formatting import day_in_words, last_day

KEY = {"_key": "0" * 31 + "7"}


def test_suspending_asks_first_and_wants_a_reason(any_counter):
    question = any_counter.get("/admin/subscriptions/1/suspend").text
    assert "Suspend Basic of Ada Lovelace?" in question
    refused = any_counter.post("/admin/subscriptions/1/suspend", reason="  ")
    assert refused.status_code == 422
    assert "Say why" in refused.text
    assert any_counter.row(Subscription, 1).state == "active"

    done = any_counter.confirm("/admin/subscriptions/1/suspend", "shares the login")
    assert "Suspended. Its lines are being blocked." in done.text
    any_counter.shop.work()
    assert 'data-tone="warn">suspended</span>' in any_counter.get("/admin/services/1").text
    assert any_counter.trail("subscriptions.suspend") == [("staff:2", "subscription:1", "shares the login")]
    assert re.search(
        r"sam@example.com</td>.*shares the login", any_counter.get("/admin/audit?object=subscription:1").text, re.S
    )


def test_a_second_click_changes_nothing_more(counter):
    for _ in range(2):
        counter.confirm("/admin/subscriptions/1/suspend", **KEY)
    assert len(counter.trail("subscriptions.suspend")) == 1


def test_restoring_lifts_whatever_had_stopped_it(counter):
    counter.shop.change(Subscription, 1, state="suspended", suspended_for="debt")
    assert ">Restore</a>" in counter.get("/admin/subscriptions/1").text
    counter.confirm("/admin/subscriptions/1/restore")
    assert counter.row(Subscription, 1).state == "active"
    again = counter.post("/admin/subscriptions/1/restore", reason="once more")
    assert again.status_code == 422
    assert "This subscription is active" in again.text


def test_canceling_at_once_removes_the_line(counter):
    shown, _ = counter.yes("/admin/subscriptions/1/cancel", policy="immediate")
    assert "<dt>First day without service</dt>" in shown
    counter.shop.work()
    assert counter.row(Subscription, 1).state == "canceled"
    assert counter.row(Service, 1).lifecycle == "gone"
    assert "Bring in step now" not in counter.get("/admin/services/1").text


def test_canceling_later_leaves_what_is_paid(counter):
    paid = counter.row(Subscription, 1).paid_through
    question = counter.get("/admin/subscriptions/1/cancel").text
    assert f"It is paid until {day_in_words(last_day(paid))}." in question
    _, told = counter.yes("/admin/subscriptions/1/cancel", policy="end_of_term")
    ends = counter.row(Subscription, 1).service_ends_on
    assert f"Canceled: {day_in_words(ends)} is the first day without service." in told
    assert counter.row(Subscription, 1).state == "active"


def test_a_line_that_somebody_changed_on_the_panel_shows_it(counter):
    in_step = counter.get("/admin/services/1").text
    assert "no differences" in in_step
    seen = counter.row(Service, 1).observed
    counter.shop.change(Service, 1, observed={**seen, "connections": 4, "blocked": True}, sync="failed",
                        sync_error="the panel said no")  # fmt: skip
    shown = counter.get("/admin/services/1").text
    assert "2 differences" in shown
    assert shown.count('<tr class="differs">') == 2
    assert "the panel said no" in shown
    assert 'data-tone="bad">failed</span>' in shown


def test_a_line_whose_module_is_gone_is_still_shown(counter):
    counter.shop.change(Panel, 1, module="vanished")
    shown = counter.get("/admin/services/1")
    assert shown.status_code == 200
    assert "could not judge this: There is no provisioning module vanished" in shown.text
    assert counter.get("/admin/panels/1").status_code == 200


def test_bringing_a_line_in_step_queues_one_job(counter):
    counter.shop.change(Service, 1, sync="failed")
    for _ in range(2):
        assert counter.post("/admin/services/1/converge").status_code == 303
    with counter.shop.app.app_context(), reading() as session:
        queued = session.scalars(select(Job).where(Job.key == "converge:1", Job.state == "queued")).all()
    assert len(queued) == 1
    counter.shop.work()
    assert counter.row(Service, 1).sync == "ok"


def test_a_line_that_nobody_paid_for_is_not_forced(counter):
    bob = counter.shop.customer("bob@example.com")
    counter.shop.order(bob)
    refused = counter.post("/admin/services/2/converge")
    assert refused.status_code == 409
    assert "not paid for yet" in refused.text


def test_a_transfer_is_booked_once_and_exactly(any_counter):
    bob = any_counter.shop.customer("bob@example.com")
    any_counter.shop.order(bob, account=str(any_counter.shop.accounts["transfer"]))
    with any_counter.shop.app.app_context(), reading() as session:
        order = session.scalars(select(Document.id).where(Document.state == "open")).one()
    path = f"/admin/documents/{order}/transfer"
    form = any_counter.get(path).text
    assert re.search(r'name="amount"[^>]*value="9.99"', form)
    assert "Card</option>" not in form, "cards report by themselves"
    account = any_counter.shop.accounts["transfer"]

    for amount, told in (("9,99", "is not an amount"), ("9.999", "more decimals"), ("5.00", "whole amount")):
        refused = any_counter.post(path, account=account, amount=amount, reference="S-1", reason="statement 12")
        assert refused.status_code == 422, amount
        assert told in refused.text

    shown, done = any_counter.yes(path, "statement 12", account=account, amount="12.50", reference="S-1")
    assert re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", shown) == [  # 12.50 - 9.99
        ("Booked", "€12.50"), ("Open afterwards", "€0.00"), ("Becomes credit", "€2.51"),
    ]  # fmt: skip
    assert "€12.50 booked." in done
    assert any_counter.row(Document, order).state == "settled"
    assert any_counter.trail("payments.book_transfer")[0][2] == "statement 12"
    assert "Book a transfer" not in any_counter.get(f"/admin/documents/{order}").text


def test_an_undecided_payment_is_looked_up_not_charged(counter):
    bob = counter.shop.customer("bob@example.com")
    counter.shop.order(bob)
    attempt = counter.shop.attempt().id
    counter.shop.change(PaymentAttempt, attempt, state="unknown", created_at=clock.business_now().replace(year=2025))
    assert "payment undecided for ten minutes or more" in counter.get("/admin/").text
    told = counter.post(f"/admin/attempts/{attempt}/resolve")
    assert "Looked up: it is processing." in counter.get(told.location).text
    assert counter.row(PaymentAttempt, attempt).looks == 1


def test_a_parked_job_is_tried_again_or_called_off(counter):
    job, other = counter.add(
        *(
            Job(kind="provisioning.converge", args={"service_id": 1}, key=f"parked-{n}", state="parked", tries=6,
                error="PanelRejected: no such bouquet", due_at=clock.business_now(), created_at=clock.now())
            for n in (1, 2)
        )
    )  # fmt: skip
    assert "<b>2</b> <span>jobs parked" in counter.get("/admin/").text
    assert "no such bouquet" in counter.get("/admin/jobs?state=needs+a+person").text
    counter.confirm(f"/admin/jobs/{job}/retry", "bouquet was mapped")
    assert (counter.row(Job, job).state, counter.row(Job, job).tries) == ("queued", 0)
    counter.confirm(f"/admin/jobs/{other}/cancel", "not needed")
    assert counter.row(Job, other).state == "canceled"
    refused = counter.post(f"/admin/jobs/{other}/cancel", reason="again")
    assert "is canceled: it can&#39;t be called off" in refused.text
    assert counter.trail("jobs.retry") == [("staff:2", f"job:{job}", "bouquet was mapped")]


def test_a_job_is_not_doubled_by_trying_again(counter):
    parked, queued = counter.add(
        *(
            Job(kind="provisioning.converge", args={"service_id": 1}, key="converge:1", state=state,
                due_at=clock.business_now(), created_at=clock.now())
            for state in ("parked", "queued")
        )
    )  # fmt: skip
    refused = counter.post(f"/admin/jobs/{parked}/retry", reason="mended")
    assert refused.status_code == 422
    assert f"Job {queued} for the same thing is queued already" in refused.text


def test_a_parked_event_is_delivered_again(counter):
    with counter.shop.app.app_context(), reading() as session:
        from billhead.models.operations import Event

        event = session.scalars(select(Event.id)).first()
    (delivery,) = counter.add(
        EventDelivery(event_id=event, plugin="loyalty", state="parked", tries=9, due_at=clock.now(), error="boom")
    )
    assert "event not taken by a plugin" in counter.get("/admin/").text
    assert "boom" in counter.get("/admin/deliveries?state=parked").text
    counter.confirm(f"/admin/deliveries/{delivery}", "the plugin is mended")
    assert counter.row(EventDelivery, delivery).state == "pending"


def test_a_panel_is_added_checked_and_rested(any_counter):
    new = {"name": "Two", "code": "two", "group": "", "capacity": "100", "weight": "1", "calls_per_second": "50"}
    new["bouquet_nights"] = "7"
    page = "/admin/panels/new/memory"
    missing = any_counter.post(page, **new)
    assert missing.status_code == 422
    taken = any_counter.post(page, **{**new, "code": "one", "of-module-url": "http://two.example"})
    assert "One is another panel" in taken.text or "one is another panel" in taken.text.lower()
    added = any_counter.post(page, **{**new, "of-module-url": "http://two.example"})
    assert added.status_code == 303
    panel = int(added.location.rsplit("/", 1)[1])
    assert any_counter.row(Panel, panel).settings == {"url": "http://two.example"}
    assert any_counter.row(Panel, panel).calls_per_second == 50

    checked = any_counter.post(f"/admin/panels/{panel}/check")
    assert "It answers: 1 lines" in any_counter.get(checked.location).text
    assert any_counter.row(Panel, panel).last_ok_at is not None

    any_counter.confirm(f"/admin/panels/{panel}/maintenance", "disks are changed")
    assert any_counter.row(Panel, panel).maintenance
    assert "panel not called: resting, or under maintenance" in any_counter.get("/admin/").text
    any_counter.confirm(f"/admin/panels/{panel}/maintenance", "disks are in")
    assert not any_counter.row(Panel, panel).maintenance
    assert [why for _, _, why in any_counter.trail("panels.maintenance")] == ["disks are changed", "disks are in"]


def test_comparing_a_panel_is_a_job(counter):
    for _ in range(2):
        assert counter.post("/admin/panels/1/reconcile").status_code == 303
    with counter.shop.app.app_context(), reading() as session:
        assert len(session.scalars(select(Job).where(Job.key == "reconcile:1")).all()) == 1


def test_a_check_closes_the_breaker(counter):
    later = clock.business_now().replace(year=2099)
    counter.shop.change(Panel, 1, failures=4, open_until=later, last_error="nobody answers")
    assert "is not called before" in counter.get("/admin/").text
    assert "breaker open" in counter.get("/admin/panels").text
    counter.post("/admin/panels/1/check")
    panel = counter.row(Panel, 1)
    assert (panel.failures, panel.open_until, panel.last_error) == (0, None, "")


def test_a_secret_is_never_shown_and_stays_when_left_empty(counter):
    cards = counter.shop.accounts["cards"]
    page = f"/admin/gateways/{cards}"
    given = {"name": "Card", "currencies": "eur, usd", "position": "0", "enabled": "y",
             "of-module-page": "https://pay.example/"}  # fmt: skip
    assert counter.post(page, **given, **{"of-module-key": "sk-very-secret"}).status_code == 303
    shown = counter.get(page).text
    assert "sk-very-secret" not in shown
    assert "It is set; leave this empty to keep it." in shown
    assert "/callbacks/token-of-cards" in shown
    kept = counter.row(GatewayAccount, cards).secrets
    assert kept
    assert "sk-very-secret" not in kept
    assert counter.row(GatewayAccount, cards).currencies == ["EUR", "USD"]

    assert counter.post(page, **given).status_code == 303
    with counter.shop.app.app_context():
        from billhead.plugin_host import plugins
        from billhead.plugin_host.stored_settings import open_settings

        row = counter.row(GatewayAccount, cards)
        assert open_settings(plugins().gateway("cards").settings_type, row).key == "sk-very-secret"
    assert "sk-very-secret" not in counter.get("/admin/audit").text


def test_a_wrong_currency_is_shown_at_its_field(counter):
    page = f"/admin/gateways/{counter.shop.accounts['cards']}"
    refused = counter.post(page, name="Card", currencies="EUR XYZ", position="0", **{"of-module-page": "x"})
    assert refused.status_code == 422
    assert re.search(r'id="currencies-error">[^<]*XYZ', refused.text)


def test_a_plugin_is_switched_off_and_on(counter):
    counter.confirm("/admin/plugins/panel/disable", "the vendor is down")
    assert not counter.row(PluginState, "panel").active
    assert "Switch on" in counter.get("/admin/plugins?state=off").text
    assert counter.trail("plugins.disable") == [("staff:2", "plugin:panel", "the vendor is down")]
    counter.confirm("/admin/plugins/panel/enable")
    assert counter.row(PluginState, "panel").active


def test_a_broken_plugin_is_shown_with_how_to_mend_it(counter):
    with counter.shop.app.app_context():
        from billhead.plugin_host import plugins

        plugins().refuse("cards", "it wants API 9", "upgrade Billhead")
    assert "Plugin cards is broken: it wants API 9" in counter.get("/admin/").text
    shown = counter.get("/admin/plugins?state=broken").text
    assert "it wants API 9" in shown
    assert "upgrade Billhead" in shown
    refused = counter.post("/admin/plugins/cards/enable", reason="try")
    assert refused.status_code == 422
    assert counter.get("/admin/gateways").status_code == 200
    assert counter.get("/admin/documents/1").status_code == 200


def test_the_freeze_switch_stops_and_lets_go(counter):
    counter.confirm("/admin/switches/charges", "double charges reported")
    assert counter.row(FreezeSwitch, "charges").on
    for path in ("/admin/", "/admin/customers", "/admin/jobs"):
        text = counter.get(path).text
        assert text.count("<strong>All charges are stopped</strong>") == 1, path
        assert 'href="/admin/switches/charges"' in text, "who may lifts it from there"
    counter.confirm("/admin/switches/charges", "it was a display fault")
    assert not counter.row(FreezeSwitch, "charges").on


def test_a_retired_plan_is_not_sold(counter):
    counter.confirm("/admin/catalogue/1/retire", "replaced")
    plan = counter.row(Plan, 1)
    assert plan.retired
    assert counter.shop.visitor().get(f"/plans/{plan.code}").status_code == 404
    counter.confirm("/admin/catalogue/1/retire", "replaced too early")
    assert not counter.row(Plan, 1).retired


def test_what_is_quarantined_can_be_read_but_not_run(counter):
    counter.shop.call_back({"id": "evt_9", "ref": "<script>alert(1)</script>", "state": "succeeded"}, key="forged")
    counter.shop.work()
    with counter.shop.app.app_context(), reading() as session:
        bad = session.scalars(select(Callback.id).where(Callback.state == "quarantined")).one()
    assert "callback in quarantine" in counter.get("/admin/").text
    shown = counter.get(f"/admin/callbacks/{bad}").text
    assert "not signed with the key of this account" in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script>alert" not in shown


def test_a_customer_is_found_by_whatever_they_say(any_counter):
    box = any_counter.shop.customer("bob@example.com", name="Bob Moss")
    any_counter.shop.order(box, "box", mac="00:1A:79:AA:BB:01")
    line = any_counter.row(Service, 1)
    asked = {
        "lovelace": "Ada", "ADA@EXAM": "Ada", line.login: "Ada", line.handle: "Ada",
        "001a.79aa.bb01": "Bob", "00-1a-79-aa-bb-01": "Bob", "moss": "Bob",
    }  # fmt: skip
    for typed, name in asked.items():
        text = any_counter.get("/admin/customers", query_string={"q": typed}).text
        assert text.count('scope="row"') == 1, typed
        assert f">{name} " in text, typed


def test_an_empty_house_needs_nobody(counter):
    assert "Nothing. Everything that runs by itself runs." in counter.get("/admin/").text
    assert re.search(r"<b>1</b> line runs", counter.get("/admin/").text)
    assert "€9.99" in counter.get("/admin/").text
