"""The tree of errors is what its docstring draws, and every error says what and where."""

import inspect
import pickle
import re

import pytest

from billhead.domain import errors
from billhead.domain.errors import (
    BillheadError,
    CurrencyMismatch,
    IllegalTransition,
    InvalidInput,
    NotFound,
    PluginFailed,
)

CLASSES = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if kind.__module__ == "billhead.domain.errors"
]


def drawn():
    """(name, code, depth) of each line of the drawing."""
    for line in errors.__doc__.splitlines():
        found = re.match(r"([│├└─ ]*)([A-Z]\w+) {2,}([a-z_]+)", line)
        if found:
            yield found[2], found[3], len(found[1]) // 4


def test_the_drawing_names_every_error_with_its_code():
    assert {name: code for name, code, _ in drawn()} == {kind.__name__: kind.code for kind in CLASSES}


def test_the_drawing_shows_who_inherits_from_whom():
    above = {}
    for name, _, depth in drawn():
        above[depth] = name
        if depth:
            assert getattr(errors, name).__base__.__name__ == above[depth - 1]


def test_codes_are_unique():
    assert len({kind.code for kind in CLASSES}) == len(CLASSES)


def test_as_dict_leaves_out_what_is_not_there():
    assert BillheadError("It broke.").as_dict() == {"code": "error", "message": "It broke."}
    assert InvalidInput("mac", "is too short", hint="Write six pairs.").as_dict() == {
        "code": "invalid_input",
        "message": "mac: is too short",
        "field": "mac",
        "hint": "Write six pairs.",
    }


def test_a_code_may_be_narrowed_for_one_case():
    assert NotFound("plan", 7, code="plan_not_found").as_dict()["code"] == "plan_not_found"
    assert NotFound("plan", 7).code == "not_found"


@pytest.mark.parametrize(
    "error",
    [
        InvalidInput(field="mac", why="is too short"),
        CurrencyMismatch("EUR", "USD"),
        IllegalTransition("paid", "void", hint="Refund first."),
        PluginFailed("stalker", "no answer"),
    ],
    ids=lambda error: error.code,
)
def test_an_error_survives_the_way_out_of_a_worker_process(error):
    back = pickle.loads(pickle.dumps(error))
    assert (type(back), str(back), back.__dict__) == (type(error), str(error), error.__dict__)
