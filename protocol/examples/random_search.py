#!/usr/bin/env python3
"""A notebook for Pawprint without Pawprint's code: random search for a linear classifier of drawn shapes.

    PAWPRINT_TOKEN=$(cat data/token-agent) python3 protocol/examples/random_search.py

Each trial draws DRAWS pairs of learning rate and weight decay, trains a softmax classifier by stochastic gradient
descent with each, and keeps the one that is best on pictures held out; Ctrl-C ends it. PAWPRINT_STORE names the store.
"""

from __future__ import annotations

import hashlib
import math
import os
import random
import signal
import sys

from pawprint_client import Agent, Refused
from pawprint_trial import Model, Trial

SIDE = 8
PIXELS = SIDE * SIDE
CLASSES = ["cross", "ring", "square"]
BATCH = 10

Picture = list  # PIXELS numbers from 0 to 255
Set = list  # of (picture, label)


def draw(label: int, chance: random.Random) -> Picture:
    """A bright shape on a dark, noisy ground, one pixel off the middle at most."""
    dx, dy = chance.randint(-1, 1), chance.randint(-1, 1)
    picture = []
    for y in range(SIDE):
        for x in range(SIDE):
            across, down = abs(x - dx - 3.5), abs(y - dy - 3.5)
            far = max(across, down)
            is_lit = [min(across, down) < 1 and far < 3, 2 <= far < 3, far < 2][label]
            picture.append(min(255, max(0, round(chance.gauss(190 if is_lit else 60, 40)))))
    return picture


def draw_set(seed: int, count: int) -> Set:
    chance = random.Random(seed)
    return [(draw(n % len(CLASSES), chance), n % len(CLASSES)) for n in range(count)]


TRAIN, VALIDATION, TEST = draw_set(1, 300), draw_set(2, 90), draw_set(3, 150)


class Softmax:
    """probabilities = softmax(picture / 255 · kernel + bias); `kernel` is [PIXELS, classes], row by row."""

    def __init__(self) -> None:
        self.kernel = [[0.0] * len(CLASSES) for _ in range(PIXELS)]
        self.bias = [0.0] * len(CLASSES)

    def __call__(self, picture: Picture) -> list[float]:
        sums = list(self.bias)
        for pixel, row in zip(picture, self.kernel):
            for c, weight in enumerate(row):
                sums[c] += pixel / 255 * weight
        exps = [math.exp(value - max(sums)) for value in sums]
        return [value / sum(exps) for value in exps]

    def step(self, batch: Set, rate: float, decay: float) -> float:
        """One step of gradient descent; the mean cross-entropy before it."""
        loss = 0.0
        errors = []
        for picture, label in batch:
            probabilities = self(picture)
            loss -= math.log(max(probabilities[label], 1e-12)) / len(batch)
            errors.append([p - (c == label) for c, p in enumerate(probabilities)])
        for c in range(len(CLASSES)):
            self.bias[c] -= rate * sum(error[c] for error in errors) / len(batch)
            for p, row in enumerate(self.kernel):
                slope = sum(picture[p] / 255 * error[c] for (picture, _), error in zip(batch, errors))
                row[c] -= rate * (slope / len(batch) + decay * row[c])
        return loss

    def confusion(self, pictures: Set) -> list[list[int]]:
        """Rows are true classes, columns predicted ones."""
        counts = [[0] * len(CLASSES) for _ in CLASSES]
        for picture, label in pictures:
            probabilities = self(picture)
            counts[label][probabilities.index(max(probabilities))] += 1
        return counts


def accuracy(confusion: list[list[int]]) -> float:
    return sum(row[n] for n, row in enumerate(confusion)) / sum(map(sum, confusion))


