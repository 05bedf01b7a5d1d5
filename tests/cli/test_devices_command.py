"""`billhead devices`: a delivery is taken in, and the stock listed."""

import json

from click.testing import CliRunner

from billhead.actions.devices.save_model import ModelEntry, save_model
from billhead.cli import main
from billhead.db import writing
from billhead.domain.context import Context


def run(operator, *words):
    return CliRunner().invoke(main, ["devices", *words], obj=operator.app)


def test_a_delivery_and_the_stock(operator, tmp_path):
    with writing(Context.system("test")) as tx:
        save_model(tx, operator.seller_id, ModelEntry("mag-540", "MAG 540", "mag"))
    assert run(operator, "list").stdout == "There is no box.\n"
    file = tmp_path / "delivery.csv"
    file.write_text("model,serial,mac\nmag-540,x1,001a79aabb01\nmag-540,x2,nonsense\n")
    dry = run(operator, "import", str(file), "--dry-run")
    assert (dry.exit_code, dry.stdout.splitlines()[-1]) == (1, "1 taken (dry run), 1 refused.")
    said = json.loads(run(operator, "import", str(file), "--json").stdout)
    assert (said["taken"], said["refused"][0]["row"]) == (1, 2)
    (row,) = json.loads(run(operator, "list", "--state", "in_stock", "--json").stdout)["devices"]
    assert row == {
        "serial": "X1", "mac": "00:1A:79:AA:BB:01", "model": "mag-540", "state": "in_stock", "subscription_id": None,
    }  # fmt: skip
    assert "X1" in run(operator, "list").stdout
