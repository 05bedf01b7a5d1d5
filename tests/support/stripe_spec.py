"""Stripe's published description of its API: what may be sent, and what its objects look like.

It stands beside the project in ../shared/specs; nothing of it is copied. What asks for it is skipped where it is not.
"""

import json
import re
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from source_tree import ROOT

FOLDER = ROOT.parent / "shared" / "specs" / "stripe"
# The description holds what gateways mostly use; these are asked for as well, with nothing in them to be wrong about.
NOT_DESCRIBED = {
    ("GET", "/v1/payouts/{payout}"),
    ("GET", "/v1/payouts"),
    ("GET", "/v1/charges"),
    ("GET", "/v1/balance_transactions"),
}


def needed() -> None:
    """Skip, visibly, where the description is not beside the project."""
    if not (FOLDER / "stripe-requests.json").is_file():
        pytest.skip(f"{FOLDER} is not here: Stripe's published API files")


def faults_of(method: str, path: str, query: dict[str, Any], body: dict[str, Any]) -> list[str]:
    """What is wrong with a request by the published description; unknown fields are. [] without the description."""
    if not (FOLDER / "stripe-requests.json").is_file():
        return []
    template = _template(path)
    if template is None or method.lower() not in _requests()["paths"].get(template, {}):
        known = (method, re.sub(r"/(po)_\w+", "/{payout}", path))
        return [] if known in NOT_DESCRIBED else [f"{method} {path} is not described"]
    operation = _requests()["paths"][template][method.lower()]
    faults = []
    allowed = {p["name"]: p for p in operation.get("parameters", []) if p["in"] == "query"}
    for name, value in query.items():
        if name not in allowed:
            faults.append(f"{method} {path}: {name} is no parameter")
        else:
            faults += _held(allowed[name]["schema"], value, f"{method} {path}?{name}")
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/x-www-form-urlencoded", {}).get("schema", {"additionalProperties": False})
    return faults + _held(schema, body, f"{method} {path}")


def unlike_the_fixture(what: str, made: dict[str, Any]) -> list[str]:
    """Fields of an object of ours that the published example has not, or has of another type (null fits all)."""
    example = json.loads((FOLDER / "fixtures3.json").read_text())["resources"][what]
    faults = []
    for name, value in made.items():
        if name not in example:
            faults.append(f"{what}.{name} is not published")
        elif value is not None and example[name] is not None and not _alike(value, example[name]):
            faults.append(f"{what}.{name} is {type(value).__name__}, published {type(example[name]).__name__}")
    return faults


def _alike(mine: Any, theirs: Any) -> bool:
    expandable = {str, dict}
    return type(mine) is type(theirs) or {type(mine), type(theirs)} <= expandable


def _held(schema: dict[str, Any], value: Any, where: str) -> list[str]:
    """A form has only texts: each is read as what the schema asks for."""
    read = _typed(schema, value)
    return [f"{where}: {e.json_path} {e.message}" for e in Draft202012Validator(schema).iter_errors(read)]


def _typed(schema: dict[str, Any], value: Any) -> Any:
    for option in schema.get("anyOf", []):
        read = _typed(option, value)
        if Draft202012Validator(option).is_valid(read):
            return read
    kind = schema.get("type")
    if isinstance(value, dict):
        fields, more = schema.get("properties", {}), schema.get("additionalProperties")
        of_more = more if isinstance(more, dict) else {}
        return {name: _typed(fields.get(name, of_more), one) for name, one in value.items()}
    if isinstance(value, list):
        return [_typed(schema.get("items", {}), one) for one in value]
    if kind == "integer" and re.fullmatch(r"-?[0-9]+", str(value)):
        return int(value)
    if kind == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


@cache
def _requests() -> dict[str, Any]:
    return json.loads((FOLDER / "stripe-requests.json").read_text())


@cache
def _template(path: str) -> str | None:
    if path in _requests()["paths"]:
        return path
    for one in _requests()["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", one), path):
            return one
    return None
