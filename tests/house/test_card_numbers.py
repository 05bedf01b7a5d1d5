"""The scan for card numbers finds them where they would be left behind, and takes nothing else for one."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from card_numbers import ALLOWED, card_numbers_in, found_in_files

from billhead_sandbox.cards.outcomes import CARDS

SUPPORT = Path(__file__).parents[1] / "support"
LEAKY = """
import logging, pathlib, sqlite3

def test_logs(): logging.getLogger("x").warning("charged 4242 4242 4242 4242")
def test_stores(tmp_path):
    with sqlite3.connect(tmp_path / "billhead.sqlite3") as one:
        one.execute("CREATE TABLE callback (body BLOB)")
        one.execute("INSERT INTO callback VALUES (?)", (b'{"number": "5555555555554444"}',))
def test_mails(tmp_path): (tmp_path / "1.eml").write_text("Your card 3782 822463 10=\\n005 was charged")
def test_is_clean(tmp_path):
    (tmp_path / "1.eml").write_text("Visa ending in 4242; invoice 4242424242424241; ===============4242424242424242==")
"""


@pytest.mark.parametrize(
    "text",
    [
        "4242424242424242", "4000 0000 0000 9995", "5555-5555-5555-4444", "2223003122003222", "378282246310005",
        "6011111111111117", "30569309025904", "3566002020360505", '{"pan":"4111111111111111"}',
        "number=4111111111111111&cvc=1", '{"pan": 4111111111111111}',
    ],
)  # fmt: skip
def test_numbers_of_cards_are_found(text):
    (found,) = card_numbers_in(text.encode())
    assert "…" in found, "a report hides the middle"


@pytest.mark.parametrize(
    "text",
    ["4242424242424241", "FI2112345600000785", "1764349200000", "2026-11-28 16:00:00.123456",
     "doc42-a1-4242424242424242",
     "0.4242424242424242", "9999999999999995"],
)  # fmt: skip
def test_other_numbers_are_left_alone(text):
    assert list(card_numbers_in(text.encode())) == []


def test_every_test_card_of_the_sandbox_would_be_found():
    assert [card.number for card in CARDS if not list(card_numbers_in(card.number.encode()))] == []


def test_a_number_is_found_in_a_table_an_open_one_too(tmp_path):
    with closing(sqlite3.connect(tmp_path / "billhead.sqlite3")) as one:
        one.execute("PRAGMA journal_mode=WAL")
        one.execute("CREATE TABLE notice (data TEXT)")
        one.execute("""INSERT INTO notice VALUES ('{"told": "card 4242424242424242 declined"}')""")
        one.commit()
        assert found_in_files(tmp_path), "it stands in the write-ahead log"


def test_a_suite_that_leaks_fails(tmp_path):
    (tmp_path / "test_leaky.py").write_text(LEAKY)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "card_numbers", "-p", "no:cacheprovider", "test_leaky.py"]
    run = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(SUPPORT), "PATH": ""}, capture_output=True, text=True, timeout=60
    )
    assert "3 failed, 1 passed" in run.stdout, run.stdout
    assert "424242…4242" in run.stdout
    assert "4242 4242 4242 4242" not in run.stdout.split("short test summary")[-1]


def test_who_may_show_one_says_why():
    assert all(len(reason) > 20 for reason in ALLOWED.values())
