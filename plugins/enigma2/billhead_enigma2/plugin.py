"""What this plugin offers to Billhead: the module `enigma2`, what receivers download, and the push onto a box."""

from collections.abc import Sequence

import click
from flask import Blueprint

from billhead.plugin import ProvisioningModule, current_host, hookimpl
from billhead_enigma2.commands import COMMANDS
from billhead_enigma2.delivery import Delivery, Settings
from billhead_enigma2.module import EnigmaModule
from billhead_enigma2.views import make_blueprint

__all__ = ["Settings"]

API = 1


def _delivery() -> Delivery:
    return Delivery(current_host("enigma2").settings())


@hookimpl
def provisioning_modules() -> Sequence[ProvisioningModule]:
    return [EnigmaModule(_delivery)]


@hookimpl
def blueprints() -> Sequence[Blueprint]:
    return [make_blueprint(_delivery, lambda ref: current_host("enigma2").line(ref=ref))]


@hookimpl
def cli_commands() -> Sequence[click.Command]:
    return COMMANDS
