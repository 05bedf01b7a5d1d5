"""What this plugin offers to Billhead: the payment gateway `voucher`, and the cards' pages and commands. Of a person it
holds who has guessed, for a day."""

from collections.abc import Sequence
from dataclasses import dataclass

import click
from flask import Blueprint

from billhead.plugin import Event, InvalidInput, PaymentGateway, current_host, hookimpl, secret
from billhead_voucher import tables
from billhead_voucher.commands import COMMANDS
from billhead_voucher.gateway import Voucher
from billhead_voucher.guesses import forget_guesser
from billhead_voucher.views import voucher

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
def blueprints() -> Sequence[Blueprint]:
    return [voucher]


@hookimpl
def cli_commands() -> Sequence[click.Command]:
    return COMMANDS


@hookimpl
def on_event(event: Event) -> None:
    if event.type == "customer.erased":
        forget_guesser(current_host("voucher"), f"customer-{event.data['customer_id']}")
