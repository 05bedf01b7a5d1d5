"""How often somebody is told: what waits for a morning comes in one mail, each once, wherever the work breaks off."""

from datetime import UTC, datetime, timedelta

import pytest
from notice_shop import NOW, SYSTEM, open_shop
from sqlalchemy import select

from billhead import clock
from billhead.actions.notifications import gather_digests as gathering
from billhead.actions.notifications._often import OF_CUSTOMERS, OFF, held_until
from billhead.actions.notifications.choose_notices import NoticeWish, choose_notices
from billhead.actions.notifications.choose_own_notices import choose_own_notices
from billhead.actions.notifications.gather_digests import gather_digests
from billhead.actions.notifications.queue_to_login import queue_to_login
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import InvalidInput, NotFound
from billhead.jobs import tasks as _tasks  # noqa: F401 registers the kinds of job
from billhead.jobs.work import drain
from billhead.models.operations import Job, Notice
from billhead.models.panels import Panel
from billhead.models.people import Customer, User

MAIL = {group: ["email"] for group in ("bills", "line", "support", "news")}


def at(day, hour, minute=0):
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


SUNDAY_NOON = datetime(2026, 11, 22, 22, 0, tzinfo=UTC)  # 12:00 in Honolulu, ten hours behind
MONDAY_MORNING = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # 7:00 there


@pytest.fixture
def shop(host_app, database_url, tmp_path):
    with open_shop(host_app, database_url, tmp_path / "outbox") as shop:
        yield shop


def choose(shop, **often):
    me = Context(actor="user:1", role=Role.CUSTOMER, scope=Scope(customer_id=shop.customer))
    with writing(me) as tx:
        choose_notices(tx, shop.customer, NoticeWish(MAIL, often=often))


def receipt(shop, number=1):
    data = {"payment_id": shop.payment, "document_id": shop.invoice}
    return shop.queue("receipt", data, key=f"receipt:{number}")


def morning(now=MONDAY_MORNING):
    with clock.business_time(now):
        with writing(SYSTEM) as tx:
            made = gather_digests(tx)
        drain()
    return made.digests


def states():
    with reading() as session:
        return {row.key: row.state for row in session.execute(select(Notice.key, Notice.state))}


@pytest.mark.parametrize(
    ("now", "often", "morning"),
    [
        (at(22, 22), "daily", at(23, 17)),  # Sunday noon → Monday at 7:00
        (at(23, 16, 59), "daily", at(23, 17)),  # a minute before
        (at(23, 17), "daily", at(24, 17)),  # at 7:00 it is too late for that one
        (at(23, 16, 59), "weekly", at(23, 17)),  # on Monday before 7:00
        (at(23, 17), "weekly", at(30, 17)),
        (at(25, 3), "weekly", at(30, 17)),
    ],
)
def test_a_morning_is_the_readers_own(now, often, morning):
    with clock.business_time(now):
        assert held_until(often, "Pacific/Honolulu") == morning
        assert held_until("at_once", "Pacific/Honolulu") is None


def test_what_was_held_comes_in_one_mail_in_the_morning(shop):
    choose(shop, receipt="daily", restored="daily")
    with clock.business_time(SUNDAY_NOON):
        receipt(shop)
        shop.queue("restored", {"subscription_id": shop.subscription})
        drain()
        assert shop.mails() == [], "nothing comes before the morning"
        assert receipt(shop) is None, "the same reason is told once, held or not"
    assert morning(MONDAY_MORNING - timedelta(minutes=1)) == 0
    assert morning() == 1
    (mail,) = shop.mails()
    text = mail.get_body(("plain",)).get_content()
    assert mail["To"] == "ada@example.org"
    assert mail["Subject"].endswith("2 things have happened")
    assert text.index("Payment received: €") < text.index("Full & Sports")
    assert "/account/notifications" in text
    html = mail.get_body(("html",)).get_content()
    assert html.count("<li") == 2
    assert "Ada &lt;b&gt;Kalani&lt;/b&gt;" in html
    assert set(states().values()) == {"in_digest", "sent"}
    assert morning() == 0
    assert morning(MONDAY_MORNING + timedelta(days=7)) == 0, "one without anything in it is not sent"
    assert len(shop.mails()) == 1


def test_of_a_week_it_comes_on_monday_and_of_days_before_with_that_of_the_day(shop):
    choose(shop, receipt="weekly", restored="daily")
    tuesday = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
    with clock.business_time(tuesday):
        receipt(shop)
    assert morning(tuesday + timedelta(days=3)) == 0
    with clock.business_time(datetime(2026, 11, 29, 22, 0, tzinfo=UTC)):  # Sunday
        shop.queue("restored", {"subscription_id": shop.subscription})
    assert morning(datetime(2026, 11, 30, 17, 0, tzinfo=UTC)) == 1, "one mail, with both"
    (mail,) = shop.mails()
    assert mail.get_body(("html",)).get_content().count("<li") == 2


