"""The gateway: instructions for the payer, and never a guess about what a person has not booked yet."""

from collections.abc import Sequence

from billhead.plugin import (
    AttemptState,
    AttemptView,
    CallbackForged,
    GatewayCapabilities,
    GatewayConnection,
    Instructions,
    Outcome,
    PaymentGateway,
    RawCallback,
    Statement,
    Verified,
    marked,
)
from billhead_bank_transfer.camt import read_camt
from billhead_bank_transfer.settings import BankTransferSettings, checked_iban

__all__ = ["BankTransfer"]


class BankTransfer(PaymentGateway):
    """Money that a person sees on the account and books, or that the bank tells of in a file."""

    code = "bank_transfer"
    label = marked("Bank transfer")
    settings_type = BankTransferSettings

    def capabilities(self) -> GatewayCapabilities:
        return GatewayCapabilities(confirmed_by_staff=True, statements=True)

    def start_checkout(self, account: GatewayConnection, attempt: AttemptView) -> Instructions:
        to: BankTransferSettings = account.settings
        lines = {
            "Account holder": to.holder,
            "IBAN": to.printed_iban,
            "BIC": to.printed_bic,
            "Bank": to.bank,
            "Amount": str(attempt.amount),
            "Reference": " ".join(attempt.reference[at : at + 4] for at in range(0, len(attempt.reference), 4)),
            "For": attempt.description,
        }
        return Instructions({label: text for label, text in lines.items() if text}, provider_ref=attempt.key)

    def lookup(self, account: GatewayConnection, attempt: AttemptView) -> Outcome:
        # A transfer takes days, and no call tells: it stays with the payer until staff book it or give up on it.
        return Outcome(AttemptState.REQUIRES_ACTION, provider_ref=attempt.key)

    def parse_callback(self, account: GatewayConnection, raw: RawCallback) -> Sequence[Verified]:
        raise CallbackForged(f"a bank transfer sends no callbacks, so what came to {account.code} is not from a bank")

    def read_statement(self, account: GatewayConnection, data: bytes) -> Statement:
        return read_camt(data, checked_iban(account.settings.iban))
