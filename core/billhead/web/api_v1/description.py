"""The API as OpenAPI 3.1, at /api/v1/openapi.json: what docs/api.md tells people, for the tools of programs."""

from flask import request
from flask.typing import ResponseReturnValue

from billhead.actions.resellers._statement import KINDS
from billhead.actions.resellers.change_user import WAYS
from billhead.domain.errors import InvalidInput
from billhead.plugin import allow
from billhead.web.api_v1.asking import api
from billhead.web.openapi import ID, KEY, PAGED, Said, described, does, in_query, list_of, maybe, obj
from billhead.web.reseller.users import SHOWN

__all__ = ["DESCRIPTION"]

_CREDITS = {"type": "string", "examples": ["12.50"]}
_DAY = {"type": ["string", "null"], "format": "date", "description": "the first day that is not paid"}
_USER = obj(
    id="integer", name="string", email="string", plan="string", plan_name="string", term="string", state="string",
    blocked_by=maybe("string"), paid_through=_DAY, reseller="integer",
    line={"type": ["object", "null"], "properties": {k: maybe("string") for k in ("kind", "login", "mac", "sync")}},
)  # fmt: skip
_LINE_ID = ID | {"name": "line"}
_FACTS = {name: {"type": "string"} for name in ("phone", "language", "note")}
_RENEWS = {
    "automatic_renewal": {"type": "boolean"}, "not_renewed": maybe("string"),
    "lines": list_of(obj(id="integer", kind="string", login="string", mac=maybe("string"), sync="string")),
}  # fmt: skip
_ONE = _USER | {"properties": {**_USER["properties"], **_FACTS, **_RENEWS}}
_WAY = {"type": "string", "enum": [*WAYS]}
_CHANGED = obj(name="string", email="string", phone="string", language="string", note="string")
_BOUGHT = obj(id="integer", credits=_CREDITS, paid_through=_DAY)
_FOR = obj(credits=_CREDITS, paid_through=_DAY, term="string")
_TERMS = obj(id="integer", terms=list_of(_FOR))
_TERM = obj(term="string") | {"required": []}
_RENEWED = obj(id="integer", credits=_CREDITS, paid_through=_DAY, term="string")
_NEW = obj(
    plan="string", term="string", name="string", email="string", phone="string", mac="string", language="string",
    trial="boolean", addons={"type": "object", "additionalProperties": {"type": "integer"}},
) | {"required": ["plan", "term", "name"]}  # fmt: skip
_LINE = {
    "type": "object",
    "properties": {name: _NEW["properties"][name] for name in ("plan", "term", "mac", "trial", "addons")},
    "required": ["plan", "term"],
}
_BALANCE = obj(
    reseller="string", name="string", suspended="boolean", credits=_CREDITS, held=_CREDITS, owed=_CREDITS,
    credit_line=_CREDITS, users="integer",
)  # fmt: skip
_TRIAL = {"type": ["object", "null"], "properties": {"term": {"type": "string"}, "credits": _CREDITS}}
_SOLD = obj(plan="string", name="string", term="string", credits=_CREDITS, trial=_TRIAL, needs_mac="boolean")
_ADDON = obj(
    code="string", name="string", most="integer", plans=list_of({"type": "string"}),
    credits={"type": "object", "additionalProperties": _CREDITS},
)  # fmt: skip
_ROW = obj(
    id="integer", at={"type": "string", "format": "date-time"}, kind="string", what="string", change=_CREDITS,
    before=_CREDITS, after=_CREDITS, user=maybe("integer"), document=maybe("integer"), by=maybe("string"),
    reason=maybe("string"), request=maybe("string"),
)  # fmt: skip
_DUE = obj(id="integer", paid_through=_DAY, credits=maybe("string"), why_not=maybe("string"))
_WISH = obj(plan="string", term="string", addons=_NEW["properties"]["addons"], way=_WAY)
_WISH_AND_PAY = _WISH | {"properties": {**_WISH["properties"], "pay": _CREDITS}}
_SEEN = obj(
    id="integer", left=_CREDITS, costs=_CREDITS, pay=_CREDITS, back=_CREDITS, lapses=_CREDITS, paid_through=_DAY
)
_DONE = obj(id="integer", pay=_CREDITS, back=_CREDITS, paid_through=_DAY)
_SHOW = {"type": "string", "enum": ["ending", *SHOWN]}
_KINDS = {"type": "string", "enum": [*KINDS]}

