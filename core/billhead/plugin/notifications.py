"""What a notification channel is asked: send this one message, once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from billhead import clock

__all__ = [
    "Addressing",
    "Attachment",
    "ChannelConnection",
    "CheckedChannel",
    "Message",
    "NotificationChannel",
    "Started",
    "StartedChannel",
]


class Addressing(StrEnum):
    """How a channel comes by the address of a customer. A channel that does not say takes the e-mail address."""

    EMAIL = "email"
    TYPED = "typed"  # the customer enters it (a phone number) and confirms it by a code that is sent there
    STARTED = "started"  # the customer begins the talk at the other side, with a code that we made: StartedChannel
    COPY = "copy"  # none: a system of the operator's gets a copy of what customers are told


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message, such as the PDF of an invoice."""

    name: str
    media_type: str  # "application/pdf"
    data: bytes
    inline: str = ""  # shown by the HTML as `cid:` and this, not offered as a file; others than mail leave it out


@dataclass(frozen=True, slots=True)
class Message:
    """A rendered message. `key` is unique per message: use it as a message id so that a repeat can be recognised."""

    key: str
    sender: str
    recipient: str
    subject: str
    text: str
    html: str = ""
    attachments: tuple[Attachment, ...] = ()  # a channel that can't carry files leaves them out
    reply_to: str = ""  # where an answer goes, if not to the sender
    short: str = ""  # a sentence and an address, for media where each sign costs; "": the text is all there is
    kind: str = ""  # "receipt", "access" …
    unsubscribe_url: str = ""  # takes a POST as RFC 8058 has it; only of what may be switched off
    at: datetime = field(default_factory=clock.now)  # when it is sent, by our machine's clock
    language: str = ""  # of its words, like "de"; "" where that is not known


@dataclass(frozen=True, slots=True)
class ChannelConnection:
    """A channel's settings: the plugin's dataclass, secrets in clear."""

    settings: Any


@runtime_checkable
class NotificationChannel(Protocol):
    """A way to reach a customer. Its settings are those of its plugin.

    `addressing: Addressing` may say how it comes by addresses; without it, it is sent to the e-mail address.
    """

    code: str  # "email", "sms" …
    label: str
    settings_type: type

    def send(self, channel: ChannelConnection, message: Message) -> str | None:
        """Hand the message over. Raises NoticeRejected (will never be accepted), NoticeNotSent (surely not sent: retry)
        or OutcomeUnknown (it may have been sent: parked for a person, not repeated).

        May return what the other side answered: staff read it after a test message."""


@runtime_checkable
class CheckedChannel(Protocol):
    """A channel that can tell, without sending anything, whether its settings hold."""

    def check(self, channel: ChannelConnection) -> str:
        """A sentence for staff: who answered, and how. Raises NoticeNotSent with why not, within a few seconds."""


@dataclass(frozen=True, slots=True)
class Started:
    """Somebody began the talk: with which code, and where answers to it go. `mark` orders what began."""

    code: str
    address: str
    mark: int


@runtime_checkable
class StartedChannel(Protocol):
    """What a channel whose addressing is STARTED has besides."""

    def start_url(self, channel: ChannelConnection, code: str) -> str:
        """Where the customer goes to begin; `code` is of letters and digits."""

    def started(self, channel: ChannelConnection, after: int) -> Sequence[Started]:
        """Who has begun since the mark `after` (0: from the beginning). Raises NoticeNotSent when it can't be asked."""
