"""The channel, by the Bot API (https://core.telegram.org/bots/api): sendMessage, and getUpdates for who pressed Start.

`ok: false` is read by its error_code: 401 and 404 (token), 409 and 429 are no word on the message: NoticeNotSent;
400 and 403 (no such chat, the bot was blocked) are NoticeRejected; 5xx and a lost answer are OutcomeUnknown.
"""

import re
from collections.abc import Sequence
from typing import Any

from billhead.plugin import (
    Addressing,
    BillheadError,
    ChannelConnection,
    HttpClient,
    HttpResponse,
    Message,
    NoticeNotSent,
    NoticeRejected,
    NotificationChannel,
    OutcomeUnknown,
    Started,
)
from billhead_telegram.settings import TelegramSettings

__all__ = ["TelegramChannel"]

_CHAT = re.compile(r"-?[0-9]{1,20}")
_START = re.compile(r"/start(?:@\w+)? ([A-Za-z0-9_-]{1,64})")
_LONGEST = 4096
_LARGEST = 4 * 2**20  # bytes of an answer: a hundred updates
_PAGES = 20  # of a hundred updates each: what is left over is read the next time


class TelegramChannel(NotificationChannel):
    """Messages of a bot to who has pressed Start."""

    code = "telegram"
    label = "Telegram"
    settings_type = TelegramSettings
    addressing = Addressing.STARTED

    def send(self, channel: ChannelConnection, message: Message) -> None:
        if not _CHAT.fullmatch(message.recipient):
            raise NoticeRejected("the recipient is no chat of Telegram")
        text = message.text.strip()
        if len(text.encode("utf-16-le")) // 2 > _LONGEST:  # as Telegram counts
            text = message.short or text[: _LONGEST // 2]
        asked = {"chat_id": int(message.recipient), "text": text, "link_preview_options": {"is_disabled": True}}
        with _Api(channel.settings) as api:
            api.told(api.write("sendMessage", asked), OutcomeUnknown)

    def start_url(self, channel: ChannelConnection, code: str) -> str:
        return f"https://t.me/{channel.settings.bot}?start={code}"

    def started(self, channel: ChannelConnection, after: int) -> Sequence[Started]:
        found: list[Started] = []
        with _Api(channel.settings) as api:
            for _ in range(_PAGES):
                asked = {"offset": after + 1 if after else 0, "limit": 100, "allowed_updates": ["message"]}
                updates = api.told(api.read("getUpdates", asked), NoticeNotSent)
                if not isinstance(updates, list) or not updates:
                    break
                after = max(int(one["update_id"]) for one in updates)
                found += [begun for one in updates if (begun := _begun(one)) is not None]
        return found


def _begun(update: dict[str, Any]) -> Started | None:
    """Only talks of one person with the bot: in a group everybody would read the bills."""
    message = update.get("message") or {}
    chat = message.get("chat") or {}
    told = _START.fullmatch(str(message.get("text", "")).strip())
    if told is None or chat.get("type") != "private":
        return None
    return Started(told[1], str(chat["id"]), int(update["update_id"]))


class _Api:
    """The token is part of the address, so no error tells one."""

    def __init__(self, settings: TelegramSettings) -> None:
        self._root = f"{settings.api.rstrip('/')}/bot{settings.token}"
        self._http = HttpClient(
            "Telegram",
            timeout_seconds=settings.timeout_seconds,
            unreachable=NoticeNotSent,
            unknown=OutcomeUnknown,
            largest=_LARGEST,
        )

    def __enter__(self) -> "_Api":
        return self

    def __exit__(self, *_error: object) -> None:
        self._http.close()

    def read(self, method: str, asked: dict[str, Any]) -> HttpResponse:
        return self._http.read(f"{self._root}/{method}", method="POST", json=asked)

    def write(self, method: str, asked: dict[str, Any]) -> HttpResponse:
        return self._http.write("POST", f"{self._root}/{method}", json=asked)

    def told(self, answer: HttpResponse, no_proof: type[BillheadError]) -> Any:
        told = answer.json_object()
        if told is not None and told.get("ok") is True:
            return told.get("result")
        if told is None or answer.status >= 500:
            raise no_proof(f"Telegram answered {answer.status} without saying what it did")
        code, why = told.get("error_code", answer.status), str(told.get("description", ""))[:200]
        if code in (400, 403):
            raise NoticeRejected(f"Telegram refuses the message: {why or code}")
        hint = "a bot whose webhook is set tells nobody else who pressed Start: remove it" if code == 409 else ""
        raise NoticeNotSent(f"Telegram does not let us send: {why or code}", hint=hint)
