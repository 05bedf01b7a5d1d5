"""What a bank tells in camt.053 (the day's statement) and camt.054 (a notification): ISO 20022, version .02 and later.

The file comes from anybody's hands: a document type is refused, so that nothing is expanded or fetched, and what is too
large, broken or another kind of message is refused in words.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from lxml import etree

from billhead.plugin import InvalidInput, Money, Statement, StatementEntry, StatementKind

__all__ = ["LARGEST", "read_camt"]

LARGEST = 16 * 1024 * 1024
_MESSAGE = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.[0-9]{3})\.001\.([0-9]{2})\}Document")
_REPORTS = {"camt.053": ("BkToCstmrStmt", "Stmt"), "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}
_KNOWN = range(2, 14)
_NO_REFERENCE = frozenset({"", "NONREF", "NOTPROVIDED"})
_MORE = "AddtlNtryInf"
_UNBOOKED, _OUTGOING, _ELSEWHERE = "not booked yet", "paid out", "other accounts"


class _Wrong(InvalidInput):
    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__("file", why, hint=hint)


def read_camt(data: bytes, iban: str) -> Statement:
    """The booked entries of one account in their order. Raises InvalidInput for `file`."""
    root = _parsed(data)
    entries, left_out, others, ours = [], Counter[str](), set(), False
    for report in _reports(root):
        account = "".join(_text(report, "Acct/Id/IBAN").split()).upper()
        if account != iban:
            others.add(account or "an account without an IBAN")
            left_out[_ELSEWHERE] += len(report.findall("{*}Ntry"))
            continue
        ours = True
        for entry in report.iterfind("{*}Ntry"):
            why = _left_out(entry)
            if why:
                left_out[why] += 1
            else:
                entries += _entries(entry)
    if not ours:
        raise _Wrong(f"it tells of {', '.join(sorted(others)) or 'no account'}, not of {iban}")
    return Statement(tuple(_told_apart(entries)), dict(left_out))


def _parsed(data: bytes) -> etree._Element:
    if len(data) > LARGEST:
        raise _Wrong(f"it is larger than {LARGEST // 1024**2} MB", "Ask the bank for a file a day.")
    if not data.strip():
        raise _Wrong("it is empty")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _Wrong(f"it is not XML that can be read: {str(error)[:200]}") from None
    if root.getroottree().docinfo.doctype or root.getroottree().docinfo.internalDTD is not None:
        raise _Wrong("it declares a document type, which no bank does", "Fetch it from the bank again.")
    return root


def _reports(root: etree._Element) -> Iterator[etree._Element]:
    found = _MESSAGE.fullmatch(str(root.tag))
    if found is None:
        raise _Wrong("it is no message of ISO 20022", "Export camt.053 or camt.054 at the bank.")
    message, version = found[1], int(found[2])
    if message not in _REPORTS:
        raise _Wrong(f"it is a {message}", "Only camt.053 and camt.054 tell what has been booked.")
    if version not in _KNOWN:
        raise _Wrong(f"it is {message} in version .{found[2]}, which is not known here")
    body, report = _REPORTS[message]
    yield from root.iterfind(f"{{*}}{body}/{{*}}{report}")


def _left_out(entry: etree._Element) -> str:
    status = _text(entry, "Sts/Cd") or _text(entry, "Sts")
    if status.strip() != "BOOK":
        return _UNBOOKED
    incoming = _text(entry, "CdtDbtInd") == "CRDT"
    return "" if incoming or _is_return(entry) else _OUTGOING


def _is_return(entry: etree._Element) -> bool:
    return _reversal(entry) or entry.find("{*}NtryDtls/{*}TxDtls/{*}RtrInf") is not None


def _reversal(entry: etree._Element) -> bool:
    return _text(entry, "RvslInd") in ("true", "1")


def _entries(entry: etree._Element) -> list[StatementEntry]:
    amount, details = _money(entry.find("{*}Amt")), entry.findall("{*}NtryDtls/{*}TxDtls")
    if len(details) > 1:
        amounts = [_detail_amount(detail, amount.currency) for detail in details]
        told = [one for one in amounts if one is not None]
        if len(told) == len(details) and sum(one.minor for one in told) == amount.minor:
            made = [_entry(entry, *pair) for pair in zip(told, details, strict=True)]
            return [replace(one, part=at, parts=len(made)) for at, one in enumerate(made) if one is not None]
    # a sum of several whose parts are not told is one amount of which nobody knows whose it is
    single = _entry(entry, amount, details[0] if len(details) == 1 else None)
    return [single] if single is not None else []


def _entry(entry: etree._Element, amount: Money, detail: etree._Element | None) -> StatementEntry | None:
    kind = _kind(entry, detail)
    if kind is None:
        return None
    made = StatementEntry(kind, _text(entry, "AcctSvcrRef")[:35], amount, _day(entry), note=_lines(entry, _MORE))
    if detail is None:
        return made
    end_to_end = _text(detail, "Refs/EndToEndId")
    reason = _text(detail, "RtrInf/Rsn/Cd") or _text(detail, "RtrInf/Rsn/Prtry")
    return replace(
        made,
        servicer_ref=made.servicer_ref or _text(detail, "Refs/AcctSvcrRef")[:35],
        payer=(_text(detail, "RltdPties/Dbtr/Pty/Nm") or _text(detail, "RltdPties/Dbtr/Nm"))[:140],
        payer_iban="".join(_text(detail, "RltdPties/DbtrAcct/Id/IBAN").split()).upper()[:34],
        references=_lines(detail, "RmtInf/Strd/CdtrRefInf/Ref"),
        note=_lines(detail, "RmtInf/Ustrd") or _lines(detail, "AddtlTxInf") or made.note,
        end_to_end_id="" if end_to_end in _NO_REFERENCE else end_to_end[:35],
        reason=" ".join([reason, *_lines(detail, "RtrInf/AddtlInf")]).strip()[:200],
    )


def _kind(entry: etree._Element, detail: etree._Element | None) -> StatementKind | None:
    """None: we have paid somebody."""
    incoming = _text(entry, "CdtDbtInd") == "CRDT"
    returned = _reversal(entry) or (detail is not None and detail.find("{*}RtrInf") is not None)
    if not returned:
        return StatementKind.RECEIVED if incoming else None
    return StatementKind.SENT_BACK if incoming else StatementKind.TAKEN_BACK


def _told_apart(entries: list[StatementEntry]) -> Iterator[StatementEntry]:
    """Some banks give no reference: what an entry says takes its place, and equal ones of a file are counted.

    Others give one reference to several: what differs is told apart, what is told twice is left out.
    """
    counted, known = Counter[str](), dict[tuple[StatementKind, str, int], str]()
    for entry in entries:
        digest = _digest(entry)
        if entry.servicer_ref in _NO_REFERENCE:
            counted[digest] += 1
            again = f":{counted[digest]}" if counted[digest] > 1 else ""
            yield replace(entry, servicer_ref=f"hash:{digest}{again}")
            continue
        first = known.setdefault((entry.kind, entry.servicer_ref, entry.part), digest)
        if first != digest:
            yield replace(entry, servicer_ref=f"{entry.servicer_ref}:{digest[:8]}")
        elif counted[f"{entry.servicer_ref}/{entry.part}/{digest}"] == 0:
            yield entry
        counted[f"{entry.servicer_ref}/{entry.part}/{digest}"] += 1


def _digest(entry: StatementEntry) -> str:
    said = [entry.kind.value, str(entry.amount), entry.booked_on.isoformat(), str(entry.part), entry.payer_iban]
    said += [entry.end_to_end_id, *entry.references, "".join("".join(entry.note).split())]
    return hashlib.sha256("\0".join(said).encode()).hexdigest()[:24]


def _detail_amount(detail: etree._Element, currency: str) -> Money | None:
    found = detail.find("{*}Amt")
    if found is None:
        found = detail.find("{*}AmtDtls/{*}TxAmt/{*}Amt")
    return _money(found) if found is not None and found.get("Ccy") == currency else None


def _money(element: etree._Element | None) -> Money:
    if element is None:
        raise _Wrong("an entry has no amount")
    whole, _, part = (element.text or "").strip().partition(".")
    text = f"{whole}.{part.rstrip('0')}" if part.rstrip("0") else whole
    try:
        amount = Money.parse(text, str(element.get("Ccy", "")))
    except InvalidInput as error:
        raise _Wrong(f"an entry has an amount that can't be read: {error.why}") from None
    if amount.minor <= 0 or amount.minor >= 10**15:
        raise _Wrong(f"an entry has the amount {element.text}")
    return amount


def _day(entry: etree._Element) -> date:
    text = _text(entry, "BookgDt/Dt") or _text(entry, "BookgDt/DtTm") or _text(entry, "ValDt/Dt")
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise _Wrong(f"an entry was booked on {text[:30] or 'no day'}") from None


def _text(element: etree._Element, path: str) -> str:
    found = element.find("/".join(f"{{*}}{step}" for step in path.split("/")))
    return (found.text or "").strip() if found is not None else ""


def _lines(element: etree._Element, path: str) -> tuple[str, ...]:
    found = element.findall("/".join(f"{{*}}{step}" for step in path.split("/")))
    return tuple(one.text[:500] for one in found[:100] if one.text and one.text.strip())
