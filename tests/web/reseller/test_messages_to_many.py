"""A reseller writes to many at once: to picked users, or to those below it; in the name that they know it by."""

import re
from datetime import timedelta

from reseller_area import Area
from sqlalchemy import select
from white_label import WhiteLabel

from billhead.actions.notifications.stop_news import stop_news
from billhead.actions.resellers._messages import Letter, left_out
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.operations import AuditEntry, Job, Notice
from billhead.models.people import Customer, Reseller
from billhead.models.resellers import ResellerMessage, ResellerMessageItem

NEW, USERS = "/reseller/messages/new", "/reseller/users"
WORDS = {
    "subject": "Football on Monday",
    "words": "From Monday on\nthere are ten more {{name}} <b>channels</b>.",
    "language": "en",
}


def sent(browser, who: dict, page: str = USERS, **more: str):
    """The list sends who is picked, the form what is written, and then the yes."""
    form = browser.post(NEW, who, page=page).text
    people = {
        "to": re.findall(r'name="to" value="(\d+)"', form),
        "back": re.search(r'name="back" value="(\w+)"', form)[1],
    }
    shown = browser.post(NEW, {**people, **WORDS, **more}, page=page)
    seen = re.search(r'name="seen"[^>]* value="(\w+)"', shown.text)
    assert seen, shown.text
    return shown.text, browser.post(NEW, {**people, **WORDS, **more, "seen": seen[1]}, page=page)


def notices(shop, *where) -> list[Notice]:
    return shop.rows(Notice, Notice.kind == "reseller_message", *where)


def test_all_readers_are_asked_about_together(area: Area):
    shop = area.shop
    for name in ("Anna", "Bob", "Cleo"):
        area.add("baltic", name)
    with shop.app.app_context(), reading() as session:
        readers = session.scalars(select(Customer).order_by(Customer.id)).all()
        asked = []
        for some in (readers[:1], readers):
            with shop.asking() as seen:
                left_out(session, some, Letter("TV", "News.", "en"))
            asked.append(len(seen))
    assert len(readers) >= 4
    assert asked[1] <= asked[0], "many are asked about together"


def test_users_are_told_once_each_in_the_name_that_they_know(area: Area):
    """Bob reads German, Cleo has no address, Dora wants no news."""
    shop, baltic = area.shop, area.browsers["baltic"]
    keys = [area.add("baltic", "Anna", email="anna@example.com")]
    for name, more in (
        ("Bob", {"email": "bob@example.com", "language": "de"}),
        ("Cleo", {}),
        ("Dora", {"email": "dora@example.com"}),
    ):
        keys.append(area.add("baltic", name, **more))
    shop.work()
    dora = shop.rows(Customer, Customer.name == "Dora")[0].id
    with shop.app.app_context(), writing(Context.system("test")) as tx:
        from billhead.actions.notifications._stop_links import stop_url

        stop_news(tx, stop_url("", dora).rpartition("/")[2])
    before = len(shop.rows(Notice))
    picked = {"pick": [str(key) for key in keys]}
    assert 'name="words"' in baltic.post(NEW, picked, page=USERS).text
    wrong = baltic.post(NEW, {**picked, "subject": "", "words": "", "language": "en"}, page=USERS)
    assert wrong.status_code == 422
    assert "Say what it is about." in wrong.text

    shown, begun = sent(baltic, picked)
    assert "It reaches</dt><dd>2</dd>" in shown
    assert "Cleo</bdi>: there is no address to write to" in shown
    assert "Dora</bdi>: wants no news" in shown
    assert "ten more {{name}} &lt;b&gt;channels" in shown
    assert "Hello Anna" in shown
    assert "/news/stop/…" in shown, "as the mail will read, with its foot, but not with the link that is hers alone"
    assert "/sign-in" not in shown, "she has no login"
    assert begun.location == "/reseller/messages/1"
    assert len(shop.rows(Notice)) == before, "nobody is told before the job has its turn"
    shop.work()
    told = notices(shop)
    assert [(one.recipient, one.subject) for one in told] == [
        ("anna@example.com", "Football on Monday"), ("bob@example.com", "Football on Monday"),
    ]  # fmt: skip
    mail = told[0].text
    assert mail.startswith("Hello Anna")
    assert "Baltic" in mail
    assert "/news/stop/" in mail
    assert "Shop" not in mail, "the operator is nobody whom they know"
    assert told[1].text.startswith("Hello Bob"), "the greeting speaks the language of the words"
    seen = baltic.get("/reseller/messages/1").text
    assert "Sent</dt><dd>2</dd>" in seen
    assert "Football on Monday" in baltic.get("/reseller/messages").text
    shop.work()
    assert len(notices(shop)) == 2
    (row,) = shop.rows(AuditEntry, AuditEntry.action == "resellers.send_message")
    assert row.details["about"] == "Football on Monday"

    shown, _ = sent(baltic, picked, only="y", language="de")
    assert "It reaches</dt><dd>1</dd>" in shown
    assert "Anna</bdi>: reads another language" in shown
    assert "Guten Tag, Bob!" in shown
    for other in ("coast", "gulf"):
        assert area.browsers[other].get("/reseller/messages/1").status_code == 404
        assert area.browsers[other].post("/reseller/messages/1/stop").status_code == 404
        assert area.browsers[other].post(NEW, {"to": str(dora), **WORDS}).status_code == 404
    assert area.browsers["aurora"].get("/reseller/messages/1").status_code == 200, "who stands above sees it"


