"""Trajectories: what a training run does in the steps after it saved a checkpoint.

The run that goes on after saving shows what a resumed one must do. `Observer` watches both, and nothing that it does
changes a bit of either: no number is drawn, no tensor of the training is written, and no batch is taken.
"""
