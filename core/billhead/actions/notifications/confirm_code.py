"""The customer enters the code that came: the address is connected."""

from billhead import clock
from billhead.actions.notifications._codes import check_own, own_address, proves
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import NotFound

__all__ = ["confirm_code"]


@verb("notifications.confirm_code")
def confirm_code(tx: Tx, customer_id: int, channel: str, code: str) -> dict[str, bool]:
    """`{"confirmed": …}`. A wrong code is counted, so it is told and not raised; after the fifth none is right."""
    check_own(tx, customer_id)
    row = own_address(tx, customer_id, channel)
    if row is None or not row.code_digest or not row.address:
        raise NotFound("code", channel)
    if not proves(row, code.strip()):
        row.wrong_codes += 1
        return {"confirmed": False}
    row.confirmed_at, row.code_digest = clock.now(), ""
    return {"confirmed": True}
