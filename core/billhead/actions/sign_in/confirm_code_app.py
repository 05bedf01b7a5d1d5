"""The first code of an app: from now on it is asked for at every sign-in. Recovery codes come with it."""

from dataclasses import dataclass, field

import pyotp
from sqlalchemy.orm import Session

from billhead import clock
from billhead.actions import tries
from billhead.actions.accounts._telling import tell_change
from billhead.actions.accounts._tries import count_try
from billhead.actions.exchange import exchange
from billhead.actions.sign_in._codes import fresh_recovery_codes, spend_app_code, spoken
from billhead.actions.sign_in._second_step import acting_user, ways_of
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput
from billhead.models.people import User
from billhead.models.sign_in import CodeApp
from billhead.plugin_host import vault

__all__ = ["AskedCode", "confirm_code_app", "preview_confirm_code_app"]

_TRIES = 10


@dataclass(frozen=True, slots=True)
class AskedCode:
    """`address` is what the picture says (otpauth://…), `secret` what is typed where no picture can be taken."""

    address: str = field(repr=False)
    secret: str = field(repr=False)


def preview_confirm_code_app(session: Session, user_id: int, issuer: str) -> AskedCode | None:
    """What the app is told; None when nothing waits to be confirmed: a secret that is in use is shown to nobody."""
    row = session.get(CodeApp, user_id)
    if row is None or row.confirmed_at is not None:
        return None
    secret, email = vault().decrypt(row.secret), session.get_one(User, user_id).email
    return AskedCode(pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer.replace(":", " ")), secret)


def confirm_code_app(ctx: Context, code: str) -> list[str]:
    """Returns ten recovery codes, told this once; none where some are left. Raises InvalidInput (`code`)."""

    def intend(tx: Tx) -> str:
        key = f"code_app:{ctx.user_id}"
        count_try(tx, key, _TRIES)
        return key

    def record(tx: Tx, key: str, _answer: None) -> list[str]:
        user = acting_user(tx)
        row = tx.session.get(CodeApp, user.id)
        if row is None or row.confirmed_at is not None:
            raise Conflict("There is no app to confirm.", hint="begin again")
        if not spend_app_code(tx, row, spoken(code)):
            raise InvalidInput("code", "this is not the code of now", hint="compare the clock of your phone")
        row.confirmed_at = clock.now()
        tx.session.flush()
        tries.forget(tx, key)
        audit(tx, "sign_in.confirm_code_app", f"user:{user.id}", {})
        tell_change(tx, user, "two_step_on")
        return [] if ways_of(tx.session, user.id).codes_left else fresh_recovery_codes(tx, user.id)

    codes = exchange(ctx, intend=intend, call=lambda _key: None, record=record)
    assert codes is not None, "intend raises or returns a key"
    return codes
