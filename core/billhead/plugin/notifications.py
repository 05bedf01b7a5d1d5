"""What a notification channel is asked: send this one message, once."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

__all__ = ["Attachment", "ChannelConnection", "Message", "NotificationChannel"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a message, such as the PDF of an invoice."""

    name: str
    media_type: str  # "application/pdf"
    data: bytes


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


@dataclass(frozen=True, slots=True)
class ChannelConnection:
    """A channel's settings: the plugin's dataclass, secrets in clear."""

    settings: Any


@runtime_checkable
class NotificationChannel(Protocol):
    """A way to reach a customer. Its settings are those of its plugin."""

    code: str  # "email", "sms" …
    label: str
    settings_type: type

    def send(self, channel: ChannelConnection, message: Message) -> None:
        """Hand the message over. Raises NoticeRejected (will never be accepted), NoticeNotSent (surely not sent: retry)
        or OutcomeUnknown (it may have been sent: parked for a person, not repeated)."""
