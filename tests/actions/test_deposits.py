"""Money that came without being asked for, and the same money told of twice: booked once, in any order, at once too."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from card_shop import SYSTEM, open_card_shop

from billhead.actions.ledger.verify import verify_ledger
from billhead.actions.payments import apply_callback as applying
from billhead.actions.payments._apply import apply_outcome
from billhead.actions.payments.assign_money import assign_money
from billhead.actions.payments.decide_attempt import decide_attempt
from billhead.actions.payments.return_money import return_money
from billhead.db import reading, writing
from billhead.domain.context import Context, Role, Scope
from billhead.domain.errors import AmountMismatch, Conflict, InvalidInput, NotAllowed, NotFound
from billhead.domain.money import Money
from billhead.models.credits import CustomerCredit
from billhead.models.documents import Document
from billhead.models.payments import Payment, PaymentAttempt, UnassignedMoney
from billhead.plugin import AttemptState, Outcome, Verified, VerifiedKind

WHOLE = Money(1255, "EUR")


@pytest.fixture
def shop(app):
    with open_card_shop(app) as shop, shop.at("2026-11-22"):
        yield shop
        with reading() as session:
            assert verify_ledger(session).faults == []


def deposited(shop, reference, receipt="R1", amount=WHOLE):
    outcome = Outcome(AttemptState.SUCCEEDED, amount=amount, receipt=receipt)
    fact = Verified(VerifiedKind.DEPOSIT, f"deposit {receipt}", reference, outcome, payer="Aino 254712345678")
    with writing(SYSTEM) as tx:
        applying._apply(tx, shop.cards, fact)


def answered(shop, key, receipt="R1"):
    """The provider's message about an attempt."""
    outcome = Outcome(AttemptState.SUCCEEDED, f"push {key}", WHOLE, receipt=receipt)
    with writing(SYSTEM) as tx:
        applying._apply(tx, shop.cards, Verified(VerifiedKind.ATTEMPT, f"{key} {receipt}", key, outcome, same_ref=True))


def looked_up(shop, key):
    """A look-up, which knows no receipt."""
    with writing(SYSTEM) as tx:
        attempt = tx.session.query(PaymentAttempt).filter_by(key=key).with_for_update().one()
        apply_outcome(tx, attempt, Outcome(AttemptState.SUCCEEDED, f"push {key}", WHOLE))


def begun(shop):
    """An order and the attempt to pay it, which waits for its answer."""
    order = shop.order().document_id
    attempt = shop.checkout(order).attempt_id
    key = shop.row(PaymentAttempt, attempt).key
    shop.change(PaymentAttempt, attempt, provider_ref=f"push {key}", state="processing")
    return order, key


def booked(shop):
    return [(one.provider_ref, one.amount_minor) for one in shop.rows(Payment)]


def credit(shop):
    return sum(one.remaining_minor for one in shop.rows(CustomerCredit))


def test_what_is_told_in_three_ways_is_one_payment(shop):
    """L a look-up, A the answer to the prompt, D the deposit; in each order, and all of them again."""
    for number, order in enumerate(itertools.permutations("LAD"), 1):
        document, key = begun(shop)
        say = {
            "L": (looked_up, key),
            "A": (answered, key, f"R{number}"),
            "D": (deposited, f"ORDER{document}", f"R{number}"),
        }
        for one in (*order, *order):
            tell, *about = say[one]
            tell(shop, *about)
        assert booked(shop)[number - 1 :] == [(f"R{number}", 1255)], order
        assert (credit(shop), shop.invoices()[-1].state, shop.attempts()[-1]) == (0, "paid", "succeeded"), order


