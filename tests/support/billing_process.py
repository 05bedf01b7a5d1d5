"""A billing run in a process of its own, to be killed."""

from datetime import date
from pathlib import Path

from billing_shop import open_shop
from warm_process import WarmProcess


def bill(url: str, home: str, day: str, chunk: str) -> None:
    with open_shop(url, Path(home)) as shop:
        print("ready", flush=True)
        shop.run(date.fromisoformat(day), chunk_size=int(chunk))


def billing_process(url: str, home: Path, day: date, *, chunk: int, crash: str = "") -> WarmProcess:
    """A run that has begun; `crash` is the point where it dies."""
    arguments = url, str(home), day.isoformat(), str(chunk)
    return WarmProcess("billing_process:bill", *arguments, env={"BILLHEAD_CRASH_AT": crash}, folder=home)
