"""Values known while the graph is built.

`constant_value` and `constant_value_as_shape` see through the few ops that TF's ``tensor_util`` sees through:
programs observe their results. `fold_constant` and `fold_shape` serve shape rules, as TF's C++ shape refiner:
they evaluate any stateless subgraph of constants.

Chains of any length are followed with an explicit stack: the rules are generators that yield a request
``(rule, tensor)`` and are sent its result.
"""

import weakref

import numpy as np

from . import _core as core
from . import dtypes, tensor_shape

_MISSING = object()


def _evaluate(rule, tensor):
    """Result of the generator function `rule` for `tensor`; requests it yields are worked off on a stack.

    Each tensor is worked out once, however many paths lead to it.
    """
    stack = [rule(tensor)]
    keys = [None]
    working = set()
    done = {}
    value = None
    error = None
    while stack:
        try:
            if error is None:
                request = stack[-1].send(value)
            else:
                raised, error = error, None
                request = stack[-1].throw(raised)
        except StopIteration as stop:
            stack.pop()
            value = stop.value
            key = keys.pop()
            if key is not None:
                done[key] = value
                working.discard(key)
        except Exception as raised:
            stack.pop()
            working.discard(keys.pop())
            if not stack:
                raise
            error = raised
        else:
            key = None
            if request[0] in _ONCE:
                asked = request[1]
                key = (request[0], asked._id, id(asked.graph), request[2:] == (True,))
                if key in done:
                    value = done[key]
                    continue
                if key in working:               # a cycle: its value is unknown
                    value = None
                    continue
                working.add(key)
            stack.append(request[0](*request[1:]))
            keys.append(key)
            value = None
    return value


# ---------------------------------------------------------------- what programs see

def _static_value(tensor, partial=False):
    op = tensor.op
    kind = op.type
    if kind == "Const":
        return _const_value(op)
    rule = _STATIC_RULES.get(kind)
    if rule is None:
        return None
    value = yield rule, tensor, partial
    return value


def _const_value(op):
    return op._attr("value")[1]


def _constant(tensor, partial=False):
    # TF keeps tensors it has relied on from being fed other values.
    value = yield _static_value, tensor, partial
    if value is not None:
        prevent = getattr(tensor.graph, "prevent_feeding", None)
        if prevent is not None:
            prevent(tensor)
    return value


def _shape_value(tensor, partial):
    dims = tensor.op.inputs[0].get_shape()._dims
    if dims is None or None in dims:
        return None
    return np.array(dims, dtype=tensor.dtype.as_numpy_dtype)
    yield


def _size_value(tensor, partial):
    dims = tensor.op.inputs[0].get_shape()._dims
    if dims is None or None in dims:
        return None
    return np.prod(dims, dtype=np.int32)
    yield


def _rank_value(tensor, partial):
    dims = tensor.op.inputs[0].get_shape()._dims
    return None if dims is None else np.array(len(dims), np.int32)
    yield


def _range_value(tensor, partial):
    bounds = []
    for x in tensor.op.inputs:
        bound = yield _constant, x
        if bound is None:
            return None
        bounds.append(bound)
    return np.arange(*bounds, dtype=tensor.dtype.as_numpy_dtype)


def _cast_value(tensor, partial):
    value = yield _constant, tensor.op.inputs[0]
    if value is None:
        return None
    return value.astype(dtypes.as_dtype(tensor.op.get_attr("DstT")).as_numpy_dtype)


def _concat_parts(axis, parts):
    axis = yield _constant, axis
    if axis is None:
        return None
    values = []
    for x in parts:
        value = yield _constant, x
        if value is None:
            return None
        values.append(value)
    return np.concatenate(values, axis=int(axis))


def _concat_value(tensor, partial):
    inputs = list(tensor.op.inputs)
    value = yield _concat_parts, inputs[0], inputs[1:]
    return value


def _concat_v2_value(tensor, partial):
    inputs = list(tensor.op.inputs)
    value = yield _concat_parts, inputs[-1], inputs[:-1]
    return value


def _pack_value(tensor, partial):
    op = tensor.op
    if op.get_attr("axis") != 0:
        return None
    values = []
    for x in op.inputs:
        value = yield _constant, x, partial
        if value is None and not partial:
            return None
        values.append(value)
    try:
        return np.array(values)
    except ValueError:
        return np.array(values, dtype=object)


def _unpack_value(tensor, partial):
    if tensor.op.get_attr("axis") != 0:
        return None
    value = yield _constant, tensor.op.inputs[0], partial
    return None if value is None else value[tensor.value_index]


