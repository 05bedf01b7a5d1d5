"""How facts are written: in a language, for the zone of whoever reads it, as plain text and as HTML."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from markupsafe import Markup

from billhead.actions.notifications._values import Address, Bill, BillLine, Debts, Happenings, Month, Own, Rows, TermOf
from billhead.domain.money import CREDITS, Money
from billhead.wording import Wording

__all__ = ["Shown", "Voice"]


@dataclass(frozen=True, slots=True)
class Shown:
    """`bare` is the text without marks of direction, for a subject. A `block` stands on lines of its own.
    `leads`: it is the address of a page."""

    text: str
    html: Markup
    bare: str
    block: bool = False
    leads: bool = False


@dataclass(frozen=True, slots=True)
class Voice:
    words: Wording
    zone: str
    button: Callable[[str, str], Markup]  # a link that is hard to miss

    def show(self, value: object) -> Shown:
        if isinstance(value, Address):
            return Shown(value, Markup('<a href="{0}">{0}</a>').format(value), value, leads=True)
        if isinstance(value, Rows):
            return self._rows(value)
        if isinstance(value, Bill):
            return self._bill(value)
        if isinstance(value, Debts):
            return self._debts(value)
        if isinstance(value, Happenings):
            return self._happenings(value)
        said = self.plain(value)
        html = Markup("<bdi>{}</bdi>").format(_broken(said)) if said else Markup()
        return Shown(said if "\n" in said else self.words.upright(said), html, said)

    def plain(self, value: object) -> str:
        if value is None or isinstance(value, bool):
            return ""
        if isinstance(value, Money):
            written = self.words.number if value.currency == CREDITS else self.words.money
            return written(value.minor, value.currency)
        if isinstance(value, datetime):
            local = value.astimezone(ZoneInfo(self.zone))
            return f"{self.words.long_day(local)}{'،' if self.words.right_to_left else ','} {local:%H:%M}"
        if isinstance(value, date):
            return self.words.long_day(value)
        if isinstance(value, Month):
            return self.words.long_month(value.day)
        if isinstance(value, Own):
            return self.words.own(value)
        if isinstance(value, TermOf):
            return self.words.term(value.term)
        if isinstance(value, Decimal):
            return self.words.decimal(str(value))
        if isinstance(value, list):
            return self.words.listed(self._told(one) for one in value)
        return str(value(self.words)) if callable(value) else str(value)

    def _told(self, value: object) -> str:
        """Within a sentence of ours: it keeps its own order there, whatever stands beside it."""
        return self.words.upright(self.plain(value))

    def _rows(self, value: Rows) -> Shown:
        """What is to be typed somewhere gets no marks of direction: they would be copied with it. A list is none of
        that, and reads in the direction of the page."""
        rows = [(label(self.words), self.plain(one)) for label, one in value.rows]
        text = "\n".join(f"{label}: {one}" for label, one in rows)
        cells = Markup().join(
            _ROW.format(label, _broken(one) if isinstance(told, list) else Markup("<bdi>{}</bdi>").format(_broken(one)))
            for (label, one), (_label, told) in zip(rows, value.rows, strict=True)
        )
        return _block(text, _ROWS.format(cells))

    def _bill(self, bill: Bill) -> Shown:
        texts, cells = [], []
        for line in bill.lines:
            what, small = line.description(self.words), list(self._small(line))
            net = self.plain(line.net)
            texts.append(f"{self.words.upright(what)}{''.join(f' ({one})' for one in small)}: {self._told(line.net)}")
            below = Markup().join(Markup("<br><small><bdi>{}</bdi></small>").format(one) for one in small)
            cells.append(_ITEM.format(Markup("<bdi>{}</bdi>").format(what) + below, net))
        sums = [(self.words.say("Tax"), bill.tax)] if bill.tax else []
        for label, amount in sums:
            texts.append(f"{label}: {self.plain(amount)}")
            cells.append(_ITEM.format(label, self.plain(amount)))
        total = self.words.say("Total")
        texts.append(f"{total}: {self.plain(bill.total)}")
        cells.append(_TOTAL.format(total, self.plain(bill.total)))
        return _block("\n".join(texts), _BILL.format(Markup().join(cells)))

    def _small(self, line: BillLine) -> list[str]:
        found = [line.discount(self.words)] if line.discount is not None else []
        if line.period is not None:
            start, end = line.period
            days = {"first": self._told(start), "last": self._told(end - timedelta(days=1))}
            found.append(self.words.say("%(first)s to %(last)s", **days))
        return found

    def _debts(self, value: Debts) -> Shown:
        texts, parts = [], []
        for debt in value.debts:
            named = {"document": self._told(debt.title), "amount": self._told(debt.owed)}
            said = self.words.say("%(document)s, %(amount)s open", **named)
            texts.append(f"{said}: {debt.pay_url}")
            parts.append(Markup("<p>{}</p>").format(said) + self.button(debt.pay_url, self.words.say("Pay now")))
        return _block("\n".join(texts), Markup().join(parts))

    def _happenings(self, value: Happenings) -> Shown:
        rows = [(one.said, self.plain(one.at), one.url) for one in value.happenings]
        text = "\n".join(f"- {self.words.upright(said)} ({self.words.upright(at)}): {url}" for said, at, url in rows)
        items = Markup().join(_HAPPENING.format(url, said, at) for said, at, url in rows)
        return _block(text, _HAPPENINGS.format(items))


_ROWS = Markup('<table style="border-collapse:collapse">{}</table>')
_BILL = Markup('<table style="border-collapse:collapse;width:100%">{}</table>')
_ROW = Markup(
    '<tr><th scope="row" style="padding:4px 0;padding-inline-end:12px;text-align:start;vertical-align:top;'
    'font-weight:600">{}</th><td style="padding:4px 0;word-break:break-all">{}</td></tr>'
)
_ITEM = Markup(
    '<tr><td style="padding:4px 0;padding-inline-end:12px">{}</td>'
    '<td style="padding:4px 0;text-align:end;white-space:nowrap;vertical-align:top">{}</td></tr>'
)
_TOTAL = Markup(
    '<tr><th scope="row" style="padding:8px 0 4px;text-align:start;border-top:1px solid currentColor">{}</th>'
    '<td style="padding:8px 0 4px;text-align:end;white-space:nowrap;border-top:1px solid currentColor;'
    'font-weight:600">{}</td></tr>'
)
_HAPPENINGS = Markup('<ul style="padding:0;padding-inline-start:1.2em">{}</ul>')
_HAPPENING = Markup('<li style="margin:8px 0"><a href="{}"><bdi>{}</bdi></a><br><small><bdi>{}</bdi></small></li>')


def _broken(text: str) -> Markup:
    return Markup("<br>").join(text.splitlines())


def _block(text: str, html: Markup) -> Shown:
    return Shown(text, html, text, block=True)
