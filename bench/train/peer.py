"""Trains the same models with PyTorch. Reads one JSON request per line, {case, mode, seconds}, and answers {samplesPerSecond, samplesPerCpuSecond};
{case, mode, trials, samples} answers {seconds}.

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


class Plain(nn.Module):
    def __init__(self, c):
        super().__init__()
        size, filters, width = c["imageSize"], c["filters"], c["denseWidth"]
        self.conv1 = nn.Conv2d(3, filters, 3, padding=1)
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1)
        self.dense1 = nn.Linear(filters * (size // 4) ** 2, width)
        self.dense2 = nn.Linear(width, CLASSES)

    def forward(self, x, y):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.dense1(x.flatten(1)))
        return F.cross_entropy(self.dense2(x), y)


def norm(channels):
    return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)


class Depthwise(nn.Module):
    def __init__(self, c):
        super().__init__()
        f = c["filters"]
        layers = [nn.Conv2d(3, f, 3, 2, 1, bias=False), norm(f), nn.ReLU6()]
        channels = f
        for count, stride in [(2 * f, 1), (4 * f, 2), (4 * f, 1), (8 * f, 2), (8 * f, 1)]:
            layers += [nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False), norm(channels), nn.ReLU6()]
            layers += [nn.Conv2d(channels, count, 1, bias=False), norm(count), nn.ReLU6()]
            channels = count
        self.features = nn.Sequential(*layers)
        self.dense = nn.Linear(channels, CLASSES)

    def forward(self, x, y):
        return F.cross_entropy(self.dense(self.features(x).mean((2, 3))), y)


class Block(nn.Module):
    def __init__(self, inputs, count, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, count, 3, stride, 1, bias=False)
        self.norm1 = norm(count)
        self.conv2 = nn.Conv2d(count, count, 3, 1, 1, bias=False)
        self.norm2 = norm(count)
        same = stride == 1
        self.shortcut = nn.Identity() if same else nn.Sequential(nn.Conv2d(inputs, count, 1, stride, bias=False), norm(count))

    def forward(self, x):
        inner = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(inner)) + self.shortcut(x))


class Residual(nn.Module):
    def __init__(self, c):
        super().__init__()
        f = c["filters"]
        self.conv = nn.Conv2d(3, f, 3, 1, 1, bias=False)
        self.norm = norm(f)
        self.blocks = nn.Sequential(Block(f, f, 1), Block(f, 2 * f, 2), Block(2 * f, 4 * f, 2))
        self.dense = nn.Linear(4 * f, CLASSES)

    def forward(self, x, y):
        x = self.blocks(F.relu(self.norm(self.conv(x))))
        return F.cross_entropy(self.dense(x.mean((2, 3))), y)


class Siamese(nn.Module):
    """One tower on all images of a batch; hardest positive and negative of each anchor."""

    def __init__(self, c):
        super().__init__()
        f = c["filters"]
        self.conv1 = nn.Conv2d(3, f, 3, padding=1)
        self.conv2 = nn.Conv2d(f, 2 * f, 3, padding=1)
        self.conv3 = nn.Conv2d(2 * f, 4 * f, 3, padding=1)
        self.dense = nn.Linear(4 * f, c["embedding"])

    def forward(self, x, y):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.max_pool2d(F.relu(self.conv3(x)), 2)
        e = F.normalize(self.dense(x.mean((2, 3))), dim=1)
        lengths = (e * e).sum(1)
        squares = lengths.unsqueeze(1) + lengths.unsqueeze(0) - 2 * e @ e.t()
        distances = (F.relu(squares) + 1e-12).sqrt()
        same = (y.unsqueeze(1) == y.unsqueeze(0)).float()
        positive = same - torch.eye(y.shape[0])
        furthest = (distances - (1 - positive) * 1e6).max(1)[0]
        nearest = (distances + same * 1e6).min(1)[0]
        anchor = positive.max(1)[0] * (1 - same).max(1)[0]
        losses = F.relu(furthest - nearest + 0.2) * anchor
        return losses.sum() / anchor.sum().clamp(min=1)


MODELS = {"plain": Plain, "depthwise": Depthwise, "residual": Residual, "siamese": Siamese}


def stepper(case, mode):
    c = CASES[case]
    size, batch = c["imageSize"], c["batchSize"]
    layout = torch.channels_last if "channels_last" in mode else torch.contiguous_format
    xs = [torch.rand(batch, 3, size, size).contiguous(memory_format=layout) for _ in range(SAMPLES // batch)]
    ys = [torch.randint(CLASSES, (batch,)) for _ in range(SAMPLES // batch)]
    net = MODELS[c["model"]](c).to(memory_format=layout)
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


def grid(request):
    """Whole trainings, one after the other, in seconds."""
    start = time.perf_counter()
    for _ in range(request["trials"]):
        step = stepper(request["case"], request["mode"])
        samples = 0
        while samples < request["samples"]:
            samples += step()
    return time.perf_counter() - start


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
    if "trials" in request:
        print(json.dumps({"seconds": grid(request)}), flush=True)
        continue
    key = (request["case"], request["mode"])
    if key not in steppers:
        steppers[key] = stepper(*key)
        run_for(steppers[key], WARM_UP_SECONDS)
    print(json.dumps(run_for(steppers[key], request["seconds"])), flush=True)
