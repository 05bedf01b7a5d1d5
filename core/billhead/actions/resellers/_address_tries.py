"""How often a reseller may ask for a login at another address: the answer says whether somebody here has one."""

from datetime import timedelta

from billhead.actions.access._limits import count_try
from billhead.actions.accounts._inviting import main_login
from billhead.actions.resellers._looked_after import looked_after
from billhead.db import Tx

__all__ = ["count_address"]

_A_DAY = 30


def count_address(tx: Tx, subscription_id: int, email: str | None = None) -> None:
    """Before `edit_user` gives this user another `email`, or `let_sign_in` (None) a login. In a transaction of its own:
    what those refuse is undone, and has to count all the same.

    Raises NotAllowed (`too_often`) and what `looked_after` raises. Who sees every customer is not counted.
    """
    scope = tx.ctx.scope
    if scope.everything:
        return
    customer = looked_after(tx, subscription_id)[1]
    invited = main_login(tx, customer.id) is not None
    asks = not invited if email is None else invited and email.strip().lower() != customer.email.lower()
    if asks:
        refusal = "That is enough new addresses for a day."
        count_try(tx, f"addresses:{scope.reseller_id}", _A_DAY, timedelta(days=1), refusal)
