"""From a document to the terms of EN 16931, or the reason why it can't be told in them.

What was billed is told as it was billed, to the cent: the e-invoice, the PDF, the ledger and the tax report agree. The
norm reckons tax on the sum of a rate (BR-CO-17); a seller that rounds each line, or sells at prices with tax, can be
cents away from that. The norm's own validator allows less than one unit of the currency for it, and so do we.
"""

from datetime import timedelta
from fractions import Fraction

from billhead.actions.documents._shown import PartyShown, Shown, ShownLine, reason_of
from billhead.actions.documents.describe_line import describe_line
from billhead.actions.documents.einvoice.model import Item, Party, Payee, Scheme, SemanticInvoice, VatGroup
from billhead.actions.documents.taxes_of import TaxSum
from billhead.actions.rates._lookup import Pair, worth_minor
from billhead.domain.document import Kind
from billhead.domain.errors import Conflict
from billhead.domain.money import CREDITS, Money, Rounding, exponent, round_ratio
from billhead.domain.tax import MILLION
from billhead.wording import Wording

__all__ = ["off_by_minor", "semantic"]

_CATEGORY = {
    "reverse_charge": ("AE", "VATEX-EU-AE", "Reverse charge"),
    "intra_community": ("K", "VATEX-EU-IC", "Intra-Community supply"),
    "export": ("G", "VATEX-EU-G", "Export outside the EU"),
    "outside_scope": ("O", "VATEX-EU-O", "Not subject to VAT"),
    "exempt": ("E", "", "Exempt from VAT"),
    "not_registered": ("O", "VATEX-EU-O", "Not subject to VAT"),
    "not_taxed": ("O", "VATEX-EU-O", "Not subject to VAT"),
    "": ("O", "VATEX-EU-O", "Not subject to VAT"),
}
"""Reason of a tax engine → category of the norm, code and text of the exemption."""

_RATED = frozenset({"standard", "oss", "unregistered", "below_threshold", "reduced", "zero", "vat", "iva"})
_EXEMPT = ("Exempt from VAT: ", "Exempt from tax: ")


def semantic(shown: Shown, words: Wording) -> SemanticInvoice:
    """Raises Conflict, with what would have to be different, for a document that the norm has no words for."""
    _tellable(shown)
    groups = tuple(_group(tax, shown) for tax in _groups(shown))
    outside = any(group.category == "O" for group in groups)
    if outside and len(groups) > 1:
        raise _untellable("some of it is outside the scope of VAT and some is not", "bill them on two documents")
    starts = [line.start for line in shown.lines if line.start]
    ends = [line.end for line in shown.lines if line.end]
    is_credit = shown.kind == Kind.CREDIT_NOTE
    prepaid = 0 if is_credit else shown.settled_minor
    seller, buyer = _party(shown.issuer, outside, seller=True), _party(shown.buyer, outside, seller=False)
    _identified(seller, buyer, {group.category for group in groups})
    home = shown.base if shown.tax_minor else None
    is_goods = any(group.category == "K" for group in groups)
    return SemanticInvoice(
        type_code="381" if is_credit else "380",
        number=shown.number,
        issued_on=shown.issued_on,
        due_on=shown.due_on,
        terms=words.say("credited to you") if is_credit else "",
        currency=shown.currency,
        tax_currency=home[0] if home else "",
        tax_in_tax_currency=_tax_at_home(shown, *home) if home else "",
        buyer_reference=shown.buyer.more.get("reference", ""),
        notes=_notes(shown, words),
        preceding=shown.corrects,
        seller=seller,
        buyer=buyer,
        start=min(starts, default=shown.issued_on if is_goods else None),
        last=max(ends) - timedelta(days=1) if ends else shown.issued_on if is_goods else None,
        delivery_country=shown.buyer.country,
        payee=_payee(shown),
        items=tuple(_item(line, shown, words) for line in shown.lines),
        groups=groups,
        line_total=_amount(shown.net_minor, shown.currency),
        tax_total=_amount(shown.tax_minor, shown.currency),
        total=_amount(shown.total_minor, shown.currency),
        prepaid=_amount(prepaid, shown.currency) if prepaid else "",
        payable=_amount(shown.total_minor - prepaid, shown.currency),
    )


