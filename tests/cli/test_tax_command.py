"""`billhead tax`: ask the register, and what was asked."""

import json

from click.testing import CliRunner
from vat_shop import open_vat_shop

from billhead.cli import main

ACME = "DE136695976"


def test_a_vat_id_is_asked_about_and_the_answers_are_listed(sqlite_url, tmp_path):
    with open_vat_shop(sqlite_url, tmp_path, known={ACME: "Acme GmbH"}) as vat:
        customer = vat.shop.customer(country="DE", vat_id=ACME, vat_id_state="pending")

        def run(*words):
            return CliRunner().invoke(main, ["tax", *map(str, words)], obj=vat.shop.app)

        assert run("checks", customer).stdout == "Nothing was asked yet.\n"
        vat.vies.mood = "MS_UNAVAILABLE"
        down = run("check-vat-id", customer)
        assert (down.exit_code, down.stdout) == (1, "pending: VIES could not ask DE: MS_UNAVAILABLE\n")
        vat.vies.mood = ""
        told = json.loads(run("check-vat-id", customer, "--json").stdout)
        assert told == {"customer_id": customer, "state": "valid", "said": "VIES: valid, WAPI000002", "repriced": []}
        rows = json.loads(run("checks", customer, "--json").stdout)["checks"]
        assert [(row["outcome"], row["reference"]) for row in rows] == [("valid", "WAPI000002"), ("unavailable", "")]
        assert run("check-vat-id", 999).exit_code == 1
