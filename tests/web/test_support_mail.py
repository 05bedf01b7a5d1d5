"""Mail in and out of tickets, over a real mail server and a real mailbox; and all that only looks like a customer."""

import asyncio
import email
import email.policy
import socket
from itertools import count

import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner
from pretend_plugins import installed_points, plugin_point
from small_imap import SmallImap
from web_shop import CARDS, PANEL, Shop

from billhead import clock
from billhead.actions.support._letters import letter_of
from billhead.actions.support.fetch_mail import fetch_mail
from billhead.actions.support.save_mailbox import save_mailbox
from billhead.cli import main
from billhead.db import writing
from billhead.domain.context import Context
from billhead.models.operations import Notice, PluginState
from billhead.models.support import Department, SupportMail, Ticket, TicketFile, TicketMessage

COUNTED = count()
SYSTEM = Context.system("test")


class Postman:
    """What the shop sends comes here; `deliver` hands it to whoever it is for."""

    def __init__(self) -> None:
        self.mails = []

    async def handle_DATA(self, _server, _session, envelope):
        await asyncio.sleep(0)
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 taken"


@pytest.fixture
def post():
    postman = Postman()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(postman, hostname="127.0.0.1", port=port)
    controller.start()
    yield postman, port
    controller.stop()


@pytest.fixture
def staff(shop: Shop, post):
    """The shop with a department of support, sending its mails over SMTP."""
    from billhead.plugin_host import PluginHost

    names = ("email", "theme_console", "theme_lounge")
    points = [one for one in installed_points() if one.name in names or one.name.startswith("theme")]
    shop.app.extensions["billhead"].plugins = PluginHost.load(
        [*points, plugin_point("panel", PANEL), plugin_point("cards", CARDS)]
    )
    with shop.app.app_context(), writing(SYSTEM) as tx:
        settings = {"host": "127.0.0.1", "port": post[1], "security": "none"}
        tx.session.add(PluginState(name="email", active=True, settings=settings, changed_at=clock.now()))
    boss = shop.person("staff", "boss@example.com", "*")
    page = "/admin/departments/new"
    boss.post(page, {"name": "Technical", "mail": "help@northcable.example", "position": "0"}, page=page)
    return boss


def mail(
    text="It works now.", *, sender="Ada <ada@example.com>", to="help@northcable.example", subject="Re: TV", **more
):
    head = {
        "From": sender,
        "To": to,
        "Subject": subject,
        "Message-ID": f"<m{next(COUNTED)}@example.com>",
    }
    head |= {name.replace("_", "-"): value for name, value in more.items()}
    return "".join(f"{name}: {value}\r\n" for name, value in head.items()).encode() + b"\r\n" + text.encode()


def pipe(shop: Shop, raw: bytes, *options: str):
    done = CliRunner().invoke(main, ["support", "receive", *options], input=raw, obj=shop.app)
    shop.work()
    return done


