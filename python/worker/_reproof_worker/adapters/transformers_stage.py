"""What lies beside a model of `transformers` and prepares its inputs: loaded when something comes that needs it."""

import os

from ..failure import Unsupported


class Stage:
    """A stage that the library makes of the files of a folder."""

    # What the stage is, and what its files may be called.
    ROLE = ""
    FILES = ()

    # The class of the library, and what to give instead where the files are missing.
    CLASS = ""
    INSTEAD = ""

    def __init__(self, folder, options):
        self._folder = folder
        self._options = options
        self._loaded = None

    def sources(self):
        paths = [os.path.join(self._folder, name) for name in self.FILES]
        return [(self.ROLE, path) for path in paths if os.path.isfile(path)]

    def is_there(self):
        return bool(self.sources())

    def loaded(self):
        if self._loaded is None:
            if not self.is_there():
                raise Unsupported("files of the stage `{}` beside the model".format(self.ROLE), self.INSTEAD)
            import transformers

            self._loaded = getattr(transformers, self.CLASS).from_pretrained(self._folder, **self._options)
        return self._loaded
