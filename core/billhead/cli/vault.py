"""`billhead vault rotate`: after the secret key was changed."""

import click

from billhead.cli import in_app, json_option, show
from billhead.db import writing
from billhead.domain.context import Context
from billhead.plugin_host import vault
from billhead.plugin_host.rotation import SEALED, rotate_column

__all__ = ["group"]


@click.group()
def group() -> None:
    """The secrets of panels, gateways, lines and plugins."""


@group.command()
@json_option
@in_app
def rotate(as_json: bool) -> None:
    """Write every stored secret anew under the first key of BILLHEAD_SECRET_KEY="new old".

    The old one is needed no more, but to verify the ledger's seals of its time.
    """
    columns = []
    for column in SEALED:
        after: object = None
        while True:
            with writing(Context.system("cli:vault", reason="key rotation")) as tx:
                after = rotate_column(tx, vault(), column, after=after)
            if after is None:
                break
        columns.append(str(column))
    show(
        {"rotated": columns},
        as_json,
        ["Every secret is under the newest key. The old one is only needed to verify the ledger's seals of its time."],
    )
