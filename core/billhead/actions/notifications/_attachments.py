"""What goes with a notice: the invoice that it tells of, where its seller wants that."""

from sqlalchemy.orm import Session

from billhead.actions.documents._formats import offered_format
from billhead.actions.documents.render_pdf import render_pdf
from billhead.actions.documents.write_einvoice import write_einvoice
from billhead.actions.notifications._channels import EMAIL
from billhead.actions.notifications._logins import addressee
from billhead.actions.notifications._mail_look import logo_of
from billhead.db import reading
from billhead.domain.document import Kind
from billhead.domain.errors import Conflict, NoticeRejected
from billhead.models.documents import Document
from billhead.models.operations import Notice
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.plugin import Attachment

__all__ = ["attachments_of"]

_WITH_DOCUMENT = frozenset({"invoice"})


def attachments_of(notice_id: int) -> tuple[Attachment, ...]:
    """The picture of its seller, too, where it goes by mail."""
    with reading() as session:
        notice = session.get(Notice, notice_id)
        if notice is None:
            return ()
        return (*_logo(session, notice), *_documents(session, notice))


def _logo(session: Session, notice: Notice) -> tuple[Attachment, ...]:
    try:
        reader = addressee(session, notice)
        return logo_of(session, reader.seller) if notice.channel == EMAIL and reader.reseller is None else ()
    except NoticeRejected:  # that is said when it is sent
        return ()


def _documents(session: Session, notice: Notice) -> tuple[Attachment, ...]:
    """None for a notice that tells of no document, or whose document is gone: that is said when it is sent."""
    if notice.kind not in _WITH_DOCUMENT or not notice.data.get("document_id"):
        return ()
    document = session.get(Document, int(notice.data["document_id"]))
    if document is None or document.customer_id != notice.customer_id:
        return ()
    seller = session.get_one(Seller, document.seller_id)
    return (_paper(session, document, seller),) if seller.invoicing.get("attach") else ()


def _paper(session: Session, document: Document, seller: Seller) -> Attachment:
    """Factur-X where that is what the customer is offered and the document can be told in it; else the plain PDF."""
    name = document.number_text or f"{Kind(document.kind).value}-{document.id}"
    file_name = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_.") else "-" for sign in name)
    customer = session.get_one(Customer, document.customer_id)
    try:
        if offered_format(document, seller.invoicing, customer.invoicing) == "facturx":
            data = write_einvoice(session, document, "facturx").data
            return Attachment(f"{file_name}.pdf", "application/pdf", data)
    except Conflict:  # the norm has no words for it: the reader's PDF has
        pass
    return Attachment(f"{file_name}.pdf", "application/pdf", render_pdf(session, document))
