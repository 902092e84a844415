"""``tf.sparse``: a list of names."""

from pyscope._lazy import namespace

__getattr__, __dir__ = namespace(__name__, {
    "ops.sparse": "placeholder=sparse_placeholder to_dense=sparse_tensor_to_dense",
    "sparse_tensor": "SparseTensor",
})
