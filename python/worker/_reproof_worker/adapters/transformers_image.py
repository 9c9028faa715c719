"""Pictures as the processor beside a model prepares them: the first stages of a case that begins at an image file."""

import io
import os

from ..failure import Refused, Unsupported

# Where the library keeps how pictures are prepared.
_FILES = ("preprocessor_config.json", "processor_config.json")

# What decoding gives, which no model takes.
_DECODED = "decoded"


class ImageProcessor:
    """The image processor of a folder, loaded when a picture comes."""

    def __init__(self, folder, options):
        self._folder = folder
        self._options = options
        self._loaded = None

    def sources(self):
        paths = [os.path.join(self._folder, name) for name in _FILES]
        return [("image-processor", path) for path in paths if os.path.isfile(path)]

    def process(self, picture):
        """What each stage gives for the bytes of one file: the decoded picture, rows by columns by colours, and tensors."""
        if self._loaded is None:
            if not self.sources():
                raise Unsupported("an image processor beside the model", "give pixel_values instead of a picture")
            import transformers

            self._loaded = transformers.AutoImageProcessor.from_pretrained(self._folder, **self._options)
        import numpy
        import torch
        from PIL import Image

        try:
            decoded = Image.open(io.BytesIO(picture.cpu().numpy().tobytes())).convert("RGB")
        except (OSError, Image.DecompressionBombError) as error:
            raise Refused("the picture cannot be decoded: {}".format(error)) from error
        features = self._loaded(decoded, return_tensors="pt")
        return {_DECODED: torch.from_numpy(numpy.array(decoded)), **features}


def taken(taps):
    """What the model gets of the taps."""
    return {name: value for name, value in taps.items() if name != _DECODED}
