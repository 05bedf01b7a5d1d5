"""What a notice tells, read when it is sent: its `data` names rows, and each row must belong to its customer.

Which kinds there are and what their `data` names is told where they are gathered: `_facts_billing`, `_facts_payments`,
`_facts_subscriptions`, `_facts_lines`, `_facts_wallet`, `_facts_contact`, `_facts_privacy`, `_facts_shops`,
`_facts_ending`, `_facts_panels`, `_tickets`, and `_logins` for what a login is told; `_digest` tells of other notices.
"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.content._own_words import own_words
from billhead.actions.notifications import (
    _facts_billing,
    _facts_contact,
    _facts_ending,
    _facts_lines,
    _facts_panels,
    _facts_payments,
    _facts_privacy,
    _facts_shops,
    _facts_subscriptions,
    _facts_wallet,
    _logins,
    _tickets,
)
from billhead.actions.notifications._digest import digest_facts
from billhead.actions.notifications._groups import DIGEST, NEWS, group_of
from billhead.actions.notifications._letter import Look
from billhead.actions.notifications._logins import addressee
from billhead.actions.notifications._mail_look import look_of_mail
from billhead.actions.notifications._own_texts import own_text
from billhead.actions.notifications._rows import Parts
from billhead.actions.notifications._stop_links import stop_url
from billhead.actions.notifications._values import Address
from billhead.actions.resellers._kept import kept_by_credits
from billhead.actions.shops._addresses import address_of
from billhead.models.operations import Notice
from billhead.models.people import Customer, Reseller
from billhead.wording import NOTICE_LANGUAGES

__all__ = ["framed", "gather", "spoken"]

_PARTS_OF: Parts = {
    **_facts_billing.PARTS,
    **_facts_contact.PARTS,
    **_facts_ending.PARTS,
    **_facts_lines.PARTS,
    **_facts_panels.PARTS,
    **_facts_payments.PARTS,
    **_facts_privacy.PARTS,
    **_facts_shops.PARTS,
    **_facts_subscriptions.PARTS,
    **_facts_wallet.PARTS,
    **_logins.PARTS,
    **_tickets.PARTS,
    DIGEST: (lambda session, notice: digest_facts(session, notice, gather),),
}


def _mail_of(session: Session, reseller: Reseller) -> str:
    """Answers go to whom they know."""
    return session.scalar(select(Customer.email).where(Customer.buys_for_reseller_id == reseller.id)) or ""


def _is_kept(session: Session, notice: Notice) -> bool:
    return notice.customer_id is not None and kept_by_credits(session, notice.customer_id) is not None


def spoken(*wanted: str) -> str:
    """The first of these that notices are written in, else English."""
    codes = (one.replace("_", "-").partition("-")[0].lower() for one in wanted)
    return next((code for code in codes if code in NOTICE_LANGUAGES), "en")


def gather(session: Session, notice: Notice) -> dict[str, Any]:
    """The facts for the templates of `notice.kind`.

    Raises NoticeRejected when an id is missing, its row is gone or another customer's, or it is no longer true.
    """
    facts = framed(session, notice)
    for part in _PARTS_OF.get(notice.kind, ()):
        facts.update(part(session, notice))
    return facts


def framed(session: Session, notice: Notice) -> dict[str, Any]:
    """Whoever it is about: in whose name, to whom, and what stands around the words."""
    reader = addressee(session, notice)
    seller = reader.seller
    language = spoken(str(notice.data.get("language") or ""), reader.language, str(seller.mails.get("language") or ""))
    home = address_of(session, seller.id)
    return {
        "seller": reader.called,
        "name": reader.name,
        "zone": reader.zone,
        "language": language,
        "look": Look() if reader.reseller else look_of_mail(session, seller),
        "own_words": own_words(session, seller, language),
        "written": None if reader.reseller else own_text(session, seller.id, notice.kind, language),
        "shop_url": Address("" if reader.reseller or _is_kept(session, notice) else f"{home}/"),
        "account_url": Address(f"{home}/sign-in" if reader.has_account else ""),
        "reply_to": _mail_of(session, reader.answers) if reader.answers else "",
        "stop_url": stop_url(home, notice.customer_id) if notice.customer_id and group_of(notice.kind) == NEWS else "",
    }
