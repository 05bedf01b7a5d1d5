"""Asking a register about VAT ids: well, unwell in every way, and what hangs on the answer."""

from dataclasses import replace
from datetime import timedelta

import pytest
from billing_shop import SYSTEM
from sqlalchemy import select
from vat_shop import NOW, open_vat_shop

from billhead import clock
from billhead.actions.accounts.check_vat_id import check_vat_id
from billhead.actions.accounts.set_tax_facts import TaxFacts, set_tax_facts
from billhead.actions.accounts.update_profile import Profile, update_profile
from billhead.db import in_session, reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import InvalidInput, NotAllowed
from billhead.jobs import tasks  # noqa: F401 registers the kinds
from billhead.jobs.kinds import KINDS, TryLater
from billhead.models.documents import Document
from billhead.models.operations import AuditEntry, Job
from billhead.models.people import Customer
from billhead.models.tax import TaxIdCheck

ACME, NOBODY = "DE136695976", "DE123456788"


@pytest.fixture
def vat(sqlite_url, tmp_path):
    with open_vat_shop(sqlite_url, tmp_path, known={ACME: "Acme GmbH"}) as shop:
        yield shop


@pytest.fixture
def any_vat(database_url, tmp_path):
    with open_vat_shop(database_url, tmp_path, known={ACME: "Acme GmbH"}) as shop:
        yield shop


def acme(vat, vat_id=ACME, **more):
    return vat.shop.customer(country="DE", company="Acme", vat_id=vat_id, vat_id_state="pending", **more)


def state(vat, customer):
    return vat.shop.get(Customer, customer).vat_id_state


def checks(vat):
    return [(row.checker, row.outcome, row.error) for row in vat.shop.all(TaxIdCheck)]


def test_a_yes_makes_it_valid_and_its_proof_is_kept(any_vat):
    customer = acme(any_vat, vat_id="de 136 695 976")
    checked = check_vat_id(SYSTEM, customer)
    assert (checked.state, checked.ask_again_in, checked.said) == ("valid", None, "VIES: valid, WAPI000001")
    row = any_vat.shop.get(Customer, customer)
    assert (row.vat_id, row.vat_id_state) == (ACME, "valid")
    assert row.vat_id_checked_at - NOW < timedelta(minutes=1)
    (check,) = any_vat.shop.all(TaxIdCheck)
    assert (check.vat_id, check.outcome, check.reference) == (ACME, "valid", "WAPI000001")
    assert (check.name, check.address) == ("Acme GmbH", "Hauptstr. 1 10115 Berlin")
    assert any_vat.vies.asked == [
        {"countryCode": "DE", "vatNumber": "136695976", "requesterMemberStateCode": "FI", "requesterNumber": "01234562"}
    ]


def test_a_no_makes_it_invalid(vat):
    customer = acme(vat, NOBODY)
    assert check_vat_id(SYSTEM, customer).state == "invalid"
    assert checks(vat) == [("vies", "invalid", "")]


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        ("MS_UNAVAILABLE", "VIES could not ask DE: MS_UNAVAILABLE"),
        ("GLOBAL_MAX_CONCURRENT_REQ", "VIES could not ask DE: GLOBAL_MAX_CONCURRENT_REQ"),
        ("TIMEOUT", "VIES could not ask DE: TIMEOUT"),
        ("html", "VIES answered with status 200 and no JSON"),
        ("500", "VIES answered with status 500 and no JSON"),
        ("nonsense", "VIES answered with status 200 and no object"),
        ("drop", "tax id service of eu_vat did not answer: RemoteProtocolError"),
        ("slow", "tax id service of eu_vat did not answer: ReadTimeout"),
    ],
)
def test_no_answer_is_never_a_no(vat, mood, said):
    customer = acme(vat)
    vat.vies.mood = mood
    checked = check_vat_id(SYSTEM, customer)
    assert (checked.state, checked.said, checked.ask_again_in) == ("pending", said, timedelta(minutes=5))
    assert checks(vat) == [("vies", "unavailable", said)]


