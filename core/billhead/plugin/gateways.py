"""What a payment gateway is asked. An attempt row is committed before any of these is called; none sees a database."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from billhead.domain.errors import GatewayRejected
from billhead.domain.money import Money
from billhead.domain.payment import AttemptState, DeclineClass
from billhead.plugin.http import HttpClient

__all__ = [
    "AttemptView",
    "CheckoutField",
    "ClientToken",
    "GatewayCapabilities",
    "GatewayConnection",
    "Instructions",
    "Outcome",
    "PaymentGateway",
    "RawCallback",
    "Redirect",
    "RefundView",
    "SavedMethod",
    "SavingView",
    "Statement",
    "StatementEntry",
    "StatementKind",
    "Verified",
    "VerifiedKind",
]


@dataclass(frozen=True, slots=True)
class GatewayCapabilities:
    """What a gateway can do beyond taking one payment with the payer present."""

    save: bool = False
    save_unpaid: bool = False  # a method can be saved without paying anything
    off_session: bool = False
    forget: bool = False  # a saved method can be taken away at the provider
    refund: bool = False
    partial_refund: bool = False
    refund_claimed: bool = False  # a refund is a page where the payer claims it, and is under way until they have
    confirmed_by_staff: bool = False  # money is booked by a person (bank transfer, cash)
    check: bool = False  # `check` says whether the account's settings hold
    statements: bool = False  # it reads the files in which a bank tells what has moved
    steps: Mapping[str, int] = field(default_factory=dict)  # currencies it takes, each in steps of so many minor units


@dataclass(frozen=True, slots=True)
class CheckoutField:
    """What a payer is asked for before `start_checkout`, whose attempt has it in `fields`.

    `clean` makes of the typed text what the gateway wants, or raises InvalidInput with the reason; it asks no network.
    `prefill` names what of the customer's profile stands there at first: `phone`, `email` or `name`.
    `secret`: what is typed is never shown again, nor kept by the browser. What is typed is never stored, secret or not.
    """

    name: str
    label: str
    clean: Callable[[str], str]
    hint: str = ""
    kind: str = "text"  # as of an HTML input: text, tel, email
    prefill: str = ""
    secret: bool = False


@dataclass(frozen=True, slots=True)
class GatewayConnection:
    """One gateway account: its settings (the plugin's dataclass, secrets in clear), HTTP client, callback address.

    `proof_key` is a secret of the account's own, made with it and never changed: for proofs that must hold whatever
    credentials the provider gives next. Nobody else knows it, the provider included.
    """

    code: str
    settings: Any
    http: HttpClient
    callback_url: str
    proof_key: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class AttemptView:
    """One try to be paid. `key` is the idempotency key and our reference at the provider; amounts are minor units.

    `reference` is short enough to be typed into a transfer, with check digits (ISO 11649, without blanks).
    `method_token` is that of the saved method if it is charged without the payer, so that a look-up knows whose it is.
    `age` is how long ago the attempt was begun: a provider forgets idempotency keys after some hours.
    `payer_address` is where the payer's request came from, as one subscriber of a provider has it; "" where none did.
    `fields` are what the payer was asked for (`checkout_fields`), cleaned; only `start_checkout` gets them.
    `code` is that of the last outcome; `amount_mismatch` if a callback has named another amount than was asked for.
    `short_reference` names the document in at most 12 letters, digits and dashes, for payers who read or type it.
    """

    key: str
    amount: Money
    description: str
    customer_ref: str
    customer_name: str
    customer_email: str
    return_url: str
    cancel_url: str
    provider_ref: str = ""
    reference: str = ""
    save_method: bool = False
    method_token: str = field(default="", repr=False)
    age: timedelta = timedelta(0)
    payer_address: str = ""
    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    short_reference: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class RefundView:
    """One refund. `key` is its idempotency key, `payment_ref` the provider's id of the payment that it gives back.

    `attempt_ref` is the provider's id of the attempt that brought the payment, "" if there is none: a payment that
    staff entered has the receipt number that they wrote down as its `payment_ref`.
    """

    key: str
    amount: Money
    payment_ref: str
    reason: str
    provider_ref: str = ""
    attempt_ref: str = ""


@dataclass(frozen=True, slots=True)
class SavedMethod:
    """A token to charge later; never card data beyond brand, last four digits and expiry.

    `fingerprint` is opaque and the same whenever the same card is saved, also by somebody else. Core keeps only a keyed
    hash of it, to tell that two accounts are one person. `country`, two letters, is that of the bank that issued it.
    `last`, when it is forgotten: nothing else of its owner is saved, paid or looked up with the account.
    """

    token: str = field(repr=False)
    label: str
    expires: str = ""
    fingerprint: str = field(default="", repr=False)
    country: str = ""
    last: bool = False


@dataclass(frozen=True, slots=True)
class SavingView:
    """A customer wants to save a method without paying. `key` is as that of an attempt; nothing is charged."""

    key: str
    currency: str
    customer_ref: str
    customer_name: str
    customer_email: str
    return_url: str
    cancel_url: str
    provider_ref: str = ""


@dataclass(frozen=True, slots=True)
class Redirect:
    """Send the payer there. `provider_ref` finds the attempt again at the provider."""

    url: str
    provider_ref: str


@dataclass(frozen=True, slots=True)
class Instructions:
    """Tell the payer what to do (transfer data, coins, PIN on the phone): label → text, shown and mailed.

    `prompted`: the provider asks the payer itself, just now (a prompt on their phone). The page waits for the answer,
    and nobody is asked a second time for the same document until it is there.
    """

    lines: Mapping[str, str]
    provider_ref: str = ""
    prompted: bool = False


@dataclass(frozen=True, slots=True)
class ClientToken:
    """The payer finishes in a form of the provider inside our page, which needs this token."""

    token: str = field(repr=False)
    provider_ref: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of an attempt or refund. `amount` is what the provider says moved; core compares it.

    `as_paid`: the payer decides how much comes (coins, a transfer), so that `amount` is all that has come for the
    attempt so far, and is booked as it is: what is short stays owed, what is over or comes later is booked as well.
    `watched_until`: the provider takes money until then, even for an attempt that has ended; core looks every hour.
    `settled` is what `amount` became where the provider keeps its balance in another currency, before its fee (which
    is in that currency then): core books the exchange.
    `action_url` is where the payer goes on; that of a refund is where they claim it.
    `receipt` is the provider's number of the money, where that is another than `provider_ref`: the payment is booked
    under it, and once, whatever else tells of it.
    """

    state: AttemptState
    provider_ref: str = ""
    amount: Money | None = None
    fee: Money | None = None
    decline: DeclineClass | None = None
    code: str = ""
    method: SavedMethod | None = None
    action_url: str = ""
    as_paid: bool = False
    watched_until: datetime | None = None
    receipt: str = ""
    settled: Money | None = None


@dataclass(frozen=True, slots=True)
class RawCallback:
    """An inbound message exactly as it came, for checking its signature over the raw bytes."""

    path: str
    query: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    received_at: datetime
    remote_address: str = ""  # who connected; behind a trusted proxy, whom the proxy names


class VerifiedKind(StrEnum):
    """What a proven fact of a callback is about.

    REFUND: `reference` is the refund's key, or, for one that was made at the provider, that of the attempt. CHARGEBACK:
    `reference` is the attempt's key, `outcome.provider_ref` names the dispute; `processing` says that the provider took
    the money, `succeeded` that it is gone for good, `failed` that the dispute was won and the money is back.
    METHOD: `reference` is the key of a saving without a payment, `outcome.method` what was saved once it `succeeded`.
    METHOD_CHANGED: `reference` is one of the names that the gateway gives a saved method (`names_of`); `succeeded` says
    with `outcome.method` what it is now, `canceled` that it is gone there. One that core does not have is passed over.
    PAYOUT: `reference` is the provider's id of a payout to the seller's bank account; `succeeded` says that its amount
    (below zero if it was taken from there) has left for the bank, `failed` or `canceled` that it did not get there.
    DEPOSIT: money came without an attempt; `reference` is what the payer wrote, `outcome.receipt` the provider's number
    of it. It pays the document of that number, or what the customer of that number owes; else it waits for staff.
    """

    ATTEMPT = "attempt"
    REFUND = "refund"
    CHARGEBACK = "chargeback"
    METHOD = "method"
    METHOD_CHANGED = "method_changed"
    PAYOUT = "payout"
    DEPOSIT = "deposit"


@dataclass(frozen=True, slots=True)
class Verified:
    """One proven fact of a callback. `event_id` is the provider's id of the message, `reference` our key.

    `same_ref`: it holds only if the attempt is not known at the provider by another `provider_ref` than the outcome's.
    `payer` is what a deposit says of who sent it.
    """

    kind: VerifiedKind
    event_id: str
    reference: str
    outcome: Outcome
    same_ref: bool = False
    payer: str = ""


class StatementKind(StrEnum):
    """RECEIVED: somebody has paid. TAKEN_BACK: what had come was returned to them. SENT_BACK: what we had sent has come
    back to us; it is nobody's payment."""

    RECEIVED = "received"
    TAKEN_BACK = "taken_back"
    SENT_BACK = "sent_back"


@dataclass(frozen=True, slots=True)
class StatementEntry:
    """A movement that the bank has booked. `servicer_ref` is the bank's own id of it, the same in every file that tells
    of it; the `parts` of a batch share it and are counted from 0 by `part`. `amount` is above zero.

    `references` are what the payer's bank passed on as a reference, `note` the lines of what they wrote.
    """

    kind: StatementKind
    servicer_ref: str
    amount: Money
    booked_on: date
    part: int = 0
    parts: int = 1
    payer: str = ""
    payer_iban: str = ""
    references: tuple[str, ...] = ()
    note: tuple[str, ...] = ()
    end_to_end_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a file tells of one account. `left_out`: why → how many entries it tells of besides."""

    entries: tuple[StatementEntry, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)


@runtime_checkable
class PaymentGateway(Protocol):
    """A provider. Subclass it: what its capabilities leave out need not be written.

    Errors: GatewayUnreachable (nothing was sent), OutcomeUnknown (it may have happened), GatewayRejected (our request
    is wrong; with `decline=CONFIG` our keys or account are, and the account pauses). A decline is an
    Outcome, not an error.
    """

    code: str
    label: str
    settings_type: type

    @abstractmethod
    def capabilities(self) -> GatewayCapabilities:
        """What this gateway can do. No network."""

    def checkout_fields(self) -> Sequence[CheckoutField]:
        """What the payer is asked for beside the choice of this gateway. No network."""
        return ()

    def lacks(self) -> str:
        """What the plugin's own settings lack, so that none of its accounts can work; "" if nothing. Payers are not
        offered them meanwhile, and staff read it. No network."""
        return ""

    @abstractmethod
    def start_checkout(
        self, account: GatewayConnection, attempt: AttemptView
    ) -> Redirect | Instructions | ClientToken | Outcome:
        """Begin a payment with the payer present. An Outcome where it is decided at once: it is booked just then."""

    def charge_saved(self, account: GatewayConnection, attempt: AttemptView, method: SavedMethod) -> Outcome:
        """Charge a saved method without the payer. The same `attempt.key` never charges twice."""
        raise GatewayRejected(f"{self.label} can't charge without the payer")

    def start_saving(self, account: GatewayConnection, saving: SavingView) -> Redirect:
        """Begin to save a method without a payment, with the customer present."""
        raise GatewayRejected(f"{self.label} can't save a method without a payment")

    def lookup_saving(self, account: GatewayConnection, saving: SavingView) -> Outcome:
        """What became of a saving: `succeeded` with the method; as `lookup` otherwise."""
        raise GatewayRejected(f"{self.label} can't save a method without a payment")

    def names_of(self, method: SavedMethod) -> Sequence[str]:
        """What the provider's messages call a saved method: its id there, then, if it has one, that of whom it belongs
        to. No network."""
        return (method.token,)

    def forget_saved(self, account: GatewayConnection, method: SavedMethod) -> None:
        """Take a saved method away at the provider, whose customer has removed it or was erased.

        Twice is as once: what is gone there already is no error. What is raised is tried again, then shown to staff.
        With the `last` of its owner goes what the provider holds of them: their record with name and address.
        """
        raise GatewayRejected(f"{self.label} can't take a saved method away")

    def forget_payer(self, account: GatewayConnection, references: Sequence[str]) -> None:
        """Delete what the provider holds of somebody who was erased: their record with name and address, by what it
        calls their newest payments. As `forget_saved`; a provider without such records has nothing to do."""
        return

    def refund(self, account: GatewayConnection, refund: RefundView) -> Outcome:
        """Send money back; the same `refund.key` never refunds twice."""
        raise GatewayRejected(f"{self.label} can't refund: send the money back by hand")

    @abstractmethod
    def lookup(self, account: GatewayConnection, attempt: AttemptView) -> Outcome:
        """What became of an attempt. `unknown` if the provider can't say; `failed` only if it proves no money moved."""

    def lookup_refund(self, account: GatewayConnection, refund: RefundView) -> Outcome:
        """What became of a refund; as `lookup`."""
        raise GatewayRejected(f"{self.label} can't look up refunds")

    @abstractmethod
    def parse_callback(self, account: GatewayConnection, raw: RawCallback) -> Sequence[Verified]:
        """Verify and read a callback. Raises CallbackForged unless its signature proves it; nothing half-checked."""

    def tells_payouts(self, account: GatewayConnection) -> bool:
        """Whether callbacks tell of the payouts of this account, as it is set up; then staff book none. No network."""
        return False

    def acknowledge(self, raw: RawCallback) -> bytes:
        """The body that the provider expects with HTTP 200."""
        return b""

    def explain(self, code: str) -> str:
        """What a payer is told of an outcome's code, in a sentence or two; "" where general words do."""
        return ""

    def check(self, account: GatewayConnection) -> str:
        """Asks the provider whether the settings hold, and makes ready there what can be; says so in a sentence.

        For staff, who press a button. Raises what the gateway's other calls raise.
        """
        raise GatewayRejected(f"{self.label} can't be checked")

    def read_statement(self, account: GatewayConnection, data: bytes) -> Statement:
        """Read a file of the bank, which anybody may have made: no network, and nothing of it is taken for code.

        Raises InvalidInput for `file`, in words, also when it tells nothing of this account.
        """
        raise GatewayRejected(f"{self.label} reads no statements")
