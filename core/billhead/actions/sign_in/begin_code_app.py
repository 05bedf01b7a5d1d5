"""Begin to use an app for codes: a secret for it, which asks for nothing until a code has proved that it arrived."""

import pyotp

from billhead import clock
from billhead.actions.sign_in._second_step import acting_user
from billhead.actions.verb import note, verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.sign_in import CodeApp
from billhead.plugin_host import vault

__all__ = ["begin_code_app"]


@verb("sign_in.begin_code_app")
def begin_code_app(tx: Tx) -> None:
    """Raises Conflict while there is one already: it is removed first."""
    user = acting_user(tx)
    row = tx.session.get(CodeApp, user.id)
    if row is not None and row.confirmed_at is not None:
        raise Conflict("An app makes your codes already.", hint="remove it before you set up another one")
    if row is None:
        row = CodeApp(user_id=user.id)
        tx.session.add(row)
    note(tx, f"user:{user.id}")
    row.secret, row.created_at, row.last_step = vault().encrypt(pyotp.random_base32()), clock.now(), 0
