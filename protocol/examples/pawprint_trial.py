"""One trial: what to train, what is said about it, and what it leaves."""

from __future__ import annotations

import json
import math
import threading
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from pawprint_websocket import Message
from pawprint_weights import Tensor

BATCH_RECORDS, BATCH_BYTES = 256, 64 * 1024
LONGEST_LINE = 4096  # characters: never more than 16 KiB of UTF-8


class Cancelled(Exception):
    """Raised in a trial's thread by whatever it says next, once a person has stopped it."""


@dataclass
class Model:
    """What a trial leaves. `report` holds the fields of `done`'s model, § 4.2, but sha1, engine and parameterCount."""

    tensors: list[Tensor]
    report: dict[str, Any]


class Trial:
    """One attempt under way: `params` and `seed` say what to train."""

    def __init__(self, run: Message) -> None:
        self.key = {name: run[name] for name in ("job", "trial", "attempt", "lease")}
        self.params: dict[str, Any] = run["params"]
        self.seed: int = run["seed"]
        self.weights = b""
        self.is_over = False  # no longer ours: what it still says is dropped
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._records: list[Message] = []
        self._first = 1
        self._progress: Message | None = None

    def check(self) -> None:
        if self._stopped.is_set():
            raise Cancelled

    def log(self, text: str, level: str = "info") -> None:
        self._record({"kind": "log", "time": now(), "level": level, "text": text[:LONGEST_LINE]})

    def point(self, name: str, value: float, epoch: int, step: int) -> None:
        if math.isfinite(value):
            point = {"kind": "metric", "time": now(), "epoch": epoch, "step": step, "name": name, "value": value}
            self._record(point)

    def progress(self, fraction: float, **metrics: float) -> None:
        self.check()
        finite = {name: value for name, value in metrics.items() if math.isfinite(value)}
        self._progress = {"type": "progress", **self.key, "progress": fraction, "metrics": finite}

    def stop(self) -> None:
        self._stopped.set()

    def give_up(self) -> None:
        self.is_over = True
        self.stop()

    def _record(self, record: Message) -> None:
        self.check()
        with self._lock:
            self._records.append(record)

    def take_batch(self) -> Message | None:
        """The next records that wait, numbered: at most 256, and about 64 KiB."""
        with self._lock:
            count, size = 0, 0
            for record in self._records[:BATCH_RECORDS]:
                size += len(json.dumps(record, ensure_ascii=False).encode())
                if count and size > BATCH_BYTES:
                    break
                count += 1
            batch, self._records = self._records[:count], self._records[count:]
            first, self._first = self._first, self._first + count
        return {"type": "records", **self.key, "first": first, "records": batch} if batch and not self.is_over else None

    def take_progress(self) -> Message | None:
        message, self._progress = self._progress, None
        return message


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
