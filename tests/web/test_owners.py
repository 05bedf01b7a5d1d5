"""Whose things an address may name: every route with a number in it, with one's own and with a stranger's.

A stranger's is as one that does not exist: the same answer to the letter, and nothing has changed.
"""

import re
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any
from uuid import uuid4

import pytest
from page_forms import forms
from peopled import KINDS, Person, World, arguments, filled
from sqlalchemy import select
from web_shop import Browser
from werkzeug.routing import Rule

from billhead import clock
from billhead.actions.privacy._belongings import BELONGINGS
from billhead.actions.privacy._rows import table_of, theirs
from billhead.db import Tx, reading, writing
from billhead.domain.context import Context
from billhead.models.documents import DocumentLine
from billhead.models.operations import Notice
from billhead.models.support import BillDispute, Department, SupportMail, Ticket, TicketFile, TicketMessage

pytestmark = pytest.mark.xdist_group("peopled")

STRANGERS = {
    "ada": ("eve",),
    "bob": ("eve",),
    "sue": ("ada",),
    "aurora": ("gulf",),
    "baltic": ("aurora",),
    "till": ("coast",),
}
"""Who tries → whose things. Of a family only sessions, passkeys and links are each login's own."""
LOOKS_LATER = {
    "storefront.paid_by_post",  # says to come again by GET, whatever it was
    "security.end_session",  # a device that is signed out already is as well
    "customer.cut",  # says on the line's page what came of it, and there it is looked
}
NOTED = ("user_session", "login_attempt", "reseller_key")
"""That somebody was here, and how often."""
NOT_FOR_EACH = {
    "customer.document_einvoice",  # of buyers who are businesses
    "customer.dispute",  # of invoices with a line to dispute
    *(
        f"reseller.{name}"
        for name in (  # of what the own shop has sold, see tests/web/reseller/test_shop_money_back.py
            "shop_document",
            "shop_paper",
            "credit_shop_paper",
            "book_for_shop",
            "refund_shop",
            "close_refund_of_shop",
            "shop_proof_file",
            "reject_proof_of_shop",
        )
    ),
    "customer.add_method",  # of gateways that save a method without a payment
}
NOT_THERE = 999_999
OF_THE_MOMENT = re.compile(r"r[0-9a-f]{16}|[\w.-]{60,}|[0-9a-f]{32}")


def test_a_strangers_is_as_one_that_does_not_exist(world: World):
    world.shop.app.config["WTF_CSRF_ENABLED"] = False
    faults, nothing = [], dict[tuple[str, str, str], tuple[int, str]]()
    for who in STRANGERS:
        world.people[who].open("GET", "/account/")  # what was said before is said
    asked, before = 0, world.contents()
    for who, rule, method in _calls(world):
        for other in STRANGERS[who]:
            for path, nowhere in _foreign(world, who, other, rule):
                asked += 1
                told = _answer(world, who, method, path)
                if (who, method, nowhere) not in nothing:
                    nothing[who, method, nowhere] = _answer(world, who, method, nowhere)
                is_known = told[0] in (403, 404) or rule.endpoint in LOOKS_LATER
                if not is_known or told != _as_if(nothing[who, method, nowhere], nowhere, path):
                    faults.append(f"{method} {path} as {who}, it is {other}'s: {told[0]}")
    assert faults == []
    assert asked > 200
    after = world.contents()
    noted = {row["action"] for row in after.pop("audit_entry")[len(before["audit_entry"]) :]}
    assert [name for name in after if after[name] != before[name] and name not in NOTED] == []
    assert noted <= {"accounts.sign_out"}


def test_ones_own_opens(world: World):
    world.shop.app.config["WTF_CSRF_ENABLED"] = False
    found: dict[str, set[int]] = {}
    for who, rule, method in _calls(world):
        role = "family" if who == "bob" else world.people[who].role
        statuses = found.setdefault(f"{method} {rule.rule} as {role}", set())
        for path in _own(world, who, rule):
            if rule.endpoint not in NOT_FOR_EACH and statuses <= {403, 404}:
                with world.undone() if method == "POST" else nullcontext():
                    statuses.add(world.people[who].open(method, path).status_code)
    faults = [f"{call}: {sorted(told)}" for call, told in found.items() if told and (500 in told or told <= {403, 404})]
    assert [fault for fault in faults if "family: [403]" not in fault] == []


def _calls(world: World) -> Iterator[tuple[str, Rule, str]]:
    """Everybody's calls of routes about something that is somebody's, where their role is let in."""
    for who in STRANGERS:
        for method in ("GET", "POST"):
            yield from ((who, rule, method) for rule in world.routes(who, method) if arguments(rule))


