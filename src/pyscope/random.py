"""``tf.random``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "ops.random": """
        categorical gamma=random_gamma multinomial normal=random_normal poisson=random_poisson
        shuffle=random_shuffle truncated_normal uniform=random_uniform
    """,
    "ops.stateless_random": """
        stateless_categorical stateless_multinomial stateless_normal=stateless_random_normal
        stateless_truncated_normal stateless_uniform=stateless_random_uniform
    """,
    "random_seed": "get_seed set_random_seed",
})
