"""An agent, PROTOCOL.md § 4, with nothing but Python ≥ 3.9: registers a notebook, takes trials, and loses nothing.

Your function gets a `Trial`, tells it how it goes, and returns a `Model`. Each trial has a thread of its own; the
connection belongs to the thread that called `serve`.
"""

from __future__ import annotations

import math
import os
import queue
import socket
import threading
import time
import uuid
from contextlib import closing
from typing import Callable

from pawprint_outbox import Outbox
from pawprint_trial import Cancelled, Model, Trial
from pawprint_websocket import Message, WebSocket
from pawprint_weights import Uploads, backoff_s, weights_file

TOKEN_REPLACED = 4401
FINAL_CLOSES, FINAL_STATUS = (4400, 4403, 4409, 4426), (401, 403)
BATCH_EVERY_S, HEALTHY_AFTER_S = 0.05, 60.0


class Refused(Exception):
    """The store wants nothing of this agent: a wrong token, another version, a notebook that it refuses."""


class Agent:
    """A notebook of the store. `notebook` holds name, task, schema and engine, as `register` has them."""

    def __init__(self, store: str, token: str, notebook: Message, train: Callable[[Trial], Model]) -> None:
        self._store, self._token, self._notebook, self._train = store, token, dict(notebook), train
        self._uploads = Uploads(store, token)
        self._instance = uuid.uuid4().hex
        self._outbox = Outbox()
        self._trials: dict[str, Trial] = {}  # by lease, until their end is acknowledged
        self._leases: set[str] = set()
        self._ended: queue.SimpleQueue[Message] = queue.SimpleQueue()  # said by trials' threads, for ours to send
        self._register_at = math.inf
        self._is_ending = False

    def serve(self) -> None:
        """Runs trials until `stop` is called, which also a signal handler may do. Raises Refused."""
        failures = 0
        while not self._is_ending:
            opened = time.monotonic()
            try:
                with closing(WebSocket(self._store, self._token)) as connection:
                    self._talk(connection)
            except OSError as error:
                print(error, flush=True)
                if getattr(error, "code", 0) == TOKEN_REPLACED:
                    raise Refused("the token was replaced: start again with the new one") from error
                if getattr(error, "code", 0) in FINAL_CLOSES or getattr(error, "status", 0) in FINAL_STATUS:
                    raise Refused(str(error)) from error
            failures = 0 if time.monotonic() - opened > HEALTHY_AFTER_S else failures + 1
            until = time.monotonic() + backoff_s(failures)
            while time.monotonic() < until and not self._is_ending:
                time.sleep(BATCH_EVERY_S)

    def stop(self) -> None:
        """Says goodbye: running trials begin again with the next kernel of this name."""
        self._is_ending = True

    def _talk(self, connection: WebSocket) -> None:
        self._outbox.close()
        self._register_at = math.inf
        connection.send({"type": "hello", "version": 1, "role": "agent", "instance": self._instance})
        while not self._is_ending:
            message = connection.receive(BATCH_EVERY_S)
            if message is not None:
                self._hear(message)
            if time.monotonic() >= self._register_at:
                self._register_at = math.inf
                connection.send(self._registration())
            self._collect()
            while (letter := self._outbox.take()) is not None:
                connection.send(letter)
        connection.send({"type": "goodbye"})

    def _registration(self) -> Message:
        here = {"slots": 1, "cores": os.cpu_count() or 1, "host": socket.gethostname(), "pid": os.getpid()}
        attempts = [trial.key for trial in self._trials.values()]
        return {"type": "register", "id": self._outbox.next_id(), **self._notebook, **here, "attempts": attempts}

    def _collect(self) -> None:
        """Takes what trials have to say: records before the end that they belong to."""
        ended = [self._ended.get() for _ in range(self._ended.qsize())]
        for trial in self._trials.values():
            while (batch := trial.take_batch()) is not None:
                self._outbox.keep(batch)
            if (progress := trial.take_progress()) is not None:
                self._outbox.send(progress)
        for message in ended:
            self._outbox.keep(message)

    def _hear(self, message: Message) -> None:
        kind = message["type"]
        if kind == "welcome":
            self._register_at = 0
        elif kind == "registered":
            self._notebook["name"] = message["name"]
            for ref in message["fenced"]:
                self._give_up(*self._find(ref))
            self._outbox.open()
            print(f"registered as {message['name']}", flush=True)
        elif kind == "held":
            self._hold(message)
        elif kind == "ack":
            self._settle(message["id"])
        elif kind == "refused":
            self._hear_refusal(message)
        elif kind == "run" and message["lease"] not in self._leases:
            trial = self._trials[message["lease"]] = Trial(message)
            self._leases.add(message["lease"])
            threading.Thread(target=self._run, args=(trial,), daemon=True).start()
        elif kind == "stop":
            for trial in self._find(message):
                trial.stop()
        elif kind == "verdict":
            verdict = message["verdict"]
            print(f"{message['sha1'][:8]}: {verdict['code']}: {verdict['reason']}", flush=True)

    def _hold(self, message: Message) -> None:
        by = message["by"]
        self._register_at = time.monotonic() + message["retryAfterMs"] / 1000
        if by["host"] == socket.gethostname() and not is_alive(by["pid"]):
            self._notebook["replaces"] = by["instance"]
            self._register_at = 0

    def _find(self, ref: Message) -> list[Trial]:
        """Ours of this attempt: one, or none."""
        names = ("job", "trial", "attempt")
        return [trial for trial in self._trials.values() if all(trial.key[name] == ref[name] for name in names)]

    def _settle(self, message_id: str) -> None:
        message = self._outbox.settle(message_id)
        if message and message["type"] != "records":
            self._trials.pop(message["lease"], None)

    def _hear_refusal(self, refusal: Message) -> None:
        error, message = refusal["error"], self._outbox.find(refusal.get("id", ""))
        print(f"refused: {error['code']}: {error['message']}", flush=True)
        if message is None:
            if not self._outbox.is_open:
                raise Refused(error["message"])
        elif error["code"] == "E_GAP":
            # Only what is not acknowledged can be missing: all of it again, in its first order.
            self._outbox.send_again(message["lease"])
        elif error["code"] == "E_NO_WEIGHTS":
            threading.Thread(target=self._bring_again, args=(message,), daemon=True).start()
        elif error["code"] == "E_INTERNAL":
            threading.Timer(backoff_s(3), self._outbox.send, [message]).start()
        else:
            trial = self._trials.get(message["lease"])
            self._settle(message["id"])
            if trial is not None and message["type"] in ("records", "done"):
                self._give_up(trial)
                if error["code"] not in ("E_LEASE", "E_FENCED"):
                    # Or the trial would be under way for ever.
                    self._trials[message["lease"]] = trial
                    self._outbox.keep({"type": "failed", **trial.key, "reason": error["message"], "permanent": True})

    def _bring_again(self, done: Message) -> None:
        self._uploads.upload(self._trials[done["lease"]].weights)
        self._outbox.send(done)

    def _give_up(self, *trials: Trial) -> None:
        """Nothing that these attempts have said, or are about to say, matters any more."""
        for trial in trials:
            trial.give_up()
            self._trials.pop(trial.key["lease"], None)
            self._outbox.drop(trial.key["lease"])

    def _run(self, trial: Trial) -> None:
        """A trial's thread, from its first line to its end."""
        began = time.monotonic()
        try:
            model = self._train(trial)
            trial.weights = weights_file(model.tensors)
            sha1 = self._uploads.upload(trial.weights, trial.check)
            count = sum(math.prod(shape) for _, shape, _ in model.tensors)
            report = {**model.report, "sha1": sha1, "engine": self._notebook["engine"], "parameterCount": count}
            end: Message = {"type": "done", "model": report, "seconds": time.monotonic() - began}
        except Cancelled:
            end = {"type": "cancelled", "reason": "stopped from the store"}
        except Exception as error:  # whatever it is, the same seed would fail alike
            end = {"type": "failed", "reason": f"{type(error).__name__}: {error}"[:4096], "permanent": True}
        if not trial.is_over:
            self._ended.put({**end, **trial.key})


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, PermissionError)
    return True
