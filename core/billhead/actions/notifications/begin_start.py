"""Begin to connect a channel whose talk the customer starts at the other side: a code for the link that leads there."""

import secrets

from billhead.actions.notifications._channels import connectable
from billhead.actions.notifications._codes import check_own, started_anew
from billhead.db import Tx
from billhead.plugin import Addressing

__all__ = ["begin_start"]


def begin_start(tx: Tx, customer_id: int, channel: str) -> str:
    """The code; only its digest is kept, so each page makes a new one. Raises NotFound for no such channel."""
    check_own(tx, customer_id)
    connectable(tx.session, channel, Addressing.STARTED)
    code = secrets.token_hex(16)
    started_anew(tx, customer_id, channel, "", code)
    return code
