"""Does an account work? What a player is told, which is what counts after a block.

Only accounts that exist are asked about: ten unknown names within five minutes get our address banned, from the admin
API too.
"""

import json
import time
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from billhead.plugin import HttpClient, HttpResponse, PanelUnreachable
from billhead_xtream.client import number

_TIMEOUT, _PATIENCE, _PAUSE = 5, 4.0, 0.3  # seconds


class Serving(StrEnum):
    """`unknown`: the answer was about us or the network, not about the account."""

    WORKS = "works"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Players:
    """The player side of one panel; `address` without a slash at the end."""

    def __init__(self, http: HttpClient, address: str) -> None:
        self._http = http
        self._url = f"{address}/player_api.php"

    def serving(self, login: str, password: str) -> Serving:
        answer, content = self._ask(login, password)
        status = answer.status if answer is not None else 0
        info = content.get("user_info") if content is not None else None
        if status == 200 and isinstance(info, Mapping):
            works = number(info.get("auth")) == 1 and info.get("status") == "Active"
            return Serving.WORKS if works else Serving.REFUSED
        return Serving.REFUSED if status in (401, 404) else Serving.UNKNOWN

    def stop_being_served(self, login: str, password: str, nudge: Callable[[], object]) -> bool:
        """Ask until players are refused; half-way, `nudge` the panel's cache. What can't be known counts as refused."""
        end, nudged = time.monotonic() + _PATIENCE, False
        while self.serving(login, password) is Serving.WORKS:
            left = end - time.monotonic()
            if left <= 0:
                return False
            if left < _PATIENCE / 2 and not nudged:
                nudge()
                nudged = True
            time.sleep(_PAUSE)
        return True

    def skew(self, login: str, password: str) -> int:
        """How many seconds the panel's clock is ahead of ours, as a working account is told; 0 where none tells."""
        answer, content = self._ask(login, password)
        info = content.get("server_info") if content is not None else None
        told = number(info.get("timestamp_now")) if isinstance(info, Mapping) else None
        return 0 if answer is None or told is None else told - int(answer.received_at.timestamp())

    def _ask(self, login: str, password: str) -> tuple[HttpResponse | None, Mapping[str, Any] | None]:
        """The answer and its JSON object, each None where there is none. POST keeps the password out of access logs."""
        form = {"username": login, "password": password}
        try:
            answer = self._http.read(self._url, method="POST", data=form, timeout=_TIMEOUT)
        except PanelUnreachable:
            return None, None
        try:
            content = json.loads(answer.text)
        except (ValueError, RecursionError):
            return answer, None
        return answer, content if isinstance(content, Mapping) else None
