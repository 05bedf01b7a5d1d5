"""A reseller lets a user sign in: a login of their own, by a link that is mailed in the reseller's name."""

from dataclasses import dataclass
from datetime import timedelta

from billhead import clock
from billhead.actions.access._limits import count_try
from billhead.actions.accounts._inviting import invite
from billhead.actions.resellers._looked_after import looked_after
from billhead.actions.subscriptions._state import record
from billhead.actions.verb import note, verb
from billhead.db import Tx

__all__ = ["LetIn", "let_sign_in"]

_A_DAY = 5


@dataclass(frozen=True, slots=True)
class LetIn:
    user_id: int
    email: str


@verb("resellers.let_sign_in")
def let_sign_in(tx: Tx, subscription_id: int) -> LetIn:
    """The user who has this subscription; the link holds three days, those from before end.

    Raises NotFound (nobody in the subtree looks after them), NotAllowed (a suspended reseller, too many links in a day,
    staff without customers.write), InvalidInput (`email`: none, or another login's) or Conflict (they sign in already).
    """
    subscription, customer = looked_after(tx, subscription_id)
    count_try(tx, f"let_in:{customer.id}", _A_DAY, timedelta(days=1), "five links a day are enough for one user")
    user = invite(tx, customer, "invited", by_reseller=customer.reseller_id)
    record(tx, subscription, "let_in", clock.today_in(customer.zone))
    note(tx, f"customer:{customer.id}", email=user.email)
    return LetIn(user.id, user.email)
