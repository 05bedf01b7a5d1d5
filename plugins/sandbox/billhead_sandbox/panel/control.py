"""`/_sandbox/…`: the hand behind the curtain. Faults, clock, settings, counters and the truth, as JSON."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from billhead_sandbox.cards import charges
from billhead_sandbox.panel import seed
from billhead_sandbox.panel.catalogue import CatalogueRefused, merge_settings
from billhead_sandbox.panel.faults import KINDS, FaultRefused
from billhead_sandbox.panel.stalker import expiry
from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.xtream import cache, sessions


class ControlRefused(Exception):
    """A control call is wrong; the text says how to mend it."""


def answer(state: State, request: Request) -> Response:
    _, _, rest = request.path.partition("/_sandbox/")
    name, _, argument = rest.strip("/").partition("/")
    act = CONTROLS.get((request.method, name))
    if act is None:
        offered = sorted(f"{method} /_sandbox/{path}" for method, path in CONTROLS)
        return _json({"error": f"No control {request.method} /_sandbox/{name}.", "controls": offered}, 404)
    try:
        return _json(act(state, _body(request), argument))
    except (ControlRefused, FaultRefused, CatalogueRefused) as error:
        return _json({"error": str(error)}, 400)


def _json(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status=status, mimetype="application/json")


def _body(request: Request) -> Any:
    raw = request.get_data()
    if not raw:
        return {}
    try:
        return json.loads(raw)
    except ValueError as error:
        raise ControlRefused(f"The body is not JSON: {error}") from error


def _object(body: Any, allowed: set[str]) -> dict[str, Any]:
    if not isinstance(body, dict) or set(body) - allowed:
        raise ControlRefused(f"Send a JSON object with some of {sorted(allowed)}; got {body!r}.")
    return body


def show_state(state: State, body: Any, argument: str) -> Any:
    return {
        "counts": state.store.counts(),
        "calls": sum(state.calls.values()),
        "faults": len(state.faults.shown()),
        "clock": state.clock.shown(),
        "settings": state.settings,
    }


def show_lines(state: State, body: Any, argument: str) -> Any:
    return {"lines": state.lines()}


def show_calls(state: State, body: Any, argument: str) -> Any:
    return {"total": sum(state.calls.values()), "calls": dict(sorted(state.calls.items()))}


def clear_calls(state: State, body: Any, argument: str) -> Any:
    state.clear_calls()
    return show_calls(state, body, argument)


def show_faults(state: State, body: Any, argument: str) -> Any:
    return {"faults": state.faults.shown(), "kinds": sorted(KINDS)}


def add_faults(state: State, body: Any, argument: str) -> Any:
    wishes = body if isinstance(body, list) else [body]
    if not all(isinstance(wish, dict) for wish in wishes):
        raise ControlRefused('Send one fault, such as {"kind": "crash", "match": "xtream.create_line", "count": 1}.')
    return {"faults": [state.faults.add(**wish).shown() for wish in wishes]}


def clear_faults(state: State, body: Any, argument: str) -> Any:
    if argument and not argument.isdecimal():
        raise ControlRefused(f"{argument!r} is no fault number; see GET /_sandbox/faults.")
    return {"cleared": state.faults.clear(int(argument) if argument else None)}


def show_clock(state: State, body: Any, argument: str) -> Any:
    return state.clock.shown()


def set_clock(state: State, body: Any, argument: str) -> Any:
    """`{"now": "2027-01-31T00:06:00Z"}` or unix seconds, `{"advance": 86400}`, `{"real": true}`; `frozen` stops it."""
    wish = _object(body, {"now", "advance", "real", "frozen"})
    frozen = bool(wish.get("frozen", False))
    if wish.get("real"):
        state.clock.follow_real_time()
    elif "now" in wish:
        state.clock.set(_instant(wish["now"]), frozen=frozen)
    elif "advance" in wish:
        if isinstance(wish["advance"], bool) or not isinstance(wish["advance"], int | float):
            raise ControlRefused(f"`advance` is a number of seconds; got {wish['advance']!r}.")
        state.clock.advance(wish["advance"])
    else:
        raise ControlRefused("Send `now`, `advance` or `real`.")
    expiry.run_if_due(state)
    return state.clock.shown()


def _instant(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        instant = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ControlRefused(f"`now` is unix seconds or an ISO instant; got {value!r}.") from error
    if instant.tzinfo is None:
        raise ControlRefused(f"`now` needs a zone, such as {value}+00:00.")
    return instant.timestamp()


def run_expiry(state: State, body: Any, argument: str) -> Any:
    return {"blocked": expiry.run(state)}


def show_settings(state: State, body: Any, argument: str) -> Any:
    return state.settings


def change_settings(state: State, body: Any, argument: str) -> Any:
    cached_before = state.settings["xtream"]["enable_cache"]
    state.change_settings(body)
    if state.settings["xtream"]["enable_cache"] and not cached_before:
        cache.rebuild(state)
    return state.settings


def show_cards(state: State, body: Any, argument: str) -> Any:
    return {
        "settings": state.settings["cards"],
        "charges": state.store.rows("SELECT * FROM card_charges ORDER BY created, id"),
        "refunds": state.store.rows("SELECT * FROM card_refunds ORDER BY created, id"),
        "callbacks": state.store.rows("SELECT * FROM card_callbacks ORDER BY id"),
    }


def switch_cards(state: State, body: Any, argument: str) -> Any:
    merge_settings({"cards": dict(state.settings["cards"])}, {"cards": body})
    state.change_settings({"cards": body})
    return state.settings["cards"]


def dispute_charge(state: State, body: Any, argument: str) -> Any:
    """`{"reference": "doc7-a1-…", "status": "opened"}`, then `won` or `lost`; `amount` and `fee` in minor units."""
    wish = _object(body, {"reference", "status", "amount", "fee"})
    charge = state.store.row("SELECT * FROM card_charges WHERE reference = ?", (str(wish.get("reference", "")),))
    if charge is None or charge["status"] != "succeeded":
        raise ControlRefused(f"`reference` names a charge that has succeeded; got {wish.get('reference')!r}.")
    status: Any = wish.get("status")
    amount: Any = wish.get("amount", charge["amount"])
    fee: Any = wish.get("fee", 0)
    if status not in ("opened", "won", "lost"):
        raise ControlRefused(f"`status` is opened, won or lost; got {status!r}.")
    if not all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in (amount, fee)):
        raise ControlRefused(f"`amount` and `fee` are whole numbers of minor units; got {amount!r} and {fee!r}.")
    return charges.dispute(state, charge, status, amount, fee)


def bounce_refund(state: State, body: Any, argument: str) -> Any:
    """`{"reference": "pay7-r1-…"}`: the refund comes back after it had arrived."""
    wish = _object(body, {"reference"})
    made = state.store.row("SELECT * FROM card_refunds WHERE reference = ?", (str(wish.get("reference", "")),))
    if made is None:
        raise ControlRefused(f"There is no refund {wish.get('reference')!r}.")
    return charges.bounce_refund(state, made)


def watch(state: State, body: Any, argument: str) -> Any:
    """`{"line": 7, "stream": 1, "seconds": 600}` is a finished session; without `seconds` it stays live."""
    wish = _object(body, {"line", "stream", "seconds"})
    if not isinstance(wish.get("line"), int) or not isinstance(wish.get("stream", 1), int):
        raise ControlRefused("`line` (a line id) and `stream` (a stream id) are whole numbers.")
    seconds = wish.get("seconds")
    if seconds is not None and (not isinstance(seconds, int) or seconds < 0):
        raise ControlRefused(f"`seconds` is a whole number, or absent for a live session; got {seconds!r}.")
    return {"activity_id": sessions.watch(state, wish["line"], wish.get("stream", 1), seconds)}


def sow(state: State, body: Any, argument: str) -> Any:
    count = _object(body, {"count"}).get("count", 20)
    if not isinstance(count, int) or isinstance(count, bool) or not 0 < count <= 1_000_000:
        raise ControlRefused(f"`count` is a whole number up to 1000000; got {count!r}.")
    seed.sow(state, count)
    return state.store.counts()


def reset(state: State, body: Any, argument: str) -> Any:
    state.reset()
    return {"status": "reset"}


CONTROLS: dict[tuple[str, str], Callable[[State, Any, str], Any]] = {
    ("GET", "state"): show_state,
    ("GET", "lines"): show_lines,
    ("GET", "calls"): show_calls,
    ("DELETE", "calls"): clear_calls,
    ("GET", "faults"): show_faults,
    ("POST", "faults"): add_faults,
    ("DELETE", "faults"): clear_faults,
    ("GET", "clock"): show_clock,
    ("POST", "clock"): set_clock,
    ("POST", "expiry"): run_expiry,
    ("GET", "settings"): show_settings,
    ("POST", "settings"): change_settings,
    ("GET", "cards"): show_cards,
    ("POST", "cards"): switch_cards,
    ("POST", "dispute"): dispute_charge,
    ("POST", "bounce"): bounce_refund,
    ("POST", "watch"): watch,
    ("POST", "seed"): sow,
    ("POST", "reset"): reset,
}
