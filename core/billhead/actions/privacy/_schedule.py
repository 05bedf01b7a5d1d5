"""What is kept how long: each kind finds a batch of what is over its time, and forgets it. What is watched and what
orders were screened by have times of their own, see `actions/viewings` and `actions/fraud`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, exists, func, not_, or_, select, update
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.privacy._traces import forget_party
from billhead.bulk import among
from billhead.db import Tx
from billhead.domain.numbering import fiscal_year
from billhead.domain.privacy import PrivacyRules, rules_from
from billhead.models.documents import Document, Party
from billhead.models.imports import ImportRefusal, SubscriberImport
from billhead.models.operations import AuditEntry, Event, EventDelivery, IdempotencyRecord, Notice
from billhead.models.payments import Callback, GatewayAccount
from billhead.models.people import Customer, LoginAttempt, OneTimeToken, User, UserSession
from billhead.models.privacy import DataExport, DataExportPart
from billhead.models.sellers import Seller
from billhead.models.sign_in import HalfSignIn
from billhead.models.support import Department, SupportMail, Ticket, TicketFile, TicketMessage
from billhead.models.usage import UsageImport, UsageImportRefusal
from billhead.wording import marked

__all__ = ["BATCH", "SCHEDULE", "Kept", "over_time", "purge_batch", "queries_of"]

BATCH = 1000
_MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class Kept:
    """`rule`: the field of the seller's rules that says how long, in days or fiscal years; "" where nothing is set.
    `by_seller`: each by its own rules, otherwise the longest of all sellers' holds. `over(cut, seller)` gives the ids
    of what is over its time."""

    code: str
    title: str
    happens: str
    rule: str
    over: Callable[[datetime, Seller | None], Select[Any]]
    forget: Callable[[Tx, Sequence[int]], None]
    by_seller: bool = True

    def cut(self, rules: PrivacyRules) -> datetime:
        if not self.rule:
            return clock.now()
        length = getattr(rules, self.rule)
        return clock.now() - timedelta(days=length if self.rule.endswith("days") else 0)


def over_time(session: Session, kept: Kept) -> int:
    """How many rows are over their time now, and will go tonight; no further than ten thousand."""
    total = 0
    for query in queries_of(session, kept):
        counted = select(func.count()).select_from(query.limit(_MOST_COUNTED).subquery())
        total += int(session.scalar(counted) or 0)
    return min(total, _MOST_COUNTED)


def purge_batch(tx: Tx, kept: Kept) -> int:
    """Forget a batch of each seller's; returns how many. Fewer than a batch: nothing is left."""
    touched = 0
    for query in queries_of(tx.session, kept):
        ids = tx.session.scalars(query.limit(BATCH)).all()
        if ids:
            kept.forget(tx, ids)
        touched += len(ids)
    return touched


def queries_of(session: Session, kept: Kept) -> list[Select[Any]]:
    """Each gives the ids of what is over its time: one a seller, or one for all."""
    sellers = session.scalars(select(Seller).order_by(Seller.id)).all()
    if kept.by_seller:
        return [kept.over(kept.cut(rules_from(seller.privacy)), seller) for seller in sellers]
    cuts = [kept.cut(rules_from(seller.privacy)) for seller in sellers] or [kept.cut(PrivacyRules())]
    return [kept.over(min(cuts), None)]


def _of(seller: Seller | None) -> int:
    return seller.id if seller is not None else 0


def _notices(cut: datetime, seller: Seller | None) -> Select[Any]:
    customers = select(Customer.id).where(Customer.seller_id == _of(seller))
    logins = select(User.id).where(User.seller_id == _of(seller))
    whose = or_(Notice.customer_id.in_(customers), Notice.customer_id.is_(None) & Notice.user_id.in_(logins))
    ended = Notice.state.not_in(["queued", "sending", "held"])
    return select(Notice.id).where(Notice.created_at < cut, Notice.recipient != "", ended, whose)


def _empty_notices(tx: Tx, ids: Sequence[int]) -> None:
    emptied = update(Notice).where(among(Notice.id, ids, tx.session))
    tx.session.execute(emptied.values(recipient="", data={}, error="", subject="", text=""))


def _tickets(cut: datetime, seller: Seller | None) -> Select[Any]:
    over = Ticket.state == "closed", Ticket.closed_at < cut, Ticket.subject != ""
    return select(Ticket.id).where(Ticket.seller_id == _of(seller), *over)


