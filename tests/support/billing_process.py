"""A billing run in a process of its own, to be killed: `python billing_process.py URL HOME DATE CHUNK [PART OF]`."""

import sys
from datetime import date
from pathlib import Path

from billing_shop import open_shop

if __name__ == "__main__":
    url, home, day, chunk, *partition = sys.argv[1:]
    with open_shop(url, Path(home)) as shop:
        part, of = map(int, partition or (0, 1))
        print("ready", flush=True)
        shop.run(date.fromisoformat(day), chunk_size=int(chunk), partition=(part, of))
