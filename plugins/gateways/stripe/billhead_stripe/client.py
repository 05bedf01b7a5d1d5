"""Stripe's own client over Billhead's connections: each answer is an object, or an error that says what is known.

It is the only module that imports the SDK, which takes a while: the gateway imports it with its first call. Retries are
core's, which looks before it asks again, so the SDK makes none.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import stripe
from billhead.plugin import (
    BillheadError,
    DeclineClass,
    GatewayConnection,
    GatewayRejected,
    GatewayUnreachable,
    HttpClient,
    OutcomeUnknown,
)
from billhead_stripe.declines import NOT_AUTHORISED, Declined
from billhead_stripe.settings import StripeSettings

__all__ = ["MISSING", "KeyTaken", "NotPermitted", "StripeApi", "keyed"]

stripe.enable_telemetry = False  # it would write an id into the home folder, and tell Stripe of this machine
logging.getLogger("stripe").setLevel(logging.WARNING)  # below that it logs what it sends: names and addresses

_Ask = Callable[[Any], Any]


MISSING = "resource_missing"
"""Stripe's code for what is not there, or not any more."""


class KeyTaken(OutcomeUnknown):
    """Stripe has seen this idempotency key with another request."""

    code = "idempotency_error"


class NotPermitted(GatewayRejected):
    """The key is one of Stripe's, but a restricted one that lacks the permission."""


class _Wire(stripe.HTTPClient):
    """The SDK's way out: our client knows whether anything was sent, and says so by what it raises."""

    name = "billhead"

    def __init__(self, http: HttpClient) -> None:
        super().__init__()
        self._http = http

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        options: dict[str, Any] = {"headers": dict(headers or {})}
        if post_data:
            options["content"] = post_data
        if method.upper() == "GET":
            answer = self._http.read(url, **options)
        else:
            answer = self._http.write(method.upper(), url, **options)
        return answer.text, answer.status, answer.headers

    def close(self) -> None:
        """Core closes its connections."""


class StripeApi:
    """One Stripe account. What is asked is a call of the SDK's services; answers are plain dicts.

    Raises Declined (the payer's bank said no), GatewayRejected (Stripe said no), GatewayUnreachable (nothing was done),
    OutcomeUnknown (a write that may have been done), KeyTaken.
    """

    def __init__(self, account: GatewayConnection) -> None:
        settings: StripeSettings = account.settings
        self._what = account.code
        self._client = stripe.StripeClient(
            settings.api_key,
            base_addresses={"api": settings.url.rstrip("/")},
            max_network_retries=0,
            http_client=_Wire(account.http),
        )

    def read(self, ask: _Ask) -> dict[str, Any]:
        """`api.read(lambda v1: v1.refunds.retrieve("re_…"))`: a question, which can be asked again."""
        return self._asked(ask, GatewayUnreachable)

    def known(self, ask: _Ask) -> dict[str, Any] | None:
        """As `read`; None for what is not there."""
        try:
            return self.read(ask)
        except GatewayRejected as refused:
            if refused.code == MISSING:
                return None
            raise

    def write(self, ask: _Ask) -> dict[str, Any]:
        """`api.write(lambda v1: v1.refunds.create({…}, keyed("…")))`: always under an idempotency key. What may be done
        twice needs none of ours: the SDK makes one."""
        return self._asked(ask, OutcomeUnknown)

    def _asked(self, ask: _Ask, no_proof: type[BillheadError]) -> dict[str, Any]:
        try:
            answer = ask(self._client.v1).to_dict()
        except stripe.StripeError as error:
            self._refused(error, no_proof)
        except (AttributeError, TypeError, ValueError, KeyError):
            raise no_proof(f"{self._what}: Stripe's answer is no object of its API") from None
        if not answer.get("object"):
            raise no_proof(f"{self._what}: Stripe's answer is no object of its API")
        return answer

    def _refused(self, error: stripe.StripeError, no_proof: type[BillheadError]) -> NoReturn:
        """What the SDK raised, in Billhead's words. It holds the whole answer and is not kept as the cause."""
        code, status = str(error.code or ""), error.http_status
        match error:
            case stripe.CardError():
                raise Declined(_told(error)) from None
            case stripe.RateLimitError():
                raise GatewayUnreachable(f"{self._what}: Stripe is asked too often: wait and repeat") from None
            case stripe.PermissionError():
                raise NotPermitted(
                    f"{self._what}: the secret key may not do this at Stripe",
                    code=NOT_AUTHORISED,
                    decline=DeclineClass.CONFIG,
                    hint="give the restricted key the permissions that the plugin's README names",
                ) from None
            case stripe.AuthenticationError():
                raise GatewayRejected(
                    f"{self._what}: Stripe does not accept the secret key",
                    code=NOT_AUTHORISED,
                    decline=DeclineClass.CONFIG,
                    hint="compare it with Developers → API keys at Stripe",
                ) from None
            case stripe.IdempotencyError():
                raise KeyTaken(f"{self._what}: Stripe has seen this key with another request") from None
            case stripe.InvalidRequestError():
                why = error.user_message or code
                code = code or ("resource_missing" if status == 404 else "invalid_request")
                raise GatewayRejected(f"{self._what}: Stripe refused: {why}", code=code) from None
            case _:
                raise no_proof(f"{self._what}: Stripe answered {status} without saying what it did") from None


def keyed(key: str) -> dict[str, str]:
    """The options of a write: the same key is carried out once."""
    return {"idempotency_key": key}


def _told(error: stripe.StripeError) -> dict[str, Any]:
    body = error.json_body
    told = body.get("error") if isinstance(body, dict) else None
    return told if isinstance(told, dict) else {}
