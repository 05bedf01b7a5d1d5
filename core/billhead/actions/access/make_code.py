"""Make a short address for a line; the one before leads nowhere from then on."""

from dataclasses import dataclass
from datetime import timedelta

from billhead import clock
from billhead.actions.access._codes import new_code
from billhead.actions.access._limits import count_try
from billhead.actions.access._lines import living, visible_line
from billhead.actions.access.revoke_code import revoke_code
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.models.access import AccessCode
from billhead.plugin_host import vault

__all__ = ["CodeMade", "make_code"]

_A_DAY = 20


@dataclass(frozen=True, slots=True)
class CodeMade:
    """The code itself is not here: results are kept with their idempotency keys."""

    service_id: int
    code_id: int


@verb("access.make_code")
def make_code(tx: Tx, service_id: int) -> CodeMade:
    """Raises NotFound (nobody's, or somebody else's), Conflict (not on a panel), NotAllowed (too often)."""
    line = visible_line(tx, service_id)
    living(line.service)
    count_try(tx, f"code:{service_id}", _A_DAY, timedelta(days=1), "That is enough new addresses for a day.")
    revoke_code(tx, service_id)
    code, now = new_code(), clock.now()
    row = AccessCode(
        service_id=service_id,
        digest=vault().digests(code)[0],
        sealed=vault().encrypt(code),
        created_at=now,
        expires_at=now + timedelta(days=line.rules.code_days) if line.rules.code_days else None,
    )
    tx.session.add(row)
    tx.session.flush()
    return CodeMade(service_id, row.id)
