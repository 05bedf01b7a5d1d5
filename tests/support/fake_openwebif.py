"""A box with OpenWebif on a real socket: its bouquet editor, which answers 200 to what it refuses too."""

import json
import re
import socket
import threading
import time
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

ROOT = "bouquets.tv"


class Box:
    def __init__(self):
        self.listed = ["userbouquet.favourites.tv"]
        self.files = {"userbouquet.favourites.tv": ("Favourites", [("1:0:1:1:1:1:1:0:0:0:", "One", "0")])}
        self.login, self.faults, self.log = None, {}, []

    def fail(self, command, kind, after=0):
        """The next `command` but `after` fails."""
        self.faults[command] = [kind, after]

    def fault(self, command):
        fault = self.faults.get(command)
        if fault and fault[1] == 0:
            return self.faults.pop(command)[0]
        if fault:
            fault[1] -= 1
        return ""

    def about(self, asked):
        return {"info": {"brand": "Vu+", "model": "duo2"}, "service": {}}

    def servicelistreload(self, asked):
        return {"result": asked.get("mode") == "2", "message": "reloaded bouquets"}

    def getservices(self, asked):
        file = named(asked["sRef"])
        if file == ROOT:
            return {"services": [{"servicereference": ref(f), "servicename": self.files[f][0]} for f in self.listed]}
        rows = self.files.get(file, ("", []))[1]
        return {"services": [{"servicereference": r, "servicename": n, "ismarker": m} for r, n, m in rows]}

    def addbouquet(self, asked):
        name = asked["name"] + " (TV)"
        stem = re.sub("[^a-z0-9]", "_", name.lower())
        file, count = f"userbouquet.{stem}.tv", 0
        while file in self.files:
            count += 1
            file = f"userbouquet.{stem}_{count}.tv"
        self.files[file] = (name, [])
        self.listed.append(file)
        return done(f"Bouquet {name} created.")

    def addservicetobouquet(self, asked):
        rows = self.files[named(asked["sBouquetRef"])][1]
        if asked["sRef"] in [row[0] for row in rows]:
            return refused(f"Service {asked['sRef']} already exists in bouquet.")
        rows.append((asked["sRef"], asked["Name"], "0"))
        return done("Service added.")

    def addmarkertobouquet(self, asked):
        rows = self.files[named(asked["sBouquetRef"])][1]
        rows.append((f"1:64:{len(rows)}:0:0:0:0:0:0:0::{asked['Name']}", asked["Name"], "1"))
        return done("Marker added.")

    def renameservice(self, asked):
        file = named(asked["sRef"])
        self.files[file] = (asked["newName"], self.files[file][1])
        return done("Bouquet renamed successfully.")

    def movebouquet(self, asked):
        file = named(asked["sBouquetRef"])
        self.listed.remove(file)
        self.listed.insert(int(asked["position"]), file)
        return done("Bouquet moved.")

    def removebouquet(self, asked):
        file = named(asked["sBouquetRef"])
        if file not in self.listed:
            return refused(f"Bouquet {file} removed failed.")
        self.listed.remove(file)
        del self.files[file]
        return done("Bouquet deleted.")


def ref(file):
    return f'1:7:1:0:0:0:0:0:0:0:FROM BOUQUET "{file}" ORDER BY bouquet'


def named(reference):
    return re.search('FROM BOUQUET "([^"]+)"', reference)[1]


def done(text):
    return {"Result": [True, text]}


def refused(why):
    return {"Result": [False, why]}


class Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        box, address = self.server.box, urlsplit(self.path)
        command = address.path.rpartition("/")[2]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        asked = {name: values[0] for name, values in parse_qs(f"{address.query}&{body}").items()}
        box.log.append((self.command, self.path, command))
        if box.login and self.headers.get("Authorization") != "Basic " + b64encode(box.login.encode()).decode():
            return self.answer(401, b"<html>401 Authentication required</html>")
        fault = box.fault(command)
        if fault == "before":
            return self.vanish()
        if fault == "refused":
            return self.answer(200, json.dumps(refused(f"No: {asked.get('sRef')}")).encode())
        if fault == "html":
            return self.answer(200, b"<!DOCTYPE html><title>Log in</title>")
        told = json.dumps(getattr(box, command)(asked)).encode()
        if fault == "slow":
            time.sleep(1.3)
        elif fault == "after":
            return self.vanish()
        elif fault == "wrong":
            told = b'{"Result": "yes", "services": {}, "info": []}'
        elif fault == "half":
            told = told[: len(told) // 2]
        self.answer(200, told)

    do_POST = do_GET

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def vanish(self):
        """A restart: the connection ends without an answer."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *words):
        pass


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


def served(box):
    server = Quiet(("127.0.0.1", 0), Answers)
    server.box = box
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    return server
