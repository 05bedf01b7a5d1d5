"""One spelling for every MAC: panels compare them letter by letter."""

import pytest

from billhead.domain.errors import InvalidInput
from billhead.domain.mac import macs_in, parse_mac


@pytest.mark.parametrize(
    "written",
    [
        "00:1A:79:AA:BB:01",
        "00:1a:79:aa:bb:01",
        "00-1A-79-aa-bb-01",
        "001A79AABB01",
        "001a79aabb01",
        "001a.79aa.bb01",
        "00.1A.79.AA.BB.01",
        "001A79-AABB01",
        "00 1A 79 AA BB 01",
        "  00:1A:79:AA:BB:01 \t",
    ],
)
def test_every_spelling_becomes_the_one_that_panels_match(written):
    assert parse_mac(written) == "00:1A:79:AA:BB:01"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "00:1A:79:AA:BB",
        "00:1A:79:AA:BB:01:02",
        "00:1A:79:AA:BB:0G",
        "00:1A:79-AA-BB:01",
        "0:1A:79:AA:BB:01",
        "OO1A79AABB01",
        "٠٠1A79AABB01",
        "unknown",
    ],
)
def test_what_is_no_mac_is_refused_and_named(written):
    with pytest.raises(InvalidInput) as refused:
        parse_mac(written)
    assert refused.value.code == "bad_mac"
    assert repr(written) in refused.value.message
    assert "00:1A:79:AA:BB:01" in refused.value.hint


@pytest.mark.parametrize("written", ["00:00:00:00:00:00", "FF:FF:FF:FF:FF:FF", "01:00:5E:00:00:16"])
def test_addresses_that_no_single_box_can_have_are_refused(written):
    with pytest.raises(InvalidInput, match="broadcast, multicast or empty"):
        parse_mac(written)


def test_normalising_twice_changes_nothing():
    assert parse_mac(parse_mac("001a.79aa.bb01")) == parse_mac("001a.79aa.bb01")


def test_a_pasted_list_gives_each_address_once_however_it_was_spelled():
    pasted = (
        "Ada 00:1A:79:AA:BB:01\r\n001a.79aa.bb02;00-1A-79-AA-BB-03, 001A79AABB04 00:1a:79:aa:bb:01 01:00:00:00:00:00"
    )
    wanted = [f"00:1A:79:AA:BB:0{number}" for number in (1, 2, 3, 4)]
    assert macs_in(pasted) == wanted
    assert macs_in("".join(wanted)) == wanted, "a field of one line takes the breaks out"
    assert macs_in("Ada Lovelace 12345") == []
