"""A chart as HTML with SVG in it. Classes, no style attributes: the style sheet colours it in light and dark."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import cast

from markupsafe import Markup, escape

from billhead.charts.plot import NARROW, WIDE, Paper, Plot, spans
from billhead.charts.scale import day_marks, value_marks, word_marks
from billhead.charts.spec import Chart, Series, Words

__all__ = ["draw"]

_TIPS_AT_MOST = 400  # more columns than that are not hit by a pointer, and their tips would be most of the page
_DAY_LETTERS, _MONTH_LETTERS = 6, 8
_LEAST_LETTERS = 4
_DOTS_AT_MOST = 40


def draw(chart: Chart, words: Words, *, mirrored: bool = False) -> Markup:
    """The figure. `mirrored`: for pages that are read from right to left."""
    if chart.empty:
        body = _tag("p", words.nothing, class_="none")
    else:
        drawn = Markup().join(_svg(chart, words, paper, mirrored) for paper in (WIDE, NARROW))
        body = _legend(chart) + drawn + _table(chart, words)
    told = _tag("p", chart.description, class_="fine") if chart.description else Markup()
    head = _tag("figcaption", _tag("strong", chart.title) + told)
    return _tag("figure", head + body, class_="chart")


def _tag(name: str, inside: object = "", /, **attributes: object) -> Markup:
    """An element. Numbers are cut to a tenth of a pixel; `class_` is class, and _ in a name is -."""
    # put together as plain text: Markup's own format takes four times as long, and a page has a thousand elements
    written = "".join(
        [f' {key.rstrip("_").replace("_", "-")}="{escape(_short(value))}"' for key, value in attributes.items()]
    )
    return Markup(f"<{name}{written}>{escape(inside)}</{name}>")  # noqa: S704 names are written here, the rest is escaped


def _short(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)


def _svg(chart: Chart, words: Words, paper: Paper, mirrored: bool) -> Markup:
    marks = value_marks(*_reach(chart), paper.marks, words.smallest)
    labels = [words.short(mark) for mark in marks]
    plot = Plot(paper, len(chart.places), marks[0], marks[-1], max(map(len, labels)), mirrored)
    parts = [
        _tag("title", chart.title),
        _tag("desc", chart.description) if chart.description else Markup(),
        *_grid(plot, marks, labels),
        *_along(chart, words, plot),
        *_shapes(chart, plot),
        *_tips(chart, words, plot),
    ]
    told = f"{chart.title}. {chart.description}".strip()
    box = f"0 0 {paper.width} {paper.height}"
    return _tag("svg", Markup().join(parts), class_=f"chart-{paper.name}", viewBox=box, role="img", aria_label=told)


def _reach(chart: Chart) -> tuple[int, int]:
    """The least and the greatest value that is drawn."""
    reached = [value for one in _lines(chart) for value in one.values if value is not None]
    solid = _solid(chart)
    if chart.kind.startswith("stacked"):
        reached += [end for row in spans([list(one.values) for one in solid]) for span in row for end in span]
    else:
        reached += [value for one in solid for value in one.values if value is not None]
    return min(reached, default=0), max(reached, default=0)


def _lines(chart: Chart) -> list[Series]:
    return [one for one in chart.series if one.line or chart.kind == "line"]


def _solid(chart: Chart) -> list[Series]:
    return [one for one in chart.series if not one.line and chart.kind != "line"]


def _grid(plot: Plot, marks: Sequence[int], labels: Sequence[str]) -> Iterator[Markup]:
    near, far = plot.across(plot.start), plot.across(plot.start + plot.length)
    beside = plot.across(plot.start - 6)
    for mark, label in zip(marks, labels, strict=True):
        y = plot.height(mark)
        yield _tag("line", x1=near, x2=far, y1=y, y2=y, class_="zero" if mark == 0 else "rule")
        yield _tag("text", label, x=beside, y=y + 4, class_="after" if plot.mirrored else "before")


def _along(chart: Chart, words: Words, plot: Plot) -> Iterator[Markup]:
    """The labels along the bottom."""
    y = plot.paper.height - 6
    for place, label in _place_marks(chart, words, plot):
        x = plot.middle(place)
        yield _tag("line", x1=x, x2=x, y1=plot.bottom, y2=plot.bottom + 4, class_="tick")
        # a label at either end would be cut off
        inside = min(max(x, 3.5 * len(label) + 1), plot.paper.width - 3.5 * len(label) - 1)
        yield _tag("text", label, x=inside, y=y, class_="under")


def _place_marks(chart: Chart, words: Words, plot: Plot) -> list[tuple[int, str]]:
    if isinstance(chart.places[0], date):
        days = cast("Sequence[date]", chart.places)
        short = not chart.monthly and len(days) <= plot.room(_DAY_LETTERS)
        return day_marks(days, plot.room(_DAY_LETTERS if short else _MONTH_LETTERS), words, monthly=chart.monthly)
    names = [_clipped(name, plot) for name in cast("Sequence[str]", chart.places)]
    return word_marks(names, plot.room(max(map(len, names))))


def _clipped(name: str, plot: Plot) -> str:
    """Where places are few, each keeps its label, cut if need be; the tip and the table have all of it."""
    letters = int(plot.band // 7) - 2
    return name if letters < _LEAST_LETTERS or len(name) <= letters else f"{name[: letters - 1].rstrip()}…"


def _shapes(chart: Chart, plot: Plot) -> Iterator[Markup]:
    solid = _solid(chart)
    stacked = chart.kind.startswith("stacked")
    rows = spans([list(one.values) for one in solid]) if stacked else [_from_zero(one) for one in solid]
    bars = chart.kind in ("bar", "stacked")
    for number, (one, row) in enumerate(zip(solid, rows, strict=True)):
        css = f"fill s{chart.series.index(one) + 1}"
        if bars:
            part, parts = (0, 1) if stacked else (number, len(solid))
            yield _tag("path", class_=css, d=_bars(row, plot, part, parts))
        else:
            yield _tag("path", class_=css + (" stacked" if stacked else " soft"), d=_area(row, plot))
            edge = [None if value is None else end for (_, end), value in zip(row, one.values, strict=True)]
            yield _tag("path", class_=f"stroke s{chart.series.index(one) + 1}", d=_path(edge, plot))
    for one in _lines(chart):
        css = f"s{chart.series.index(one) + 1}"
        yield _tag("path", class_=f"stroke {css}", d=_path(one.values, plot))
        yield from _dots(one.values, plot, css)


def _from_zero(one: Series) -> list[tuple[int, int]]:
    return [(0, value or 0) for value in one.values]


def _bars(row: Sequence[tuple[int, int]], plot: Plot, part: int, parts: int) -> str:
    """All bars of a series as one path."""
    drawn = []
    for place, (begins, ends) in enumerate(row):
        if begins != ends:
            left, width = plot.box(place, part, parts)
            top, bottom = sorted((plot.height(begins), plot.height(ends)))
            drawn.append(f"M{_short(left)} {_short(bottom)}V{_short(top)}h{_short(width)}V{_short(bottom)}z")
    return "".join(drawn)


def _area(row: Sequence[tuple[int, int]], plot: Plot) -> str:
    over = [(plot.middle(place), plot.height(ends)) for place, (_, ends) in enumerate(row)]
    under = [(plot.middle(place), plot.height(begins)) for place, (begins, _) in enumerate(row)]
    return f"M{_points(over)}L{_points(reversed(under))}z"


def _path(values: Sequence[int | None], plot: Plot) -> str:
    """A line with a gap where there is no value."""
    drawn, pen = [], "M"
    for place, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        drawn.append(f"{pen}{_points([(plot.middle(place), plot.height(value))])}")
        pen = "L"
    return "".join(drawn)


def _points(points: Iterable[tuple[float, float]]) -> str:
    return "L".join(f"{_short(x)} {_short(y)}" for x, y in points)


def _dots(values: Sequence[int | None], plot: Plot, css: str) -> Iterator[Markup]:
    """Each value of a short series, and one that stands alone between gaps: a line of one point can't be seen."""
    for place, value in enumerate(values):
        alone = all(at in (-1, len(values)) or values[at] is None for at in (place - 1, place + 1))
        if value is not None and (alone or len(values) <= _DOTS_AT_MOST):
            yield _tag("circle", cx=plot.middle(place), cy=plot.height(value), r=3, class_=f"fill {css}")