def off_by_minor(shown: Shown) -> dict[str, int]:
    """By how many minor units the tax of each rate differs from tax on the sum of that rate; none where it agrees."""
    off: dict[str, int] = {}
    for tax in _groups(shown):
        reckoned = Fraction(tax.net_minor * tax.rate_ppm, MILLION)
        minor = tax.tax_minor - round_ratio(reckoned.numerator, reckoned.denominator, Rounding.HALF_UP)
        if minor:
            off[f"{_category(tax)[0]} {_percent(tax.rate_ppm)} %"] = minor
    return off


def _untellable(why: str, hint: str) -> Conflict:
    return Conflict(f"this can't be an e-invoice: {why}", code="not_an_einvoice", hint=hint)


def _tellable(shown: Shown) -> None:
    if shown.kind == Kind.PROFORMA:
        raise _untellable("an order is no invoice yet", "its invoice comes with the payment")
    if not shown.stands:
        raise _untellable(f"it is {shown.state}", "only what was issued and stands is sent")
    if shown.currency == CREDITS:
        raise _untellable("resellers' credits are no currency", "bill in money")
    if any(len(line.taxes) > 1 for line in shown.lines):
        raise _untellable("a line has several taxes, and the norm knows VAT alone", "send the PDF")
    digits = exponent(shown.currency)
    if digits > 2 and any(minor % 10 ** (digits - 2) for minor in _all_amounts(shown)):
        raise _untellable(f"{shown.currency} has {digits} decimals and the norm allows two", "send the PDF")
    for tax, minor in off_by_minor(shown).items():
        if abs(minor) >= 10**digits:
            off = Money(abs(minor), shown.currency)
            raise _untellable(
                f"the tax at {tax} is {off} away from tax on the sum of its lines, and less than 1 is allowed",
                "let the seller round tax once per rate (per_rate_keep_net)",
            )


def _all_amounts(shown: Shown) -> list[int]:
    found = [shown.net_minor, shown.tax_minor, shown.settled_minor]
    for line in shown.lines:
        found += [line.net_minor, line.tax_minor, line.discount_minor]
    return found


def _groups(shown: Shown) -> tuple[TaxSum, ...]:
    """By category and rate, as the norm wants them: Germany's 19 % once, whatever it was charged for.

    What no tax engine has looked at is outside the scope.
    """
    sums: dict[tuple[str, int], TaxSum] = {}
    untaxed = [line for line in shown.lines if not line.taxes]
    rest = (TaxSum("", "", "", 0, sum(line.net_minor for line in untaxed), 0),) if untaxed else ()
    for tax in (*shown.taxes, *rest):
        key = (_category(tax)[0], tax.rate_ppm)
        old = sums.get(key)
        net, minor = (old.net_minor, old.tax_minor) if old else (0, 0)
        sums[key] = tax._replace(net_minor=net + tax.net_minor, tax_minor=minor + tax.tax_minor)
    return tuple(sums.values())


def _category(tax: TaxSum) -> tuple[str, str, str]:
    reason = reason_of(tax.code)
    charged = tax.rate_ppm or tax.tax_minor
    if reason in _RATED:
        return ("S" if charged else "Z"), "", ""
    if charged:
        raise _untellable(f"it charges {reason.upper() or 'a tax'}, and the norm knows VAT alone", "send the PDF")
    if reason not in _CATEGORY:
        raise _untellable(f"the norm has no category for a tax of nothing with the reason {reason!r}", "send the PDF")
    return _CATEGORY[reason]


def _group(tax: TaxSum, shown: Shown) -> VatGroup:
    category, code, text = _category(tax)
    if category == "E":
        told = [note.partition(": ")[2] for note in shown.notes if note.startswith(_EXEMPT)]
        text = told[0] if told else text
    return VatGroup(
        category=category,
        rate="" if category == "O" else _percent(tax.rate_ppm),
        taxable=_amount(tax.net_minor, shown.currency),
        tax=_amount(tax.tax_minor, shown.currency),
        reason=text,
        reason_code=code,
    )


