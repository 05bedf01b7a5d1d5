"""PayPal's published description of its API: what may be sent, and what its objects look like.

It stands beside the project in ../shared/specs; nothing of it is copied. What asks for it is skipped where it is not.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from source_tree import ROOT

FOLDER = ROOT.parent / "shared" / "specs" / "paypal"
FILES = {
    "/v2/checkout/": "checkout_orders_v2.json",
    "/v2/payments/": "payments_payment_v2.json",
    "/v1/customer/disputes": "customer_disputes_v1.json",
    "/v1/notifications/": "notifications_webhooks_v1.json",
    "/v3/vault/": "vault_payment_tokens_v3.json",
}
# The published orders file is older than the SDK, whose models say what stands in a wallet's stored credential.
STORED_CREDENTIAL = {
    "payment_initiator": {"CUSTOMER", "MERCHANT"},
    "usage": {"FIRST", "SUBSEQUENT", "DERIVED"},
    "usage_pattern": {"SUBSCRIPTION_PREPAID", "SUBSCRIPTION_POSTPAID", "UNSCHEDULED_PREPAID", "UNSCHEDULED_POSTPAID"},
}


def needed() -> None:
    """Skip, visibly, where the description is not beside the project."""
    if not (FOLDER / "checkout_orders_v2.json").is_file():
        pytest.skip(f"{FOLDER} is not here: PayPal's published API files")


def faults_of(method: str, path: str, query: dict[str, str], body: Any) -> list[str]:
    """What is wrong with a request by the published description; unknown fields are. [] without the description."""
    if not (FOLDER / "checkout_orders_v2.json").is_file():
        return []
    file = next((name for start, name in FILES.items() if path.startswith(start)), "")
    template = _template(file, path) if file else None
    if template is None or method.lower() not in _described(file)["paths"][template]:
        return [f"{method} {path} is not described"]
    operation = _described(file)["paths"][template][method.lower()]
    named = [_resolved(file, one) for one in operation.get("parameters", [])]
    allowed = {one["name"] for one in named if one["in"] == "query"}
    faults = [f"{method} {path}: {name} is no parameter" for name in query if name not in allowed]
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return faults + ([f"{method} {path} takes no body"] if body is not None else [])
    faults += _unlike_a_credential(body)
    return faults + [
        f"{method} {path}: {one}" for one in unlike(file, schema, _as_described(_without_credential(body)))
    ]


def _as_described(body: Any) -> Any:
    """The published vault file knows agreements alone; the SDK's models say that setup tokens are exchanged as well."""
    token = body.get("payment_source", {}).get("token") if isinstance(body, dict) else None
    if token is None or token.get("type") != "SETUP_TOKEN":
        return body
    return {**body, "payment_source": {**body["payment_source"], "token": {**token, "type": "BILLING_AGREEMENT"}}}


def unlike(file: str, schema: dict[str, Any], value: Any) -> list[str]:
    """What of a value its schema does not allow, unknown fields among it."""
    whole = {**schema, "components": _described(file)["components"]}
    wrong = [f"{error.json_path} {error.message}" for error in Draft202012Validator(whole).iter_errors(value)]
    return wrong + list(_unknown(file, schema, value, "$"))


def object_faults(file: str, name: str, made: Any) -> list[str]:
    """What is wrong with an object of ours by the published schema of that name."""
    return unlike(file, {"$ref": f"#/components/schemas/{name}"}, made)


def _unknown(file: str, schema: dict[str, Any], value: Any, where: str) -> Iterator[str]:
    if isinstance(value, list):
        items = [one["items"] for one in _parts(file, schema) if "items" in one]
        for at, one in enumerate(value):
            for kind in items:
                yield from _unknown(file, kind, one, f"{where}[{at}]")
    if not isinstance(value, dict):
        return
    fields: dict[str, dict[str, Any]] = {}
    for part in _parts(file, schema):
        fields |= part.get("properties", {})
    for name, one in value.items():
        if fields and name not in fields:
            yield f"{where}.{name} is not published"
        elif fields:
            yield from _unknown(file, fields[name], one, f"{where}.{name}")


def _parts(file: str, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    schema = _resolved(file, schema)
    yield schema
    for joined in ("allOf", "anyOf", "oneOf"):
        for one in schema.get(joined, []):
            yield from _parts(file, one)


def _resolved(file: str, schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        found: Any = _described(file)
        for step in schema["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        schema = found
    return schema


def _credential(body: Any) -> dict[str, Any] | None:
    wallet = (body or {}).get("payment_source", {}).get("paypal", {}) if isinstance(body, dict) else {}
    return wallet.get("stored_credential")


def _unlike_a_credential(body: Any) -> list[str]:
    told = _credential(body) or {}
    return [f"stored_credential.{n} {v!r}" for n, v in told.items() if v not in STORED_CREDENTIAL.get(n, ())]


def _without_credential(body: Any) -> Any:
    if _credential(body) is None:
        return body
    wallet = {name: one for name, one in body["payment_source"]["paypal"].items() if name != "stored_credential"}
    return {**body, "payment_source": {"paypal": wallet}}


@cache
def _described(file: str) -> dict[str, Any]:
    return json.loads((FOLDER / file).read_text())


@cache
def _template(file: str, path: str) -> str | None:
    for one in _described(file)["paths"]:
        if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", one), path):
            return one
    return None
