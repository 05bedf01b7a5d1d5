"""What every notification channel must do: send once and whole, tell "not sent" from "perhaps sent", keep its secrets.

class TestAcmeSms(NotificationConformance):
    @pytest.fixture
    def channel(self): return AcmeSms()

    @pytest.fixture
    def connection(self, provider): return ChannelConnection(AcmeSettings(provider.url))

    @pytest.fixture
    def dead_connection(self): return ChannelConnection(AcmeSettings("http://127.0.0.1:9"))

    def delivered(self): return [Delivered(m.to, m.subject, m.text) for m in provider.messages]
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count

import pytest

from billhead.plugin import (
    BillheadError,
    ChannelConnection,
    Message,
    NoticeNotSent,
    NoticeRejected,
    NotificationChannel,
)
from billhead.testing.secrecy import assert_secret, secrets_of, told

__all__ = ["Delivered", "NotificationConformance"]

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message as it arrived; `recipients` are all that got it, `subject` is "" where the medium knows none."""

    recipients: tuple[str, ...]
    subject: str
    text: str


class NotificationConformance:
    """Override the fixtures `channel`, `connection` and `dead_connection`, and `delivered`."""

    recipient = "ada@example.org"
    unacceptable_recipient = "not an address"

    @pytest.fixture
    def channel(self) -> NotificationChannel:
        raise NotImplementedError("override the fixture `channel`: return your NotificationChannel")

    @pytest.fixture
    def connection(self) -> ChannelConnection:
        raise NotImplementedError("override the fixture `connection`: return a ChannelConnection to a test provider")

    @pytest.fixture
    def dead_connection(self) -> ChannelConnection:
        raise NotImplementedError("override the fixture `dead_connection`: one where nobody listens")

    def delivered(self) -> Sequence[Delivered]:
        """What has arrived since the test began."""
        raise NotImplementedError("override delivered(): what did the test provider receive?")

    def new_message(self) -> Message:
        return Message(
            key=f"conformance:{next(_numbers)}",
            sender="tv@shop.example.org",
            recipient=self.recipient,
            subject="Ihr Zugang läuft ab – ещё 3 дня",
            text="Grüße, שלום, 你好.\nSecond line.",
        )

    def test_it_is_a_channel(self, channel: NotificationChannel) -> None:
        assert isinstance(channel, NotificationChannel)
        assert channel.code == channel.code.lower()
        assert channel.label

    def test_a_message_arrives_once_and_whole(
        self, channel: NotificationChannel, connection: ChannelConnection
    ) -> None:
        message = self.new_message()
        channel.send(connection, message)
        (arrived,) = self.delivered()
        assert arrived.recipients == (message.recipient,)
        assert arrived.subject in (message.subject, "")
        assert all(line in arrived.text for line in message.text.splitlines())

    def test_a_line_break_adds_no_recipient(self, channel: NotificationChannel, connection: ChannelConnection) -> None:
        wicked = ["Hello\r\nBcc: eve@example.org", "Hello\nBcc: eve@example.org"]
        for message in (
            *(replace(self.new_message(), subject=subject) for subject in wicked),
            replace(self.new_message(), recipient=f"{self.recipient}\r\nBcc: eve@example.org"),
        ):
            try:
                channel.send(connection, message)
            except NoticeRejected:
                continue
        assert all("eve@example.org" not in " ".join(arrived.recipients) for arrived in self.delivered())

    def test_an_unacceptable_recipient_is_rejected(
        self, channel: NotificationChannel, connection: ChannelConnection
    ) -> None:
        with pytest.raises(NoticeRejected):
            channel.send(connection, replace(self.new_message(), recipient=self.unacceptable_recipient))
        assert list(self.delivered()) == []

    def test_where_nobody_listens_it_is_not_sent(
        self, channel: NotificationChannel, dead_connection: ChannelConnection
    ) -> None:
        with pytest.raises(NoticeNotSent):
            channel.send(dead_connection, self.new_message())

    def test_no_secret_is_told(
        self,
        channel: NotificationChannel,
        connection: ChannelConnection,
        dead_connection: ChannelConnection,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level("DEBUG")
        said = [repr(connection), repr(dead_connection)]
        for there in (connection, dead_connection):
            try:
                channel.send(there, self.new_message())
            except BillheadError as error:
                said.append(told(error))
        secrets = [*secrets_of(connection.settings), *secrets_of(dead_connection.settings)]
        assert_secret(secrets, [*said, caplog.text])
