"""A list of the admin area: search, filters, keyset pages, CSV and what an empty one says; one query a page,
and one for its selects of things.

LIST = Listing(
    name="jobs", title="Jobs", query=select(Job.id, Job.kind, …), key=Job.id,
    columns=(text("Job", "id", to="job"), state("State", "state"), …),
    choices=(Choice("state", "State", Job.state, ("queued", "parked")),),
)

@admin.get("/jobs")
@allow("staff")
def jobs() -> ResponseReturnValue:
    return LIST.answer()
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, Select, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from billhead.db import reading
from billhead.domain.whole_number import whole_number
from billhead.web.admin.columns import Column
from billhead.web.admin.narrowing import narrowed_to
from billhead.web.csv_export import csv_response
from billhead.web.pages import page
from billhead.web.paging import page_by, page_of
from billhead.web.places import in_letters
from billhead.web.speaking import marked, say_word

__all__ = ["Choice", "Listing", "Pick", "Sort", "Typed"]

_CSV_BATCH = 500
_OFFERED = 200  # entries of a select; the others are narrowed to from their own page

Narrow = InstrumentedAttribute[Any] | Callable[[int], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Choice:
    """A filter by one of a few words. An option may stand for several: ("undecided", ("unknown", "processing")).
    `shown`: how one is said on the page. `by_name`: in the order of what is said, and not in theirs."""

    name: str
    label: str
    column: InstrumentedAttribute[Any] | ColumnElement[Any]
    options: Sequence[str | tuple[str, Sequence[str]]]
    shown: Callable[[str], str] = say_word
    by_name: bool = False

    def words(self) -> list[str]:
        return [option if isinstance(option, str) else option[0] for option in self.options]

    def offered(self) -> list[tuple[str, str]]:
        """(word, what is said) pairs of the select."""
        said = [(word, self.shown(word)) for word in self.words()]
        return sorted(said, key=lambda one: in_letters(one[1])) if self.by_name else said

    def condition(self, asked: str) -> ColumnElement[bool] | None:
        for option in self.options:
            if option == asked:
                return self.column == asked
            if not isinstance(option, str) and option[0] == asked:
                return self.column.in_(option[1])
        return None


@dataclass(frozen=True, slots=True)
class Typed:
    """A filter by what is typed; `condition` gives None for what can't be read."""

    name: str
    label: str
    condition: Callable[[str], ColumnElement[bool] | None]
    kind: str = "search"


@dataclass(frozen=True, slots=True)
class Pick:
    """A select for one of the list's `narrow`: what it can be narrowed to, as (id, name, code)."""

    name: str
    label: str
    entries: Select[int, str, str]

    def asked(self) -> int | None:
        return whole_number(request.args.get(self.name, ""))

    def first(self) -> Select[Any]:
        """The first ones by name, and before them the one that the address asks for."""
        key, name, _ = self.entries.selected_columns
        asked = [] if self.asked() is None else [(key == self.asked()).desc()]
        found = self.entries.order_by(*asked, name, key).limit(_OFFERED + 1).subquery()
        return select(literal(self.name).label("pick"), *found.c)


@dataclass(frozen=True, slots=True)
class Offered:
    """The (id, name) that a select shows. `more`: there are others that it leaves out."""

    pick: Pick
    entries: list[tuple[int, str]]
    more: bool

    def named(self) -> str:
        """What the list is narrowed to."""
        return dict(self.entries)[self.pick.asked() or 0]


def _offered(pick: Pick, found: Sequence[Any]) -> Offered:
    names = Counter(name for _, _, name, _ in found)
    shown = {key: name if names[name] == 1 else f"{name} ({code})" for _, key, name, code in found}
    if (asked := pick.asked()) is not None:
        shown.setdefault(asked, f"#{asked}")
    return Offered(pick, list(shown.items())[: _OFFERED + 1], len(found) > _OFFERED)


