"""Which rows are a customer's, and what becomes of each column that can hold words when they are erased.

A table with such a column stands here or in `HOUSE`: `tests/house/test_personal_data.py` sees to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["BELONGINGS", "HOUSE", "TRACES", "Belonging"]


@dataclass(frozen=True, slots=True)
class Belonging:
    """`by`: `column>table`, several with blanks; a row is the customer's whose column names a row of that table which
    is. Rows that are not `deleted` are emptied in `empties`, and `becomes` says what else is written; `keeps` stays:
    codes, our own references, what the law wants. `group`: where an export has it, "" for nowhere, without `hides`.
    """

    by: str
    group: str = ""
    deleted: bool = False
    empties: str = ""
    keeps: str = ""
    hides: str = ""
    becomes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def owners(self) -> list[tuple[str, str]]:
        pairs = (one.partition(">") for one in self.by.split())
        return [(column, parent) for column, _, parent in pairs]


def _gone(by: str, group: str = "", hides: str = "") -> Belonging:
    return Belonging(by, group, deleted=True, hides=hides)


_NOBODY = "erased"

BELONGINGS: dict[str, Belonging] = {
    "customer": Belonging(
        "",
        "profile",
        empties="external_ref company email mailbox phone address vat_id tax_exempt_reason tax_exempt_certificate "
        "notes reseller_note invoicing sought_name sought_last sought_company sought_phone",
        keeps="country region location_evidence vat_id_state zone currency language price_group",  # tax and reports
        hides="notes reseller_note mailbox sought_name sought_last sought_company sought_phone",
        becomes={"name": _NOBODY},
    ),
    "customer_note": _gone("customer_id>customer"),  # in no copy: staff's own, as notes in tickets are
    "consent": Belonging("customer_id>customer", "consents", empties="address", keeps="what version"),
    # signing in
    "user_login": Belonging(
        "customer_id>customer",
        "logins",
        empties="password_hash permissions often disabled_because",
        keeps="role",
        hides="password_hash",
        becomes={"email": "erased-{id}@erased.invalid", "disabled": True},
    ),
    "user_session": _gone("user_id>user_login", "logins", "token_hash"),
    "one_time_token": _gone("user_id>user_login"),
    "code_app": _gone("user_id>user_login", "logins", "secret last_step"),
    "recovery_code": _gone("user_id>user_login"),
    "passkey": _gone("user_id>user_login", "logins", "credential_id public_key sign_count"),
    "half_sign_in": _gone("user_id>user_login"),
    "known_device": _gone("user_id>user_login", "logins", "token_hash"),
    "linked_identity": _gone("user_id>user_login", "logins"),
    "impersonation": Belonging("customer_id>customer", "logins", empties="reason", hides="session_id"),
    # being told
    "notice": Belonging(
        "customer_id>customer user_id>user_login",
        "messages",
        empties="recipient data error subject text",
        keeps="channel kind key state",
        hides="data key error",
    ),
    "notice_address": _gone("customer_id>customer", "messages", "code_digest"),
    "notice_choice": _gone("customer_id>customer", "messages"),
    # what is sold
    "subscription": Belonging(
        "customer_id>customer",
        "services",
        empties="external_ref",
        keeps="settlement collection timing currency state suspended_for phase term zone",
    ),
    "subscription_component": Belonging("subscription_id>subscription", "services", keeps="kind"),
    "subscription_event": Belonging("subscription_id>subscription", "services", keeps="kind details"),  # what is owed
    "subscription_change": Belonging("subscription_id>subscription", keeps="kind state wish before"),
    "former_calendar": Belonging("subscription_id>subscription", keeps="term"),
    "free_time": Belonging("subscription_id>subscription", "services", keeps="why"),
    "payment_promise": Belonging("customer_id>customer", "payments", keeps="state currency actor"),
    "coupon_redemption": Belonging("customer_id>customer", "services", keeps="state"),
    "entitlement": Belonging("customer_id>customer", "services", keeps="state"),
    "reseller_order": Belonging("customer_id>customer", "services", keeps="state"),
    "billing_failed_item": Belonging("subscription_id>subscription", empties="error", keeps="plugin"),
    "billing_mended_item": Belonging("subscription_id>subscription", empties="error", keeps="plugin"),
    "bulk_item": Belonging("subscription_id>subscription", empties="said before", keeps="state"),
    "credit_renewal": Belonging("subscription_id>subscription", empties="why"),
    "user_bulk_item": Belonging("subscription_id>subscription", empties="why", keeps="state paid_through"),
    "reseller_message_item": Belonging("customer_id>customer", empties="why", keeps="state"),
    "dunning_step": Belonging("subscription_id>subscription document_id>document", keeps="action result"),
    # lines
    "service": Belonging(
        "subscription_id>subscription",
        "services",
        empties="handle_data password previous_password mac observed sync_error",
        keeps="kind handle lifecycle desired_plan desired_bouquets limit_bouquets sync",
        hides="handle_data password previous_password observed sync sync_error desired_version converged_version",
        becomes={"login": "erased-{id}"},
    ),
    "access_code": _gone("service_id>service", "services", "digest sealed"),
    "access_code_use": _gone("code_id>access_code", "viewing"),
    "mac_swap": _gone("service_id>service", "services", "actor"),
    "sharing_case": Belonging(
        "service_id>service", group="viewing", empties="reasons", keeps="state settled_by", hides="reasons score"
    ),
    "device": Belonging(
        "subscription_id>subscription",
        "services",
        empties="mac",
        keeps="serial state currency supplier",  # the house's own stock
        hides="cost_minor supplier",
    ),
    "panel_difference": _gone("service_id>service"),
    "panel_move_line": Belonging("service_id>service new_service_id>service", empties="reason", keeps="state code"),
    "adoption_line": Belonging(
        "service_id>service",
        empties="remote_id login mac name owner reseller reason writes",
        keeps="kind bouquets plan term verdict code",
    ),
    "upstream_purchase": Belonging(
        "service_id>service",
        empties="before why history",
        keeps="entitlement package package_name package_term state currency",
    ),
    "credit_hold": Belonging("service_id>service", keeps="state details"),  # a reseller's books: ids and amounts
    "shop_supply": Belonging("subscription_id>subscription", keeps="state why"),
    "credit_movement": Belonging("subscription_id>subscription", empties="reason", keeps="actor request_id"),
    # what is watched: hours stay for those who sell films by the hour, but nobody's
    "viewing": Belonging(
        "service_id>service",
        "viewing",
        empties="ref login remote_id ip device",
        keeps="viewing_id kind item country",
        hides="viewing_id ref remote_id counted",
        becomes={"service_id": 0},
    ),
    "live_sighting": _gone("service_id>service", "viewing", "session"),
    "usage_event": Belonging(
        "subscription_id>subscription", "viewing", empties="properties", keeps="event_id item", hides="event_id"
    ),
    "usage_correction": Belonging("subscription_id>subscription", empties="reason", keeps="event_id actor"),
    # money: documents and the ledger stay for the fiscal years
    "document": Belonging(
        "customer_id>customer",
        "documents",
        empties="held_because",
        keeps="kind state number_text currency notes base_currency fx_rate",
        hides="held_because run_id entry_id closing_entry_id buyer_id issuer_id",
    ),
    "document_line": Belonging(
        "document_id>document",
        "documents",
        keeps="kind description term discount_code tax_code taxes tax_class",
        hides="revision",
    ),
    "tax_id_check": Belonging(
        "customer_id>customer", "profile", empties="name address error", keeps="vat_id checker outcome reference"
    ),
    "payment_method": Belonging(
        "customer_id>customer",
        "payments",
        empties="token label expires fingerprint name_mark owner_mark",
        keeps="country detaching_token",  # sealed, until its gateway has forgotten it too: without it, nobody could ask
        hides="token detaching_token fingerprint name_mark owner_mark",
        becomes={"usable": False, "is_default": False},
    ),
    "method_saving": Belonging("customer_id>customer", empties="provider_ref url", keeps="key state"),
    "payment_attempt": Belonging(
        "customer_id>customer",
        "payments",
        empties="action",
        keeps="key currency state provider_ref decline_class decline_code",
        hides="key action looks next_look_at",
    ),
    "payment": Belonging(
        "customer_id>customer", "payments", keeps="provider_ref currency settled_currency state", hides="entry_id"
    ),
    "refund": Belonging(
        "payment_id>payment",
        "payments",
        empties="reason claim_url",
        keeps="key state taken provider_ref failure_code",
        hides="key taken claim_url taken_entry_id entry_id",
    ),
    "dispute": Belonging(
        "payment_id>payment",
        "payments",
        keeps="provider_ref fee_currency state reason taken pulled",
        hides="taken pulled",
    ),
    "customer_credit": Belonging(
        "customer_id>customer", "credit", empties="reason", keeps="kind currency", hides="entry_id"
    ),
    "customer_wallet": Belonging("customer_id>customer", "credit", keeps="stopped_because top_up_every"),
    "lent_credit": Belonging("customer_id>customer", "credit", keeps="state taken"),
    "referral_code": _gone("customer_id>customer", "profile"),
    "referral": Belonging("customer_id>customer", "credit", keeps="state reason"),
    "transfer_proof": Belonging(
        "customer_id>customer", "payments", empties="file_name data answer", keeps="media_type state"
    ),
    "unassigned_money": Belonging("payment_id>payment", empties="payer", keeps="provider_ref currency returned_ref"),
    "bank_entry": Belonging(
        "payment_id>payment unassigned_money_id>unassigned_money",
        "payments",
        empties="payer payer_iban said",
        keeps="kind servicer_ref currency end_to_end_id state why",
        hides="servicer_ref state why",
    ),
    "ledger_posting": Belonging("customer_id>customer", keeps="side"),
    # support
    "ticket": Belonging(
        "customer_id>customer", "support", empties="subject", keeps="token state priority", hides="token"
    ),
    "ticket_message": Belonging("ticket_id>ticket", "support", empties="body author", keeps="kind", hides="author"),
    "ticket_file": _gone("message_id>ticket_message mail_id>support_mail", "support", "data"),
    "support_mail": Belonging(
        "ticket_id>ticket",
        empties="raw sender subject body why",
        keeps="state",
        becomes={"message_id": "erased-{id}"},
    ),
    "bill_dispute": Belonging("customer_id>customer", "support", keeps="reason state currency decided_by"),
    # orders as they were screened: the keyed digest of a card stays until screening facts are forgotten
    "fraud_case": Belonging(
        "customer_id>customer",
        "orders",
        empties="reasons unknown facts ip address network mailbox phone mac device decision",
        keeps="plan currency state card decided_by",
        hides="reasons unknown score card address network mailbox device decision decided_by",
    ),
    # what was asked about all this
    "data_export_part": _gone("export_id>data_export"),
    "data_export": _gone("customer_id>customer", "logins", "progress error"),
    "erasure_request": Belonging(
        "customer_id>customer", "profile", keeps="state said figures asked_by", hides="figures"
    ),
}  # fmt: skip

TRACES = frozenset(
    {
        "audit_entry",
        "box_address",
        "callback",
        "idempotency_record",
        "job",
        "job_try",
        "login_attempt",
        "party",
        "usage_reject",
    }
)
"""Tables that name no customer in a column of theirs: see `_traces.py`."""

HOUSE = frozenset(
    {
        "address_news", "adoption", "announcement", "billing_run", "bouquet", "bulk_action", "reseller_message",
        "user_bulk",
        "bouquet_item", "bundle_part", "canned_reply", "content_title", "coupon", "coupon_plan", "credit_lot",
        "credit_use", "day_gift", "device_model", "dunning_policy", "event", "event_delivery", "exchange_rate",
        "fraud_entry", "content_page", "content_text", "content_version",
        "freeze_switch", "gateway_account", "gateway_payout", "help_article", "house_fact", "import_refusal",
        "ledger_account",
        "ledger_entry", "ledger_seal", "notice_text", "number_series", "own_word", "panel", "panel_bouquet",
        "panel_move", "panel_owner",
        "panel_package", "panel_status", "plan", "plan_bouquet", "plan_change", "plugin_state",
        "plugin_storage", "price", "price_book", "reprice", "reseller", "reseller_key", "seller", "seller_logo",
        "setup_code", "setup_guide", "shop", "shop_host", "sign_in_provider", "sign_in_trip", "simulation",
        "spent_challenge", "staff_key", "staff_role", "subscriber_import", "support_department",
        "tax_registration", "usage_batch",
        "usage_import", "usage_import_refusal", "usage_metric", "usage_price",
        "usage_source", "viewing_cursor", "viewing_rule", "worker_pulse",
    }
)  # fmt: skip
"""The operator's own: catalogue, settings, staff's work, books. Events hold ids only; entries of the lists of whom a
seller refuses are the seller's, with an end. Files of subscribers and of events are staff's until they are imported;
after thirty days nothing of them is kept."""
