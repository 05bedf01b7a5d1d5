"""The logins of somebody who is being erased: shut when nothing stands against it, opened again when something does."""

from sqlalchemy import delete, select, update

from billhead.bulk import among
from billhead.db import Tx
from billhead.models.people import User, UserSession
from billhead.models.privacy import ErasureRequest

__all__ = ["open_logins", "shut_logins"]

_SHUT = "shut_logins"


def shut_logins(tx: Tx, row: ErasureRequest) -> None:
    """Which ones is kept: those that staff had disabled before are not opened again."""
    session = tx.session
    logins = session.scalars(select(User).where(User.customer_id == row.customer_id)).all()
    shut = [login.id for login in logins if not login.disabled]
    for login in logins:
        login.disabled = True
    session.execute(delete(UserSession).where(among(UserSession.user_id, [login.id for login in logins], session)))
    row.figures = {**row.figures, _SHUT: sorted({*row.figures.get(_SHUT, []), *shut})}
    session.flush()


def open_logins(tx: Tx, row: ErasureRequest) -> None:
    shut = row.figures.get(_SHUT)
    if not shut:
        return
    mine = User.customer_id == row.customer_id, among(User.id, shut, tx.session)
    tx.session.execute(update(User).where(*mine).values(disabled=False))
    row.figures = {name: value for name, value in row.figures.items() if name != _SHUT}
