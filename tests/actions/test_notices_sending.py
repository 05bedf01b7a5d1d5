"""Each notice goes out once: repeats, races, failing channels and lost answers included."""

import socket
import sys
import threading
from datetime import timedelta

import pytest
from notice_shop import BOXES, SYSTEM, open_shop, states
from sqlalchemy import func, select

from billhead import clock
from billhead.actions.notifications.send_notice import send_notice
from billhead.db import reading, writing
from billhead.domain.errors import InvalidInput, NotFound, NoticeNotSent, NoticeRejected, OutcomeUnknown
from billhead.jobs import tasks as _tasks  # noqa: F401 registers the kinds of job
from billhead.jobs.work import drain
from billhead.models.operations import Job, Notice, PluginState
from billhead.models.sellers import Seller
from billhead.plugin_host import plugins, store_settings

PIGEON = """
from dataclasses import dataclass

@dataclass(frozen=True)
class PigeonSettings:
    loft: str = option("Loft", default="roof")

class Pigeon(NotificationChannel):
    code, label, settings_type = "pigeon", "Pigeon", PigeonSettings
    def send(self, channel, message):
        flown.append(message)
        if fates:
            raise fates.pop(0)

flown, fates = [], []

@hookimpl
def notification_channels(): return [Pigeon()]
"""


@pytest.fixture
def shop(host_app, pretend, database_url, tmp_path):
    points = [pretend("boxes", BOXES), pretend("pigeon", PIGEON)]
    with open_shop(host_app, database_url, tmp_path / "outbox", *points) as shop:
        yield shop


@pytest.fixture
def pigeon(shop):
    """`flown` is what it carried, `fates` what becomes of the next flights."""
    return sys.modules["pretend_pigeon"]


def set_mail(**settings):
    with writing(SYSTEM) as tx:
        row = tx.session.get_one(PluginState, "email")
        store_settings(plugins().get("email").settings_type, row, settings)


def test_the_job_sends_it_and_only_once(shop):
    first = shop.queue("access", {"service_id": shop.line})
    assert shop.queue("access", {"service_id": shop.line}) is None, "the same key is the same reason"
    drain()
    drain()
    assert send_notice(SYSTEM, first) is None
    assert len(shop.mails()) == 1
    notice = shop.notice(first)
    assert (notice.state, notice.error) == ("sent", "")
    assert notice.sent_at is not None


def test_the_key_is_the_message_id(shop, pigeon):
    send_notice(SYSTEM, shop.queue("welcome", {}, channel="pigeon", key="welcome:7"))
    (message,) = pigeon.flown
    assert message.language == "en"
    assert (message.key, message.recipient) == ("welcome:7@pigeon", "ada@example.org")


def test_a_notice_that_does_not_exist_is_not_found(shop):
    with pytest.raises(NotFound, match="notice 4711"):
        send_notice(SYSTEM, 4711)


def test_what_was_surely_not_sent_is_sent_later(shop, pigeon):
    pigeon.fates.append(NoticeNotSent("the pigeon is asleep"))
    notice = shop.queue("welcome", {}, channel="pigeon")
    with pytest.raises(NoticeNotSent, match="asleep"):
        send_notice(SYSTEM, notice)
    assert (shop.notice(notice).state, shop.notice(notice).error) == ("failed", "the pigeon is asleep")
    assert send_notice(SYSTEM, notice) == "sent"
    assert shop.notice(notice).error == ""
    assert len(pigeon.flown) == 2


def test_the_job_comes_back_by_itself(shop, pigeon):
    pigeon.fates.append(NoticeNotSent("the pigeon is asleep"))
    shop.queue("welcome", {}, channel="pigeon")
    drain()
    assert states() == ["failed"]
    with clock.business_time(clock.business_now() + timedelta(hours=2)):
        drain()
    assert states() == ["sent"]


def test_what_is_rejected_is_not_tried_again(shop, pigeon):
    pigeon.fates.append(NoticeRejected("nobody lives there", hint="ask Ada"))
    notice = shop.queue("welcome", {}, channel="pigeon")
    drain()
    assert (shop.notice(notice).state, shop.notice(notice).error) == ("rejected", "nobody lives there (ask Ada)")
    assert send_notice(SYSTEM, notice) is None
    assert len(pigeon.flown) == 1
    with reading() as session:
        assert session.scalar(select(Job.state)) == "done"


@pytest.mark.parametrize(
    ("fate", "said"),
    [
        (OutcomeUnknown("the pigeon is out of sight"), "out of sight"),
        (KeyError("wing"), "the channel pigeon broke (KeyError: 'wing'): it may have been sent"),
    ],
)
def test_what_may_have_been_sent_is_parked(shop, pigeon, fate, said):
    pigeon.fates.append(fate)
    notice = shop.queue("welcome", {}, channel="pigeon")
    drain()
    with clock.business_time(clock.business_now() + timedelta(days=3)):
        drain()
    assert send_notice(SYSTEM, notice) is None
    assert shop.notice(notice).state == "unknown"
    assert said in shop.notice(notice).error
    assert len(pigeon.flown) == 1


