"""A saved method is removed: its token waits, sealed, in one place until its gateway has let it go too."""

import json
from datetime import timedelta

from click.testing import CliRunner
from forgetting_gateway import ForgettingGateway, detaching, save_card
from sqlalchemy import select
from web_shop import Shop

from billhead import clock
from billhead.actions.jobs.retry_job import retry_job
from billhead.actions.payments.detach_method import detach_method
from billhead.cli import main
from billhead.db import Model, reading, writing
from billhead.domain.context import Context
from billhead.models.operations import AuditEntry, Job
from billhead.models.payments import MethodSaving, PaymentMethod
from billhead.plugin_host import Vault, vault

SYSTEM = Context.system("test")


def remove(browser, method_id: int) -> None:
    assert browser.post(f"/account/payment-methods/{method_id}/remove").status_code == 303


def tokens(shop: Shop) -> list[tuple[str, str]]:
    return [(one.token, one.detaching_token) for one in shop.rows(PaymentMethod)]


def later(shop: Shop, **time) -> None:
    with clock.business_time(clock.business_now() + timedelta(**time)):
        shop.work()


def test_one_that_is_removed_is_taken_away_once_it_is_saved_no_more(any_shop: Shop, monkeypatch):
    shop = any_shop
    gateway = ForgettingGateway(shop, monkeypatch, failures=0)
    browser = shop.customer()
    save_card(shop)
    save_card(shop)
    remove(browser, 1)
    shop.work()
    assert gateway.asked == [], "she has it here a second time"
    assert tokens(shop)[0] == ("", "")
    remove(browser, 2)
    shop.work()
    assert gateway.asked == ["tok_1"]
    assert tokens(shop) == [("", ""), ("", "")]


def test_with_the_last_one_the_gateway_is_told_that_nothing_is_left(shop: Shop, monkeypatch):
    gateway = ForgettingGateway(shop, monkeypatch, failures=0)
    browser = shop.customer()
    for token in ("tok_1", "tok_2", "tok_3"):
        save_card(shop, token)
    remove(browser, 1)
    shop.work()
    with shop.app.app_context(), writing(SYSTEM) as tx:
        about = {"customer_id": 1, "account_id": 1, "key": "s1", "created_at": clock.now()}
        tx.session.add(MethodSaving(**about, state="requires_action"))
    remove(browser, 2)
    remove(browser, 3)
    shop.work()
    assert gateway.last == [False, False, False], "another is saved, then one is being saved"
    shop.change(MethodSaving, 1, state="expired")
    save_card(shop, "tok_4")
    remove(browser, 4)
    shop.work()
    assert gateway.last[3:] == [True]


def test_a_gateway_that_forgets_nothing_is_not_asked(shop: Shop):
    browser = shop.customer()
    save_card(shop)
    remove(browser, 1)
    assert (detaching(shop), tokens(shop)) == ([], [("", "")])


def test_what_waits_is_in_one_column_and_in_no_job(any_shop: Shop, monkeypatch):
    shop = any_shop
    ForgettingGateway(shop, monkeypatch)
    browser = shop.customer()
    save_card(shop)
    ((sealed, _),) = tokens(shop)
    remove(browser, 1)
    assert tokens(shop) == [("", sealed)]
    (job,) = shop.rows(Job, Job.kind == "payments.detach_method")
    assert job.args == {"method_id": 1}
    told = CliRunner().invoke(main, ["jobs", "show", str(job.id)], obj=shop.app).output
    assert "method_id" in told
    assert sealed not in told
    with shop.app.app_context(), reading() as session:
        found = [
            f"{table.name}.{column.name}"
            for table in Model.metadata.sorted_tables
            for column in table.c
            if sealed in str(session.execute(select(column)).all())
        ]
    assert found == ["payment_method.detaching_token"]


def test_it_is_taken_away_after_the_secret_key_was_changed_and_the_old_one_dropped(any_shop: Shop, monkeypatch):
    shop = any_shop
    gateway = ForgettingGateway(shop, monkeypatch, failures=1)
    host = shop.app.extensions["billhead"]
    monkeypatch.setattr(host, "vault", Vault.from_secret("old"))
    browser = shop.customer()
    save_card(shop)
    remove(browser, 1)
    shop.work()
    ((state, error),) = detaching(shop)
    assert (state, "nobody answers" in error) == ("queued", True)

    monkeypatch.setattr(host, "vault", Vault.from_secret("new old"))
    rotated = CliRunner().invoke(main, ["vault", "rotate", "--json"], obj=shop.app)
    assert "PaymentMethod.detaching_token" in json.loads(rotated.stdout)["rotated"]
    monkeypatch.setattr(host, "vault", Vault.from_secret("new"))
    later(shop, hours=1)
    assert gateway.asked == ["tok_1", "tok_1"]
    assert [state for state, _ in detaching(shop)] == ["done"]
    assert tokens(shop) == [("", "")]


def test_one_that_was_given_up_stays_sealed_until_somebody_tries_again(shop: Shop, monkeypatch):
    gateway = ForgettingGateway(shop, monkeypatch, failures=12)
    browser = shop.customer()
    save_card(shop)
    remove(browser, 1)
    for day in range(13):
        later(shop, days=day)
    assert [state for state, _ in detaching(shop)] == ["parked"]
    ((token, waiting),) = tokens(shop)
    assert token == ""
    with shop.app.app_context():
        assert vault().decrypt(waiting) == "tok_1"
        (job,) = shop.rows(Job, Job.kind == "payments.detach_method")
        with writing(SYSTEM) as tx:
            retry_job(tx, job.id)
    later(shop, days=20)
    assert (len(gateway.asked), tokens(shop)) == (13, [("", "")])


def test_twice_is_as_once(shop: Shop, monkeypatch):
    gateway = ForgettingGateway(shop, monkeypatch, failures=0)
    browser = shop.customer()
    save_card(shop)
    remove(browser, 1)
    with shop.app.app_context():
        for _ in range(2):
            detach_method(SYSTEM, 1)
    assert gateway.asked == ["tok_1"]
    assert len(shop.rows(AuditEntry, AuditEntry.action == "payments.method_detached")) == 1
