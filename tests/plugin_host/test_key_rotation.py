"""The secret key is changed in a running installation: nothing is lost, and the old key opens nothing afterwards."""

import json
import re

import pytest
from click.testing import CliRunner

from billhead.cli import main
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.errors import InvalidInput
from billhead.models.operations import PluginState
from billhead.plugin_host import Vault
from billhead.plugin_host.activation import state_row
from billhead.plugin_host.rotation import SEALED
from source_tree import CORE


def test_every_secret_is_written_anew(host_app, database_url):
    app = host_app(database_url, [])
    old, both = Vault.from_secret("old"), Vault.from_secret("new old")
    with app.app_context(), writing(Context.system("test")) as tx:
        for n in range(501):  # one more than a batch
            state_row(tx, f"plugin{n}").secrets = old.encrypt(f"secret {n}")
        state_row(tx, "bare").secrets = ""
    app.extensions["billhead"].vault = both
    result = CliRunner().invoke(main, ["vault", "rotate", "--json"], obj=app)
    assert json.loads(result.stdout)["rotated"] == [str(column) for column in SEALED]
    new = Vault.from_secret("new")
    with app.app_context(), reading() as session:
        assert session.get(PluginState, "bare").secrets == ""
        for n in (0, 250, 499, 500):
            token = session.get(PluginState, f"plugin{n}").secrets
            assert new.decrypt(token) == f"secret {n}"
            with pytest.raises(InvalidInput):
                old.decrypt(token)


def test_every_column_under_the_vault_is_rotated():
    """A model says "vault ciphertext" beside such a column; the list must hold it."""
    stated = {
        (path.stem, name)
        for path in (CORE / "models").glob("*.py")
        for name in re.findall(r"^    (\w+): Mapped\[str\].*# vault ciphertext", path.read_text("utf-8"), re.MULTILINE)
    }
    secrets = {
        ("operations", "secrets"),
        ("payments", "secrets"),
        ("sign_in", "secret"),
    }  # as panels' are, which says it
    assert stated | secrets == {(column.class_.__module__.split(".")[-1], column.key) for column in SEALED}
