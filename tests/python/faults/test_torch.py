"""Every fault applies, is seen in the outputs unless it is listed as one that nothing shows, and leaves no trace.

Run with an interpreter that has torch and transformers, and the worker on its path.
"""

import copy
import hashlib
import types
import unittest

import torch
import transformers
import trying

from _reproof_worker import alterations
from _reproof_worker.adapters import torch_module
from _reproof_worker.failure import Unsupported

SESSION = types.SimpleNamespace(threads=1, float64=False, device="cpu")
WIDE = types.SimpleNamespace(threads=1, float64=True, device="cpu")


class Convolutions(torch.nn.Module):
    """A small network with norms over batches, and dropout."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Conv2d(3, 8, 3, padding=1)
        self.norm = torch.nn.BatchNorm2d(8)
        self.second = torch.nn.Conv2d(8, 8, 3, padding=1)
        self.other_norm = torch.nn.BatchNorm2d(8)
        self.drop = torch.nn.Dropout(0.2)
        self.head = torch.nn.Linear(8, 5)
        self.register_buffer("table", torch.linspace(0.5, 1.5, 8))

    def forward(self, pixels):
        value = torch.relu(self.norm(self.first(pixels)))
        value = torch.nn.functional.silu(self.other_norm(self.second(value)))
        return self.head(self.drop(value.mean((2, 3)) * self.table))


class Encoder(torch.nn.Module):
    """Attention of PyTorch's own, with a mask."""

    def __init__(self):
        super().__init__()
        layer = torch.nn.TransformerEncoderLayer(16, 4, 32, batch_first=True, activation="gelu")
        self.layers = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, value):
        mask = torch.nn.Transformer.generate_square_subsequent_mask(value.shape[1])
        return self.layers(value, mask=mask, is_causal=True)


