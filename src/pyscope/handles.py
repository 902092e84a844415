"""What Operation and Tensor hand on to Python: protobuf forms, running, and the conversions they refuse."""

from pyscope import _core as core


def _node_def(op):
    from pyscope import protos

    return protos.node_def(op)


def _op_def(op):
    from pyscope import protos

    return protos.op_def(op.op_type)


def _attr_value(kind, value):
    from pyscope import protos

    return protos.attr_value(kind, value)


def _attr_from_proto(proto):
    from pyscope import protos

    return protos.attr_from_proto(proto)


def _run_operation(op, feed_dict, session):
    from pyscope.session import run_operation

    return run_operation(op, feed_dict, session)


def _eval_tensor(tensor, feed_dict, session):
    from pyscope.session import eval_tensor

    return eval_tensor(tensor, feed_dict, session)


class Reference:
    """A hashable stand-in for a tensor or variable; `deref` gives it back."""

    __slots__ = ("_wrapped",)

    def __init__(self, wrapped):
        self._wrapped = wrapped

    def deref(self):
        """What this refers to."""
        return self._wrapped

    def __eq__(self, other):
        return isinstance(other, Reference) and self._wrapped is other._wrapped

    def __hash__(self):
        return id(self._wrapped)

    def __repr__(self):
        return f"<Reference wrapping {self._wrapped!r}>"


def _refuse(task):
    from pyscope import errors

    raise errors.OperatorNotAllowedInGraphError(
        f"{task} is not allowed. You can attempt the following resolutions to the problem: If you are running in "
        "Graph mode, use Eager execution mode or decorate this function with @tf.function. If you are using AutoGraph, "
        "you can try decorating this function with @tf.function. If that does not work, then you may be using an "
        "unsupported feature or your source code may not be visible to AutoGraph. See https://github.com/tensorflow/"
        "tensorflow/blob/master/tensorflow/python/autograph/g3doc/reference/limitations.md#access-to-source-code for "
        "more information.")


def _bool(tensor):
    _refuse("Using a symbolic `tf.Tensor` as a Python `bool`")


def _iter(tensor):
    _refuse("Iterating over a symbolic `tf.Tensor`")


def _len(tensor):
    raise TypeError(f"len is not well defined for a symbolic Tensor ({tensor.name}). Please call `x.shape` rather "
                    "than `len(x)` for shape information.")


def _array(tensor):
    raise NotImplementedError(f"Cannot convert a symbolic tf.Tensor ({tensor.name}) to a numpy array. This error may "
                              "indicate that you're trying to pass a Tensor to a NumPy call, which is not supported.")


core.set_operators({
    "node_def": _node_def, "op_def": _op_def, "attr_value": _attr_value, "attr_from_proto": _attr_from_proto,
    "run_operation": _run_operation, "eval_tensor": _eval_tensor, "ref": Reference,
    "__bool__": _bool, "__iter__": _iter, "__len__": _len, "__array__": _array,
})
