"""`billhead bank import`: rehearsed, done, done again; a refusal is one JSON object."""

import json

from bank_files import Bank
from card_shop import open_card_shop
from click.testing import CliRunner

from apps import build_app, close_app
from billhead.cli import main
from billhead.domain.creditor_reference import About, Reference
from billhead.models.payments import Payment


def test_a_file_is_shown_then_taken_in(sqlite_url, tmp_path):
    app = build_app(sqlite_url, tmp_path / "home")
    file, bank = tmp_path / "camt.xml", Bank()

    def run(*words):
        return CliRunner().invoke(main, ["bank", "import", str(file), *words], obj=app)

    with open_card_shop(app) as shop:
        bank.receive(1255, Reference(About.DOCUMENT, shop.order().document_id).printed)
        bank.receive(500, "hello")
        bank.pay_out(100)
        file.write_bytes(bank.statement())
        shown = json.loads(run("--dry-run", "--json").stdout)
        assert (shown["counts"], shown["dry_run"], shop.rows(Payment)) == ({"booked": 1, "unassigned": 1}, True, [])
        done = run("--account", "bank").stdout.splitlines()
        assert done[0].split() == ["booked", "12.55", "EUR", "Aino", "Korhonen", "MB-RCV-1"]
        assert done[1].endswith("MB-RCV-2  it names no document")
        assert done[2] == "bank: 1 booked, 1 unassigned, 1 paid out"
        assert json.loads(run("--json").stdout)["counts"] == {"known": 2}
        file.write_text("<html/>")
        refused = run("--json")
        assert (refused.exit_code, json.loads(refused.stdout)["error"]["field"]) == (1, "file")
        assert "There is no payment account nowhere." in run("--account", "nowhere").stderr
    close_app(app)
