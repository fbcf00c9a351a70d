"""What a client of Tutti's room protocol needs beneath the messages: Ed25519 proofs (RFC 8032) and a WebSocket (RFC 6455).

Python's standard library only. Not in constant time: fit for an example, not for a machine that others share.
"""

import base64
import hashlib
import os
import select
import socket
import ssl
import struct
import time
from urllib.parse import urlsplit

# Ed25519: points of the curve -x² + y² = 1 + d x² y² over the field of P, in coordinates X, Y, Z, T with T = X Y / Z.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def _add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(number, point):
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = _add(total, point)
        point, number = _add(point, point), number >> 1
    return total


def _packed(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_Y = 4 * pow(5, P - 2, P) % P
_X2 = (_Y * _Y - 1) * pow(D * _Y * _Y + 1, P - 2, P) % P
_X = pow(_X2, (P + 3) // 8, P)
if (_X * _X - _X2) % P:
    _X = _X * pow(2, (P - 1) // 4, P) % P
if _X & 1:
    _X = P - _X
BASE = (_X, _Y, 1, _X * _Y % P)


class Key:
    """An Ed25519 key made of a 32-byte seed."""

    def __init__(self, seed):
        digest = hashlib.sha512(seed).digest()
        self._scalar = int.from_bytes(digest[:32], "little") & ((1 << 254) - 8) | (1 << 254)
        self._prefix = digest[32:]
        self.public = _packed(_times(self._scalar, BASE))

    def sign(self, message):
        def number(*parts):
            return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little") % ORDER

        nonce = number(self._prefix, message)
        point = _packed(_times(nonce, BASE))
        rest = (nonce + number(point, self.public, message) * self._scalar) % ORDER
        return point + rest.to_bytes(32, "little")


def room_key(secret):
    """The key of a room; its public half names the room. `secret`: 16 bytes, 32 hexadecimal digits of an invite."""
    return Key(hashlib.sha256(b"tutti room 1" + secret).digest())


def room_proof(key, nonce):
    return key.sign(b"tutti room 1" + nonce + key.public)


class Closed(Exception):
    """The hub closed."""


class WebSocket:
    """A client's WebSocket for texts."""

    def __init__(self, address, timeout_s=10.0):
        parts = urlsplit(address)
        secure = parts.scheme == "wss"
        host, port = parts.hostname, parts.port or (443 if secure else 80)
        self._socket = socket.create_connection((host, port), timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if secure:
            self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=host)
        self._received, self._pieces = b"", b""
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET /room HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._received:
            self._read()
        head, self._received = self._received.split(b"\r\n\r\n", 1)
        status, *lines = head.decode("latin-1").split("\r\n")
        if " 101 " not in status + " ":
            raise Closed(f"{status}: {self._received.decode(errors='replace')}")
        accept = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if headers.get("sec-websocket-accept") != base64.b64encode(accept).decode():
            raise Closed("this is no WebSocket")

    def send(self, text):
        self._frame(0x1, text.encode())

    def receive(self, within_s):
        """The next text, and the instant at which it came in; None if none came in time."""
        until = time.monotonic() + within_s
        while True:
            text = self._next()
            if text is not None:
                return text, self._arrived
            wait = until - time.monotonic()
            pending = isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()
            if wait <= 0 or not (pending or select.select([self._socket], [], [], wait)[0]):
                return None
            self._read()

    def close(self):
        try:
            self._frame(0x8, b"")
        except OSError:
            pass
        self._socket.close()

    def _read(self):
        more = self._socket.recv(65536)
        self._arrived = time.monotonic()
        if not more:
            raise Closed("the hub is gone")
        self._received += more

    def _frame(self, kind, payload):
        length = len(payload)
        head = struct.pack("!B", 0x80 | kind)
        if length < 126:
            head += struct.pack("!B", 0x80 | length)
        else:
            head += struct.pack("!BH", 0x80 | 126, length)  # a client's longest message has 16 KiB
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self._socket.sendall(head + mask + masked)

    def _next(self):
        """The next text of what was received; None if there is none yet."""
        while len(self._received) >= 2:
            first, length = self._received[0], self._received[1] & 0x7F
            at = 2
            if length == 126:
                at, length = 4, int.from_bytes(self._received[2:4], "big")
            elif length == 127:
                at, length = 10, int.from_bytes(self._received[2:10], "big")
            if len(self._received) < at + length:
                return None
            payload, self._received = self._received[at : at + length], self._received[at + length :]
            kind = first & 0x0F
            if kind == 0x8:
                raise Closed("the hub closed")
            if kind == 0x9:
                self._frame(0xA, payload)
            elif kind in (0x0, 0x1):
                self._pieces += payload
                if first & 0x80:
                    text, self._pieces = self._pieces.decode(), b""
                    return text
        return None
