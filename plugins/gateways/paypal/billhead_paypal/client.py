"""PayPal's own SDK over Billhead's connections: each answer is a dict, or an error that says what is known.

It is the only module that imports the SDK, which takes a while: the gateway imports it with its first call. The SDK
makes the requests; their answers are read here. Its decoder would build whatever object an answer names, and its
models drop the fields that they don't know, so it is handed an empty answer. What it has no calls for (disputes, the
check of a webhook) is asked for without it. Retries are core's, which looks before it asks again.
"""

import re
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from paypalserversdk.configuration import Configuration, Server
from paypalserversdk.http.auth.o_auth_2 import ClientCredentialsAuthCredentials
from paypalserversdk.models.o_auth_token import OAuthToken
from paypalserversdk.paypal_serversdk_client import PaypalServersdkClient

from billhead.plugin import (
    AccessToken,
    AccessTokens,
    BillheadError,
    DeclineClass,
    GatewayConnection,
    GatewayRejected,
    GatewayUnreachable,
    HttpClient,
    HttpResponse,
    OutcomeUnknown,
)
from billhead_paypal.declines import NOT_AUTHORISED, Declined, decline_of, is_config, is_doubt
from billhead_paypal.settings import PayPalSettings

__all__ = ["NOT_FOUND", "PayPalApi"]

NOT_FOUND = "paypal_not_found"

_Ask = Callable[[Any], Any]
_ISSUE = re.compile(r"[A-Z0-9_]{1,80}")
_tokens = AccessTokens()
"""PayPal gives them for hours."""


class _Emptied(NamedTuple):
    """What the SDK is told of an answer."""

    request: Any
    status_code: int = 200
    reason_phrase: str = "OK"
    headers: dict[str, str] = {}  # never written to
    text: str = "{}"


class _Wire:
    """The SDK's way out: our client knows whether anything was sent, and says so by what it raises."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self.answer = HttpResponse(0, {}, b"")

    def execute(self, request: Any, _endpoint: Any) -> _Emptied:
        method = str(request.http_method)
        headers = {name: str(value) for name, value in request.headers.items() if value is not None}
        headers.pop("user-agent", None)
        options: dict[str, Any] = {"headers": headers}
        if request.parameters is not None:
            options["content"] = request.parameters
        if method == "GET":
            self.answer = self._http.read(request.query_url, **options)
        else:
            self.answer = self._http.write(method, request.query_url, **options)
        return _Emptied(request)


class _Configuration(Configuration):
    """The SDK knows two addresses and has a client of its own; here both are the account's."""

    def __init__(self, url: str, wire: _Wire, credentials: ClientCredentialsAuthCredentials) -> None:
        self._url, self._wire = url, wire
        super().__init__(client_credentials_auth_credentials=credentials)

    def create_http_client(self) -> _Wire:
        return self._wire

    def get_base_uri(self, server: Server = Server.DEFAULT) -> str:
        return self._url