def test_each_is_told_once_when_the_work_breaks_off_anywhere(shop, monkeypatch):
    """Killed before it is written, after it is written, and while it is sent."""
    choose(shop, receipt="daily")
    with clock.business_time(SUNDAY_NOON):
        for number in range(3):
            receipt(shop, number)
    queued = gathering.queued_once

    def killed(*args, **to):
        queued(*args, **to)
        raise KeyboardInterrupt

    monkeypatch.setattr(gathering, "queued_once", killed)
    with pytest.raises(KeyboardInterrupt):
        morning()
    held = {key: state for key, state in states().items() if key.startswith("receipt")}
    assert set(held.values()) == {"held"}, "nothing of a broken batch stands"
    monkeypatch.setattr(gathering, "queued_once", queued)
    with clock.business_time(MONDAY_MORNING):
        with writing(SYSTEM) as tx:
            gather_digests(tx)
        with writing(SYSTEM) as tx:  # and a second worker comes to the same
            assert gather_digests(tx).digests == 0
        with reading() as session:
            jobs = session.scalars(select(Job.args).where(Job.kind == "notices.send")).all()
        digests = [key for key in states() if key.startswith("digest:")]
        assert len(digests) == 1
        assert len(jobs) == len(set(map(str, jobs)))
        drain()
    mails = [mail for mail in shop.mails() if mail["To"] == "ada@example.org"]
    assert [mail.get_body(("html",)).get_content().count("<li") for mail in mails] == [3]


def test_what_is_gone_by_the_morning_is_left_out_and_an_empty_one_is_not_sent(shop):
    choose(shop, receipt="daily", low_credit="daily")
    with clock.business_time(SUNDAY_NOON):
        shop.queue("low_credit", {})  # there is no wallet: nobody's credit is low
    assert morning() == 1
    assert shop.mails() == []
    assert [state for key, state in states().items() if key.startswith("digest:")] == ["rejected"]


def test_off_is_off_and_what_is_about_money_or_law_never_is(shop):
    choose(shop, restored="off")
    with clock.business_time(SUNDAY_NOON):
        assert shop.queue("restored", {"subscription_id": shop.subscription}) is None
    for kind in (
        "receipt",
        "refunded",
        "ticket_answer",
        "invoice",
        "reminder",
        "suspended",
        "password_link",
        "nothing",
    ):
        with pytest.raises(InvalidInput, match="can't be told like that"):
            choose(shop, **{kind: "off"})
    assert {kind for kind, may in OF_CUSTOMERS.items() if OFF in may} == {
        "allowance", "line_ending", "low_credit", "planned_work", "price_stays", "restored", "ticket_opened",
    }  # fmt: skip
    for kind in ("invoice", "warning", "access"):
        with pytest.raises(InvalidInput):
            choose(shop, **{kind: "daily"})


def test_it_goes_to_the_address_of_the_morning(shop):
    choose(shop, receipt="daily")
    with clock.business_time(SUNDAY_NOON):
        receipt(shop)
    shop.change(Customer, shop.customer, email="ada@new.example")
    assert morning() == 1
    assert [mail["To"] for mail in shop.mails()] == ["ada@new.example"]


def test_staff_choose_for_themselves(shop):
    with writing(SYSTEM) as tx:
        panel = tx.session.scalars(select(Panel)).first()
        panel.balance_told, panel.balance_minor, panel.balance_low_minor = True, 900, 1000
        people = [
            User(seller_id=panel.seller_id, email=f"{name}@north.example", role="staff", permissions=["*"],
                 created_at=NOW)
            for name in ("sam", "tess")
        ]  # fmt: skip
        tx.session.add_all(people)
        tx.session.flush()
        sam, tess = (one.id for one in people)
        panel_id = panel.id
    me = Context(actor=f"staff:{sam}", role=Role.STAFF, scope=Scope(everything=True), user_id=sam)
    with writing(me) as tx:
        choose_own_notices(tx, {"upstream_low": "daily", "upstream_cap": "at_once"})
    for wish in ({"upstream_cap": "off"}, {"security_change": "off"}, {"receipt": "daily"}):
        with writing(me) as tx, pytest.raises(InvalidInput):
            choose_own_notices(tx, wish)
    with writing(SYSTEM) as tx, pytest.raises(NotFound):
        choose_own_notices(tx, {})
    with clock.business_time(datetime(2026, 11, 22, 12, tzinfo=UTC)):
        for key in (sam, tess):
            with writing(SYSTEM) as tx:
                user = tx.session.get_one(User, key)
                queue_to_login(tx, user, "upstream_low", f"low:{key}", {"panel_id": panel_id})
        drain()
    assert [mail["To"] for mail in shop.mails()] == ["tess@north.example"]
    assert morning(datetime(2026, 11, 23, 7, tzinfo=UTC)) == 1  # 7:00 of the seller's zone, UTC
    last = [mail for mail in shop.mails() if mail["To"] == "sam@north.example"]
    assert len(last) == 1
    assert f"/admin/panels/{panel_id}" in last[0].get_body(("plain",)).get_content()
    assert "/admin/what-i-am-told" in last[0].get_body(("plain",)).get_content()


def test_an_account_is_one_person_and_a_further_login_of_a_family_another(shop):
    choose(shop, receipt="daily", restored="daily")
    with writing(SYSTEM) as tx:
        customer = tx.session.get_one(Customer, shop.customer)
        logins = [
            User(seller_id=customer.seller_id, customer_id=customer.id, email=email, role="customer", family=family,
                 created_at=NOW)
            for email, family in (("ada@example.org", False), ("bob@example.org", True))
        ]  # fmt: skip
        tx.session.add_all(logins)
        tx.session.flush()
        own, family = (one.id for one in logins)
    with clock.business_time(SUNDAY_NOON):
        receipt(shop)
        for key in (own, family):
            with writing(SYSTEM) as tx:
                data = {"subscription_id": shop.subscription}
                queue_to_login(tx, tx.session.get_one(User, key), "restored", f"restored:{key}", data)
    assert morning() == 2
    told = {mail["To"]: mail.get_body(("html",)).get_content().count("<li") for mail in shop.mails()}
    assert told == {"ada@example.org": 2, "bob@example.org": 1}
