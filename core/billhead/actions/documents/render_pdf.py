"""A document as PDF, in the language of its buyer or in another that is asked for."""

from sqlalchemy.orm import Session

from billhead.actions.content._own_words import own_words
from billhead.actions.documents._look import look_of
from billhead.actions.documents._paper import page_of_document
from billhead.actions.documents._shown import read_shown
from billhead.actions.documents._typeset import typeset
from billhead.actions.shops._addresses import address_of
from billhead.models.documents import Document
from billhead.models.sellers import Seller
from billhead.wording import wording

__all__ = ["render_pdf"]


def render_pdf(session: Session, document: Document, *, language: str = "", archivable: bool = False) -> bytes:
    """The document as it stands: the parties as they were when it was made, lines, tax by rate, what is paid. Plans and
    ways to pay are called as the seller calls them in that language.

    `archivable`: as PDF/A-3b, which e-invoices are embedded into.
    """
    shown = read_shown(session, document)
    look = look_of(session, document.seller_id)
    pay_url = f"{address_of(session, document.seller_id)}/pay/{document.id}"
    words = wording(language or shown.buyer.language)
    if not archivable:  # an e-invoice says on paper what it says to programs
        words = words.knowing(own_words(session, session.get_one(Seller, document.seller_id), words.language))
    data = page_of_document(shown, words, look.accent, pay_url)
    return typeset("document", data, look.logo, archivable=archivable)
