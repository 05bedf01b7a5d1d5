"""The mailbox of a department: its settings, and a connection that reads what came since the last time.

Messages are known by their UID, so nothing is marked or moved: other programs may read the mailbox too. What lay in it
when it was read for the first time stays there.
"""

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

from billhead.domain.errors import BillheadError
from billhead.plugin.settings import option, secret

__all__ = ["LARGEST_MAIL", "Fetched", "Mailbox", "MailboxSettings", "MailboxUnreachable"]

LARGEST_MAIL = 15 * 1024 * 1024
_AT_ONCE = 50
_TIMEOUT = 30
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class MailboxUnreachable(BillheadError):
    """It did not answer, or refused us: tried again later."""

    code = "mailbox_unreachable"


@dataclass(frozen=True)
class MailboxSettings:
    plus: bool = option(
        "The mail server takes NAME+ANYTHING@", default=True, hint="Answers then carry a secret of their ticket."
    )
    host: str = option("IMAP server", default="", hint="Empty: mails come by a pipe of the mail server, or not at all.")
    port: int = option("Port", default=993, minimum=1, maximum=65535)
    security: str = option("Encryption", default="tls", choices=("tls", "starttls", "none"))
    login: str = option("User name", default="")
    folder: str = option("Folder", default="INBOX")
    password: str = secret("Password", default="")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was read, by UID, and the cursor to go on from. Of a mail that is too large only its head came."""

    mails: tuple[tuple[int, bytes], ...]
    cursor: dict[str, Any]
    more: bool


class Mailbox:
    """An open IMAP connection. Use `Mailbox.of(settings)`."""

    def __init__(self, client: imaplib.IMAP4) -> None:
        self._client = client

    @classmethod
    @contextmanager
    def of(cls, settings: MailboxSettings) -> Iterator["Mailbox"]:
        """Raises MailboxUnreachable for everything that goes wrong on the way, also later."""
        try:
            client = _connected(settings)
            try:
                client.login(settings.login, settings.password)
                yield cls(client)
            finally:
                client.shutdown()
        except (OSError, imaplib.IMAP4.error, ValueError) as error:
            why = f"the mailbox at {settings.host}:{settings.port}: {error}"
            raise MailboxUnreachable(why.replace(settings.password or "\0", "…")) from error

    def since(self, folder: str, cursor: dict[str, Any], today: date) -> Fetched:
        """What came after the cursor; an empty one notes where the mailbox stands now, and reads nothing."""
        quoted = '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
        _ok(self._client.select(quoted, readonly=True))
        validity = _number(self._client.response("UIDVALIDITY"))
        begun: dict[str, Any] = {"validity": validity, "uid": 0, "day": today.isoformat()}
        if not cursor:
            newest = self._uids("1:*")
            return Fetched((), {**begun, "uid": max(newest, default=0)}, False)
        if cursor["validity"] != validity:  # the server has numbered them anew: what is old is known by its Message-ID
            uids = self._uids("1:*", "SINCE", _imap_day(date.fromisoformat(cursor["day"])))
            cursor = begun
        else:
            uids = [uid for uid in self._uids(f"{cursor['uid'] + 1}:*") if uid > cursor["uid"]]
        taken = uids[:_AT_ONCE]
        mails = tuple((uid, self._mail(uid)) for uid in taken)
        cursor = {**begun, "uid": max([*taken, cursor["uid"]])}
        return Fetched(mails, cursor, len(uids) > len(taken))

    def _uids(self, among: str, *criteria: str) -> list[int]:
        found = _ok(self._client.uid("SEARCH", "UID", among, *criteria))
        return sorted(int(uid) for uid in (found[0] or b"").split())

    def _mail(self, uid: int) -> bytes:
        """Whole, or its head alone when it is too large; b"" when it has gone meanwhile."""
        told = b" ".join(part for part in _flat(_ok(self._client.uid("FETCH", str(uid), "(RFC822.SIZE)"))))
        size = _SIZE.search(told)
        part = "BODY.PEEK[]" if size is None or int(size[1]) <= LARGEST_MAIL else "BODY.PEEK[HEADER]"
        answer = _ok(self._client.uid("FETCH", str(uid), f"({part})"))
        return next((bytes(one[1]) for one in answer if isinstance(one, tuple)), b"")


def _connected(settings: MailboxSettings) -> imaplib.IMAP4:
    context = ssl.create_default_context()
    if settings.security == "tls":
        return imaplib.IMAP4_SSL(settings.host, settings.port, ssl_context=context, timeout=_TIMEOUT)
    client = imaplib.IMAP4(settings.host, settings.port, timeout=_TIMEOUT)
    if settings.security == "starttls":
        client.starttls(ssl_context=context)
    return client


def _ok(answer: tuple[str, list[Any]]) -> list[Any]:
    kind, data = answer
    if kind != "OK":
        raise imaplib.IMAP4.error(f"answered {kind} {data[:1]!r}")
    return data


def _flat(data: list[Any]) -> Iterator[bytes]:
    for one in data:
        if isinstance(one, bytes):
            yield one
        elif isinstance(one, tuple):
            yield from (part for part in one if isinstance(part, bytes))


def _number(response: tuple[str, list[Any]]) -> int:
    data = response[1]
    return int(data[-1]) if data and data[-1] is not None else 0


def _imap_day(day: date) -> str:
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"
