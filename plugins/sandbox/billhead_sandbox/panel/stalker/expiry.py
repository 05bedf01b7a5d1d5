"""The job at five past midnight: blocks active accounts whose end date is today or earlier, in the portal's zone.

It runs when the panel's clock is found past the moment, so moving the clock is enough to make it happen.
"""

from datetime import date, timedelta

from billhead_sandbox.panel.stalker.call import ZERO_DATE
from billhead_sandbox.panel.stalker.events import CUT_OFF, queue
from billhead_sandbox.panel.state import State


def run_if_due(state: State) -> None:
    """Run once per day after 00:05; a clock that was set back arms the job again."""
    due = _last_due(state).isoformat()
    last = state.store.meta("expiry_ran_for")
    if last == due:
        return
    state.store.set_meta("expiry_ran_for", due)
    if last is not None and due > last:
        run(state)


def _last_due(state: State) -> date:
    local = state.clock.local(state.settings["stalker"]["timezone"])
    passed = (local.hour, local.minute) >= (0, 5)
    return local.date() if passed else local.date() - timedelta(days=1)


def run(state: State) -> int:
    """Block what has ended; the number of accounts blocked. Without internal billing it does nothing."""
    if not state.settings["stalker"]["enable_internal_billing"]:
        return 0
    today = state.clock.local(state.settings["stalker"]["timezone"]).date().isoformat()
    ended = state.store.rows(
        "SELECT id FROM stalker_accounts WHERE blocked = 0 AND end_date <> ? AND end_date <= ?",
        (ZERO_DATE, f"{today} 23:59:59"),
    )
    for account in ended:
        state.store.update("stalker_accounts", {"blocked": 1}, "id = ?", (account["id"],))
        queue(state, account["id"], CUT_OFF)
    return len(ended)
