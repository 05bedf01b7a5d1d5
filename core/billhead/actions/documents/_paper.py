"""A document as its template gets it: everything is text, in the reader's language and formats."""

import re
from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

from segno import helpers

from billhead.actions.documents._shown import PartyShown, Shown, ShownLine, reason_of
from billhead.actions.documents.describe_line import describe_line
from billhead.actions.documents.taxes_of import TaxSum
from billhead.actions.rates._lookup import Pair, worth_minor
from billhead.domain.creditor_reference import About, Reference
from billhead.domain.document import Kind
from billhead.domain.money import Money
from billhead.wording import Wording

__all__ = ["frame", "page_of_document", "party", "title_of"]

_TITLES = {Kind.INVOICE: "Invoice", Kind.CREDIT_NOTE: "Credit note", Kind.PROFORMA: "Order"}
_UNTAXED = {
    "reverse_charge": "Reverse charge: VAT is due from the recipient (Article 196 of Directive 2006/112/EC)",
    "exempt": "Exempt from VAT",
    "intra_community": "Exempt intra-Community supply of goods (Article 138 of Directive 2006/112/EC)",
    "outside_scope": "Outside the scope of EU VAT",
    "export": "Exempt export of goods (Article 146 of Directive 2006/112/EC)",
}
_OF_VAT = frozenset({"standard", "oss", "unregistered", "below_threshold", "reduced", "zero", "vat", "iva", *_UNTAXED})
_LONG = re.compile(r"\S{32,}")


def frame(issuer: PartyShown, words: Wording, title: str, number: str, accent: str, stamp: str = "") -> dict[str, Any]:
    """What `paper.typ` needs for every kind of document."""
    return {
        "language": words.language,
        "direction": "rtl" if words.right_to_left else "ltr",
        "accent": accent,
        "title": title,
        "number": number,
        "stamp": stamp,
        "issuer": party(issuer, words),
        "foot": list(_foot(issuer, words)),
        "words": {"page": words.say("Page {page} of {pages}")},
    }


def title_of(kind: str, words: Wording) -> str:
    return words.say(_TITLES[Kind(kind)])


def page_of_document(shown: Shown, words: Wording, accent: str, pay_url: str) -> dict[str, Any]:
    """The data of `document.typ`."""
    title = title_of(shown.kind, words)
    data = frame(shown.issuer, words, title, shown.number, accent, _stamp(shown, words))
    columns = _columns(shown)
    to_pay = shown.owed_minor if shown.stands else 0
    return {
        **data,
        "buyer": party(shown.buyer, words, buyer=True),
        "buyer_label": words.say("Bill to"),
        "facts": list(_facts(shown, words)),
        "headline": _headline(shown, words),
        "amounts_in": words.say("Amounts in %(currency)s", currency=shown.currency),
        "columns": [{"label": words.say(label), "number": name not in ("what", "rate")} for name, label in columns],
        "rows": [_row(line, shown, words, [name for name, _ in columns]) for line in shown.lines],
        "sums": list(_sums(shown, words)),
        "tax_head": [words.say(label) for label in ("Tax", "Rate", "Taxable amount", "Tax amount")],
        "taxes": [_tax(tax, shown.currency, words) for tax in shown.taxes],
        "payments_label": words.say("Payments"),
        "payments": [
            [words.day(paid.on), _how(paid.how, paid.credit_note, words), words.money(paid.minor, shown.currency)]
            for paid in shown.payments
        ],
        "pay": _pay(shown, words, pay_url) if to_pay else None,
        "notes": list(_notes(shown, words)),
    }


def party(one: PartyShown, words: Wording, *, buyer: bool = False) -> dict[str, Any]:
    """Name and address as lines, with the country in the reader's language, and what tax law wants of it."""
    place = words.upright(" ".join(part for part in (one.postcode, one.city) if part))
    first = [one.company, one.name] if buyer else [one.name]
    lines = [*first, one.street, place, words.country(one.country) if one.country else ""]
    ids = [f"{words.say('VAT ID')} {words.upright(one.vat_id)}"] if one.vat_id else []
    return {
        "name": one.addressed if buyer else one.name,
        "brand": one.company or one.name,
        "lines": [_breakable(line) for line in dict.fromkeys(lines) if line],
        "ids": ids,
        "email": one.email,
    }


def _stamp(shown: Shown, words: Wording) -> str:
    """What lies across a page that nobody shall take for a standing document."""
    if shown.state == "draft":
        return words.say("DRAFT")
    return "" if shown.stands else words.say("VOID")