def _split_value(tensor, partial):
    axis = yield _constant, tensor.op.inputs[0]
    value = yield _constant, tensor.op.inputs[1], partial
    if axis is None or value is None:
        return None
    return np.split(value, tensor.op.get_attr("num_split"), int(axis))[tensor.value_index]


def _fill_value(tensor, partial):
    dims = tensor.get_shape()._dims
    value = yield _constant, tensor.op.inputs[1]
    if dims is None or None in dims or value is None:
        return None
    return np.full(dims, value, dtype=value.dtype)


def _comparison_value(compare):
    def rule(tensor, partial):
        a = yield _constant, tensor.op.inputs[0]
        if a is None:
            return None
        b = yield _constant, tensor.op.inputs[1]
        return None if b is None else compare(a, b)

    return rule


def _pass_value(tensor, partial):
    value = yield _constant, tensor.op.inputs[0], partial
    return value


_STATIC_RULES = {
    "Shape": _shape_value,
    "Size": _size_value,
    "Rank": _rank_value,
    "Range": _range_value,
    "Cast": _cast_value,
    "Concat": _concat_value,
    "ConcatV2": _concat_v2_value,
    "Pack": _pack_value,
    "Unpack": _unpack_value,
    "Split": _split_value,
    "Fill": _fill_value,
    "Equal": _comparison_value(np.equal),
    "NotEqual": _comparison_value(np.not_equal),
    "StopGradient": _pass_value,
    "CheckNumericsV2": _pass_value,
    "DebugIdentityV2": _pass_value,
    "Identity": _pass_value,
}


def constant_value(tensor, partial=False):
    """Value of a tensor that is known without running the graph, as an array, or None.

    What is not a tensor is returned as it is. With `partial`, a Pack of known and unknown elements gives an
    object array with None for the unknown ones.
    """
    if not isinstance(tensor, core.Tensor):
        if getattr(tensor, "_is_variable_like", False) or hasattr(tensor, "_dense_var_to_tensor"):
            return None
        return tensor
    return _evaluate(lambda t: _constant(t, partial), tensor)


get_static_value = constant_value


def _static_shape(tensor):
    dims = tensor.get_shape()._dims
    if dims == ():
        value = yield _constant, tensor
        if value is None:
            raise ValueError(
                "Received a scalar with unknown value as shape; require a statically known scalar with "
                "value '-1' to describe an unknown shape."
            )
        if value != -1:
            raise ValueError(
                f"Received a scalar value '{value}' as shape; require a statically known scalar with value "
                "'-1' to describe an unknown shape."
            )
        return tensor_shape.unknown_shape()
    length = tensor.get_shape().with_rank(1)._dims[0]
    if length == 0:
        return tensor_shape.TensorShape([])
    op = tensor.op
    kind = op.type
    unknown = tensor_shape.unknown_shape(length) if length is not None else tensor_shape.unknown_shape()
    if kind == "Cast":
        before = yield _static_shape, op.inputs[0]
        if before._dims is None:
            return before
        target = dtypes.as_dtype(op.get_attr("DstT"))
        if target not in (dtypes.int32, dtypes.int64):
            return unknown
        cast = np.array([-1 if d is None else d for d in before._dims]).astype(target.as_numpy_dtype)
        return tensor_shape.TensorShape([int(d) if d >= 0 else None for d in cast])
    if kind == "Shape":
        return op.inputs[0].get_shape()
    if kind == "Pack":
        assert op.get_attr("axis") == 0
        out = []
        for x in op.inputs:
            value = yield _constant, x
            out.append(None if value is None or value < 0 else int(value))
        return tensor_shape.TensorShape(out)
    if kind in ("Concat", "ConcatV2"):
        out = tensor_shape.TensorShape([])
        inputs = list(op.inputs)
        for x in inputs[1:] if kind == "Concat" else inputs[:-1]:
            part = yield _static_shape, x
            out = out.concatenate(part)
        return out
    if kind == "StridedSlice":
        try:
            bounds = []
            for x in list(op.inputs)[1:4]:
                bound = yield _constant, x
                bounds.append(bound)
            if all(b is not None for b in bounds):
                begin, end, step = (int(b[0]) for b in bounds)
                if _plain_masks(op):
                    if op.get_attr("begin_mask") == 1:
                        begin = None
                    if op.get_attr("end_mask") == 1:
                        end = None
                    before = yield _static_shape, op.inputs[0]
                    return tensor_shape.TensorShape(before[begin:end:step])
        except (ValueError, TypeError):
            pass  # not a shape after all
    elif kind == "Placeholder" and getattr(tensor.graph, "building_function", False):
        outside = _captured(tensor)
        if outside is not None:
            shape = yield _static_shape, outside
            return shape
    value = yield _constant, tensor
    if value is not None:
        unknown = unknown.merge_with(tensor_shape.TensorShape([int(d) if d >= 0 else None for d in value]))
    return unknown


