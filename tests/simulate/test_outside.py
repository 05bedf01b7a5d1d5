"""Nothing leaves a simulation: not even a plugin that tries."""

import socket
import subprocess
import sys

import httpx
import pytest

from billhead.domain.errors import Conflict
from billhead.simulate.outside import barred


def datagram(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"x", ("127.0.0.1", port))


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_what_would_call_out_is_stopped_and_afterwards_all_is_as_before(listener):
    tries = {
        "httpx": lambda: httpx.get(f"http://127.0.0.1:{listener}/", timeout=1),
        "a socket": lambda: socket.create_connection(("127.0.0.1", listener)),
        "a name": lambda: socket.getaddrinfo("localhost", 80),
        "a datagram": lambda: datagram(listener),
        "a program": lambda: subprocess.run([sys.executable, "-c", ""], check=True),
    }
    for what, call in tries.items():
        with barred(), pytest.raises(Conflict, match="calls nothing outside") as refused:
            call()
        assert refused.value.code == "simulated", what
    with socket.create_connection(("127.0.0.1", listener)):
        pass


def test_two_may_be_open_and_the_last_one_opens_the_way(listener):
    with barred():
        with barred():
            pass
        with pytest.raises(Conflict):
            socket.create_connection(("127.0.0.1", listener))
