"""Whether a visitor's network may try another coupon code: guessing one must not be a matter of an afternoon."""

from datetime import timedelta

from sqlalchemy import select

from billhead import clock
from billhead.actions.tries import is_spent
from billhead.db import Tx
from billhead.domain.address import network_of
from billhead.models.coupons import Coupon
from billhead.models.people import LoginAttempt

__all__ = ["guess_code"]

_WRONG = 20
_WINDOW = timedelta(minutes=15)


def guess_code(tx: Tx, seller_id: int, code: str, *, ip: str) -> bool:
    """Count a code that no coupon of the shop has. False once there were too many: then a right one tells nothing too.

    It is no `verb`: nothing of the business changes, and visitors have no name to write down.
    """
    key = f"coupon:{network_of(ip) or ip}"
    if is_spent(tx, key, _WRONG, _WINDOW):
        return False
    known = select(Coupon.id).where(Coupon.seller_id == seller_id, Coupon.code == code)
    if tx.session.scalar(known.limit(1)) is None:
        tx.session.add(LoginAttempt(key=key, at=clock.now()))
    return True
