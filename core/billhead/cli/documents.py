"""`billhead documents`: one as PDF or as e-invoice, and what the validator of EN 16931 says about it."""

import sys
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from billhead.actions.documents._formats import FORMATS
from billhead.actions.documents._shown import read_shown
from billhead.actions.documents.einvoice.check import Finding, findings
from billhead.actions.documents.einvoice.semantic import off_by_minor
from billhead.actions.documents.render_pdf import render_pdf
from billhead.actions.documents.write_einvoice import write_einvoice
from billhead.cli import in_app, json_option, show
from billhead.db import reading
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.money import Money
from billhead.domain.whole_number import whole_number
from billhead.models.documents import Document
from billhead.wording import LANGUAGES

__all__ = ["group"]

_out = click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it to this file.")


@click.group()
def group() -> None:
    """Documents: as PDF, as e-invoice."""


@group.command()
@click.argument("document")
@click.option("--language", default="", help="Instead of the customer's own.")
@_out
@in_app
def pdf(document: str, language: str, out: Path | None) -> None:
    """A document as PDF, by its id or its number."""
    if language and language not in LANGUAGES:
        raise InvalidInput("language", f"{language!r} is not one of {', '.join(LANGUAGES)}")
    with reading() as session:
        data = render_pdf(session, _found(session, document), language=language)
    _put(data, out)


@group.command()
@click.argument("document")
@click.option("--format", "format_", type=click.Choice(list(FORMATS)), default="ubl", show_default=True)
@click.option("--check", is_flag=True, help="Say what the validator says, instead of printing it.")
@_out
@json_option
@in_app
def einvoice(document: str, format_: str, check: bool, out: Path | None, as_json: bool) -> None:
    """A document as e-invoice by EN 16931. With --check the exit code is 1 when it is not valid."""
    with reading() as session:
        row = _found(session, document)
        made = write_einvoice(session, row, format_)
        off = off_by_minor(read_shown(session, row))
    if out is not None:
        out.write_bytes(made.data)
    if not check and not as_json:
        if out is None:
            _put(made.data, None)
        return
    found = findings(made.xml, made.syntax) if check else []
    valid = not any(one.fatal for one in found)
    told: dict[str, Any] = {"document": row.number_text, "format": format_, "bytes": len(made.data)}
    if check:
        told |= {"valid": valid, "findings": [one._asdict() for one in found]}
        told["off_by"] = {rate: str(Money(minor, row.currency)) for rate, minor in off.items()}
    show(told, as_json, _lines(row, format_, found, off))
    if not valid:
        raise SystemExit(1)


def _lines(row: Document, format_: str, found: list[Finding], off: dict[str, int]) -> list[str]:
    valid = not any(one.fatal for one in found)
    verdict = "valid by the schema and by the rules of EN 16931" if valid else "NOT VALID"
    lines = [f"{row.number_text} as {format_}: {verdict}."]
    lines += [f"  {one.rule}{'' if one.fatal else ' (warning)'}: {one.text}" for one in found]
    lines += [
        f"  Note: the tax at {rate} is {Money(minor, row.currency)} from tax on the sum of that rate, as the seller"
        " rounds; less than 1 is allowed."
        for rate, minor in off.items()
    ]
    return lines


def _found(session: Session, named: str) -> Document:
    """By number first: a number may look like an id. Two sellers may use one number, an id is never shared."""
    rows = session.scalars(select(Document).where(Document.number_text == named).limit(2)).all()
    if len(rows) > 1:
        raise Conflict(f"{named} is the number of several documents", hint="use the id")
    key = whole_number(named)
    row = rows[0] if rows else session.get(Document, key) if key is not None else None
    if row is None:
        raise NotFound("document", named)
    return row


def _put(data: bytes, out: Path | None) -> None:
    if out is not None:
        out.write_bytes(data)
        return
    if sys.stdout.isatty() and data.startswith(b"%PDF"):
        raise InvalidInput("out", "a PDF is not for the screen", hint="name a file: --out invoice.pdf")
    click.echo(data, nl=False)
