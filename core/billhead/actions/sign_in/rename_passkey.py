"""Call a passkey something else."""

from billhead.actions.sign_in._names import checked_name
from billhead.actions.sign_in._second_step import acting_user
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import NotFound
from billhead.models.sign_in import Passkey

__all__ = ["rename_passkey"]


@verb("sign_in.rename_passkey")
def rename_passkey(tx: Tx, passkey_id: int, name: str) -> None:
    row = tx.session.get(Passkey, passkey_id)
    if row is None or row.user_id != acting_user(tx).id:
        raise NotFound("passkey", passkey_id)
    row.name = checked_name(name)
