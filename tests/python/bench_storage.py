"""Checkpoints of a small language model that was really trained, and what peers make of them.

    python bench_storage.py train FOLDER      needs torch and safetensors; some minutes on two cores
    python bench_storage.py peers FILE...     needs numpy and zstandard, and zipnn where it is to be measured

`train` learns the standard library of Python, character by character, with AdamW, and saves

* `run-STEP.safetensors`: the weights in bfloat16, every 25 steps;
* `state-STEP.safetensors`: the weights, both moments and the bfloat16 copy, at two steps;
* `tuned-NAME.safetensors`: three short trainings that go on from the last weights, on other texts.

`peers` prints, per file and in all: each file alone by zipnn, and each as the exclusive-or with the file before it, in byte
planes, by zstd at level 1: what the papers on deltas of checkpoints do.
"""

import json
import math
import pathlib
import sys
import sysconfig

STEPS = range(100, 251, 25)
CONTEXT, WIDTH, LAYERS, HEADS, BATCH = 128, 256, 6, 8, 16


def texts(pattern, limit):
    folder = pathlib.Path(sysconfig.get_path("stdlib"))
    found = sorted(folder.glob(pattern))
    return b"".join(path.read_bytes() for path in found)[:limit]


def train(folder):
    import torch
    from safetensors.torch import save_file
    from torch import nn

    torch.manual_seed(7)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens = nn.Embedding(256, WIDTH)
            self.places = nn.Embedding(CONTEXT, WIDTH)
            layer = nn.TransformerEncoderLayer(
                WIDTH, HEADS, 4 * WIDTH, 0.0, "gelu", batch_first=True, norm_first=True
            )
            self.layers = nn.TransformerEncoder(
                layer, LAYERS, enable_nested_tensor=False
            )
            self.head = nn.Linear(WIDTH, 256)
            self.mask = nn.Transformer.generate_square_subsequent_mask(CONTEXT)

        def forward(self, tokens):
            places = torch.arange(tokens.shape[1])
            hidden = self.tokens(tokens) + self.places(places)
            return self.head(self.layers(hidden, mask=self.mask, is_causal=True))

    def learn(model, optimizer, data, steps, rate, saved):
        data = torch.frombuffer(bytearray(data), dtype=torch.uint8).long()
        for step in range(1, steps + 1):
            for group in optimizer.param_groups:
                group["lr"] = (
                    rate
                    * min(1.0, step / 20)
                    * (0.5 + 0.5 * math.cos(math.pi * step / (steps + 1)))
                )
            starts = torch.randint(len(data) - CONTEXT - 1, (BATCH,))
            batch = torch.stack([data[start : start + CONTEXT + 1] for start in starts])
            loss = nn.functional.cross_entropy(
                model(batch[:, :-1]).flatten(0, 1), batch[:, 1:].flatten()
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            saved(step, loss.item())

    def half(model):
        return {
            name: value.to(torch.bfloat16)
            for name, value in model.state_dict().items()
            if value.is_floating_point()
        }

    model = Model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)

    def save(step, loss):
        if step not in STEPS:
            return
        print(f"step {step}: loss {loss:.3f}", file=sys.stderr)
        save_file(half(model), folder / f"run-{step:03}.safetensors")
        if step in (STEPS[-2], STEPS[-1]):
            state = {f"model.{name}": value for name, value in model.named_parameters()}
            for name, parameter in model.named_parameters():
                moments = optimizer.state[parameter]
                state[f"first.{name}"], state[f"second.{name}"] = (
                    moments["exp_avg"],
                    moments["exp_avg_sq"],
                )
            state |= {f"half.{name}": value for name, value in half(model).items()}
            save_file(
                {
                    name: value.detach().contiguous().clone()
                    for name, value in state.items()
                },
                folder / f"state-{step:03}.safetensors",
            )

    learn(model, optimizer, texts("*.py", 4 << 20), STEPS[-1], 1e-3, save)
    trained = {name: value.clone() for name, value in model.state_dict().items()}
    for name, pattern, rate, steps in [
        ("json", "json/*.py", 1e-5, 30),
        ("email", "email/*.py", 2e-6, 15),
        ("asyncio", "asyncio/*.py", 1e-5, 15),
    ]:
        model.load_state_dict(trained)
        learn(
            model,
            torch.optim.AdamW(model.parameters(), lr=rate),
            texts(pattern, 1 << 20),
            steps,
            rate,
            lambda *_: None,
        )
        save_file(half(model), folder / f"tuned-{name}.safetensors")


def tensors(path):
    import numpy

    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    header.pop("__metadata__", None)
    for name, told in header.items():
        start, end = told["data_offsets"]
        yield (
            name,
            {"BF16": 2, "F32": 4}[told["dtype"]],
            numpy.frombuffer(data[start:end], dtype=numpy.uint8),
        )


def peers(files):
    import numpy
    import zstandard

    try:
        import zipnn
    except ImportError:
        zipnn = None
    compressor = zstandard.ZstdCompressor(level=1)
    before, sums = {}, {"size": 0, "zipnn": 0, "xor": 0}
    print(f"{'file':<32} {'MB':>9} {'zipnn':>7} {'xor+planes+zstd-1':>18}")
    for path in files:
        row, now = {"size": 0, "zipnn": 0, "xor": 0}, {}
        for name, width, data in tensors(path):
            now[name] = data
            row["size"] += data.size
            other = before.get(name)
            delta = (
                data ^ other if other is not None and other.size == data.size else data
            )
            planes = numpy.ascontiguousarray(delta.reshape(-1, width).T)
            row["xor"] += (
                min(len(compressor.compress(plane.tobytes())) for plane in [planes])
                if width == 1
                else sum(
                    min(len(compressor.compress(plane.tobytes())), plane.size)
                    for plane in planes
                )
            )
            if zipnn is not None:
                dtype = {2: "bfloat16", 4: "float32"}[width]
                packed = zipnn.ZipNN(
                    input_format="byte", bytearray_dtype=dtype
                ).compress(bytearray(data.tobytes()))
                row["zipnn"] += min(len(packed), data.size)
        before = now
        show(pathlib.Path(path).name, row)
        sums = {name: sums[name] + row[name] for name in sums}
    show("all", sums)


def show(name, row):
    size = max(row["size"], 1)
    zipnn = f"{row['zipnn'] / size:7.3f}" if row["zipnn"] else "      –"
    print(f"{name:<32} {row['size'] / 1e6:9.1f} {zipnn} {row['xor'] / size:18.3f}")


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"train": lambda: train(*arguments), "peers": lambda: peers(arguments)}[command]()
