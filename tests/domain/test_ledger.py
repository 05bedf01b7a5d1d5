"""Entries balance or do not exist, and nobody changes one unnoticed."""

from dataclasses import FrozenInstanceError
from datetime import date
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.domain.errors import InvalidInput, LedgerTampered, Unbalanced
from billhead.domain.ledger import (
    GENESIS,
    AccountCode,
    Entry,
    Posting,
    Side,
    check_signature,
    credit,
    debit,
    entry_digest,
    merkle_root,
    reverse,
    seal_root,
    sign,
)
from billhead.domain.money import CREDITS, Money

DAY = date(2026, 11, 22)


def eur(text):
    return Money.parse(text, "EUR")


def invoice():
    return Entry(
        "invoice",
        DAY,
        "document:81",
        (
            debit(AccountCode.RECEIVABLE, eur("11.90")),
            credit(AccountCode.DEFERRED_REVENUE, eur("10.00")),
            credit(AccountCode.TAX, eur("1.90"), "DE:standard"),
        ),
    )


def test_an_entry_is_immutable():
    with pytest.raises(FrozenInstanceError):
        invoice().key = "document:82"


def test_debits_equal_credits():
    with pytest.raises(Unbalanced, match=r"document:9 does not balance: debits less credits leave 0.01 EUR"):
        Entry(
            "invoice",
            DAY,
            "document:9",
            (debit(AccountCode.RECEIVABLE, eur("1.01")), credit(AccountCode.REVENUE, eur("1.00"))),
        )


def test_each_currency_balances_by_itself():
    with pytest.raises(Unbalanced, match=r"leave 10.00 EUR, -10.00 USD"):
        Entry("x", DAY, "x", (debit(AccountCode.CASH, eur("10.00")), credit(AccountCode.REVENUE, Money(1000, "USD"))))
    bought = Entry(
        "credits_sold",
        DAY,
        "document:5",
        (
            debit(AccountCode.RECEIVABLE, eur("125.00")),
            credit(AccountCode.DEFERRED_REVENUE, eur("125.00")),
            debit(AccountCode.CREDITS_ISSUED, Money(15_000, CREDITS)),
            credit(AccountCode.CREDITS_AVAILABLE, Money(15_000, CREDITS), "reseller:12"),
        ),
    )
    assert len(bought.postings) == 4


@pytest.mark.parametrize("minor", [0, -1])
def test_a_posting_is_positive(minor):
    with pytest.raises(Unbalanced, match="must be above zero"):
        debit(AccountCode.CASH, Money(minor, "EUR"))


def test_one_leg_is_no_entry():
    for postings in ((), (debit(AccountCode.CASH, eur("1.00")),)):
        with pytest.raises(Unbalanced, match="at least two postings"):
            Entry("x", DAY, "x", postings)


def test_a_reversal_is_an_entry_of_its_own_that_undoes_the_first():
    undone = reverse(invoice(), day=date(2026, 12, 1))
    assert (undone.kind, undone.day, undone.key) == ("reversal", date(2026, 12, 1), "document:81:reversal")
    assert undone.reverses == "document:81"
    assert balances(invoice().postings + undone.postings) == {}
    assert reverse(invoice()).day == DAY


def balances(postings):
    sums = {}
    for leg in postings:
        at = (leg.account_code, leg.subject, leg.amount.currency)
        sums[at] = sums.get(at, 0) + (leg.amount.minor if leg.side is Side.D else -leg.amount.minor)
    return {at: left for at, left in sums.items() if left}


LEGS = st.lists(
    st.builds(
        Posting,
        st.sampled_from(list(AccountCode)),
        st.sampled_from(list(Side)),
        st.builds(Money, st.integers(1, 1000), st.sampled_from(["EUR", "JPY", CREDITS])),
        st.sampled_from(["", "gateway:1"]),
    ),
    min_size=1,
    max_size=6,
)


@given(LEGS)
def test_every_entry_that_exists_balances(legs):
    mirrored = tuple(Posting(AccountCode.SUSPENSE, leg.side.other, leg.amount) for leg in legs)
    entry = Entry("x", DAY, "x", (*legs, *mirrored))
    assert balances(entry.postings + reverse(entry).postings) == {}
    for spoilt in range(len(entry.postings)):
        rest = entry.postings[:spoilt] + entry.postings[spoilt + 1 :]
        with pytest.raises(Unbalanced):
            Entry("x", DAY, "x", rest)


def test_the_chart_of_accounts_and_the_side_on_which_each_grows():
    grows = {code.value for code in AccountCode if code.normal_side is Side.D}
    assert grows == {
        "receivable", "credit_lent", "cash", "clearing", "fees", "gifted_expense", "credits_issued", "upstream_cost",
        "fx_difference", "write_off",
    }  # fmt: skip
    assert AccountCode.TAX.normal_side is Side.C


