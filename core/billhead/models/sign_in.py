"""How people sign in beyond a password: codes of an app, recovery codes, passkeys, half-way sign-ins, known devices;
and the roles of staff and their visits to other people's areas."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from billhead.db import Model

__all__ = [
    "CodeApp",
    "HalfSignIn",
    "Impersonation",
    "KnownDevice",
    "LinkedIdentity",
    "Passkey",
    "RecoveryCode",
    "SignInProvider",
    "SignInTrip",
    "SpentChallenge",
    "StaffKey",
    "StaffRole",
]


class CodeApp(Model):
    """The app that makes a login's six-digit codes (TOTP). Until it is confirmed by a code it is not asked for."""

    __tablename__ = "code_app"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_login.id"), primary_key=True, autoincrement=False)
    secret: Mapped[str]  # vault ciphertext
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(default=0)  # the time step of the newest code taken: none holds twice


class RecoveryCode(Model):
    """One of ten codes for who has lost the rest; its hash alone is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_login.id"))
    code_hash: Mapped[str]
    used_at: Mapped[datetime | None]


class Passkey(Model):
    """A WebAuthn credential: we hold the public half."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_login.id"), index=True)
    credential_id: Mapped[str] = mapped_column(unique=True)  # base64url
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(default=0)
    name: Mapped[str]
    transports: Mapped[list[Any]] = mapped_column(JSON, default=list)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class SpentChallenge(Model):
    """A passkey's challenge that was answered: no answer is taken twice. Challenges are signed, not stored."""

    __tablename__ = "spent_challenge"

    challenge_hash: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)


class HalfSignIn(Model):
    """Somebody who gave the right password and owes the second step. Not a session: it opens nothing, ends after
    minutes, a few wrong codes, or one right one."""

    __tablename__ = "half_sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_login.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    expires_at: Mapped[datetime]
    tries: Mapped[int] = mapped_column(default=0)
    used_at: Mapped[datetime | None]


class KnownDevice(Model):
    """A browser in which a login was used before, by a cookie of which we hold the hash: others are told by mail."""

    __tablename__ = "known_device"
    __table_args__ = (UniqueConstraint("user_id", "token_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_login.id"))
    token_hash: Mapped[str]
    since: Mapped[datetime]


class SignInProvider(Model):
    """Where people of a seller sign in by OpenID Connect. `known`: what it publishes of itself, with its keys."""

    __tablename__ = "sign_in_provider"

    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"), primary_key=True, autoincrement=False)
    label: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    client_secret: Mapped[str] = mapped_column(default="")  # vault ciphertext
    enabled: Mapped[bool] = mapped_column(default=True)
    for_customers: Mapped[bool] = mapped_column(default=False)  # staff always
    known: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    known_at: Mapped[datetime | None]


class SignInTrip(Model):
    """Somebody was sent to the provider from one browser; gone when they come back. `sealed`: vault ciphertext of
    nonce and verifier."""

    __tablename__ = "sign_in_trip"

    state_hash: Mapped[str] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    sealed: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class LinkedIdentity(Model):
    """Who a login is at a provider: by its subject, whatever becomes of the e-mail address there."""

    __tablename__ = "linked_identity"
    __table_args__ = (UniqueConstraint("seller_id", "issuer", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("seller.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_login.id"), index=True)
    issuer: Mapped[str]
    subject: Mapped[str]
    linked_at: Mapped[datetime]


class StaffRole(Model):
    """A named set of permissions. `*` is all of them, and cannot be edited."""

    __tablename__ = "staff_role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    about: Mapped[str] = mapped_column(default="")
    permissions: Mapped[list[Any]] = mapped_column(JSON, default=list)


class StaffKey(Model):
    """A key with which a program acts for somebody of staff: shown once, kept as its hash. `hint` is how it begins.

    `permissions` are at most what it may do: what its owner may not do any more, the key may not either.
    """

    __tablename__ = "staff_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_login.id"), index=True)
    name: Mapped[str]
    hint: Mapped[str]
    key_hash: Mapped[str] = mapped_column(unique=True)
    permissions: Mapped[list[Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    ends_on: Mapped[date | None]  # the first day on which it opens nothing
    revoked_at: Mapped[datetime | None]


class Impersonation(Model):
    """Staff in somebody's area, as they see it: for a reason, for a time, in one browser."""

    __tablename__ = "impersonation"
    __table_args__ = (Index("ix_impersonation_customer", "customer_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(index=True)  # of user_session, which may be gone
    staff_id: Mapped[int] = mapped_column(ForeignKey("user_login.id"))
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customer.id"))
    reseller_id: Mapped[int | None] = mapped_column(ForeignKey("reseller.id"))
    reason: Mapped[str]
    started_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
