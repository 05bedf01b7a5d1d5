"""The versions of a page in one language: a new one is added, and the newest is what everybody reads."""

from billhead import clock
from billhead.actions.support._writing import author_of
from billhead.db import Tx
from billhead.models.content import ContentText, ContentVersion

__all__ = ["add_version", "publish"]


def add_version(tx: Tx, text: ContentText, title: str, description: str, body: str) -> ContentVersion:
    text.newest += 1
    row = ContentVersion(
        page_id=text.page_id, language=text.language, number=text.newest, title=title, description=description,
        body=body, at=clock.business_now(), author=author_of(tx),
    )  # fmt: skip
    tx.session.add_all([text, row])
    tx.session.flush()
    return row


def publish(tx: Tx, text: ContentText) -> None:
    """The newest version is what everybody reads from now on."""
    row = tx.session.get_one(ContentVersion, (text.page_id, text.language, text.newest))
    row.published_at = row.published_at or clock.business_now()
    text.shown = text.newest
    tx.session.flush()
