"""Make the one-time code that opens an empty house; one printed before is void then, and wrong tries are forgotten."""

from dataclasses import dataclass

from sqlalchemy import delete

from billhead import clock
from billhead.actions.setup._code import TRIED, digest_of, has_staff, new_code
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict
from billhead.models.people import LoginAttempt
from billhead.models.setup import SetupCode

__all__ = ["CodeMade", "make_code"]


@dataclass(frozen=True, slots=True)
class CodeMade:
    """Told once: only its digest is kept."""

    code: str


@verb("setup.make_code", permission="sellers.write")
def make_code(tx: Tx) -> CodeMade:
    """Raises Conflict where somebody may sign in already."""
    if has_staff(tx.session):
        raise Conflict("this house is set up: somebody may sign in already")
    code = new_code()
    tx.session.merge(SetupCode(id=1, digest=digest_of(code), made_at=clock.now()))
    tx.session.execute(delete(LoginAttempt).where(LoginAttempt.key.startswith(TRIED)))
    return CodeMade(code)
