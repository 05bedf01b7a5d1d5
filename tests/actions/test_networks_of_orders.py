"""The operator's files of networks: CSV in both shapes, MMDB, what is wrong with one, and a file that changes."""

import ipaddress
import os
import struct
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from billhead.actions.fraud._facts import with_files
from billhead.actions.fraud._networks import country_in, is_listed
from billhead.config import Config
from billhead.domain.errors import InvalidInput
from billhead.domain.money import Money
from billhead.plugin import OrderFacts


def written(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text, "utf-8")
    return str(file)


@pytest.mark.parametrize(
    "text",
    [
        "network,country\n203.0.113.0/25,fi\n203.0.113.128/25,SE\n2001:db8::/32,DE\n",
        "203.0.113.0,203.0.113.127,FI,Finland\n203.0.113.128,203.0.113.255,SE\n2001:db8::,2001:db8:ffff::,DE\n",
    ],
)
def test_countries_from_networks_and_from_ranges(tmp_path, text):
    file = written(tmp_path, "countries.csv", text)
    known = {ip: country_in(file, ip) for ip in ("203.0.113.0", "203.0.113.127", "203.0.113.128", "2001:db8::9")}
    assert list(known.values()) == ["FI", "FI", "SE", "DE"]
    assert [country_in(file, ip) for ip in ("203.0.112.255", "203.0.114.0", "::1", "::ffff:203.0.113.1", "x", "")] == [
        "", "", "", "FI", "", "",
    ]  # fmt: skip


def test_a_list_of_networks_is_read_again_when_it_changes(tmp_path):
    file = written(tmp_path, "hosting.txt", "# data centres\n198.51.100.0/24\n\n2001:db8:5::/48\nnonsense\n")
    assert [is_listed(file, ip) for ip in ("198.51.100.7", "2001:db8:5::1", "198.51.101.7")] == [True, True, False]
    written(tmp_path, "hosting.txt", "198.51.101.0/24\n")
    os.utime(file, ns=(1, 1))
    assert [is_listed(file, ip) for ip in ("198.51.100.7", "198.51.101.7")] == [False, True]


@pytest.mark.parametrize("name", ["missing.csv", "empty.csv", "broken.mmdb", "folder.csv"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    if name == "folder.csv":
        (tmp_path / name).mkdir()
    elif name != "missing.csv":
        written(tmp_path, name, "no network in it\n")
    with pytest.raises(InvalidInput, match=name):
        country_in(str(tmp_path / name), "203.0.113.1")


def mmdb(countries):
    """A small file in MaxMind's format, version 2.0: a tree of one bit a level, 24 bits a record, then the data."""

    def text(word):
        return bytes([0x40 | len(word)]) + word.encode()

    def mapping(pairs):
        return bytes([0xE0 | len(pairs)]) + b"".join(text(key) + value for key, value in pairs.items())

    data, places = b"", {}
    for country in sorted(set(countries.values())):
        places[country] = len(data)
        data += mapping({"country": mapping({"iso_code": text(country)})})
    nodes = [[None, None]]
    for network, country in countries.items():
        block = ipaddress.ip_network(network)
        at = 0
        for depth in range(block.prefixlen):
            bit = int(block.network_address) >> (31 - depth) & 1
            if depth == block.prefixlen - 1:
                nodes[at][bit] = country
            elif nodes[at][bit] is None:
                nodes.append([None, None])
                nodes[at][bit] = at = len(nodes) - 1
            else:
                at = nodes[at][bit]
    count = len(nodes)
    records = (
        count if one is None else one if isinstance(one, int) else count + 16 + places[one]
        for node in nodes for one in node
    )  # fmt: skip
    tree = b"".join(struct.pack(">I", record)[1:] for record in records)
    size, short = struct.pack(">I", count), b"\xa2"
    meta = mapping({
        "node_count": b"\xc4" + size, "record_size": short + b"\x00\x18", "ip_version": short + b"\x00\x04",
        "database_type": text("T"), "languages": b"\x00\x04", "binary_format_major_version": short + b"\x00\x02",
        "binary_format_minor_version": short + b"\x00\x00", "build_epoch": b"\x04\x02" + size, "description": b"\xe0",
    })  # fmt: skip
    return tree + b"\x00" * 16 + data + b"\xab\xcd\xefMaxMind.com" + meta


def test_countries_from_a_file_of_maxminds_format(tmp_path):
    file = tmp_path / "countries.mmdb"
    file.write_bytes(mmdb({"203.0.113.0/25": "FI", "203.0.113.128/25": "SE"}))
    assert [country_in(str(file), ip) for ip in ("203.0.113.1", "203.0.113.200", "198.51.100.1", "::1")] == [
        "FI", "SE", "", "",
    ]  # fmt: skip


def test_facts_are_filled_from_the_files_and_a_trouble_is_told(tmp_path):
    config = Config(home=tmp_path, database_url="", broker_url="", secret_key="")
    at = datetime(2026, 11, 22, tzinfo=UTC)
    facts = OrderFacts(1, 1, "a@b.example", "a@b.example", "Ada", "", "FI", at, at, "tv", False, Money(1, "EUR"),
                       ip="198.51.100.7")  # fmt: skip
    assert with_files(facts, config) == (facts, "")
    lists = written(tmp_path, "hosting.txt", "198.51.100.0/24\n")
    config = replace(config, hosting_file=lists, country_file=str(tmp_path / "gone.csv"))
    filled, trouble = with_files(facts, config)
    assert (filled.hosted, filled.ip_country) == (True, "")
    assert "gone.csv can't be read" in trouble
    assert with_files(replace(facts, ip_country="SE"), config)[1] == ""  # the proxy in front has named it
