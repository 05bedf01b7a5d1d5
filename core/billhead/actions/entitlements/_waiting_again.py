"""A draft with single sales comes to nothing: they wait for the next invoice again."""

import re
from collections.abc import Sequence

from sqlalchemy import select

from billhead import clock
from billhead.db import Tx
from billhead.models.documents import DocumentLine
from billhead.models.entitlements import Entitlement

__all__ = ["ONCE", "is_once", "wait_again"]

ONCE = "one_off:e"
"""With the entitlement's number, the kind of the line of what waited for the invoice."""

_NUMBERED = re.compile(f"{ONCE}[0-9]+")


def is_once(line: DocumentLine) -> bool:
    """What an invoice rule adds is one_off too, with the names of its plugin and of the line in place of a number."""
    return _NUMBERED.fullmatch(line.kind) is not None


def wait_again(tx: Tx, lines: Sequence[DocumentLine]) -> None:
    ids = [int(line.kind.removeprefix(ONCE)) for line in lines]
    for one in tx.session.scalars(select(Entitlement).where(Entitlement.id.in_(ids)).with_for_update()):
        one.document_id = None
        one.waits_until = clock.business_now().date()
