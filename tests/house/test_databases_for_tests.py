"""The fixtures that the other tests lean on: databases of their own, gone after the run, and no skip in CI."""

import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

from source_tree import ROOT, written


def test_a_bare_database_holds_nothing_and_is_the_test_s_own(bare_database_url: str):
    engine = create_engine(bare_database_url, poolclass=NullPool)
    assert inspect(engine).get_table_names() == []
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE left_behind (id INTEGER)"))


def test_what_one_test_left_the_next_does_not_see(bare_database_url: str):
    assert inspect(create_engine(bare_database_url, poolclass=NullPool)).get_table_names() == []


def run_pytest(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    options = ["-q", "-p", "no_skips", "-p", "no:cacheprovider", "-c", os.devnull]
    support = os.pathsep.join([str(ROOT / "tests" / "support"), os.environ.get("PYTHONPATH", "")])
    clean = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(folder)],
        env=clean | {"PYTHONPATH": support, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_skip_is_a_failure_in_ci_alone(tmp_path):
    written(
        tmp_path,
        "test_sample.py",
        "import pytest\ndef test_good(): ...\n@pytest.mark.skip('no radio here')\ndef test_radio(): ...\n"
        "@pytest.mark.xfail(strict=True)\ndef test_known(): assert False\n",
    )
    assert run_pytest(tmp_path).returncode == 0
    ci = run_pytest(tmp_path, CI="true")
    assert ci.returncode == 1
    assert "skipped, which CI=true does not allow" in ci.stdout
    assert "test_sample.py::test_radio: no radio here" in ci.stdout


def test_a_file_that_skips_itself_is_a_failure_in_ci(tmp_path):
    written(tmp_path, "test_whole.py", "import pytest\npytest.importorskip('no_such_module')\n")
    ci = run_pytest(tmp_path, CI="true")
    assert ci.returncode == 1
    assert "could not import 'no_such_module'" in ci.stdout
