"""The API as OpenAPI 3.1, at /api/v1/openapi.json: what docs/api.md tells people, for the tools of programs."""

from typing import Any

from flask.typing import ResponseReturnValue

from billhead.actions.resellers._statement import KINDS
from billhead.plugin import allow
from billhead.web.api_v1.asking import MOST, SIZE, api
from billhead.web.reseller.users import SHOWN

__all__ = ["DESCRIPTION"]

Said = dict[str, Any]


def _object(**properties: Said | str) -> Said:
    """A type may be said as its name alone."""
    return {
        "type": "object",
        "properties": {k: {"type": v} if isinstance(v, str) else v for k, v in properties.items()},
    }


def _list(of: Said) -> Said:
    return {"type": "array", "items": of}


def _maybe(kind: str) -> Said:
    return {"type": [kind, "null"]}


def _in_query(name: str, what: str, schema: Said | None = None) -> Said:
    return {"name": name, "in": "query", "description": what, "schema": schema or {"type": "string"}}


_CREDITS = {"type": "string", "examples": ["12.50"]}
_DAY = {"type": ["string", "null"], "format": "date", "description": "the first day that is not paid"}
_USER = _object(
    id="integer", name="string", email="string", plan="string", plan_name="string", term="string", state="string",
    blocked_by=_maybe("string"), paid_through=_DAY, reseller="integer",
    line={"type": ["object", "null"], "properties": {k: _maybe("string") for k in ("kind", "login", "mac", "sync")}},
)  # fmt: skip
_BOUGHT = _object(id="integer", credits=_CREDITS, paid_through=_DAY)
_NEW = _object(
    plan="string", term="string", name="string", email="string", phone="string", mac="string", language="string",
    trial="boolean", addons={"type": "object", "additionalProperties": {"type": "integer"}},
) | {"required": ["plan", "term", "name"]}  # fmt: skip
_ERROR = _object(code="string", message="string", hint="string", field="string", request_id="string")
_PAGED = (
    _in_query("before", "`next` of the page before", {"type": "integer"}),
    _in_query("limit", f"how many, {SIZE} unless said", {"type": "integer", "minimum": 1, "maximum": MOST}),
)
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "1 to 100 signs without spaces; sent again, the first result is the answer",
    "schema": {"type": "string"},
}
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}


def _does(what: str, answer: Said, *parameters: Said, status: str = "200", body: Said | None = None) -> Said:
    answers = {
        status: {"description": what, "content": {"application/json": {"schema": answer}}},
        "default": {"description": "refused", "content": {"application/json": {"schema": _ERROR}}},
    }
    sent = {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}} if body else {}
    return {"summary": what, "parameters": list(parameters), "responses": answers, **sent}


_BALANCE = _object(
    reseller="string", name="string", suspended="boolean", credits=_CREDITS, held=_CREDITS, owed=_CREDITS,
    credit_line=_CREDITS, users="integer",
)  # fmt: skip
_TRIAL = {"type": ["object", "null"], "properties": {"term": {"type": "string"}, "credits": _CREDITS}}
_SOLD = _object(plan="string", name="string", term="string", credits=_CREDITS, trial=_TRIAL, needs_mac="boolean")
_ADDON = _object(
    code="string", name="string", most="integer", plans=_list({"type": "string"}),
    credits={"type": "object", "additionalProperties": _CREDITS},
)  # fmt: skip
_ROW = _object(
    id="integer", at={"type": "string", "format": "date-time"}, kind="string", what="string", change=_CREDITS,
    before=_CREDITS, after=_CREDITS, user=_maybe("integer"), document=_maybe("integer"), by=_maybe("string"),
    reason=_maybe("string"),
)  # fmt: skip
_SHOW = {"type": "string", "enum": ["ending", *SHOWN]}
_KINDS = {"type": "string", "enum": [*KINDS]}

DESCRIPTION: Said = {
    "openapi": "3.1.0",
    "info": {"title": "Billhead for resellers", "version": "1"},
    "servers": [{"url": "/api/v1"}],
    "security": [{"key": []}],
    "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    "paths": {
        "/balance": {"get": _does("What there is to spend", _BALANCE)},
        "/packages": {"get": _does("What may be sold", _object(packages=_list(_SOLD), add_ons=_list(_ADDON)))},
        "/statement": {
            "get": _does(
                "Movements of credits", _object(rows=_list(_ROW), next=_maybe("integer")),
                _in_query("kind", "of one kind only", _KINDS), *_PAGED,
            )
        },
        "/users": {
            "get": _does(
                "Users, the newest first", _object(users=_list(_USER), next=_maybe("integer")),
                _in_query("q", "name, e-mail, MAC in any spelling, or line"),
                _in_query("show", "only these; without it all that have not ended", _SHOW),
                _in_query("reseller", "of one reseller below", {"type": "integer"}), *_PAGED,
            ),
            "post": _does("Add a user", _BOUGHT, _KEY, status="201", body=_NEW),
        },
        "/users/{id}": {"get": _does("One user", _USER, _ID)},
        "/users/{id}/access": {
            "get": _does("What the user needs to watch", _object(id="integer", language="string", text="string"), _ID)
        },
        "/users/{id}/renew": {"post": _does("One more term", _BOUGHT, _ID, _KEY)},
        "/users/{id}/block": {"post": _does("Stop the lines", _USER, _ID, _KEY)},
        "/users/{id}/unblock": {"post": _does("Let them run again", _USER, _ID, _KEY)},
    },
}  # fmt: skip


@api.get("/openapi.json")
@allow("anyone")
def openapi() -> ResponseReturnValue:
    return DESCRIPTION
