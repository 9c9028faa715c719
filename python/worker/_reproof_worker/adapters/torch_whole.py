"""`torch-module`: a whole pickled module, which runs code of its own and needs trust."""

from .. import detect
from . import torch_checkpoint


def load(session):
    return torch_checkpoint.without_loader(detect.only_file(session.artifact), session)
