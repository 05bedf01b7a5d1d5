"""What an operator decides about EU VAT."""

from dataclasses import dataclass

from billhead.plugin import marked, option

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    on_contradiction: str = option(
        "Evidence contradicts the billing address, one piece against one",
        default="safest",
        choices=(marked("safest"), marked("billing"), marked("hold"), marked("ask")),
        hint="safest: the higher of the two taxes. billing: the address counts. hold: the document waits for staff. "
        "ask: it waits until the customer confirms the country in the profile.",
    )
    unchecked_vat_id: str = option(
        "A VAT id is not checked yet",
        default="charge",
        choices=(marked("charge"), marked("hold")),
        hint="Charge the tax as to a consumer, or hold the document until the register has answered.",
    )
    vies_url: str = option(
        "Address of VIES",
        default="https://ec.europa.eu/taxation_customs/vies/rest-api",
        hint="The Commission's service that says whether a VAT id exists.",
    )
    timeout_seconds: int = option("Timeout in seconds", default=10, minimum=1, maximum=60)
