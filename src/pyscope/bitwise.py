"""``tf.bitwise``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "ops.compare": "bitwise_and bitwise_or bitwise_xor invert left_shift right_shift",
})
