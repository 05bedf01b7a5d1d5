"""A customer shows that they have transferred: a picture or PDF for staff to look at. It books nothing by itself."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from billhead import clock
from billhead.actions.access._limits import count_try
from billhead.actions.verb import verb
from billhead.db import Tx
from billhead.domain.errors import Conflict, InvalidInput, NotFound
from billhead.domain.files import PAPERS, safe_name
from billhead.domain.payment import UNRESOLVED, AttemptState
from billhead.models.banking import TransferProof
from billhead.models.payments import GatewayAccount, PaymentAttempt
from billhead.plugin_host import plugins

__all__ = ["LARGEST_PROOF", "ProofSent", "send_proof"]

LARGEST_PROOF = 5 * 1024 * 1024
_WAITING_AT_MOST = 3  # for one attempt
_A_DAY = 20


@dataclass(frozen=True, slots=True)
class ProofSent:
    transfer_proof_id: int
    customer_id: int


@verb("payments.send_proof")
def send_proof(tx: Tx, attempt_id: int, file_name: str, data: bytes) -> ProofSent:
    """Keep a PDF, JPEG or PNG beside the attempt whose transfer it shows. What it is, its first bytes say.

    Raises NotFound (also for another customer's), InvalidInput for `proof`, Conflict (nobody waits for this transfer),
    or NotAllowed (too often).
    """
    attempt = tx.session.get(PaymentAttempt, attempt_id, with_for_update=True)
    scope = tx.ctx.scope
    if attempt is None or not (scope.everything or scope.customer_id == attempt.customer_id):
        raise NotFound("payment", attempt_id)
    account = tx.session.get_one(GatewayAccount, attempt.account_id)
    if not plugins().gateway(account.gateway).capabilities().confirmed_by_staff:
        raise Conflict(f"{account.name} reports payments by itself", hint="nothing has to be shown")
    if AttemptState(attempt.state) not in UNRESOLVED:
        raise Conflict("this payment is decided already")
    media_type = _media_type(data)
    waiting = select(func.count()).where(TransferProof.attempt_id == attempt_id, TransferProof.state == "waiting")
    if int(tx.session.scalar(waiting) or 0) >= _WAITING_AT_MOST:
        raise Conflict("your files are with us", hint="we look at them within one working day")
    often = "These are many files for one day; please write to us."
    count_try(tx, f"proof:{attempt.customer_id}", _A_DAY, timedelta(days=1), often)
    row = TransferProof(
        attempt_id=attempt_id,
        customer_id=attempt.customer_id,
        file_name=_name(file_name, media_type),
        media_type=media_type,
        size=len(data),
        data=data,
        sent_at=clock.business_now(),
    )
    tx.session.add(row)
    tx.session.flush()
    return ProofSent(row.id, row.customer_id)


def _media_type(data: bytes) -> str:
    if not data:
        raise InvalidInput("proof", "choose a file")
    if len(data) > LARGEST_PROOF:
        raise InvalidInput(
            "proof", f"it is larger than {LARGEST_PROOF // 1024**2} MB", hint="a smaller picture will do"
        )
    found = next((media_type for begin, (media_type, _) in PAPERS.items() if data.startswith(begin)), "")
    if not found:
        raise InvalidInput("proof", "it is no PDF, JPEG or PNG", hint="send a picture of the screen, or the bank's PDF")
    return found


def _name(told: str, media_type: str) -> str:
    return safe_name(told, dict(PAPERS.values())[media_type], "proof")
