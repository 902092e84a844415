"""``tf.keras``: what TF 1 programs take from it without Keras models."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "initializers.keras": "initializers=",
})
