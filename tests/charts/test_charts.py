"""Charts: round marks, labels that fit, bars and lines where the figures say, and the same figures as a table."""

import re
from datetime import date, timedelta
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billhead.charts import Chart, Series
from billhead.charts.plot import WIDE, Plot, spans
from billhead.charts.scale import day_marks, value_marks, word_marks
from billhead.domain.errors import InvalidInput
from billhead.web.charting import _words, chart
from billhead.web.formatting import short_count, short_money

WORDS = _words("")
MONTHS = [date(2027 + number // 12, number % 12 + 1, 1) for number in range(24)]


def drawing(it: Chart, name: str = "wide", mirrored: bool = False) -> ElementTree.Element:
    html = str(chart(it, mirrored=mirrored))
    return ElementTree.fromstring(re.search(rf'<svg class="chart-{name}".*?</svg>', html, re.S)[0])


def texts(svg: ElementTree.Element, css: str) -> list[str]:
    return [one.text for one in svg.iter("text") if one.get("class") == css]


@pytest.mark.parametrize(
    ("least", "most", "marks"),
    [
        (0, 0, [0, 1, 2]),
        (0, 3, [0, 1, 2, 3]),
        (0, 97, [0, 50, 100]),
        (0, 100, [0, 50, 100]),
        (-40, 90, [-50, 0, 50, 100]),
        (-7, -3, [-8, -6, -4, -2, 0]),
    ],
)
def test_marks_are_round_and_hold_all_values_and_zero(least, most, marks):
    assert value_marks(least, most) == marks


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12), st.sampled_from([1, 100, 1000]))
def test_marks_reach_over_any_values_and_are_few(one, other, smallest):
    least, most = sorted((one, other))
    marks = value_marks(least, most, 5, smallest)
    assert marks[0] <= min(least, 0)
    assert marks[-1] >= max(most, 0)
    assert 0 in marks
    assert 2 <= len(marks) <= 6
    assert len({after - before for before, after in pairwise(marks)}) == 1
    assert all(mark % smallest == 0 for mark in marks)


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (95_000, "EUR", "€950"),
        (1_250_000, "EUR", "€12.5k"),
        (-300_000_000, "EUR", "−€3M"),
        (50, "EUR", "€0.50"),
        (1250, "EUR", "€12.50"),
        (0, "EUR", "€0"),
        (12_000, "JPY", "¥12k"),
        (5_000, "KWD", "KWD\u00a05"),
    ],
)
def test_money_at_an_axis_is_short(minor, currency, written):
    assert short_money(minor, currency) == written


def test_counts_at_an_axis_are_short():
    assert [short_count(n) for n in (0, 7, 999, 1_500, -2_000_000)] == ["0", "7", "999", "1.5k", "−2M"]


def test_as_many_words_stand_below_as_there_is_room_for():
    assert word_marks(["a", "b", "c", "d", "e"], 3) == [(0, "a"), (2, "c"), (4, "e")]
    assert word_marks(["a", "b"], 9) == [(0, "a"), (1, "b")]


def test_days_are_marked_at_days_then_months_then_quarters_and_years():
    def marked(days: int, room: int) -> list[str]:
        places = [date(2026, 11, 22) + timedelta(days=n) for n in range(days)]
        return [label for _, label in day_marks(places, room, WORDS)]

    assert marked(3, 10) == ["22 Nov", "23 Nov", "24 Nov"]
    assert marked(40, 10)[:3] == ["22 Nov", "26 Nov", "30 Nov"]
    assert marked(160, 8) == ["Dec 2026", "Jan 2027", "Feb 2027", "Mar 2027", "Apr 2027"]
    assert marked(400, 5) == ["Jan 2027", "Apr 2027", "Jul 2027", "Oct 2027"]
    assert marked(1500, 4) == ["Jan 2027", "Jan 2028", "Jan 2029", "Jan 2030"]


@given(st.integers(1, 1500), st.integers(1, 12), st.dates(date(2000, 1, 1), date(2090, 1, 1)))
def test_day_labels_never_outgrow_their_room(days, room, first):
    places = [first + timedelta(days=n) for n in range(days)]
    marks = day_marks(places, room, WORDS)
    assert 1 <= len(marks) <= room
    assert [at for at, _ in marks] == sorted({at for at, _ in marks})


def test_what_is_below_zero_is_stacked_downwards():
    assert spans([[3, -1], [2, -4], [None, 5]]) == [[(0, 3), (0, -1)], [(3, 5), (-1, -5)], [(5, 5), (0, 5)]]


