"""Makes real models of Python's frameworks, their inputs, and a module of loaders: `frameworks.py OUT`."""

import shutil
import sys
import warnings
from pathlib import Path

import joblib
import numpy
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.base.modules import Normalize, Transformer
from sentence_transformers.sentence_transformer.modules import Pooling
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.trainers import WordPieceTrainer
from transformers import BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast

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

configuration = BertConfig(
    vocab_size=120, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
    max_position_embeddings=48, num_labels=3,
)  # fmt: skip
BertForSequenceClassification(configuration).eval().save_pretrained(out / "bert")
BertModel(configuration).eval().save_pretrained(out / "headless")
# The configuration promises a classifier that the weights lack.
told = (out / "bert/config.json").read_text()
(out / "headless/config.json").write_text(told)

# A tokenizer of a few words, the network above without its head, and what makes one vector of them.
words = ["a model is a promise", "the promise is kept", "what was recorded is what runs", "no number moves"]
tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
tokenizer.pre_tokenizer = Whitespace()
tokenizer.train_from_iterator(words, WordPieceTrainer(vocab_size=120, special_tokens=["[PAD]", "[UNK]", "[CLS]", "[SEP]"]))
fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", model_max_length=48)
BertModel(configuration).eval().save_pretrained(out / "encoder")
fast.save_pretrained(out / "encoder")
encoder = Transformer(str(out / "encoder"))
SentenceTransformer(modules=[encoder, Pooling(32), Normalize()]).save(str(out / "sentences"))
shutil.copytree(out / "sentences", out / "foreign")
modules = (out / "foreign/modules.json").read_text()
assert "sentence_transformers.base.modules.normalize.Normalize" in modules
(out / "foreign/modules.json").write_text(
    modules.replace("sentence_transformers.base.modules.normalize.Normalize", "subprocess.Popen")
)

for kind in ("images", "tables", "tokens", "texts"):
    (out / kind).mkdir()
random = numpy.random.default_rng(7)
for number in range(2):
    rows = slice(1500 + 4 * number, 1504 + 4 * number)
    numpy.savez(out / f"images/digits-{number}.npz", x=images[rows])
    numpy.savez(out / f"tables/digits-{number}.npz", X=digits.data[rows])
    tokens = random.integers(1, 120, (2, 11))
    numpy.savez(out / f"tokens/sentence-{number}.npz", input_ids=tokens, attention_mask=numpy.ones_like(tokens))
    numpy.savez(out / f"texts/sentences-{number}.npz", texts=numpy.array(words[2 * number : 2 * number + 2]))