def _item(line: ShownLine, shown: Shown, words: Wording) -> Item:
    """A price below zero is not allowed, a quantity below zero is: discounts and what is returned go that way."""
    sign = -1 if line.net_minor < 0 else 1
    net, allowance = abs(line.net_minor), sign * line.discount_minor
    if allowance < 0:  # a discount that made the line dearer can't be told apart
        allowance = 0
    before = net + allowance
    quantity = line.quantity if line.quantity > 0 else 1
    exact = before % quantity == 0
    price = before // quantity if exact else before
    taxes = line.taxes[0] if line.taxes else None
    group = TaxSum(taxes.code, "", "", taxes.ppm, 0, taxes.minor) if taxes else TaxSum("", "", "", 0, 0, 0)
    category = _category(group)[0]
    return Item(
        id=str(line.position),
        name=_clean(describe_line(_Named(line), words.say)),
        description=words.term(line.term),
        quantity=str(sign * quantity),
        price=_amount(price, shown.currency),
        base_quantity="1" if exact else str(quantity),
        allowance=_amount(allowance, shown.currency) if allowance else "",
        allowance_reason=_clean(" ".join(part for part in (words.say("Discount"), line.discount_code) if part)),
        gross_of_allowance=_amount(before, shown.currency),
        net=_amount(line.net_minor, shown.currency),
        category=category,
        rate="" if category == "O" else _percent(group.rate_ppm),
        start=line.start,
        last=line.end - timedelta(days=1) if line.end else None,
    )


class _Named:
    quantity = 1

    def __init__(self, line: ShownLine) -> None:
        self.kind, self.description = line.kind, line.description


def _party(one: PartyShown, outside: bool, *, seller: bool) -> Party:
    """VAT ids must not stand on what is outside the scope of VAT (BR-O-02); a seller has to be known by something."""
    vat_id = "".join(one.vat_id.split()).upper()
    prefixed = vat_id[:2].isalpha()
    shown_vat_id = vat_id if prefixed and not outside else ""
    registration = one.more.get("registration", "") if seller else ""
    tax_number = one.more.get("tax_number", "") if seller else ""
    if vat_id and not prefixed and not outside:
        tax_number = tax_number or vat_id
    endpoint = one.more.get("endpoint", "")
    if not one.country:
        raise _untellable(f"the country of {one.name or 'a party'} is not known", "fill in the address")
    if not (one.name or one.company):
        raise _untellable("a party has no name", "fill it in")
    return Party(
        name=_clean(one.name if seller else one.addressed),
        trading_name=_clean(one.company) if seller and one.company != one.name else "",
        id=_clean(one.company or one.name) if seller and not shown_vat_id and not registration else "",
        registration=_clean(registration),
        vat_id=shown_vat_id,
        tax_number="" if outside else _clean(tax_number),
        street=_clean(one.street),
        city=_clean(one.city),
        postcode=_clean(one.postcode),
        region=_clean(one.region),
        country=one.country,
        contact=_clean(one.more.get("contact", "") or (one.name if one.company and not seller else "")),
        phone=_clean(one.more.get("phone", "")),
        email=_clean(one.email),
        endpoint=Scheme(one.more.get("endpoint_scheme") or "EM", endpoint) if endpoint else None,
    )


def _identified(seller: Party, buyer: Party, categories: set[str]) -> None:
    """Who charges VAT, or lets the buyer owe it, says under which id."""
    if categories - {"O"} and not (seller.vat_id or seller.tax_number):
        raise _untellable("the seller has no VAT id and no tax number", "enter it, then bill anew: it is frozen")
    if categories & {"AE", "K", "G"} and not seller.vat_id:
        raise _untellable("the seller has no VAT id", "enter it, then bill anew: it is frozen")
    if categories & {"AE", "K"} and not buyer.vat_id:
        raise _untellable("the buyer has no VAT id", "a reverse charge needs it")


def _payee(shown: Shown) -> Payee | None:
    more = shown.issuer.more
    if not shown.owed_minor or not more.get("iban"):
        return None
    means = "58" if shown.currency == "EUR" else "30"
    holder = more.get("account_holder") or shown.issuer.name
    return Payee(means, more["iban"], _clean(holder), more.get("bic", ""), shown.number)


def _notes(shown: Shown, words: Wording) -> tuple[str, ...]:
    return tuple(_clean(words.say_note(note)) for note in shown.notes)


def _tax_at_home(shown: Shown, currency: str, rate: str) -> str:
    return _amount(worth_minor(shown.tax_minor, Pair(shown.currency, currency), rate), currency)


def _amount(minor: int, currency: str) -> str:
    """Two decimals at most: a third one is a zero here."""
    number = Money(minor, currency).decimal()
    return f"{number:.2f}" if exponent(currency) > 2 else f"{number:f}"


def _percent(ppm: int) -> str:
    whole, rest = divmod(ppm, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")


def _clean(text: str) -> str:
    """XML has no control characters."""
    return "".join(sign if sign.isprintable() or sign == "\n" else " " for sign in text).strip()
