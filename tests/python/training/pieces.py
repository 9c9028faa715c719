"""What a resumed training can forget or do otherwise: each changes the state that `plain.py` is about to restore."""

import torch

# Told to `plain.py` by `--without`. Those with a text are done there, and need it only for a list of all.
PIECES = {}


def piece(name):
    def add(function):
        PIECES[name] = function
        return function

    return add


@piece("optimizer")
def optimizer(state):
    del state["optimizer"]


@piece("exp-avg")
def exp_avg(state):
    for moments in state["optimizer"]["state"].values():
        moments["exp_avg"].zero_()


@piece("exp-avg-sq")
def exp_avg_sq(state):
    for moments in state["optimizer"]["state"].values():
        moments["exp_avg_sq"].zero_()


@piece("adam-step")
def adam_step(state):
    for moments in state["optimizer"]["state"].values():
        moments["step"].zero_()


@piece("bf16-moments")
def bf16_moments(state):
    for moments in state["optimizer"]["state"].values():
        for name in ("exp_avg", "exp_avg_sq"):
            moments[name] = moments[name].bfloat16().float()


@piece("groups")
def groups(state):
    # What a fresh optimizer has.
    state["optimizer"]["param_groups"][0].update(lr=state["options"]["lr"])


@piece("weight-decay")
def weight_decay(state):
    state["optimizer"]["param_groups"][0].update(weight_decay=0.0)


@piece("scheduler")
def scheduler(state):
    del state["scheduler"]


@piece("scaler")
def scaler(state):
    del state["scaler"]


@piece("ema")
def ema(state):
    del state["ema"]


@piece("ema-updates")
def ema_updates(state):
    state["ema"]["updates"] = 0


@piece("buffers")
def buffers(state):
    for name in [name for name in state["model"] if "running" in name or "tracked" in name]:
        del state["model"][name]


@piece("bf16-weights")
def bf16_weights(state):
    _through(state, torch.bfloat16)


@piece("fp16-weights")
def fp16_weights(state):
    _through(state, torch.float16)


@piece("torch-random")
def torch_random(state):
    del state["random"]["torch"]


@piece("numpy-random")
def numpy_random(state):
    del state["random"]["numpy"]


@piece("python-random")
def python_random(state):
    del state["random"]["python"]


@piece("generator")
def generator(state):
    del state["generator"]


@piece("generator-at-checkpoint")
def generator_at_checkpoint(state):
    state["generator"] = state["generator-now"]


@piece("position")
def position(state):
    state["position"] = 0


@piece("gradients")
def gradients(state):
    del state["gradients"]


PIECES.update(
    {
        "fetching": "batches are skipped by their indices, and the workers' generators stay behind",
        "workers-0": "no worker instead of two",
        "workers-1": "one worker instead of two",
        "workers-3": "three workers instead of two",
        "threads": "two threads instead of one",
        "autocast": "no automatic casts",
        "order": "two layers of one shape change places in the optimizer",
        "order-of-shapes": "layers of different shapes change places in the optimizer, which raises",
        "modes": "the model stays in evaluation",
        "random-first": "random states are restored before batches are fetched: seen where no worker fetches them",
    }
)


def _through(state, dtype):
    for name, value in state["model"].items():
        if value.is_floating_point():
            state["model"][name] = value.to(dtype).to(value.dtype)