def _breakable(text: str) -> str:
    """A word that is longer than a column may be broken, so that it doesn't run off the page."""
    return _LONG.sub(lambda word: "\u200b".join(word[0][at : at + 20] for at in range(0, len(word[0]), 20)), text)


def _foot(issuer: PartyShown, words: Wording) -> Iterator[str]:
    place = words.upright(" ".join(part for part in (issuer.postcode, issuer.city) if part))
    country = words.country(issuer.country) if issuer.country else ""
    yield " · ".join(part for part in (issuer.name, issuer.street, place, country) if part)
    ids = (
        (words.say("VAT ID"), words.upright(issuer.vat_id)),
        (words.say("Tax number"), issuer.more.get("tax_number", "")),
        ("", issuer.more.get("registration", "")),
        (words.say("Phone"), words.upright(issuer.more.get("phone", ""))),
        ("", issuer.email),
    )
    said = " · ".join(f"{label} {text}".strip() for label, text in ids if text)
    if said:
        yield said
    yield from issuer.more.get("legal_footer", "").splitlines()[:3]


def _facts(shown: Shown, words: Wording) -> Iterator[tuple[str, str]]:
    """The label and the text of each, beside the buyer."""
    yield words.say("Number"), shown.number
    yield words.say("Date"), words.day(shown.issued_on)
    periods = [line for line in shown.lines if line.start and line.end]
    if periods:
        first, last = min(one.start for one in periods if one.start), max(one.end for one in periods if one.end)
        yield words.say("Period"), words.period(first, last)
    if shown.due_on:
        yield words.say("Due"), words.day(shown.due_on)
    if shown.corrects:
        yield words.say("Corrects invoice"), shown.corrects[0]
    if shown.buyer.more.get("reference"):
        yield words.say("Your reference"), shown.buyer.more["reference"]


def _headline(shown: Shown, words: Wording) -> dict[str, str]:
    """What the reader wants to know first: how much, and by when or since when."""
    amount = words.money(shown.owed_minor or shown.total_minor, shown.currency)
    if shown.state == "draft":
        return {"amount": amount, "text": words.say("not issued yet")}
    if not shown.stands:
        return {"amount": amount, "text": words.say("This document is void.")}
    if shown.owed_minor:
        by = words.say("to pay by %(day)s", day=words.day(shown.due_on)) if shown.due_on else words.say("to pay")
        return {"amount": amount, "text": by}
    if shown.kind == Kind.CREDIT_NOTE:
        return {"amount": amount, "text": words.say("credited to you")}
    if shown.payments and shown.settled_minor >= shown.total_minor:
        return {"amount": amount, "text": words.say("paid on %(day)s", day=words.day(shown.payments[-1].on))}
    return {"amount": amount, "text": words.say("nothing left to pay") if shown.kind == Kind.INVOICE else ""}


def _columns(shown: Shown) -> list[tuple[str, str]]:
    """Which columns the table has: those that every line would leave empty are left out."""
    discounts = any(line.discount_minor for line in shown.lines)
    taxed = any(line.taxes for line in shown.lines)
    columns = [("what", "Description")]
    if any(line.quantity != 1 for line in shown.lines):
        columns.append(("quantity", "Quantity"))
    if discounts:
        columns += [("price", "Price"), ("discount", "Discount")]
    columns.append(("net", "Net" if taxed else "Amount"))
    if taxed:
        columns += [("rate", "Tax"), ("gross", "Amount")]
    return columns


def _row(line: ShownLine, shown: Shown, words: Wording, names: Sequence[str]) -> dict[str, Any]:
    currency = shown.currency
    cells = {
        "quantity": str(line.quantity),
        "price": words.number(line.net_minor + line.discount_minor, currency),
        "discount": words.number(-line.discount_minor, currency) if line.discount_minor else "",
        "net": words.number(line.net_minor, currency),
        "rate": " + ".join(words.percent(tax.ppm) for tax in line.taxes),
        "gross": words.number(line.gross_minor, currency),
    }
    period = words.period(line.start, line.end) if line.start and line.end else words.term(line.term)
    below = " · ".join(part for part in (period, line.discount_code) if part)
    single = _One(line.kind, line.description)
    return {
        "what": _breakable(describe_line(single, words.say, words.own)),
        "period": below,
        "cells": [cells[name] for name in names[1:]],
    }


class _One:
    """A line without its quantity, which has a column of its own."""

    quantity = 1

    def __init__(self, kind: str, description: str) -> None:
        self.kind, self.description = kind, description