def test_a_deposit_and_the_answer_at_once_are_one_payment(shop):
    document, key = begun(shop)

    def tell(which):
        with shop.app.app_context():
            for _ in range(3):
                answered(shop, key) if which % 2 else deposited(shop, f"ORDER{document}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(tell, range(4)))
    assert (booked(shop), credit(shop), shop.attempts()) == ([("R1", 1255)], 0, ["succeeded"])


def test_a_second_payment_of_a_paid_order_is_credit(shop):
    document, key = begun(shop)
    answered(shop, key)
    deposited(shop, f"order-{document}", "R2")
    for _ in range(2):
        answered(shop, key, "R2")  # the same money, told of as an answer as well
    assert (booked(shop), credit(shop)) == ([("R1", 1255), ("R2", 1255)], 1255)


def test_the_answer_of_a_prompt_counts_also_where_a_deposit_was_taken_for_it(shop):
    document, key = begun(shop)
    deposited(shop, f"ORDER{document}", "R2")  # typed by hand while the prompt was open
    assert (booked(shop), shop.attempts()) == ([("R2", 1255)], ["succeeded"])
    for _ in range(2):
        answered(shop, key, "R1")
        deposited(shop, f"ORDER{document}", "R1")
    assert (booked(shop), credit(shop)) == ([("R2", 1255), ("R1", 1255)], 1255)


def test_an_answer_takes_its_money_out_of_suspense(shop):
    """Its deposit named nobody, and was told first."""
    _, key = begun(shop)
    deposited(shop, "nobody", "R1")
    for _ in range(2):
        answered(shop, key, "R1")
    deposited(shop, "nobody", "R2")
    answered(shop, key, "R2")
    assert (booked(shop), credit(shop)) == ([("R1", 1255), ("R2", 1255)], 1255)
    assert [row.payment_id for row in shop.rows(UnassignedMoney)] == [1, 2]
    assert shop.balances().get("suspense", 0) == 0


def test_deposits_at_once_are_all_booked(shop):
    """Ten euro and again ten for 12.55: 7.45 is credit, whichever is first, and no line is paid twice."""
    _, invoice = shop.renewal("2026-12-22")
    order, before = shop.order().document_id, len(booked(shop))
    number = shop.row(Document, invoice.id).number_text
    together = Barrier(2, timeout=5)

    def tell(which):
        with shop.app.app_context():
            deposited(shop, number, f"I{which}", Money(1000, "EUR"))
            together.wait()
            deposited(shop, f"ORDER{order}", f"O{which}")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(tell, range(2)))
    assert sorted(booked(shop)[before:]) == [("I0", 1000), ("I1", 1000), ("O0", 1255), ("O1", 1255)]
    assert (credit(shop), shop.row(Document, invoice.id).settled_minor) == (745 + 1255, 1255)


def test_a_deposit_that_cant_be_booked_waits_in_suspense(shop):
    _, invoice = shop.renewal("2026-12-22")
    before = booked(shop)
    shop.change(Document, invoice.id, state="written_off")  # by no entry: a fault that staff have to look at
    for _ in range(2):
        deposited(shop, invoice.number_text)
    waits = [(row.provider_ref, row.payer) for row in shop.rows(UnassignedMoney)]
    assert (booked(shop), waits) == (before, [("R1", f"Aino 254712345678 ({invoice.number_text})")])


def test_an_answer_about_another_prompt_is_refused(shop):
    _, key = begun(shop)
    outcome = Outcome(AttemptState.SUCCEEDED, "another push", WHOLE, receipt="R1")
    with writing(SYSTEM) as tx, pytest.raises(AmountMismatch, match="not about what"):
        applying._apply(tx, shop.cards, Verified(VerifiedKind.ATTEMPT, "e", key, outcome, same_ref=True))
    assert booked(shop) == []


def test_a_receipt_of_another_attempt_is_refused(shop):
    _, key = begun(shop)
    answered(shop, key)
    _, other = begun(shop)
    with pytest.raises(AmountMismatch, match="R1 is payment 1 already"):
        answered(shop, other)
    assert booked(shop) == [("R1", 1255)]


def test_what_names_nobody_here_waits_for_an_owner(shop):
    assert shop.order().document_id == shop.customer == 1
    dollars = Money(1255, "USD")
    names = ("nobody", "", "ORDER999", "999", "9" * 30, "ORDER" + "9" * 30, "\u0661")
    cases = [*((name, WHOLE) for name in names), ("ORDER1", dollars), ("1", dollars)]
    for number, (reference, amount) in enumerate(cases, 1):
        for _ in range(2):
            deposited(shop, reference, f"R{number}", amount)
        row = shop.rows(UnassignedMoney)[number - 1 :][0]
        said = f"Aino 254712345678 ({reference})" if reference else "Aino 254712345678"
        assert (row.provider_ref, row.amount_minor, row.currency, row.payer) == (
            f"R{number}", 1255, amount.currency, said,
        )  # fmt: skip
    assert len(shop.rows(UnassignedMoney)) == len(cases)
    assert shop.rows(Payment) == []


def test_a_customers_number_pays_what_they_owe_and_the_rest_is_credit(shop):
    _, invoice = shop.renewal("2026-12-22")
    before = len(booked(shop))
    deposited(shop, f" {shop.customer} ", amount=Money(2000, "EUR"))
    assert booked(shop)[before:] == [("R1", 2000)]
    assert (shop.invoices()[-1].state, credit(shop)) == ("paid", 745)
    deposited(shop, invoice.number_text.lower(), "R2", Money(100, "EUR"))
    assert credit(shop) == 845


