"""Whatever core writes into the audit trail is said there in words, and there are no words for what nobody writes."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from billhead.actions.fraud.decide_case import DECISIONS
from billhead.actions.viewings.settle_sharing import SETTLED
from billhead.domain.device import DeviceEvent
from billhead.web.admin.deeds import DEEDS
from billhead.web.admin.deeds.house import HOUSE
from billhead.web.admin.deeds.lines import LINES
from billhead.web.admin.deeds.money import MONEY
from billhead.web.admin.deeds.people import PEOPLE
from source_tree import CORE, files, parsed, shown, written

WRITERS = {"verb": 0, "audit": 1, "Saying": 0}
"""What takes the code of a deed → as which argument."""
_WRITES = re.compile(rf"\b(?:AuditEntry|{'|'.join(WRITERS)})\(")
HANDED_ON = {"actions/verb.py", "actions/access/_box.py", "app.py"}
"""Where the code is what somebody handed in: one of the above, or a plugin."""
ONE_OF = {"devices.{event.value}": DeviceEvent, "fraud.{decision}": DECISIONS, "sharing.{step}": SETTLED}
"""Codes that are put together → what stands in the braces."""


def codes_of(root: Path = CORE) -> Iterator[str]:
    """Each code that is written; "?file: expression" where it can't be told."""
    for path in files("**/*.py", root=root):
        beside = "testing" in path.relative_to(root).parts or shown(path, root) in HANDED_ON
        if beside or not _WRITES.search(path.read_text("utf-8")):
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and (code := _code(node)) is not None:
                yield from _read(code, parsed(path)) or [f"?{shown(path, root)}: {ast.unparse(code)}"]


def _code(call: ast.Call) -> ast.expr | None:
    name = getattr(call.func, "id", "")
    if name == "AuditEntry":
        return next((one.value for one in call.keywords if one.arg == "action"), None)
    place = WRITERS.get(name)
    if place is None or len(call.args) <= place or (name == "verb" and ast.unparse(call.args[0]) == "tx"):
        return None  # or something else of that name, that is handed a transaction
    return call.args[place]


def _read(code: ast.expr, module: ast.Module) -> list[str]:
    match code:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.IfExp(body=one, orelse=other):
            return [*_read(one, module), *_read(other, module)]
        case ast.Name(id=name):
            given = [node.value for node in ast.walk(module) if isinstance(node, ast.Assign) and _is(node, name)]
            return [text for one in given for text in _read(one, module)]
        case ast.JoinedStr():
            known = ast.unparse(code)[2:-1]
            begin, _, end = known.partition("{")
            return [f"{begin}{word}{end.partition('}')[2]}" for word in ONE_OF.get(known, ())]
    return []


def _is(assigned: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in assigned.targets)


def test_each_deed_has_words_and_no_words_are_spare():
    found = set(codes_of())
    assert sorted(found - DEEDS.keys()) == [], "without words in web/admin/deeds"
    assert sorted(DEEDS.keys() - found) == [], "nobody writes it any more"


def test_no_deed_stands_in_two_places():
    places = Counter(code for part in (PEOPLE, MONEY, LINES, HOUSE) for code in part)
    assert [code for code, times in places.items() if times > 1] == []


def test_what_is_written_is_found(tmp_path):
    code = "@verb('plans.save')\ndef act(tx): ...\n"
    code += "def other(tx, new, why):\n    way = 'plans.add' if new else 'plans.change'\n    audit(tx, way, '', {})\n"
    code += "    audit(tx, f'fraud.{decision}', '', {})\n    audit(tx, why, '', {})\n"
    written(tmp_path, "plans.py", code)
    told = ["plans.save", "plans.add", "plans.change", "fraud.approve", "fraud.refuse", "?plans.py: why"]
    assert sorted(codes_of(tmp_path)) == sorted(told)
