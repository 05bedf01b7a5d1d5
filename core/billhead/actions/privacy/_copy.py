"""A copy of all that is held about a customer: tables as CSV and JSON, documents as PDF, files as they were sent, and a
page to read."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from html import escape
from pathlib import PurePosixPath
from typing import Any
from zipfile import ZipFile

from sqlalchemy import ColumnElement, LargeBinary, Select, and_, exists, select

from billhead.actions.documents.render_pdf import render_pdf
from billhead.actions.privacy._belongings import BELONGINGS
from billhead.actions.privacy._rows import table_of, theirs
from billhead.csv_lines import csv_lines
from billhead.db import reading
from billhead.models.banking import TransferProof
from billhead.models.documents import Document
from billhead.models.people import Customer
from billhead.models.sellers import Seller
from billhead.models.support import TicketFile, TicketMessage
from billhead.wording import marked, wording

__all__ = ["GROUPS", "write_copy"]

GROUPS = {
    "profile": "You",
    "consents": marked("What you agreed to"),
    "logins": marked("Logins, devices and sessions"),
    "services": marked("Subscriptions, lines and boxes"),
    "documents": marked("Invoices and other documents"),
    "payments": marked("Payments and ways to pay"),
    "credit": "Credit",
    "support": marked("What you wrote to us, and our answers"),
    "messages": marked("Messages to you, and how you want them"),
    "viewing": marked("What was watched, and from where"),
    "orders": marked("What came with your orders"),
}
"""The parts of a copy, in their order, as its reader is told."""

_SHOWN = 200  # rows of a table on the page; all are in its file

Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: list[str]
    query: Select[Any]

    @property
    def path(self) -> str:
        return f"data/{BELONGINGS[self.name].group}/{self.name}.csv"


def write_copy(archive: ZipFile, customer_id: int, tell: Told) -> None:
    """`tell(what, done, of)` is called before each step, with no session open."""
    with reading() as session:
        customer = session.get_one(Customer, customer_id)
        seller = session.get_one(Seller, customer.seller_id)
        documents = session.scalars(
            select(Document.id).where(Document.customer_id == customer_id).order_by(Document.id)
        ).all()
    tables, parts = _tables(customer_id), _Page(customer, seller)
    of, everything = len(tables) + len(documents) + 1, {}
    for done, table in enumerate(tables):
        tell(table.name.replace("_", " "), done, of)
        everything[table.name] = _write_table(archive, table, parts)
    for done, document_id in enumerate(documents, len(tables)):
        tell(f"document {document_id}", done, of)
        parts.files.append(_write_document(archive, document_id))
    tell("files", of - 1, of)
    parts.files += _write_files(archive, customer_id)
    archive.writestr("data.json", json.dumps(everything, ensure_ascii=False, indent=1, default=_plain))
    archive.writestr("index.html", parts.html())


def _tables(customer_id: int) -> list[_Table]:
    found = []
    for group in GROUPS:
        for name, mine in BELONGINGS.items():
            if mine.group == group:
                table = table_of(name)
                hidden = set(mine.hides.split())
                shown = [c for c in table.c if c.name not in hidden and not isinstance(c.type, LargeBinary)]
                query = select(*shown).where(_told(name, customer_id)).order_by(*table.primary_key.columns)
                found.append(_Table(name, [c.name for c in shown], query))
    return found


def _told(name: str, customer_id: int) -> ColumnElement[bool]:
    """Theirs, without the notes that staff keep for themselves, and what is attached to them."""
    mine, note = theirs(name, customer_id), TicketMessage.kind == "note"
    if name == "ticket_message":
        return and_(mine, ~note)
    if name == "ticket_file":
        return and_(mine, ~exists().where(TicketMessage.id == TicketFile.message_id, note))
    return mine


def _write_table(archive: ZipFile, table: _Table, page: "_Page") -> list[dict[str, Any]]:
    with reading() as session:
        rows = session.execute(table.query).all()
    if rows:
        cells: list[Sequence[Any]] = [[_plain(value) if value is not None else "" for value in row] for row in rows]
        archive.writestr(table.path, "\ufeff" + "".join(csv_lines(table.columns, cells)))
        page.tables.append((table, cells[:_SHOWN], len(rows)))
    return [dict(zip(table.columns, row, strict=True)) for row in rows]


def _write_document(archive: ZipFile, document_id: int) -> tuple[str, str]:
    with reading() as session:
        row = session.get_one(Document, document_id)
        pdf = render_pdf(session, row)
    name = _safe(row.number_text) or str(row.id)
    path = f"documents/{row.kind.replace('_', '-')}-{name}.pdf"
    archive.writestr(path, pdf)
    return path, "documents"


def _write_files(archive: ZipFile, customer_id: int) -> Iterator[tuple[str, str]]:
    """As they were sent; the name of each begins with its number, so that two of one name are two."""
    for model, folder, group in ((TicketFile, "tickets", "support"), (TransferProof, "transfers", "payments")):
        table: Any = model
        with reading() as session:
            ids = session.scalars(select(table.id).where(_told(table.__tablename__, customer_id))).all()
        for file_id in ids:
            with reading() as session:
                name, data = session.execute(select(table.file_name, table.data).where(table.id == file_id)).one()
            path = f"files/{folder}/{file_id}-{_safe(PurePosixPath(name).name) or 'file'}"
            archive.writestr(path, data)
            yield path, group


def _safe(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in name).strip(".")[:100]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, dict | list) else value


class _Page:
    """The page to read: plain HTML without anything from elsewhere, so that it opens in years."""

    def __init__(self, customer: Customer, seller: Seller) -> None:
        self.customer, self.seller = customer, seller
        self.tables: list[tuple[_Table, list[Sequence[Any]], int]] = []
        self.files: list[tuple[str, str]] = []

    def html(self) -> str:
        words = wording(self.customer.language)
        say, out = words.say, []
        title = say(marked("Your data at %(seller)s"), seller=self.seller.name)
        turned = ' dir="rtl"' if words.right_to_left else ""
        out.append(f'<!doctype html><html lang="{escape(words.language)}"{turned}><meta charset="utf-8">')
        out.append(f"<title>{escape(title)}</title><style>{_STYLE}</style><h1>{escape(title)}</h1>")
        out.append(f"<p>{escape(say(_ALL_OF_IT))} <a href='data.json'>data.json</a></p>")
        for group, name in GROUPS.items():
            mine = [one for one in self.tables if BELONGINGS[one[0].name].group == group]
            files = [path for path, of in self.files if of == group]
            if mine or files:
                out.append(f"<h2>{escape(say(name))}</h2>")
                out += [part for one in mine for part in self._table(one, say)]
                links = (f'<li><a href="{escape(path)}">{escape(path.rpartition("/")[2])}</a>' for path in files)
                out += ["<ul>", *links, "</ul>"] if files else []
        return "\n".join(out)

    def _table(self, shown: tuple[_Table, list[Sequence[Any]], int], say: Callable[..., str]) -> Iterator[str]:
        table, rows, count = shown
        yield f'<h3><a href="{escape(table.path)}">{escape(table.name.replace("_", " "))}</a> ({count})</h3>'
        yield "<div><table><tr>" + "".join(f"<th>{escape(one.replace('_', ' '))}" for one in table.columns)
        for row in rows:
            yield "<tr>" + "".join(f"<td>{escape(str(value))}" for value in row)
        yield "</table></div>"
        if count > len(rows):
            yield f"<p>{escape(say(_OTHERS))}</p>"


_ALL_OF_IT = marked("All of it, to be read by programs as well:")
_OTHERS = marked("The other rows are in the file.")
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
    "div{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem}"
    "th,td{border:1px solid #bbb;padding:.3rem .5rem;text-align:start;vertical-align:top}"
)
