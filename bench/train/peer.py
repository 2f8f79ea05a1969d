"""Trains the same models with PyTorch. Reads one JSON request per line, {case, mode, seconds}, and answers {samplesPerSecond, samplesPerCpuSecond}.

Argument: threads. Batches lie ready as float32 tensors: PyTorch neither shuffles nor converts while it is timed.
Modes: eager, trace or script, each with "+channels_last" and "+foreach" (Adam over all weights at once).
"""
import json
import os
import sys
import time

THREADS = int(sys.argv[1])
# OpenBLAS beside OpenMP makes two pools of threads that fight: one thread here is faster, also with two in PyTorch.
os.environ["OMP_NUM_THREADS"] = str(THREADS)
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import torch  # noqa: E402
import torch.nn as nn  # noqa: E402
import torch.nn.functional as F  # noqa: E402

torch.set_num_threads(THREADS)
CASES = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases.json")))
SAMPLES = 2560
CLASSES = 10
LEARNING_RATE = 1e-5
WARM_UP_SECONDS = 0.5


class Net(nn.Module):
    def __init__(self, size, filters, width):
        super().__init__()
        self.conv1 = nn.Conv2d(3, filters, 3, padding=1)
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1)
        self.dense1 = nn.Linear(filters * (size // 4) ** 2, width)
        self.dense2 = nn.Linear(width, CLASSES)

    def forward(self, x, y):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.dense1(x.flatten(1)))
        return F.cross_entropy(self.dense2(x), y)


def stepper(case, mode):
    c = CASES[case]
    size, batch = c["imageSize"], c["batchSize"]
    layout = torch.channels_last if "channels_last" in mode else torch.contiguous_format
    xs = [torch.rand(batch, 3, size, size).contiguous(memory_format=layout) for _ in range(SAMPLES // batch)]
    ys = [torch.randint(CLASSES, (batch,)) for _ in range(SAMPLES // batch)]
    net = Net(size, c["filters"], c["denseWidth"]).to(memory_format=layout)
    model = net
    if "script" in mode:
        model = torch.jit.script(net)
    if "trace" in mode:
        model = torch.jit.trace(net, (xs[0], ys[0]))
    optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE, eps=1e-7, foreach="foreach" in mode)
    done = 0

    def step():
        nonlocal done
        i = done % len(xs)
        done += 1
        optimizer.zero_grad(set_to_none=True)
        model(xs[i], ys[i]).backward()
        optimizer.step()
        return batch

    return step


def run_for(step, seconds):
    start, start_cpu = time.perf_counter(), time.process_time()
    samples = 0
    while True:
        samples += step()
        elapsed = time.perf_counter() - start
        if elapsed >= seconds:
            cpu = time.process_time() - start_cpu
            return {"samplesPerSecond": samples / elapsed, "samplesPerCpuSecond": samples / cpu}


def matmul_gflops():
    """Speed of a float32 matrix product: tells a tuned BLAS (tens per core) from the reference one (one or two)."""
    a = torch.rand(768, 768)
    a @ a
    start = time.perf_counter()
    for _ in range(5):
        a @ a
    return 5 * 2 * 768**3 / (time.perf_counter() - start) / 1e9


steppers = {}
print(json.dumps({"version": torch.__version__, "gflops": matmul_gflops()}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    key = (request["case"], request["mode"])
    if key not in steppers:
        steppers[key] = stepper(*key)
        run_for(steppers[key], WARM_UP_SECONDS)
    print(json.dumps(run_for(steppers[key], request["seconds"])), flush=True)
