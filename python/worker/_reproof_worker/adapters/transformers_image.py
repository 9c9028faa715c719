"""Pictures as the processor beside a model prepares them: the first stages of a case that begins at an image file."""

import io

from ..failure import Refused
from .transformers_stage import Stage

# What decoding gives, which no model takes.
_DECODED = "decoded"


class ImageProcessor(Stage):
    ROLE = "image-processor"
    FILES = ("preprocessor_config.json", "processor_config.json")
    CLASS = "AutoImageProcessor"
    INSTEAD = "give pixel_values instead of a picture"

    def process(self, picture):
        """What each stage gives for the bytes of one file: the decoded picture, rows by columns by colours, and tensors."""
        processor = self.loaded()
        import numpy
        import torch
        from PIL import Image

        try:
            decoded = Image.open(io.BytesIO(picture.cpu().numpy().tobytes())).convert("RGB")
        except (OSError, Image.DecompressionBombError) as error:
            raise Refused("the picture cannot be decoded: {}".format(error)) from error
        features = processor(decoded, return_tensors="pt")
        return {_DECODED: torch.from_numpy(numpy.array(decoded)), **features}


def taken(taps):
    """What the model gets of the taps."""
    return {name: value for name, value in taps.items() if name != _DECODED}
