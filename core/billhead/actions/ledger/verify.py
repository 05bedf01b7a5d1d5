"""Verify the ledger: recompute everything that can be recomputed, and name what is wrong.

Entries are read once, in order, with their postings beside them; nothing is held but the entry at hand, the accounts,
and the faults. What is checked: each entry's digest and balance, postings without an entry, every block's root, chain
and signature, and that the credit that people hold is what the ledger says.

Where the chain of blocks is whole and none is signed with this key, that is one fault, and said so: nobody can tell
from the ledger alone a key that was lost or mistaken from somebody who has sealed everything anew without it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import String, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from billhead.actions.ledger._accounts import digest_account
from billhead.actions.ledger._seal_key import seal_keys
from billhead.domain.errors import LedgerTampered
from billhead.domain.ledger import GENESIS, AccountCode, Side, check_signature, entry_digest, merkle_root, seal_root
from billhead.domain.money import CREDITS
from billhead.models.credits import CreditLot, CustomerCredit, LentCredit
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting, LedgerSeal, LedgerSealed

__all__ = ["LedgerFault", "LedgerReport", "verify_ledger"]

_MOST_FAULTS = 1000
_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class LedgerFault:
    """`what` is wrong with `where` ("entry 81", "seal 3", "customer 7")."""

    where: str
    what: str


@dataclass(slots=True)
class LedgerReport:
    """`unsealed` entries are no fault: the sealer has not come to them yet. `another_key`: the seals are a whole chain,
    and none of them is signed with a key that is set here."""

    entries: int = 0
    postings: int = 0
    seals: int = 0
    sealed: int = 0
    another_key: bool = False
    faults: list[LedgerFault] = field(default_factory=list)

    @property
    def verified(self) -> bool:
        return not self.faults

    @property
    def unsealed(self) -> int:
        return self.entries - self.sealed

    def as_dict(self) -> dict[str, object]:
        return {"verified": self.verified, "unsealed": self.unsealed, **asdict(self)}

    def note(self, where: str, what: str) -> None:
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(LedgerFault(where, what))


def verify_ledger(session: Session, key: bytes | None = None) -> LedgerReport:
    """Check the whole ledger in one read; memory does not grow with it. `key` is by default the installation's."""
    report = LedgerReport()
    _check_entries(session, report)
    _check_orphans(session, report)
    _check_seals(session, report, [key] if key else seal_keys())
    _check_credit(session, report)
    return report


def _stream(session: Session, query: Any) -> Iterator[tuple[Any, ...]]:
    result = session.execute(query, execution_options={"yield_per": _AT_ONCE})
    return (tuple(row) for row in result)


def _check_entries(session: Session, report: LedgerReport) -> None:
    accounts = {
        account_id: (seller_id, currency)
        for account_id, seller_id, currency in session.execute(
            select(LedgerAccount.id, LedgerAccount.seller_id, LedgerAccount.currency)
        )
    }
    entry, leg = LedgerEntry, LedgerPosting
    head = (entry.id, entry.seller_id, entry.kind, entry.day, entry.key, entry.digest)
    query = (
        select(*head, leg.account_id, leg.customer_id, leg.side, leg.amount_minor)
        .outerjoin(leg, leg.entry_id == entry.id)
        .order_by(entry.id)
    )
    for facts, rows in groupby(_stream(session, query), key=itemgetter(slice(0, len(head)))):
        legs = [row[len(head) :] for row in rows if row[len(head)] is not None]
        report.entries += 1
        report.postings += len(legs)
        for what in _entry_faults(facts, legs, accounts):
            report.note(f"entry {facts[0]}", what)


def _entry_faults(
    facts: tuple[Any, ...], legs: list[tuple[Any, ...]], accounts: dict[int, tuple[int, str]]
) -> Iterator[str]:
    entry_id, seller_id, kind, day, key, digest = facts
    sums: defaultdict[str, int] = defaultdict(int)
    digested: list[tuple[int | str, str, int, str]] = []
    for account_id, customer_id, side, minor in legs:
        owner, currency = accounts[account_id]
        if owner != seller_id:
            yield f"{key}: books to account {account_id} of another seller"
        sums[currency] += minor if side == "D" else -minor
        digested.append((digest_account(account_id, customer_id), side, minor, currency))
    if len(legs) < 2:
        yield f"{key}: has {len(legs)} postings"
    for currency, off in sums.items():
        if off:
            yield f"{key}: debits less credits leave {off} minor units of {currency}"
    if entry_digest(entry_id, seller_id, kind, day.isoformat(), key, digested) != bytes(digest):
        yield f"{key}: it or its postings were changed after it was written: the digest differs"


