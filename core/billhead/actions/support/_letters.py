"""A mail as it came, read without trusting anything of it: who wrote it, what, which ticket it names, and whether a
machine has sent it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

from billhead.actions.support._files import SentFile
from billhead.actions.support._rules import LONGEST_TEXT
from billhead.domain.card_numbers import hide_card_numbers

__all__ = ["Letter", "letter_of", "message_id_of"]

_SIGNS = "[a-z2-7]{24}"
_IN_ADDRESS = re.compile(rf"\+({_SIGNS})@")
_IN_ID = re.compile(rf"<ticket\.({_SIGNS})\.")
_ID = re.compile(r"<[^<>\s]{1,300}>")
_MAIL = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,190}")
_QUOTE_BEGINS = re.compile(
    r"^(-{2,}\s*(original message|forwarded message|ursprüngliche nachricht|message d.origine).*"
    r"|_{10,}"
    r"|(on|am|le|el|il|op|den)\b.{5,200}(wrote|schrieb|écrit|escribió|ha scritto|schreef|skrev).{0,100}:?"
    r"|from:\s.*@.*)$",
    re.IGNORECASE,
)
_MOST_FILES_READ = 20


@dataclass(frozen=True, slots=True)
class Letter:
    """`tokens` are those of tickets that it names; `machine` says by which sign no person wrote it, "" if one did."""

    message_id: str
    sender: str
    subject: str
    text: str
    tokens: tuple[str, ...]
    machine: str
    files: tuple[SentFile, ...]


def message_id_of(raw: bytes) -> str:
    """Its Message-ID; a digest of it all where it has none."""
    head = re.split(rb"\r?\n\r?\n", raw[:200_000], maxsplit=1)[0]
    named = _ID.search(_header(message_from_bytes(head, policy=policy.compat32), "Message-ID"))
    return named[0] if named else f"sha256:{sha256(raw).hexdigest()}"


def letter_of(raw: bytes) -> Letter:
    mail = message_from_bytes(raw, policy=policy.default)
    sender = next((found[0] for found in _MAIL.finditer(_header(mail, "From"))), "").lower().rstrip(".>")
    return Letter(
        message_id=message_id_of(raw),
        sender=_clean(sender),
        subject=hide_card_numbers(" ".join(_clean(_header(mail, "Subject")).split()))[:150],
        text=_written(mail),
        tokens=_tokens(mail),
        machine=_machine(mail, sender),
        files=tuple(_files(mail)),
    )


def _header(mail: Any, name: str) -> str:
    """A header whatever is wrong with it."""
    try:
        return str(mail.get(name) or "")
    except Exception:  # noqa: BLE001 a stranger's header: the parser has no list of what it raises
        return next((str(value) for key, value in mail.raw_items() if key.lower() == name.lower()), "")


def _headers(mail: Any, *names: str) -> str:
    wanted = {name.lower() for name in names}
    try:
        return " ".join(str(value) for key, value in mail.raw_items() if key.lower() in wanted)
    except Exception:  # noqa: BLE001 as above
        return ""


def _clean(text: str) -> str:
    """What every database keeps: no zero bytes, no halves of characters."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "")


def _tokens(mail: EmailMessage) -> tuple[str, ...]:
    to = _headers(mail, "To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
    addresses = " ".join(address.lower() for _, address in getaddresses([to]))
    named = _headers(mail, "In-Reply-To", "References").lower()
    found = [*_IN_ADDRESS.findall(addresses or to.lower()), *_IN_ID.findall(named)]
    return tuple(dict.fromkeys(found))[:10]


def _machine(mail: EmailMessage, sender: str) -> str:
    """RFC 3834, lists, bounces, and what vacation programs of old send."""
    if _header(mail, "Auto-Submitted").strip().lower().partition(";")[0].strip() not in ("", "no"):
        return "sent by a machine (Auto-Submitted)"
    names = {key.lower() for key, _ in mail.raw_items()}
    if any(name.startswith("list-") for name in names):
        return "of a mailing list"
    if _header(mail, "Precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply"):
        return "bulk mail"
    if names & {"x-autoreply", "x-autorespond", "x-auto-response", "x-failed-recipients"}:
        return "an automatic answer"
    if _header(mail, "Return-Path").strip() == "<>" or mail.get_content_type() == "multipart/report":
        return "a mail that could not be delivered"
    if sender.partition("@")[0] in ("mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply"):
        return "of no person"
    return "" if sender else "without a sender"


def _written(mail: EmailMessage) -> str:
    """What the person wrote, without what they quote; all of it where nothing would be left."""
    text = _clean(_body(mail)).replace("\r\n", "\n").strip()
    return hide_card_numbers(_without_quotes(text) or text)[:LONGEST_TEXT]


def _body(mail: EmailMessage) -> str:
    part: Any = mail.get_body(("plain", "html"))
    if part is None:
        return ""
    text = _decoded(part)
    return _text_of_html(text) if part.get_content_type() == "text/html" else text


def _decoded(part: Any) -> str:
    try:
        return str(part.get_content())
    except Exception:  # noqa: BLE001 a charset that does not exist, or bytes that are not of it
        data = part.get_payload(decode=True)
        return data.decode("utf-8", "replace") if isinstance(data, bytes) else ""


def _without_quotes(text: str) -> str:
    kept: list[str] = []
    for line in text.split("\n"):
        if _QUOTE_BEGINS.match(line.strip()) or line.rstrip() == "--":
            break
        if not line.startswith(">"):
            kept.append(line.rstrip())
    return "\n".join(kept).strip()


class _Words(HTMLParser):
    """The text of HTML; what is quoted, styled or scripted is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._left_out = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "blockquote", "head"):
            self._left_out += 1
        elif tag in ("br", "p", "div", "li", "tr"):
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style", "blockquote", "head") and self._left_out:
            self._left_out -= 1

    def handle_data(self, data: str) -> None:
        if not self._left_out:
            self.words.append(" ".join(data.split()) + " " if data.strip() else "")


def _text_of_html(html: str) -> str:
    words = _Words()
    words.feed(html[:500_000])
    return re.sub(r"\n{3,}", "\n\n", "".join(words.words)).strip()


def _files(mail: EmailMessage) -> Iterator[SentFile]:
    parts = list(mail.iter_attachments()) if mail.is_multipart() else []
    for part in parts[:_MOST_FILES_READ]:
        name, data = _attached(part)
        if name and data:
            yield SentFile(_clean(name)[:200], data)


def _attached(part: Any) -> tuple[str, bytes]:
    try:
        data = part.get_payload(decode=True)
        return str(part.get_filename() or ""), data if isinstance(data, bytes) else b""
    except Exception:  # noqa: BLE001 a part that can't be read is none
        return "", b""
