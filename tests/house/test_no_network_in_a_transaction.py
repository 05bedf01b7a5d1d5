"""Nothing takes both a session and a gateway or module: what calls the outside has no transaction open."""

import ast
from pathlib import Path

from source_tree import CORE, ROOT, files, functions, parsed, shown, written

SESSIONS = {"Tx", "Session", "scoped_session", "Connection"}
SESSION_PARAMETERS = {"tx", "session"}
OUTSIDE = {"PaymentGateway", "ProvisioningModule", "NotificationChannel", "RateSource", "HttpClient", "Client"}
OUTSIDE_PARAMETERS = {"gateway", "module", "channel", "http"}


def takers(path: Path) -> list[tuple[int, str, list[ast.arg | ast.AnnAssign]]]:
    """Functions with their parameters, and classes with their annotated fields."""
    found = []
    for function in functions(parsed(path)):
        given = function.args
        found.append((function.lineno, function.name, [*given.posonlyargs, *given.args, *given.kwonlyargs]))
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ClassDef):
            found.append((node.lineno, node.name, [field for field in node.body if isinstance(field, ast.AnnAssign)]))
    return found


def _is(thing: ast.arg | ast.AnnAssign, types: set[str], names: set[str]) -> bool:
    name = thing.arg if isinstance(thing, ast.arg) else getattr(thing.target, "id", "")
    if not thing.annotation:
        return name in names
    words = {getattr(node, "id", getattr(node, "attr", "")) for node in ast.walk(thing.annotation)}
    # Only a name that is typed as text or number (`module: str`, the module's code) is not the thing itself.
    return bool(words & types) or (name in names and not words & {"str", "int"})


def mixed(paths: list[Path], root: Path = ROOT) -> list[str]:
    return [
        f"{shown(path, root)}:{line}: {name} takes a session and a gateway or module; make it intend, call, record"
        for path in paths
        for line, name, things in takers(path)
        if any(_is(thing, SESSIONS, SESSION_PARAMETERS) for thing in things)
        and any(_is(thing, OUTSIDE, OUTSIDE_PARAMETERS) for thing in things)
    ]


def test_sessions_and_the_outside_world_stay_apart():
    assert mixed(list(files("**/*.py", root=CORE))) == []


def test_each_way_to_mix_them_is_found(tmp_path):
    path = written(
        tmp_path,
        "core/mixed.py",
        "def charge(tx: Tx, gateway: PaymentGateway): ...\n"
        "def converge(session, *, module): ...\n"
        "class Job:\n    tx: Tx\n    panel_module: ProvisioningModule | None\n"
        "def intend(tx: Tx, module: str): ...\n"
        "def call(gateway: PaymentGateway): ...\n",
    )
    assert [fault.split(" takes")[0] for fault in mixed([path], tmp_path)] == [
        "core/mixed.py:1: charge",
        "core/mixed.py:2: converge",
        "core/mixed.py:3: Job",
    ]