def _plain_masks(op):
    return (
        not op.get_attr("ellipsis_mask") and not op.get_attr("new_axis_mask") and not op.get_attr("shrink_axis_mask")
        and op.get_attr("begin_mask") in (0, 1) and op.get_attr("end_mask") in (0, 1)
    )


def _captured(tensor):
    graph = tensor.graph
    for inside, outside in zip(getattr(graph, "internal_captures", ()), getattr(graph, "external_captures", ())):
        if inside is tensor:
            return outside
    return None


def constant_value_as_shape(tensor):
    """TensorShape given by an integer vector, with None for elements that are -1 or not known statically."""
    return _evaluate(_static_shape, tensor)


# ---------------------------------------------------------------- what shape rules see

# Values found, and tensors that can never fold, for each graph.  Tensors that did not fold only because a
# static shape was not complete are left out: set_shape may complete it.
_FOLDED = weakref.WeakKeyDictionary()
_NEVER = object()

_NOT_FOLDED = frozenset((
    "Placeholder", "PlaceholderV2", "PlaceholderWithDefault", "Switch", "Merge", "Enter", "Exit",
    "NextIteration",
    "LoopCond", "RefSwitch", "RefMerge", "RefEnter", "RefExit", "RefNextIteration", "If", "StatelessIf",
    "While",
    "StatelessWhile", "Case", "StatelessCase", "PartitionedCall", "StatefulPartitionedCall",
    "SymbolicGradient",
    "GuaranteeConst", "PyFuncStateless",
))


def _fold(tensor, memo):
    known = memo.get(tensor._id, _MISSING)
    if known is not _MISSING:
        return known
    op = tensor.op
    kind = op.type
    if kind == "Const":
        value = _const_value(op)
        memo[tensor._id] = value
        return value
    if kind in ("Shape", "ShapeN", "Size", "Rank"):
        value = _from_static_shape(tensor, kind)
        if value is None:
            # A shape that is not known statically is, where the whole tensor can be computed: shape(unique(constant)).
            whole = yield _fold, op.inputs[tensor.value_index if kind == "ShapeN" else 0], memo
            if whole is None or whole is _NEVER:
                return None
            found = {"Rank": whole.ndim, "Size": whole.size}.get(kind, whole.shape)
            value = np.array(found, tensor.dtype.as_numpy_dtype)
        memo[tensor._id] = value
        return value
    op_type = op.op_type
    kernel = op_type.kernel
    if type(kernel) is core.CoreKernel:
        kernel = kernel.fallback  # the same values, without a run
    if (
        kind in _NOT_FOLDED or op_type.stateful or not op.inputs
        or not (isinstance(kernel, np.ufunc) or type(kernel) is _FUNCTION)
        or any(t.dtype is dtypes.variant for t in op.outputs)
    ):
        memo[tensor._id] = _NEVER
        return _NEVER
    if kind == "StridedSlice" and op.inputs[0].op.type == "Shape":
        value = yield _one_dimension, tensor, memo
        if value is not None:
            return value
    inputs = []
    incomplete = False
    for x in op.inputs:
        value = yield _fold, x, memo
        if value is _NEVER:
            memo[tensor._id] = _NEVER
            return _NEVER
        if value is None:
            incomplete = True
            break
        inputs.append(value)
    if incomplete:
        return None
    try:
        with np.errstate(all="ignore"):
            if isinstance(kernel, np.ufunc):
                out = kernel(*inputs)
            else:
                out = kernel({name: _attr(op, name) for name in op_type.attrs}, *inputs)
    except Exception:
        # The run will report what is wrong; while building the value is merely unknown.
        memo[tensor._id] = _NEVER
        return _NEVER
    outputs = out if isinstance(out, (list, tuple)) else [out]
    for t, value in zip(op.outputs, outputs):
        memo[t._id] = np.asarray(value, dtype=None if t.dtype == dtypes.string else t.dtype.as_numpy_dtype)
    return memo[tensor._id]


_FUNCTION = type(lambda: None)


def _attr(op, name):
    value = op._attr(name)[1]
    return value.encode() if isinstance(value, str) else value


def _from_static_shape(tensor, kind):
    op = tensor.op
    dims = op.inputs[tensor.value_index if kind == "ShapeN" else 0].get_shape()._dims
    if dims is None:
        return None
    if kind == "Rank":
        return np.array(len(dims), np.int32)
    if None in dims:
        return None
    target = tensor.dtype.as_numpy_dtype
    if kind == "Size":
        total = 1
        for d in dims:
            total *= d
        return np.array(total, target)
    return np.array(dims, target)


