"""A column that nothing writes can't be used, and one that nothing reads was written in vain: both are found by name.

Exact for a name that only one table has; a name of several tables is taken as used where any of them uses it.
"""

import ast
import re
from functools import cache

import billhead.models  # noqa: F401 every table
from billhead.db import Model
from source_tree import CORE, ROOT, files

# what measures or simulates, and what copies and erases rows by their names, uses no column for a purpose
BESIDE = ("/models/", "/migrations/", "/bench/", "/testing/", "/simulate/", "/tests/", "/privacy/_belongings.py")
RECORDS = {
    "BankEntry.taken_at": "when a line of a statement came in, for a dispute with the bank",
    "LedgerSeal.sealed_at": "when a block was sealed; the proof itself is its root",
    "Passkey.transports": "what the authenticator said of itself, asked for by a later ceremony",
    "Refund.taken_entry_id": "which entry took the credit back, for an auditor",
    "SignInTrip.state_hash": "the key by which a trip is found",
    "UnassignedMoney.returned_entry_id": "which entry sent the money back, for an auditor",
    "UsageEvent.properties": "what a source told of an event, copied for its customer",
}
"""Written for the record, and read by no code."""
COMPUTED = {
    "Customer.sought_name", "Customer.sought_last", "Customer.sought_company", "Customer.sought_phone",
    "Reseller.sought_name",
}  # fmt: skip
"""By the database itself."""


@cache
def used():
    """(names that are written, names that are read) somewhere."""
    written, read = set(), set()
    for path in [*files("**/*.py", root=CORE), *files("plugins/**/*.py", root=ROOT)]:
        if any(piece in f"/{path.as_posix()}" for piece in BESIDE):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                (read if isinstance(node.ctx, ast.Load) else written).add(node.attr)
            elif isinstance(node, ast.keyword) and node.arg:
                written.add(node.arg)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                written.add(node.target.id)  # a field that is put into its column by name
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                words = re.findall(r"\w+", node.value)
                read.update(words)
                written.update(words)
    for path in files("**/*.html", root=CORE):
        read.update(re.findall(r"\.(\w+)", path.read_text("utf-8")))
    return written, read


def columns():
    """(table and name, name in the code) of each column."""
    for mapper in Model.registry.mappers:
        for column in mapper.column_attrs:
            yield f"{mapper.class_.__name__}.{column.key}", column.key


def test_every_column_is_written():
    written, _ = used()
    assert [name for name, key in columns() if key not in written and name not in COMPUTED] == []


def test_every_column_is_read():
    _, read = used()
    assert [name for name, key in columns() if key not in read and name not in RECORDS] == []


def test_what_is_kept_for_the_record_is_still_there():
    assert (RECORDS.keys() | COMPUTED) - {name for name, _ in columns()} == set()
