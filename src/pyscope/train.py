"""``tf.train``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "graph_io": "write_graph",
    "moving_averages": "ExponentialMovingAverage",
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
    "schedules": """
        cosine_decay cosine_decay_restarts exponential_decay inverse_time_decay linear_cosine_decay
        natural_exp_decay noisy_linear_cosine_decay piecewise_constant piecewise_constant_decay
        polynomial_decay
    """,
    "training_util": """
        assert_global_step create_global_step get_global_step get_or_create_global_step global_step
    """,
})
