"""People: customers who pay, users who log in, resellers in their tree, and revocable sessions."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, validates

from billhead.db import Model
from billhead.domain.address import canonical_mail
from billhead.domain.seeking import dialled, last_name, sought

__all__ = [
    "Customer",
    "CustomerNote",
    "LoginAttempt",
    "OneTimeToken",
    "Reseller",
    "ResellerClosure",
    "User",
    "UserSession",
]


class Customer(Model):
    """Who pays: one seller, one currency, one time zone."""

    __tablename__ = "customer"
    __table_args__ = (
        UniqueConstraint("seller_id", "external_ref"),
        Index("ix_customer_email", "email"),
        Index("ix_customer_mailbox", "mailbox"),
        Index("ix_customer_name", "name"),
        Index("ix_customer_external_ref", "external_ref"),
        Index("ix_customer_sought_name", "sought_name", postgresql_ops={"sought_name": "text_pattern_ops"}),
        Index("ix_customer_sought_last", "sought_last", postgresql_ops={"sought_last": "text_pattern_ops"}),
        Index("ix_customer_sought_company", "sought_company", postgresql_ops={"sought_company": "text_pattern_ops"}),
        Index("ix_customer_sought_phone", "sought_phone", postgresql_ops={"sought_phone": "text_pattern_ops"}),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    reseller_id: Mapped[int | None] = mapped_column(ForeignKey("reseller.id"), index=True)  # who looks after them
    buys_for_reseller_id: Mapped[int | None] = mapped_column(ForeignKey("reseller.id"), unique=True)
    external_ref: Mapped[str | None]
    name: Mapped[str]
    company: Mapped[str] = mapped_column(default="")
    email: Mapped[str]
    mailbox: Mapped[str] = mapped_column(default="", server_default="")  # where its mail ends up; follows `email`
    phone: Mapped[str] = mapped_column(default="")
    address: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    country: Mapped[str]
    region: Mapped[str] = mapped_column(default="")
    location_evidence: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # {"ip": "DE", "bank": "DE"}
    vat_id: Mapped[str] = mapped_column(default="")
    vat_id_state: Mapped[str] = mapped_column(default="unchecked")  # unchecked | valid | invalid | pending
    vat_id_checked_at: Mapped[datetime | None]  # when a register last said valid or invalid, or staff did
    tax_exempt_reason: Mapped[str] = mapped_column(default="")
    tax_exempt_certificate: Mapped[str] = mapped_column(default="", server_default="")
    tax_exempt_until: Mapped[date | None]  # the last day on which it holds
    zone: Mapped[str] = mapped_column(default="UTC")
    currency: Mapped[str]
    language: Mapped[str] = mapped_column(default="en")
    price_group: Mapped[str] = mapped_column(default="")
    consolidate: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # one invoice a day
    billing_day: Mapped[int | None]  # all subscriptions are billed on this day of the month; null: each on its own
    credit_at_once_minor: Mapped[int] = mapped_column(default=0, server_default=text("0"))  # lent at most; 0: never
    notes: Mapped[str] = mapped_column(default="")
    reseller_note: Mapped[str] = mapped_column(default="", server_default="")  # of whoever looks after them
    invoicing: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # reference, endpoint …
    created_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]  # nothing of the person is left here

    # as they are sought, see domain/seeking.py; they follow name, company and phone
    sought_name: Mapped[str] = mapped_column(default="", server_default="")
    sought_last: Mapped[str] = mapped_column(default="", server_default="")
    sought_company: Mapped[str] = mapped_column(default="", server_default="")
    sought_phone: Mapped[str] = mapped_column(default="", server_default="")

    @validates("name")
    def _with_sought_name(self, _name: str, name: str) -> str:
        self.sought_name, self.sought_last = sought(name), last_name(name)
        return name

    @validates("company")
    def _with_sought_company(self, _name: str, company: str) -> str:
        self.sought_company = sought(company)
        return company

    @validates("phone")
    def _with_sought_phone(self, _name: str, phone: str) -> str:
        self.sought_phone = dialled(phone)
        return phone

    @validates("email")
    def _with_mailbox(self, _name: str, email: str) -> str:
        self.mailbox = canonical_mail(email)
        return email


class CustomerNote(Model):
    """What staff wrote about a customer, for each other."""

    __tablename__ = "customer_note"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    text: Mapped[str]
    author: Mapped[str]  # as in the audit trail: staff:7
    pinned: Mapped[bool] = mapped_column(default=False)  # stands on top of the customer's page
    at: Mapped[datetime]


class User(Model):
    """A login. E-mail is unique within a seller, so that two shops may share a person."""

    __tablename__ = "user_login"
    __table_args__ = (UniqueConstraint("seller_id", "email"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    email: Mapped[str]  # lower case
    password_hash: Mapped[str] = mapped_column(default="")  # empty: set by the link in the welcome mail
    role: Mapped[str]
    permissions: Mapped[list[Any]] = mapped_column(JSON, default=list)  # of staff; of a family login: its rights
    staff_role_id: Mapped[int | None] = mapped_column(ForeignKey("staff_role.id"), index=True)  # gives more of them
    family: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # a customer's further login
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"), index=True)
    reseller_id: Mapped[int | None] = mapped_column(ForeignKey("reseller.id"), index=True)
    often: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict, server_default="{}")  # of staff: as NoticeChoice
    disabled: Mapped[bool] = mapped_column(default=False)
    disabled_because: Mapped[str] = mapped_column(default="", server_default="")  # what staff say to who signs in
    created_at: Mapped[datetime]


class UserSession(Model):
    """A signed-in browser; the cookie holds the token, this row its hash, so that it can be revoked."""

    __tablename__ = "user_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_login.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]  # to five minutes
    confirmed_at: Mapped[datetime]  # when the person last proved who it is
    expires_at: Mapped[datetime]
    ip: Mapped[str] = mapped_column(default="")
    user_agent: Mapped[str] = mapped_column(default="")


class LoginAttempt(Model):
    """Failed sign-ins per address and account: the lockout survives a restart and holds across processes."""

    __tablename__ = "login_attempt"
    __table_args__ = (Index("ix_login_attempt_key_at", "key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]
    at: Mapped[datetime]


class OneTimeToken(Model):
    """Set a password, or confirm an address: hash of the token that was mailed. Once it is used the row is gone."""

    __tablename__ = "one_time_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_login.id"), index=True)
    purpose: Mapped[str]  # set_password | new_email
    token_hash: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(default="", server_default="")  # the address that it confirms
    expires_at: Mapped[datetime]


class Reseller(Model):
    """A node of the tree admin → super-reseller → reseller. The customer that `buys_for_reseller_id` pays."""

    __tablename__ = "reseller"
    __table_args__ = (
        Index("ix_reseller_sought_name", "sought_name", postgresql_ops={"sought_name": "text_pattern_ops"}),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("reseller.id"), index=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    tier: Mapped[str]  # super_reseller | reseller
    suspended: Mapped[bool] = mapped_column(default=False)
    suspended_by_operator: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    suspended_lines: Mapped[str] = mapped_column(default="", server_default="")  # run_out | stopped (with all below it)
    rights: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # see actions/resellers/_rights.py
    credit_line_minor: Mapped[int] = mapped_column(default=0)
    renews_users: Mapped[bool] = mapped_column(default=False, server_default=text("false"))  # new ones, by themselves
    contact: Mapped[str] = mapped_column(default="", server_default="")  # how its users reach it, in its own words
    told_before: Mapped[int] = mapped_column(default=3, server_default="3")  # days before users end; 0: never
    created_on: Mapped[date]
    removed_on: Mapped[date | None]  # it stands nowhere in the tree any more; its books stay
    sought_name: Mapped[str] = mapped_column(default="", server_default="")  # see domain/seeking.py; follows the name

    @validates("name")
    def _with_sought_name(self, _name: str, name: str) -> str:
        self.sought_name = sought(name)
        return name


class ResellerClosure(Model):
    """Every (ancestor, descendant) pair of the tree with its depth; depth 0 is the reseller itself."""

    __tablename__ = "reseller_closure"

    ancestor_id: Mapped[int] = mapped_column(ForeignKey("reseller.id"), primary_key=True)
    descendant_id: Mapped[int] = mapped_column(ForeignKey("reseller.id"), primary_key=True, index=True)
    depth: Mapped[int]
