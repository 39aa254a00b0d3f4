#!/usr/bin/env python3
"""A blocking client for IKC, written from docs/specification.md alone (clause numbers in brackets).

    ikc.py HOST:PORT call  SESSION/STATE [JSON]
    ikc.py HOST:PORT post  SESSION/STATE [JSON]
    ikc.py HOST:PORT ping

Values are Python's: None, int, str, bytes, float, list, dict. What comes as octets is bytes, what comes as characters is str.
"""
import json
import socket
import struct
import sys


class IKCError(Exception):
    """What the other kernel reported, or what it did wrong."""


# Storable, in network order [3.3]

HEADER = b"\x05\x0b"


def freeze(value):
    out = bytearray(HEADER)
    _target(out, value)
    return bytes(out)


def _target(out, value):
    """What a reference points at: an array, a hash, or a scalar."""
    if isinstance(value, (list, tuple)):
        out += b"\x02" + struct.pack(">I", len(value))
        for item in value:
            _scalar(out, item)
    elif isinstance(value, dict):
        keys = {key: key.encode() if isinstance(key, str) else key for key in value}
        utf8 = any(isinstance(key, str) and not key.isascii() for key in value)
        out += (b"\x19\x00" if utf8 else b"\x03") + struct.pack(">I", len(value))
        for key, item in value.items():
            _scalar(out, item)
            if utf8:
                out.append(1 if isinstance(key, str) and not key.isascii() else 0)
            out += struct.pack(">I", len(keys[key])) + keys[key]
    else:
        _scalar(out, value)


def _scalar(out, value):
    if value is None:
        out += b"\x05"
    elif isinstance(value, bool):
        out += b"\x08\x81" if value else b"\x0a\x00"
    elif isinstance(value, int) and -128 <= value <= 127:
        out += b"\x08" + bytes([value + 128])
    elif isinstance(value, int) and -(1 << 31) <= value < 1 << 31:
        out += b"\x09" + struct.pack(">i", value)
    elif isinstance(value, (int, float)):
        _string(out, repr(value).encode(), 0x0A, 0x01)
    elif isinstance(value, bytes):
        _string(out, value, 0x0A, 0x01)
    elif isinstance(value, str) and value.isascii():
        _string(out, value.encode(), 0x0A, 0x01)
    elif isinstance(value, str):
        _string(out, value.encode(), 0x17, 0x18)
    elif isinstance(value, (list, tuple, dict)):
        out += b"\x04"
        _target(out, value)
    else:
        raise TypeError("cannot be frozen: %r" % (value,))


def _string(out, octets, short, long):
    if len(octets) < 256:
        out += bytes([short, len(octets)]) + octets
    else:
        out += bytes([long]) + struct.pack(">I", len(octets)) + octets


class Thaw:
    """Reads one image. A reference becomes what it points at; objects lose their class."""

    def __init__(self, image):
        self.image, self.at, self.seen, self.classes = image, 0, [], 0
        if self.take(1) != b"\x05":
            raise IKCError("expected a Storable image in network order, got %r" % image[:4])
        self.take(1)

    def take(self, count):
        if self.at + count > len(self.image):
            raise IKCError("the image ends at octet %d, %d more were expected" % (len(self.image), count))
        self.at += count
        return self.image[self.at - count:self.at]

    def number(self, form=">I"):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def value(self, depth=0):
        if depth > 500:
            raise IKCError("octet %d: nested too deeply" % self.at)
        tag, index = self.number("B"), len(self.seen)
        if tag == 0x00:
            return self.again(self.number())
        if tag in (0x11, 0x12):
            if tag == 0x11:
                size = self.number("B")
                self.take(self.number() if size & 0x80 else size)
            elif self.number("B") & 0x80:
                self.number()
            return self.value(depth + 1)
        self.seen.append(None)
        if tag == 0x02:
            items = self.seen[index] = []
            for _ in range(self.number()):
                items.append(self.value(depth + 1))
            return items
        if tag in (0x03, 0x19):
            flagged, pairs = tag == 0x19, {}
            self.seen[index] = pairs
            if flagged:
                self.take(1)
            for _ in range(self.number()):
                item = self.value(depth + 1)
                flags = self.number("B") if flagged else 0
                key = self.take(self.number())
                pairs[key.decode("latin-1" if flags & 2 else "utf-8") if flags & 3 or key.isascii() else key] = item
            return pairs
        self.seen[index] = result = self.scalar(tag, depth)
        return result

    def again(self, index):
        if index >= len(self.seen):
            raise IKCError("octet %d: value %d has not been seen" % (self.at, index))
        return self.seen[index]

    def scalar(self, tag, depth):
        if tag in (0x04, 0x14, 0x1B):
            return self.value(depth + 1)
        if tag in (0x05, 0x0E):
            return None
        if tag == 0x08:
            return self.number("B") - 128
        if tag == 0x09:
            return self.number(">i")
        if tag in (0x0A, 0x01):
            return self.take(self.number("B" if tag == 0x0A else ">I"))
        if tag in (0x17, 0x18):
            return self.take(self.number("B" if tag == 0x17 else ">I")).decode()
        raise IKCError("octet %d: tag %02x is not known here" % (self.at - 1, tag))