def noised(module):
    """Weights and statistics as a training leaves them: none has the value that it began with."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in module.parameters():
            tensor.add_(torch.randn(tensor.shape, generator=generator) * 0.1)
        for name, tensor in module.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                tensor.add_(torch.rand(tensor.shape, generator=generator))
    return module.eval()


def bert():
    config = transformers.BertConfig(
        vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=32,
    )  # fmt: skip
    ids = torch.randint(1, 60, (2, 9), generator=torch.Generator().manual_seed(2))
    mask = torch.tensor([[1] * 9, [1] * 6 + [0] * 3])
    return transformers.BertForMaskedLM(config), {"input_ids": ids, "attention_mask": mask}


def half():
    module, inputs = bert()
    return module.to(torch.bfloat16), inputs


def gpt2():
    config = transformers.GPT2Config(vocab_size=60, n_embd=32, n_layer=2, n_head=4, n_positions=32)
    return transformers.GPT2LMHeadModel(config), {
        "input_ids": torch.randint(0, 60, (2, 9), generator=torch.Generator().manual_seed(2))
    }


def llama():
    config = transformers.LlamaConfig(
        vocab_size=60, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=48, max_position_embeddings=32,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config), {
        "input_ids": torch.randint(0, 60, (2, 9), generator=torch.Generator().manual_seed(2))
    }


def pixels():
    return torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(3))


def vit():
    config = transformers.ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, image_size=16, patch_size=4,
        num_labels=5,
    )  # fmt: skip
    return transformers.ViTForImageClassification(config), {"pixel_values": pixels()}


def exported():
    """A graph of the small network."""
    program = torch.export.export(noised(Convolutions()), (), {"pixels": pixels()})
    return program.module(), {"pixels": pixels()}


def scripted():
    return torch.jit.trace(noised(Convolutions()), pixels()), {"pixels": pixels()}


def encoder():
    return Encoder(), {"value": torch.randn(2, 6, 16, generator=torch.Generator().manual_seed(4))}


MODELS = {
    "cnn": lambda: (Convolutions(), {"pixels": pixels()}),
    "bert": bert,
    "bert16": half,
    "gpt2": gpt2,
    "vit": vit,
    "llama": llama,
    "encoder": encoder,
    "exported": exported,
    "scripted": scripted,
}

# Faults that change no bit of the outputs, and why.
# Networks that end in a mean round the last place of one layer away.
_ROUNDED = ("weight=bit:0:second.weight", "weight=ulp:second.weight")
NOT_SEEN = {"cnn": _ROUNDED, "exported": _ROUNDED, "scripted": _ROUNDED}


class Tried:
    """A model that was watched, and what it gives."""

    def __init__(self, name):
        torch.manual_seed(0)
        module, inputs = MODELS[name]()
        if name not in ("exported", "scripted"):
            module = noised(module)
        self.model, self.inputs = torch_module.Module(module, SESSION), inputs
        with self.model.watching():
            self.run()

    def run(self):
        """The digest of the outputs."""
        given = self.model.run([(name, self.model.copy(value)) for name, value in self.inputs.items()])
        tensors = given.items() if isinstance(given, dict) else [("output", given)]
        return digest([(name, tensor) for name, tensor in tensors if isinstance(tensor, torch.Tensor)])

    def state(self):
        """Digests of all tensors, and everything that can be set."""
        module = self.model.module
        settings = [(name, part.training) for name, part in module.named_modules()]
        places = [tensor.data_ptr() for tensor in [*module.parameters(), *module.buffers()]]
        modes = (torch.get_rng_state().sum().item(), torch.is_autocast_enabled("cpu"), "forward" in module.__dict__)
        return (self.model.state(), settings, places, modes)


def digest(tensors):
    found = hashlib.sha256()
    for name, tensor in tensors:
        found.update("{} {} {}".format(name, tensor.dtype, tuple(tensor.shape)).encode())
        found.update(torch_module.torch_tensor.content(tensor)[2])
    return found.hexdigest()


class TorchFaults(trying.Faults):
    MODELS = MODELS
    NOT_SEEN = NOT_SEEN
    UNDONE = {
        "mode=train": ("mode=eval", ()),
        "epsilon=": ("epsilon=", ("exported",)),
        # Whoever watches takes PyTorch's own encoder from its fast path.
        "activation=": ("activation=", ("encoder",)),
        "inputs=flipped": ("inputs=flipped", ()),
        "inputs=reversed-channels": ("inputs=reversed-channels", ()),
        "scale=dropped": ("scale=default", ()),
    }

    def tried(self, name):
        return Tried(name)

    def test_bits_are_those_of_the_stored_type_in_a_wide_model_too(self):
        """A referee in double precision has the same fault as the model that it judges."""
        for name in ("cnn", "gpt2"):
            tried = Tried(name)
            wide = torch_module.Module(copy.deepcopy(tried.model.module), WIDE)
            torch.set_default_dtype(torch.float32)
            faults = [text for text in alterations.faults(tried.model) if text.startswith("weight=")]
            self.assertGreater(len(faults), 6)
            for text in faults:
                with self.subTest(model=name, fault=text):
                    with alterations.plant(tried.model, text), alterations.plant(wide, text):
                        pairs = zip(tried.model.module.parameters(), wide.module.parameters())
                        self.assertTrue(all(torch.equal(a.double(), b) for a, b in pairs))

    def test_faults_are_planted_before_anything_was_seen(self):
        """As a drill does it: each fault in a model that has just been loaded."""
        for name in MODELS:
            tried = Tried(name)
            for text in alterations.faults(tried.model):
                with self.subTest(model=name, fault=text):
                    with alterations.plant(tried.model, text):
                        planted = tried.run()
                    watched = vars(tried.model).pop("seen")
                    with alterations.plant(tried.model, text):
                        self.assertEqual(tried.run(), planted)
                    tried.model.seen = watched

    def test_an_unknown_fault_is_told(self):
        with self.assertRaises(Unsupported) as raised:
            alterations.plant(Tried("cnn").model, "weight=eaten")
        self.assertIn("weight=eaten", raised.exception.what)
        self.assertIn("mode=train", raised.exception.hint)


if __name__ == "__main__":
    unittest.main()