@dataclass(frozen=True, slots=True)
class Sort:
    """An order that the address may ask for (?sort=name): rising by `by`, which is never null."""

    name: str
    label: str
    by: ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class Listing:
    """Its words are marked, and said on the page; the CSV is read by programs and has them in English.
    `search` turns what was typed into a condition; `narrow` are ids in the address (?customer=7) by
    column, or by what makes a condition of them."""

    name: str
    title: str
    query: Select[*tuple[Any, ...]]
    key: InstrumentedAttribute[int]
    columns: tuple[Column, ...]
    empty: str
    choices: tuple[Choice, ...] = ()
    typed: tuple[Typed, ...] = ()
    search: Callable[[str], ColumnElement[bool]] | None = None
    search_label: str = marked("Search")
    narrow: Mapping[str, Narrow] = field(default_factory=dict)
    picks: tuple[Pick, ...] = ()
    lead: str = ""
    read: Callable[[Session, Sequence[Any]], None] | None = None  # what the columns say of the rows, read at once
    by: ColumnElement[Any] | None = None  # rising, before the key; without it the newest come first
    sorts: tuple[Sort, ...] = ()

    def answer(self, **more: Any) -> ResponseReturnValue:
        """The page that the address asks for, or the whole filtered list as CSV (`?format=csv`)."""
        query = self.filtered()
        if request.args.get("format") == "csv":
            return csv_response(self.name, [column.label for column in self.columns], self._all(query))
        with reading() as session:
            by = self._by()
            if by is None:
                rows = page_of(session, query, self.key, whole_rows=True)
            else:
                rows = page_by(session, query, by, self.key, everything=self.query)
            if self.read is not None:
                self.read(session, rows.items)
            offered = self.offered(session)
            narrowed = self.narrowed(session)
        kept = self.kept()
        as_csv = url_for(str(request.endpoint), **{**(request.view_args or {}), **kept, "format": "csv"})
        shown = {"rows": rows, "kept": kept, "offered": offered, "narrowed": narrowed, "as_csv": as_csv}
        return page("admin/list.html", listing=self, **shown, **more)

    def filtered(self) -> Select[*tuple[Any, ...]]:
        query = self.query
        for choice in self.choices:
            condition = choice.condition(request.args.get(choice.name, ""))
            if condition is not None:
                query = query.where(condition)
        for field_of in self.typed:
            value = request.args.get(field_of.name, "").strip()[:200]
            condition = field_of.condition(value) if value else None
            if condition is not None:
                query = query.where(condition)
        for name, column in self.narrow.items():
            if (key := whole_number(request.args.get(name, ""))) is not None:
                query = query.where(column == key if isinstance(column, InstrumentedAttribute) else column(key))
        typed = request.args.get("q", "").strip()
        if self.search is not None and typed:
            query = query.where(self.search(typed[:200]))
        return query

    def _by(self) -> ColumnElement[Any] | None:
        asked = [one.by for one in self.sorts if one.name == request.args.get("sort")]
        return asked[0] if asked else self.by

    def kept(self) -> dict[str, str]:
        """What the address narrows the list to; the page it stands on is not part of it."""
        filters = {one.name for one in self.choices} | {one.name for one in self.typed}
        names = filters | set(self.narrow) | ({"q"} if self.search else set()) | ({"sort"} if self.sorts else set())
        return {name: value for name, value in request.args.items() if name in names and value}

    def offered(self, session: Session) -> list[Offered]:
        """What its selects of things show; one query for all of them."""
        if not self.picks:
            return []
        found = session.execute(union_all(*(pick.first() for pick in self.picks))).all()
        return [_offered(pick, [one for one in found if one.pick == pick.name]) for pick in self.picks]

    def narrowed(self, session: Session) -> dict[str, str]:
        """What the address narrows it to and no select shows, in words; what can't be understood narrows nothing."""
        seen = {pick.name for pick in self.picks}
        asked = {name: whole_number(request.args.get(name, "")) for name in self.narrow if name not in seen}
        return {name: narrowed_to(session, name, key) for name, key in asked.items() if key is not None}

    def misread(self) -> list[str]:
        """The filters of the address that narrow nothing since they can't be understood. A list shows all then; who
        acts on all that fit must not go by that."""
        kept = self.kept()
        wrong = [one.name for one in self.choices if one.name in kept and one.condition(kept[one.name]) is None]
        typed = ((one, kept[one.name].strip()[:200]) for one in self.typed if one.name in kept)
        wrong += [one.name for one, value in typed if not value or one.condition(value) is None]
        return wrong + [name for name in self.narrow if name in kept and whole_number(kept[name]) is None]

    def _all(self, query: Select[*tuple[Any, ...]]) -> Iterator[list[Any]]:
        by = self._by()
        order = (self.key.desc(),) if by is None else (by, self.key)
        ordered = query.order_by(*order).execution_options(yield_per=_CSV_BATCH)
        with reading() as session:
            for row in session.execute(ordered):
                yield [column.value(row) for column in self.columns]
