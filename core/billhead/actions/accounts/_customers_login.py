"""A login that staff look after for a customer or a reseller, and whether guesses have locked it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions.accounts._tokens import account_keys
from billhead.actions.accounts._tries import WINDOW, second_step_key
from billhead.actions.accounts.sign_in import TRIES_PER_ACCOUNT
from billhead.actions.sign_in.pass_second_step import TRIES_PER_LOGIN
from billhead.db import Tx
from billhead.domain.context import Role
from billhead.domain.errors import NotFound
from billhead.models.people import LoginAttempt, User

__all__ = ["customers_login", "lock_keys", "locked_since"]


def customers_login(tx: Tx, user_id: int) -> User:
    """Locked. Raises NotFound also for one of staff, whom staff.write looks after."""
    user = tx.session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None or user.role == Role.STAFF.value:
        raise NotFound("login", user_id)
    return user


def lock_keys(session: Session, user: User) -> dict[str, int]:
    """Under which keys its tries are counted, and how many there may be."""
    accounts = dict.fromkeys(account_keys(session, user), TRIES_PER_ACCOUNT)
    return {**accounts, second_step_key(user.id): TRIES_PER_LOGIN}


def locked_since(session: Session, users: Collection[User]) -> dict[int, datetime]:
    """Of those that can't sign in as there were too many tries: when the last one was. The tries are one statement."""
    keys = {key: (user.id, limit) for user in users for key, limit in lock_keys(session, user).items()}
    recent = LoginAttempt.key.in_(keys), LoginAttempt.at > clock.now() - WINDOW
    counted = select(LoginAttempt.key, func.count(), func.max(LoginAttempt.at)).where(*recent)
    rows = session.execute(counted.group_by(LoginAttempt.key)).all()
    return {keys[key][0]: last for key, count, last in rows if count >= keys[key][1]}
