"""Codes that people type: six digits of an app, and recovery codes."""

import hmac
import secrets

import pyotp
from sqlalchemy import delete, update

from billhead import clock
from billhead.actions.accounts._tokens import hash_of
from billhead.bulk import rows_changed
from billhead.db import Tx
from billhead.models.sign_in import CodeApp, RecoveryCode
from billhead.plugin_host import vault

__all__ = ["DIGITS", "fresh_recovery_codes", "spend_app_code", "spend_recovery_code", "spoken"]

DIGITS = 6
_STEP_SECONDS = 30
_DRIFT = 1  # steps by which a phone's clock may be off
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like something else
_LENGTH, _HOW_MANY = 16, 10  # 79 bits: a plain hash can't be guessed back


def spend_app_code(tx: Tx, row: CodeApp, typed: str) -> bool:
    """Whether it is the code of now. It holds once: of two who send it at the same time one gets in."""
    step = _step_of(vault().decrypt(row.secret), typed)
    if step is None:
        return False
    newer = update(CodeApp).where(CodeApp.user_id == row.user_id, CodeApp.last_step < step).values(last_step=step)
    return bool(rows_changed(tx.session, newer.execution_options(synchronize_session=False)))


def _step_of(secret: str, typed: str) -> int | None:
    app, now = pyotp.TOTP(secret, digits=DIGITS, interval=_STEP_SECONDS), int(clock.now().timestamp()) // _STEP_SECONDS
    found = None
    for step in range(now - _DRIFT, now + _DRIFT + 1):
        if hmac.compare_digest(app.generate_otp(step), typed):
            found = step
    return found


def spoken(typed: str) -> str:
    """What was typed, without the blanks and dashes that make it readable."""
    return "".join(sign for sign in typed.lower() if sign.isascii() and sign.isalnum())


def fresh_recovery_codes(tx: Tx, user_id: int) -> list[str]:
    """Ten new ones; the old ones end."""
    tx.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(_LENGTH)) for _ in range(_HOW_MANY)]
    tx.session.add_all([RecoveryCode(user_id=user_id, code_hash=hash_of(code)) for code in codes])
    tx.session.flush()
    return ["-".join(code[at : at + 4] for at in range(0, _LENGTH, 4)) for code in codes]


def spend_recovery_code(tx: Tx, user_id: int, typed: str) -> bool:
    used = (
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash == hash_of(spoken(typed)),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=clock.now())
    )
    return bool(rows_changed(tx.session, used.execution_options(synchronize_session=False)))