def _check_orphans(session: Session, report: LedgerReport) -> None:
    query = (
        select(LedgerPosting.entry_id)
        .outerjoin(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .where(LedgerEntry.id.is_(None))
        .distinct()
        .limit(_MOST_FAULTS)
    )
    for entry_id in session.scalars(query):
        report.note(f"entry {entry_id}", "is gone, and its postings are still there")


def _check_seals(session: Session, report: LedgerReport, keys: Sequence[bytes]) -> None:
    previous, whole = GENESIS, True
    unsigned: list[int] = []
    first_signed: int | None = None
    for seal in session.scalars(select(LedgerSeal).order_by(LedgerSeal.id).execution_options(yield_per=100)):
        rows = session.execute(
            select(LedgerSealed.entry_id, LedgerEntry.digest)
            .outerjoin(LedgerEntry, LedgerEntry.id == LedgerSealed.entry_id)
            .where(LedgerSealed.seal_id == seal.id)
            .order_by(LedgerSealed.position)
        ).all()
        report.seals += 1
        report.sealed += len(rows)
        for what in _chain_faults(seal, rows, previous):
            report.note(f"seal {seal.id}", what)
            whole = False
        if not _is_signed(bytes(seal.root), bytes(seal.signature), keys):
            unsigned.append(seal.id)
        elif first_signed is None:
            first_signed = seal.id
        previous = bytes(seal.root)
        session.expunge(seal)
    _note_unsigned(report, unsigned, first_signed, whole=whole)


def _note_unsigned(report: LedgerReport, unsigned: Sequence[int], first_signed: int | None, *, whole: bool) -> None:
    """Of a whole chain all of them, or all up to the first that is signed, are one fault; else each is one."""
    together = [seal_id for seal_id in unsigned if first_signed is None or seal_id < first_signed] if whole else []
    if together:
        report.another_key = first_signed is None
        report.note(f"seal {together[0]}", _not_by_this_key(together, first_signed))
    for seal_id in unsigned[len(together) :]:
        report.note(f"seal {seal_id}", "is not signed with a secret key that is set here")


def _not_by_this_key(together: Sequence[int], first_signed: int | None) -> str:
    why = "this is not the key of that time, or somebody without it has sealed everything anew"
    if first_signed is None:
        which = f"none of the {len(together)} seals is" if together[1:] else "the only seal is not"
        return f"{which} signed with a secret key that is set here, and their chain is whole: {why}"
    which = f"those from it to seal {together[-1]} are" if together[1:] else "is"
    goes_on = f"seal {first_signed} is, and goes on from there"
    return f"{which} not signed with a secret key that is set here; {goes_on}: {why}"


def _chain_faults(seal: LedgerSeal, rows: Sequence[Any], previous: bytes) -> Iterator[str]:
    gone = [entry_id for entry_id, digest in rows if digest is None]
    if gone:
        yield f"entry {gone[0]} was sealed and is gone"
        return
    if bytes(seal.previous) != previous:
        yield "does not go on from the block before it: one was taken out, put in or replaced"
    root = seal_root(bytes(seal.previous), merkle_root([bytes(digest) for _, digest in rows]), len(rows))
    if root != bytes(seal.root) or seal.count != len(rows):
        span = f"entries {rows[0][0]} to {rows[-1][0]}" if rows else "its entries"
        yield f"the digests of {span} are not those that were sealed"


def _is_signed(root: bytes, signature: bytes, keys: Sequence[bytes]) -> bool:
    for key in keys:
        try:
            check_signature(root, key, signature)
        except LedgerTampered:
            continue
        return True
    return False


def _check_credit(session: Session, report: LedgerReport) -> None:
    """Each customer's open credit by kind and what is lent to them, and each reseller's, is their account's balance."""
    owed = LedgerPosting.signed(Side.C)
    code, currency = LedgerAccount.code, LedgerAccount.currency
    booked = select(
        func.coalesce(literal("customer ") + cast(LedgerPosting.customer_id, String), "nobody").label("who"),
        code,
        currency,
        owed.label("minor"),
    ).join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
    theirs = AccountCode.CREDIT_BOUGHT, AccountCode.CREDIT_GIFTED, AccountCode.CREDIT_LENT
    customers = booked.where(code.in_([one.value for one in theirs]))
    grants = select(
        literal("customer ") + cast(CustomerCredit.customer_id, String),
        literal("credit_") + CustomerCredit.kind,
        CustomerCredit.currency,
        -CustomerCredit.remaining_minor,
    )
    lent = (
        select(
            literal("customer ") + cast(CustomerCredit.customer_id, String),
            literal(AccountCode.CREDIT_LENT.value),
            CustomerCredit.currency,
            CustomerCredit.amount_minor,
        )
        .join(LentCredit, LentCredit.lot_id == CustomerCredit.id)
        .where(LentCredit.state == "open")
    )
    resellers = (
        select(func.replace(LedgerAccount.subject, ":", " "), code, currency, owed)
        .join(LedgerAccount, LedgerAccount.id == LedgerPosting.account_id)
        .where(code == AccountCode.CREDITS_AVAILABLE.value)
    )
    lots = select(
        literal("reseller ") + cast(CreditLot.reseller_id, String),
        literal(AccountCode.CREDITS_AVAILABLE.value),
        literal(CREDITS),
        -CreditLot.remaining_minor,
    )
    both = union_all(customers, grants, lent, resellers, lots).subquery()
    off = (
        select(both.c.who, both.c.code, both.c.currency, func.sum(both.c.minor))
        .group_by(both.c.who, both.c.code, both.c.currency)
        .having(func.sum(both.c.minor) != 0)
        .limit(_MOST_FAULTS)
    )
    for who, account, money, minor in session.execute(off):
        report.note(str(who), f"{account}: the ledger has {minor} minor units of {money} more than the open grants")
