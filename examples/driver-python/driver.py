#!/usr/bin/env python3
"""An example driver (conformance/DRIVER.md) that needs nothing but Python: a small IKC server behind the driver protocol.

The driver half says hello, listens and quits, and declines the rest. The IKC half negotiates in both dialects, reads and
writes as much of Storable as requests are made of, and has the states that every kernel has.

    ikc-conform driver-check 'cmd:python3 driver.py'
"""
import json, os, re, socketserver, struct, sys, threading

KERNEL = "python-%08x" % os.getpid()


class Perl:  # what Storable writes in network order, and nothing that a request does not need
    HEAD = b"\x05\x0b"

    def __init__(self, data):
        if data[:1] != self.HEAD[:1]:
            raise ValueError("not a Storable image in network order")
        self.data, self.at, self.seen = data, 2, []

    def take(self, n):
        self.at += n
        if self.at > len(self.data):
            raise ValueError("the image ends early")
        return self.data[self.at - n:self.at]

    def number(self):
        return struct.unpack(">I", self.take(4))[0]

    def scalar(self, value):
        self.seen.append(value)
        return value

    def value(self):
        kind = self.take(1)[0]
        if kind == 0:
            return self.seen[self.number()]
        if kind == 2:
            made = self.scalar([])
            made.extend(self.value() for _ in range(self.number()))
            return made
        if kind in (3, 25):  # a hash, perhaps with keys in UTF-8
            made = self.scalar({})
            flagged = kind == 25 and self.take(1) is not None
            for _ in range(self.number()):
                value, _ = self.value(), flagged and self.take(1)
                made[self.take(self.number()).decode("utf-8", "replace")] = value
            return made
        if kind in (4, 20, 27, 28):  # references count as seen, too
            self.seen.append(None)
            place = len(self.seen) - 1
            self.seen[place] = made = self.value()
            return made
        if kind == 17:  # blessed: the class does not matter here
            self.take(self.take(1)[0])
            return self.value()
        if kind in (1, 24):
            return self.scalar(self.take(self.number()).decode("latin-1" if kind == 1 else "utf-8"))
        if kind in (10, 23):
            return self.scalar(self.take(self.take(1)[0]).decode("latin-1" if kind == 10 else "utf-8"))
        if kind == 8:
            return self.scalar(self.take(1)[0] - 128)
        if kind == 9:
            return self.scalar(struct.unpack(">i", self.take(4))[0])
        if kind in (5, 14, 31, 40, 41):
            return self.scalar({40: True, 41: False}.get(kind))
        raise ValueError("type %d of Storable is not for this example" % kind)

    @classmethod
    def freeze(cls, value):
        return cls.HEAD + cls.put(value)[1:]  # the image starts with what the reference refers to

    @classmethod
    def put(cls, value):
        if value is None:
            return b"\x05"
        if isinstance(value, int):
            return b"\x09" + struct.pack(">i", value)
        if isinstance(value, list):
            return b"\x04\x02" + struct.pack(">I", len(value)) + b"".join(map(cls.put, value))
        if isinstance(value, dict):
            pairs = ((cls.put(v), k.encode()) for k, v in value.items())
            return b"\x04\x03" + struct.pack(">I", len(value)) + b"".join(v + struct.pack(">I", len(k)) + k for v, k in pairs)
        return b"\x01" + struct.pack(">I", len(value)) + value.encode("latin-1", "replace")


def parse(spec):
    if isinstance(spec, str):
        found = re.match(r"(?:(?:poe:)?//([^/]*)/)?([^/]*)/?([^/?]*)", spec)
        spec = dict(zip(("kernel", "session", "state"), found.groups()))
    return {part: spec.get(part) or "" for part in ("kernel", "session", "state")}


def text(spec):
    return "poe://%(kernel)s/%(session)s" % spec + ("/" + spec["state"] if spec["state"] else "")


STATES = {"ping": lambda params: "PONG", "do_you_have": lambda params: do_you_have(*params), "remote_error": lambda params: None}


def refusal(at):
    if at["session"] != "IKC":
        return "Session '%(session)s' is not available for remote kernels" % at
    if at["state"] and at["state"] not in STATES:
        return "Session 'IKC' has not published state '%(state)s'" % at


def do_you_have(spec, _):
    at = parse(spec)
    if refusal(at):
        return "Refused subscription " + text(at)
    return [dict(at, kernel=at["kernel"] or KERNEL), KERNEL]