def test_a_talk_by_mail_from_the_area_and_back(shop: Shop, staff, post):
    ada = shop.customer()
    fields = {"department": "1", "about": "", "subject": "No picture\r\nBcc: eve@example.com", "text": "Black."}
    assert ada.post("/account/tickets/new", fields, content_type="multipart/form-data").status_code == 303
    page = "/admin/tickets/1"
    told = {"text": "Switch it <off>.", "afterwards": "waiting", "seen": "9"}
    assert staff.post(page, told, page=page, content_type="multipart/form-data").status_code == 303
    shop.work()
    (ticket,) = shop.rows(Ticket)
    sent = next(one for one in post[0].mails if "Switch it <off>." in one.get_body(("plain",)).get_content())
    assert sent["To"] == "ada@example.com"
    assert sent["Bcc"] is None, "no header is smuggled in"
    assert sent["Subject"] == "Re: No picture Bcc: eve@example.com [1]"
    assert sent["Reply-To"] == f"help+{ticket.token}@northcable.example"
    assert "Switch it &lt;off&gt;." in sent.get_body(("html",)).get_content()
    shop.work()
    assert [one.state for one in shop.rows(Notice, Notice.kind == "ticket_answer")] == ["sent"], "once"

    answer = email.message.EmailMessage(email.policy.SMTP)
    answer["From"], answer["To"], answer["Subject"] = "Ada <ADA@example.com>", sent["Reply-To"], sent["Subject"]
    answer["Message-ID"], answer["In-Reply-To"] = "<one@example.com>", sent["Message-ID"]
    answer.set_content("Still black.\n\nOn Sat, 28 Nov 2026 at 10:00, NorthCable wrote:\n> Switch it <off>.\n")
    answer.add_attachment(b"%PDF-1 x", maintype="application", subtype="pdf", filename="../photo of it.pdf")
    answer.add_attachment(b"MZ", maintype="application", subtype="x-dosexec", filename="virus.exe")
    assert pipe(shop, answer.as_bytes(), "--to", sent["Reply-To"]).exit_code == 0
    assert pipe(shop, answer.as_bytes(), "--to", sent["Reply-To"]).exit_code == 0
    said = shop.rows(TicketMessage)[-1]
    assert said.body == "Still black.\n\n(left out: 'virus.exe' can't be sent)"
    assert (said.kind, said.author, len(shop.rows(TicketMessage))) == ("customer", "ada@example.com", 3), "once"
    assert shop.rows(Ticket)[0].state == "open"
    assert (
        shop.rows(TicketFile)[-1].file_name == "photo of it.pdf" or "photo of it" in shop.rows(TicketFile)[-1].file_name
    )
    assert "Still black." in ada.get("/account/tickets/1").text

    by_reference = mail("By its reference.", In_Reply_To=sent["Message-ID"])
    pipe(shop, by_reference)
    assert shop.rows(TicketMessage)[-1].body == "By its reference."
    pipe(shop, mail("My card is 4242 4242 4242 4242, my box 12345678901234.", subject="A bill"))
    assert shop.rows(TicketMessage)[-1].body == "My card is •••• 4242, my box 12345678901234."
    assert [one.subject for one in shop.rows(Ticket)][1:] == ["A bill"]
    shop.work()
    confirmed = shop.rows(Notice, Notice.kind == "ticket_opened")
    assert [one.state for one in confirmed] == ["sent", "sent"]


def test_who_is_not_known_waits_for_staff(shop: Shop, staff):
    ada = shop.customer()
    fields = {"department": "1", "about": "", "subject": "No picture", "text": "Black."}
    ada.post("/account/tickets/new", fields, content_type="multipart/form-data")
    (ticket,) = shop.rows(Ticket)
    token = f"help+{ticket.token}@northcable.example"
    pipe(shop, mail("From my other address.", sender="ada@work.example", to=token))
    pipe(shop, mail("I am nobody.", sender="who@else.example"))
    pipe(shop, mail("Guessed.", sender="who2@else.example", to=f"help+{'a' * 24}@northcable.example"))
    found = shop.rows(SupportMail)
    assert [(one.state, one.ticket_id) for one in found] == [("waiting", 1), ("waiting", None), ("waiting", None)]
    assert len(shop.rows(TicketMessage)) == 1
    assert "not known as the customer’s" in staff.get("/admin/tickets/1").text
    assert "From my other address." not in ada.get("/account/tickets/1").text
    page = "/admin/support-mails/1"
    assert staff.post(page, {"what": "ticket", "ticket": "77"}, page=page).status_code == 422
    assert staff.post(page, {"what": "ticket", "ticket": "1"}, page=page).status_code == 303
    assert "From my other address." in ada.get("/account/tickets/1").text
    assert staff.post(page, {"what": "ticket", "ticket": "1"}, page=page).status_code == 422, "decided already"
    page = "/admin/support-mails/2"
    assert (
        staff.post(page, {"what": "customer", "customer": "ada@example.com"}, page=page).location == "/admin/tickets/2"
    )
    page = "/admin/support-mails/3"
    assert staff.post(page, {"what": "none"}, page=page).status_code == 303
    assert [one.state for one in shop.rows(SupportMail)] == ["taken", "taken", "left_out"]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"Auto_Submitted": "auto-replied (vacation)"}, "Auto-Submitted"),
        ({"List_Id": "<x.example>"}, "mailing list"),
        ({"Precedence": "bulk"}, "bulk"),
        ({"Return_Path": "<>"}, "not be delivered"),
        ({"X_Autoreply": "yes"}, "automatic answer"),
        ({"sender": "MAILER-DAEMON@example.com"}, "no person"),
        ({"Content_Type": "multipart/report; boundary=x"}, "not be delivered"),
        ({"Auto_Submitted": "no"}, ""),
    ],
)
def test_a_machine_is_told_by_its_signs(more, why):
    assert why in letter_of(mail(**more)).machine
    assert bool(letter_of(mail(**more)).machine) == bool(why)


