"""A customer is forgotten: nowhere is anything of them but on the documents that the law wants kept."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from forgetting_gateway import ForgettingGateway, detaching, save_card
from sown_person import IP, MAC, MAIL, NAME, PHONE, WORDS, found_in, sow
from sqlalchemy import func, select
from web_shop import Shop

from billhead import clock
from billhead.actions.accounts.create_login import create_login
from billhead.actions.accounts.update_profile import Profile, update_profile
from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.privacy._standing import BLOCKERS
from billhead.actions.privacy._traces import erase_traces, person_of
from billhead.actions.privacy._whole_words import says, whole_words
from billhead.actions.privacy.ask_erasure import ask_erasure
from billhead.actions.privacy.erase_customer import erase_customer
from billhead.actions.privacy.revoke_erasure import revoke_erasure
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import Conflict, NotAllowed
from billhead.domain.rights import OWN_RIGHTS
from billhead.models.catalogue import Plan
from billhead.models.credits import CustomerCredit
from billhead.models.devices import BoxAddress
from billhead.models.documents import Document, Party
from billhead.models.operations import AuditEntry, Event, IdempotencyRecord, Job, Notice
from billhead.models.payments import Callback, GatewayAccount, PaymentAttempt, PaymentMethod, Refund
from billhead.models.people import Customer, LoginAttempt, User
from billhead.models.privacy import ErasureRequest
from billhead.models.subscriptions import Service, Subscription
from billhead.models.support import Department, SupportMail
from billhead.models.usage import UsageBatch, UsageReject, UsageSource

SYSTEM = Context.system("test")


def zoe(shop: Shop):
    """She has signed up, ordered, and paid."""
    browser = shop.customer(MAIL, name=NAME)
    shop.order(browser, "box", mac=MAC)
    shop.pay()
    shop.work()
    return browser


def herself(customer_id=1):
    return Context(
        actor="customer:1", role=Role.CUSTOMER, scope=Scope(customer_id=customer_id), permissions=OWN_RIGHTS, user_id=1
    )


def asked(shop: Shop, *, ends_lines=True):
    with shop.app.app_context(), writing(herself()) as tx:
        return ask_erasure(tx, 1, ends_lines=ends_lines)


def after(shop: Shop, **time):
    """The workers run until nothing is due, so much later."""
    with clock.business_time(clock.business_now() + timedelta(**time)):
        shop.work()


def the_request(shop: Shop) -> ErasureRequest:
    return shop.rows(ErasureRequest)[-1]


def sow_traces(tx):
    """Where no column names the customer."""
    session, at = tx.session, clock.now()
    session.add_all(
        [
            AuditEntry(at=at, actor="staff:9", role="staff", action="x", subject="panel:1", details={"line": WORDS}),
            AuditEntry(
                at=at, actor="staff:9", role="staff", action="x", subject="customer:1", reason=f"{NAME} rang",
                details={"name": NAME, "state": "open", "minor": 12, "ip": IP},
            ),
            Job(kind="x", state="parked", error=f"refused {MAIL}", due_at=at, created_at=at),
            Job(kind="x", state="queued", error=f"no box {MAC}", due_at=at + timedelta(days=900), created_at=at),
            Callback(
                account_id=1, path="p", query="", headers={}, body=WORDS.encode(), remote_address="192.0.2.1",
                received_at=at, state="done", event_id="evt_sown",
            ),
            IdempotencyRecord(actor="customer:1", action="x", key="k", arguments_digest="d", result={"m": MAIL}, at=at),
            LoginAttempt(key=f"login:{MAIL}", at=at),
            BoxAddress(mac="00:1A:79:00:00:01"),
            Party(digest="d", data={"name": "Somebody else", "country": "FI"}),
        ]
    )  # fmt: skip
    source, department = UsageSource(code="files"), Department(seller_id=1, name="Help")
    session.add_all([source, department])
    session.flush()
    reject = {"event_id": "e", "told": "d", "reason": "unknown_subscription", "message": "?", "raw": {"who": PHONE}}
    batch = UsageBatch(source_id=source.id, actor="job:usage.import", rejected=1, recorded_at=at)
    session.add(batch)
    session.flush()
    session.add(UsageReject(source_id=source.id, batch_id=batch.id, rejected_at=at, **reject))
    session.add(SupportMail(department_id=department.id, message_id="<1>", sender=MAIL, body=WORDS, received_at=at))


def test_nothing_of_her_is_left_but_on_the_documents(any_shop: Shop):
    shop = any_shop
    browser = zoe(shop)
    shop.customer("eve@example.com", name="Eve")
    with shop.app.app_context():
        with writing(herself()) as tx:
            told = {"vat_id": "", "zone": "UTC", "country": "FI"}
            told |= {"street": "Markerkatu 3", "postcode": "00170", "city": "Zoela", "company": "Marker Oy"}
            update_profile(tx, 1, Profile(name=NAME, phone=PHONE, **told))
        with writing(SYSTEM) as tx:
            sow(tx.session, 1)
            sow_traces(tx)
        with reading() as session:
            assert len(found_in(session)) > 50, "the test sows widely"
    asked(shop)
    after(shop, days=13)
    assert the_request(shop).state == "waiting"
    assert browser.get("/account/").status_code == 200

    after(shop, days=15)
    assert the_request(shop).state == "ending", "the line has to leave its panel first"
    assert browser.get("/account/").status_code == 303, "signed out"
    after(shop, days=16, hours=1)

    assert the_request(shop).state == "done"
    with shop.app.app_context(), reading() as session:
        found = found_in(session)
        assert found.pop("party") == ["data"], "the buyer of her invoice"
        assert found == {}
        assert {one.lifecycle for one in session.scalars(select(Service))} == {"gone"}
        assert {one.state for one in session.scalars(select(Subscription))} == {"canceled"}
        she, eve = session.get_one(Customer, 1), session.get_one(Customer, 2)
        assert (she.name, she.email, eve.name) == ("erased", "", "Eve")
        assert she.erased_at is not None
        parties = session.scalars(select(Party.data).order_by(Party.id)).all()
        assert "Somebody else" in [one["name"] for one in parties]
        kept = session.scalars(select(AuditEntry).where(AuditEntry.details["minor"].as_integer() == 12)).one()
        assert (kept.reason, kept.details) == (
            "erased",
            {"name": "erased", "state": "open", "minor": 12, "ip": "erased"},
        )
        assert session.get(BoxAddress, "00:1A:79:00:00:01") is not None, "somebody else's box"
        assert session.scalars(select(Event.data).where(Event.type == "customer.erased")).all() == [{"customer_id": 1}]
        assert verify_ledger(session).faults == []
    assert shop.visitor().sign_in(MAIL).status_code == 422
    # who comes again is somebody new
    assert shop.customer(MAIL, name=NAME).get("/account/").status_code == 200


def test_it_can_be_revoked_until_it_begins(shop: Shop):
    browser = zoe(shop)
    asked(shop)
    with shop.app.app_context():
        with writing(herself()) as tx, pytest.raises(Conflict, match="asked for already"):
            ask_erasure(tx, 1)
        with writing(herself()) as tx:
            revoke_erasure(tx, 1)
    after(shop, days=20)

    assert the_request(shop).state == "revoked"
    assert browser.get("/account/").status_code == 200
    assert shop.rows(Customer)[0].email == MAIL
    with shop.app.app_context(), writing(herself()) as tx, pytest.raises(Conflict, match="no erasure"):
        revoke_erasure(tx, 1)
    asked(shop)
    after(shop, days=15)
    with shop.app.app_context(), writing(herself()) as tx, pytest.raises(Conflict, match="has begun"):
        revoke_erasure(tx, 1)


def test_what_stands_against_it_is_told_once_and_looked_at_every_day(shop: Shop):
    zoe(shop)
    asked(shop, ends_lines=False)
    after(shop, days=15)
    after(shop, days=16, hours=1)

    assert the_request(shop).state == "blocked"
    assert "Subscriptions still run" in the_request(shop).said
    assert [one.kind for one in shop.rows(Notice)].count("erasure_blocked") == 1
    assert shop.rows(User)[0].disabled is False
    with shop.app.app_context(), writing(SYSTEM) as tx:
        from billhead.actions.subscriptions.cancel import cancel

        cancel(tx, 1, "immediate")
    after(shop, days=18)
    after(shop, days=19, hours=1)
    assert the_request(shop).state == "done"


def test_who_owes_stays(shop: Shop):
    browser = shop.customer(MAIL, name=NAME)
    shop.order(browser)
    shop.pay()
    shop.work()
    (invoice,) = shop.rows(Document, Document.kind == "invoice")
    shop.change(Document, invoice.id, state="partly_paid", settled_minor=100)
    asked(shop)
    after(shop, days=15)

    assert (the_request(shop).state, the_request(shop).said) == ("blocked", "Invoices are still to be paid")
    shop.change(Document, invoice.id, state="paid", settled_minor=invoice.total_minor)
    after(shop, days=17)
    after(shop, days=18, hours=1)
    assert the_request(shop).state == "done"


def test_her_card_is_forgotten_and_her_orders_can_not_be_paid(shop: Shop):
    zoe(shop)
    with shop.app.app_context(), writing(SYSTEM) as tx:
        card = {"customer_id": 1, "account_id": 1, "token": "sealed", "label": "Visa •••• 4242", "is_default": True}
        tx.session.add(PaymentMethod(**card, created_at=clock.now()))
    asked(shop)
    after(shop, days=15)

    assert [one.token for one in shop.rows(PaymentMethod)] == [""]
    assert {one.state for one in shop.rows(Document, Document.kind == "proforma")} <= {"void", "settled"}


def test_her_card_is_taken_away_at_the_gateway_which_does_not_hold_up_the_erasure(any_shop: Shop, monkeypatch):
    shop = any_shop
    gateway = ForgettingGateway(shop, monkeypatch)
    zoe(shop)
    save_card(shop)
    asked(shop)
    after(shop, days=15)
    ((state, error),) = detaching(shop)
    assert (state, "nobody answers" in error) == ("queued", True)
    after(shop, days=16, hours=1)
    assert the_request(shop).state == "done"
    assert [state for state, _ in detaching(shop)] == ["queued"]
    after(shop, days=17)
    assert [state for state, _ in detaching(shop)] == ["done"]
    assert gateway.asked == ["tok_1"] * 3
    assert [(one.token, one.detaching_token) for one in shop.rows(PaymentMethod)] == [("", "")]
    (trail,) = (one for one in shop.rows(AuditEntry) if one.action == "payments.method_detached")
    assert (trail.subject, trail.details) == ("customer:1", {"method_id": 1})


def test_who_has_paid_and_saved_nothing_is_forgotten_at_the_gateway_too(shop: Shop, monkeypatch):
    gateway = ForgettingGateway(shop, monkeypatch)
    zoe(shop)
    with shop.app.app_context(), writing(SYSTEM) as tx:
        about = {"customer_id": 1, "amount_minor": 1, "currency": "EUR"}
        (document,) = tx.session.scalars(select(Document.id).where(Document.customer_id == 1).limit(1))
        for number, account in ((90, 1), (91, 1), (92, 2)):
            kept = {"document_id": document, "account_id": account, "number": number, "created_at": clock.now()}
            told = {"key": f"k{number}", "provider_ref": f"ref-{number}", "state": "failed"}
            tx.session.add(PaymentAttempt(**about, **kept, **told))
    asked(shop)
    after(shop, days=15)
    after(shop, days=17)
    (references,) = gateway.payers
    assert references[:2] == ("ref-91", "ref-90"), "the newest first, at the gateway that can"
    assert "ref-92" not in references


def test_a_gateway_that_never_lets_it_go_is_shown(shop: Shop, monkeypatch):
    gateway = ForgettingGateway(shop, monkeypatch, failures=99)
    zoe(shop)
    save_card(shop)
    asked(shop)
    for day in range(15, 28):
        after(shop, days=day)
    assert len(gateway.asked) == 12
    ((state, error),) = detaching(shop)
    assert (state, "nobody answers" in error) == ("parked", True)
    assert the_request(shop).state == "done"


def test_nobody_else_decides(shop: Shop):
    zoe(shop)
    family = Context(actor="customer:2", role=Role.CUSTOMER, scope=Scope(customer_id=1), user_id=2)
    for who in (herself(2), family):
        with shop.app.app_context(), writing(who) as tx, pytest.raises(NotAllowed):
            ask_erasure(tx, 1)
    with shop.app.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(ErasureRequest)) == 0


def test_what_is_somebody_elses_stays_though_it_holds_the_same_letters(any_shop: Shop):
    """ada@example.com in granada@example.com, and 10234, their number elsewhere, in any result with these digits."""
    shop = any_shop
    shop.customer("ada@example.com")
    shop.change(Customer, 1, external_ref="10234")
    theirs = {"payer": "granada@example.com", "copy": "x.ada@example.com", "note": "ada@example.community"}
    hers = ({"payer": "Ada <ada@example.com>"}, {"note": "from\nada@example.com."})
    at = clock.now()

    def came(event: str, state: str, body: str) -> Callback:
        return Callback(
            account_id=1,
            path="p",
            query="",
            headers={},
            body=body.encode(),
            received_at=at,
            state=state,
            event_id=event,
        )

    def done(key: str, **result: object) -> IdempotencyRecord:
        return IdempotencyRecord(actor="staff:9", action="x", key=key, arguments_digest="d", result=result, at=at)

    with shop.app.app_context(), writing(SYSTEM) as tx:
        tx.session.add_all(
            [
                came("theirs", "applied", json.dumps(theirs)),
                came("waits", "received", json.dumps(hers[0])),
                *(came(f"hers{n}", "applied", json.dumps(body)) for n, body in enumerate(hers)),
                came("form", "rejected", "mail=%3Cada@example.com%3E"),
                done("refund", amount_minor=10234),
                done("login", email="ada@example.com", user_id=7),
                done("other", email="granada@example.com"),
                AuditEntry(at=at, actor="staff:9", role="staff", action="x", subject="panel:1", details=theirs),
                LoginAttempt(key="login:granada@example.com", at=at),
                LoginAttempt(key="login:ada@example.com", at=at),
            ]
        )
        tx.session.flush()
        figures = erase_traces(tx, person_of(tx.session, 1))

    said = {one.event_id: bool(one.body) for one in shop.rows(Callback)}
    assert said == {"theirs": True, "waits": True, "hers0": False, "hers1": False, "form": False}
    results = {one.key: one.result for one in shop.rows(IdempotencyRecord, IdempotencyRecord.actor == "staff:9")}
    assert results == {
        "refund": {"amount_minor": 10234},
        "login": {"email": "erased", "user_id": 7},
        "other": {"email": "granada@example.com"},
    }
    assert theirs in [one.details for one in shop.rows(AuditEntry)]
    keys = [one.key for one in shop.rows(LoginAttempt)]
    assert "login:granada@example.com" in keys
    assert "login:ada@example.com" not in keys
    assert figures["callback"] == 3


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ada@example.com", True),
        ("To: <ADA@example.com>, and", True),
        (r"{\"m\": \"\u003cada@example.com\u003e\"}", True),
        ("granada@example.com", False),
        ("me+ada@example.com", False),
        ("ada@example.com.au", False),
        ("box smith7 rang", True),
        ("/live/smith7/pass.ts", True),
        ("smith7@example.com", False),
        ("smith7.john@example.com", False),
        ("smith71", False),
        ("tel:+358401234567", True),
        ("+3584012345678", False),
    ],
)
def test_a_whole_word(text, found):
    assert says(whole_words(["ada@example.com", "smith7", "+358401234567"]), text) is found


def paid_for_a_year(shop: Shop, **details: object):
    """100.00, on a plan that gives credit for what is left."""
    plan = shop.rows(Plan, Plan.code == "basic")[0]
    shop.change(Plan, plan.id, details={**plan.details, "cancel_money": "credit", **details})
    browser = shop.customer(MAIL, name=NAME)
    shop.order(browser, term="12 months")
    shop.pay()
    shop.work()
    return browser


def test_money_of_paid_time_goes_back_before_the_door_shuts(any_shop: Shop):
    shop = any_shop
    with clock.business_time(datetime(2026, 1, 1, 10, tzinfo=UTC)):
        browser = paid_for_a_year(shop)
    with clock.business_time(datetime(2026, 10, 6, 10, tzinfo=UTC)):
        asked(shop)
    # due on 20 October: 73 of 365 days are left, 100.00 × 73/365 = 20.00
    with clock.business_time(datetime(2026, 10, 20, 11, tzinfo=UTC)):
        with shop.app.app_context():
            stands = erase_customer(SYSTEM, 1)
        assert (stands.state, stands.said) == ("blocked", "A payment or refund is under way")
        assert [one.amount_minor for one in shop.rows(Refund)] == [2000]
        assert shop.rows(CustomerCredit) == []
        assert browser.get("/account/").status_code == 200, "until the money has left"
        shop.work()
        assert shop.rows(Refund)[0].state == "succeeded"
    with clock.business_time(datetime(2026, 10, 21, 12, tzinfo=UTC)):
        shop.work()
        assert the_request(shop).state == "ending"
        assert shop.rows(User)[0].disabled is True
    for day in (22, 30):
        with clock.business_time(datetime(2026, 10, day, 13, tzinfo=UTC)):
            shop.work()
    assert the_request(shop).state == "done"
    with shop.app.app_context(), reading() as session:
        assert verify_ledger(session).faults == []


def test_credit_that_could_not_go_back_is_foreseen_and_nothing_has_ended(any_shop: Shop):
    shop = any_shop
    with clock.business_time(datetime(2026, 1, 1, 10, tzinfo=UTC)):
        browser = paid_for_a_year(shop)
    shop.change(GatewayAccount, shop.accounts["cards"], gateway="phone")  # which sends nothing back
    with clock.business_time(datetime(2026, 10, 6, 10, tzinfo=UTC)):
        asked(shop)
    with clock.business_time(datetime(2026, 10, 20, 11, tzinfo=UTC)):
        shop.work()
        assert the_request(shop).state == "blocked"
        assert the_request(shop).said == BLOCKERS["leaves"]
        assert shop.rows(Subscription)[0].state == "active"
        assert shop.rows(CustomerCredit) == []
        assert "leaves money to settle" in browser.get("/account/data").text
    with shop.app.app_context(), reading() as session:
        assert verify_ledger(session).faults == []


def test_a_door_that_was_shut_is_opened_when_it_is_revoked_or_blocked(shop: Shop):
    browser = zoe(shop)
    with shop.app.app_context(), writing(SYSTEM) as tx:
        hashed = tx.session.get_one(User, 1).password_hash
        create_login(
            tx, shop.seller_id, "old@mark.example", "customer", password_hash=hashed, customer_id=1, permissions=()
        )
    shop.change(User, 2, disabled=True)
    asked(shop)
    after(shop, days=15)
    assert [one.disabled for one in shop.rows(User)] == [True, True]
    (invoice,) = shop.rows(Document, Document.kind == "invoice")
    shop.change(Document, invoice.id, state="partly_paid", settled_minor=100)
    after(shop, days=15, hours=1)

    assert the_request(shop).state == "blocked"
    assert [one.disabled for one in shop.rows(User)] == [False, True], "staff had shut the other one"
    assert browser.sign_in(MAIL).status_code == 303
    shop.change(ErasureRequest, 1, figures={**the_request(shop).figures, "shut_logins": [1]})
    shop.change(User, 1, disabled=True)
    with shop.app.app_context(), writing(SYSTEM) as tx:
        revoke_erasure(tx, 1)
    assert [one.disabled for one in shop.rows(User)] == [False, True]