def _tips(chart: Chart, words: Words, plot: Plot) -> Iterator[Markup]:
    """Over each place an unseen column whose tip tells its values. A phone, which has no pointer, has the table."""
    if plot.paper is NARROW:
        return
    every = -(-plot.places // _TIPS_AT_MOST)
    for place in range(0, plot.places, every):
        told = [f"{one.name}: {words.full(one.values[place] or 0)}" for one in chart.series
                if one.values[place] is not None]  # fmt: skip
        tip = _tag("title", "\n".join([_place(chart, words, place), *told]))
        left = plot.across(plot.start + place * plot.band) - (plot.band * every if plot.mirrored else 0)
        yield _tag("rect", tip, x=left, y=0, width=plot.band * every, height=plot.bottom, class_="tip")


def _place(chart: Chart, words: Words, place: int) -> str:
    at = chart.places[place]
    if isinstance(at, date):
        return words.month(at) if chart.monthly else words.day(at)
    return at


def _legend(chart: Chart) -> Markup:
    """Nothing to tell apart: no legend."""
    if len(chart.series) < 2:
        return Markup()
    lines = _lines(chart)
    items = [
        _tag(
            "li", _tag("span", class_=f"key s{number}{' thin' if one in lines else ''}", aria_hidden="true") + one.name
        )
        for number, one in enumerate(chart.series, 1)
    ]
    return _tag("ul", Markup().join(items), class_="legend")


def _table(chart: Chart, words: Words) -> Markup:
    """The same figures to read, to copy and to be read out."""
    names = [chart.place_title]
    names += [one.name for one in chart.series]
    heads = Markup().join(_tag("th", name, scope="col", class_="num" if at else "") for at, name in enumerate(names))
    rows = Markup().join(_row(chart, words, place, names) for place in range(len(chart.places)))
    caption = _tag("caption", chart.title, class_="visually-hidden")
    table = _tag("table", caption + _tag("thead", _tag("tr", heads)) + _tag("tbody", rows))
    return _tag("details", _tag("summary", words.as_table) + _tag("div", table, class_="table-wrap"))


def _row(chart: Chart, words: Words, place: int, names: Sequence[str]) -> Markup:
    cells = [_tag("th", _place(chart, words, place), scope="row", data_label=names[0])]
    for one, name in zip(chart.series, names[1:], strict=True):
        value = one.values[place]
        cells.append(_tag("td", "–" if value is None else words.full(value), class_="num", data_label=name))
    return _tag("tr", Markup().join(cells))
