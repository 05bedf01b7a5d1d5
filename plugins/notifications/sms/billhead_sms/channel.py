"""The channel: the template is filled in, the gateway called once, and its answer read.

nobody listens, 401, 402, 403, 429, 3xx   surely not sent: NoticeNotSent
any other 4xx, or it says another word    it will never take this one: NoticeRejected
5xx, a lost or an unreadable answer       it may have been sent: OutcomeUnknown
"""

import json
import re
from typing import Any
from urllib.parse import quote

from billhead.plugin import (
    Addressing,
    ChannelConnection,
    HttpClient,
    HttpResponse,
    Message,
    NoticeNotSent,
    NoticeRejected,
    NotificationChannel,
    OutcomeUnknown,
    marked,
)
from billhead_sms.settings import PLACEHOLDER, SmsSettings

__all__ = ["SmsChannel"]

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}
_OURS = (401, 402, 403, 429)  # the key, the credit or the pace, and not this message
_LARGEST = 2**20  # bytes of an answer
_NOTHING = object()


class SmsChannel(NotificationChannel):
    """Text messages through a gateway of the operator's choice."""

    code = "sms"
    label = marked("SMS")
    settings_type = SmsSettings
    addressing = Addressing.TYPED

    def send(self, channel: ChannelConnection, message: Message) -> None:
        settings: SmsSettings = channel.settings
        if not _NUMBER.fullmatch(message.recipient):
            raise NoticeRejected("the recipient is no phone number", hint="with + and the country: +358401234567")
        values = {
            "to": message.recipient,
            "text": message.short or message.text.strip(),
            "sender": settings.sender,
            "key": message.key,
            "secret": settings.api_secret,
        }
        auth = (settings.login, settings.password) if settings.login else None
        client = HttpClient(
            "the SMS gateway",
            timeout_seconds=settings.timeout_seconds,
            auth=auth,
            unreachable=NoticeNotSent,
            unknown=OutcomeUnknown,
            largest=_LARGEST,
        )
        url = _filled(settings.url, values, "form")
        try:
            answer = client.write(settings.method, url, **_request(settings, values))
        finally:
            client.close()
        _read(answer, settings)


def _request(settings: SmsSettings, values: dict[str, str]) -> dict[str, Any]:
    headers = {}
    for line in settings.header_lines():
        name, _, value = line.partition(":")
        headers[name.strip()] = _filled(value.strip(), values, "header")
    if settings.content == "none" or settings.method == "GET":
        return {"headers": headers}
    headers.setdefault("Content-Type", _TYPES[settings.content])
    return {"headers": headers, "content": _filled(settings.body, values, settings.content).encode()}


def _filled(template: str, values: dict[str, str], how: str) -> str:
    """In one pass: a text that looks like a placeholder stays text. Each value is quoted for where it stands."""

    def value(found: re.Match[str]) -> str:
        text = values[found[1]]
        if how == "json":
            return json.dumps(text)[1:-1]
        if how == "form":
            return quote(text, safe="")
        return "".join(sign for sign in text if sign.isprintable() and sign.isascii())

    return PLACEHOLDER.sub(value, template)


def _read(answer: HttpResponse, settings: SmsSettings) -> None:
    status = answer.status
    if status in _OURS or 300 <= status < 400:
        raise NoticeNotSent(f"the SMS gateway answered {status}", hint="check its address, key and credit")
    if status == 408 or status >= 500:
        raise OutcomeUnknown(f"the SMS gateway answered {status}: it may have been sent")
    if not 200 <= status < 300:
        raise NoticeRejected(f"the SMS gateway refuses the message: it answered {status}")
    if not settings.success_path:
        return
    said = _said(answer, settings.success_path)
    if said is _NOTHING:
        where = settings.success_path
        raise OutcomeUnknown(f"the SMS gateway's answer says nothing at {where}: it may have been sent")
    wanted = [one.strip() for one in settings.success_values.split(",") if one.strip()]
    if wanted and str(said) not in wanted:
        raise NoticeRejected(f"the SMS gateway says {str(said)[:60]!r} instead of {' or '.join(wanted)}")


def _said(answer: HttpResponse, path: str) -> Any:
    """What stands at "messages.0.status" of the answer; _NOTHING where there is no such place."""
    try:
        there = json.loads(answer.body)
    except (ValueError, RecursionError):  # lists in lists in lists
        return _NOTHING
    for step in path.split("."):
        if isinstance(there, dict) and step in there:
            there = there[step]
        elif isinstance(there, list) and step.isdecimal() and int(step) < len(there):
            there = there[int(step)]
        else:
            return _NOTHING
    return there
