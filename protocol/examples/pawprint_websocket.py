"""The connection of PROTOCOL.md § 3, client side: RFC 6455 with neither subprotocol nor compression."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import select
import socket
import ssl
import struct
import time
from typing import Any
from urllib.parse import urlsplit

Message = dict  # a JSON object with a "type"

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 § 1.3
CONTINUATION, TEXT, CLOSE, PING, PONG = 0, 1, 8, 9, 10
PING_EVERY_S, DEAD_AFTER_S = 15.0, 45.0
LARGEST_MESSAGE_BYTES = 64 * 1024 * 1024
NO_CLOSE_FRAME = 1006


class Closed(OSError):
    """The connection is over. `code` is the store's close code, or 1006 when none came."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"closed with {code} {reason}".rstrip())
        self.code = code


class UpgradeRefused(OSError):
    """The upgrade was answered by plain HTTP, with `status`."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"HTTP {status} {text}")
        self.status = status


class WebSocket:
    """One connection, for one thread. Pings are answered and sent inside `receive`, so call it often."""

    def __init__(self, store: str, token: str) -> None:
        """Opens /ws of `store` (ws://host:port or wss://host:port). Raises OSError, UpgradeRefused among them."""
        url = urlsplit(store)
        secure = url.scheme in ("wss", "https")
        host, port = url.hostname or "127.0.0.1", url.port or (443 if secure else 80)
        self._socket = socket.create_connection((host, port), timeout=DEAD_AFTER_S)
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if secure:
                self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=host)
            self._buffer = bytearray()
            self._parts: list[bytes] = []  # of a fragmented message, until its last frame
            self._heard = self._pinged = time.monotonic()
            self._upgrade(url.netloc, token)
        except BaseException:
            self._socket.close()
            raise

    def send(self, message: Message) -> None:
        """Sends one message: finite numbers, at most 1 MiB as JSON."""
        text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        self._send_frame(TEXT, text.encode())

    def receive(self, wait_s: float) -> Message | None:
        """The next message, or None when none came within `wait_s` seconds. Raises Closed."""
        deadline = time.monotonic() + wait_s
        while True:
            frame = self._take_frame()
            if frame is None:
                if not self._fill(max(0.0, deadline - time.monotonic())):
                    return None
                continue
            text = self._take_text(*frame)
            if text is not None:
                return json.loads(text)

    def close(self, code: int = 1000) -> None:
        """Says goodbye and waits up to 2 s for the answer, so that what was sent last has arrived."""
        try:
            self._send_frame(CLOSE, struct.pack(">H", code))
            deadline = time.monotonic() + 2
            while time.monotonic() < deadline:
                self.receive(0.1)
        except OSError:
            pass
        self._socket.close()

    def _upgrade(self, host: str, token: str) -> None:
        key = base64.b64encode(os.urandom(16))
        lines = ["GET /ws HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade"]
        lines += [f"Sec-WebSocket-Key: {key.decode()}", "Sec-WebSocket-Version: 13", f"Authorization: Bearer {token}"]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self._buffer:
            self._fill(DEAD_AFTER_S)
        head, _, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        self._buffer[:] = rest
        status = int((re.findall(rb"^HTTP/1\.[01] (\d{3})", head) or [b"0"])[0])
        fields = {name.lower(): value for name, value in re.findall(rb"\r\n([^:]+):[ \t]*([^\r]*)", head)}
        if status != 101:
            while len(self._buffer) < int(fields.get(b"content-length", 0)):
                self._fill(DEAD_AFTER_S)
            raise UpgradeRefused(status, self._buffer.decode(errors="replace"))
        if fields.get(b"sec-websocket-accept") != base64.b64encode(hashlib.sha1(key + GUID).digest()):
            raise Closed(NO_CLOSE_FRAME, "the answer to the upgrade is not a WebSocket's")

    def _fill(self, wait_s: float) -> bool:
        """Reads what is there into the buffer. False when nothing came within `wait_s`."""
        now = time.monotonic()
        if now - self._heard > DEAD_AFTER_S:
            raise Closed(NO_CLOSE_FRAME, f"nothing heard for {DEAD_AFTER_S:.0f} s")
        if now - self._pinged > PING_EVERY_S:
            self._pinged = now
            self._send_frame(PING, b"")
        # Bytes that TLS has decrypted already are not seen by select.
        held = self._socket.pending() if isinstance(self._socket, ssl.SSLSocket) else 0
        if not held and not select.select([self._socket], [], [], wait_s)[0]:
            return False
        chunk = self._socket.recv(65536)
        if not chunk:
            raise Closed(NO_CLOSE_FRAME, "")
        self._buffer += chunk
        self._heard = time.monotonic()
        return True

    def _send_frame(self, opcode: int, payload: bytes) -> None:
        """A client masks every frame, § 5.3 of the RFC."""
        size = len(payload)
        head = struct.pack(">B", 0x80 | opcode)
        if size < 126:
            head += struct.pack(">B", 0x80 | size)
        else:
            head += struct.pack(">BH", 0x80 | 126, size) if size < 65536 else struct.pack(">BQ", 0x80 | 127, size)
        mask = os.urandom(4)
        pad = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        self._socket.sendall(head + mask + (int.from_bytes(payload, "big") ^ pad).to_bytes(size, "big"))

    def _take_frame(self) -> tuple[bool, int, bytes] | None:
        """(final, opcode, payload) of the next whole frame in the buffer."""
        data = self._buffer
        if len(data) < 2:
            return None
        size, start = data[1], 2
        if data[0] & 0x70 or size & 0x80:
            raise self._fail(1002, "reserved bits or a mask")
        if size >= 126:
            form, start = (">H", 4) if size == 126 else (">Q", 10)
            if len(data) < start:
                return None
            (size,) = struct.unpack_from(form, data, 2)
        if size + sum(map(len, self._parts)) > LARGEST_MESSAGE_BYTES:
            raise self._fail(1009, "a message of more than 64 MiB")
        if len(data) < start + size:
            return None
        final, opcode, payload = bool(data[0] & 0x80), data[0] & 0x0F, bytes(data[start : start + size])
        del data[: start + size]
        return final, opcode, payload

    def _take_text(self, final: bool, opcode: int, payload: bytes) -> str | None:
        """The text of the message that this frame completes, if it does. Control frames may come between fragments."""
        if opcode == PING:
            self._send_frame(PONG, payload)
        elif opcode == CLOSE:
            code = struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
            raise self._fail(code, payload[2:].decode(errors="replace"), payload[:2])
        elif opcode in (TEXT, CONTINUATION):
            if (opcode == CONTINUATION) != bool(self._parts):
                raise self._fail(1002, "a fragment out of order")
            self._parts.append(payload)
            if final:
                text, self._parts = b"".join(self._parts).decode(), []
                return text
        elif opcode != PONG:
            raise self._fail(1003, f"opcode {opcode}")
        return None

    def _fail(self, code: int, reason: str, payload: Any = None) -> Closed:
        """Closes with this code (an answer repeats the store's), and is the error to raise."""
        try:
            self._send_frame(CLOSE, struct.pack(">H", code) if payload is None else payload)
        except OSError:
            pass
        self._socket.close()
        return Closed(code, reason)
