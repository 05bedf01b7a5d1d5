"""Ten new recovery codes; the old ones end."""

from billhead.actions.accounts._telling import tell_change
from billhead.actions.sign_in._codes import fresh_recovery_codes
from billhead.actions.sign_in._second_step import acting_user, has_second_step
from billhead.actions.verb import audit
from billhead.db import Tx
from billhead.domain.errors import Conflict

__all__ = ["make_recovery_codes"]


def make_recovery_codes(tx: Tx) -> list[str]:
    """Told this once: their hashes are kept alone, and so they are no result of a verb, which would be stored."""
    user = acting_user(tx)
    if not has_second_step(tx.session, user.id):
        raise Conflict("There is no second step to recover.", hint="set up an app or a passkey first")
    codes = fresh_recovery_codes(tx, user.id)
    audit(tx, "sign_in.make_recovery_codes", f"user:{user.id}", {})
    tell_change(tx, user, "recovery_codes")
    return codes
