"""What this plugin offers to Billhead: the payment gateway `voucher`, and commands to make and look after the cards."""

from collections.abc import Sequence
from dataclasses import dataclass

import click

from billhead.plugin import InvalidInput, PaymentGateway, hookimpl, secret
from billhead_voucher import tables
from billhead_voucher.commands import COMMANDS
from billhead_voucher.gateway import Voucher

API = 1
MIGRATIONS = "billhead_voucher:migrations"
METADATA = tables.METADATA
_SHORTEST_KEY = 32


@dataclass(frozen=True)
class Settings:
    key: str = secret(
        "Key of the PINs", default="", hint="32 letters and digits or more, made once: with another, no card is known"
    )

    def __post_init__(self) -> None:
        if self.key and len(self.key) < _SHORTEST_KEY:
            raise InvalidInput("key", "is too short", hint="Make one with: openssl rand -hex 32")


@hookimpl
def payment_gateways() -> Sequence[PaymentGateway]:
    return [Voucher()]


@hookimpl
def cli_commands() -> Sequence[click.Command]:
    return COMMANDS
