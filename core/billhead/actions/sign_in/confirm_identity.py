"""Ask a signed-in person for the password once more, before something that a thief of an open browser would do."""

from dataclasses import dataclass, field
from datetime import timedelta

from billhead import clock
from billhead.actions import tries
from billhead.actions.accounts._passwords import check_password
from billhead.actions.accounts._tries import count_try
from billhead.actions.exchange import exchange
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.models.people import User, UserSession

__all__ = ["HOLDS", "confirm_identity"]

HOLDS = timedelta(minutes=15)
_TRIES = 6


@dataclass(frozen=True, slots=True)
class _Claim:
    key: str
    stored: str = field(repr=False)


def confirm_identity(ctx: Context, session_id: int, password: str) -> None:
    """It holds for a quarter of an hour in a browser. Raises InvalidInput (`password`), NotAllowed (`locked_out`)."""

    def intend(tx: Tx) -> _Claim:
        key = f"confirm:{ctx.user_id}"
        count_try(tx, key, _TRIES)
        return _Claim(key, tx.session.get_one(User, ctx.user_id).password_hash)

    def call(claim: _Claim) -> None:
        try:
            check_password(claim.stored, password)
        except NotAllowed as wrong:
            raise InvalidInput("password", "this is not your password") from wrong

    def record(tx: Tx, claim: _Claim, _answer: None) -> None:
        tries.forget(tx, claim.key)
        row = tx.session.get(UserSession, session_id)
        if row is not None and row.user_id == ctx.user_id:
            row.confirmed_at = clock.now()

    exchange(ctx, intend=intend, call=call, record=record)
