"""The card processor's API as its caller sees it: each answer is an object, or an error that says what is known.

What may have moved money is OutcomeUnknown whenever the processor itself did not say no: a lost connection, a 5xx, a
proxy's page, an answer cut short, and a key that the processor has seen with another request.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from billhead.plugin import (
    DeclineClass,
    GatewayConnection,
    GatewayRejected,
    GatewayUnreachable,
    HttpResponse,
    OutcomeUnknown,
    option,
    secret,
)

__all__ = ["CardsClient", "SandboxCardsSettings"]


@dataclass(frozen=True)
class SandboxCardsSettings:
    url: str = option("Processor address", hint="http://127.0.0.1:9101, as the sandbox panel prints it")
    api_key: str = secret("API key")
    callback_secret: str = secret("Callback secret", hint="signs what the processor reports")
    timeout_seconds: int = option("Timeout in seconds", default=20, minimum=1, maximum=120)


class CardsClient:
    """One gateway account's way to the processor."""

    def __init__(self, account: GatewayConnection) -> None:
        settings: SandboxCardsSettings = account.settings
        self._http = account.http
        self._what = account.code
        self._base = settings.url.rstrip("/") + "/cards/v1/"
        self._headers = {"Authorization": f"Bearer {settings.api_key}"}

    def create(self, what: str, wish: dict[str, Any], key: str) -> dict[str, Any]:
        """POST a charge or refund. The same key and wish get the first answer again; nothing is done twice."""
        return self._written(what, json=wish, headers={**self._headers, "Idempotency-Key": key})

    def cancel(self, charge_id: str) -> dict[str, Any]:
        """Close a charge that waits for its payer; one that has ended comes back as it is."""
        return self._written(f"charges/{charge_id}/cancel", headers=self._headers)

    def forget(self, token: str) -> None:
        """Delete a token; one that the processor does not know is gone."""
        response = self._http.write("DELETE", f"{self._base}tokens/{quote(token, safe='')}", headers=self._headers)
        if response.status == 404 or (response.status == 200 and _object(response).get("deleted")):
            return
        raise self._refusal(response) or OutcomeUnknown(f"{self._what} answered {response.status}: ask again")

    def by_reference(self, what: str, reference: str) -> list[dict[str, Any]]:
        """Every charge or refund with this reference, oldest first."""
        params = {"reference": reference}
        response = self._http.read(self._base + what, params=params, headers=self._headers)
        if response.status != 200:
            raise self._refusal(response) or GatewayUnreachable(f"{self._what} answered {response.status}: look later")
        rows = _object(response).get("data")
        if not isinstance(rows, list):
            raise GatewayUnreachable(f"{self._what} gave no list of {what}: look later")
        return rows

    def _written(self, path: str, **options: Any) -> dict[str, Any]:
        response = self._http.write("POST", self._base + path, **options)
        if response.status == 200 and (content := _object(response)).get("id"):
            return content
        raise self._refusal(response) or OutcomeUnknown(
            f"{self._what} answered {response.status} without a charge or refund, it may have acted"
        )

    def _refusal(self, response: HttpResponse) -> GatewayRejected | GatewayUnreachable | None:
        """The processor's own no, which proves that it did nothing; None for everything else."""
        error = _object(response).get("error")
        if response.status == 429:
            return GatewayUnreachable(f"{self._what} is asked too often: wait and repeat")
        if not isinstance(error, dict) or response.status not in (400, 401, 403, 404):
            return None
        ours = DeclineClass.CONFIG if response.status in (401, 403) else DeclineClass.INVALID_REQUEST
        words = f"{self._what} refused: {error.get('message')}"
        return GatewayRejected(words, decline=ours, code=str(error.get("code")))


def _object(response: HttpResponse) -> dict[str, Any]:
    """The JSON object of an answer; empty if it holds none."""
    try:
        content = json.loads(response.body)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
