"""What the descriptions of the APIs are made of, as OpenAPI 3.1."""

from typing import Any

from billhead.web.programs import MOST, SIZE

__all__ = ["ID", "KEY", "PAGED", "Said", "described", "does", "in_query", "list_of", "maybe", "obj"]

Said = dict[str, Any]


def obj(**properties: Said | str) -> Said:
    """A type may be said as its name alone."""
    return {
        "type": "object",
        "properties": {k: {"type": v} if isinstance(v, str) else v for k, v in properties.items()},
    }


def list_of(of: Said) -> Said:
    return {"type": "array", "items": of}


def maybe(kind: str) -> Said:
    return {"type": [kind, "null"]}


def in_query(name: str, what: str, schema: Said | None = None) -> Said:
    return {"name": name, "in": "query", "description": what, "schema": schema or {"type": "string"}}


_JSON = "application/json"
_ERROR = obj(code="string", message="string", hint="string", field="string", request_id="string")
PAGED = (
    in_query("before", "`next` of the page before", {"type": "integer"}),
    in_query("limit", f"how many, {SIZE} unless said", {"type": "integer", "minimum": 1, "maximum": MOST}),
)
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "1 to 100 signs without spaces; sent again, the first result is the answer",
    "schema": {"type": "string"},
}
ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}


def does(
    what: str, answer: Said, *parameters: Said, status: str = "200", body: Said | None = None, media: str = _JSON
) -> Said:
    answers = {
        status: {"description": what, "content": {media: {"schema": answer}}},
        "default": {"description": "refused", "content": {_JSON: {"schema": _ERROR}}},
    }
    sent = {"requestBody": {"required": True, "content": {_JSON: {"schema": body}}}} if body else {}
    return {"summary": what, "parameters": list(parameters), "responses": answers, **sent}


def described(title: str, server: str, paths: Said) -> Said:
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1"},
        "servers": [{"url": server}],
        "security": [{"key": []}],
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
        "paths": paths,
    }
