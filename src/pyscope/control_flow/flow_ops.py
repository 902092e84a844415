"""The operations of v1 control flow: Switch and Merge for branches; Enter, Exit, NextIteration and LoopCond for loops.

The executor runs them: a Switch sends its value one way and leaves the other dead, a Merge takes what is alive.
"""

from pyscope import _core as core
from pyscope.conversion import convert_to_tensor, convert_to_tensor_or_indexed_slices
from pyscope.graph import colocate_with, name_scope


def _merge_rule(c):
    shape = c.shape(0)
    for i in range(1, c.n_inputs):
        other = c.shape(i)
        if shape is None or other is None or len(shape) != len(other):
            return [None, ()]
        shape = tuple(a if a == b else None for a, b in zip(shape, other))
    return [shape, ()]


def _enter_rule(c):
    return [c.shape(0) if c.attr("is_constant") else None]


def _switch_gradient(op, *grads):
    from pyscope.control_flow.flow_gradients import switch_gradient

    return switch_gradient(op, *grads)


def _merge_gradient(op, grad, _):
    from pyscope.control_flow.flow_gradients import merge_gradient

    return merge_gradient(op, grad)


def _enter_gradient(op, grad):
    from pyscope.control_flow.loop_gradients import enter_gradient

    return enter_gradient(op, grad)


def _exit_gradient(op, grad):
    from pyscope.control_flow.loop_gradients import exit_gradient

    return exit_gradient(op, grad)


_ENTER_ATTRS = "T: type; frame_name: string; is_constant: bool = False; parallel_iterations: int = 10"


def _pair(name, signature, attrs, shape, gradient):
    """The op type and its form for references."""
    plain = core.OpType(name, signature, attrs, shape=shape, kernel=None, gradient=gradient)
    reference = core.OpType("Ref" + name, _by_reference(signature), attrs, shape=shape, kernel=None, gradient=gradient)
    return plain, reference


def _by_reference(signature):
    return signature.replace("N*T", "&N*T").replace(": T", ": &T")


SWITCH, REF_SWITCH = _pair(
    "Switch", "data: T, pred: bool -> output_false: T, output_true: T", "T: type",
    lambda c: [c.shape(0), c.shape(0)], _switch_gradient)
MERGE, REF_MERGE = _pair(
    "Merge", "inputs: N*T -> output: T, value_index: int32", "T: type; N: int >= 1", _merge_rule, _merge_gradient)
ENTER, REF_ENTER = _pair("Enter", "data: T -> output: T", _ENTER_ATTRS, _enter_rule, _enter_gradient)
EXIT, REF_EXIT = _pair("Exit", "data: T -> output: T", "T: type", "same", _exit_gradient)
NEXT_ITERATION, REF_NEXT_ITERATION = _pair(
    "NextIteration", "data: T -> output: T", "T: type", "same", lambda op, grad: [grad])

LOOP_COND = core.OpType("LoopCond", "input: bool -> output: bool", shape="scalar", kernel=None,
                        gradient=core.NO_GRADIENT)
REF_IDENTITY = core.OpType("RefIdentity", "input: &T -> output: &T", "T: type", shape="same", kernel=None,
                           gradient=lambda op, dy: [dy])
CONTROL_TRIGGER = core.OpType("ControlTrigger", " -> ", shape=lambda c: [], kernel=lambda attrs: None,
                              gradient=core.NO_GRADIENT)


def _is_ref(tensor):
    return tensor.dtype._enum > 100


def _as_tensor(value, dtype=None):
    return convert_to_tensor(value, dtype, as_ref=True)


def switch(data, pred, dtype=None, name=None):
    """``(false, true)``: `data` on the side that `pred` tells, nothing on the other."""
    with name_scope(name, "Switch", [data, pred]) as name:
        data = convert_to_tensor(data, dtype=dtype, name="data", as_ref=True)
        pred = convert_to_tensor(pred, name="pred")
        return SWITCH(data, pred, name=name)


def switch_ref_or_tensor(data, pred, name="Switch"):
    """`switch`, for references too, placed with `data`."""
    data = convert_to_tensor_or_indexed_slices(data, name="data")
    with colocate_with(data, ignore_existing=True):
        if _is_ref(data):
            return REF_SWITCH(data, pred, name=name)
        return switch(data, pred, name=name)


def merge(inputs, name=None):
    """``(value, index)`` of the input that is there."""
    if any(x is None for x in inputs):
        raise ValueError(f"At least one of the merge inputs is None: {inputs}")
    with name_scope(name, "Merge", inputs) as name:
        inputs = [convert_to_tensor_or_indexed_slices(x) if not isinstance(x, core.Tensor) else x for x in inputs]
        if all(isinstance(x, core.Tensor) for x in inputs):
            return (REF_MERGE if all(_is_ref(x) for x in inputs) else MERGE)(inputs, name=name)
        from pyscope import nest
        from pyscope.control_flow.flow_gradients import as_indexed_slices

        if any(not hasattr(x, "indices") and not isinstance(x, core.Tensor) for x in inputs):
            raise TypeError(f"Type {type(inputs[0])} not supported")
        inputs = [as_indexed_slices(x) for x in inputs]
        results = [MERGE(list(parts)) for parts in zip(*[nest.flatten(x, expand_composites=True) for x in inputs])]
        return nest.pack_sequence_as(inputs[0], [r[0] for r in results], expand_composites=True), results[0][1]


def enter(tensor, frame_name, is_constant=False, parallel_iterations=10, use_input_shape=True, name=None):
    """`tensor` inside the loop `frame_name`: at its start, or in every iteration when `is_constant`."""
    tensor = _as_tensor(tensor)
    result = (REF_ENTER if _is_ref(tensor) else ENTER)(
        tensor, frame_name=frame_name, is_constant=is_constant, parallel_iterations=parallel_iterations, name=name)
    if use_input_shape:
        result.set_shape(tensor.shape)
    return result


def exit(tensor, name=None):  # noqa: A001  (TF's name)
    """`tensor` outside the loop, after the last iteration."""
    tensor = _as_tensor(tensor)
    return (REF_EXIT if _is_ref(tensor) else EXIT)(tensor, name=name)


def next_iteration(tensor, name=None):
    """`tensor` in the next iteration."""
    tensor = _as_tensor(tensor)
    return (REF_NEXT_ITERATION if _is_ref(tensor) else NEXT_ITERATION)(tensor, name=name)


def loop_cond(tensor, name=None):
    """The predicate of a loop."""
    return LOOP_COND(tensor, name=name)
