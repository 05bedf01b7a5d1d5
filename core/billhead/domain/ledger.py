"""Double entries: the chart of accounts, balanced entries, and the digests that prove nobody changed one.

An entry is hashed when it is written; a sealer later puts unsealed entries into Merkle blocks, which
`seal_root` chains.
The digest's canonical text, UTF-8, where (x) stands for the length of x in characters:

    billhead-entry-1 LF  id LF  seller LF  (kind):kind LF  day LF  (key):key LF
    then a line per leg, the lines sorted as text:  account "|" side "|" amount "|" currency LF

Only ids and amounts go in, no personal data, so that erasing a person never breaks the proof.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256

from billhead.domain.errors import InvalidInput, LedgerTampered, Unbalanced
from billhead.domain.money import Money

GENESIS = bytes(32)
"""What stands before the first seal."""


class Side(StrEnum):
    D = "D"
    C = "C"

    @property
    def other(self) -> Side:
        return Side.C if self is Side.D else Side.D


class AccountCode(StrEnum):
    """The chart of accounts, each with sub-accounts by subject: gateway account, jurisdiction, customer."""

    RECEIVABLE = "receivable"
    CASH = "cash"
    CLEARING = "clearing"  # at a gateway, not yet in the bank
    FEES = "fees"
    TAX = "tax"  # owed to a jurisdiction
    DEFERRED_REVENUE = "deferred_revenue"
    REVENUE = "revenue"
    CREDIT_BOUGHT = "credit_bought"  # owed to a customer, paid for
    CREDIT_GIFTED = "credit_gifted"  # owed to a customer, given
    CREDIT_LENT = "credit_lent"  # credit that a customer has and owes the payment for
    GIFTED_EXPENSE = "gifted_expense"
    REFUNDS_PAYABLE = "refunds_payable"  # taken back from what it had paid, on its way to its source
    CREDITS_ISSUED = "credits_issued"  # reseller credits ever given out: the other side of the next four
    CREDITS_AVAILABLE = "credits_available"
    CREDITS_HELD = "credits_held"
    CREDITS_CONSUMED = "credits_consumed"
    CREDITS_EXPIRED = "credits_expired"
    UPSTREAM_COST = "upstream_cost"
    UPSTREAM_PAYABLE = "upstream_payable"  # owed to, or prepaid at, the operator of a panel
    FX_DIFFERENCE = "fx_difference"
    WRITE_OFF = "write_off"
    SUSPENSE = "suspense"  # money that arrived and is not understood yet

    @property
    def normal_side(self) -> Side:
        """The side on which the account grows."""
        return Side.D if self in _DEBIT_ACCOUNTS else Side.C


_DEBIT_ACCOUNTS = frozenset(
    {
        AccountCode.RECEIVABLE,
        AccountCode.CASH,
        AccountCode.CLEARING,
        AccountCode.FEES,
        AccountCode.CREDIT_LENT,
        AccountCode.GIFTED_EXPENSE,
        AccountCode.CREDITS_ISSUED,
        AccountCode.UPSTREAM_COST,
        AccountCode.FX_DIFFERENCE,
        AccountCode.WRITE_OFF,
    }
)


@dataclass(frozen=True, slots=True)
class Posting:
    """One leg: an account, a side and a positive amount. The subject names the sub-account."""

    account_code: AccountCode
    side: Side
    amount: Money
    subject: str = ""

    def __post_init__(self) -> None:
        if self.amount.minor <= 0:
            raise Unbalanced(
                f"A posting on {self.account_code} must be above zero, got {self.amount}.",
                hint="Use the other side instead of a minus sign, and leave out postings of zero.",
            )


def debit(account_code: AccountCode, amount: Money, subject: str = "") -> Posting:
    return Posting(account_code, Side.D, amount, subject)


def credit(account_code: AccountCode, amount: Money, subject: str = "") -> Posting:
    return Posting(account_code, Side.C, amount, subject)


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened, on which day in the seller's zone, under which key; corrected only by another entry."""

    kind: str
    day: date
    key: str
    postings: tuple[Posting, ...]
    reverses: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "postings", tuple(self.postings))
        check_balance(self.key, self.postings)


def check_balance(key: str, postings: Iterable[Posting]) -> None:
    """At least two legs, and debits equal to credits in each currency; otherwise Unbalanced."""
    sums: defaultdict[str, int] = defaultdict(int)
    legs = 0
    for posting in postings:
        legs += 1
        signed = posting.amount if posting.side == Side.D else -posting.amount
        sums[signed.currency] += signed.minor
    if legs < 2:
        raise Unbalanced(f"The entry {key} needs at least two postings, got {legs}.")
    off = [str(Money(left, currency)) for currency, left in sorted(sums.items()) if left]
    if off:
        raise Unbalanced(f"The entry {key} does not balance: debits less credits leave {', '.join(off)}.")


def reverse(entry: Entry, *, day: date | None = None, key: str | None = None) -> Entry:
    """The entry that undoes this one: the same legs with the sides exchanged."""
    postings = tuple(Posting(leg.account_code, leg.side.other, leg.amount, leg.subject) for leg in entry.postings)
    return Entry("reversal", day or entry.day, key or f"{entry.key}:reversal", postings, reverses=entry.key)


def entry_digest(
    entry_id: int | str,
    seller_id: int | str,
    kind: str,
    day_iso: str,
    key: str,
    legs: Iterable[tuple[int | str, str, int, str]],
) -> bytes:
    """SHA-256 of the canonical text above. Legs are (account, side, amount, currency), in any order.

    An account is its id; where a leg also names a customer, the text "id:customer id".
    """
    lines = [f"{account}|{side}|{amount}|{currency}\n" for account, side, amount, currency in legs]
    return digest_of_lines(entry_id, seller_id, kind, day_iso, key, lines)


def digest_of_lines(
    entry_id: int | str, seller_id: int | str, kind: str, day_iso: str, key: str, lines: list[str]
) -> bytes:
    """The same from the legs' lines, for who makes a million of them."""
    lines.sort()
    head = f"billhead-entry-1\n{entry_id}\n{seller_id}\n{len(kind)}:{kind}\n{day_iso}\n{len(key)}:{key}\n"
    return sha256((head + "".join(lines)).encode()).digest()


def merkle_root(digests: list[bytes]) -> bytes:
    """The tree head of RFC 6962: leaves and nodes have different prefixes, an odd one moves up as it is."""
    if not digests:
        return sha256(b"").digest()
    level = [sha256(b"\x00" + digest).digest() for digest in digests]
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [sha256(b"\x01" + left + right).digest() for left, right in pairs] + odd
    return level[0]


def seal_root(previous: bytes, root: bytes, count: int) -> bytes:
    """Chain a block of `count` entries to the one before it (`GENESIS`, or nothing, for the first)."""
    previous = previous or GENESIS
    if len(previous) != 32 or len(root) != 32 or count < 0:
        raise InvalidInput("seal", "needs two digests of 32 bytes and a count from zero up")
    return sha256(b"billhead-seal-1\n" + previous + root + count.to_bytes(8, "big")).digest()


def sign(root: bytes, key: bytes) -> bytes:
    """HMAC-SHA-256 over a sealed root, so that write access to the database is not enough to forge a seal."""
    if not key:
        raise InvalidInput("key", "is empty; a seal needs a secret")
    return hmac.digest(key, root, "sha256")


def check_signature(root: bytes, key: bytes, signature: bytes) -> None:
    """Raises LedgerTampered unless the signature was made from this root with this key."""
    if not hmac.compare_digest(sign(root, key), signature):
        raise LedgerTampered("The signature of a ledger seal does not match its root.")
