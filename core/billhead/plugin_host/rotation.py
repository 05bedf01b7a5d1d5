"""After the secret key was changed: write every stored secret anew under the newest key."""

from sqlalchemy import inspect, select, update
from sqlalchemy.orm import InstrumentedAttribute

from billhead.db import Tx
from billhead.models.access import AccessCode
from billhead.models.operations import PluginState
from billhead.models.panels import Panel
from billhead.models.payments import GatewayAccount, PaymentMethod
from billhead.models.sign_in import CodeApp, SignInProvider
from billhead.models.subscriptions import Service
from billhead.models.support import Department
from billhead.plugin_host.vault import Vault

__all__ = ["SEALED", "rotate_column"]

SEALED: tuple[InstrumentedAttribute[str], ...] = (
    Panel.secrets,
    GatewayAccount.secrets,
    GatewayAccount.proof_key,
    PluginState.secrets,
    PaymentMethod.token,
    PaymentMethod.detaching_token,
    Service.password,
    Service.previous_password,
    AccessCode.sealed,
    CodeApp.secret,
    SignInProvider.client_secret,
    Department.secrets,
)
"""The columns that hold the vault's ciphertext."""


def rotate_column(tx: Tx, vault: Vault, column: InstrumentedAttribute[str], *, after: object = None) -> object:
    """Rotate up to 500 rows beyond the primary key `after`; returns the last key, or None when nothing was left.

    In batches, so that the writers of a running installation wait for milliseconds. A row that was rotated before is
    rotated again: doing it twice is harmless. What somebody has emptied or sealed anew meanwhile stays as it is.
    """
    (key,) = inspect(column.class_).primary_key
    rows = select(key, column).where(column != "").order_by(key).limit(500)
    found = tx.session.execute(rows if after is None else rows.where(key > after)).all()
    for identity, token in found:
        unchanged = update(column.class_).where(key == identity, column == token)
        tx.session.execute(unchanged.values({column.key: vault.rotated(token)}))
    return found[-1][0] if found else None