def _sums(shown: Shown, words: Wording) -> Iterator[dict[str, str]]:
    """Label, amount and weight of each row below the lines."""

    def row(label: str, minor: int, weight: str = "") -> dict[str, str]:
        return {"label": label, "amount": words.money(minor, shown.currency), "weight": weight}

    if shown.taxes:
        yield row(words.say("Net"), shown.net_minor)
        for tax in shown.taxes:
            yield row(f"{_tax_name(tax, words)} {words.percent(tax.rate_ppm)}", tax.tax_minor)
    yield row(words.say("Total"), shown.total_minor, "total")
    if shown.kind == Kind.INVOICE and shown.stands:
        if shown.settled_minor:
            yield row(words.say("Paid"), -shown.settled_minor)
        yield row(words.say("To pay"), shown.owed_minor, "strong")


def _tax(tax: TaxSum, currency: str, words: Wording) -> list[str]:
    name = _tax_name(tax, words)
    if tax.name and not tax.name.isupper():
        name = f"{name}, {words.say(tax.name)}"
    net, minor = words.number(tax.net_minor, currency), words.number(tax.tax_minor, currency)
    return [name, words.percent(tax.rate_ppm), net, minor]


def _tax_name(tax: TaxSum, words: Wording) -> str:
    """ "VAT DE"; a tax that has a name of its own goes by it: "CA-QC:qst" → "QST CA-QC"."""
    reason = reason_of(tax.code)
    own = tax.name if tax.name.isupper() else words.say("Tax")
    name = words.say("VAT") if not reason or reason in _OF_VAT else own
    return f"{name} {tax.place}".strip()


def _how(account: str, credit_note: str, words: Wording) -> str:
    if credit_note:
        return f"{words.say('Credit note')} {credit_note}"
    return words.own(account) or words.say("Credit on your account")


def _pay(shown: Shown, words: Wording, pay_url: str) -> dict[str, Any]:
    """How to pay what is owed: by bank, with a code for banking apps where it is euro, and online."""
    bank = shown.issuer.more
    iban = bank.get("iban", "")
    rows = [
        (words.say("Account holder"), bank.get("account_holder") or shown.issuer.name),
        ("IBAN", " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))),
        ("BIC", bank.get("bic", "")),
        (words.say("Bank"), bank.get("bank", "")),
        (words.say("Reference"), _reference(shown).printed),
    ]
    return {
        "label": words.say("How to pay"),
        "bank": [row for row in rows if row[1]] if iban else [],
        "code": _epc_code(shown) if iban and shown.currency == "EUR" else "",
        "code_label": words.say("Scan it with your bank's app"),
        "online_label": words.say("Pay online"),
        "online": pay_url,
    }


def _reference(shown: Shown) -> Reference:
    """The number stands on the paper too, and is understood as well; this one has check digits."""
    return Reference(About.DOCUMENT, shown.document_id)


def _epc_code(shown: Shown) -> str:
    """The European Payments Council's code for a transfer, as an SVG picture."""
    bank = shown.issuer.more
    amount = Money(shown.owed_minor, shown.currency).decimal()
    if not 0 < amount <= 999_999_999:
        return ""
    code = helpers.make_epc_qr(
        name=(bank.get("account_holder") or shown.issuer.name)[:70],
        iban=bank["iban"],
        bic=bank.get("bic") or None,
        amount=amount,
        reference=_reference(shown).text,
        encoding="utf-8",
    )
    picture = BytesIO()
    code.save(picture, kind="svg", border=2, scale=4)
    return picture.getvalue().decode()


def _notes(shown: Shown, words: Wording) -> Iterator[str]:
    """What has to be said below the sums: the law asks for a word where no tax is charged."""
    if shown.corrects:
        number, day = shown.corrects
        dated = words.day(day) if day else "–"
        yield words.say("This credit note corrects invoice %(number)s of %(day)s.", number=number, day=dated)
    told = list(shown.notes)
    if not told:
        reasons = dict.fromkeys(reason_of(tax.code) for tax in shown.taxes)
        told = [_UNTAXED[reason] for reason in reasons if reason in _UNTAXED]
    for note in told:
        yield words.say_note(note)
    if shown.base and shown.tax_minor:
        yield _tax_at_home(shown, words)
    if shown.kind == Kind.PROFORMA:
        yield words.say("This is an order, not an invoice: the invoice follows with the payment.")


def _tax_at_home(shown: Shown, words: Wording) -> str:
    """Tax law wants the tax of an invoice in another currency in the seller's own as well."""
    assert shown.base is not None
    currency, rate = shown.base
    minor = worth_minor(shown.tax_minor, Pair(shown.currency, currency), rate)
    return words.say(
        "Tax in %(home)s: %(amount)s, at 1 %(currency)s = %(rate)s %(home)s.",
        home=currency,
        amount=words.money(minor, currency),
        currency=shown.currency,
        rate=words.decimal(rate),
    )