class Connection(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def line(self):
        line = self.rfile.readline(8192).rstrip(b"\r\n").decode("latin-1")
        return line if line else sys.exit()  # ends this connection's thread

    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def negotiate(self):
        names = [self.server.name, "%s:%d" % self.connection.getsockname()]
        while True:
            line = self.line()
            if line == "HELLO":
                return self.hello(names)
            if not re.match("SETUP |HELLO", line):
                continue
            fields = dict(f.partition("=")[::2] for f in line[6:].split(";"))
            kernel, freezers = fields.get("KERNEL", "").split(","), fields.get("FREEZER", "").split(",")
            if set(fields) - {"KERNEL", "FREEZER", "PID"} or not kernel[0] or "Storable" not in freezers:
                self.say("NOT")
                continue
            self.say("SETUP KERNEL=%s;FREEZER=Storable;PID=%d" % (",".join([KERNEL] + names), os.getpid()))
            return kernel[0]

    def hello(self, names):
        for name in [KERNEL] + names[::-1]:
            self.say("IAM " + name)
            self.expect("OK$")
        self.say("DONE")
        remote = []
        while True:
            line = self.expect(r"IAM [-:.\w]+$|DONE$", "NOT")
            if line == "DONE" and remote:
                break
            remote.append(line[4:])
            self.say("OK")
        while self.expect(r"FREEZER Storable$|WORLD$", "NOT") != "WORLD":
            self.say("OK")
        self.say("UP")
        return remote[0]

    def expect(self, pattern, otherwise="NOT"):
        while not re.match(pattern, line := self.line()):
            if line != "NOT":
                self.say(otherwise)
        return line

    def send(self, message):
        image = Perl.freeze(message)
        self.wfile.write(b"%d\0" % len(image) + image)

    def handle(self):
        remote = self.negotiate()
        while True:
            digits = b""
            while (c := self.rfile.read(1)) != b"\0":
                if not c.isdigit() or len(digits) > 8:
                    return
                digits += c
            try:
                self.request_from(remote, Perl(self.rfile.read(int(digits))).value())
            except (ValueError, LookupError, TypeError, AttributeError) as why:
                print("a bad request:", why, file=sys.stderr)
                return

    def request_from(self, remote, request):
        at, sender = parse(request["event"]), request.get("from")
        why = refusal(at)
        if why:
            why += ".  Request " + text(at) + (" sent by " + text(parse(sender)) if sender else "")
            if not request.get("is_error"):
                error = {"kernel": remote, "session": "IKC", "state": "remote_error"}
                self.send({"event": error, "is_error": 1, "params": [why, at["kernel"], "check"]})
            return
        result = STATES[at["state"]](request.get("params"))
        if request.get("rsvp") and result is not None:
            me = {"kernel": KERNEL, "session": "IKC", "state": "IKC:proxy"}
            self.send({"event": request["rsvp"], "from": me, "params": [result] if request.get("wantarray") else result})


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True


class No(Exception):
    pass


def hello(_):
    return {"protocol": 1, "driver": "driver.py", "implementation": "example in Python", "release": "1", "pid": os.getpid(),
            "versions": {"python": sys.version.split()[0]}, "kernel": KERNEL, "capabilities": ["server"],
            "protocols": ["IKC0", "IKC"], "serializers": ["Storable"], "commands": list(COMMANDS)}


def listen(command):
    if not isinstance(command.get("name"), str):
        raise No("usage", "name is missing")
    host, _, port = command.get("address", "127.0.0.1:0").rpartition(":")
    try:
        server = Server((host, int(port)), Connection)
    except (OSError, ValueError) as why:
        raise No("failed", str(why))
    server.name = command["name"]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {"address": "%s:%d" % server.server_address}


COMMANDS = {"hello": hello, "listen": listen, "quit": lambda _: {}}


def carry_out(line):
    answer = {"id": 0}
    try:
        command = json.loads(line)
        if not isinstance(command, dict) or type(command.get("id")) is not int:
            raise No("usage", "a command is an object with an integer id")
        answer["id"] = command["id"]
        if command.get("cmd") not in COMMANDS:
            raise No("unsupported", "no command %r in this driver" % command.get("cmd"))
        return dict(answer, ok=COMMANDS[command["cmd"]](command)), command["cmd"] == "quit"
    except ValueError as why:
        return dict(answer, error={"code": "usage", "message": str(why)}), False
    except No as why:
        return dict(answer, error={"code": why.args[0], "message": why.args[1]}), False


for text_line in sys.stdin:
    if text_line.strip():
        reply, last = carry_out(text_line)
        print(json.dumps(reply), flush=True)
        if last:
            break