def text(value):
    return value.decode(errors="replace") if isinstance(value, bytes) else value


class Client:
    """A ClientLite [8.1]: it announces one name, and waits for each answer."""

    MAX_FRAME = 100 << 20

    def __init__(self, host, port, name, timeout=30):
        self.name, self.calls, self.buffer = name, 0, b""
        self.socket = socket.create_connection((host, port), timeout)
        try:
            self.negotiate()
        except BaseException:
            self.socket.close()
            raise

    # Negotiation [2]

    def negotiate(self):
        answer = self.ask("SETUP KERNEL=%s;FREEZER=Storable;PID=%d" % (self.name, 1))
        if answer == "NOT":
            self.hello()
            return
        fields = dict(f.split("=", 1) for f in answer[len("SETUP "):].split(";")) if answer.startswith("SETUP ") else {}
        if "KERNEL" not in fields or fields.get("FREEZER") != "Storable":
            raise IKCError("expected SETUP KERNEL=...;FREEZER=Storable, got %r" % answer)
        self.kernel = fields["KERNEL"].split(",")[0]

    def hello(self):
        answer, names = self.ask("HELLO"), []
        while answer.startswith("IAM "):
            names.append(answer[4:])
            answer = self.ask("OK")
        self.expect(answer, "DONE")
        self.expect(self.ask("IAM " + self.name), "OK")
        self.send_line("DONE")
        self.expect(self.ask("FREEZER Storable"), "OK")
        self.expect(self.ask("WORLD"), "UP")
        self.kernel = names[0]

    @staticmethod
    def expect(got, wanted):
        if got != wanted:
            raise IKCError("negotiation: expected %s, got %r" % (wanted, got))

    def send_line(self, line):
        self.socket.sendall(line.encode() + b"\r\n")

    def ask(self, line):
        self.send_line(line)
        while b"\n" not in self.buffer:
            if len(self.buffer) > 16384:
                raise IKCError("negotiation: a line of more than 16 KiB")
            self.more()
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode()

    def more(self):
        octets = self.socket.recv(65536)
        if not octets:
            raise IKCError("the connection was closed")
        self.buffer += octets

    # Frames [3.1]

    def send(self, message):
        image = freeze(message)
        self.socket.sendall(b"%d\0" % len(image) + image)

    def receive(self):
        while b"\0" not in self.buffer[:20]:
            if len(self.buffer) >= 20:
                raise IKCError("expected a length and NUL, got %r" % self.buffer[:20])
            self.more()
        head, _, rest = self.buffer.partition(b"\0")
        if not head.isdigit() or int(head) > self.MAX_FRAME:
            raise IKCError("expected a length, got %r" % head)
        self.buffer, size = rest, int(head)
        while len(self.buffer) < size:
            self.more()
        image, self.buffer = self.buffer[:size], self.buffer[size:]
        message = Thaw(image).value()
        if not isinstance(message, dict):
            raise IKCError("expected a hash in the frame, got %r" % (message,))
        return message

    # Messages [4, 5]

    def specifier(self, to):
        return "poe://%s/%s" % (self.kernel, to)

    def post(self, to, params=None):
        self.send({"event": self.specifier(to), "params": params, "from": {"kernel": self.name, "session": "IKCLite"}})

    def call(self, to, params=None, wantarray=False):
        self.calls += 1
        state = "response%d" % self.calls
        self.send({
            "event": self.specifier(to), "params": params, "wantarray": 1 if wantarray else 0,
            "from": {"kernel": self.name, "session": "IKCLite"},
            "rsvp": {"kernel": self.name, "session": "IKCLite", "state": state},
        })
        while True:
            message = self.receive()
            event = message.get("event")
            if message.get("is_error"):
                report = message.get("params")
                raise IKCError(text(report[0] if isinstance(report, list) and report else report))
            if isinstance(event, dict) and text(event.get("state")) == state:
                return message.get("params")

    def close(self):
        self.socket.close()


def plain(value):
    """A value as JSON can show it."""
    if isinstance(value, dict):
        return {text(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return text(value)


def main(arguments):
    if len(arguments) < 2 or arguments[1] not in ("call", "post", "ping") or len(arguments) < 3 and arguments[1] != "ping":
        print(__doc__, file=sys.stderr)
        return 2
    host, _, port = arguments[0].rpartition(":")
    try:
        client = Client(host, int(port), "Python")
        params = json.loads(arguments[3]) if len(arguments) > 3 else None
        if arguments[1] == "post":
            client.post(arguments[2], params)
        else:
            to = "IKC/ping" if arguments[1] == "ping" else arguments[2]
            print(json.dumps(plain(client.call(to, "PING" if arguments[1] == "ping" else params)), ensure_ascii=False))
        client.close()
    except (IKCError, OSError, ValueError) as error:
        print("ikc.py: %s" % error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