def test_loops_floods_and_broken_mails_end(shop: Shop, staff):
    shop.customer()
    pipe(shop, mail("x", sender="help@northcable.example"))
    pipe(shop, mail("x", sender="help+abc@northcable.example"))
    pipe(shop, mail("x", sender="billing@northcable.example"))
    assert [one.why for one in shop.rows(SupportMail)] == ["of our own address"] * 3
    for number in range(22):
        pipe(shop, mail(f"flood {number}"))
    assert [one.state for one in shop.rows(SupportMail)][3:] == ["taken"] * 20 + ["ignored"] * 2
    for raw in (
        b"\xff\xfe\0nonsense",
        b"From: =?utf-9?B?\xff?= <\0@x>\r\nSubject: =?x?=\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xff\0x",
        b'From: a@b.example\r\nContent-Type: multipart/mixed; boundary="\r\n\r\n--\r\n',
        b"From: a@b.example\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!",
        b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n<p>One</p><script>x</script><blockquote>old</blockquote>",
    ):
        assert pipe(shop, raw).exit_code == 0
    late = shop.rows(SupportMail)[25:]
    assert {one.state for one in late} <= {"waiting", "ignored"}
    assert late[-1].body == "One"
    assert pipe(shop, b"").exit_code == 1, "an empty one is refused for good"
    assert pipe(shop, mail("x"), "--to", "nobody@northcable.example").exit_code == 1
    assert pipe(shop, mail("x"), "--to", "a\nBcc: b@x").exit_code == 1


def test_a_mailbox_is_read_once_from_where_it_stood(shop: Shop, staff):
    shop.customer()
    with SmallImap().running() as box, shop.app.app_context():
        box.put(mail("an old one"))
        values = {"host": "127.0.0.1", "port": box.port, "security": "none", "login": "help", "password": "sesame",
                  "folder": "INBOX", "plus": True}  # fmt: skip
        with writing(SYSTEM) as tx:
            save_mailbox(tx, 1, values)
        assert fetch_mail(SYSTEM, 1).stored == 0, "what lay in it stays there"
        box.put(mail("first"))
        big = box.put(mail("big" * 6_000_000))
        assert fetch_mail(SYSTEM, 1).stored == 2
        assert fetch_mail(SYSTEM, 1).stored == 0
        shop.work()
        assert [one.body for one in shop.rows(TicketMessage)] == ["first", "(nothing was written)"]
        assert shop.rows(Department)[0].mail_cursor["uid"] == big
        box.validity = 8  # the server has numbered anew
        box.put(mail("second"))
        done = fetch_mail(SYSTEM, 1)
        assert (done.stored, done.again) == (2, 2), "the first and the big one are known; the oldest is not, and came"
        assert "SINCE" in box.searches[-1]
        page = "/admin/departments/1/mailbox"
        assert "sesame" not in staff.get(page).text
        box.password = "changed"
        with pytest.raises(Exception, match="wrong user name or password"):
            fetch_mail(SYSTEM, 1)
    with shop.app.app_context(), pytest.raises(Exception, match="mailbox at"):
        fetch_mail(SYSTEM, 1)


def test_what_is_refused_of_a_mailbox_stands_at_its_field(staff, shop: Shop):
    page = "/admin/departments/1/mailbox"
    told = {"of-module-host": "imap.example", "of-module-port": "993", "of-module-security": "tls"}
    told |= {"of-module-login": "us", "of-module-folder": "INBOX"}
    refused = staff.post(page, {**told, "of-module-password": "se\u200bsame"}, page=page)
    assert refused.status_code == 422
    at_field = refused.text.partition('id="of-module-password-error"')[2][:200]
    assert "Has a character that can&#39;t be seen" in at_field
    assert "Not a valid integer" in staff.post(page, {**told, "of-module-port": "x"}, page=page).text
    assert staff.post(page, {**told, "of-module-password": "sesame"}, page=page).location == "/admin/departments/1"
    assert shop.rows(Department)[0].settings["host"] == "imap.example"
