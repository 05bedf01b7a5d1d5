"""From the cookie's token to the login of this request: one query, so that what is taken away is gone at once."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.accounts._tokens import hash_of
from billhead.actions.shops._face import face_of
from billhead.actions.sign_in._second_step import asks_twice
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.rights import BUYERS, OWN_RIGHTS, SUPPORT_RIGHTS, family_rights
from billhead.models.people import Customer, Reseller, User, UserSession
from billhead.models.sellers import Seller
from billhead.models.sign_in import Impersonation, StaffRole

__all__ = ["Login", "Visit", "login_of"]

_SEEN_EVERY = timedelta(minutes=5)
_LOOKS_IN = frozenset({"people.look_in", "*"})


@dataclass(frozen=True, slots=True)
class Visit:
    """Staff in somebody's area: `name` is whose, `subject` as the audit trail names it (`customer:12`).
    `permissions` are the staff's own: nobody does by a visit what they may not do at their own desk."""

    id: int
    staff_id: int
    name: str
    subject: str
    reason: str
    ends_at: datetime
    permissions: frozenset[str]


@dataclass(frozen=True, slots=True)
class Login:
    """The signed-in user of this request; with a `visit`, whom staff looks in as. `seller_id` is whose login it is,
    `home_id` the seller whose face they see, at whose address they are signed in: a reseller's shop, for its users."""

    user_id: int
    session_id: int
    seller_id: int
    home_id: int
    email: str
    role: Role
    permissions: frozenset[str]
    customer_id: int | None
    reseller_id: int | None
    confirmed_at: datetime
    family: bool = False
    must_set_up: bool = False
    visit: Visit | None = None
    language: str = ""

    @property
    def scope(self) -> Scope:
        if self.role is Role.STAFF:
            return Scope(everything=True)
        if self.role in (Role.RESELLER, Role.SUPER_RESELLER):
            return Scope(reseller_id=self.reseller_id)
        return Scope(customer_id=self.customer_id)

    @property
    def actor(self) -> str:
        """As the audit trail names it."""
        if self.visit is not None:
            return f"staff:{self.visit.staff_id} as {self.visit.subject}"
        return f"{self.role.value}:{self.user_id}"


def login_of(token: str) -> Login | None:
    """The login behind a session's token; None when there is none, or it ended, or the person may not come any more."""
    if not token:
        return None
    at = clock.now()
    open_visit = and_(
        Impersonation.session_id == UserSession.id,
        Impersonation.staff_id == UserSession.user_id,
        Impersonation.started_at >= UserSession.created_at,  # SQLite gives the id of a session that is gone again
        Impersonation.ended_at.is_(None),
        Impersonation.ends_at > at,
    )
    with reading() as session:
        found = session.execute(
            select(
                UserSession,
                User,
                StaffRole.permissions,
                Seller.staff_two_step,
                asks_twice(User.id),
                Impersonation,
                Customer,
            )
            .join(User, User.id == UserSession.user_id)
            .join(Seller, Seller.id == User.seller_id)
            .outerjoin(StaffRole, StaffRole.id == User.staff_role_id)
            .outerjoin(Impersonation, open_visit)
            .outerjoin(Customer, Customer.id == User.customer_id)
            .where(UserSession.token_hash == hash_of(token), UserSession.expires_at > at)
        ).first()
        if found is None or found[1].disabled:
            return None
        row, user, of_role, required, twice, visit, customer = found
        login = _login(row, user, of_role, required and not twice, customer)
        if customer is not None and login.role is Role.CUSTOMER:
            login = replace(login, home_id=face_of(session, customer))
        if visit is not None and login.role is Role.STAFF and login.permissions & _LOOKS_IN:
            login = _visiting(session, login, visit)
    if row.last_seen_at <= at - _SEEN_EVERY:
        _note_seen(row.id, at)
    return login


def _login(row: UserSession, user: User, of_role: list[Any] | None, lacks: bool, customer: Customer | None) -> Login:
    role = Role(user.role)
    permissions = frozenset(user.permissions) | frozenset(of_role or ())
    if role.value in BUYERS:
        permissions = family_rights(user.permissions) if user.family else OWN_RIGHTS
    return Login(
        user_id=user.id,
        session_id=row.id,
        seller_id=user.seller_id,
        home_id=user.seller_id,
        email=user.email,
        role=role,
        permissions=permissions,
        customer_id=user.customer_id,
        reseller_id=user.reseller_id,
        confirmed_at=row.confirmed_at,
        family=user.family,
        must_set_up=role is Role.STAFF and lacks,
        language=customer.language if customer is not None else "",
    )


def _visiting(session: Session, staff: Login, visit: Impersonation) -> Login:
    customer = session.get(Customer, visit.customer_id) if visit.customer_id is not None else None
    reseller = session.get(Reseller, visit.reseller_id) if visit.reseller_id is not None else None
    whom = customer or reseller
    if whom is None:
        return staff
    subject = f"{'customer' if customer else 'reseller'}:{whom.id}"
    return Login(
        user_id=staff.user_id,
        session_id=staff.session_id,
        seller_id=whom.seller_id,
        home_id=face_of(session, customer) if customer else whom.seller_id,
        email=customer.email if customer else whom.name,
        role=Role.CUSTOMER if customer else Role(reseller.tier) if reseller else Role.VISITOR,
        permissions=SUPPORT_RIGHTS if customer else frozenset(),
        customer_id=visit.customer_id,
        reseller_id=visit.reseller_id,
        confirmed_at=staff.confirmed_at,
        visit=Visit(visit.id, staff.user_id, whom.name, subject, visit.reason, visit.ends_at, staff.permissions),
    )


def _note_seen(session_id: int, at: datetime) -> None:
    with writing(Context.system("web")) as tx:
        tx.session.execute(update(UserSession).where(UserSession.id == session_id).values(last_seen_at=at))