def test_a_worker_that_died_while_sending_leaves_it_unknown(shop, pigeon):
    notice = shop.queue("welcome", {}, channel="pigeon")
    shop.change(Notice, notice, state="sending")
    assert send_notice(SYSTEM, notice) is None
    assert shop.notice(notice).state == "unknown"
    assert "may have been sent" in shop.notice(notice).error
    assert pigeon.flown == []


def test_a_worker_that_was_only_slow_has_the_last_word(shop, pigeon):
    notice = shop.queue("welcome", {}, channel="pigeon")

    class Overtaken(list):
        def append(self, message):
            super().append(message)
            assert send_notice(SYSTEM, notice) is None
            assert shop.notice(notice).state == "unknown"

    pigeon.Pigeon.send.__globals__["flown"] = flown = Overtaken()
    assert send_notice(SYSTEM, notice) == "sent"
    assert shop.notice(notice).state == "sent"
    assert len(flown) == 1


def test_nobody_is_called_with_a_transaction_open(shop, pigeon):
    from billhead.db import in_session

    seen = []

    class Watching(list):
        def append(self, message):
            seen.append(in_session())

    pigeon.Pigeon.send.__globals__["flown"] = Watching()
    send_notice(SYSTEM, shop.queue("welcome", {}, channel="pigeon"))
    assert seen == [""]


# -- what staff can mend ----------------------------------------------------------------------------------------------


def test_a_channel_that_is_not_there_is_waited_for(shop):
    notice = shop.queue("welcome", {}, channel="telegraph")
    with pytest.raises(NotFound, match="notification channel telegraph"):
        send_notice(SYSTEM, notice)
    assert shop.notice(notice).state == "failed"
    assert "there are: email, pigeon" in shop.notice(notice).error


def test_settings_that_are_missing_are_waited_for(shop):
    shop.change(PluginState, "email", settings={})
    notice = shop.queue("welcome", {})
    with pytest.raises(InvalidInput, match="SMTP server is required"):
        send_notice(SYSTEM, notice)
    set_mail(spool=str(shop.outbox))
    assert send_notice(SYSTEM, notice) == "sent"


def test_a_seller_without_an_address_is_waited_for(shop):
    with reading() as session:
        seller = session.scalar(select(Seller.id))
    shop.change(Seller, seller, mail_from="")
    notice = shop.queue("welcome", {})
    with pytest.raises(NoticeNotSent, match="no sender address"):
        send_notice(SYSTEM, notice)
    shop.change(Seller, seller, mail_from="billing@northcable.example")
    assert send_notice(SYSTEM, notice) == "sent"


def test_a_module_that_is_not_there_is_waited_for(shop):
    with writing(SYSTEM) as tx:
        plugins().disable(tx, "boxes")
    notice = shop.queue("access", {"service_id": shop.line})
    with pytest.raises(NotFound, match="provisioning module boxes"):
        send_notice(SYSTEM, notice)
    with writing(SYSTEM) as tx:
        plugins().enable(tx, "boxes")
    assert send_notice(SYSTEM, notice) == "sent"


# -- over a real socket -----------------------------------------------------------------------------------------------


class HangsUp:
    """A mail server that takes a whole mail and is gone before it answers."""

    def __init__(self):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.taken = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb", 0) as wire:
                self._talk(wire)

    def _talk(self, wire):
        wire.write(b"220 hello\r\n")
        for line in wire:
            word = line[:4].upper()
            if word == b"DATA":
                wire.write(b"354 go ahead\r\n")
                while wire.readline() != b".\r\n":
                    pass
                self.taken += 1
                return
            wire.write(b"250 fine\r\n")

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()


@pytest.fixture
def hangs_up():
    server = HangsUp()
    yield server
    server.close()


def test_a_mail_whose_answer_was_lost_is_not_sent_twice(shop, hangs_up):
    set_mail(host="127.0.0.1", port=hangs_up.port, security="none", timeout_seconds=5)
    notice = shop.queue("access", {"service_id": shop.line})
    drain()
    with clock.business_time(clock.business_now() + timedelta(days=1)):
        drain()
    assert shop.notice(notice).state == "unknown"
    assert "it may have been sent" in shop.notice(notice).error
    assert hangs_up.taken == 1


def test_many_notices_and_many_workers_send_each_once(shop, pigeon):
    for number in range(20):
        shop.queue("welcome", {}, channel="pigeon", key=f"welcome:{number}")
    drain(threads=4)
    assert sorted(message.key for message in pigeon.flown) == sorted(f"welcome:{n}@pigeon" for n in range(20))
    with reading() as session:
        assert session.scalar(select(func.count()).where(Notice.state == "sent")) == 20
