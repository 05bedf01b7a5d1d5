"""BTCPay Server's Greenfield API for one store: each answer is read, or an error says what is known.

The paths with the store in them are those that servers of every age take.
"""

import json
from typing import Any, NoReturn
from urllib.parse import quote

from billhead.plugin import (
    BillheadError,
    DeclineClass,
    GatewayConnection,
    GatewayRejected,
    GatewayUnreachable,
    HttpResponse,
    OutcomeUnknown,
)
from billhead_btcpay.settings import BTCPaySettings

__all__ = ["NOT_AUTHORISED", "NOT_FOUND", "Api", "Json"]

NOT_FOUND = "btcpay_not_found"
NOT_AUTHORISED = "btcpay_not_authorised"

Json = dict[str, Any]
_NO_JSON = object()
_WORD = 60


class Api:
    """Raises GatewayRejected (the server said no; code NOT_FOUND: there is no such object), GatewayUnreachable
    (nothing was done), OutcomeUnknown (a write that may have been done)."""

    def __init__(self, account: GatewayConnection) -> None:
        self.settings: BTCPaySettings = account.settings
        self._what, self._http = account.code, account.http
        self._root = self.settings.url.rstrip("/") + "/api/v1"
        self._headers = {"Authorization": f"token {self.settings.api_key}"}

    @property
    def store(self) -> str:
        return f"/stores/{quote(self.settings.store_id, safe='')}"

    def one(self, path: str, **params: str) -> Json:
        told = self._read(path, params)
        if not isinstance(told, dict):
            raise GatewayUnreachable(f"{self._what}: the server's answer is no object")
        return told

    def several(self, path: str, **params: str) -> list[Json]:
        told = self._read(path, params)
        if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
            raise GatewayUnreachable(f"{self._what}: the server's answer is no list")
        return told

    def make(self, path: str, body: Json) -> Json:
        answer = self._http.write("POST", self._root + path, json=body, headers=self._headers)
        told = self._told(answer, OutcomeUnknown)
        if not isinstance(told, dict):
            raise OutcomeUnknown(f"{self._what}: the server's answer is no object")
        return told

    def _read(self, path: str, params: dict[str, str]) -> Any:
        answer = self._http.read(self._root + path, params=params, headers=self._headers)
        return self._told(answer, GatewayUnreachable)

    def _told(self, answer: HttpResponse, no_proof: type[BillheadError]) -> Any:
        try:
            told = json.loads(answer.body)
        except ValueError:
            told = _NO_JSON
        if 200 <= answer.status < 300 and told is not _NO_JSON:
            return told
        self._refused(answer.status, told, no_proof)

    def _refused(self, status: int, told: Any, no_proof: type[BillheadError]) -> NoReturn:
        if status == 401:  # it comes without a body
            raise GatewayRejected(
                f"{self._what}: BTCPay Server does not accept the API key",
                code=NOT_AUTHORISED,
                decline=DeclineClass.CONFIG,
                hint="make a new one on the server, under Account, API Keys",
            )
        if status == 429:
            raise GatewayUnreachable(f"{self._what}: BTCPay Server is asked too often: wait and repeat")
        if status == 403:
            missing = told.get("missingPermission") if isinstance(told, dict) else None
            needed = f" without the permission {_short(missing)}" if missing else ""
            raise GatewayRejected(
                f"{self._what}: BTCPay Server does not let this key do that{needed}",
                code=NOT_AUTHORISED,
                decline=DeclineClass.CONFIG,
                hint="give the key the permissions that the account check names",
            )
        if told is _NO_JSON or not 400 <= status < 500 or status in (408, 409):
            raise no_proof(f"{self._what}: BTCPay Server answered {status} without saying what it did")
        code = NOT_FOUND if status == 404 else _code(told) or "invalid_request"
        raise GatewayRejected(f"{self._what}: BTCPay Server refused: {_reason(told) or status}", code=code)


def _code(told: Any) -> str:
    return _short(told.get("code")) if isinstance(told, dict) and told.get("code") else ""


def _reason(told: Any) -> str:
    """`{code, message}`, or a list of `{path, message}`: what was wrong where."""
    listed = told if isinstance(told, list) else [told]
    said = [
        ": ".join(_short(one.get(name)) for name in ("path", "message") if one.get(name))
        for one in listed[:5]
        if isinstance(one, dict)
    ]
    return "; ".join(one for one in said if one)


def _short(word: object) -> str:
    """The server's own words, without anything that a page or a log could trip over."""
    return "".join(one if one.isalnum() or one in " .,:;_-/()" else " " for one in str(word))[: _WORD * 2].strip()
