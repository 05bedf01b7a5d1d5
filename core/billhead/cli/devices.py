"""`billhead devices`: the stock of boxes, and deliveries taken in."""

from pathlib import Path

import click
from sqlalchemy import select

from billhead.actions.devices._delivery import delivery_rows
from billhead.actions.devices.import_devices import import_devices
from billhead.cli import in_app, json_option, show
from billhead.cli._seller import seller_of
from billhead.db import reading, writing
from billhead.domain.context import Context
from billhead.domain.device import DeviceState
from billhead.models.devices import Device, DeviceModel

__all__ = ["group"]


@click.group()
def group() -> None:
    """Boxes: list the stock, take in a delivery."""


@group.command("list")
@click.option("--state", type=click.Choice([one.value for one in DeviceState]), help="Only these.")
@click.option("--seller", default="", help="Code of the seller, where there are several.")
@json_option
@in_app
def list_devices(state: str | None, seller: str, as_json: bool) -> None:
    """Each box with its serial, MAC, model and state."""
    with reading() as session:
        query = (
            select(Device.serial, Device.mac, DeviceModel.code.label("model"), Device.state, Device.subscription_id)
            .join(DeviceModel, DeviceModel.id == Device.model_id)
            .where(Device.seller_id == seller_of(session, seller).id)
            .order_by(Device.id)
        )
        if state:
            query = query.where(Device.state == state)
        rows = [dict(row._mapping) for row in session.execute(query)]
    lines = [f"{row['serial']:24} {row['mac'] or '–':18} {row['model']:16} {row['state']}" for row in rows]
    show({"devices": rows}, as_json, lines or ["There is no box."])


@group.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would be refused, and take nothing in.")
@click.option("--seller", default="", help="Code of the seller, where there are several.")
@json_option
@in_app
def import_file(file: Path, dry_run: bool, seller: str, as_json: bool) -> None:
    """Take in a delivery from a CSV file. Good rows are taken; exit code 1 when some were refused."""
    with reading() as session:
        seller_id = seller_of(session, seller).id
    rows = delivery_rows(file.read_bytes())
    with writing(Context.system("cli:devices")) as tx:
        done = import_devices(tx, seller_id, rows, dry_run=dry_run)
    lines = [f"row {one['row']}, {one['column']}: {one['why']}" for one in done.refused]
    lines.append(f"{done.taken} taken{' (dry run)' if dry_run else ''}, {len(done.refused)} refused.")
    show({"taken": done.taken, "refused": done.refused}, as_json, lines)
    if done.refused:
        raise click.exceptions.Exit(1)
