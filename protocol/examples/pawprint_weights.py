"""Weights, PROTOCOL.md § 4.6: a canonical safetensors file, and its upload, which goes on where it was cut."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import random
import struct
import sys
import time
from array import array
from typing import Any, Callable, Iterable, Mapping
from urllib.parse import urlsplit

Tensor = tuple[str, list[int], Iterable[float]]  # name, shape, values in row-major order

PART_BYTES = 4 * 1024 * 1024
ANSWER_WITHIN_S = 120.0
AGAIN = (408, 425, 429)  # and 5xx: everything else fails the same way again


def weights_file(tensors: Iterable[Tensor]) -> bytes:
    """The bytes of float32 tensors, in the model's order. Equal weights give equal bytes."""
    header: dict[str, Any] = {}
    data = bytearray()
    for name, shape, values in tensors:
        floats = array("f", values)
        if sys.byteorder == "big":
            floats.byteswap()
        start = len(data)
        data += floats.tobytes()
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [start, len(data)]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + bytes(data)


def backoff_s(n: int) -> float:
    """Full jitter, § 3: from 0 to 0.5 s, 1 s, 2 s … 30 s."""
    return random.uniform(0, min(30.0, 0.5 * 2 ** min(n, 10)))


class HttpError(Exception):
    """An answer of 400 or above: `status`, and the `code` of its error."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"HTTP {status} {body[:500].decode(errors='replace')}")
        self.status = status
        try:
            self.code = json.loads(body)["error"]["code"]
        except (ValueError, KeyError, TypeError):
            self.code = ""


class Uploads:
    """What § 4.6 asks of HTTP. `store` is ws(s):// or http(s)://host:port."""

    def __init__(self, store: str, token: str) -> None:
        self._url, self._token = urlsplit(store), token

    def upload(self, data: bytes, check: Callable[[], None] = lambda: None) -> str:
        """Brings `data` to the store; its sha1. Tries for ever, unless `check`, called between parts, raises."""
        sha1 = hashlib.sha1(data).hexdigest()
        begin = {"sha1": sha1, "sha256": hashlib.sha256(data).hexdigest(), "sizeBytes": len(data), "kind": "weights"}
        session: str | None = None
        for n in itertools.count():
            check()
            try:
                if session is None:
                    answer = self._ask("POST", "/api/uploads", json.dumps(begin).encode())[1]
                    if answer["complete"]:
                        return sha1
                    session = f"/api/uploads/{answer['id']}"
                offset = int(self._ask("HEAD", session)[0]["Upload-Offset"])
                while offset < len(data):
                    check()
                    part = data[offset : offset + PART_BYTES]
                    offset = self._ask("PATCH", session, part, "application/octet-stream", offset)[1]["offset"]
                self._ask("POST", f"{session}/commit")
                return sha1
            except HttpError as error:
                if error.status == 404:
                    session = None  # too old, or committed, and the answer was lost: asking anew tells
                elif error.code != "E_OFFSET" and error.status not in AGAIN and error.status < 500:
                    raise
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(backoff_s(n))
        raise AssertionError("unreachable")

    def _ask(
        self, method: str, path: str, body: bytes | None = None, kind: str = "application/json", offset: int = -1
    ) -> tuple[Mapping[str, str], Any]:
        """(headers, JSON) of the answer. One connection a request: an upload has few."""
        secure = self._url.scheme in ("wss", "https")
        connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = connect(self._url.hostname or "127.0.0.1", self._url.port, timeout=ANSWER_WITHIN_S)
        headers = {"Authorization": f"Bearer {self._token}"}
        if body is not None:
            headers["Content-Type"] = kind
        if offset >= 0:
            headers["Upload-Offset"] = str(offset)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise HttpError(answer.status, content)
        return answer.headers, json.loads(content) if content else None
