"""Resellers' credits: how they came, where they went, what is left and what that had cost; held against the ledger.

What came in is read from the lots, what went out and what is there from the entries, so that the sum of a row proves
something: what it had + bought + granted + start-up + received - passed on - taken back - consumed + returned is what
is held and left. Nothing expires. What is left had cost what its lots say, and they know that of today only.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, and_, case, cast, func, literal, or_, select

from billhead.domain.ledger import AccountCode
from billhead.domain.money import CREDITS, Money
from billhead.models.credits import CreditLot, CreditMovement
from billhead.models.ledger import LedgerAccount, LedgerEntry, LedgerPosting
from billhead.models.people import Reseller
from billhead.plugin import Report, ReportAsked, ReportColumn, ReportLink, ReportTie
from billhead.reports._ledger import sums_by_currency, ties_by_currency
from billhead.reports._parameters import FROM_MONTH, SELLER, TO
from billhead.reports._source import BATCH, Source
from billhead.wording import marked

__all__ = ["REPORT"]

_AVAILABLE, _HELD = AccountCode.CREDITS_AVAILABLE.value, AccountCode.CREDITS_HELD.value
_CONSUMED, _ISSUED = AccountCode.CREDITS_CONSUMED.value, AccountCode.CREDITS_ISSUED.value
_CAME = {"purchase": "bought", "grant": "granted", "start_up": "start_up", "transfer": "received"}
_WENT = {
    "credits_transferred": "passed",
    "reseller_added": "passed",  # less what of it the place itself took: that is consumed
    "reseller_removed": "passed",
    "credits_taken": "taken",
    "credits_taken_back": "taken",
}
_LENT = LedgerAccount.subject.startswith("credit_line:")


@dataclass(slots=True)
class _Credits:
    """Of one reseller, in hundredths. `left`: what it has to spend, below zero what it owes on its credit line."""

    had: int = 0
    bought: int = 0
    granted: int = 0
    start_up: int = 0
    received: int = 0
    passed: int = 0
    taken: int = 0
    consumed: int = 0
    returned: int = 0
    held: int = 0
    left: int = 0

    def figures(self) -> list[int]:
        return [getattr(self, name) for name in self.__slots__]

    def follows(self) -> int:
        """What is held and left, as it follows from the rest."""
        came = self.had + self.bought + self.granted + self.start_up + self.received + self.returned
        return came - self.passed - self.taken - self.consumed

    def count(self, code: str, kind: str, side: str, alone: bool, minor: int) -> None:
        """Sums of one kind of entry, on one side of one of its accounts. `alone`: there is no other reseller to it."""
        if code == _CONSUMED and side == "C":
            self.consumed += minor
            self.passed -= minor if kind == "reseller_added" else 0
        elif code == _AVAILABLE and side == "C" and kind == "credits_returned":
            self.returned += minor
        elif code == _AVAILABLE and side == "D" and kind in _WENT:
            name = "taken" if kind == "reseller_removed" and alone else _WENT[kind]
            setattr(self, name, getattr(self, name) + minor)


def _entries(asked: ReportAsked) -> Any:
    account, since = LedgerAccount, asked["from"]
    early = LedgerEntry.day < since if since is not None else literal(False)
    alone = CreditMovement.other_id.is_(None)
    keys = account.subject, account.code, LedgerEntry.kind, LedgerPosting.side
    flags = case((alone, 1), else_=0).label("alone"), case((early, 1), else_=0).label("early")
    query = (
        select(*keys, *flags, cast(func.sum(LedgerPosting.amount_minor), BigInteger))
        .join(LedgerPosting, LedgerPosting.account_id == account.id)
        .join(LedgerEntry, LedgerEntry.id == LedgerPosting.entry_id)
        .outerjoin(CreditMovement, CreditMovement.entry_id == LedgerEntry.id)
        .where(
            account.currency == CREDITS,
            LedgerEntry.day < asked.until,
            or_(account.code.in_((_AVAILABLE, _HELD, _CONSUMED)), and_(account.code == _ISSUED, _LENT)),
        )
    )
    if asked["seller"] is not None:
        query = query.where(account.seller_id == asked["seller"])
    return query.group_by(*keys, *flags)


def _lots(asked: ReportAsked) -> Any:
    """reseller, source, credits: what came in within the span. What came back from a purchase is told by its entry."""
    query = (
        select(CreditLot.reseller_id, CreditLot.source, cast(func.sum(CreditLot.amount_minor), BigInteger))
        .join(LedgerEntry, LedgerEntry.id == CreditLot.entry_id)
        .where(
            CreditLot.source.in_(list(_CAME)),
            LedgerEntry.kind != "credits_returned",
            LedgerEntry.day < asked.until,
        )
    )
    if asked["from"] is not None:
        query = query.where(LedgerEntry.day >= asked["from"])
    return _of_seller(query, asked).group_by(CreditLot.reseller_id, CreditLot.source)


def _of_seller(query: Any, asked: ReportAsked) -> Any:
    if asked["seller"] is None:
        return query
    return query.join(Reseller, Reseller.id == CreditLot.reseller_id).where(Reseller.seller_id == asked["seller"])


def _by_reseller(source: Source, asked: ReportAsked) -> dict[int, _Credits]:
    found: defaultdict[int, _Credits] = defaultdict(_Credits)
    for subject, code, kind, side, alone, early, minor in source.session.execute(_entries(asked)):
        one, signed = found[int(subject.partition(":")[2])], minor if side == "C" else -minor
        one.held += signed if code == _HELD else 0
        one.left += signed if code in (_AVAILABLE, _ISSUED) else 0
        if early:
            one.had += signed if code != _CONSUMED else 0
        else:
            one.count(code, kind, side, bool(alone), minor)
    for reseller_id, came, minor in source.session.execute(_lots(asked)):
        one = found[reseller_id]
        setattr(one, _CAME[came], getattr(one, _CAME[came]) + minor)
    return found


def _costs(source: Source, asked: ReportAsked) -> dict[int, list[Money]]:
    """What the credits that are left today had cost."""
    query = select(CreditLot.reseller_id, CreditLot.cost_currency, cast(func.sum(CreditLot.cost_minor), BigInteger))
    query = _of_seller(query, asked).where(CreditLot.remaining_minor > 0, CreditLot.cost_currency != "")
    keys = CreditLot.reseller_id, CreditLot.cost_currency
    found: dict[int, list[Money]] = {}
    for reseller_id, currency, minor in source.session.execute(query.group_by(*keys).order_by(*keys)):
        found.setdefault(reseller_id, []).append(Money(minor, currency))
    return found


def _is_of_today(asked: ReportAsked) -> bool:
    return asked.until > asked.today


def _rows(source: Source, asked: ReportAsked) -> Iterator[tuple[Any, ...]]:
    """In four queries. What is left of lots that were paid in several currencies has a further row for each."""
    found, costs = _by_reseller(source, asked), _costs(source, asked) if _is_of_today(asked) else {}
    names = select(Reseller.id, Reseller.name).order_by(Reseller.name, Reseller.id).execution_options(yield_per=BATCH)
    for reseller_id, name in source.session.execute(names):
        if reseller_id not in found:
            continue
        link, cost = ReportLink(name, "reseller", reseller_id), costs.get(reseller_id, [])
        figures = [Money(minor, CREDITS) for minor in found[reseller_id].figures()]
        yield link, *figures, cost[0] if cost else None
        for further in cost[1:]:
            yield link, *(None for _ in figures), further


def _ties(source: Source, asked: ReportAsked) -> Iterator[ReportTie]:
    found = _by_reseller(source, asked).values()
    ledger = AccountCode.CREDITS_AVAILABLE, AccountCode.CREDITS_HELD
    until = LedgerEntry.day < asked.until
    sums = [sums_by_currency(source, asked, one, until).get(CREDITS, 0) for one in ledger]
    lent = sums_by_currency(source, asked, AccountCode.CREDITS_ISSUED, until, _LENT).get(CREDITS, 0)
    yield from ties_by_currency(
        marked("Held and left as it follows from the rest, beside the ledger"),
        {CREDITS: sum(one.follows() for one in found)},
        {CREDITS: sum(sums) - lent},
    )
    days = [until, *([LedgerEntry.day >= asked["from"]] if asked["from"] is not None else ())]
    yield from ties_by_currency(
        marked("Consumed less returned, beside the consumed credits"),
        {CREDITS: sum(one.consumed - one.returned for one in found)},
        sums_by_currency(source, asked, AccountCode.CREDITS_CONSUMED, *days),
    )
    if _is_of_today(asked):
        lots = int(source.session.scalar(_of_seller(select(func.sum(CreditLot.remaining_minor)), asked)) or 0)
        yield from ties_by_currency(
            marked("What the lots hold, beside the available credits"), {CREDITS: lots}, {CREDITS: sums[0]}
        )


REPORT = Report(
    code="reseller-credits",
    title=marked("Resellers' credits"),
    description=marked(
        "By reseller: the credits it had, how others came and where they went, what is held and left at the end, and "
        "what the left ones had cost, where the end is today. Below zero it owes them on its credit line. Credits do "
        "not expire."
    ),
    group=marked("Money"),
    parameters=(FROM_MONTH, TO, SELLER),
    columns=(
        ReportColumn("reseller", marked("Reseller"), "link"),
        ReportColumn("had", marked("Had"), "money", total=True),
        ReportColumn("bought", marked("Bought"), "money", total=True),
        ReportColumn("granted", marked("Granted"), "money", total=True),
        ReportColumn("start_up", marked("Start-up"), "money", total=True),
        ReportColumn("received", marked("Received"), "money", total=True),
        ReportColumn("passed", marked("Passed on"), "money", total=True),
        ReportColumn("taken", marked("Taken back"), "money", total=True),
        ReportColumn("consumed", marked("Consumed"), "money", total=True),
        ReportColumn("returned", marked("Returned"), "money", total=True),
        ReportColumn("held", marked("Held"), "money", total=True),
        ReportColumn("left", marked("Left"), "money", total=True),
        ReportColumn("cost", marked("What the left ones had cost"), "money", total=True),
    ),
    rows=_rows,
    ties=_ties,
)
