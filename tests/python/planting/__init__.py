"""Small ONNX models with known faults and known harmless rewrites, and odd ones.

* `graph`: collects nodes and weights into a model.
* `layers`: layers in the spelling that a variant asks for.
* `networks`: the three networks, their weights and their graphs.
* `variants`: what may differ from the original: faults and harmless rewrites.
* `oddities`: models that should be refused, stopped or noticed.
* `large`: a network of any size, for benchmarks.
* `check`: runs everything that was written.
"""
