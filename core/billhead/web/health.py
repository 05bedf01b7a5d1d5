"""/healthz: is the database there, and does it stand at the newest migration?"""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from billhead.db import db
from billhead.migrations.ladder import CORE
from billhead.plugin import allow

__all__ = ["health"]

health = Blueprint("health", __name__)


@health.get("/healthz")
@allow("anyone")
def healthz() -> ResponseReturnValue:
    try:
        stands_at, head = CORE.current(db.engine), CORE.head()
    except SQLAlchemyError:
        return jsonify(ok=False, why="the database can't be reached"), 503
    if stands_at != head:
        why = f"the database stands at {stands_at}, this release needs {head}: run billhead db upgrade"
        return jsonify(ok=False, why=why), 503
    return jsonify(ok=True, revision=head)
