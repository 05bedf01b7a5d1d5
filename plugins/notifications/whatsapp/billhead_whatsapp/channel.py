"""The channel, by the WhatsApp Business Cloud API: POST /{phone_number_id}/messages with a template.

A business that writes first may send approved templates only. The notice is the one variable of the template's body.
A no is read by the code of its error, as Meta advises, and not by the HTTP status:

nobody listens; token, permission, account, pace, template   surely not sent, by no fault of it: NoticeNotSent
any other code                                               it will never take this one: NoticeRejected
5xx, code 1, a lost or an unreadable answer                  it may have been sent: OutcomeUnknown
"""

import re
from typing import Any

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
)
from billhead_whatsapp.settings import WhatsAppSettings

__all__ = ["WhatsAppChannel"]

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
_LONGEST = 900  # signs of the variable: a body has 1024 with the words around it
_LARGEST = 2**20  # bytes of an answer
_WORD = re.compile(r"[^\x20-\x7e]")

_ACCESS = "compare the access token and what it may do with the app's page at Meta"
_ACCOUNT = (
    "look at the account in WhatsApp Manager: it is locked, not registered, without an approved name or not paid for"
)
_PACE = "WhatsApp takes fewer messages than are sent; they are tried again"
_OUR_TEMPLATE = "compare name, languages and the one variable {{1}} with the template in WhatsApp Manager"
_OURS: dict[int, str] = {
    **dict.fromkeys((0, 3, 10, 190, *range(200, 300)), _ACCESS),
    **dict.fromkeys((33, 368, 131031, 131037, 131042, 133010), _ACCOUNT),
    **dict.fromkeys((4, 80007, 130429, 131048, 131056), _PACE),
    **dict.fromkeys((132000, 132001, 132007, 132012, 132015, 132016), _OUR_TEMPLATE),
}
"""Codes that say nothing about this message."""

_UNKNOWN = 1  # "unknown error", perhaps a temporary one: Meta does not say whether it sent
_NO_NUMBER = (100, 33)  # (code, error_subcode): the phone number ID is wrong, or the token may not see it
_NUMBER_ID = "compare the phone number ID with WhatsApp Manager, and whether the token may use that number"


class WhatsAppChannel(NotificationChannel):
    """Messages from the operator's own number at WhatsApp."""

    code = "whatsapp"
    label = "WhatsApp"
    settings_type = WhatsAppSettings
    addressing = Addressing.TYPED

    def send(self, channel: ChannelConnection, message: Message) -> str:
        settings: WhatsAppSettings = channel.settings
        if not _NUMBER.fullmatch(message.recipient):
            raise NoticeRejected("the recipient is no phone number", hint="with + and the country: +358401234567")
        client = _client(settings)
        try:
            answer = client.write(
                "POST", f"{_root(settings)}/messages", json=_asked(settings, message), headers=_login(settings)
            )
        finally:
            client.close()
        return _taken(answer)

    def check(self, channel: ChannelConnection) -> str:
        """Whether the token may see the number; sends nothing. Templates are seen with the first message only."""
        settings: WhatsAppSettings = channel.settings
        client = _client(settings)
        try:
            fields = {"fields": "display_phone_number,verified_name"}
            answer = client.read(_root(settings), params=fields, headers=_login(settings))
        finally:
            client.close()
        told = answer.json_object() or {}
        if answer.status != 200 or not told.get("display_phone_number"):
            code, why = _error(told)
            hint = _NUMBER_ID if _is_no_number(told) else _OURS.get(code, _ACCESS)
            raise NoticeNotSent(f"WhatsApp does not show this number: {why or answer.status}", hint=hint)
        name = _plain(told.get("verified_name")) or "it has no name yet"
        return f"WhatsApp knows the number {_plain(told['display_phone_number'])}: {name}."


def _client(settings: WhatsAppSettings) -> HttpClient:
    return HttpClient(
        "WhatsApp",
        timeout_seconds=settings.timeout_seconds,
        unreachable=NoticeNotSent,
        unknown=OutcomeUnknown,
        largest=_LARGEST,
    )


def _root(settings: WhatsAppSettings) -> str:
    return f"{settings.api.rstrip('/')}/{settings.phone_number_id}"


def _login(settings: WhatsAppSettings) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.token}"}


def _asked(settings: WhatsAppSettings, message: Message) -> dict[str, Any]:
    # a variable takes no line breaks, tabs or runs of blanks
    text = " ".join((message.short or message.text).split())
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 1]}…"
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": message.recipient.removeprefix("+"),
        "type": "template",
        "template": {
            "name": settings.template_of(message.kind),
            "language": {"code": settings.language_of(message.language)},
            "components": [{"type": "body", "parameters": [{"type": "text", "text": text}]}],
        },
    }


def _taken(answer: HttpResponse) -> str:
    """WhatsApp's id of the message."""
    told = answer.json_object()
    if told is None or answer.status >= 500:
        raise OutcomeUnknown(f"WhatsApp answered {answer.status} without saying what it did: it may have been sent")
    if 200 <= answer.status < 300:
        sent = told.get("messages")
        first = sent[0] if isinstance(sent, list) and sent else {}
        if isinstance(first, dict) and isinstance(first.get("id"), str):
            return f"taken as {_plain(first['id'])}"
        raise OutcomeUnknown("WhatsApp's answer names no message: it may have been sent")
    code, why = _error(told)
    if code == _UNKNOWN:
        raise OutcomeUnknown(f"WhatsApp does not know what it did: {why}")
    if _is_no_number(told):
        raise NoticeNotSent(f"WhatsApp does not let us send: {why}", hint=_NUMBER_ID)
    if code in _OURS or answer.status in (401, 403, 429) or answer.status < 400:
        raise NoticeNotSent(f"WhatsApp does not let us send: {why or answer.status}", hint=_OURS.get(code, _ACCESS))
    raise NoticeRejected(f"WhatsApp refuses the message: {why or answer.status}")


def _error(told: dict[str, Any]) -> tuple[int, str]:
    """(code, what to tell of it); -1 where there is none."""
    error = told.get("error")
    if not isinstance(error, dict) or type(error.get("code")) is not int:
        return -1, ""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    return error["code"], f"{_plain(details or error.get('message'))} (code {error['code']})".strip()


def _is_no_number(told: dict[str, Any]) -> bool:
    error = told.get("error")
    return isinstance(error, dict) and (error.get("code"), error.get("error_subcode")) == _NO_NUMBER


def _plain(text: object) -> str:
    return _WORD.sub("", str(text or ""))[:200]
