"""Everything that Billhead refuses, as one tree. The codes are API; web alone decides on the HTTP status.

BillheadError                    error                  message, code, field, hint
├── InvalidInput                 invalid_input          (field, why): a value that cannot be accepted
│   └── CurrencyMismatch         currency_mismatch      two currencies in one sum
├── NotFound                     not_found              (what, key)
├── NotAllowed                   not_allowed            this actor may not do or see this
├── Conflict                     conflict               true a moment ago, or already there
│   ├── IllegalTransition        illegal_transition     (state, event): not in the table
│   ├── BilledTwice              billed_twice           this component and period already have a line
│   ├── OnHold                   on_hold                can't be issued yet: a tax engine waits for something
│   └── RunNeedsConfirmation     run_needs_confirmation a run outside its expected band asks first
├── Unbalanced                   unbalanced             an entry whose debits and credits differ
├── LedgerTampered               ledger_tampered        a digest, seal or signature does not match
├── PluginFailed                 plugin_failed          (plugin, why)
├── TaxServiceDown               tax_service_down       a register of tax ids gave no answer: ask later
├── PaymentError                 payment_error
│   ├── CallbackForged           callback_forged        signature, origin or freshness is wrong
│   ├── AmountMismatch           amount_mismatch        other amount or currency than was asked for
│   └── OutcomeUnknown           outcome_unknown        money may have moved: look up, never repeat
├── GatewayError                 gateway_error
│   ├── GatewayUnreachable       gateway_unreachable    nothing was sent: retry
│   └── GatewayRejected          gateway_rejected       the gateway said no: show staff
├── NoticeError                  notice_error
│   ├── NoticeNotSent            notice_not_sent        surely not sent: retry
│   └── NoticeRejected           notice_rejected        will never be accepted as it is
└── PanelError                   panel_error
    ├── PanelUnreachable         panel_unreachable      nothing was sent: retry
    ├── PanelOutcomeUnknown      panel_outcome_unknown  it may have been done: look up, then retry
    │   └── PanelUnclear         panel_unclear          so for this line alone: the panel itself answers
    ├── PanelRejected            panel_rejected         the panel said no: show staff
    ├── PanelFull                panel_full             no slot or licence left
    ├── PanelOutOfCredit         panel_out_of_credit    our credit there does not pay for it
    └── NotAuthorised            not_authorised         the panel refuses our login
"""

from __future__ import annotations

from typing import Any

from billhead.domain.payment import DeclineClass


def _restore(kind: type[BillheadError], message: str, state: dict[str, Any]) -> BillheadError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.__dict__.update(state)
    return error


class BillheadError(Exception):
    code: str = "error"

    def __init__(
        self, message: str, *, code: str | None = None, field: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.hint = hint
        if code is not None:
            self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        # Subclasses have constructors of their own; a worker process must still be able to hand one back.
        return _restore, (type(self), self.message, self.__dict__)

    def as_dict(self) -> dict[str, str]:
        """For JSON: code and message always, field and hint where there are any."""
        parts = {"code": self.code, "message": self.message, "field": self.field, "hint": self.hint}
        return {name: value for name, value in parts.items() if value is not None}


class InvalidInput(BillheadError):
    code = "invalid_input"

    def __init__(self, field: str, why: str, *, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(f"{field}: {why}", code=code, field=field, hint=hint)
        self.why = why


class CurrencyMismatch(InvalidInput):
    code = "currency_mismatch"

    def __init__(self, expected: str, got: str) -> None:
        super().__init__("currency", f"expected {expected}, got {got}; amounts are never converted silently")


class NotFound(BillheadError):
    code = "not_found"

    def __init__(self, what: str, key: object, *, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(f"There is no {what} {key}.", code=code, hint=hint)
        self.what = what
        self.key = str(key)


class NotAllowed(BillheadError):
    code = "not_allowed"


class Conflict(BillheadError):
    code = "conflict"


class IllegalTransition(Conflict):
    code = "illegal_transition"

    def __init__(self, state: str, event: str, *, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(f"Not possible from the state {state}: {event}.", code=code, hint=hint)
        self.state = str(state)
        self.event = str(event)


class BilledTwice(Conflict):
    code = "billed_twice"


class OnHold(Conflict):
    code = "on_hold"


class RunNeedsConfirmation(Conflict):
    code = "run_needs_confirmation"


class Unbalanced(BillheadError):
    code = "unbalanced"


class LedgerTampered(BillheadError):
    code = "ledger_tampered"


class PluginFailed(BillheadError):
    code = "plugin_failed"

    def __init__(self, plugin: str, why: str, *, code: str | None = None, hint: str | None = None) -> None:
        super().__init__(f"The plugin {plugin} failed: {why}", code=code, hint=hint)
        self.plugin = plugin
        self.why = why


class TaxServiceDown(BillheadError):
    code = "tax_service_down"


class PaymentError(BillheadError):
    code = "payment_error"


class CallbackForged(PaymentError):
    code = "callback_forged"


class AmountMismatch(PaymentError):
    code = "amount_mismatch"


class OutcomeUnknown(PaymentError):
    code = "outcome_unknown"


class GatewayError(BillheadError):
    code = "gateway_error"


class GatewayUnreachable(GatewayError):
    code = "gateway_unreachable"


class GatewayRejected(GatewayError):
    """`decline` says whose fault it is: CONFIG (keys refused, account restricted) pauses the account until staff have
    looked; INVALID_REQUEST is about this one request."""

    code = "gateway_rejected"

    def __init__(
        self,
        message: str,
        *,
        decline: DeclineClass = DeclineClass.INVALID_REQUEST,
        code: str | None = None,
        field: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, code=code, field=field, hint=hint)
        self.decline = decline


class NoticeError(BillheadError):
    code = "notice_error"


class NoticeNotSent(NoticeError):
    """Surely not sent: may be tried again."""

    code = "notice_not_sent"


class NoticeRejected(NoticeError):
    """Will never be accepted as it is: wrong address, refused sender."""

    code = "notice_rejected"


class PanelError(BillheadError):
    code = "panel_error"


class PanelUnreachable(PanelError):
    code = "panel_unreachable"


class PanelOutcomeUnknown(PanelError):
    code = "panel_outcome_unknown"


class PanelUnclear(PanelOutcomeUnknown):
    code = "panel_unclear"


class PanelRejected(PanelError):
    code = "panel_rejected"


class PanelFull(PanelError):
    code = "panel_full"


class PanelOutOfCredit(PanelError):
    code = "panel_out_of_credit"


class NotAuthorised(PanelError):
    code = "not_authorised"
