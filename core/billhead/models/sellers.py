"""Seller: the legal entity or shop that sells. It owns number series, tax registrations, price books, mail sender."""

from datetime import date
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = ["ExchangeRate", "NumberSeries", "Seller", "SellerLogo", "TaxRegistration"]


class Seller(Model):
    __tablename__ = "seller"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    legal_name: Mapped[str]
    address: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # street, city, postcode, country, e-mail
    country: Mapped[str]
    vat_id: Mapped[str] = mapped_column(default="")
    zone: Mapped[str] = mapped_column(default="UTC")
    currency: Mapped[str]
    tax_engine: Mapped[str] = mapped_column(default="")
    tax_rounding: Mapped[str] = mapped_column(default="per_line")
    fiscal_year_start_month: Mapped[int] = mapped_column(default=1)
    terms_days: Mapped[int] = mapped_column(default=0)  # invoice date + terms = due date
    lead_days: Mapped[int] = mapped_column(default=14)  # a manual renewal is offered so many days before the end
    grace_hours: Mapped[int] = mapped_column(default=72)  # panel expiry = paid-through + grace
    mail_from: Mapped[str] = mapped_column(default="")
    theme: Mapped[str] = mapped_column(default="lounge")
    plans_shown_as: Mapped[str] = mapped_column(default="cards", server_default="cards")  # see _layouts.py
    money_back: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # MoneyBack's fields
    draft_days: Mapped[int] = mapped_column(default=0, server_default="0")  # the run's invoices can be changed so long
    hold_for_review: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # until staff look
    number_on: Mapped[str] = mapped_column(default="finalisation", server_default="finalisation")  # | payment
    number_proformas: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # with a reference
    mac_swaps: Mapped[int] = mapped_column(default=1, server_default="1")  # by the customer, a line and month
    proforma_days: Mapped[int] = mapped_column(default=30, server_default="30")  # unpaid, it expires so long after due
    invoicing: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # see actions/sellers
    top_ups: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # TopUpTerms by currency
    referrals: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # ReferralRules' fields
    watching: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # WatchingRules' fields
    staff_two_step: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # all staff must
    fraud: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # FraudRules' fields
    support: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # SupportRules' fields
    worded: Mapped[list[Any]] = mapped_column(JSON, default=list, server_default="[]")  # languages: see OwnWord
    mails: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # MailRules' fields
    privacy: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # PrivacyRules' fields


class SellerLogo(Model):
    """The picture in the head of a seller's documents; apart, so that nobody reads it who only needs the seller."""

    __tablename__ = "seller_logo"

    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"), primary_key=True, autoincrement=False)
    format: Mapped[str]  # png | jpg
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ExchangeRate(Model):
    """On `day` one unit of `currency` was worth `rate` units of `base`; a decimal number as text, exact."""

    __tablename__ = "exchange_rate"
    __table_args__ = (UniqueConstraint("currency", "base", "day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    currency: Mapped[str]
    base: Mapped[str]
    rate: Mapped[str]
    source: Mapped[str] = mapped_column(default="")


class NumberSeries(Model):
    """One gapless series: per seller, document kind and fiscal year. Locked while numbers are taken from it."""

    __tablename__ = "number_series"
    __table_args__ = (UniqueConstraint("seller_id", "kind", "fiscal_year"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    kind: Mapped[str]
    fiscal_year: Mapped[int]
    format: Mapped[str] = mapped_column(default="{prefix}{year}-{number:06d}")
    prefix: Mapped[str] = mapped_column(default="")
    first_number: Mapped[int] = mapped_column(default=1, server_default="1")  # above 1 after another system's numbers
    next_number: Mapped[int] = mapped_column(default=1)


class TaxRegistration(Model):
    __tablename__ = "tax_registration"
    __table_args__ = (UniqueConstraint("seller_id", "jurisdiction", "scheme"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    jurisdiction: Mapped[str]  # ISO country, or country-region
    scheme: Mapped[str] = mapped_column(default="domestic")  # domestic | oss | gst …, read by the tax plugin
    number: Mapped[str] = mapped_column(default="")
