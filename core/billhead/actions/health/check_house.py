"""Look at everything, also at what asks the network; what that finds is kept until it is asked anew."""

from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError

from billhead import clock
from billhead.actions.health import _outside
from billhead.actions.health._check import STATES, Check, Look
from billhead.actions.health._facts import remember
from billhead.actions.health._health import LOOKS, Health, by_group, quick_checks
from billhead.actions.verb import audit
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import NotAllowed
from billhead.plugin_host.current import this_app

__all__ = ["check_house"]

_SIDE_BY_SIDE = 8
_PATIENCE = 20  # seconds for all that is outside, together


def check_house(ctx: Context) -> Health:
    """Everything, the network too; takes some seconds, and is kept for `last_health`. Never inside a session."""
    if not ctx.may("jobs.write"):
        raise NotAllowed(f"{ctx.actor} may not check the house: it needs jobs.write")
    slow = _slow_checks()
    asked_at = clock.now()
    with suppress(SQLAlchemyError), writing(ctx) as tx:  # a database that is not there is among the answers
        remember(tx, "doctor", checks=[check.as_dict() for check in slow])
        audit(tx, "house.check", "", {state: sum(c.state == state for c in slow) for state in STATES})
    return Health(by_group([*quick_checks(), *slow]), asked_at)


def _slow_checks() -> list[Check]:
    """Side by side, each with a connection of its own; who is not back in time is named."""
    looks = [look for look in LOOKS if look.slow]
    with suppress(SQLAlchemyError):  # told by the look at the database
        looks += _outside.looks_of_rows()
    app = this_app()

    def within(look: Look) -> list[Check]:
        with app.app_context():
            return look()

    pool = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="billhead-doctor")
    asked = {pool.submit(within, look): look for look in looks}
    done, _ = wait(asked, timeout=_PATIENCE)
    pool.shutdown(wait=False, cancel_futures=True)
    return [check for future, look in asked.items() for check in (future.result() if future in done else _silent(look))]


def _silent(look: Look) -> list[Check]:
    return [Check(look.name, look.group, "bad", f"no answer within {_PATIENCE} seconds", look.mend)]
