"""What customers read by themselves: articles, announcements, and how the network is."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["Announcement", "HelpArticle", "PanelStatus"]


class HelpArticle(Model):
    """`words` and `title_words` are what is searched: lower case, without accents and marks. `in_shops`: it also stands
    in the shops of the seller's resellers."""

    __tablename__ = "help_article"
    __table_args__ = (
        UniqueConstraint("seller_id", "language", "slug"),
        Index("ix_help_article_shown", "seller_id", "published", "language", "category"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    language: Mapped[str] = mapped_column(default="en")
    category: Mapped[str]
    slug: Mapped[str]
    title: Mapped[str]
    body: Mapped[str]  # Markdown
    published: Mapped[bool] = mapped_column(default=False)
    in_shops: Mapped[bool] = mapped_column(default=False)
    title_words: Mapped[str]
    words: Mapped[str]
    helped: Mapped[int] = mapped_column(default=0)
    not_helped: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[datetime]


class Announcement(Model):
    """Shown in the areas from `starts_at` until before `ends_at`; with a panel, to who watches by it. `in_shops`: also
    to the customers of resellers' shops. `texts`: language → {"title", "body"}, beside those for everybody else."""

    __tablename__ = "announcement"
    __table_args__ = (Index("ix_announcement_shown", "seller_id", "ends_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    panel_id: Mapped[int | None] = mapped_column(ForeignKey("panel.id"))
    title: Mapped[str]
    body: Mapped[str]  # Markdown
    texts: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON, default=dict, server_default="{}")
    readers: Mapped[str] = mapped_column(default="everybody", server_default="everybody")  # customers | resellers
    in_shops: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    urgent: Mapped[bool] = mapped_column(default=False)
    pinned: Mapped[bool] = mapped_column(default=False)  # a banner on every page, until it ends
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]


class PanelStatus(Model):
    """How a panel is called and described to the public. Without a name it is not shown at all."""

    __tablename__ = "panel_status"

    panel_id: Mapped[int] = mapped_column(ForeignKey("panel.id"), primary_key=True, autoincrement=False)
    name: Mapped[str]
    said: Mapped[str] = mapped_column(default="")  # operational | maintenance | disturbed; empty: as it is measured
    words: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime]
