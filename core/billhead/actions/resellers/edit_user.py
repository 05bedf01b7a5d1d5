"""A reseller writes down what it knows of a user: what to call them, how to reach them, in which language, a note."""

from dataclasses import asdict, dataclass

from sqlalchemy import delete

from billhead import clock
from billhead.actions.accounts._inviting import main_login
from billhead.actions.accounts._known_address import check_free, check_unused_below
from billhead.actions.accounts._passwords import checked_email
from billhead.actions.resellers._looked_after import looked_after
from billhead.actions.resellers._seen import has_opened_login
from billhead.actions.subscriptions._state import record
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import InvalidInput
from billhead.domain.typed_text import seen_text
from billhead.models.people import Customer, OneTimeToken
from billhead.wording import LANGUAGES

__all__ = ["UserFacts", "edit_user"]

_MOST = {"name": 200, "phone": 40, "note": 2000}


@dataclass(frozen=True, slots=True)
class UserFacts:
    """`note` is for whoever looks after them: neither they nor the operator's pages show it."""

    name: str
    email: str = ""
    phone: str = ""
    language: str = "en"
    note: str = ""


@verb("resellers.edit_user")
def edit_user(tx: Tx, subscription_id: int, facts: UserFacts) -> None:
    """Of the user who has this subscription. Which facts have changed stands in its history and in the audit trail.

    Raises NotFound (nobody in the subtree looks after them), NotAllowed (a suspended reseller, staff without
    customers.write) or InvalidInput; also for the address of one who signs in with it: that one is theirs to change.
    """
    subscription, customer = looked_after(tx, subscription_id)
    had = UserFacts(customer.name, customer.email, customer.phone, customer.language, customer.reseller_note)
    told = _checked(facts, had)
    if told.email != customer.email:
        _put_email(tx, customer, told.email)
    changed = [name for name, value in asdict(told).items() if value != getattr(had, name)]
    customer.name, customer.email, customer.phone = told.name, told.email, told.phone
    customer.language, customer.reseller_note = told.language, told.note
    if changed:
        record(tx, subscription, "facts_changed", clock.today_in(customer.zone), fields=changed)
    note(tx, f"customer:{customer.id}", fields=changed)


def _put_email(tx: Tx, customer: Customer, email: str) -> None:
    """What was mailed to the address of before, to sign in with, ends: it may have been a stranger's."""
    if has_opened_login(tx.session, customer.id):
        raise InvalidInput("email", "they sign in with their address, so only they change it, in their account")
    invited = main_login(tx, customer.id)
    if email:
        check_unused_below(tx, customer, email)
    elif invited is not None:
        raise InvalidInput("email", "they were invited to sign in at it: give another")
    if invited is not None:
        check_free(tx.session, customer.seller_id, email)  # as whoever signs up is told
        tx.session.execute(delete(OneTimeToken).where(OneTimeToken.user_id == invited.id))
        invited.email = email


def _checked(facts: UserFacts, had: UserFacts) -> UserFacts:
    """What a panel or a file has told is not refused here, as long as nobody changes it."""
    name, phone, written = " ".join(seen_text(facts.name).split()), facts.phone.strip(), facts.note.strip()
    if not 1 <= len(name) <= _MOST["name"]:
        raise InvalidInput("name", "is missing or longer than 200 letters")
    for field, text in (("phone", phone), ("note", written)):
        if len(text) > (most := _MOST[field]) or not "".join(text.split()).isprintable():
            raise InvalidInput(field, f"is longer than {most} letters, or holds signs that can't be printed")
    if facts.language not in (*LANGUAGES, had.language):
        raise InvalidInput("language", f"{facts.language!r} is not a language that is spoken here")
    email = facts.email.strip()
    if email.lower() == had.email.lower():
        email = had.email
    elif email:
        email = checked_email(email)
    return UserFacts(name, email, phone, facts.language, written)
