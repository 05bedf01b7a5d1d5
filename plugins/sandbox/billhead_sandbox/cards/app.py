"""The card processor's API: JSON in and out, a bearer key, an idempotency key on everything that moves money."""

import hashlib
import json
from collections.abc import Callable
from hmac import compare_digest
from typing import Any

from werkzeug.wrappers import Request, Response

from billhead_sandbox.cards import charges, checkout
from billhead_sandbox.cards.outcomes import Verdict
from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.store import Row
from billhead_sandbox.panel.wire import HangUp


class ApiError(Exception):
    """A refusal of the API: HTTP status, a code for programs, a text for people."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


_NAMES = {
    ("POST", "charges"): "charge",
    ("GET", "charges"): "lookup",
    ("POST", "refunds"): "refund",
    ("GET", "refunds"): "lookup_refund",
    ("DELETE", "tokens"): "forget",
    ("GET", "tokens"): "token",
}


def call_name(method: str, parts: list[str]) -> str:
    """`cards.charge`, `cards.lookup`, `cards.refund`, `cards.lookup_refund`, `cards.cancel`, `cards.checkout`."""
    if parts[:1] != ["v1"]:
        return "cards.checkout"
    if parts[-1] == "cancel":
        return "cards.cancel"
    return "cards." + _NAMES.get((method, parts[1] if len(parts) > 1 else ""), "unknown")


def answer(state: State, request: Request) -> Response:
    parts = [part for part in request.path.split("/") if part][1:]
    if parts[:1] == ["checkout"]:
        return checkout.answer(state, request, parts[1:])
    try:
        return _json(200, _api(state, request, parts))
    except ApiError as error:
        return _json(error.status, {"error": {"code": error.code, "message": str(error)}})


def _json(status: int, content: Any) -> Response:
    return Response(json.dumps(content), status=status, mimetype="application/json")


def _api(state: State, request: Request, parts: list[str]) -> Any:
    _, _, key = request.headers.get("Authorization", "").partition("Bearer ")
    if not compare_digest(key.encode(), state.settings["cards"]["api_key"].encode()):
        raise ApiError(401, "unauthorised", "Send the API key as `Authorization: Bearer …`.")
    match (request.method, *parts[1:]):
        case ("POST", "charges"):
            return _once(state, request, _charge)
        case ("POST", "refunds"):
            return _once(state, request, _refund)
        case ("GET", "charges"):
            return _by_reference(state, request, "card_charges", charges.shown)
        case ("GET", "refunds"):
            return _by_reference(state, request, "card_refunds", charges.shown_refund)
        case ("GET", "charges", charge_id):
            return charges.shown(_found(state, charge_id))
        case ("POST", "charges", charge_id, "cancel"):
            return _cancel(state, _found(state, charge_id))
        case ("GET", "refunds", refund_id):
            return charges.shown_refund(_row(state, "card_refunds", "id", refund_id))
        case ("GET", "tokens", token):
            return _row(state, "card_tokens", "token", token)
        case ("DELETE", "tokens", token) if charges.saved(state, token) is not None:
            state.store.update("card_tokens", {"deleted": 1}, "token = ?", (token,))
            return {"token": token, "deleted": True}
    raise ApiError(404, "no_such_call", f"There is no {request.method} {request.path}; see the README.")


def _row(state: State, table: str, column: str, value: str) -> Row:
    found = state.store.row(f"SELECT * FROM {table} WHERE {column} = ?", (value,))
    if found is None:
        raise ApiError(404, "not_found", f"There is no {value!r}.")
    return found


def _found(state: State, charge_id: str) -> Row:
    try:
        return charges.find(state, charge_id)
    except KeyError as error:
        raise ApiError(404, "not_found", f"There is no charge {charge_id!r}.") from error


def _by_reference(state: State, request: Request, table: str, show: Callable[[Row], Any]) -> Any:
    reference = request.args.get("reference", "")
    if not reference:
        raise ApiError(400, "reference_missing", "Name what to look up: `?reference=…`.")
    rows = state.store.rows(f"SELECT * FROM {table} WHERE reference = ? ORDER BY created, rowid", (reference,))
    if table == "card_charges":
        rows = [charges.find(state, row["id"]) for row in rows]
    return {"data": [show(row) for row in rows]}


def _once(state: State, request: Request, act: Callable[[State, Request, Row], tuple[Any, bool]]) -> Any:
    """The same key and body get the first answer again; the same key with another body is refused."""
    key = request.headers.get("Idempotency-Key", "")
    if not key:
        raise ApiError(400, "idempotency_key_missing", "Send an `Idempotency-Key` header.")
    wish = _object(request)
    fingerprint = hashlib.sha256(request.path.encode() + b"\n" + request.get_data()).hexdigest()
    sql = "INSERT OR IGNORE INTO card_requests (key, fingerprint, status, body) VALUES (?, ?, 0, '')"
    if not state.store.run(sql, (key, fingerprint)):
        return _replayed(_row(state, "card_requests", "key", key), fingerprint)
    try:
        content, hang_up = act(state, request, wish)
    except ApiError:
        state.store.run("DELETE FROM card_requests WHERE key = ?", (key,))
        raise
    state.store.update("card_requests", {"status": 200, "body": json.dumps(content)}, "key = ?", (key,))
    if hang_up:
        raise HangUp(hard=False)
    return content


def _replayed(earlier: Row, fingerprint: str) -> Any:
    if earlier["fingerprint"] != fingerprint:
        raise ApiError(409, "idempotency_mismatch", "This Idempotency-Key was used with another request.")
    if earlier["status"] == 0:
        raise ApiError(409, "in_progress", "The first request with this Idempotency-Key is still running.")
    return json.loads(earlier["body"])


def _object(request: Request) -> Row:
    try:
        content = json.loads(request.get_data())
    except ValueError as error:
        raise ApiError(400, "bad_json", f"The body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ApiError(400, "bad_json", "The body must be one JSON object.")
    return content


def _amount(wish: Row, name: str = "amount") -> int:
    value = wish.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ApiError(400, "bad_amount", f"`{name}` is a whole number of minor units above 0; got {value!r}.")
    return value


def _text(wish: Row, name: str, *, required: bool = False) -> str:
    value = wish.get(name) or ""
    if not isinstance(value, str) or (required and not value):
        raise ApiError(400, f"bad_{name}", f"`{name}` must be a text; got {wish.get(name)!r}.")
    return value


def _url(wish: Row, name: str) -> str | None:
    value = _text(wish, name)
    if value and not value.startswith(("http://", "https://")):
        raise ApiError(400, f"bad_{name}", f"`{name}` must begin with http:// or https://; got {value!r}.")
    return value or None


def _charge(state: State, request: Request, wish: Row) -> tuple[Any, bool]:
    currency = _text(wish, "currency", required=True)
    if len(currency) != 3 or not currency.isalpha() or not currency.isupper():
        raise ApiError(400, "bad_currency", f"`currency` is three capital letters; got {currency!r}.")
    charge, verdict = charges.begin(
        state,
        {
            "amount": _amount(wish),
            "currency": currency,
            "reference": _text(wish, "reference", required=True),
            "description": _text(wish, "description"),
            "token": _text(wish, "token") or None,
            "save": int(bool(wish.get("save"))),
            "return_url": _url(wish, "return_url"),
            "cancel_url": _url(wish, "cancel_url"),
            "callback_url": _url(wish, "callback_url"),
        },
        request.host_url,
    )
    return charges.shown(charge), verdict.hang_up


def _refund(state: State, request: Request, wish: Row) -> tuple[Any, bool]:
    charge = _found(state, _text(wish, "charge", required=True))
    amount = _amount(wish)
    if charge["status"] != "succeeded":
        raise ApiError(400, "not_refundable", f"The charge is {charge['status']}; only a succeeded one is refunded.")
    reference = _text(wish, "reference", required=True)
    if not charges.reserve(state, charge["id"], amount):
        left = charge["amount"] - charge["refunded"]
        raise ApiError(400, "amount_too_large", f"Only {left} of {charge['amount']} is left to refund.")
    return charges.shown_refund(charges.refund(state, charge, amount, reference)), False


def _cancel(state: State, charge: Row) -> Any:
    if charge["status"] == "requires_action":
        charges.conclude(state, charge["id"], Verdict("canceled"))
    return charges.shown(_found(state, charge["id"]))
