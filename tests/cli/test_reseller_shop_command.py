"""`billhead resellers shop`: opened, named, closed with the figures first, and opened again."""

import json

from click.testing import CliRunner
from white_label import WhiteLabel

from billhead.cli import main
from billhead.models.people import Reseller


def run(white: WhiteLabel, *words: str):
    return CliRunner().invoke(main, ["resellers", "shop", *words], obj=white.shop.app)


def test_a_shop_from_a_shell(white_label: WhiteLabel):
    refused = run(white_label, "open", "baltic", "baltic-tv")
    assert (refused.exit_code, "no right to a shop" in refused.stderr) == (1, True)
    for who in ("aurora", "baltic"):
        (row,) = white_label.shop.rows(Reseller, Reseller.code == who)
        white_label.shop.change(Reseller, row.id, rights={**row.rights, "own_shop": True})
    opened = run(white_label, "open", "baltic", "baltic-tv", "--name", "Baltic TV", "--gateway", "cards")
    assert opened.exit_code == 0, opened.stderr
    assert run(white_label, "host", "baltic", "tv.baltic.example").stdout == "The shop answers at tv.baltic.example.\n"
    told = json.loads(run(white_label, "show", "baltic", "--json").stdout)
    assert (told["name"], told["state"], told["gateways"]) == ("Baltic TV", "open", ["cards"])
    assert told["hosts"] == {"tv.baltic.example": "serves"}
    assert told["address"].startswith("http://tv.baltic.example")
    assert "Nothing is done yet" in run(white_label, "close", "baltic").stdout
    assert "Done." in run(white_label, "close", "baltic", "--yes").stdout
    assert json.loads(run(white_label, "show", "baltic", "--json").stdout)["state"] == "closed"
    assert run(white_label, "reopen", "baltic").exit_code == 0
    assert run(white_label, "drop-host", "baltic", "tv.baltic.example").exit_code == 0
    assert run(white_label, "drop-host", "baltic", "tv.baltic.example").exit_code == 1


def test_a_name_is_found_however_it_is_written(white_label: WhiteLabel):
    for written in ("tv.aurora.example", "TV.Aurora.example.", "büro.example", "Büro.example"):
        assert run(white_label, "host", "aurora", written).exit_code == 0, written
    hosts = json.loads(run(white_label, "show", "aurora", "--json").stdout)["hosts"]
    assert hosts == {"tv.aurora.example": "serves", "xn--bro-hoa.example": "serves"}
    assert run(white_label, "drop-host", "aurora", "TV.AURORA.example.").exit_code == 0
    assert run(white_label, "drop-host", "aurora", "Büro.example").exit_code == 0
    assert json.loads(run(white_label, "show", "aurora", "--json").stdout)["hosts"] == {}
    refused = run(white_label, "drop-host", "aurora", "http://tv.aurora.example/")
    assert (refused.exit_code, "is no name of a host" in refused.stderr) == (1, True)
