"""Optimizers, one file each."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "optimizers.adadelta": "AdadeltaOptimizer",
    "optimizers.adagrad": "AdagradOptimizer",
    "optimizers.adagrad_da": "AdagradDAOptimizer",
    "optimizers.adam": "AdamOptimizer",
    "optimizers.base": "Optimizer",
    "optimizers.ftrl": "FtrlOptimizer",
    "optimizers.momentum": "MomentumOptimizer",
    "optimizers.proximal": "ProximalAdagradOptimizer ProximalGradientDescentOptimizer",
    "optimizers.rmsprop": "RMSPropOptimizer",
    "optimizers.sgd": "GradientDescentOptimizer",
})
