"""The notebook's network in PyTorch, trained on the very arrays that bench/accuracy.mjs wrote.

usage: peer.py FOLDER SEED EPOCHS BATCH_SIZE LEARNING_RATE FILTERS DENSE_WIDTH   ->  one line of JSON
"""
import json
import sys
import time

import numpy as np
import torch
from torch import nn

folder = sys.argv[1]
seed, epochs, batch_size = (int(a) for a in sys.argv[2:5])
learning_rate = float(sys.argv[5])
filters, width = (int(a) for a in sys.argv[6:8])
torch.manual_seed(seed)
torch.set_num_threads(1)

shape = json.load(open(f"{folder}/shape.json"))


def load(name):
    pixels = np.fromfile(f"{folder}/{name}.images", dtype=np.uint8).reshape(-1, shape["height"], shape["width"], 3)
    x = torch.from_numpy(pixels.transpose(0, 3, 1, 2).copy()).float() / 255
    return x, torch.from_numpy(np.fromfile(f"{folder}/{name}.labels", dtype=np.uint8).astype(np.int64))


side = shape["height"] // 4
model = nn.Sequential(
    nn.Conv2d(3, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(filters, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(filters * side * side, width), nn.ReLU(), nn.Linear(width, shape["classes"]),
)
# The initial distribution that bench/accuracy.mjs names, so that only the engine differs.
for layer in model:
    if isinstance(layer, (nn.Conv2d, nn.Linear)):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)

optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate, eps=1e-7)
loss_of = nn.CrossEntropyLoss()
(x, y), (test_x, test_y) = load("train"), load("test")
start = time.perf_counter()
for _ in range(epochs):
    order = torch.randperm(len(x))
    for rows in order.split(batch_size):
        optimizer.zero_grad()
        loss_of(model(x[rows]), y[rows]).backward()
        optimizer.step()
seconds = time.perf_counter() - start
with torch.no_grad():
    accuracy = (torch.cat([model(part) for part in test_x.split(200)]).argmax(1) == test_y).float().mean().item()
print(json.dumps({"accuracy": accuracy, "seconds": seconds}))
