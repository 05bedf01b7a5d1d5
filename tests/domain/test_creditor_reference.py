"""References with check digits: written as the norm wants them, found in what a payer and two banks make of them."""

import pytest
from stdnum import iso11649

from billhead.domain.creditor_reference import About, Reference, references_in
from billhead.domain.numbering import NumberFormat


@pytest.mark.parametrize("about", list(About))
def test_the_norms_own_check_agrees(about):
    for number in (1, 81, 999_999, 1_000_000, 123_456_789):
        reference = Reference(about, number)
        assert iso11649.is_valid(reference.text)
        assert list(references_in(f"pay {reference.printed.lower()}. Thanks")) == [reference]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("RF48 0000 81", [81]),
        ("rf48-0000-81/50EUR", [81]),
        ("invoiceRF4800\n0081", [81]),
        ("RF48000081 RF21000082", [81, 82]),
        ("RF4800008150", [81]),  # digits that stand directly behind it
        ("RF84000081", []),  # check digits swapped
        ("RF48000018", []),  # two digits swapped
        ("RF48 81", []),
        ("RF48٠٠٠٠٨١", []),  # Arabic-Indic digits
        ("", []),
    ],
)
def test_what_a_payer_writes(text, ids):
    assert [reference.id for reference in references_in(text)] == ids


@pytest.mark.parametrize(
    ("pattern", "prefix", "text", "found"),
    [
        ("{prefix}{year}-{number:06d}", "", "for 2026-000012, thanks", ["2026-000012"]),
        ("{prefix}{year}-{number:06d}", "", "2026/000012 and 2026 1000013", ["2026-000012", "2026-1000013"]),
        ("{prefix}{year}-{number:06d}", "", "2026-0000123", []),  # a digit too many
        ("{prefix}{year}-{number:06d}", "", "12026-000012", []),
        ("{prefix}{yy}{month}-{number}", "INV ", "inv-2611/7", ["INV 2611-7"]),
        ("{prefix}{yy}{month}-{number}", "INV ", "INV 2613-7", []),  # no month
        ("{year}/{year}-{number:02d}", "", "2026/2026-07", ["2026/2026-07"]),
    ],
)
def test_a_printed_number_however_its_parts_are_separated(pattern, prefix, text, found):
    assert list(NumberFormat(pattern, prefix).found_in(text)) == found
