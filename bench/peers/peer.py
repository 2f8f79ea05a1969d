"""One seed of the comparison in PyTorch, on the very arrays and with the recipe that bench/peers.mjs wrote.

usage: peer.py FOLDER SEED          ->  one line of JSON: accuracy and seconds of each way
       peer.py FOLDER SEED check    ->  {}; leaves new weights as FOLDER/start.safetensors, and FOLDER/end.probabilities (float32): those of the
                                        test images after a few steps from these weights, each on all training images
"""
import json
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

folder, seed = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(1)
torch.manual_seed(seed)
recipe = json.load(open(f"{folder}/recipe.json"))
side = recipe["imageSize"]


def conv(inputs, outputs, size, stride):
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs, 3, 1), nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        inner = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(inner)) + (self.downsample(x) if self.downsample else x))


class ResNet8(nn.Module):
    """models.resnet8, with torchvision's names."""

    def __init__(self, classes, filters=16):
        super().__init__()
        self.conv1, self.bn1 = conv(3, filters, 3, 1), nn.BatchNorm2d(filters)
        self.layer1 = nn.Sequential(Block(filters, filters, 1))
        self.layer2 = nn.Sequential(Block(filters, 2 * filters, 2))
        self.layer3 = nn.Sequential(Block(2 * filters, 4 * filters, 2))
        self.fc = nn.Linear(4 * filters, classes)
        self.apply(draw)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


def draw(layer):
    """The distributions of TensorFlow.js: heNormal for convolutions, glorotNormal for the head, cut off at two deviations, not rescaled."""
    if not isinstance(layer, (nn.Conv2d, nn.Linear)):
        return
    fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(layer.weight)
    deviation = (2 / (fan_in if isinstance(layer, nn.Conv2d) else fan_in + fan_out)) ** 0.5
    nn.init.trunc_normal_(layer.weight, std=deviation, a=-2 * deviation, b=2 * deviation)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def load(name):
    pixels = np.fromfile(f"{folder}/{name}.images", dtype=np.uint8).reshape(-1, side, side, 3)
    labels = np.fromfile(f"{folder}/{name}.labels", dtype=np.uint8).astype(np.int64)
    x = (torch.from_numpy(pixels).float() / 255).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)
    return x, torch.from_numpy(labels)


def network(classes):
    return ResNet8(classes).to(memory_format=torch.channels_last)


def hold(model, is_frozen):
    """Freezes all but the head, or lets all train; a frozen batch normalisation uses its moving averages."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad = not is_frozen or name.startswith("fc.")
    return model.train(not is_frozen)


def fit(model, images, epochs, batch_size, learning_rate):
    x, y = images
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=learning_rate, eps=1e-7)
    start = time.perf_counter()
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(batch_size):
            optimizer.zero_grad(set_to_none=True)
            F.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    return time.perf_counter() - start


def evaluate(model, images):
    model.eval()
    with torch.no_grad():
        return torch.cat([model(part).softmax(1) for part in images[0].split(200)])


def measured(model, images, seconds):
    return {"accuracy": (evaluate(model, images).argmax(1) == images[1]).float().mean().item(), "seconds": seconds}


def transferred(encoder, classes):
    model = network(classes)
    kept = {name: value for name, value in encoder.state_dict().items() if not name.startswith("fc.")}
    model.load_state_dict(kept, strict=False)
    return hold(model, True)


def save(model, path):
    """A safetensors file: the length of its header, the header, the tensors one after the other."""
    tensors = {n: t.contiguous().numpy() for n, t in model.state_dict().items() if t.dtype == torch.float32}
    header, end = {}, 0
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [end, end + tensor.nbytes]}
        end += tensor.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for tensor in tensors.values():
            file.write(tensor.tobytes())


def check(few):
    train, test, steps = load("few-train"), load("few-test"), recipe["checkSteps"]
    model = network(few["classCount"])
    save(model, f"{folder}/start.safetensors")
    fit(model, train, steps, len(train[0]), few["learningRate"])
    evaluate(model, test).numpy().tofile(f"{folder}/end.probabilities")
    return {}


def train_all(many, few):
    many_train, many_test, few_train, few_test = map(load, ["many-train", "many-test", "few-train", "few-test"])
    epochs, batch_size, rate, classes = few["epochs"], few["batchSize"], few["learningRate"], few["classCount"]
    encoder = network(many["classCount"])
    seconds = fit(encoder, many_train, many["epochs"], many["batchSize"], many["learningRate"])
    results = {"encoder": measured(encoder, many_test, seconds)}
    scratch = network(classes)
    results["scratch"] = measured(scratch, few_test, fit(scratch, few_train, epochs, batch_size, rate))
    frozen = transferred(encoder, classes)
    results["frozen"] = measured(frozen, few_test, fit(frozen, few_train, epochs, batch_size, rate))
    model = transferred(encoder, classes)
    seconds = fit(model, few_train, epochs // 2, batch_size, rate)
    seconds += fit(hold(model, False), few_train, epochs // 2, batch_size, few["learningRateOfAll"])
    results["all"] = measured(model, few_test, seconds)
    return results


print(json.dumps(check(recipe["few"]) if "check" in sys.argv[3:] else train_all(recipe["many"], recipe["few"])))