class PayPalApi:
    """One PayPal app, for the calls of one question.

    Raises Declined (the payer's account said no), GatewayRejected (PayPal said no; code NOT_FOUND: there is no such
    object), GatewayUnreachable (nothing was done), OutcomeUnknown (a write that may have been done).
    """

    def __init__(self, account: GatewayConnection) -> None:
        self._settings: PayPalSettings = account.settings
        self._what, self._http = account.code, account.http
        self._url = self._settings.url.rstrip("/")
        self._wire = _Wire(account.http)
        self.scopes: frozenset[str] = frozenset()

    def read(self, ask: _Ask) -> dict[str, Any]:
        """`api.read(lambda sdk: sdk.orders.get_order({"id": …}))`: a question, which can be asked again."""
        return self._asked(lambda: self._by_sdk(ask), GatewayUnreachable)

    def write(self, ask: _Ask) -> dict[str, Any]:
        """`api.write(lambda sdk: sdk.orders.create_order({…}))`: always with a `paypal_request_id`."""
        return self._asked(lambda: self._by_sdk(ask), OutcomeUnknown)

    def get(self, path: str, **params: str) -> dict[str, Any]:
        """What the SDK has no call for."""
        address = self._url + path
        return self._asked(lambda: self._http.read(address, params=params, headers=self._login()), GatewayUnreachable)

    def check(self, path: str, body: bytes) -> dict[str, Any]:
        """A POST that changes nothing there, with a body that is sent as it is."""

        def send() -> HttpResponse:
            headers = {**self._login(), "Content-Type": "application/json"}
            return self._http.read(self._url + path, method="POST", content=body, headers=headers)

        return self._asked(send, GatewayUnreachable)

    def _by_sdk(self, ask: _Ask) -> HttpResponse:
        token = OAuthToken(access_token=self._token(), token_type="Bearer")  # noqa: S106
        settings = self._settings
        credentials = ClientCredentialsAuthCredentials(settings.client_id, settings.client_secret, o_auth_token=token)
        ask(PaypalServersdkClient(config=_Configuration(self._url, self._wire, credentials)))
        return self._wire.answer

    def _asked(self, send: Callable[[], HttpResponse], no_proof: type[BillheadError]) -> dict[str, Any]:
        answer = send()
        if answer.status == 401:  # the token was revoked before its time: nothing was done
            _tokens.forget(self._whose())
            answer = send()
        if answer.status == 204:  # it is deleted, and there is nothing to say of it
            return {}
        told = answer.json_object()
        if 200 <= answer.status < 300 and told is not None:
            return told
        self._refused(answer.status, told, no_proof)

    def _refused(self, status: int, told: dict[str, Any] | None, no_proof: type[BillheadError]) -> NoReturn:
        """What PayPal answered instead, in Billhead's words."""
        if status == 429:
            raise GatewayUnreachable(f"{self._what}: PayPal is asked too often: wait and repeat")
        if told is None or not 400 <= status < 500 or status in (408, 409):
            raise no_proof(f"{self._what}: PayPal answered {status} without saying what it did")
        issue, debug = _issue(told), str(told.get("debug_id") or "")[:40]
        if status == 401:
            raise self._unauthorised()
        if decline_of(issue) is not None:
            raise Declined(issue, [one for one in told.get("links") or [] if isinstance(one, dict)])
        if is_doubt(issue):
            raise OutcomeUnknown(f"{self._what}: {issue}: an earlier request may have worked", code=issue)
        if status == 403 or is_config(issue):
            raise GatewayRejected(
                f"{self._what}: PayPal does not let this account do that: {issue}",
                code=NOT_AUTHORISED,
                decline=DeclineClass.CONFIG,
                hint="look at the app's features and the account's notices at PayPal",
            )
        code = NOT_FOUND if status == 404 else issue.lower() or "invalid_request"
        raise GatewayRejected(f"{self._what}: PayPal refused: {issue or status} (debug id {debug})", code=code)

    def renew_token(self) -> None:
        """Raises GatewayRejected where client ID and secret are wrong. `scopes` are what the app may do, as PayPal says
        with the token; none where it does not say."""
        _tokens.forget(self._whose())
        self._token()

    # -- the token

    def _login(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token()}"}

    def _whose(self) -> tuple[str, str, str]:
        return self._url, self._settings.client_id, self._settings.client_secret

    def _token(self) -> str:
        return _tokens.of(self._whose(), self._new_token).text

    def _new_token(self) -> AccessToken:
        answer = self._http.read(
            f"{self._url}/v1/oauth2/token",
            method="POST",
            data={"grant_type": "client_credentials"},
            auth=(self._settings.client_id, self._settings.client_secret),
            headers={"Accept": "application/json"},
        )
        told = answer.json_object()
        if answer.status in (400, 401, 403) and told is not None:
            raise self._unauthorised()
        token, seconds = (told or {}).get("access_token"), (told or {}).get("expires_in")
        if answer.status != 200 or not isinstance(token, str) or not isinstance(seconds, int) or not token:
            raise GatewayUnreachable(f"{self._what}: PayPal gave no token, it answered {answer.status}")
        scopes = told.get("scope") if told else None
        self.scopes = frozenset(scopes.split()) if isinstance(scopes, str) else frozenset()
        return AccessToken(token, seconds, answer.received_at)

    def _unauthorised(self) -> GatewayRejected:
        return GatewayRejected(
            f"{self._what}: PayPal does not accept the client ID and its secret",
            code=NOT_AUTHORISED,
            decline=DeclineClass.CONFIG,
            hint="compare them with Apps & Credentials at PayPal; live and sandbox have different ones",
        )


def _issue(told: dict[str, Any]) -> str:
    """The most exact word of an error: `details[0].issue`, else its name."""
    details = told.get("details")
    first = details[0] if isinstance(details, list) and details and isinstance(details[0], dict) else {}
    for word in (first.get("issue"), told.get("name"), told.get("error")):
        if isinstance(word, str) and _ISSUE.fullmatch(word.upper()):
            return word.upper()
    return ""