DESCRIPTION: Said = described(
    "Billhead for resellers",
    "/api/v1",
    {
        "/balance": {"get": does("What there is to spend", _BALANCE)},
        "/packages": {"get": does("What may be sold", obj(packages=list_of(_SOLD), add_ons=list_of(_ADDON)))},
        "/statement": {
            "get": does(
                "Movements of credits", obj(rows=list_of(_ROW), next=maybe("integer")),
                in_query("kind", "of one kind only", _KINDS), *PAGED,
            )
        },
        "/users": {
            "get": does(
                "Users, the newest first", obj(users=list_of(_USER), next=maybe("integer")),
                in_query("q", "name, e-mail, MAC in any spelling, or line"),
                in_query("show", "only these; without it all that have not ended", _SHOW),
                in_query("reseller", "of one reseller below", {"type": "integer"}), *PAGED,
            ),
            "post": does("Add a user", _BOUGHT, KEY, status="201", body=_NEW),
        },
        "/users/{id}": {
            "get": does("One user", _ONE, ID),
            "patch": does("Change what is known of a user; what is not sent stays", _ONE, ID, KEY, body=_CHANGED),
        },
        "/users/{id}/lines": {
            "post": does("Another line for a user who is there", _BOUGHT, ID, KEY, status="201", body=_LINE)
        },
        "/users/{id}/access": {
            "get": does("What the user needs to watch", obj(id="integer", language="string", text="string"), ID)
        },
        "/renewals": {
            "get": does(
                "Who is due to be renewed by itself, and what it takes",
                obj(renewals=list_of(_DUE), credits=_CREDITS),
            )
        },
        "/users/{id}/automatic-renewal": {
            "post": does("Renew by itself from now on, or no more", _ONE, ID, KEY, body=obj(on="boolean"))
        },
        "/users/{id}/change/preview": {"post": does("What another plan would take", _SEEN, ID, body=_WISH)},
        "/users/{id}/change": {
            "post": does("Another plan, term or add-ons", _DONE, ID, KEY, body=_WISH_AND_PAY)
        },
        "/users/{id}/end": {"post": does("End at once", obj(id="integer", back=_CREDITS), ID, KEY)},
        "/users/{id}/lines/{line}/password": {"post": does("A new password of a line", _ONE, ID, _LINE_ID, KEY)},
        "/users/{id}/lines/{line}/box": {
            "post": does("Another box on a line", _ONE, ID, _LINE_ID, KEY, body=obj(mac="string"))
        },
        "/credits/pass-on": {
            "post": does(
                "Credits to a reseller below", obj(to="string", credits=_CREDITS, left=_CREDITS), KEY,
                body=obj(to="string", credits=_CREDITS, reason="string"),
            )
        },
        "/users/{id}/renew": {
            "get": does("For how long it can be renewed, and what each takes", _TERMS, ID),
            "post": does("For a term more", _RENEWED, ID, KEY, body=_TERM),
        },
        "/users/{id}/block": {"post": does("Stop the lines", _ONE, ID, KEY)},
        "/users/{id}/unblock": {"post": does("Let them run again", _ONE, ID, KEY)},
    },
)  # fmt: skip


@api.before_request
def refuse_what_is_not_described() -> None:
    """A program that is mistaken about a filter must not be given everything. Raises InvalidInput."""
    if request.method != "GET":
        return
    path = str(request.url_rule).removeprefix("/api/v1").replace("<int:key>", "{id}")
    told = DESCRIPTION["paths"].get(path, {}).get("get", {}).get("parameters", [])
    known = {one["name"] for one in told if one["in"] == "query"}
    for name in request.args:
        if name not in known:
            raise InvalidInput(name[:60], "is not known here")


@api.get("/openapi.json")
@allow("anyone")
def openapi() -> ResponseReturnValue:
    return DESCRIPTION
