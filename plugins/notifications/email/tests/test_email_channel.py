"""Mail over a real socket: what arrives, what is refused, and what may or may not have been sent."""

import email
import email.policy
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from billhead.plugin import (
    Attachment,
    ChannelConnection,
    CheckedChannel,
    InvalidInput,
    Message,
    NoticeNotSent,
    NoticeRejected,
    OutcomeUnknown,
    load_settings,
)
from billhead.testing import NotificationConformance
from billhead.testing.conformance.notification import Delivered
from billhead_email import plugin
from billhead_email.channel import EmailChannel
from billhead_email.settings import EmailSettings

WELCOME = Message(
    key="access:17",
    sender="NorthCable TV <billing@northcable.example>",
    recipient="ada@example.org",
    subject="Your television is ready",
    text="Hello Ada,\n.a line that begins with a dot\nyour portal is ready.",
    html="<p>Hello <b>Ada</b></p>",
)


def connected(port=25, **settings):
    values = {"host": "127.0.0.1", "port": port, "security": "none", "timeout_seconds": 5, **settings}
    return ChannelConnection(load_settings(EmailSettings, values))


@pytest.fixture
def channel():
    return EmailChannel()


@pytest.fixture
def server(serve):
    """A server without encryption and login."""
    return connected(serve())


class TestEmailConforms(NotificationConformance):
    @pytest.fixture(autouse=True)
    def _mailbox(self, mailbox):
        self._received = mailbox

    @pytest.fixture
    def channel(self):
        return EmailChannel()

    @pytest.fixture
    def connection(self, serve, mailbox):
        port = serve(auth_require_tls=False, authenticator=mailbox.login)
        return connected(port, login="northcable", password="sesame-9")

    @pytest.fixture
    def dead_connection(self):
        return connected(9, login="northcable", password="sesame-9")

    def delivered(self):
        pairs = zip(self._received.envelopes, self._received.mails, strict=True)
        return [
            Delivered(tuple(e.rcpt_tos), mail["Subject"], mail.get_body(("plain",)).get_content()) for e, mail in pairs
        ]


def test_a_mail_arrives_with_both_alternatives_and_its_headers(channel, server, mailbox):
    channel.send(server, WELCOME)
    (mail,) = mailbox.mails
    assert (mail["From"], mail["To"]) == ("NorthCable TV <billing@northcable.example>", "ada@example.org")
    assert mail["Subject"] == "Your television is ready"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime is not None
    assert mail["List-Unsubscribe"] is None
    assert mail.get_content_type() == "multipart/alternative"
    assert mail.get_body(("plain",)).get_content().splitlines() == WELCOME.text.splitlines()
    assert mail.get_body(("html",)).get_content().strip() == WELCOME.html
    assert mailbox.envelopes[0].mail_from == "billing@northcable.example"


def test_a_file_goes_with_the_mail(channel, server, mailbox):
    invoice = Attachment("2026-000123.pdf", "application/pdf", b"%PDF-1.7 \x00\xff")
    channel.send(server, replace(WELCOME, attachments=(invoice,)))
    (letter,) = mailbox.mails
    (file,) = letter.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("2026-000123.pdf", "application/pdf")
    assert file.get_content() == invoice.data
    assert letter.get_body(("plain",)).get_content().startswith("Hello Ada,")


def test_the_message_id_comes_from_the_key_alone(channel, server, mailbox):
    for message in (WELCOME, replace(WELCOME, subject="Once more"), replace(WELCOME, key="access 17")):
        channel.send(server, message)
    first, again, other = (mail["Message-ID"] for mail in mailbox.mails)
    assert first == again
    assert first.startswith("<access.17.")
    assert first.endswith("@northcable.example>")
    assert other != first


def test_names_and_domains_may_be_written_in_any_script(channel, server, mailbox):
    channel.send(
        server,
        replace(WELCOME, sender="Пример ТВ «Север» <billing@northcable.example>", recipient="ada@bücher.example"),
    )
    (mail,) = mailbox.mails
    assert mail["From"].addresses[0].display_name == "Пример ТВ «Север»"
    assert mailbox.envelopes[0].rcpt_tos == ["ada@xn--bcher-kva.example"]
    assert mailbox.envelopes[0].original_content.isascii()


