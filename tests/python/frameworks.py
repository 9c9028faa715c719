"""Makes real models of Python's frameworks, their inputs, and a module of loaders: `frameworks.py OUT`."""

import shutil
import sys
import warnings
from pathlib import Path

import joblib
import numpy
import PIL.Image
import tokenizers
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    GPT2Config,
    GPT2LMHeadModel,
    PreTrainedTokenizerFast,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessor,
)

warnings.filterwarnings("ignore")
out = Path(sys.argv[1])
out.mkdir(parents=True)
shutil.copy(Path(__file__).parent / "frameworks/loaders.py", out / "loaders.py")
sys.path.insert(0, str(out))
import loaders  # noqa: E402

digits = load_digits()
images = (digits.images / 16).astype("float32")[:, None]
labels = digits.target

# A small convolutional network that has learned to read digits.
torch.manual_seed(7)
net = loaders.Net()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
inputs, targets = torch.tensor(images[:1500]), torch.tensor(labels[:1500])
for _ in range(60):
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(net(inputs), targets).backward()
    optimizer.step()
net.eval()
right = (net(torch.tensor(images[1500:])).argmax(1).numpy() == labels[1500:]).mean()
assert right > 0.8, right
torch.save({"epoch": 60, "model_state_dict": net.state_dict()}, out / "weights.pt")
torch.save(net.half().state_dict(), out / "half.pt")
net.float()
torch.save(net, out / "whole.pt")
torch.jit.script(net).save(str(out / "scripted.pt"))
torch.jit.script(loaders.Net().train()).save(str(out / "training.pt"))
batch = torch.export.Dim("batch", min=1, max=512)
torch.export.save(
    torch.export.export(net, (torch.tensor(images[:3]),), dynamic_shapes=({0: batch},)), out / "program.pt2"
)

pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
pipeline.fit(digits.data[:1500], labels[:1500])
joblib.dump(pipeline, out / "pipeline.joblib")
pipeline[0].mean_ += 0.5
joblib.dump(pipeline, out / "pipeline-shifted.joblib")
# Its trees are records with gaps between their fields, and its words a set.
forest = make_pipeline(StandardScaler(), RandomForestClassifier(8, max_depth=6, random_state=0))
forest.fit(digits.data[:1500], labels[:1500]).words_ = set("to be or not".split())
joblib.dump(forest, out / "forest.joblib")

configuration = BertConfig(
    vocab_size=120, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
    max_position_embeddings=48, num_labels=3,
)  # fmt: skip
BertForSequenceClassification(configuration).eval().save_pretrained(out / "bert")
BertModel(configuration).eval().save_pretrained(out / "headless")
# The configuration promises a classifier that the weights lack.
told = (out / "bert/config.json").read_text()
(out / "headless/config.json").write_text(told)

# A tokenizer of words, in two versions that differ in a detail.
words = "the a quick brown fox jumps over lazy dog not now then is was it one two three".split()
vocabulary = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words, *map(str.title, words)])}
for name, lowers in (("reader", False), ("reader-lower", True)):
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    if lowers:
        tokenizer.normalizer = tokenizers.normalizers.Lowercase()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", model_max_length=40
    )
    tokenizer.save_pretrained(out / name)
torch.manual_seed(11)
BertForSequenceClassification(configuration).eval().save_pretrained(out / "reader")
tokenizer.save_pretrained(out / "writer")
writer = GPT2LMHeadModel(
    GPT2Config(
        vocab_size=120, n_embd=32, n_layer=2, n_head=4, n_positions=96, bos_token_id=None, eos_token_id=None,
        pad_token_id=0,
    )
).eval()  # fmt: skip
writer.save_pretrained(out / "writer")
with torch.no_grad():
    writer.transformer.h[1].mlp.c_proj.weight.mul_(1.5)
writer.save_pretrained(out / "writer-changed")
(out / "texts").mkdir()
(out / "texts/fox.txt").write_text("The quick brown Fox jumps over the lazy dog\n")
(out / "texts/count.txt").write_text("one Two three now\n")

# Pictures, and what prepares them, in two versions that differ in how they resize.
torch.manual_seed(5)
ViTForImageClassification(
    ViTConfig(
        image_size=16, patch_size=4, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        num_labels=3,
    )
).eval().save_pretrained(out / "seer")  # fmt: skip
for name, filter in (("seer", 2), ("seer-bicubic", 3)):
    ViTImageProcessor(size={"height": 16, "width": 16}, resample=filter).save_pretrained(out / name)
(out / "pictures").mkdir()
for number in range(2):
    pixels = numpy.random.default_rng(number).integers(0, 256, (20, 24, 3), dtype="uint8")
    PIL.Image.fromarray(pixels).save(out / f"pictures/noise-{number}.png")

# What makes one vector of a sentence: the same kind of network without its head, and the words of the reader.
BertModel(configuration).eval().save_pretrained(out / "encoder")
tokenizer.save_pretrained(out / "encoder")
encoder = Transformer(str(out / "encoder"))
SentenceTransformer(modules=[encoder, Pooling(32), Normalize()]).save(str(out / "sentences"))
shutil.copytree(out / "sentences", out / "foreign")
modules = (out / "foreign/modules.json").read_text()
last = "sentence_transformers.base.modules.normalize.Normalize"
assert last in modules
(out / "foreign/modules.json").write_text(modules.replace(last, "subprocess.Popen"))

for kind in ("images", "tables", "tokens"):
    (out / kind).mkdir()
random = numpy.random.default_rng(7)
for number in range(2):
    rows = slice(1500 + 4 * number, 1504 + 4 * number)
    numpy.savez(out / f"images/digits-{number}.npz", x=images[rows])
    numpy.savez(out / f"tables/digits-{number}.npz", X=digits.data[rows])
    tokens = random.integers(1, 120, (2, 11))
    numpy.savez(out / f"tokens/sentence-{number}.npz", input_ids=tokens, attention_mask=numpy.ones_like(tokens))
