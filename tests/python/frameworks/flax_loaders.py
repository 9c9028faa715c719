"""Loaders of Flax that the tests name: some good, some with one fault each."""

import jax.numpy as jnp
from flax import linen, nnx


class Net(linen.Module):
    """Reads digits."""

    epsilon: float = 1e-5
    training: bool = False

    @linen.compact
    def __call__(self, x):
        x = linen.gelu(linen.Conv(8, (3, 3))(x))
        x = linen.max_pool(x, (2, 2), (2, 2)).reshape(x.shape[0], -1)
        x = linen.BatchNorm(use_running_average=not self.training, epsilon=self.epsilon)(x)
        x = linen.Dropout(0.2, deterministic=not self.training)(x)
        return linen.Dense(10)(x)


def build():
    return Net()


def build_epsilon():
    return Net(epsilon=1e-4)


def build_training():
    return Net(training=True)


def build_function():
    """A function of the weights and the inputs, and a tree as its result."""

    def classify(state, x):
        scores = Net().apply({"params": state["params"], "batch_stats": state["batch_stats"]}, x)
        return {"scores": scores, "best": jnp.argmax(scores, axis=1)}

    return classify


class Narrow(Net):
    """Computes in half precision somewhere, whatever it is given."""

    @linen.compact
    def __call__(self, x):
        return super().__call__(x.astype(jnp.float16)).astype(jnp.float32)


def build_narrow():
    return Narrow()


class Network(nnx.Module):
    """The same idea as an object."""

    def __init__(self, rngs):
        self.conv = nnx.Conv(1, 8, (3, 3), rngs=rngs)
        self.drop = nnx.Dropout(0.2, rngs=rngs)
        self.head = nnx.Linear(8 * 16, 10, rngs=rngs)

    def __call__(self, x):
        x = nnx.max_pool(nnx.gelu(self.conv(x)), (2, 2), (2, 2)).reshape(x.shape[0], -1)
        return self.head(self.drop(x))


def build_nnx():
    network = Network(nnx.Rngs(7))
    network.eval()
    return network


def build_nnx_training():
    return Network(nnx.Rngs(7))


class Larger(Network):
    """Has a layer that no checkpoint holds."""

    def __init__(self, rngs):
        super().__init__(rngs)
        self.extra = nnx.Linear(10, 10, rngs=rngs)

    def __call__(self, x):
        return self.extra(super().__call__(x))


def build_larger():
    network = Larger(nnx.Rngs(7))
    network.eval()
    return network
