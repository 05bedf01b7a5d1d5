"""What a login can give as its second step."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from billhead.actions.accounts._telling import tell_change
from billhead.db import Tx
from billhead.domain.errors import NotAllowed
from billhead.models.people import User
from billhead.models.sellers import Seller
from billhead.models.sign_in import CodeApp, Passkey, RecoveryCode

__all__ = ["Ways", "acting_user", "asks_twice", "after_removal", "has_second_step", "ways_of"]


@dataclass(frozen=True, slots=True)
class Ways:
    app: bool
    passkeys: int
    codes_left: int

    @property
    def on(self) -> bool:
        return self.app or self.passkeys > 0


def asks_twice(user_id: InstrumentedAttribute[int] | int) -> ColumnElement[bool]:
    """Whether a second step is asked of this login: it has an app, or a passkey."""
    app = exists().where(CodeApp.user_id == user_id, CodeApp.confirmed_at.is_not(None))
    return or_(app, exists().where(Passkey.user_id == user_id))


def has_second_step(session: Session, user_id: int) -> bool:
    return bool(session.scalar(select(asks_twice(user_id))))


def ways_of(session: Session, user_id: int) -> Ways:
    app = exists().where(CodeApp.user_id == user_id, CodeApp.confirmed_at.is_not(None))
    passkeys = select(func.count()).select_from(Passkey).where(Passkey.user_id == user_id)
    codes = (
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    )
    row = session.execute(select(app, passkeys.scalar_subquery(), codes.scalar_subquery())).one()
    return Ways(bool(row[0]), int(row[1]), int(row[2]))


def acting_user(tx: Tx) -> User:
    """The login that acts, locked: changes of one person's security happen one after the other.

    Raises NotAllowed for who acts for somebody else, and for jobs: a person's security is theirs alone.
    """
    if tx.ctx.user_id is None or tx.ctx.behind is not None:
        raise NotAllowed("Only the person itself changes how it signs in.")
    return tx.session.get_one(User, tx.ctx.user_id, with_for_update=True)


def after_removal(tx: Tx, user: User, what: str) -> None:
    """One way is gone: with the last one the recovery codes go too, unless staff must keep a second step."""
    if has_second_step(tx.session, user.id):
        tell_change(tx, user, what)
        return
    seller = tx.session.get_one(Seller, user.seller_id)
    if user.role == "staff" and seller.staff_two_step:
        raise NotAllowed(
            "Staff of this house sign in with a second step: the last one stays.", hint="add another one first"
        )
    tx.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    tell_change(tx, user, "two_step_off")
