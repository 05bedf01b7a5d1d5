import pytest

from billhead.domain.typed_text import seen_text


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        (" Ada ", "Ada"),
        ("\x01", ""),
        ("\u200b\u2060", ""),
        ("\u200d", ""),  # joiners join nothing
        ("A\u200bda\u202e", "Ada"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # Persian is written with them
        ("👩\u200d🔧", "👩\u200d🔧"),
        ("Ada\nLovelace", "Ada Lovelace"),
    ],
)
def test_what_can_not_be_seen_is_not_kept(typed, seen):
    assert seen_text(typed) == seen


def test_lines_stay_where_there_are_lines():
    assert seen_text(" one\r\n\ttwo\x00\n", lines=True) == "one\r\n\ttwo"
