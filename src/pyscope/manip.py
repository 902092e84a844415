"""``tf.manip``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "ops.blocks": "batch_to_space_nd space_to_batch_nd",
    "ops.gather": "gather_nd scatter_nd",
    "ops.reorder": "reverse roll",
    "ops.shape": "reshape",
    "ops.tile": "tile",
})
