"""Imports in the admin area: a file is sent, looked into, run dry and imported; what was refused comes back mended."""

import csv
import io
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from billhead import clock
from billhead.actions.importing import run_import as running
from billhead.actions.importing.cancel_import import cancel_import
from billhead.actions.privacy.purge_old import purge_old
from billhead.db import db, reading, writing
from billhead.domain.context import Context
from billhead.models.credits import CustomerCredit
from billhead.models.imports import ImportRefusal, SubscriberImport
from billhead.models.people import Customer, User
from billhead.models.sellers import Seller
from billhead.models.subscriptions import Service, Subscription

NEW = "/admin/imports/new"


def example(counter):
    """The rows that the page hands out to begin with."""
    answer = counter.get("/admin/imports/example.csv")
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def people(counter, count, **more):
    """So many rows like the example's first."""
    first = example(counter)[0]
    return [
        first
        | {"external_ref": f"X-{n}", "name": f"Person {n}", "email": f"x{n}@example.com"}
        | {"login": f"person{n}", "notes": "", **more}
        for n in range(1, count + 1)
    ]


def as_csv(rows, delimiter=","):
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def send(counter, content, name="people.csv", **fields):
    data = content if isinstance(content, bytes) else content.encode()
    return counter.staff.post(
        NEW, {"encoding": "utf-8", "cards": "", "file": (io.BytesIO(data), name), **fields}, page=NEW
    )


def sent(counter, content, **fields):
    answer = send(counter, content, **fields)
    assert answer.status_code == 303, answer.text
    return answer.location


def figures(counter, key=1):
    row = counter.row(SubscriberImport, key)
    return row.state, row.dry_run, row.added, row.known, row.refused


def brought_in(counter, model=Customer):
    with counter.shop.app.app_context(), reading() as session:
        where = Customer.external_ref.like("X-%")
        if model is Customer:
            return session.scalar(select(func.count()).select_from(Customer).where(where))
        mine = select(Subscription.id).join(Customer, Customer.id == Subscription.customer_id).where(where)
        return session.scalar(select(func.count()).select_from(model).where(model.subscription_id.in_(mine)))


def test_an_empty_list_tells_where_the_format_is_and_hands_out_an_example(counter):
    shown = counter.get("/admin/imports").text
    assert "docs/import.md" in shown
    assert "CSV file</label>" in counter.get(NEW).text, "it does not say that the file is optional"
    assert "Choose a file." in counter.post(NEW, encoding="utf-8", cards="").text
    assert "/admin/imports/example.csv" in shown
    assert "/admin/imports/new" in shown
    where = sent(counter, as_csv(example(counter)))
    assert "What is wrong" not in counter.get(where).text
    counter.post(f"{where}/dry-run")
    counter.shop.work()
    assert figures(counter) == ("done", True, len(example(counter)), 0, 0)


def test_a_file_is_looked_into_run_dry_and_imported(any_counter):
    counter = any_counter
    rows = people(counter, 3)
    rows[1] |= {"zone": "Europe/Atlantis", "password": "geheim-77"}
    where = sent(counter, b"\xef\xbb\xbf" + as_csv(rows, ";").encode())
    shown = counter.get(where).text
    assert "semicolons" in shown
    assert "Person 1" in shown
    assert "x3@example.com" in shown
    assert "Europe/Atlantis" in shown
    assert "geheim-77" not in shown
    assert brought_in(counter) == 0

    counter.post(f"{where}/dry-run")
    assert 'data-look="/admin/imports/1' in counter.get(where).text
    counter.shop.work()
    assert figures(counter) == ("done", True, 2, 0, 1)
    assert brought_in(counter) == 0
    assert "Would be added" in counter.get(where).text

    counter.confirm(f"{where}/start", "moving in")
    counter.shop.work()
    assert figures(counter) == ("done", False, 2, 0, 1)
    assert (brought_in(counter), brought_in(counter, Service)) == (2, 2)
    assert counter.trail("importing.start") == [
        ("staff:2", "subscriber_import:1", ""),
        ("staff:2", "subscriber_import:1", "moving in"),
    ]


def test_refused_rows_come_back_mended_and_nobody_is_brought_in_twice(any_counter):
    counter = any_counter
    rows = people(counter, 3, phone="+358 40 1234567")
    rows[2] |= {"login": "person1"}
    where = sent(counter, as_csv(rows, ";"))
    counter.confirm(f"{where}/start")
    counter.shop.work()
    assert figures(counter) == ("done", False, 2, 0, 1)

    back = counter.get(f"{where}/refused.csv").text.removeprefix("\ufeff")
    (row,) = csv.DictReader(io.StringIO(back), delimiter=";")
    assert row["external_ref"] == "X-3"
    assert row["password"] == rows[2]["password"]
    assert row["refused_because"].startswith("login: line 2 has it already.")
    row["login"] = "person3"
    again = sent(counter, as_csv([row], ";"))
    counter.confirm(f"{again}/start")
    counter.shop.work()
    assert figures(counter, 2) == ("done", False, 1, 0, 0)
    assert "is not kept any more" in counter.get(again).text
    assert "is not kept any more" not in counter.get(where).text
    assert counter.row(Customer, max(_ids(counter))).phone == "+358 40 1234567"

    counter.confirm(f"{where}/start", "the first file once more")
    counter.shop.work()
    assert figures(counter) == ("done", False, 0, 2, 1)
    assert brought_in(counter) == 3


