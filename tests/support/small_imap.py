"""A small IMAP server on a real socket: enough of RFC 9051 for a mailbox that is read and never changed."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class SmallImap:
    """`mails` by UID; `validity` of the UIDs; `logins` and `searches` are what was asked for."""

    def __init__(self, login: str = "help", password: str = "sesame") -> None:
        self.login, self.password = login, password
        self.mails: dict[int, bytes] = {}
        self.validity = 7
        self.searches: list[str] = []
        self.port = 0

    def put(self, raw: bytes) -> int:
        uid = max(self.mails, default=0) + 1
        self.mails[uid] = raw
        return uid

    @contextmanager
    def running(self) -> Iterator["SmallImap"]:
        box = self

        class Talk(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                box.talk(self.rfile, self.wfile)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True

        with Server(("127.0.0.1", 0), Talk) as server:
            self.port = server.server_address[1]
            thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            yield self
            server.shutdown()
            thread.join()

    def talk(self, asked, told) -> None:
        told.write(b"* OK small\r\n")
        for line in asked:
            tag, _, command = line.decode().strip().partition(" ")
            lines, answer = self.answer(command)
            told.write(b"".join(lines) + f"{tag} {answer}\r\n".encode())

    def answer(self, command: str) -> tuple[list[bytes], str]:
        word = command.upper()
        if word.startswith("CAPABILITY"):
            return [b"* CAPABILITY IMAP4rev1\r\n"], "OK done"
        if word.startswith("LOGIN"):
            right = re.fullmatch(r'LOGIN "?([^" ]+)"? "([^"]+)"', command, re.I)
            good = right is not None and right.groups() == (self.login, self.password)
            return [], "OK in" if good else "NO wrong user name or password"
        if word.startswith(("EXAMINE", "SELECT")):
            head = f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] v\r\n"
            return [head.encode()], "OK [READ-ONLY] there" if word.startswith("EXAMINE") else "OK there"
        if word.startswith("UID SEARCH"):
            self.searches.append(command)
            first = int(re.search(r"UID SEARCH UID (\d+):\*", command)[1])
            newest = max(self.mails, default=0)
            uids = [uid for uid in self.mails if uid >= min(first, newest)]  # "7:*" names the newest at least
            return [f"* SEARCH {' '.join(map(str, uids))}\r\n".encode()], "OK searched"
        if word.startswith("UID FETCH"):
            return self.fetch(command)
        return ([b"* BYE\r\n"], "OK bye") if word.startswith("LOGOUT") else ([], "BAD what?")

    def fetch(self, command: str) -> tuple[list[bytes], str]:
        uid, what = re.match(r"UID FETCH (\d+) \((.*)\)", command).groups()
        raw = self.mails.get(int(uid))
        if raw is None:
            return [], "OK nothing"
        if what == "RFC822.SIZE":
            return [f"* 1 FETCH (UID {uid} RFC822.SIZE {len(raw)})\r\n".encode()], "OK fetched"
        part = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if "HEADER" in what else raw
        head = f"* 1 FETCH (UID {uid} {what.replace('.PEEK', '')} {{{len(part)}}}\r\n".encode()
        return [head, part, b")\r\n"], "OK fetched"