def _foreign(world: World, who: str, other: str, rule: Rule) -> Iterator[tuple[str, str]]:
    """With each argument in turn a stranger's, and the others one's own; beside it one that does not exist."""
    kinds = arguments(rule)
    for name, kind in kinds.items():
        theirs = [one for one in world.ids(other, kind) if one not in world.ids(who, kind)][:1]
        own = {one: (world.ids(who, kinds[one]) or [NOT_THERE])[0] for one in kinds if one != name}
        for stranger in theirs:
            yield filled(rule, {**own, name: stranger}), filled(rule, {**own, name: NOT_THERE})


def _own(world: World, who: str, rule: Rule) -> Iterator[str]:
    """Some of one's own: not each is in a state in which the page is there."""
    kinds = arguments(rule)
    lists = [world.ids(who, kind) for kind in kinds.values()]
    for number in range(min(map(len, lists))):
        yield filled(rule, {name: ids[number] for name, ids in zip(kinds, lists, strict=True)})


def _answer(world: World, who: str, method: str, path: str) -> tuple[int, str]:
    """With the page that it leads to, and without what is another one at each request."""
    answer = world.people[who].open(method, path)
    text = answer.text + (answer.location or "")
    if answer.location:
        text += world.people[who].client.get(answer.location).text
    return answer.status_code, OF_THE_MOMENT.sub("", text)


def _as_if(answer: tuple[int, str], nowhere: str, path: str) -> tuple[int, str]:
    """What is said of something that does not exist, with the number of something that does."""
    numbers = zip(*(re.findall(r"\d+", each) for each in (path, nowhere)), strict=True)
    (number,) = {one for one, other in numbers if one != other}
    return answer[0], answer[1].replace(str(NOT_THERE), number)


def test_a_number_in_a_field_names_ones_own_as_well(world: World):
    """Each number that a form would send is a stranger's instead: nothing of theirs changes, or is pointed to."""
    asked = 0
    for who, other in (("ada", "eve"), ("aurora", "gulf")):
        before = _rows(world, other)
        numbers = {str(world.ids(other, kind)[0]) for kind in KINDS if world.ids(other, kind)}
        for form in forms(world, who):
            for name, value in form.fields.items():
                if not value or not value[0].isdecimal() or name in form.typed:
                    continue
                for number in sorted(numbers):
                    asked += 1
                    told = {**form.fields, name: [number], "_key": [uuid4().hex]}
                    assert form.send(told).status_code < 500, f"{form.action} as {who}: {name}={number}"
        assert _rows(world, other) == before, f"{who} changed something of {other}'s"
        assert list(_pointing(world, who)) == []
    assert asked > 60


def _rows(world: World, who: str) -> dict[str, list[Any]]:
    mine = world.people[who].customer_id
    with world.shop.app.app_context(), reading() as session:
        told = {name: select(table_of(name)).where(theirs(name, mine)) for name in BELONGINGS}
        return {name: [row._asdict() for row in session.execute(query)] for name, query in told.items()}


def _pointing(world: World, who: str) -> Iterator[str]:
    """From what is theirs to what is somebody else's."""
    rows = _rows(world, who)
    for name in BELONGINGS:
        for column in table_of(name).c:
            for to in (key.column.table.name for key in column.foreign_keys if key.column.table.name in BELONGINGS):
                own = {row.get("id") for row in rows[to]}
                yield from (f"{name}.{column.name}" for row in rows[name] if row[column.name] not in own | {None})


HIDDEN = "Zebra 8841"
"""Stands in the subject and the words of what the other department works on, and nowhere else."""
MAY = ("tickets.write", "customers.write", "sellers.write")


@pytest.fixture
def of_another_department(world: World) -> tuple[Browser, dict[str, int]]:
    """Tess of staff works on Tech alone. Ada writes to Accounts, by the page and by mail, and disputes a line there."""
    boss, ada = world.people["staff"], world.people["ada"]
    with world.shop.app.app_context(), writing(Context.system("test")) as tx:
        accounts = Department(seller_id=ada.seller_id, name="Accounts", position=5, staff_ids=[boss.user_id])
        tx.session.add(accounts)
        tx.session.flush()
        number = written_to(tx, ada, accounts.id)
    return world.shop.person("staff", "tess@example.com", *MAY), number


