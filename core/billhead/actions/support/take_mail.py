"""Read a mail that came in: it answers a ticket, opens one, waits for staff to decide, or is none of a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import exists, func, or_, select

from billhead.actions.access._limits import count_try
from billhead.actions.support._accepting import as_answer, as_new
from billhead.actions.support._files import SentFile, checked_files, keep_files
from billhead.actions.support._letters import Letter, letter_of
from billhead.actions.support._rules import MOST_FILES
from billhead.actions.tries import is_spent
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput, NotFound
from billhead.models.people import Customer, User
from billhead.models.sellers import Seller
from billhead.models.sign_in import LinkedIdentity
from billhead.models.support import Department, SupportMail, Ticket, TicketFile

__all__ = ["MailTaken", "take_mail"]

_AN_HOUR = 20
_UNKNOWN_AN_HOUR = 200


@dataclass(frozen=True, slots=True)
class MailTaken:
    support_mail_id: int
    state: str
    ticket_id: int | None


@verb("support.take_mail", permission="tickets.write")
def take_mail(tx: Tx, mail_id: int) -> MailTaken:
    """Once: a mail that was read already is left as it is. Raises NotFound."""
    row = tx.session.get(SupportMail, mail_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("mail", mail_id)
    if row.state != "received" or row.raw is None:
        return MailTaken(row.id, row.state, row.ticket_id)
    letter = letter_of(row.raw)
    department = tx.session.get_one(Department, row.department_id)
    row.sender, row.subject, row.raw = letter.sender, letter.subject, None
    if why := letter.machine or _loop(tx, department, letter) or _flood(tx, letter):
        row.state, row.why = "ignored", why
        return MailTaken(row.id, row.state, None)
    row.body = letter.text
    files, left_out = _files_of(letter)
    if left_out:
        row.body = f"{row.body}\n\n({'; '.join(left_out)})".strip()
    _place(tx, row, department, letter, files)
    return MailTaken(row.id, row.state, row.ticket_id)


def _place(tx: Tx, row: SupportMail, department: Department, letter: Letter, files: Sequence[TicketFile]) -> None:
    ticket = _named_ticket(tx, department, letter)
    if ticket is not None:
        customer = tx.session.get_one(Customer, ticket.customer_id)
        if letter.sender in _addresses_of(tx, customer):
            as_answer(tx, row, ticket, files)
            return
        row.ticket_id = ticket.id
        _wait(tx, row, files, "the address is not known as the customer's")
        return
    senders = _customers_of(tx, department.seller_id, letter.sender)
    if len(senders) == 1 and not department.retired:
        as_new(tx, row, senders[0], department, files)
    else:
        _wait(
            tx, row, files, f"{len(senders)} customers have this address" if senders else "no customer has this address"
        )


def _wait(tx: Tx, row: SupportMail, files: Sequence[TicketFile], why: str) -> None:
    row.state, row.why = "waiting", why
    keep_files(tx, files, mail_id=row.id)


def _named_ticket(tx: Tx, department: Department, letter: Letter) -> Ticket | None:
    """Of this seller alone; one that was merged leads to where it goes on."""
    for token in letter.tokens:
        found = tx.session.scalar(select(Ticket).where(Ticket.token == token, Ticket.seller_id == department.seller_id))
        if found is not None:
            key = found.merged_into_id or found.id
            return tx.session.get(Ticket, key, with_for_update=True, populate_existing=True)
    return None


def _addresses_of(tx: Tx, customer: Customer) -> set[str]:
    """From which this customer writes: their own, and those of their logins that may write to support."""
    logins = tx.session.scalars(
        select(User).where(User.customer_id == customer.id, User.disabled.is_(False)).limit(100)
    )
    theirs = {user.email for user in logins if not user.family or "own.support" in user.permissions}
    return {customer.email.lower(), *theirs} - {""}


def _customers_of(tx: Tx, seller_id: int, address: str) -> list[Customer]:
    """Whoever signs in by it has shown that it is theirs. A reseller may have written it down for a user of its own:
    that neither takes the mail of a customer who has no reseller, nor lets it wait."""
    own = select(Customer.id).where(Customer.seller_id == seller_id, func.lower(Customer.email) == address)
    of_seller_first = own.order_by(Customer.reseller_id.is_not(None), Customer.id).limit(3)
    linked = exists().where(LinkedIdentity.user_id == User.id)
    opened = or_(User.password_hash != "", linked).label("opened")  # an invitation alone may be at a wrong address
    logins = select(User.customer_id, opened).where(
        User.seller_id == seller_id, User.email == address, User.customer_id.is_not(None), User.disabled.is_(False)
    )
    by_login = {row.customer_id: row.opened for row in tx.session.execute(logins.limit(3))}
    ids = {*tx.session.scalars(of_seller_first), *by_login}
    found = [tx.session.get_one(Customer, key) for key in sorted(ids)]
    found = [one for one in found if address in _addresses_of(tx, one)]
    shown = [one for one in found if by_login.get(one.id)]
    return shown or [one for one in found if one.reseller_id is None] or found


def _loop(tx: Tx, department: Department, letter: Letter) -> str:
    """What comes from ourselves is not answered to."""
    ours = set(tx.session.scalars(select(Department.mail).where(Department.seller_id == department.seller_id)))
    ours.add(tx.session.get_one(Seller, department.seller_id).mail_from.lower())
    local, _, domain = letter.sender.partition("@")
    return "of our own address" if f"{local.partition('+')[0]}@{domain}" in ours - {""} else ""


def _flood(tx: Tx, letter: Letter) -> str:
    """One address writes so much an hour; a loop that hides its signs ends here."""
    key = f"support-mail:{letter.sender}"
    if is_spent(tx, key, _AN_HOUR, timedelta(hours=1)):
        return f"the {_AN_HOUR + 1}th mail of this address within an hour"
    count_try(tx, key, _AN_HOUR, timedelta(hours=1), "")
    return ""


def _files_of(letter: Letter) -> tuple[list[TicketFile], list[str]]:
    """What may be kept, and what is left out in words."""
    kept: list[SentFile] = []
    left_out: list[str] = []
    for one in letter.files:
        try:
            checked_files([*kept, one])
            kept.append(one)
        except InvalidInput as refused:
            left_out.append(f"left out: {refused.why}")
    return checked_files(kept[:MOST_FILES]), left_out