def test_nobody_listens(vat):
    customer = acme(vat)
    vat.settings(vies_url="http://127.0.0.1:9/vies/rest-api")
    assert check_vat_id(SYSTEM, customer).said == "tax id service of eu_vat did not answer: ConnectError"
    assert state(vat, customer) == "pending"


def test_it_is_asked_again_later_and_ever_later(vat):
    customer = acme(vat)
    vat.vies.mood = "MS_UNAVAILABLE"
    waits = [check_vat_id(SYSTEM, customer).ask_again_in for _ in range(6)]
    minutes = [wait // timedelta(minutes=1) for wait in waits]
    assert minutes == [5, 15, 60, 240, 720, 720]
    with pytest.raises(TryLater) as later:
        KINDS["accounts.check_vat_id"].run(SYSTEM, {"customer_id": customer})
    assert timedelta(0) <= later.value.at - NOW - timedelta(hours=12) < timedelta(minutes=1)
    vat.vies.mood = ""
    KINDS["accounts.check_vat_id"].run(SYSTEM, {"customer_id": customer})
    assert state(vat, customer) == "valid"
    assert [outcome for _, outcome, _ in checks(vat)] == ["unavailable"] * 7 + ["valid"]


def test_what_was_valid_stays_valid_while_the_register_is_down(vat):
    customer = acme(vat)
    check_vat_id(SYSTEM, customer)
    vat.vies.mood = "MS_UNAVAILABLE"
    assert check_vat_id(SYSTEM, customer).state == "valid"
    vat.vies.mood = ""
    vat.vies.known.clear()
    assert check_vat_id(SYSTEM, customer).state == "invalid"
    trail = vat.shop.all(AuditEntry, AuditEntry.action == "accounts.check_vat_id")
    assert [(row.details["from"], row.details["to"]) for row in trail] == [("pending", "valid"), ("valid", "invalid")]


def test_a_requester_that_is_refused_is_left_out(vat):
    vat.vies.requesters = set()
    customer = acme(vat)
    assert check_vat_id(SYSTEM, customer).said == "VIES: valid"
    assert [len(question) for question in vat.vies.asked] == [4, 2]


def test_an_id_that_can_not_be_is_not_asked_about(vat):
    customer = acme(vat, "DE123456789")
    assert check_vat_id(SYSTEM, customer).state == "invalid"
    assert vat.vies.asked == []
    assert checks(vat)[0][:2] == ("format", "invalid")


def test_an_id_that_no_register_here_knows_is_left_alone(vat):
    customer = vat.shop.customer(country="CH", vat_id="CHE123456788", vat_id_state="pending")
    assert check_vat_id(SYSTEM, customer).said == "no register to ask about this id"
    assert (state(vat, customer), checks(vat)) == ("pending", [])


def test_nothing_is_asked_with_a_session_open(vat, monkeypatch):
    seen = []
    answer = vat.vies.answer
    monkeypatch.setattr(vat.vies, "answer", lambda question: seen.append(in_session()) or answer(question))
    customer = acme(vat)
    with writing(SYSTEM), pytest.raises(RuntimeError, match="inside a session"):
        check_vat_id(SYSTEM, customer)
    check_vat_id(SYSTEM, customer)
    assert seen == [""]


def test_an_id_that_changed_meanwhile_is_not_judged_by_the_old_answer(vat, monkeypatch):
    customer = acme(vat)
    answer = vat.vies.answer

    def changing(question):
        with vat.shop.app.app_context():
            vat.shop.change(Customer, customer, vat_id=NOBODY)
        return answer(question)

    monkeypatch.setattr(vat.vies, "answer", changing)
    assert check_vat_id(SYSTEM, customer).state == "pending"
    assert checks(vat) == [("vies", "valid", "")]


def test_customers_ask_about_themselves_only(vat):
    mine, other = acme(vat), acme(vat)
    me = Context(actor="customer:1", role=Role.CUSTOMER, scope=Scope(customer_id=mine))
    assert check_vat_id(me, mine).state == "valid"
    with pytest.raises(NotAllowed):
        check_vat_id(me, other)


def profile(vat, customer, **changes):
    me = vat.shop.get(Customer, customer)
    told = Profile(me.name, me.company, "", "Hauptstr. 1", "10115", "Berlin", me.country, me.vat_id, me.zone)
    with writing(SYSTEM) as tx:
        update_profile(tx, customer, replace(told, **changes))


def test_a_new_id_in_the_profile_is_written_well_and_queued_to_be_asked_about(vat):
    customer = vat.shop.customer(country="DE")
    with pytest.raises(InvalidInput, match="can't be a VAT id of DE") as refused:
        profile(vat, customer, vat_id="123456789")
    assert refused.value.field == "vat_id"
    profile(vat, customer, vat_id="136 695 976")
    assert vat.shop.get(Customer, customer).vat_id == ACME
    (job,) = vat.shop.all(Job, Job.kind == "accounts.check_vat_id")
    KINDS[job.kind].run(SYSTEM, job.args)
    assert state(vat, customer) == "valid"


def test_open_orders_follow_the_answer(any_vat):
    vat = any_vat
    customer, tv = acme(vat), vat.shop.plan("tv", 1000)
    order = vat.order(customer, tv)
    assert vat.shop.get(Document, order).total_minor == 1190  # until it is proven: 19 % as to a consumer
    assert check_vat_id(SYSTEM, customer).repriced == (order,)
    document = vat.shop.get(Document, order)
    assert (document.total_minor, document.tax_minor) == (1000, 0)
    assert document.notes == ["Reverse charge: VAT is due from the recipient (Article 196 of Directive 2006/112/EC)"]


def test_once_a_month_every_id_is_asked_about_again(vat):
    old, new = acme(vat), acme(vat, NOBODY)
    with clock.business_time(NOW - timedelta(days=31)):
        check_vat_id(SYSTEM, old)
    check_vat_id(SYSTEM, new)  # invalid: nothing to be gained
    never = acme(vat)
    KINDS["accounts.recheck_vat_ids"].run(SYSTEM, {})
    jobs = vat.shop.all(Job, Job.kind == "accounts.check_vat_id")
    assert sorted(job.args["customer_id"] for job in jobs) == [old, never]


def test_staff_decides_by_hand_and_says_on_what_ground(vat):
    customer, tv = acme(vat), vat.shop.plan("tv", 1000)
    order = vat.order(customer, tv)
    by_hand = TaxFacts(vat_id_state="valid", evidence={"ip": "DE"})
    with writing(SYSTEM) as tx, pytest.raises(InvalidInput, match="an auditor will ask"):
        set_tax_facts(tx, customer, by_hand)
    with writing(SYSTEM) as tx:
        set_tax_facts(tx, customer, replace(by_hand, vat_id_reference="letter of the tax office of 3 November"))
    assert checks(vat) == [("staff", "valid", "")]
    assert vat.shop.get(Document, order).tax_minor == 0
    with reading() as session:
        details = session.scalar(select(AuditEntry.details).where(AuditEntry.action == "accounts.set_tax_facts"))
    assert details == {"evidence": " → ip=DE", "vat_id_state": "pending → valid"}


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        (TaxFacts(exempt_certificate="C-1"), "exempt_reason"),
        (TaxFacts(evidence={"ip": "Germany"}), "evidence"),
        (TaxFacts(evidence={"IP!": "DE"}), "evidence"),
        (TaxFacts(vat_id_state="perhaps", vat_id_reference="x"), "vat_id_state"),
    ],
)
def test_facts_that_can_not_be_are_refused(vat, facts, field):
    customer = acme(vat)
    with writing(SYSTEM) as tx, pytest.raises(InvalidInput) as refused:
        set_tax_facts(tx, customer, facts)
    assert refused.value.field == field