def written_to(tx: Tx, ada: Person, department_id: int) -> dict[str, int]:
    now = clock.now()
    ticket = Ticket(
        seller_id=ada.seller_id, customer_id=ada.customer_id, department_id=department_id, token="hidden",
        subject=HIDDEN, opened_by_id=ada.user_id, opened_at=now,
    )  # fmt: skip
    tx.session.add(ticket)
    tx.session.flush()
    message = TicketMessage(ticket_id=ticket.id, kind="customer", author="x", body=HIDDEN, at=now)
    mail = SupportMail(
        department_id=department_id, sender="ada@example.com", subject=HIDDEN, body=HIDDEN, message_id="m",
        state="waiting", received_at=now,
    )  # fmt: skip
    disputed = select(BillDispute.line_id)
    line = tx.session.scalars(select(DocumentLine).where(DocumentLine.id.not_in(disputed))).first()
    dispute = BillDispute(
        ticket_id=ticket.id, customer_id=ada.customer_id, document_id=line.document_id, line_id=line.id,
        reason="twice", disputed_minor=1, currency="EUR", opened_on=now.date(),
    )  # fmt: skip
    told = Notice(
        customer_id=ada.customer_id, kind="ticket_answer", channel="email", key="hidden", recipient="ada@example.com",
        subject=HIDDEN, text=HIDDEN, data={"ticket_id": ticket.id, "message_id": 0}, created_at=now, state="sent",
    )  # fmt: skip
    tx.session.add_all([message, mail, dispute, told])
    tx.session.flush()
    ticket.last_message_id = message.id
    files = [
        TicketFile(file_name="box.png", media_type="image/png", size=1, data=b"x", **to)
        for to in ({"message_id": message.id}, {"mail_id": mail.id})
    ]
    tx.session.add_all(files)
    tx.session.flush()
    return {
        "tickets": ticket.id, "support-mails": mail.id, "disputed-bills": dispute.id, "messages": told.id,
        "file_id": files[0].id,
    }  # fmt: skip


def test_staff_find_nothing_of_another_department(world: World, of_another_department):
    """Each route about a ticket, its mail, its files, its disputes and what was mailed of it, to look and to do."""
    tess, theirs = of_another_department
    world.shop.app.config["WTF_CSRF_ENABLED"] = False
    asked, faults, before = 0, [], world.contents()
    for rule in world.shop.app.url_map.iter_rules():
        kind = rule.rule.split("/")[2] if rule.endpoint.startswith("admin.") and "<int:" in rule.rule else ""
        number = theirs["file_id"] if "<int:file_id>" in rule.rule and kind == "tickets" else theirs.get(kind)
        for method in sorted({"GET", "POST"} & rule.methods if number else ()):
            asked += 1
            there = tess.client.open(filled(rule, {}, number), method=method)
            nowhere = tess.client.open(filled(rule, {}, NOT_THERE), method=method)
            text = (
                OF_THE_MOMENT.sub("", there.text),
                OF_THE_MOMENT.sub("", nowhere.text).replace(str(NOT_THERE), str(number)),
            )
            if (there.status_code, nowhere.status_code) != (404, 404) or text[0] != text[1]:
                faults.append(f"{method} {rule.rule}: {there.status_code}")
    assert faults == []
    assert asked >= 13
    after = world.contents()
    assert [name for name in after if after[name] != before[name] and name not in NOTED] == []


def test_no_page_of_staff_shows_what_another_department_works_on(world: World, of_another_department):
    tess, theirs = of_another_department
    boss, shown, faults = world.people["staff"], 0, []
    pages = {world.path("staff", rule) for rule in world.routes("staff") if rule.endpoint.startswith("admin.")}
    pages |= {f"/admin/customers/{world.people['ada'].customer_id}", f"/admin/find?q={theirs['tickets']}"}
    pages |= {
        f"/admin/tickets?q={HIDDEN}&format=csv",
        "/admin/support-mails?format=csv",
        "/admin/disputed-bills?format=csv",
    }
    for path in sorted(pages):
        shown += HIDDEN.encode() in boss.client.get(path, follow_redirects=True).data
        answer = tess.client.get(path)
        if HIDDEN.encode() in answer.data or (answer.location or "").endswith(f"/tickets/{theirs['tickets']}"):
            faults.append(path)
    assert faults == []
    assert shown >= 5, "who works there sees it on its pages"


def test_a_ticket_is_not_merged_into_one_that_its_reader_may_not_see(world: World, of_another_department):
    tess, theirs = of_another_department
    own = world.ids("ada", "ticket_id")[0]
    offered = tess.client.get(f"/admin/tickets/{own}/merge").text
    assert f'value="{theirs["tickets"]}"' not in offered
