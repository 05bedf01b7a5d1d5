"""What the seller calls its plans, ways to pay and the like in the language of this page: in the shop and the
customer's area. Staff and resellers read the names as they were given, so that all of them speak of one thing.

Views say the names before they hand them to a template, so that every theme shows them; templates say what stands in a
row with the filter `own_word`.
"""

from collections.abc import Mapping

from flask import Flask, g, has_request_context, request
from sqlalchemy import inspect

from billhead.actions.content._own_words import own_words
from billhead.db import reading
from billhead.models.catalogue import Plan
from billhead.web.request_context import current_seller
from billhead.web.speaking import speech

__all__ = ["install", "own_word", "said_plan"]

_AREAS = frozenset({"storefront", "customer"})


def install(app: Flask) -> None:
    app.jinja_env.filters["own_word"] = own_word


def own_word(text: str) -> str:
    """The text itself, where the seller has said nothing for it."""
    return _words().get(text, text) if text else text


def said_plan(plan: Plan) -> Plan:
    """The plan to be shown: a copy that belongs to no session, with name and description said."""
    said = {"name": own_word(plan.name), "description": own_word(plan.description)}
    if said == {"name": plan.name, "description": plan.description}:
        return plan
    return Plan(**{column.key: getattr(plan, column.key) for column in inspect(Plan).column_attrs} | said)


def _words() -> Mapping[str, str]:
    """Looked up once a request, and not at all where the seller has none in the language; a command has no page."""
    if not has_request_context():
        return {}
    if "own_words" not in g:
        area = (request.blueprint or "").partition(".")[0]
        seller, language = current_seller() if area in _AREAS else None, speech().language
        g.own_words = {}
        if seller is not None and language in seller.worded:
            with reading() as session:
                g.own_words = own_words(session, seller, language)
    found: Mapping[str, str] = g.own_words
    return found