def test_three_a_day_and_none_while_suspended(area: Area):
    shop, baltic = area.shop, area.browsers["baltic"]
    picked = {"pick": str(area.add("baltic", "Anna", email="anna@example.com"))}
    for _ in range(3):
        assert sent(baltic, picked)[1].status_code == 303
    people = {"to": str(shop.rows(Customer, Customer.name == "Anna")[0].id)}
    refused = baltic.post(NEW, {**people, **WORDS}, page=USERS)
    assert refused.status_code == 422
    assert "3 messages were sent within a day already. Send the next one tomorrow." in refused.text
    row = shop.rows(ResellerMessage)[0]
    shop.change(ResellerMessage, row.id, created_at=row.created_at - timedelta(hours=25))
    assert sent(baltic, picked)[1].status_code == 303
    shop.change(Reseller, area.ids["baltic"], suspended=True)
    assert baltic.post(NEW, {**people, **WORDS}, page="/reseller/").status_code == 403
    assert "Write to them" not in baltic.get(USERS).text


def test_a_message_is_stopped_before_anybody_has_it(area: Area):
    shop, baltic = area.shop, area.browsers["baltic"]
    keys = [str(area.add("baltic", name, email=f"{name}@example.com")) for name in ("anna", "bob")]
    shop.work()
    begun = sent(baltic, {"pick": keys})[1].location
    assert f'href="{begun}/stop"' in baltic.get(begun).text
    assert baltic.yes(f"{begun}/stop").location == begun
    shop.work()
    assert notices(shop) == []
    assert {one.state for one in shop.rows(ResellerMessageItem)} == {"stopped"}
    assert "does not get it" in baltic.get(begun).text
    assert "there is nothing to stop" in baltic.yes(f"{begun}/stop").text


def test_who_stands_above_writes_to_those_below(area: Area):
    shop, aurora = area.shop, area.browsers["aurora"]
    assert 'name="below"' in aurora.get("/reseller/resellers").text
    shown, begun = sent(aurora, {"below": ["", str(area.ids["baltic"])]}, "/reseller/resellers")
    assert "Write to 1 reseller" in shown
    shop.work()
    (told,) = notices(shop)
    assert told.recipient == "baltic@example.com"
    assert "Aurora" in told.text
    assert begun.status_code == 303
    assert aurora.post(NEW, {"below": ""}, page="/reseller/resellers").location == "/reseller/resellers", (
        "nobody is picked"
    )
    nobody = aurora.post(NEW, {"below": ["", str(area.ids["gulf"])]}, page="/reseller/resellers")
    assert nobody.location == "/reseller/resellers", "Gulf is not below it"
    with shop.app.app_context(), reading() as session:
        gulf = session.scalar(select(Customer.id).where(Customer.buys_for_reseller_id == area.ids["gulf"]))
    assert aurora.post(NEW, {"to": str(gulf), "back": "below", **WORDS}).status_code == 404
    own = shop.rows(Customer, Customer.buys_for_reseller_id == area.ids["aurora"])[0].id
    assert aurora.post(NEW, {"to": str(own), "back": "below", **WORDS}).status_code == 404
    assert area.browsers["baltic"].post(NEW, {"below": ["", str(area.ids["gulf"])]}).status_code == 303


def test_customers_of_a_shop_read_the_name_of_the_shop(white_label: WhiteLabel):
    white_label.sell()
    shop, aurora = white_label.shop, white_label.area.browsers["aurora"]
    shop.work()
    sent(aurora, {"all": "yes", "show": "active"})
    shop.work()
    (told,) = notices(shop)
    assert told.recipient == "ada@example.com"
    assert told.text.count("Football") == 0
    assert "Aurora" in told.text
    assert "/news/stop/" in told.text
    assert [job.state for job in shop.rows(Job, Job.kind == "resellers.send_message")] == ["done"]
