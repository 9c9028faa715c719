"""Texts as the tokenizer beside a model cuts them: the first stage of a case that begins at raw text."""

from ..failure import Refused
from .transformers_stage import Stage


class Tokenizer(Stage):
    ROLE = "tokenizer"
    # What a tokenizer of the library may be made of.
    FILES = (
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.txt",
        "vocab.json", "merges.txt", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model", "chat_template.jinja",
    )  # fmt: skip
    CLASS = "AutoTokenizer"
    INSTEAD = "give input_ids instead of a text"

    def tokenize(self, texts):
        """Token ids and masks of one text or of a list."""
        tokenizer = self.loaded()
        texts = [texts] if isinstance(texts, str) else texts
        if not all(isinstance(text, str) for text in texts):
            raise Refused("a text, or a list of texts, is expected under the name `text`")
        if not texts:
            raise Refused("the tokenizer takes one text at least")
        several = len(texts) > 1
        if several and tokenizer.pad_token is None:
            # A model without padding is asked in rows of one length, or one by one.
            raise Refused("the tokenizer has no padding token, so that texts of several lengths make no batch")
        return dict(tokenizer(texts, return_tensors="pt", padding=several, truncation=True))