def _empty_tickets(tx: Tx, ids: Sequence[int]) -> None:
    session, theirs = tx.session, among(TicketMessage.ticket_id, ids, tx.session)
    messages = select(TicketMessage.id).where(theirs)
    session.execute(delete(TicketFile).where(TicketFile.message_id.in_(messages)))
    session.execute(update(TicketMessage).where(theirs).values(body="", author=""))
    session.execute(update(Ticket).where(among(Ticket.id, ids, session)).values(subject=""))


def _mails(cut: datetime, seller: Seller | None) -> Select[Any]:
    departments = select(Department.id).where(Department.seller_id == _of(seller))
    said = or_(SupportMail.body != "", SupportMail.sender != "", SupportMail.raw.is_not(None))
    decided = SupportMail.state.in_(["taken", "ignored", "left_out"])
    return select(SupportMail.id).where(
        SupportMail.received_at < cut, said, decided, SupportMail.department_id.in_(departments)
    )


def _empty_mails(tx: Tx, ids: Sequence[int]) -> None:
    session = tx.session
    alone = among(TicketFile.mail_id, ids, session), TicketFile.message_id.is_(None)
    session.execute(delete(TicketFile).where(*alone))
    emptied = update(SupportMail).where(among(SupportMail.id, ids, session))
    session.execute(emptied.values(raw=None, sender="", subject="", body=""))


def _callbacks(cut: datetime, seller: Seller | None) -> Select[Any]:
    accounts = select(GatewayAccount.id).where(GatewayAccount.seller_id == _of(seller))
    over = Callback.received_at < cut, Callback.state.in_(["applied", "rejected", "quarantined"]), Callback.body != b""
    return select(Callback.id).where(*over, Callback.account_id.in_(accounts))


def _empty_callbacks(tx: Tx, ids: Sequence[int]) -> None:
    emptied = update(Callback).where(among(Callback.id, ids, tx.session))
    tx.session.execute(emptied.values(body=b"", headers={}, query="", remote_address=""))


def _events(cut: datetime, _seller: Seller | None) -> Select[Any]:
    waits = exists().where(EventDelivery.event_id == Event.id, EventDelivery.state != "done")
    return select(Event.id).where(Event.at < cut, not_(waits))


def _delete_events(tx: Tx, ids: Sequence[int]) -> None:
    tx.session.execute(delete(EventDelivery).where(among(EventDelivery.event_id, ids, tx.session)))
    tx.session.execute(delete(Event).where(among(Event.id, ids, tx.session)))


def _deleting(model: Any) -> Callable[[Tx, Sequence[int]], None]:
    def forget(tx: Tx, ids: Sequence[int]) -> None:
        tx.session.execute(delete(model).where(among(model.id, ids, tx.session)))

    return forget


def _ended(model: Any) -> Callable[[datetime, Seller | None], Select[Any]]:
    return lambda cut, _seller: select(model.id).where(model.expires_at < cut)


def _tries(cut: datetime, _seller: Seller | None) -> Select[Any]:
    """No window in which tries are counted is longer."""
    return select(LoginAttempt.id).where(LoginAttempt.at < cut - timedelta(days=2))


def _sent_files(cut: datetime, _seller: Seller | None) -> Select[Any]:
    """With whatever state they have: an import that has gone on for so long is none any more."""
    kept = or_(SubscriberImport.sealed.is_not(None), SubscriberImport.name != "")
    return select(SubscriberImport.id).where(SubscriberImport.created_at < cut - timedelta(days=30), kept)


def _empty_sent_files(tx: Tx, ids: Sequence[int]) -> None:
    session = tx.session
    session.execute(delete(ImportRefusal).where(among(ImportRefusal.import_id, ids, session)))
    emptied = update(SubscriberImport).where(among(SubscriberImport.id, ids, session))
    session.execute(emptied.values(sealed=None, name="", columns={}, error=""))


def _events_files(cut: datetime, _seller: Seller | None) -> Select[Any]:
    return select(UsageImport.id).where(UsageImport.created_at < cut - timedelta(days=30))


def _delete_events_files(tx: Tx, ids: Sequence[int]) -> None:
    tx.session.execute(delete(UsageImportRefusal).where(among(UsageImportRefusal.import_id, ids, tx.session)))
    tx.session.execute(delete(UsageImport).where(among(UsageImport.id, ids, tx.session)))


def _copies(cut: datetime, _seller: Seller | None) -> Select[Any]:
    return select(DataExport.id).where(DataExport.state == "done", DataExport.ends_at < cut)


