"""Messages that matter, PROTOCOL.md § 4.1: kept, and sent again in their first order after each reconnect."""

from __future__ import annotations

import itertools
from collections import deque

from pawprint_websocket import Message


class Outbox:
    """Closed until `open`: then `take` gives what is to be sent."""

    def __init__(self) -> None:
        self._ids = map(str, itertools.count(1))
        self._kept: dict[str, Message] = {}  # by id, in first order
        self._unsent: deque[Message] = deque()
        self.is_open = False

    def next_id(self) -> str:
        return next(self._ids)

    def open(self) -> None:
        self._unsent = deque(self._kept.values())
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def keep(self, message: Message) -> None:
        message = {"id": self.next_id(), **message}
        self._kept[message["id"]] = message
        self.send(message)

    def send(self, message: Message) -> None:
        """Once, if it can be sent now."""
        if self.is_open:
            self._unsent.append(message)

    def take(self) -> Message | None:
        return self._unsent.popleft() if self.is_open and self._unsent else None

    def find(self, message_id: str) -> Message | None:
        return self._kept.get(message_id)

    def settle(self, message_id: str) -> Message | None:
        return self._kept.pop(message_id, None)

    def send_again(self, lease: str) -> None:
        """All of an attempt that is not settled."""
        self._unsent.extend(kept for kept in self._kept.values() if kept["lease"] == lease)

    def drop(self, lease: str) -> None:
        self._kept = {key: kept for key, kept in self._kept.items() if kept["lease"] != lease}
