"""``tf.sets``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "ops.sets": """
        difference=set_difference intersection=set_intersection set_difference set_intersection set_union
        union=set_union
    """,
})
