"""Start a sandbox inside this process: `running = start()`, then `running.url`, `running.state`, `running.stop()`."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType

from billhead_sandbox.cards import charges
from billhead_sandbox.panel.app import Application
from billhead_sandbox.panel.catalogue import Catalogue
from billhead_sandbox.panel.state import State
from billhead_sandbox.panel.wire import WireServer


@dataclass(frozen=True)
class Running:
    """A listening sandbox; as a context manager it stops at the end of the block."""

    state: State
    server: WireServer

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`, without a slash at the end."""
        return self.server.url

    def stop(self) -> None:
        """Finish what is being answered, then end connections, callbacks and the database."""
        self.server.stop()
        self.state.close()

    def __enter__(self) -> "Running":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    data: Path | str | None = None,
    catalogue: Path | str | Catalogue | None = None,
    port: int = 0,
    host: str = "127.0.0.1",
) -> Running:
    """Listen on `port` (0: any free one). Without `data` everything lives in memory and ends with the process."""
    if not isinstance(catalogue, Catalogue):
        catalogue = Catalogue() if catalogue is None else Catalogue.from_file(Path(catalogue))
    state = State(None if data is None else Path(data), catalogue)
    try:
        server = WireServer(host, port, Application(state))
    except OSError:
        state.close()
        raise
    state.courier.start(partial(charges.settle, state))
    return Running(state, server)
