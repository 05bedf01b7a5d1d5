"""Each document against its lines, its entry in the ledger and what has settled it: the same cents everywhere."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from billhead.actions.documents._line_taxes import line_taxes
from billhead.bulk import among
from billhead.domain.ledger import AccountCode, Side
from billhead.domain.money import Money
from billhead.models.documents import Allocation, Document, DocumentLine
from billhead.models.ledger import LedgerAccount, LedgerPosting

__all__ = ["Wrong", "document_faults", "next_documents"]

_NEVER_BOOKED = ("draft",)


class Wrong(NamedTuple):
    """A fault of a document."""

    document_id: int
    subscription_id: int | None
    what: str


class _Sums(NamedTuple):
    net: int
    tax: int
    by_code: Mapping[str, int]


_NOTHING = _Sums(0, 0, {})


def next_documents(session: Session, after: int, limit: int) -> Sequence[Document]:
    """The invoices and credit notes that bear a number, in the order of their ids."""
    query = select(Document).where(
        Document.id > after, Document.kind.in_(["invoice", "credit_note"]), Document.number.is_not(None)
    )
    return session.scalars(query.where(Document.state.not_in(_NEVER_BOOKED)).order_by(Document.id).limit(limit)).all()


def document_faults(session: Session, documents: Sequence[Document]) -> Iterator[Wrong]:
    """In three queries, however many there are."""
    ids = [one.id for one in documents]
    lines, booked = _lines(session, ids), _booked(session, [one.entry_id for one in documents if one.entry_id])
    settled = _settled(session, ids)
    for one in documents:
        ledger = booked.get(one.entry_id or 0, {})
        for what in _faults(one, lines.get(one.id, _NOTHING), ledger, settled.get(one.id, 0)):
            yield Wrong(one.id, one.subscription_id, what)


def _faults(document: Document, lines: _Sums, ledger: Mapping[tuple[str, str], int], settled: int) -> Iterator[str]:
    def money(minor: int) -> str:
        return str(Money(minor, document.currency))

    if lines.net != document.net_minor:
        yield f"its lines come to {money(lines.net)}, and it says {money(document.net_minor)} before tax"
    if lines.tax != document.tax_minor:
        yield f"the tax of its lines comes to {money(lines.tax)}, and it says {money(document.tax_minor)}"
    sign = -1 if document.kind == "credit_note" else 1
    owed = sign * ledger.get((AccountCode.RECEIVABLE.value, ""), 0)
    if owed != document.total_minor:
        yield f"the ledger has {money(owed)} of it as owed, and it says {money(document.total_minor)}"
    taxes = {code: -sign * minor for (account, code), minor in ledger.items() if account == AccountCode.TAX}
    for code in sorted(taxes.keys() | lines.by_code.keys()):
        there, here = taxes.get(code, 0), lines.by_code.get(code, 0)
        if there != here:
            yield f"the ledger has {money(there)} of tax {code}, and its lines {money(here)}"
    if document.kind == "invoice" and settled != document.settled_minor:  # of a credit note nothing is put on it
        yield f"{money(settled)} were put on it, and it says {money(document.settled_minor)}"


def _lines(session: Session, documents: Sequence[int]) -> dict[int, _Sums]:
    line = DocumentLine
    columns = (line.document_id, line.net_minor, line.tax_minor, line.tax_code, line.tax_rate_ppm, line.taxes)
    sums: dict[int, tuple[int, int]] = {}
    codes: defaultdict[int, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in session.execute(select(*columns).where(among(line.document_id, documents, session))):
        net, tax = sums.get(row.document_id, (0, 0))
        sums[row.document_id] = net + row.net_minor, tax + row.tax_minor
        for code, _, minor in line_taxes(row):
            codes[row.document_id][code] += minor
    return {key: _Sums(net, tax, codes[key]) for key, (net, tax) in sums.items()}


def _booked(session: Session, entries: Sequence[int]) -> dict[int, dict[tuple[str, str], int]]:
    """By entry: (account, subject) → what was debited less what was credited."""
    posting, account = LedgerPosting, LedgerAccount
    rows = session.execute(
        select(posting.entry_id, account.code, account.subject, func.sum(LedgerPosting.signed(Side.D)))
        .join(account, account.id == posting.account_id)
        .where(among(posting.entry_id, entries, session))
        .group_by(posting.entry_id, account.code, account.subject)
    )
    found: defaultdict[int, dict[tuple[str, str], int]] = defaultdict(dict)
    for entry_id, code, subject, minor in rows:
        found[entry_id][code, subject] = int(minor)
    return found


def _settled(session: Session, documents: Sequence[int]) -> dict[int, int]:
    put = Allocation
    query = select(put.document_id, func.sum(put.amount_minor)).where(among(put.document_id, documents, session))
    return {key: int(minor) for key, minor in session.execute(query.group_by(put.document_id))}
