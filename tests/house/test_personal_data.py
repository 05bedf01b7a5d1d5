"""Every column that can hold words of a person says what becomes of it when they are erased."""

from sqlalchemy import JSON, LargeBinary, MetaData, String
from sqlalchemy.types import TypeEngine

import billhead.models  # noqa: F401 registers the tables
from billhead.actions.privacy._belongings import BELONGINGS, HOUSE, TRACES, Belonging
from billhead.db import Model


def wordy(kind: TypeEngine) -> bool:
    return isinstance(kind, String | JSON | LargeBinary)


def faults(metadata: MetaData, belongings: dict[str, Belonging]) -> list[str]:
    found = []
    for name, table in metadata.tables.items():
        words = {column.name for column in table.c if wordy(column.type)}
        mine = belongings.get(name)
        if mine is None:
            if words and name not in HOUSE | TRACES:
                found.append(f"{name}: a customer's, or the house's own? say so in actions/privacy/_belongings.py")
            if name in HOUSE and "customer_id" in table.c and words:
                found.append(f"{name} has a customer_id, so it is not the house's own")
            continue
        emptied, kept = set(mine.empties.split()), set(mine.keeps.split())
        named = emptied | kept | mine.becomes.keys()
        columns = {column.name for column in table.c}
        found += [f"{name}.{one} is no column" for one in sorted((named | set(mine.hides.split())) - columns)]
        found += [f"{name}.{one} is emptied and kept" for one in sorted(emptied & kept)]
        if not mine.deleted:
            found += [f"{name}.{one}: emptied or kept?" for one in sorted(words - named)]
        for column, parent in mine.owners:
            if column not in columns or (parent != "customer" and parent not in belongings):
                found.append(f"{name}: {column} leads to no {parent} of theirs")
    known = belongings.keys() | HOUSE | TRACES
    return found + [f"{name} is no table" for name in sorted(known - metadata.tables.keys())]


def test_every_column_with_words_says_what_becomes_of_it():
    assert faults(Model.metadata, BELONGINGS) == []


def test_a_column_that_says_nothing_is_found():
    short = BELONGINGS["ticket"]
    silent = {**BELONGINGS, "ticket": Belonging(short.by, short.group, keeps="token state priority")}
    assert faults(Model.metadata, silent) == ["ticket.subject: emptied or kept?"]
    assert faults(Model.metadata, {k: v for k, v in BELONGINGS.items() if k != "consent"}) == [
        "consent: a customer's, or the house's own? say so in actions/privacy/_belongings.py"
    ]
