"""Sealing and verifying: what was changed behind our back is named, whoever did it and however well they hid it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import pytest
from billing_shop import SYSTEM, open_shop
from flask import current_app
from sqlalchemy import func, select, text
from tampering import tampered

from billhead.actions.ledger._accounts import digest_account
from billhead.actions.ledger.seal import seal
from billhead.actions.ledger.verify import verify_ledger
from billhead.db import db, reading
from billhead.domain.ledger import entry_digest
from billhead.models.ledger import LedgerEntry, LedgerPosting, LedgerSeal, LedgerSealed

NOV = date(2026, 11, 1)


@pytest.fixture
def shop(database_url, tmp_path):
    """Ten invoices, every second one paid by credit: 25 entries with the grants."""
    with open_shop(database_url, tmp_path) as shop:
        plan = shop.plan("tv", 1000)
        for number in range(10):
            shop.subscribe(shop.customer(credit_minor=5000 * (number % 2)), plan, due=NOV)
        shop.run(NOV)
        yield shop


def verified():
    with reading() as session:
        return verify_ledger(session)


def faults():
    return {fault.where: fault.what for fault in verified().faults}


def test_an_honest_ledger_is_verified_sealed_or_not(shop):
    before = verified()
    assert (before.verified, before.entries, before.postings, before.sealed) == (True, 20, 10 * 3 + 5 * 2 + 5 * 2, 0)
    assert seal(SYSTEM) == 20
    after = verified()
    assert (after.verified, after.seals, after.unsealed) == (True, 1, 0)


def test_sealing_goes_in_blocks_and_only_over_what_is_new(shop):
    assert seal(SYSTEM, block=8) == 20
    assert seal(SYSTEM) == 0
    shop.run(date(2026, 12, 1))
    assert seal(SYSTEM, block=8) == 15
    with reading() as session:
        assert session.scalars(select(LedgerSeal.count).order_by(LedgerSeal.id)).all() == [8, 8, 4, 8, 7]
    assert verified().verified


def test_an_entry_that_was_committed_late_is_sealed_later(shop):
    """Its id is lower than that of a sealed one, as when a long transaction commits after a short one."""
    seal(SYSTEM)
    tampered("DELETE FROM ledger_sealed WHERE entry_id = 3")
    tampered("DELETE FROM ledger_sealed WHERE seal_id = 1 AND entry_id <> 3")
    tampered("DELETE FROM ledger_seal")
    assert seal(SYSTEM, block=5) == 20
    assert verified().verified


TAMPERED = {
    "another amount": "UPDATE ledger_posting SET amount_minor = amount_minor + 1 WHERE entry_id = {entry} AND leg = 1",
    "another customer": "UPDATE ledger_posting SET customer_id = {other} WHERE entry_id = {entry} AND leg = 1",
    "another account": "UPDATE ledger_posting SET account_id = (SELECT id FROM ledger_account "
    "WHERE code = 'suspense') WHERE entry_id = {entry} AND leg = 2",
    "other sides": "UPDATE ledger_posting SET side = CASE side WHEN 'D' THEN 'C' ELSE 'D' END WHERE entry_id = {entry}",
    "a posting less": "DELETE FROM ledger_posting WHERE entry_id = {entry} AND leg = 3",
    "another day": "UPDATE ledger_entry SET day = '2020-01-01' WHERE id = {entry}",
    "another key": "UPDATE ledger_entry SET key = 'document:999' WHERE id = {entry}",
    "no postings": "DELETE FROM ledger_posting WHERE entry_id = {entry}",
}


@pytest.mark.parametrize("what", TAMPERED)
def test_a_changed_entry_is_named(shop, what):
    with reading() as session:
        entry = session.scalar(select(LedgerEntry.id).where(LedgerEntry.kind == "invoice").order_by(LedgerEntry.id))
        owner = session.scalar(select(LedgerPosting.customer_id).where(LedgerPosting.entry_id == entry))
    tampered(TAMPERED[what].format(entry=entry, other=owner % 10 + 1))
    found = verified().faults
    assert {fault.where for fault in found} == {f"entry {entry}"}
    assert any("digest differs" in fault.what for fault in found)


def test_a_posting_without_its_entry_is_named(shop):
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA foreign_keys = off")
            connection.exec_driver_sql("DROP TRIGGER ledger_entry_no_delete")
            connection.exec_driver_sql("DELETE FROM ledger_entry WHERE id = 7")
            connection.exec_driver_sql("PRAGMA foreign_keys = on")
            connection.exec_driver_sql("BEGIN")
    else:
        tampered("DELETE FROM ledger_entry WHERE id = 7")
    assert faults() == {"entry 7": "is gone, and its postings are still there"}


def test_who_also_forges_the_digest_is_betrayed_by_the_seal(shop):
    seal(SYSTEM, block=5)
    zeros = "zeroblob(32)" if db.engine.dialect.name == "sqlite" else r"'\x00'"
    tampered(f"UPDATE ledger_entry SET digest = {zeros} WHERE id = 7")
    found = faults()
    assert found["seal 2"] == "the digests of entries 6 to 10 are not those that were sealed"
    assert set(found) == {"entry 7", "seal 2"}


def test_a_replaced_block_breaks_the_chain_and_another_key_does_not_sign(shop):
    seal(SYSTEM, block=5)
    with reading() as session:
        assert verify_ledger(session, key=b"another installation").faults[0].where == "seal 1"
    tampered("UPDATE ledger_seal SET previous = root WHERE id = 2")
    found = [fault.what for fault in verified().faults if fault.where == "seal 2"]
    assert found[0].startswith("does not go on from the block before it")


def test_after_a_change_of_the_secret_key_its_seals_hold_while_the_old_key_is_named(shop):
    seal(SYSTEM, block=100)
    installation = current_app.extensions["billhead"]
    old = installation.config.secret_key
    installation.config = replace(installation.config, secret_key=f"new {old}")
    assert faults() == {}
    installation.config = replace(installation.config, secret_key="new")
    assert list(faults()) == ["seal 1"]


NOT_OURS = "this is not the key of that time, or somebody without it has sealed everything anew"


@contextmanager
def with_key(secret):
    installation = current_app.extensions["billhead"]
    before, installation.config = installation.config, replace(installation.config, secret_key=secret)
    yield
    installation.config = before


def test_another_key_is_named_as_that_and_not_each_seal(shop):
    seal(SYSTEM, block=5)
    with with_key("of another house"):
        report = verified()
    assert (report.verified, report.another_key, len(report.faults)) == (False, True, 1)
    assert (report.faults[0].where, report.faults[0].what) == (
        "seal 1",
        f"none of the 4 seals is signed with a secret key that is set here, and their chain is whole: {NOT_OURS}",
    )
    assert (verified().verified, verified().another_key) == (True, False)


def test_who_seals_everything_anew_without_the_key_is_betrayed_by_every_seal(shop):
    """An entry with another amount, its digest and all after it made to fit: only the key is missing."""
    seal(SYSTEM, block=5)
    with reading() as session:
        entry = session.scalars(select(LedgerEntry).where(LedgerEntry.kind == "invoice").limit(1)).one()
        legs = session.scalars(select(LedgerPosting).where(LedgerPosting.entry_id == entry.id)).all()
        told = [
            (digest_account(one.account_id, one.customer_id), one.side, one.amount_minor + 100 * (one.leg != 3), "EUR")
            for one in legs
        ]
        head = (entry.id, entry.seller_id, entry.kind, entry.day.isoformat(), entry.key)
    digest = entry_digest(*head, told).hex()
    written = f"X'{digest}'" if db.engine.dialect.name == "sqlite" else f"'\\x{digest}'"
    tampered(
        f"UPDATE ledger_posting SET amount_minor = amount_minor + 100 WHERE entry_id = {entry.id} AND leg <> 3",
        f"UPDATE ledger_entry SET digest = {written} WHERE id = {entry.id}",
        "DELETE FROM ledger_sealed",
        "DELETE FROM ledger_seal",
    )
    with with_key("of who broke in"):
        seal(SYSTEM, block=5)
        assert verified().verified
    report = verified()
    assert (report.verified, report.another_key) == (False, True)
    (found,) = report.faults
    assert "none of the 4 seals is signed" in found.what


def test_seals_of_a_key_that_was_dropped_too_early_are_named_once_with_the_one_that_goes_on(shop):
    with with_key("old"):
        seal(SYSTEM, block=10)
    shop.run(date(2026, 12, 1))
    seal(SYSTEM, block=10)
    report = verified()
    assert (report.another_key, [fault.where for fault in report.faults]) == (False, ["seal 1"])
    found = report.faults[0].what
    assert found.startswith("those from it to seal 2 are not signed with a secret key that is set here; seal 3 is, and")


def test_a_seal_between_others_that_is_not_by_the_key_is_named_alone(shop):
    seal(SYSTEM, block=5)
    tampered("UPDATE ledger_seal SET signature = root WHERE id = 3")
    assert faults() == {"seal 3": "is not signed with a secret key that is set here"}


def test_where_the_chain_is_broken_as_well_every_seal_is_named(shop):
    seal(SYSTEM, block=5)
    tampered("UPDATE ledger_seal SET count = 4 WHERE id = 3")
    with with_key("of another house"):
        report = verified()
    assert report.another_key is False
    assert [fault.where for fault in report.faults] == ["seal 3", "seal 1", "seal 2", "seal 3", "seal 4"]


def test_credit_that_the_ledger_does_not_know_is_named(shop):
    tampered("UPDATE customer_credit SET remaining_minor = remaining_minor - 100 WHERE id = 1")
    (found,) = verified().faults
    assert found.where == "customer 2"
    assert found.what == "credit_bought: the ledger has 100 minor units of EUR more than the open grants"


def test_two_sealers_at_once_make_one_chain(shop):
    def one(_):
        with shop.app.app_context():
            return seal(SYSTEM, block=2)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one, range(4))) == 20
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(LedgerSealed)) == 20
    assert verified().verified


GUARDED = {
    "a document's amount": "UPDATE document SET net_minor = net_minor + 1, total_minor = total_minor + 1",
    "a document's number": "UPDATE document SET number = 77 WHERE number = 1",
    "a document": "DELETE FROM document",
    "a line": "UPDATE document_line SET net_minor = 0",
    "no line": "DELETE FROM document_line",
}


@pytest.mark.parametrize("what", GUARDED)
def test_what_is_final_does_not_change(shop, what):
    with pytest.raises(Exception, match="final document"), db.engine.begin() as connection:
        connection.execute(text(GUARDED[what]))


def test_what_is_paid_on_a_final_document_may_change(shop):
    with db.engine.begin() as connection:
        connection.execute(text("UPDATE document SET state = 'paid', settled_minor = total_minor"))