def train(trial: Trial) -> Model:
    chance = random.Random(trial.seed)
    epochs, draws = trial.params["EPOCHS"], trial.params["DRAWS"]
    best, best_accuracy, step = Softmax(), -1.0, 0
    for drawn in range(draws):
        rate, decay = 10 ** chance.uniform(-2.5, 0), 10 ** chance.uniform(-5, -1)
        trial.log(f"draw {drawn + 1} of {draws}: learning rate {rate:.4f}, weight decay {decay:.5f}")
        model = Softmax()
        for epoch in range(1, epochs + 1):
            shuffled = chance.sample(TRAIN, len(TRAIN))
            losses = [model.step(shuffled[n : n + BATCH], rate, decay) for n in range(0, len(TRAIN), BATCH)]
            step += len(losses)
            loss, reached = sum(losses) / len(losses), accuracy(model.confusion(VALIDATION))
            trial.log(f"epoch {epoch} of {epochs}: loss {loss:.4f}, validation accuracy {reached:.3f}")
            trial.point("loss", loss, epoch + drawn * epochs, step)
            trial.point("validationAccuracy", reached, epoch + drawn * epochs, step)
            trial.progress((epoch + drawn * epochs) / (epochs * draws), loss=loss, validationAccuracy=reached)
        if reached > best_accuracy:
            best, best_accuracy = model, reached
    confusion = best.confusion(TEST)
    trial.log(f"test accuracy {accuracy(confusion):.3f}")
    return result(best, confusion, best_accuracy)


def result(model: Softmax, confusion: list[list[int]], validation_accuracy: float) -> Model:
    flat = [weight for row in model.kernel for weight in row]
    classes = len(CLASSES)
    return Model(
        tensors=[("dense_1/kernel", [PIXELS, classes], flat), ("dense_1/bias", [classes], model.bias)],
        report={
            "metrics": {"testAccuracy": accuracy(confusion), "validationAccuracy": validation_accuracy},
            "testSet": {"fingerprint": fingerprint(TEST), "count": len(TEST)},
            "preprocessing": {
                **{"width": SIDE, "height": SIDE, "channels": "grey", "fit": "fill", "kernel": "linear"},
                **{"scale": 1 / 255, "mean": [0], "std": [1]},
            },
            "classNames": CLASSES,
            "topology": TOPOLOGY,
            "evaluation": {"confusion": confusion},
        },
    )


def fingerprint(pictures: Set) -> str:
    """The SHA-256 of all labels and pixels in order: the same for equal sets, and for no others."""
    return hashlib.sha256(b"".join(bytes([label, *picture]) for picture, label in pictures)).hexdigest()


def layer(kind: str, **config: object) -> dict:
    return {"class_name": kind, "config": config}


TOPOLOGY = layer(
    "Sequential",
    name="softmax",
    layers=[
        layer("Flatten", name="flatten_1", batch_input_shape=[None, SIDE, SIDE, 1], dtype="float32"),
        layer("Dense", name="dense_1", units=len(CLASSES), activation="softmax", use_bias=True),
    ],
)


def field(key: str, low: int, high: int, default: int | None, about: str, is_list: bool = False) -> dict:
    given = [default] if is_list else default
    about_it = {"min": low, "max": high, "default": given, "about": about}
    return {"key": key, "type": "integer", "list": is_list, **about_it}


NOTEBOOK = {
    "name": "random-search",
    "engine": f"Python {sys.version.split()[0]}",
    "task": {
        "name": "drawn-shapes",
        "classNames": CLASSES,
        "metric": {"name": "testAccuracy", "direction": "max", "min": 0, "max": 1},
    },
    "schema": [
        field("EPOCHS", 1, 10000, 3, "Passes over the 300 training pictures, for each draw."),
        field("DRAWS", 1, 1000, 4, "Random pairs of learning rate and weight decay.", is_list=True),
        field("SEED", 0, 2**32 - 1, None, "Where all chance comes from. Open: the store draws one."),
    ],
}

def main() -> None:
    store = os.environ.get("PAWPRINT_STORE", "ws://127.0.0.1:3001")
    agent = Agent(store, os.environ["PAWPRINT_TOKEN"], NOTEBOOK, train)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: agent.stop())
    try:
        agent.serve()
    except Refused as refusal:
        sys.exit(str(refusal))


if __name__ == "__main__":
    main()