ENTRY = (1, 7, "invoice", "2026-11-22", "document:81", [(3, "D", 1190, "EUR"), (4, "C", 1190, "EUR")])


def test_the_digest_is_of_the_documented_text():
    text = (
        "billhead-entry-1\n1\n7\n7:invoice\n2026-11-22\n11:document:81\n"  # id, seller, kind, day, key
        "3|D|1190|EUR\n4|C|1190|EUR\n"
    )
    assert entry_digest(*ENTRY) == sha256(text.encode()).digest()


def test_the_order_of_legs_does_not_matter_and_a_side_may_be_the_enum():
    assert entry_digest(*ENTRY[:5], ENTRY[5][::-1]) == entry_digest(*ENTRY)
    assert entry_digest(*ENTRY[:5], [(3, Side.D, 1190, "EUR"), (4, Side.C, 1190, "EUR")]) == entry_digest(*ENTRY)


def test_a_leg_may_name_its_customer_beside_one_that_does_not():
    named = entry_digest(*ENTRY[:5], [("3:12", "D", 1190, "EUR"), (4, "C", 1190, "EUR")])
    assert named == entry_digest(*ENTRY[:5], [(4, "C", 1190, "EUR"), ("3:12", "D", 1190, "EUR")])
    assert named not in {entry_digest(*ENTRY), entry_digest(*ENTRY[:5], [("3:13", "D", 1190, "EUR"), *ENTRY[5][1:]])}


@pytest.mark.parametrize(
    ("position", "other"),
    [
        (0, 2),
        (1, 8),
        (2, "payment"),
        (3, "2026-11-23"),
        (4, "document:82"),
        (5, [(3, "D", 1191, "EUR"), (4, "C", 1191, "EUR")]),
        (5, [(3, "C", 1190, "EUR"), (4, "D", 1190, "EUR")]),
        (5, [(3, "D", 1190, "EUR"), (5, "C", 1190, "EUR")]),
        (5, [(3, "D", 1190, "USD"), (4, "C", 1190, "USD")]),
        (5, []),
    ],
)
def test_any_change_changes_the_digest(position, other):
    changed = [*ENTRY[:position], other, *ENTRY[position + 1 :]]
    assert entry_digest(*changed) != entry_digest(*ENTRY)


def test_a_key_cannot_pretend_to_be_a_leg():
    honest = entry_digest(1, 7, "x", "2026-11-22", "k", [(3, "D", 5, "EUR")])
    assert entry_digest(1, 7, "x", "2026-11-22", "k\n3|D|5|EUR", []) != honest


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=20, unique=True), st.data())
def test_a_block_knows_its_entries_their_order_and_their_number(digests, data):
    root = merkle_root(digests)
    at = data.draw(st.integers(0, len(digests) - 1))
    assert merkle_root([*digests[:at], *digests[at + 1 :]]) != root
    assert merkle_root([*digests, digests[-1]]) != root
    assert merkle_root([*digests[:at], bytes(31) + b"x", *digests[at + 1 :]]) != root
    if len(digests) > 1:
        assert merkle_root(digests[::-1]) != root


def test_the_merkle_tree_is_that_of_rfc_6962():
    def leaf(data):
        return sha256(b"\x00" + data).digest()

    def node(left, right):
        return sha256(b"\x01" + left + right).digest()

    assert merkle_root([]) == sha256(b"").digest()
    assert merkle_root([b"a"]) == leaf(b"a")
    three = node(node(leaf(b"a"), leaf(b"b")), leaf(b"c"))
    assert merkle_root([b"a", b"b", b"c"]) == three
    assert merkle_root([b"a", b"b", b"c", b"d", b"e"]) == node(
        node(node(leaf(b"a"), leaf(b"b")), node(leaf(b"c"), leaf(b"d"))), leaf(b"e")
    )


def test_seals_are_chained_counted_and_signed():
    first = seal_root(GENESIS, merkle_root([b"a"]), 1)
    assert first == seal_root(b"", merkle_root([b"a"]), 1)
    second = seal_root(first, merkle_root([b"b"]), 1)
    assert second != seal_root(GENESIS, merkle_root([b"b"]), 1)
    assert second != seal_root(first, merkle_root([b"b"]), 2)
    check_signature(second, b"secret", sign(second, b"secret"))
    for root, key in ((first, b"secret"), (second, b"other")):
        with pytest.raises(LedgerTampered):
            check_signature(root, key, sign(second, b"secret"))
    with pytest.raises(InvalidInput, match="secret"):
        sign(second, b"")
    with pytest.raises(InvalidInput, match="32 bytes"):
        seal_root(b"short", second, 1)
