"""The locks pin everything by hash, carry no address, agree, and serve every distribution of the tree."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from source_tree import ROOT, Distribution, plugins, themes, written

CORE_LOCK, DEV_LOCK = ROOT / "requirements" / "core.lock", ROOT / "requirements" / "dev.lock"
PEERS_LOCK = ROOT / "requirements" / "peers.lock"
# Left out of the locks until a gateway of the tree asks for them.
ASKED_FOR_BY_GATEWAYS = {"stripe", "paypal"}
# Installed by `make run`, so that production mode works from the same environment.
PRODUCTION = {"postgres", "redis", "server"}


def pins(lock: Path) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)", lock.read_text(), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def lock_faults(lock: Path) -> list[str]:
    text = lock.read_text()
    faults = [f"{lock.name}:{number}: an address" for number, line in enumerate(text.splitlines(), 1) if "://" in line]
    for entry in text.replace("\\\n", " ").splitlines():
        name = entry.split("==")[0].strip()
        if not entry.strip() or entry.lstrip().startswith("#"):
            continue
        if "==" not in entry:
            faults.append(f"{lock.name}: {entry.strip()} is not pinned")
        elif "--hash=sha256:" not in entry:
            faults.append(f"{lock.name}: {name} has no hash")
    return faults


def unserved(distribution: Distribution, core: dict[str, str], dev: dict[str, str], in_tree: set[str]) -> list[str]:
    """Requirements of a distribution that the locks lack or hold at another version; extras are for developing."""
    project = distribution.pyproject["project"]
    wanted = [(line, core, "core.in") for line in project.get("dependencies", [])]
    for extra, lines in project.get("optional-dependencies", {}).items():
        if extra not in ASKED_FOR_BY_GATEWAYS:
            wanted += [(line, core, "core.in") if extra in PRODUCTION else (line, dev, "dev.in") for line in lines]
    faults = []
    for line, locked, source in wanted:
        need = Requirement(line)
        name = canonicalize_name(need.name)
        held = locked.get(name, "none")
        if name not in in_tree and (held == "none" or not need.specifier.contains(held, prereleases=True)):
            faults.append(f"{distribution.name} asks for {need}, the lock has {held}: add it to {source}, `make lock`")
    return faults


@pytest.mark.parametrize("lock", [CORE_LOCK, DEV_LOCK, PEERS_LOCK], ids=lambda it: it.name)
def test_a_lock_holds_hashes_and_no_address(lock: Path):
    assert pins(lock)
    assert lock_faults(lock) == []


def test_the_locks_agree():
    core, dev, peers = pins(CORE_LOCK), pins(DEV_LOCK), pins(PEERS_LOCK)
    assert {name: dev.get(name) for name in core} == core
    assert {name: dev[name] for name in peers if name in dev} == {name: peers[name] for name in peers if name in dev}


def test_what_is_built_from_source_is_named_and_can_be_built():
    (built,) = re.findall(r"^BUILT := (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {canonicalize_name(name) for name in built.split(",")} <= set(pins(PEERS_LOCK))
    assert "setuptools" in pins(DEV_LOCK)


def test_the_locks_serve_every_distribution():
    distributions = [Distribution(ROOT), *plugins(), *themes()]
    in_tree = {canonicalize_name(distribution.name) for distribution in distributions}
    core, dev = pins(CORE_LOCK), pins(DEV_LOCK)
    assert [fault for distribution in distributions for fault in unserved(distribution, core, dev, in_tree)] == []


def test_what_is_installed_fits_together():
    check = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert (check.returncode, check.stdout.strip()) == (0, "No broken requirements found.")


def test_a_careless_lock_is_found(tmp_path):
    lock = written(
        tmp_path,
        "core.lock",
        "flask==3.1.3 \\\n    --hash=sha256:aa\ncelery==5.7.0\npluggy\n"
        "httpx @ https://example.test/httpx.whl \\\n    --hash=sha256:bb\n",
    )
    assert lock_faults(lock) == [
        "core.lock:5: an address",
        "core.lock: celery has no hash",
        "core.lock: pluggy is not pinned",
        "core.lock: httpx @ https://example.test/httpx.whl      --hash=sha256:bb is not pinned",
    ]


def test_a_dependency_that_the_lock_lacks_is_found(tmp_path):
    project = '[project]\nname = "billhead-x"\nversion = "0.1"\ndependencies = ["flask>=4", "billhead>=0.1", "nh3"]\n'
    project += '[project.optional-dependencies]\ntests = ["pytest>=99"]\n'
    written(tmp_path, "plugins/x/pyproject.toml", project)
    faults = unserved(plugins(tmp_path)[0], {"flask": "3.1.3"}, {"pytest": "9.2.0"}, {"billhead"})
    assert [fault.split(":")[0] for fault in faults] == [
        "billhead-x asks for flask>=4, the lock has 3.1.3",
        "billhead-x asks for nh3, the lock has none",
        "billhead-x asks for pytest>=99, the lock has 9.2.0",
    ]
