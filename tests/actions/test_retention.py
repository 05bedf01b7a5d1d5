"""What is over its time is forgotten at night, batch by batch, by each seller's own rules."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, text
from web_shop import Shop

from billhead import clock
from billhead.actions.privacy._schedule import SCHEDULE, over_time, queries_of
from billhead.actions.privacy.purge_old import purge_old
from billhead.actions.sellers.set_privacy_rules import set_privacy_rules
from billhead.db import db, reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.domain.privacy import PrivacyRules
from billhead.models.documents import Document, Party
from billhead.models.imports import SubscriberImport
from billhead.models.operations import AuditEntry, Event, EventDelivery, IdempotencyRecord, Notice
from billhead.models.payments import Callback
from billhead.models.people import Customer, LoginAttempt, OneTimeToken, UserSession
from billhead.models.privacy import DataExport, DataExportPart
from billhead.models.sign_in import HalfSignIn
from billhead.models.support import Department, SupportMail, Ticket, TicketFile, TicketMessage
from billhead.models.usage import UsageImport

SYSTEM = Context.system("test")


def sow(session, shop: Shop, customer_id: int, days: int) -> None:
    """One of everything, so many days old."""
    at = clock.now() - timedelta(days=days)
    ends = at + timedelta(days=2)
    department = Department(seller_id=shop.seller_id, name=f"Help {days}")
    session.add(department)
    session.flush()
    ticket = Ticket(
        seller_id=shop.seller_id, customer_id=customer_id, department_id=department.id, token=f"t{days}",
        subject="No sound", state="closed", opened_at=at, closed_at=at,
    )  # fmt: skip
    session.add(ticket)
    session.flush()
    message = TicketMessage(ticket_id=ticket.id, kind="customer", author="ada@example.com", body="Silent", at=at)
    event = Event(type="document.paid", aggregate=f"document:{days}", at=at)
    copy = DataExport(customer_id=customer_id, state="done", asked_by="x", asked_at=at, ends_at=at + timedelta(days=7))
    session.add_all([message, event, copy])
    session.flush()
    session.add_all(
        [
            TicketFile(message_id=message.id, file_name="a.txt", media_type="text/plain", size=1, data=b"x"),
            SupportMail(
                department_id=department.id, message_id="<1>", sender="a@b.example", body="x", state="taken",
                received_at=at,
            ),
            Notice(
                customer_id=customer_id, channel="email", kind="invoice", key=f"k{days}", recipient="ada@example.com",
                data={"document_id": 1}, state="sent", created_at=at,
            ),
            Callback(
                account_id=shop.accounts["cards"], path="p", query="q", headers={"a": "b"}, body=b"raw",
                remote_address="192.0.2.1", received_at=at, event_id=f"e{days}", state="applied",
            ),
            AuditEntry(at=at, actor="x", role="system", action="sown", details={}),
            IdempotencyRecord(actor="x", action="y", key=f"k{days}", arguments_digest="", result={}, at=at),
            EventDelivery(event_id=event.id, plugin="p", state="done", due_at=at),
            DataExportPart(export_id=copy.id, position=0, sealed=b"x"),
            UserSession(
                user_id=1, token_hash=f"s{days}", created_at=at, last_seen_at=at, confirmed_at=at, expires_at=ends,
            ),
            OneTimeToken(user_id=1, purpose="set_password", token_hash=f"l{days}", expires_at=ends),
            HalfSignIn(user_id=1, token_hash=f"h{days}", expires_at=ends),
            LoginAttempt(key=f"login:{days}", at=at),
            SubscriberImport(
                seller_id=shop.seller_id, name="people.csv", encoding="utf-8", sealed=b"x", lines=1, asked_by="x",
                created_at=at,
            ),
            UsageImport(source="s", name="use.csv", sealed=b"x", lines=1, asked_by="x", created_at=at),
        ]
    )  # fmt: skip


def test_old_things_go_and_young_ones_stay(any_shop: Shop):
    shop = any_shop
    shop.customer()
    with shop.app.app_context():
        with writing(SYSTEM) as tx:
            sow(tx.session, shop, 1, days=2000)
            sow(tx.session, shop, 1, days=1)
        with reading() as session:
            due = {kept.code: over_time(session, kept) for kept in SCHEDULE}
        assert {code: count for code, count in due.items() if count != 1} == {"buyers": 0}
        purge_old(SYSTEM)
        with reading() as session:
            for model, name in ((UserSession, "s"), (OneTimeToken, "l"), (HalfSignIn, "h")):
                kept = session.scalars(select(model.token_hash)).all()
                assert f"{name}1" in kept
                assert f"{name}2000" not in kept
            tries = session.scalars(select(LoginAttempt.key)).all()
            assert "login:1" in tries
            assert "login:2000" not in tries
            assert session.scalars(select(Ticket.subject).order_by(Ticket.id)).all() == ["", "No sound"]
            assert session.scalars(select(TicketMessage.body).order_by(TicketMessage.id)).all() == ["", "Silent"]
            assert len(session.scalars(select(TicketFile.id)).all()) == 1
            mails = session.scalars(select(SupportMail).order_by(SupportMail.id)).all()
            assert [(one.sender, one.message_id) for one in mails] == [("", "<1>"), ("a@b.example", "<1>")]
            sent = session.scalars(select(Notice).where(Notice.kind == "invoice").order_by(Notice.id)).all()
            assert [(one.key, one.recipient, one.data) for one in sent] == [
                ("k2000", "", {}), ("k1", "ada@example.com", {"document_id": 1}),
            ]  # fmt: skip
            raw = session.scalars(select(Callback).order_by(Callback.id)).all()
            assert [(one.event_id, bytes(one.body)) for one in raw] == [("e2000", b""), ("e1", b"raw")]
            assert len(session.scalars(select(AuditEntry).where(AuditEntry.action == "sown")).all()) == 1
            assert session.scalars(select(IdempotencyRecord.key).where(IdempotencyRecord.action == "y")).all() == ["k1"]
            assert session.scalars(select(Event.aggregate).where(Event.type == "document.paid")).all() == ["document:1"]
            assert session.scalars(select(DataExport.state).order_by(DataExport.id)).all() == ["ended", "done"]
            assert len(session.scalars(select(DataExportPart.export_id)).all()) == 1
        assert purge_old(SYSTEM) == {}


def test_the_buyer_is_forgotten_after_the_fiscal_years_if_they_were_erased(any_shop: Shop):
    shop = any_shop
    shop.customer()
    shop.customer("eve@example.com", name="Eve")
    with shop.app.app_context():
        with writing(SYSTEM) as tx:
            tx.session.get_one(Customer, 1).erased_at = clock.now()
            for number, (customer_id, issued_on) in enumerate(
                ((1, date(2010, 5, 1)), (1, date(2026, 5, 1)), (2, date(2010, 5, 1))), start=1
            ):
                party = Party(digest=f"d{number}", data={"name": f"Buyer {number}", "country": "FI"})
                tx.session.add(party)
                tx.session.flush()
                tx.session.add(
                    Document(
                        seller_id=shop.seller_id, customer_id=customer_id, kind="invoice", state="paid", number=number,
                        fiscal_year=2010, number_text=f"N{number}", issued_on=issued_on, currency="EUR", net_minor=0,
                        tax_minor=0, total_minor=0, buyer_id=party.id, created_at=clock.now(),
                    )
                )  # fmt: skip
        assert purge_old(SYSTEM)["buyers"] == 1
        with reading() as session:
            assert [one["name"] for one in session.scalars(select(Party.data).order_by(Party.id))] == [
                "erased", "Buyer 2", "Buyer 3",
            ]  # fmt: skip


def test_a_seller_sets_its_times(shop: Shop):
    shop.customer()
    with shop.app.app_context():
        with writing(SYSTEM) as tx:
            sow(tx.session, shop, 1, days=20)
            set_privacy_rules(tx, shop.seller_id, PrivacyRules(notice_days=10, audit_days=90))
        assert purge_old(SYSTEM).get("notices") == 1
        with pytest.raises(NotAllowed), writing(Context("x", SYSTEM.role, SYSTEM.scope)) as tx:
            set_privacy_rules(tx, shop.seller_id, PrivacyRules())
    with pytest.raises(InvalidInput, match="from 90 to 7300"):
        PrivacyRules(audit_days=2)


def test_no_night_walks_through_a_table_for_each_row_of_another(shop: Shop):
    # what is looked up for each row is found by an index: a hundred thousand documents are not read for each buyer
    read_again: dict[str, list[str]] = {}
    with shop.app.app_context(), reading() as session:
        for kept in SCHEDULE:
            for query in queries_of(session, kept):
                said = query.compile(db.engine, compile_kwargs={"literal_binds": True})
                plan = session.execute(text(f"EXPLAIN QUERY PLAN {said}")).all()
                read_again[kept.code] = [step for step in within_correlated(plan) if step.startswith("SCAN ")]
    assert len(read_again) == len(SCHEDULE)
    assert {code: steps for code, steps in read_again.items() if steps} == {}


def within_correlated(plan) -> list[str]:
    """The steps of a plan that are done for each row of another one."""
    again: set[int] = set()
    for number, parent, _, step in plan:
        if step.startswith("CORRELATED") or parent in again:
            again.add(number)
    return [step for number, _, _, step in plan if number in again]