@pytest.mark.parametrize(
    "changed",
    [
        {"recipient": "ada@example.org\r\nBcc: eve@example.org"},
        {"recipient": "ada@example.org, eve@example.org"},
        {"recipient": "Ada"},
        {"recipient": ""},
        {"recipient": "jürgen@example.org"},
        {"sender": "NorthCable\r\nBcc: eve@example.org <billing@northcable.example>"},
    ],
)
def test_what_is_no_single_address_is_rejected_before_anybody_is_called(channel, changed):
    with pytest.raises(NoticeRejected):
        channel.send(connected(9), replace(WELCOME, **changed))


def test_a_line_break_in_the_subject_is_a_blank(channel, server, mailbox):
    channel.send(server, replace(WELCOME, subject="Ready\r\nBcc: eve@example.org"))
    (mail,) = mailbox.mails
    assert mail["Subject"] == "Ready Bcc: eve@example.org"
    assert mail["Bcc"] is None


def test_a_shop_without_a_sender_uses_the_one_of_the_settings(channel, serve, mailbox):
    port = serve()
    channel.send(connected(port, sender="Billing <billing@operator.example>"), replace(WELCOME, sender="NorthCable"))
    assert mailbox.mails[0]["From"] == "Billing <billing@operator.example>"
    with pytest.raises(NoticeNotSent, match="no sender address"):
        channel.send(connected(port), replace(WELCOME, sender="NorthCable"))


def test_an_address_to_unsubscribe_is_named(channel, serve, mailbox):
    channel.send(connected(serve(), unsubscribe="mailto:stop@northcable.example"), WELCOME)
    assert mailbox.mails[0]["List-Unsubscribe"] == "<mailto:stop@northcable.example>"


def test_one_click_ends_what_may_be_ended_however_long_its_address(channel, server, mailbox):
    url = f"https://billing.{'a-rather-long-name-of-a-shop.' * 3}example/news/stop/123456-{'d2e3' * 8}"
    channel.send(server, replace(WELCOME, unsubscribe_url=url))
    raw = mailbox.envelopes[0].original_content
    assert f"\r\nList-Unsubscribe: <{url}>\r\n".encode() in raw, "whole, on one line, as mail programs read it"
    assert mailbox.mails[0]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


# -- surely not sent, never accepted, perhaps sent --------------------------------------------------------------------


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_passing_no_is_tried_again(channel, server, mailbox, step):
    mailbox.answers[step] = "451 greylisted, come back later"
    with pytest.raises(NoticeNotSent, match="451 greylisted"):
        channel.send(server, WELCOME)
    mailbox.answers.clear()
    channel.send(server, WELCOME)
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA"])
def test_a_final_no_is_final(channel, server, mailbox, step):
    mailbox.answers[step] = "550 no such user"
    with pytest.raises(NoticeRejected, match="550 no such user"):
        channel.send(server, WELCOME)
    assert mailbox.mails == []


def test_a_server_that_hangs_up_after_the_data_may_have_sent_it(channel, server, mailbox):
    mailbox.hang_up = True
    with pytest.raises(OutcomeUnknown, match="may have been sent") as lost:
        channel.send(server, WELCOME)
    assert "access.17." in lost.value.hint
    assert len(mailbox.mails) == 1, "this server had taken it: repeating would have sent it twice"


def test_a_server_that_falls_silent_after_the_data_may_have_sent_it(channel, serve, mailbox):
    mailbox.silent = True
    with pytest.raises(OutcomeUnknown):
        channel.send(connected(serve(), timeout_seconds=1), WELCOME)


def test_a_server_that_hangs_up_before_the_data_has_sent_nothing(channel, server, mailbox):
    mailbox.answers["RCPT"] = "421 closing down"
    with pytest.raises(NoticeNotSent, match="421"):
        channel.send(server, WELCOME)


@pytest.mark.parametrize("chatter", [b"220-and one more thing\r\n" * 200, b"220-and another" + b"." * 80 + b"\r\n"])
def test_an_answer_without_an_end_is_not_waited_for(channel, chatter):
    """A server that talks on and on: fast, which would fill the memory, or now and then, which would take for ever."""
    with talking(chatter, pause=0 if len(chatter) > 1000 else 0.3) as port:
        began = time.monotonic()
        with pytest.raises(NoticeNotSent, match="no connection"):
            channel.send(connected(port, timeout_seconds=2), WELCOME)
    assert time.monotonic() - began < 60


@contextmanager
def talking(chatter, pause):
    ends = threading.Event()

    def talk():
        client, _ = listener.accept()
        with client, suppress(OSError):
            while not ends.wait(pause):
                client.sendall(chatter)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=talk, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        ends.set()
        thread.join()