def _one_dimension(tensor, memo):
    """One known dimension of a partly known shape: ``shape(x)[i]``."""
    op = tensor.op
    dims = op.inputs[0].op.inputs[0].get_shape()._dims
    if dims is None or op.get_attr("shrink_axis_mask") != 1 or any(
        op.get_attr(mask) for mask in ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask")
    ):
        return None
    begin = yield _fold, op.inputs[1], memo
    if begin is None or begin is _NEVER or begin.shape != (1,) or not -len(dims) <= begin[0] < len(dims):
        return None
    d = dims[int(begin[0])]
    return None if d is None else np.array(d, tensor.dtype.as_numpy_dtype)


def _memo(graph):
    memo = _FOLDED.get(graph)
    if memo is None:
        memo = _FOLDED[graph] = {}
    return memo


def fold_constant(tensor):
    """Value of a tensor computed from constants and static shapes alone by stateless ops, or None."""
    op = tensor.op
    if op.type == "Const":
        return op._attr("value")[1]
    memo = _memo(tensor.graph)
    value = memo.get(tensor._id)
    if value is None:
        value = _evaluate(lambda t: _fold(t, memo), tensor)
    return None if value is _NEVER else value


def _fold_dims(tensor, memo):
    dims = tensor.get_shape()._dims
    if dims == ():
        value = yield _fold, tensor, memo
        if value is None or value is _NEVER:
            raise ValueError(
                "Received a shape scalar with unknown static value.  A static value of '-1' is required to "
                "represent an unknown shape."
            )
        if int(value) != -1:
            raise ValueError(
                "Received an invalid shape scalar with a static value that is not '-1': %d" % int(value)
            )
        return None
    if dims is not None and len(dims) != 1:
        raise ValueError("Shape must be rank 1 but is rank %d" % len(dims))
    op = tensor.op
    kind = op.type
    if kind == "Cast":
        out = yield _fold_dims, op.inputs[0], memo
        return out
    if kind in ("Shape", "ShapeN"):
        return op.inputs[tensor.value_index].get_shape()._dims
    if kind == "VariableShape":
        from .ops.resource import handle_data

        variable = handle_data(op.inputs[0])
        if variable is not None:
            return variable[0]
    elif kind == "Pack":
        out = []
        for x in op.inputs:
            value = yield _fold, x, memo
            out.append(None if value is None or value is _NEVER or value < 0 else int(value))
        return tuple(out)
    elif kind in ("Concat", "ConcatV2"):
        inputs = list(op.inputs)
        out = ()
        for x in inputs[1:] if kind == "Concat" else inputs[:-1]:
            part = yield _fold_dims, x, memo
            if part is None:
                # With an unknown part only the length, if anything, is known.
                return _unknown_dims(dims)
            out += part
        return out
    elif kind == "StridedSlice" and _plain_masks(op):
        bounds = []
        for x in list(op.inputs)[1:4]:
            bound = yield _fold, x, memo
            bounds.append(bound)
        if all(b is not None and b is not _NEVER and b.shape == (1,) for b in bounds):
            before = yield _fold_dims, op.inputs[0], memo
            if before is not None:
                begin, end, step = (int(b[0]) for b in bounds)
                if op.get_attr("begin_mask") == 1:
                    begin = None
                if op.get_attr("end_mask") == 1:
                    end = None
                return before[begin:end:step]
            return _unknown_dims(dims)
    value = yield _fold, tensor, memo
    if value is None or value is _NEVER:
        return _unknown_dims(dims)
    return _shape_of_values(value)


def _shape_of_values(value):
    out = []
    for d in value.tolist():
        if d < -1:
            raise ValueError("Invalid value in tensor used for shape: %d" % d)
        out.append(None if d == -1 else d)
    return tuple(out)


def _unknown_dims(dims):
    return None if dims is None or dims[0] is None else (None,) * dims[0]


_ONCE = frozenset((_constant, _static_shape, _fold, _fold_dims))


def fold_shape(tensor):
    """Shape given by an integer tensor, as TF's ``MakeShapeFromShapeTensor``: a tuple with None for
    dimensions that
    are -1 or not known, or None when not even the rank is known."""
    op = tensor.op
    if op.type == "Const":
        value = op._attr("value")[1]
        if value.ndim == 1:
            return _shape_of_values(value)
    elif op.type == "Shape":
        return op.inputs[0].get_shape()._dims
    memo = _memo(tensor.graph)
    return _evaluate(lambda t: _fold_dims(t, memo), tensor)
