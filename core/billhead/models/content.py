"""What the operator writes for the shop in several languages: pages, with every version that there was, and the words
for names of plans, ways to pay and the like."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["ContentPage", "ContentText", "ContentVersion", "OwnWord"]


class ContentPage(Model):
    """One address with a page behind it: /pages/<slug>, or the front of the shop."""

    __tablename__ = "content_page"
    __table_args__ = (UniqueConstraint("seller_id", "slug"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    slug: Mapped[str]
    place: Mapped[str] = mapped_column(default="footer")  # front | menu | footer | hidden
    position: Mapped[int] = mapped_column(default=0)
    must_agree: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # who orders ticks it


class ContentText(Model):
    """A page in one language. `newest` is what is edited, `shown` what everybody reads; null: nothing yet."""

    __tablename__ = "content_text"

    page_id: Mapped[int] = mapped_column(ForeignKey("content_page.id"), primary_key=True, autoincrement=False)
    language: Mapped[str] = mapped_column(primary_key=True)
    newest: Mapped[int] = mapped_column(default=0)
    shown: Mapped[int | None]


class ContentVersion(Model):
    """Its words are never changed: what is edited or put back is a new version."""

    __tablename__ = "content_version"

    page_id: Mapped[int] = mapped_column(ForeignKey("content_page.id"), primary_key=True, autoincrement=False)
    language: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="")  # for search engines
    body: Mapped[str] = mapped_column(default="")  # Markdown
    at: Mapped[datetime]
    author: Mapped[str]
    published_at: Mapped[datetime | None]  # the first time that everybody could read it


class OwnWord(Model):
    """What the seller calls `text`, a name or description of its own, in one language.

    It is found by its exact wording, wherever that stands: in the catalogue, or in a line that was billed long ago.
    `mark` is a digest of it: a description is too long for an index.
    """

    __tablename__ = "own_word"
    __table_args__ = (UniqueConstraint("seller_id", "language", "mark"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    language: Mapped[str]
    mark: Mapped[str]
    text: Mapped[str]
    said: Mapped[str]
