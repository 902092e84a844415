"""``tf.train``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "optimizers.adadelta": "AdadeltaOptimizer",
    "optimizers.adagrad": "AdagradOptimizer",
    "optimizers.adam": "AdamOptimizer",
    "optimizers.base": "Optimizer",
    "optimizers.ftrl": "FtrlOptimizer",
    "optimizers.momentum": "MomentumOptimizer",
    "optimizers.rmsprop": "RMSPropOptimizer",
    "optimizers.sgd": "GradientDescentOptimizer",
    "training_util": """
        assert_global_step create_global_step get_global_step get_or_create_global_step global_step
    """,
})
