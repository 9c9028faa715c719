"""Texts as the tokenizer beside a model cuts them: the first stage of a case that begins at raw text."""

import os

from ..failure import Refused, Unsupported

# What a tokenizer of the library may be made of.
_FILES = (
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt",
    "vocab.json", "merges.txt", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "chat_template.jinja",
)  # fmt: skip


class Tokenizer:
    """The tokenizer of a folder, loaded when a text comes."""

    def __init__(self, folder, options):
        self._folder = folder
        self._options = options
        self._loaded = None

    def sources(self):
        paths = [os.path.join(self._folder, name) for name in _FILES]
        return [("tokenizer", path) for path in paths if os.path.isfile(path)]

    def is_there(self):
        return bool(self.sources())

    def tokenize(self, texts):
        """Token ids and masks of one text or of a list."""
        if self._loaded is None:
            if not self.is_there():
                raise Unsupported("a tokenizer beside the model", "give input_ids instead of a text")
            import transformers

            self._loaded = transformers.AutoTokenizer.from_pretrained(self._folder, **self._options)
        texts = [texts] if isinstance(texts, str) else texts
        if not all(isinstance(text, str) for text in texts):
            raise Refused("a text, or a list of texts, is expected under the name `text`")
        if not texts:
            raise Refused("the tokenizer takes one text at least")
        several = len(texts) > 1
        if several and self._loaded.pad_token is None:
            # A model without padding is asked in rows of one length, or one by one.
            raise Refused("the tokenizer has no padding token, so that texts of several lengths make no batch")
        return dict(self._loaded(texts, return_tensors="pt", padding=several, truncation=True))
