"""The short addresses of a line lead nowhere any more."""

from dataclasses import dataclass

from sqlalchemy import update

from billhead import clock
from billhead.actions.access._lines import visible_line
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.access import AccessCode

__all__ = ["CodeRevoked", "revoke_code"]


@dataclass(frozen=True, slots=True)
class CodeRevoked:
    service_id: int


@verb("access.revoke_code")
def revoke_code(tx: Tx, service_id: int) -> CodeRevoked:
    """Raises NotFound. Revoking what is not there is no error."""
    visible_line(tx, service_id)
    mine = AccessCode.service_id == service_id, AccessCode.revoked_at.is_(None)
    tx.session.execute(update(AccessCode).where(*mine).values(revoked_at=clock.now()))
    return CodeRevoked(service_id)
