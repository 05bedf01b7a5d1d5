"""Accounts that stand on the panel before billing arrives, so that listings hold strangers as real ones do."""

from billhead_sandbox.panel.state import State

_DEVICE_PREFIX = "00:1A:79"


def sow(state: State, count: int) -> None:
    """`count` accounts on the Stalker side and `count` lines on the Xtream side, numbered after those that exist."""
    now = int(state.clock.now())
    taken = state.store.value("SELECT count(*) FROM stalker_accounts") or 0
    numbers = range(taken + 1, taken + count + 1)
    plans = state.catalogue.plans
    state.store.insert_many(
        "stalker_accounts",
        (
            {
                "login": f"old{number:06}",
                "account_number": f"OLD{number:06}",
                "full_name": f"Old Subscriber {number}",
                "stb_mac": _mac(number),
                "tariff_plan_id": plans[number % len(plans)]["id"],
            }
            for number in numbers
        ),
    )
    bouquets = state.catalogue.bouquet_ids()
    owner = state.store.value("SELECT min(id) FROM users")
    state.store.insert_many(
        "lines",
        (
            {
                "username": f"old{number:06}",
                "password": f"pass{number:06}",
                "member_id": owner,
                "bouquet": f"[{bouquets[number % len(bouquets)]}]",
                "allowed_outputs": "[1,2]",
                "exp_date": now + number % 365 * 86_400,
                "created_at": now,
                "updated": now,
            }
            for number in numbers
        ),
    )


def _mac(number: int) -> str:
    tail = number % 0x1000000
    return f"{_DEVICE_PREFIX}:{tail >> 16:02X}:{tail >> 8 & 255:02X}:{tail & 255:02X}"
