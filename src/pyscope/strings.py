"""``tf.strings``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "ops.logging": "format=string_format",
})
