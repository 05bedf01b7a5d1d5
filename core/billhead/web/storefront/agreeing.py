"""What has to be agreed to before an order: pages of the operator's, each ticked in the version that was shown."""

from flask import request
from sqlalchemy.orm import Session

from billhead.actions.content._pages import ShownPage, pages_to_agree
from billhead.actions.privacy.give_consent import give_consent
from billhead.db import Tx, reading
from billhead.domain.consent import Agreed
from billhead.web.request_context import client_address, current_seller
from billhead.web.speaking import say, speech
from billhead.web.storefront.blueprint import storefront

__all__ = ["keep_agreement", "not_agreed", "to_agree"]


@storefront.context_processor
def agreeing() -> dict[str, object]:
    return {"to_agree": to_agree, "version_of": _version_of}


def to_agree() -> list[ShownPage]:
    """In the reader's language, as on the form."""
    with reading() as session:
        return _pages(session)


def _pages(session: Session) -> list[ShownPage]:
    seller = current_seller()
    return pages_to_agree(session, seller.id, speech().language) if seller is not None else []


def _version_of(shown: ShownPage) -> str:
    return f"{shown.page.slug}/{shown.version.language}/{shown.version.number}"


def not_agreed() -> str:
    """Why the form that was sent is no agreement; "" where all is ticked, or nothing has to be."""
    ticked = request.form.getlist("agreed")
    for shown in to_agree():
        if _version_of(shown) in ticked:
            continue
        begins = f"{shown.page.slug}/{shown.version.language}/"
        if any(one.startswith(begins) for one in ticked):
            return say("“%(page)s” has changed meanwhile. Read it again, please.", page=shown.version.title)
        return say("Please agree to “%(page)s” first.", page=shown.version.title)
    return ""


def keep_agreement(tx: Tx, customer_id: int) -> None:
    """The versions that were ticked, in the log of consents; one that came meanwhile was not."""
    ticked = request.form.getlist("agreed")
    versions = " ".join(version for shown in _pages(tx.session) if (version := _version_of(shown)) in ticked)
    if versions:
        give_consent(tx, customer_id, Agreed.TERMS.value, versions, client_address())