def _ids(counter):
    with counter.shop.app.app_context(), reading() as session:
        return session.scalars(select(Customer.id).where(Customer.external_ref.like("X-%"))).all()


def test_what_clashes_with_the_database_is_found_by_a_dry_run(counter):
    with counter.shop.app.app_context(), reading() as session:
        taken = session.scalar(select(Service.login).order_by(Service.id))
    rows = people(counter, 2)
    rows[0]["login"] = taken
    where = sent(counter, as_csv(rows))
    counter.post(f"{where}/dry-run")
    counter.shop.work()
    assert figures(counter) == ("done", True, 1, 0, 1)
    assert f"{taken} is taken by another line" in counter.get(where).text


def test_what_is_taken_between_a_dry_run_and_the_import_costs_its_row(any_counter):
    counter = any_counter
    where = sent(counter, as_csv(people(counter, 5)))
    counter.post(f"{where}/dry-run")
    counter.shop.work()
    assert figures(counter) == ("done", True, 5, 0, 0)
    counter.confirm(f"{where}/start")
    app, seller_id = counter.shop.app, counter.shop.seller_id
    with app.app_context(), writing(Context.system("test")) as tx:  # was brought in once, under another number since
        tx.session.get_one(Subscription, 1).external_ref = f"{tx.session.get_one(Seller, seller_id).code}:X-4"
    work = Thread(target=counter.shop.work)
    with app.app_context(), writing(Context.system("test")) as tx:  # signs up while the import runs
        login = User(seller_id=seller_id, email="x2@example.com", role="customer", created_at=clock.now())
        tx.session.add(login)
        tx.session.flush()
        work.start()
        work.join(1)
    work.join()
    assert figures(counter) == ("done", False, 4, 0, 1)
    assert brought_in(counter) == 4
    with app.app_context(), reading() as session:
        (refusal,) = session.scalars(select(ImportRefusal))
        assert (refusal.line, refusal.code) == (5, "conflict")
        assert session.scalar(select(User.customer_id).where(User.email == "x2@example.com")) is None
    assert "taken just now" in counter.get(where).text


def test_what_is_no_row_s_fault_is_not_told_as_one(any_counter):
    """The database refuses a row, and not because something is taken: the import breaks, and says so."""
    counter = any_counter
    where = sent(counter, as_csv(people(counter, 3)))
    counter.confirm(f"{where}/start")
    refuse = "ALTER TABLE customer ADD CONSTRAINT nobody CHECK (external_ref <> 'X-2')"
    allow = "ALTER TABLE customer DROP CONSTRAINT nobody"
    with counter.shop.app.app_context():
        if db.engine.dialect.name == "sqlite":  # adds no constraint to a table that is there
            refuse = "CREATE TRIGGER nobody BEFORE INSERT ON customer WHEN NEW.external_ref = 'X-2'"
            refuse += " BEGIN SELECT RAISE(ABORT, 'nobody'); END"
            allow = "DROP TRIGGER nobody"
        with db.engine.begin() as connection:
            connection.execute(text(refuse))
        try:
            with pytest.raises(IntegrityError, match="nobody"):
                running.run_import(Context.system("test"), 1)
        finally:
            with db.engine.begin() as connection:
                connection.execute(text(allow))
    assert figures(counter) == ("failed", False, 0, 0, 0)
    assert brought_in(counter) == 0
    assert "it broke with IntegrityError" in counter.row(SubscriberImport, 1).error


def test_a_process_that_dies_is_followed_where_it_was(any_counter, monkeypatch):
    counter, died = any_counter, []
    rows = people(counter, 5)
    rows[0]["zone"] = "Europe/Atlantis"
    where = sent(counter, as_csv(rows))
    counter.confirm(f"{where}/start")

    class Killed(BaseException):
        pass

    def die(_point):
        died.append(1)
        if len(died) == 2:
            raise Killed

    monkeypatch.setattr("billhead.actions.importing._batches._BATCH", 2)
    monkeypatch.setattr(running, "crash_point", die)
    with counter.shop.app.app_context(), pytest.raises(Killed):
        running.run_import(Context.system("job"), 1)
    row = counter.row(SubscriberImport, 1)
    assert (row.state, row.through, row.added, row.refused) == ("running", 5, 3, 1)
    assert "Line 5 of 6." in counter.get(where).text
    counter.shop.work()
    assert figures(counter) == ("done", False, 4, 0, 1)
    with counter.shop.app.app_context(), reading() as session:
        assert session.scalar(select(func.count()).select_from(ImportRefusal)) == 1