def test_nobody_at_that_address_is_not_sent(channel):
    with pytest.raises(NoticeNotSent, match=r"no connection to 127\.0\.0\.1:9"):
        channel.send(connected(9), WELCOME)


# -- encryption and login ---------------------------------------------------------------------------------------------


def test_starttls_with_login(channel, serve, mailbox, certificate):
    pem, context = certificate
    port = serve(tls_context=context, require_starttls=True, auth_required=True, authenticator=mailbox.login)
    secure = connected(
        port, host="localhost", security="starttls", ca_file=pem, login="northcable", password="sesame-9"
    )
    channel.send(secure, WELCOME)
    assert mailbox.logins == [(b"northcable", b"sesame-9")]
    assert mailbox.envelopes[0].rcpt_tos == ["ada@example.org"]


def test_tls_from_the_first_byte(channel, serve, mailbox, certificate):
    pem, context = certificate
    channel.send(connected(serve(ssl_context=context), host="localhost", security="tls", ca_file=pem), WELCOME)
    assert len(mailbox.mails) == 1


def test_a_certificate_that_nobody_vouches_for_ends_it(channel, serve, mailbox, certificate):
    port = serve(tls_context=certificate[1], require_starttls=True)
    with pytest.raises(NoticeNotSent, match="does not let us in"):
        channel.send(connected(port, host="localhost", security="starttls"), WELCOME)
    assert mailbox.envelopes == []


def test_a_wrong_password_is_our_fault_not_the_letters(channel, serve, mailbox):
    port = serve(auth_require_tls=False, authenticator=mailbox.login)
    with pytest.raises(NoticeNotSent, match="535") as refused:
        channel.send(connected(port, login="northcable", password="wrong-7"), WELCOME)
    assert "wrong-7" not in str(refused.value)


def test_a_server_without_starttls_gets_nothing_in_clear(channel, serve, mailbox):
    with pytest.raises(NoticeNotSent, match="STARTTLS"):
        channel.send(connected(serve(), security="starttls"), WELCOME)


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"host": ""}, "host"),
        ({"host": "mail.example", "login": "northcable"}, "security"),
        ({"password": "pässword"}, "password"),
        ({"security": "ssl"}, "security"),
        ({"unsubscribe": "stop@northcable.example"}, "unsubscribe"),
        ({"unsubscribe": "mailto:stop@northcable.example\nBcc: eve@example.org"}, "unsubscribe"),
        ({"timeout_seconds": 600}, "timeout_seconds"),
    ],
)
def test_wrong_settings_are_refused_by_name(settings, field):
    with pytest.raises(InvalidInput) as refused:
        connected(**settings)
    assert refused.value.field == field


# -- the spool --------------------------------------------------------------------------------------------------------


def test_the_spool_takes_the_place_of_a_server(channel, tmp_path):
    folder = tmp_path / "outbox"
    spooled = connected(host="", spool=str(folder))
    channel.send(spooled, WELCOME)
    channel.send(spooled, WELCOME)
    (file,) = folder.iterdir()
    assert file.name.startswith("access.17.")
    assert file.suffix == ".eml"
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    assert mail.get_body(("plain",)).get_content().splitlines() == WELCOME.text.splitlines()


def test_a_spool_that_can_not_be_written_is_not_sent(channel, tmp_path):
    (tmp_path / "outbox").write_text("a file, not a folder")
    with pytest.raises(NoticeNotSent, match="outbox can't be written"):
        channel.send(connected(host="", spool=str(tmp_path / "outbox")), WELCOME)


def test_the_plugin_offers_it():
    assert plugin.API == 1
    assert [channel.code for channel in plugin.notification_channels()] == ["email"]


def test_a_knock_says_who_answers_and_sends_nothing(channel, serve, mailbox):
    port = serve()
    assert channel.check(connected(port)) == f"127.0.0.1:{port} answers"
    assert mailbox.envelopes == []
    assert isinstance(channel, CheckedChannel)
    with pytest.raises(NoticeNotSent, match=r"no connection to 127\.0\.0\.1:9"):
        channel.check(connected(9))


def test_the_answer_of_the_server_is_told(channel, server, mailbox):
    mailbox.answers["DATA"] = "250 2.0.0 queued as 7F3A"
    assert channel.send(server, WELCOME) == "127.0.0.1 answered: 250 2.0.0 queued as 7F3A"


def test_a_folder_is_told_for_what_it_is(channel, tmp_path):
    connection = connected(spool=str(tmp_path / "mails"))
    assert "go to nobody" in channel.check(connection)
    assert channel.send(connection, WELCOME).startswith("written to ")
