"""Trains a small convolutional classifier on scikit-learn's digits, exported as ONNX.

Writes `model.onnx` and the real test images under `cases/`. Every source of chance is
seeded and one thread is used, so that a second run on the same machine writes the same
bytes.
"""

import argparse
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import ModelProto
from onnx.reference import ReferenceEvaluator
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn

# isort: split
from preprocess import to_input

SEED = 0
EPOCHS = 60
BATCH = 64
TEST_FRACTION = 0.25
REQUIRED_ACCURACY = 0.98
LARGEST_EXPORT_ERROR = 1e-5
OPSET = 20

Images = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


class Split(NamedTuple):
    """The data set in two parts that share no image."""

    train_images: Images
    """float32 [n, 1, 8, 8], block counts 0..16."""
    train_labels: Labels
    """int64 [n], the digit."""
    test_images: Images
    """float32 [m, 1, 8, 8], block counts 0..16."""
    test_labels: Labels
    """int64 [m], the digit."""


class DigitClassifier(nn.Module):
    """Two convolutions and two linear layers.

    Normalisation follows the activation, so that no exporter can fold it into a
    convolution and the file keeps its epsilon.
    """

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=3, padding=1),
            nn.GELU(),
            nn.BatchNorm2d(16),
            nn.Conv2d(16, 32, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.BatchNorm2d(32),
            nn.MaxPool2d(2),
            nn.Dropout(0.2),
        )
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(32 * 4 * 4, 48),
            nn.GELU(),
            nn.Dropout(0.3),
            nn.Linear(48, 10),
        )

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Maps images to logits and probabilities.

        `image` is float32 [batch, 1, 8, 8] in 0..16, both results float32 [batch, 10].
        """
        logits = self.head(self.features(image * (1 / 16)))
        return logits, torch.softmax(logits, dim=1)


def load_split() -> Split:
    """Loads the 1797 images; both parts hold the same share of each digit."""
    digits = load_digits()
    train_images, test_images, train_labels, test_labels = train_test_split(
        to_input(digits.images),
        digits.target.astype(np.int64),
        test_size=TEST_FRACTION,
        random_state=SEED,
        stratify=digits.target,
    )
    return Split(train_images, train_labels, test_images, test_labels)


def train(split: Split) -> DigitClassifier:
    """Trains for a fixed number of epochs; the test part plays no role in it."""
    torch.manual_seed(SEED)
    model = DigitClassifier()
    images = torch.from_numpy(split.train_images)
    labels = torch.from_numpy(split.train_labels)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=EPOCHS)
    model.train()
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(images)).split(BATCH):
            logits, _ = model(images[batch])
            loss = nn.functional.cross_entropy(
                logits, labels[batch], label_smoothing=0.05
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
    return model.eval()


def predict(model: DigitClassifier, images: Images) -> npt.NDArray[np.float32]:
    """Probabilities, float32 [batch, 10], of images, float32 [batch, 1, 8, 8]."""
    with torch.inference_mode():
        return model(torch.from_numpy(images))[1].numpy()


def export(model: DigitClassifier) -> bytes:
    """The model as ONNX bytes, with a free batch dimension."""
    program = torch.onnx.export(
        model,
        (torch.zeros(2, 1, 8, 8),),
        input_names=["image"],
        output_names=["logits", "probabilities"],
        dynamic_shapes={"image": {0: torch.export.Dim("batch")}},
        opset_version=OPSET,
        dynamo=True,
        optimize=True,
        verbose=False,
    )
    buffer = io.BytesIO()
    program.save(buffer)
    proto = onnx.load_from_string(buffer.getvalue())
    strip_traces(proto)
    onnx.checker.check_model(proto, full_check=True)
    return proto.SerializeToString(deterministic=True)


def strip_traces(proto: ModelProto) -> None:
    """Removes the source positions noted by the exporter: they name local paths."""
    graph = proto.graph
    holders = [
        proto,
        graph,
        *graph.node,
        *graph.input,
        *graph.output,
        *graph.value_info,
        *graph.initializer,
    ]
    for holder in holders:
        holder.ClearField("metadata_props")
        holder.ClearField("doc_string")


def check_export(
    model: bytes, images: Images, probabilities: npt.NDArray[np.float32]
) -> None:
    """Checks that the exported bytes compute what PyTorch computed.

    `images` is float32 [batch, 1, 8, 8], `probabilities` float32 [batch, 10].
    """
    evaluator = ReferenceEvaluator(onnx.load_from_string(model))
    (exported,) = evaluator.run(["probabilities"], {"image": images})
    error = float(np.abs(exported - probabilities).max())
    if not error <= LARGEST_EXPORT_ERROR:
        raise SystemExit(f"the exported model is off by {error:.1e}")


def choose_cases(
    split: Split, probabilities: npt.NDArray[np.float32]
) -> dict[str, Images]:
    """Chooses real test images: the surest, the closest call, the faintest, a batch.

    `probabilities` is float32 [m, 10]; each case is float32 [batch, 1, 8, 8].
    """
    top = np.sort(probabilities, axis=1)
    margin = top[:, -1] - top[:, -2]
    ink = split.test_images.sum(axis=(1, 2, 3))
    chosen = {
        "surest": int(margin.argmax()),
        "closest-call": int(margin.argmin()),
        "faintest": int(ink.argmin()),
    }
    cases = {
        name: split.test_images[index : index + 1] for name, index in chosen.items()
    }
    return cases | {"batch": split.test_images[:16]}


def write(folder: Path, model: bytes, cases: dict[str, Images]) -> None:
    """Writes the model and one `.npy` file per case below `folder`."""
    (folder / "cases").mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model)
    for name, images in cases.items():
        np.save(folder / "cases" / f"{name}.npy", images, allow_pickle=False)


def main() -> None:
    """Trains, checks the accuracy that the README promises, and writes the files."""
    parser = argparse.ArgumentParser(description="Train and export the digits example.")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent, help="folder to write to"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    split = load_split()
    model = train(split)
    probabilities = predict(model, split.test_images)
    correct = int((probabilities.argmax(axis=1) == split.test_labels).sum())
    accuracy = correct / len(split.test_labels)
    print(f"test accuracy: {correct} of {len(split.test_labels)} ({accuracy:.2%})")
    if accuracy < REQUIRED_ACCURACY:
        raise SystemExit(
            f"test accuracy {accuracy:.2%} is below {REQUIRED_ACCURACY:.0%}"
        )
    exported = export(model)
    check_export(exported, split.test_images, probabilities)
    write(arguments.out, exported, choose_cases(split, probabilities))


if __name__ == "__main__":
    main()