def test_one_that_goes_on_is_called_off_and_can_be_taken_up_again(counter, monkeypatch):
    where = sent(counter, as_csv(people(counter, 5)))
    counter.confirm(f"{where}/start")
    assert counter.post(f"{where}/dry-run").status_code == 409
    assert counter.post(f"{where}/remove", reason="wrong file").status_code == 422

    def call_off(_point):
        with writing(Context.system("test")) as tx:
            cancel_import(tx, 1)

    monkeypatch.setattr("billhead.actions.importing._batches._BATCH", 2)
    with monkeypatch.context() as once:
        once.setattr(running, "crash_point", call_off)
        counter.shop.work()
    assert figures(counter) == ("canceled", False, 2, 0, 0)
    assert counter.post(f"{where}/cancel", reason="again").status_code == 422
    counter.confirm(f"{where}/start")
    counter.shop.work()
    assert figures(counter) == ("done", False, 3, 2, 0)


def test_columns_of_another_name_and_another_encoding(counter):
    rows = [
        {("Full name" if name == "name" else name): value for name, value in row.items()} | {"Colour": "red"}
        for row in people(counter, 1)
    ]
    rows[0]["Full name"] = "Jürgen Groß"
    where = sent(counter, as_csv(rows, "\t").encode("cp1252"), encoding="cp1252")
    shown = counter.get(where).text
    assert "the column is missing" in shown
    assert f"{where}/start" not in shown
    names = [*rows[0]]
    chosen = {f"column{n}": name for n, name in enumerate(names)}
    chosen |= {f"column{names.index('Full name')}": "name", f"column{names.index('Colour')}": ""}
    assert counter.post(f"{where}/columns", **chosen).status_code == 303
    assert "Jürgen Groß" in counter.get(where).text
    counter.confirm(f"{where}/start")
    counter.shop.work()
    assert figures(counter) == ("done", False, 1, 0, 0)
    assert counter.post(f"{where}/columns", column0="colour").status_code == 422  # the file was needed no more


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04rest", "it is a workbook"),
        (b"  \n", "It is empty"),
        (b"", "It is empty"),
    ],
)
def test_what_is_no_csv_is_refused_at_its_field(counter, content, told):
    answer = send(counter, content)
    assert answer.status_code == 422
    assert told.lower() in answer.text.lower()
    assert counter.row(SubscriberImport, 1) is None


def test_a_file_that_is_too_large_is_refused(counter, monkeypatch):
    monkeypatch.setattr("billhead.actions.importing._sent_file.LARGEST", 100)
    answer = send(counter, "x" * 101)
    assert answer.status_code == 422
    assert "It is larger than" in answer.text


def test_balances_are_given_by_who_may_give_credit(counter):
    clerk = counter.shop.person("staff", "clerk@example.com", "subscriptions.write", "customers.write")
    where = sent(counter, as_csv(people(counter, 1, balance="12.50")))
    refused = clerk.post(f"{where}/start", {"reason": "x"}, page=NEW)
    assert refused.status_code == 422
    assert "credits.write" in refused.text
    counter.confirm(f"{where}/start")
    counter.shop.work()
    with counter.shop.app.app_context(), reading() as session:
        assert session.scalar(select(CustomerCredit.amount_minor)) == 1250


def test_a_file_is_removed_and_whom_it_brought_in_stays(counter):
    rows = people(counter, 2)
    rows[1]["plan"] = "gold"
    where = sent(counter, as_csv(rows))
    counter.confirm(f"{where}/start")
    counter.shop.work()
    counter.confirm(f"{where}/remove", "no longer needed")
    assert counter.row(SubscriberImport, 1) is None
    assert brought_in(counter) == 1
    assert counter.get(where).status_code == 404


def test_of_an_old_file_nothing_is_kept(counter):
    rows = people(counter, 1)
    rows[0]["plan"] = "gold"
    where = sent(counter, as_csv(rows))
    counter.post(f"{where}/dry-run")
    counter.shop.work()
    with counter.shop.app.app_context():
        with writing(Context.system("test")) as tx:
            row = tx.session.get(SubscriberImport, 1)
            row.created_at -= timedelta(days=31)
        purge_old(Context.system("test"))
    row = counter.row(SubscriberImport, 1)
    assert (row.name, row.refused) == ("", 1)
    assert counter.row(ImportRefusal, 1) is None
    assert "is not kept any more" in counter.get(where).text
