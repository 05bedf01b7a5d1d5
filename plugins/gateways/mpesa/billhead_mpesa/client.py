"""Daraja, Safaricom's API, over Billhead's connections: each answer is a dict, or an error that says what is known."""

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta, timezone
from time import monotonic
from typing import Any, NoReturn

from billhead.plugin import (
    AccessToken,
    AccessTokens,
    BillheadError,
    DeclineClass,
    GatewayConnection,
    GatewayRejected,
    GatewayUnreachable,
    HttpResponse,
    OutcomeUnknown,
)
from billhead_mpesa.results import NOT_AUTHORISED, PENDING
from billhead_mpesa.settings import MpesaSettings

__all__ = ["NAIROBI", "Daraja"]

NAIROBI = timezone(timedelta(hours=3))  # without summer time
_BAD_TOKEN = ("404.001.03", "401.002.01", "400.003.01")
_TOO_OFTEN = "500.003.02"
_IN_WORK, _ANOTHER_OPEN, _WRONG_CREDENTIALS = "being processed", "lock subscriber", ("credential", "merchant does not")


_tokens = AccessTokens()
"""Safaricom gives them for an hour."""


class Daraja:
    """One app at Daraja, for the calls of one question.

    Raises GatewayRejected (it said no, and did nothing), GatewayUnreachable (nothing was done), OutcomeUnknown (a
    prompt may have been sent).
    """

    def __init__(self, account: GatewayConnection) -> None:
        self._settings: MpesaSettings = account.settings
        self._what, self._http = account.code, account.http
        self._url = self._settings.url.rstrip("/")

    def push(self, body: dict[str, Any]) -> dict[str, Any]:
        """A prompt on a phone. There is no key under which a repeat would be the same one."""
        address = f"{self._url}/mpesa/stkpush/v1/processrequest"
        told = self._asked(
            lambda: self._http.write("POST", address, json=self._stamped(body), headers=self._login()), OutcomeUnknown
        )
        if str(told.get("ResponseCode")) != "0":
            code = str(told.get("ResponseCode") or "invalid_request")[:40]
            raise GatewayRejected(f"{self._what}: M-Pesa did not take the request: {code}", code=code)
        return told

    def result_of(self, checkout: str) -> str:
        """The ResultCode of a push; PENDING while its payer has not answered."""
        address = f"{self._url}/mpesa/stkpushquery/v1/query"

        def ask() -> HttpResponse:
            body = self._stamped({"CheckoutRequestID": checkout})
            return self._http.read(address, method="POST", json=body, headers=self._login())

        told = self._asked(ask, GatewayUnreachable, in_work={"ResultCode": PENDING})
        code = told.get("ResultCode")
        if told.get("CheckoutRequestID", checkout) != checkout or not isinstance(code, str | int) or code == "":
            raise GatewayUnreachable(f"{self._what}: M-Pesa's answer is not about the push that was asked for")
        return str(code)

    def register(self, confirmation: str, validation: str) -> None:
        """Where deposits are told. A repeat with the same addresses does no harm."""
        address = f"{self._url}/mpesa/c2b/v2/registerurl"
        body = {
            "ShortCode": self._settings.shortcode,
            "ResponseType": "Completed",  # a deposit is taken also when we can't be asked
            "ConfirmationURL": confirmation,
            "ValidationURL": validation,
        }
        self._asked(lambda: self._http.write("POST", address, json=body, headers=self._login()), OutcomeUnknown)

    def renew_token(self) -> None:
        """Raises GatewayRejected where key and secret are wrong."""
        _tokens.forget(self._whose())
        self._token()

    # -- how it is asked

    def _asked(
        self,
        send: Callable[[], HttpResponse],
        no_proof: type[BillheadError],
        in_work: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """`in_work` is what it means that Safaricom still works on it, which it tells as an error."""
        answer = send()
        told = answer.json_object()
        if answer.status == 401 or (told is not None and told.get("errorCode") in _BAD_TOKEN):
            _tokens.forget(self._whose())  # it ended before its time: nothing was done
            answer = send()
            told = answer.json_object()
        if 200 <= answer.status < 300 and told is not None and "errorCode" not in told:
            return told
        if in_work is not None and told is not None and _IN_WORK in str(told.get("errorMessage")).lower():
            return in_work
        self._refused(answer.status, told or {}, no_proof)

    def _refused(self, status: int, told: dict[str, Any], no_proof: type[BillheadError]) -> NoReturn:
        """What Safaricom answered instead, in Billhead's words."""
        code, words = str(told.get("errorCode") or "")[:40], str(told.get("errorMessage") or "")[:200].lower()
        if status == 429 or code == _TOO_OFTEN:
            raise GatewayUnreachable(f"{self._what}: M-Pesa is asked too often: wait and repeat", code="rate_limited")
        if status == 401 or code in _BAD_TOKEN:
            raise self._unauthorised()
        if any(one in words for one in _WRONG_CREDENTIALS):
            raise GatewayRejected(
                f"{self._what}: M-Pesa does not accept shortcode and passkey",
                code=NOT_AUTHORISED,
                decline=DeclineClass.CONFIG,
                hint="compare them with M-Pesa Express at Daraja; live and sandbox have different ones",
            )
        if _ANOTHER_OPEN in words:
            raise GatewayRejected(f"{self._what}: another M-Pesa payment is open on this phone", code="1001")
        if not code or not 400 <= status < 500:
            raise no_proof(f"{self._what}: M-Pesa answered {status} without saying what it did")
        raise GatewayRejected(f"{self._what}: M-Pesa refused the request: {code}", code=code)

    def _stamped(self, body: dict[str, Any]) -> dict[str, Any]:
        """With the password, which is over the very time that stands beside it."""
        token = self._token()
        now = token.given_at + timedelta(seconds=int(monotonic() - token.at))
        stamp = now.astimezone(NAIROBI).strftime("%Y%m%d%H%M%S")
        shortcode = self._settings.shortcode
        password = b64encode(f"{shortcode}{self._settings.passkey}{stamp}".encode()).decode()
        return {"BusinessShortCode": shortcode, "Password": password, "Timestamp": stamp, **body}

    # -- the token

    def _login(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token().text}"}

    def _whose(self) -> tuple[str, str, str]:
        return self._url, self._settings.consumer_key, self._settings.consumer_secret

    def _token(self) -> AccessToken:
        return _tokens.of(self._whose(), self._new_token)

    def _new_token(self) -> AccessToken:
        answer = self._http.read(
            f"{self._url}/oauth/v1/generate",
            params={"grant_type": "client_credentials"},
            auth=(self._settings.consumer_key, self._settings.consumer_secret),
        )
        told = answer.json_object()
        if answer.status in (400, 401, 403):
            raise self._unauthorised()
        text, seconds = (told or {}).get("access_token"), str((told or {}).get("expires_in"))
        if answer.status != 200 or not isinstance(text, str) or not text or not seconds.isdecimal():
            raise GatewayUnreachable(f"{self._what}: M-Pesa gave no token, it answered {answer.status}")
        return AccessToken(text, int(seconds), answer.received_at)

    def _unauthorised(self) -> GatewayRejected:
        return GatewayRejected(
            f"{self._what}: M-Pesa does not accept the consumer key and its secret",
            code=NOT_AUTHORISED,
            decline=DeclineClass.CONFIG,
            hint="compare them with the app at Daraja; live and sandbox have different ones",
        )