def test_bars_are_as_high_as_their_figures_and_stand_side_by_side():
    it = Chart("Money", "bar", ["Jan", "Feb"], [Series("In", [100, 50]), Series("Owed", [0, 25])])
    paths = [one.get("d") for one in drawing(it).iter("path")]
    # the axis goes from 254 (zero) up to 12 (100): 50 is in the middle, 25 a quarter up
    bars = [[tuple(map(float, bar)) for bar in re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)h([\d.]+)", d)] for d in paths]
    assert [(bottom, top) for _, bottom, top, _ in bars[0]] == [(254, 12), (254, 133)]
    assert [(bottom, top) for _, bottom, top, _ in bars[1]] == [(254, 193.5)]  # a bar of nothing is not drawn
    (_, (left, *_, width)), ((beside, *_),) = bars
    assert beside == pytest.approx(left + width, abs=0.11)


def test_a_line_is_broken_where_there_is_no_figure_and_a_lone_one_is_seen():
    it = Chart("Lines", "line", ["a", "b", "c", "d"], [Series("Run", [1, 2, None, 2])])
    path = next(drawing(it).iter("path")).get("d")
    assert path.count("M") == 2
    long = Chart("Long", "line", [str(n) for n in range(100)], [Series("Run", [*[None] * 50, 7, *[None] * 49])])
    assert len(list(drawing(long).iter("circle"))) == 1


def test_a_series_may_be_a_line_over_stacked_bars():
    it = Chart("Both", "stacked", ["a"], [Series("x", [5]), Series("y", [5]), Series("Owed", [20], line=True)], "EUR")
    svg = drawing(it)
    assert [one.get("class") for one in svg.iter("path")] == ["fill s1", "fill s2", "stroke s3"]
    assert texts(svg, "before")[-1] == "€1"  # 20 cents reach further than 10 do


def test_read_from_right_to_left_the_axis_stands_at_the_right_and_time_goes_left():
    it = Chart("Money", "line", MONTHS, [Series("In", list(range(24)))], "EUR")
    usual, mirrored = drawing(it), drawing(it, mirrored=True)
    places = [
        [float(one.get("x")) for one in svg.iter("text") if one.get("class") == "under"] for svg in (usual, mirrored)
    ]
    assert places[0] == sorted(places[0])
    assert places[1] == sorted(places[1], reverse=True)
    assert [800 - x for x in places[1]] == pytest.approx(places[0], abs=0.11)
    assert texts(mirrored, "after")
    assert not texts(mirrored, "before")


def test_everything_stays_on_the_paper():
    it = Chart("Money", "stacked", MONTHS, [Series("In", [10**9] * 24), Series("Out", [-(10**8)] * 24)], "EUR")
    for name, width in (("wide", 800), ("narrow", 360)):
        for mirrored in (False, True):
            svg = drawing(it, name, mirrored)
            for bar in svg.iter("path"):
                for left, wide in re.findall(r"M([\d.-]+) [\d.-]+V[\d.-]+h([\d.]+)", bar.get("d")):
                    assert 0 <= float(left) <= float(left) + float(wide) <= width
            for label in svg.iter("text"):
                assert 0 <= float(label.get("x")) <= width


def test_each_place_tells_its_figures_to_a_pointer_and_the_table_to_everybody():
    it = Chart("Money", "bar", MONTHS[:2], [Series("In", [123456, 0]), Series("Lost", [None, 5])], "EUR", "Two months.")
    svg = drawing(it)
    assert [one.find("title").text for one in svg.iter("rect")] == [
        "Jan 2027\nIn: €1,234.56",
        "Feb 2027\nIn: €0.00\nLost: €0.05",
    ]
    html = str(chart(it))
    assert '<th scope="row" data-label="">Jan 2027</th><td class="num" data-label="In">€1,234.56</td>' in html
    assert svg.get("aria-label") == "Money. Two months."
    assert (svg.find("title").text, svg.find("desc").text) == ("Money", "Two months.")


def test_names_are_escaped_and_nothing_is_styled_inline():
    it = Chart("<b>", "line", ["<i>"], [Series('"><script>', [1]), Series("b", [2])], description="a & b")
    html = str(chart(it))
    assert "<script>" not in html
    assert "<i>" not in html
    assert "&lt;b&gt;" in html
    assert "style=" not in html
    assert not re.search(r"\son\w+=", html)


def test_a_chart_of_nothing_says_so():
    assert "Nothing to draw yet" in str(chart(Chart("Money", "bar", [], [])))
    assert "Nothing to draw yet" in str(chart(Chart("Money", "bar", ["a"], [Series("In", [None])])))


def test_few_places_keep_their_labels_on_a_phone_too():
    it = Chart("Profit", "bar", ["EU", "UK", "US", "Rest of the world"], [Series("Revenue", [1, 2, 3, 4])])
    assert texts(drawing(it, "narrow"), "under") == ["EU", "UK", "US", "Rest of…"]
    assert texts(drawing(it), "under")[-1] == "Rest of the world"


def test_two_years_of_days_are_drawn_with_bounded_tips():
    places = [date(2027, 1, 1) + timedelta(days=n) for n in range(731)]
    svg = drawing(Chart("Owed", "area", places, [Series("Owed", list(range(731)))], "EUR"))
    assert len(list(svg.iter("rect"))) == 366  # every second day
    assert texts(svg, "under") == ["Jan 2027", "Apr 2027", "Jul 2027", "Oct 2027", "Jan 2028", "Apr 2028", "Jul 2028",
                                   "Oct 2028"]  # fmt: skip


def test_what_can_not_be_drawn_is_refused_with_the_field():
    with pytest.raises(InvalidInput, match="kind"):
        Chart("x", "pie", [], [])
    with pytest.raises(InvalidInput, match="2 values for 1 places"):
        Chart("x", "line", ["a"], [Series("In", [1, 2])])
    with pytest.raises(InvalidInput, match="9 can't be told apart"):
        Chart("x", "line", [], [Series(str(n), []) for n in range(9)])


def test_a_value_is_found_at_its_height():
    plot = Plot(WIDE, 4, -50, 100, 4, mirrored=False)
    assert plot.height(100) == 12
    assert plot.height(-50) == plot.bottom == 254
    assert plot.height(25) == pytest.approx((12 + 254) / 2)
