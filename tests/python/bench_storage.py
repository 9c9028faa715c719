"""Checkpoints of a small language model that was really trained, and what peers make of them.

    python bench_storage.py train FOLDER      needs torch and safetensors; some minutes on two cores
    python bench_storage.py peers FILE...     needs numpy, zstandard and zipnn

`train` learns the standard library of Python, character by character, with AdamW, and saves

* `run-STEP.safetensors`: the weights in bfloat16, every 25 steps;
* `state-STEP.safetensors`: the weights, both moments and the bfloat16 copy, at two steps;
* `tuned-NAME.safetensors`: three short trainings that go on from the last weights, on other texts;
* `layout-*`: the weights in float32 as one safetensors file, as one in another order, as two shards, by `torch.save` and by
  `numpy.savez`.

`peers` prints in JSON the bytes of all files, what is left of each alone by zipnn, and of each as the exclusive-or with the file
before it, in byte planes, by zstd at level 1: what the papers on deltas of checkpoints do (`differences` are those of all files
but the first). And how long zipnn took, with one
thread.
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
    layouts(trained, folder)
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


def layouts(state, folder):
    import numpy
    import torch
    from safetensors.torch import save_file

    state = {name: value.contiguous() for name, value in state.items()}
    save_file(state, folder / "layout-a.safetensors")
    # Writers sort by type and name; names decide the order.
    metadata = {"format": "pt", "order": "another"}
    save_file(dict(reversed(state.items())), folder / "layout-b.safetensors", metadata)
    shards = folder / "layout-c"
    shards.mkdir(exist_ok=True)
    names, index = sorted(state), {}
    for number, part in enumerate((names[::2], names[1::2]), 1):
        file = f"model-{number:05}-of-00002.safetensors"
        save_file({name: state[name] for name in part}, shards / file)
        index |= dict.fromkeys(part, file)
    (shards / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": index})
    )
    torch.save(state, folder / "layout-d.pt")
    numpy.savez(
        folder / "layout-e.npz", **{name: value.numpy() for name, value in state.items()}
    )


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
    import time

    import numpy
    import zipnn
    import zstandard

    compressor = zstandard.ZstdCompressor(level=1)
    before, sums = {}, {"size": 0, "zipnn": 0, "zipnn_seconds": 0.0, "xor": 0, "differences": 0}
    for path in files:
        now = {}
        for name, width, data in tensors(path):
            now[name] = data
            sums["size"] += data.size
            other = before.get(name)
            delta = (
                data ^ other if other is not None and other.size == data.size else data
            )
            for plane in numpy.ascontiguousarray(delta.reshape(-1, width).T):
                packed = len(compressor.compress(plane.tobytes()))
                sums["xor"] += min(packed, plane.size)
                sums["differences"] += min(packed, plane.size) if before else 0
            # It works in place: each gets bytes of its own.
            copy = bytearray(data.tobytes())
            dtype = {2: "bfloat16", 4: "float32"}[width]
            peer = zipnn.ZipNN(input_format="byte", bytearray_dtype=dtype, threads=1)
            start = time.perf_counter()
            packed = peer.compress(copy)
            sums["zipnn_seconds"] += time.perf_counter() - start
            sums["zipnn"] += min(len(packed), data.size)
        before = now
    print(json.dumps(sums))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"train": lambda: train(*arguments), "peers": lambda: peers(arguments)}[command]()
