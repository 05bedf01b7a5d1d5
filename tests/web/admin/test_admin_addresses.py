"""A panel's addresses were changed: everybody on it is told, once, in batches that can be stopped."""

import json

from click.testing import CliRunner
from sqlalchemy import select

from billhead.actions.notifications._facts import gather
from billhead.actions.notifications._render import render
from billhead.actions.panels import tell_addresses_batch as telling
from billhead.actions.panels.tell_addresses import tell_addresses
from billhead.actions.panels.tell_addresses_batch import tell_addresses_batch
from billhead.cli import main
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.models.operations import Notice
from billhead.models.panels import AddressNews, Panel
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service

PAGE = "/admin/panels/1/addresses"
TEST = Context.system("test")


def told(counter):
    with counter.shop.app.app_context(), reading() as session:
        query = select(Notice.data).where(Notice.kind == "new_address").order_by(Notice.id)
        return [data["service_id"] for data in session.scalars(query)]


def news(counter):
    with counter.shop.app.app_context(), reading() as session:
        return session.scalars(select(AddressNews).order_by(AddressNews.id.desc())).first()


def test_everybody_is_told_once_with_what_staff_add(any_counter):
    counter = any_counter
    page = counter.get(PAGE)
    assert "Tell 1 line<" in page.text
    counter.post(PAGE, words="The old address ends on 1 January.")
    assert "They are being told: 0 of 1 by now." in counter.get(PAGE).text
    assert counter.post(PAGE, words="").status_code == 422, "one at a time"
    counter.shop.work()
    assert told(counter) == [1]
    assert (news(counter).state, news(counter).told, news(counter).unreached) == ("done", 1, 0)
    assert "1 of 1" in counter.get(PAGE).text


def test_too_many_words_are_refused(counter):
    assert counter.post(PAGE, words="x" * 501).status_code == 422
    assert news(counter) is None


def test_who_has_no_mail_address_is_counted(counter):
    counter.shop.change(Customer, 1, email="")
    assert "<dt>Lines without a mail address</dt><dd>1</dd>" in counter.get(PAGE).text
    counter.post(PAGE, words="")
    counter.shop.work()
    assert (told(counter), news(counter).unreached) == ([], 1)


def test_what_was_killed_goes_on_and_what_is_stopped_stays_stopped(counter, monkeypatch):
    counter.shop.order(counter.shop.customer("second@example.com"), "gift")
    counter.shop.work()
    monkeypatch.setattr(telling, "_BATCH", 1)
    with counter.shop.app.app_context():
        with writing(TEST) as tx:
            key = tell_addresses(tx, 1).news_id
        with writing(TEST) as tx:
            assert tell_addresses_batch(tx, key).more, "and here the process is gone"
        with writing(TEST) as tx:
            tx.session.get_one(AddressNews, key).cursor = 0  # as if the batch were done again
        with writing(TEST) as tx:
            assert tell_addresses_batch(tx, key).told == 0
    assert told(counter) == [1]
    counter.confirm(f"/admin/panels/addresses/{key}/stop", reason="enough")
    counter.shop.work()
    assert (told(counter), news(counter).state) == ([1], "canceled")


def test_a_panel_that_nobody_is_on_has_nobody_to_tell(counter):
    counter.shop.change(Customer, 1, email="")
    with counter.shop.app.app_context(), writing(TEST) as tx:
        tx.session.get_one(Service, 1).lifecycle = "removed"
    assert "there is nobody to tell" in counter.get(PAGE).text
    assert counter.post(PAGE, words="").status_code == 422


def test_the_command_tells_how_many_before(counter):
    code = counter.row(Panel, 1).code
    ran = CliRunner().invoke(main, ["panels", "tell-addresses", code, "--dry-run", "--json"], obj=counter.shop.app)
    assert json.loads(ran.stdout) == {"news": None, "panel": code, "lines": 1, "customers": 1, "unreached": 0}
    ran = CliRunner().invoke(main, ["panels", "tell-addresses", code, "--words", "From now on."], obj=counter.shop.app)
    assert "They are being told, as news 1." in ran.stdout
    assert news(counter).words == "From now on."


WORK = "/admin/panels/1/work"


def notices_of_work(counter):
    with counter.shop.app.app_context(), reading() as session:
        return list(session.scalars(select(Notice).where(Notice.kind == "planned_work").order_by(Notice.id)))


def test_planned_work_is_told_once_to_each_customer_in_their_own_time(any_counter):
    counter = any_counter
    counter.shop.change(Customer, 1, zone="America/New_York")
    with counter.shop.app.app_context(), writing(TEST) as tx:  # another line of the same customer
        told = {column.key: getattr(tx.session.get_one(Service, 1), column.key) for column in Service.__table__.columns}
        tx.session.add(Service(**{**told, "id": None, "handle": "TWIN", "login": "twin"}))
        tx.session.get_one(Seller, counter.shop.seller_id).zone = "Europe/Helsinki"
    page = counter.get(WORK).text
    assert "<dt>Lines</dt><dd>2</dd>" in page
    assert "Tell 1 customer<" in page
    when = {"begins_at": "2030-12-01T02:00", "ends_at": "2030-12-01T04:30"}
    assert counter.post(WORK, **when, words="<b>Faster</b> films.").status_code == 303
    counter.shop.work()
    (notice,) = notices_of_work(counter)
    with counter.shop.app.app_context(), reading() as session:
        rendered = render("planned_work", gather(session, notice))
    assert rendered.subject == "Planned work on 30 November 2030, 19:00"
    assert "until 30 November 2030, 21:30" in rendered.text
    assert "&lt;b&gt;Faster&lt;/b&gt; films." in rendered.html
    assert (news(counter).state, news(counter).told, news(counter).total, news(counter).unreached) == ("done", 1, 1, 0)
    again = counter.post(WORK, **when, words="")
    assert (again.status_code, "told already" in again.text) == (422, True)
    counter.shop.work()
    assert len(notices_of_work(counter)) == 1
    assert news(counter).kind == "work"
    assert "30 November" not in counter.get(PAGE).text  # the page of the addresses does not list it


def test_work_that_has_passed_or_never_ends_is_refused(counter):
    for begins, ends in (("2020-01-01T02:00", "2020-01-01T03:00"), ("2030-01-02T02:00", "2030-01-02T02:00"),
                         ("2030-01-02T02:00", "2030-02-02T02:00"), ("soon", "2030-02-02T02:00")):  # fmt: skip
        assert counter.post(WORK, begins_at=begins, ends_at=ends, words="").status_code == 422, begins
    assert news(counter) is None


def test_the_command_tells_of_work(counter):
    code = counter.row(Panel, 1).code
    words = ["panels", "tell-work", code, "--from", "2030-12-01 02:00", "--until", "2030-12-01 04:30", "--json"]
    dry = CliRunner().invoke(main, [*words, "--dry-run"], obj=counter.shop.app)
    assert json.loads(dry.stdout) == {"news": None, "panel": code, "lines": 1, "customers": 1, "unreached": 0}
    assert json.loads(CliRunner().invoke(main, words, obj=counter.shop.app).stdout)["news"] == 1
