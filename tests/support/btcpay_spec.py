"""BTCPay Server's published description of its API: what may be sent, and what its objects look like.

It stands beside the project in ../shared/specs; nothing of it is copied. What asks for it is skipped where it is not.
"""

import json
import re
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from source_tree import ROOT

FOLDER = ROOT.parent / "shared" / "specs" / "btcpay"
# Asked for by the account check, and in a file of the description that is not among these.
NOT_DESCRIBED = {("GET", "/api/v1/api-keys/current")}


def needed() -> None:
    """Skip, visibly, where the description is not beside the project."""
    if not (FOLDER / "swagger.template.invoices.json").is_file():
        pytest.skip(f"{FOLDER} is not here: BTCPay Server's published API files")


def faults_of(method: str, path: str, query: dict[str, Any], body: Any) -> list[str]:
    """What is wrong with a request by the published description; unknown fields are. [] without the description."""
    if not (FOLDER / "swagger.template.invoices.json").is_file() or (method, path) in NOT_DESCRIBED:
        return []
    described = _operation(method, path)
    if described is None:
        return [f"{method} {path} is not described"]
    operation, parameters = described
    allowed = {one["name"] for one in parameters if one.get("in") == "query"}
    faults = [f"{method} {path}: {name} is no parameter" for name in query if name not in allowed]
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return faults + ([f"{method} {path} takes no body"] if body is not None else [])
    return faults + [f"{method} {path}: {one}" for one in _unlike(schema, body)]


def object_faults(name: str, made: Any) -> list[str]:
    """What is wrong with an object of ours by the published schema of that name."""
    return [f"{name}: {one}" for one in _unlike({"$ref": f"#/components/schemas/{name}"}, made)]


def _unlike(schema: dict[str, Any], value: Any) -> list[str]:
    return [f"{error.json_path} {error.message}" for error in Draft202012Validator(_strict(schema)).iter_errors(value)]


def _operation(method: str, path: str) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
    """The description has the short paths of single objects; servers of every age take those with the store, too."""
    short = re.sub(r"/stores/[^/]+/invoices/", "/invoices/", path)
    for file in _files():
        for template, found in file.get("paths", {}).items():
            if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", template), short) and method.lower() in found:
                operation = found[method.lower()]
                return operation, [_named(one) for one in found.get("parameters", []) + operation.get("parameters", [])]
    return None


def _named(told: dict[str, Any]) -> dict[str, Any]:
    return _found(told["$ref"]) if "$ref" in told else told


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """As JSON schema has it: parts that are joined are one object, in which nothing else may stand; null where told."""
    if "$ref" in schema:
        return _strict(_found(schema["$ref"]))
    made = {name: one for name, one in schema.items() if name in ("type", "enum", "minimum", "maximum", "required")}
    if schema.get("format") == "decimal":
        made["pattern"] = r"^-?[0-9]+(\.[0-9]+)?$"
    if "items" in schema:
        made["items"] = _strict(schema["items"])
    fields = {name: _strict(one) for name, one in schema.get("properties", {}).items()}
    is_open = schema.get("additionalProperties") is True
    for part in [*schema.get("allOf", []), *(one for one in schema.get("anyOf", []) if "properties" in one)]:
        joined = _strict(part)
        fields |= joined.pop("properties", {})
        is_open = is_open or joined.pop("additionalProperties", False) is True
        made = {**joined, **made}
    if fields or made.get("type") == "object":
        made |= {"properties": fields, "additionalProperties": is_open or not fields}
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") else made


def _found(reference: str) -> dict[str, Any]:
    *_, kind, name = reference.split("/")
    return next(file["components"][kind][name] for file in _files() if name in file.get("components", {}).get(kind, {}))


@cache
def _files() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json")))
