"""A reseller's own shop: the seller that it is, the names by which it is reached, what its orders take in credits."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["Shop", "ShopHost", "ShopSupply"]


class Shop(Model):
    """The seller that belongs to a reseller. It sells the plans of the reseller's own seller, at prices of its own.

    open · closed: nobody new, nothing new; who is there renews. `gateways`: codes of those by which it may be paid;
    `left_out`: codes of plans that it does not sell. `looks`: {"chosen": {"light": {…}, "dark": {…}}, "tokens": …}: the
    colours that were chosen, and all that follows from them on top of its theme.
    """

    __tablename__ = "shop"

    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"), primary_key=True, autoincrement=False)
    reseller_id: Mapped[int] = mapped_column(ForeignKey("reseller.id"), unique=True)
    state: Mapped[str] = mapped_column(default="open")
    gateways: Mapped[list[Any]] = mapped_column(JSON, default=list)
    left_out: Mapped[list[Any]] = mapped_column(JSON, default=list)
    looks: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class ShopHost(Model):
    """A name by which a shop is reached: lower case, in ASCII, without a port. Null `confirmed_at`: it serves nothing.

    The first that was confirmed stands in mails.
    """

    __tablename__ = "shop_host"

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("shop.seller_id"), index=True)
    host: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class ShopSupply(Model):
    """What a customer of a shop has paid for, and the reseller's credits for it: nothing is provisioned without them.

    waiting (`why` says for what) → held → supplied, or refused by the panel; dropped: the money went back before.
    `document_id` is the invoice; its subscription's lines run until `until`, the first day that is not paid.
    `waits_since`, in the customer's zone: when it was paid; days before it were not waited for credits. `changes`: it
    brings another plan or add-ons for time that was paid before; then `document_id` may be a credit note.
    """

    __tablename__ = "shop_supply"
    __table_args__ = (
        UniqueConstraint("subscription_id", "document_id"),
        Index("ix_shop_supply_waiting", "reseller_id", "state"),
        Index("ix_shop_supply_seller", "seller_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    reseller_id: Mapped[int] = mapped_column(ForeignKey("reseller.id"))
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscription.id"))
    document_id: Mapped[int] = mapped_column(ForeignKey("document.id"), index=True)
    changes: Mapped[bool] = mapped_column(default=False)
    starts_on: Mapped[date]
    until: Mapped[date]
    waits_since: Mapped[date]
    credits_minor: Mapped[int | None]  # in hundredths; null: not known, see `why`
    state: Mapped[str] = mapped_column(default="waiting")
    why: Mapped[str] = mapped_column(default="")
    hold_id: Mapped[int | None] = mapped_column(ForeignKey("credit_hold.id"), unique=True)
    created_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