def test_without_an_amount_or_a_receipt_nothing_is_booked(shop):
    for amount, receipt in ((None, "R1"), (Money(0, "EUR"), "R1"), (Money(-5, "EUR"), "R1"), (WHOLE, "")):
        with pytest.raises(AmountMismatch):
            deposited(shop, "1", receipt, amount)
    assert shop.rows(UnassignedMoney) == []


# -- a person decides


def test_a_person_decides_what_no_look_up_can(shop):
    document, key = begun(shop)
    attempt = shop.rows(PaymentAttempt)[0].id
    with pytest.raises(Conflict, match="may still come"):
        shop.act(decide_attempt, attempt, "not_paid")
    with pytest.raises(InvalidInput, match="outcome"):
        shop.act(decide_attempt, attempt, "perhaps")
    with shop.at("2026-11-23"):
        assert shop.act(decide_attempt, attempt, "not_paid").state == "failed"
        with pytest.raises(Conflict, match="failed already"):
            shop.act(decide_attempt, attempt, "paid", "R1")
        shop.checkout(document)
        answered(shop, key)
    assert booked(shop) == [("R1", 1255)], "money that comes after all is booked all the same"


def test_a_receipt_that_a_person_has_found_is_booked_once(shop):
    _, key = begun(shop)
    attempt = shop.rows(PaymentAttempt)[0].id
    with shop.at("2026-11-23"):
        for wrong in ("", "  "):
            with pytest.raises(InvalidInput, match="reference"):
                shop.act(decide_attempt, attempt, "paid", wrong)
        assert shop.act(decide_attempt, attempt, "paid", " R1 ").state == "succeeded"
        answered(shop, key)
        begun(shop)
    with shop.at("2026-11-24"), pytest.raises(Conflict, match="booked already"):
        shop.act(decide_attempt, shop.rows(PaymentAttempt)[-1].id, "paid", "R1")
    assert booked(shop) == [("R1", 1255)]


def test_a_person_books_what_really_came(shop):
    """Ten cents more than the 12.55 that were asked for."""
    begun(shop)
    attempt = shop.rows(PaymentAttempt)[0].id
    with shop.at("2026-11-23"):
        with pytest.raises(InvalidInput, match="amount"):
            shop.act(decide_attempt, attempt, "paid", "R1", 0)
        assert shop.act(decide_attempt, attempt, "paid", "R1", 1265).state == "succeeded"
    assert (booked(shop), credit(shop), shop.invoices()[-1].state) == ([("R1", 1265)], 10, "paid")


def test_a_charge_under_way_is_not_given_up_and_what_is_given_up_is_not_charged_again(shop):
    begun(shop)
    attempt = shop.rows(PaymentAttempt)[0].id
    shop.change(PaymentAttempt, attempt, off_session=True)  # a bank debit, which takes days
    with shop.at("2026-11-23"):
        with pytest.raises(Conflict, match="under way"):
            shop.act(decide_attempt, attempt, "not_paid")
        shop.change(PaymentAttempt, attempt, state="unknown")  # the gateway does not say so any more
        assert shop.act(decide_attempt, attempt, "not_paid").state == "failed"
    assert shop.jobs("payments.collect") == []


def test_deciding_needs_the_permission(shop):
    begun(shop)
    nobody = Context("user:9", Role.STAFF, Scope(everything=True), frozenset({"payments.read"}))
    with writing(nobody) as tx, pytest.raises(NotAllowed):
        decide_attempt(tx, 1, "not_paid")
    with pytest.raises(NotFound):
        shop.act(decide_attempt, 99, "not_paid")


def test_money_of_nobody_is_given_back_once_and_its_late_answer_is_for_staff(shop):
    deposited(shop, "nobody knows")
    (row,) = shop.rows(UnassignedMoney)
    assert shop.balances() == {"clearing": 1255, "suspense": -1255}
    with pytest.raises(InvalidInput, match="needed"):
        shop.act(return_money, row.id, " ")
    assert shop.act(return_money, row.id, "back 7").amount_minor == 1255
    assert shop.balances() == {}
    row = shop.row(UnassignedMoney, row.id)
    assert (row.returned_ref, row.returned_at.date().isoformat()) == ("back 7", "2026-11-22")
    customer = shop.row(Document, shop.order().document_id).customer_id
    for again in (lambda: shop.act(return_money, row.id, "back 8"), lambda: shop.act(assign_money, row.id, customer)):
        with pytest.raises(Conflict, match="given back"):
            again()
    deposited(shop, "nobody knows")
    with pytest.raises(AmountMismatch, match="given back"):
        answered(shop, begun(shop)[1])
    assert (shop.balances(), shop.rows(Payment)) == ({}, [])