def _end_copies(tx: Tx, ids: Sequence[int]) -> None:
    session = tx.session
    session.execute(delete(DataExportPart).where(among(DataExportPart.export_id, ids, session)))
    session.execute(update(DataExport).where(among(DataExport.id, ids, session)).values(state="ended"))


def _buyers(_cut: datetime, seller: Seller | None) -> Select[Any]:
    """Who is named on documents that need not be kept any more, if all of them were of customers who are erased."""
    first = _first_kept_day(seller) if seller is not None else date.min
    erased = select(Customer.id).where(Customer.erased_at.is_not(None))
    old = Document.issued_on < first, Document.seller_id == _of(seller)
    theirs = select(Document.buyer_id).where(Document.customer_id.in_(erased), *old)
    # one look at the documents for all of them: they are not indexed by their buyer, and nothing else asks by it
    needed = or_(Document.issued_on >= first, Document.issued_on.is_(None), Document.customer_id.not_in(erased))
    kept = select(Document.buyer_id).where(Document.buyer_id.in_(theirs), needed)
    return select(Party.id).where(Party.id.in_(theirs), Party.id.not_in(kept), Party.digest.not_like("erased-%"))


def _first_kept_day(seller: Seller) -> date:
    today = clock.today_in(seller.zone)
    began = fiscal_year(today, seller.fiscal_year_start_month)
    return date(began - rules_from(seller.privacy).document_years, seller.fiscal_year_start_month, 1)


def _forget_buyers(tx: Tx, ids: Sequence[int]) -> None:
    for row in tx.session.scalars(select(Party).where(among(Party.id, ids, tx.session))):
        forget_party(row)
    tx.session.flush()


SCHEDULE: tuple[Kept, ...] = (
    Kept(
        "notices",
        "Messages",
        marked("address and data are emptied; that it was sent stays"),
        "notice_days",
        _notices,
        _empty_notices,
    ),
    Kept(
        "tickets", "Closed tickets", marked("words are emptied, files deleted"), "ticket_days", _tickets, _empty_tickets
    ),
    Kept(
        "mails", marked("Mails to support"), marked("sender and words are emptied"), "mail_days", _mails, _empty_mails
    ),
    Kept(
        "callbacks",
        marked("Messages of gateways as they came"),
        marked("emptied; that it came stays"),
        "callback_days",
        _callbacks,
        _empty_callbacks,
    ),
    Kept(
        "events", "Events", marked("deleted once every plugin has them"), "event_days", _events, _delete_events, False
    ),
    Kept(
        "audit",
        "Audit trail",
        "deleted",
        "audit_days",
        lambda cut, _seller: select(AuditEntry.id).where(AuditEntry.at < cut),
        _deleting(AuditEntry),
        False,
    ),
    Kept(
        "keys",
        marked("Results of repeated requests"),
        "deleted",
        "key_days",
        lambda cut, _seller: select(IdempotencyRecord.id).where(IdempotencyRecord.at < cut),
        _deleting(IdempotencyRecord),
        False,
    ),
    Kept(
        "sessions",
        marked("Sign-ins that have ended"),
        "deleted",
        "",
        _ended(UserSession),
        _deleting(UserSession),
        False,
    ),
    Kept(
        "links",
        marked("Links to set a password that have ended"),
        "deleted",
        "",
        _ended(OneTimeToken),
        _deleting(OneTimeToken),
        False,
    ),
    Kept(
        "half_sign_ins",
        marked("Sign-ins without their second step"),
        marked("deleted when their time is over"),
        "",
        _ended(HalfSignIn),
        _deleting(HalfSignIn),
        False,
    ),
    Kept("tries", "Counted tries", marked("deleted after two days"), "", _tries, _deleting(LoginAttempt), False),
    Kept(
        "copies",
        marked("Copies of people's data"),
        marked("deleted when their link ends"),
        "",
        _copies,
        _end_copies,
        False,
    ),
    Kept(
        "sent_files",
        marked("Files of subscribers to be imported"),
        marked("emptied after thirty days, with what was refused in them"),
        "",
        _sent_files,
        _empty_sent_files,
        False,
    ),
    Kept(
        "usage_files",
        marked("Files of events of use"),
        marked("deleted after thirty days, with what was refused in them; what was counted stays"),
        "",
        _events_files,
        _delete_events_files,
        False,
    ),
    Kept(
        "buyers",
        marked("Names on documents of erased customers"),
        marked("forgotten after the fiscal years"),
        "document_years",
        _buyers,
        _forget_buyers,
    ),
)
