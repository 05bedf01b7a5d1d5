"""M-Pesa in a whole shop: prompts whose answers come early, late or never, and deposits, which tell of prompts too."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from fake_mpesa import CREDENTIALS, FakeMpesa

from billhead.actions.payments.assign_money import assign_money
from billhead.actions.payments.check_gateway_account import check_gateway_account
from billhead.actions.payments.decide_attempt import decide_attempt
from billhead.db import writing
from billhead.domain.context import Context
from billhead.domain.errors import Conflict, InvalidInput
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.payments import Payment, PaymentAttempt, UnassignedMoney
from billhead.testing.paying_shop import open_paying_shop

SYSTEM = Context.system("test")
OWED = 120_000


@pytest.fixture
def mpesa():
    with FakeMpesa() as mpesa:
        yield mpesa
    assert mpesa.wrong == [], "the models of M-Pesa's API do not allow it"


@pytest.fixture
def shop(mpesa, tmp_path):
    settings = {**CREDENTIALS, "url": mpesa.url, "timeout_seconds": 5, "deposits": True}
    with open_paying_shop(tmp_path, "mpesa", settings, Money(OWED, "KES"), {"phone": "0712 345 678"}) as shop:
        assert "deposits" in check_gateway_account(SYSTEM, shop.account)
        yield shop
        shop.balances()


def paid(shop):
    """(receipt, amount) of what is booked."""
    return [(one.provider_ref, one.amount_minor) for one in shop.rows(Payment)]


def credit(shop):
    return sum(one.remaining_minor for one in shop.rows(CustomerCredit))


def waiting(shop):
    return [(one.provider_ref, one.amount_minor, one.payer) for one in shop.rows(UnassignedMoney)]


def number(shop):
    return shop.row(Document, shop.invoice).number_text


@contextmanager
def no_answer(mpesa):
    mpesa.fault("POST /mpesa/stkpush", "lost")
    yield
    assert mpesa.faults[-1].count == 0


# -- prompts


def test_one_prompt_is_open_for_an_invoice(shop, mpesa):
    shop.checkout()
    assert shop.state() == "processing"
    with pytest.raises(Conflict):
        shop.checkout()
    mpesa.end(mpesa.push_of(shop.attempt().key), "1032")
    assert shop.look() == "failed"
    shop.checkout()
    assert len(mpesa.pushes) == 2


def test_what_is_typed_wrong_is_refused_before_anything_is_written(shop, mpesa):
    for typed in ({"phone": "+44 7911 123456"}, {"phone": ""}, {}):
        with pytest.raises(InvalidInput):
            replace(shop, fields=typed).checkout()
    assert mpesa.pushes == {}
    with pytest.raises(IndexError):
        shop.state()


def test_a_lost_answer_is_decided_by_the_call_and_no_second_prompt_is_sent(shop, mpesa):
    with no_answer(mpesa):
        shop.checkout()
    assert (shop.state(), shop.attempt().provider_ref) == ("unknown", "")
    assert shop.look() == "unknown"
    with pytest.raises(Conflict):
        shop.checkout()
    push = mpesa.confirm(mpesa.push_of(shop.attempt().key))
    stranger = replace(mpesa.answer(push), body=mpesa.answer(push).body.replace(b"254712345678", b"254799999999"))
    assert shop.hear(stranger) == "quarantined"
    push.amount = 1
    assert shop.hear(mpesa.answer(push)) == "rejected"
    assert paid(shop) == []
    push.amount = 1200
    push.receipt = mpesa.new_receipt()
    assert shop.hear(mpesa.answer(push)) == "applied"
    assert paid(shop) == [(push.receipt, OWED)]
    assert len(mpesa.pushes) == 1


def test_where_no_call_comes_a_person_decides_and_late_money_is_booked(shop, mpesa):
    with no_answer(mpesa):
        shop.checkout()
    first = mpesa.push_of(shop.attempt().key)
    with pytest.raises(Conflict, match="may still come"):
        shop.act(decide_attempt, shop.rows(PaymentAttempt)[-1].id, "not_paid")
    shop.give_up()
    mpesa.end(first, "1037")  # the phone is free again
    shop.checkout()
    second = mpesa.confirm(mpesa.push_of(shop.attempt().key))
    assert shop.hear(mpesa.answer(second)) == "applied"
    first.code, first.receipt, first.amount = "0", mpesa.new_receipt(), 1200
    assert shop.hear(mpesa.answer(first)) == "applied"
    assert paid(shop) == [(second.receipt, OWED), (first.receipt, OWED)]
    assert credit(shop) == OWED


def test_a_person_who_finds_the_receipt_books_it(shop, mpesa):
    with no_answer(mpesa):
        shop.checkout()
    attempt = shop.rows(PaymentAttempt)[-1].id
    with writing(SYSTEM) as tx:
        tx.session.get_one(PaymentAttempt, attempt).created_at -= timedelta(minutes=4)
    with pytest.raises(InvalidInput, match="reference"):
        shop.act(decide_attempt, attempt, "paid", " ")
    push = mpesa.confirm(mpesa.push_of(shop.attempt().key))
    shop.act(decide_attempt, attempt, "paid", push.receipt)
    assert shop.hear(mpesa.answer(push)) == "applied"
    assert paid(shop) == [(push.receipt, OWED)]


def test_a_call_with_another_amount_is_not_overruled_by_a_look_up(shop, mpesa):
    shop.checkout()
    push = mpesa.confirm(mpesa.push_of(shop.attempt().key))
    push.amount = 1
    assert shop.hear(mpesa.answer(push)) == "rejected"
    assert (shop.look(), shop.attempt().code) == ("unknown", "amount_mismatch")
    assert paid(shop) == []


def test_a_call_about_another_prompt_is_rejected(shop, mpesa):
    """Somebody who knows the address pays one shilling elsewhere, and tells of that here."""
    shop.checkout()
    mine = mpesa.push_of(shop.attempt().key)
    other = mpesa.confirm(replace(mine, name="ws_CO_another"))
    mpesa.pushes[other.name] = other
    assert shop.hear(mpesa.answer(other)) == "rejected"
    assert "not about what" in shop.why()
    assert (paid(shop), shop.state()) == ([], "processing")


def test_a_look_up_knows_no_receipt_and_the_late_call_tells_it(shop, mpesa):
    shop.checkout()
    push = mpesa.confirm(mpesa.push_of(shop.attempt().key))
    assert shop.look() == "succeeded"
    assert paid(shop) == [(push.name, OWED)]
    for _ in range(2):
        assert shop.hear(mpesa.answer(push)) == "applied"
    assert paid(shop) == [(push.receipt, OWED)]


def test_a_second_receipt_is_further_money_and_booked_once(shop, mpesa):
    shop.checkout()
    first = mpesa.confirm(mpesa.push_of(shop.attempt().key))
    assert shop.hear(mpesa.answer(first)) == "applied"
    again = replace(first, receipt="SKS9999999")
    mpesa.pushes[again.name] = again
    for _ in range(2):
        assert shop.hear(mpesa.answer(again)) == "applied"
    assert (paid(shop), credit(shop)) == ([(first.receipt, OWED), (again.receipt, OWED)], OWED)


# -- deposits


def test_a_prompt_and_its_deposit_are_one_payment_in_any_order(shop, mpesa):
    """Safaricom tells of a paid prompt twice: as its answer, and as a deposit with the same receipt."""
    shop.checkout()
    push = mpesa.confirm(mpesa.push_of(shop.attempt().key))
    deposit = mpesa.deposit(push.body["AccountReference"], "1200.00", push.receipt)
    for raw in (deposit, mpesa.answer(push), deposit, mpesa.answer(push)):
        assert shop.hear(raw) == "applied"
    assert (paid(shop), credit(shop), shop.state()) == ([(push.receipt, OWED)], 0, "succeeded")


def test_a_deposit_after_the_look_up_names_the_payment(shop, mpesa):
    shop.checkout()
    push = mpesa.confirm(mpesa.push_of(shop.attempt().key))
    assert shop.look() == "succeeded"
    deposit = mpesa.deposit(push.body["AccountReference"], "1200.00", push.receipt)
    for raw in (deposit, mpesa.answer(push), deposit):
        assert shop.hear(raw) == "applied"
    assert (paid(shop), credit(shop)) == ([(push.receipt, OWED)], 0)


def test_a_deposit_of_a_prompt_that_was_given_up_is_the_payment_of_its_attempt(shop, mpesa):
    shop.checkout()
    push = mpesa.push_of(shop.attempt().key)
    shop.give_up()
    mpesa.confirm(push)
    assert shop.hear(mpesa.deposit(push.body["AccountReference"], "1200", push.receipt)) == "applied"
    assert shop.hear(mpesa.answer(push)) == "applied"
    assert (paid(shop), credit(shop), shop.state()) == ([(push.receipt, OWED)], 0, "succeeded")


def test_a_deposit_pays_the_invoice_whose_number_was_typed(shop, mpesa):
    raw = mpesa.deposit(f" {number(shop).lower()} ", "700.00")
    for _ in range(3):
        assert shop.hear(raw) == "applied"
    assert shop.hear(mpesa.deposit(f"ORDER {shop.invoice}", "600.00")) == "applied"
    assert [amount for _, amount in paid(shop)] == [70_000, 60_000]
    assert credit(shop) == 10_000


def test_a_deposit_pays_what_the_customer_owes(shop, mpesa):
    assert shop.hear(mpesa.deposit(str(shop.customer), "1500.00")) == "applied"
    assert ([amount for _, amount in paid(shop)], credit(shop), waiting(shop)) == ([150_000], 30_000, [])


def test_a_deposit_that_names_nobody_waits_for_its_owner(shop, mpesa):
    raw = mpesa.deposit("my tv", "1200.00", "SKS7777777")
    for _ in range(2):
        assert shop.hear(raw) == "applied"
    assert waiting(shop) == [("SKS7777777", OWED, "Wanjiku Kamau 254712345678 (my tv)")]
    assert shop.balances()["suspense"] == -OWED
    shop.act(assign_money, 1, shop.customer)
    assert (paid(shop), credit(shop)) == ([("SKS7777777", OWED)], 0)
    assert shop.hear(mpesa.deposit(number(shop), "1200.00", "SKS7777777", FirstName="Again")) == "applied"
    assert len(paid(shop)) == 1


def test_a_deposit_without_an_amount_above_zero_is_refused(shop, mpesa):
    for amount in ("0", "-5", "0.00", "12,00", "1e3x", ""):
        raw = mpesa.deposit(number(shop), "1200.00")
        assert shop.hear(replace(raw, body=raw.body.replace(b'"1200.00"', f'"{amount}"'.encode()))) == "rejected"
    assert paid(shop) == waiting(shop) == []


def test_a_deposit_to_another_shortcode_or_address_proves_nothing(shop, mpesa):
    raw = mpesa.deposit(number(shop), "1200.00")
    elsewhere = replace(raw, body=raw.body.replace(b'"174379"', b'"600000"'))
    guessed = replace(raw, path=raw.path.rpartition(".")[0] + "." + "0" * 32)
    for forged in (elsewhere, guessed, replace(raw, path="/callbacks/token"), replace(raw, body=b"{}")):
        assert shop.hear(forged) == "quarantined"
    asked = replace(
        raw, path=mpesa.addresses["ConfirmationURL"].replace("deposit.", "question.").partition(".example")[2]
    )
    assert shop.hear(asked) == "quarantined", "each address has a proof of its own"
    assert paid(shop) == waiting(shop) == []
