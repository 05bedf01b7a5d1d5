"""Entitlements: every pair of state and event, and the window."""

from datetime import UTC, datetime

import pytest

from billhead.domain.entitlement import TRANSITIONS, Event, State, window
from billhead.domain.errors import IllegalTransition, InvalidInput
from billhead.domain.state import next_state

NOW = datetime(2026, 12, 1, 20, tzinfo=UTC)
ALLOWED = {
    (State.OFFERED, Event.PAY): State.ACTIVE,
    (State.OFFERED, Event.WITHDRAW): State.WITHDRAWN,
    (State.ACTIVE, Event.REFUND): State.REFUNDED,
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_every_state_and_event(state, event):
    if (state, event) in ALLOWED:
        assert next_state(TRANSITIONS, state, event) is ALLOWED[state, event]
    else:
        with pytest.raises(IllegalTransition):
            next_state(TRANSITIONS, state, event)


def test_windows():
    starts, ends = datetime(2026, 12, 19, 17, tzinfo=UTC), datetime(2026, 12, 20, 5, tzinfo=UTC)
    assert window(NOW, starts=starts, ends=ends) == (starts, ends)
    assert window(NOW, hours=48) == (NOW, datetime(2026, 12, 3, 20, tzinfo=UTC))
    for wrong in ({"starts": starts, "ends": NOW}, {}, {"hours": -1}):
        with pytest.raises(InvalidInput):
            window(NOW, **wrong)
