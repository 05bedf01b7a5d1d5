"""Whatever people have written stays text: no page makes an element, an attribute or an address of it."""

import csv
import io
import re
from collections.abc import Iterator

import pytest
from peopled import World
from written_over import WRITTEN, made_of, overwrite, plant

pytestmark = pytest.mark.xdist_group("peopled")

LEFT_OUT = ("accounts.sign_out_page",)


def test_a_reader_finds_what_is_not_text():
    text = f'<p title="{WRITTEN}"></p><a href="{WRITTEN}">'
    found = {fault.split(" '")[0] for fault in made_of(text)}
    assert found == {"an element", "an attribute", "an address in href of <a>"}


def test_what_people_wrote_stays_text_on_every_page(world: World):
    plant(world)
    written = overwrite(world.file)
    assert written > 300, "columns that hold words"
    faults, seen = [], set()
    for who, paths in _pages(world):
        for path in paths:
            answer = world.people[who].open("GET", path)
            if answer.status_code >= 500:
                faults.append(f"{path} as {who}: {answer.status_code}")
            if answer.status_code == 200 and answer.mimetype == "text/html":
                faults += [f"{path} as {who}: {fault}" for fault in made_of(answer.text)]
                seen |= {path} if "zz onzz" in answer.text else set()
                break
    assert faults == []
    assert len(seen) > 150, "pages on which it was to be read"


FORMULA = "=1+1"
PLAIN_NUMBER = re.compile(r"[+-]?[0-9.]+")


def test_what_people_wrote_is_run_by_no_spreadsheet(world: World):
    """Each list as CSV, where every column that holds words begins as a formula does."""
    plant(world)
    overwrite(world.file, FORMULA)
    faults, guarded = [], 0
    for who, paths in _pages(world):
        for path in paths:
            answer = world.people[who].open("GET", path, query_string={"format": "csv"})
            if answer.status_code == 200 and answer.mimetype == "text/csv":
                cells = [cell for row in csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))) for cell in row]
                guarded += sum(cell.startswith(f"'{FORMULA}") for cell in cells)
                runs = [cell for cell in cells if cell[:1] in tuple("=+-@\t\r") and not PLAIN_NUMBER.fullmatch(cell)]
                faults += [f"{path} as {who}: {cell}" for cell in runs]
    assert faults == []
    assert guarded > 50, "cells in which it was to be read"


def _pages(world: World) -> Iterator[tuple[str, list[str]]]:
    """Of what is theirs; for staff, of the first of everything of which there is a page."""
    for who in ("ada", "sue", "aurora", "staff"):
        for rule in world.routes(who):
            if rule.endpoint not in LEFT_OUT:
                numbers = (1, 2, 3) if who == "staff" and "<int:" in rule.rule else (0,)
                yield who, [world.path(who, rule, number) for number in numbers]
