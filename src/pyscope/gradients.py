"""Symbolic gradients: `gradients`, the registry of gradient functions, and custom gradients."""

from enum import Enum

from pyscope import _core as core
from pyscope import dtypes
from pyscope.conversion import convert_to_tensor, convert_to_tensor_or_indexed_slices
from pyscope.graph import get_default_graph, name_scope

Tensor = core.Tensor

__all__ = [
    "AggregationMethod", "NoGradient", "NotDifferentiable", "RegisterGradient", "UnconnectedGradients",
    "custom_gradient", "gradients", "hessians", "no_gradient",
]  # fmt: skip


class AggregationMethod:
    """How several gradients of one tensor are added up."""

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


class UnconnectedGradients(Enum):
    """What `gradients` gives for an x that the ys do not depend on."""

    NONE = "none"
    ZERO = "zero"


_REGISTRY = {}                   # name -> gradient function, or None for "not differentiable"


class RegisterGradient:
    """Decorator that registers the gradient function of an op type, or of a name for `gradient_override_map`.

    Parameters
    ----------
    op_type : str
        The function takes the Operation and one gradient per output, and returns one (or None) per input.

    Raises
    ------
    KeyError
        When one is registered already.
    """

    __slots__ = ("_op_type",)

    def __init__(self, op_type):
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self._op_type = op_type

    def __call__(self, f):
        _register(self._op_type, f)
        return f


def _register(name, function):
    record = core.OPTYPES.get(name)
    if name in _REGISTRY or (record is not None and record.gradient is not None):
        raise KeyError(f"Registering two gradient with name '{name}'! (Previous registration was in "
                       f"{'pyscope' if record is not None else _REGISTRY[name]})")
    _REGISTRY[name] = function


def no_gradient(op_type):
    """Declare that an op type passes no gradient."""
    if not isinstance(op_type, str):
        raise TypeError("op_type must be a string")
    _register(op_type, None)


NoGradient = NotDifferentiable = no_gradient


def getgradient_function(op):
    """The gradient function of an operation; None when it passes none; LookupError when nothing is known."""
    if not op.inputs:
        return None
    function = getattr(op, "_gradient_function", None)
    if function is not None:
        return function
    extras = op.graph.node_extras.get(op._id)
    name = op.type
    if extras is not None and "_gradient_op_type" in extras:
        name = extras["_gradient_op_type"][1].decode()
    if name in _REGISTRY:
        return _REGISTRY[name]
    record = op.op_type if name == op.type else core.OPTYPES.get(name)
    if record is None or record.gradient is None:
        raise LookupError(f"gradient registry has no entry for: {name}")
    return None if record.gradient is core.NO_GRADIENT else record.gradient


_TRAINABLE = frozenset(["float16", "float32", "float64", "complex64", "complex128", "bfloat16", "resource", "variant"])


def is_trainable(tensor):
    """Whether gradients flow through `tensor`, by its dtype."""
    dtype = tensor.dtype.base_dtype
    if dtype is dtypes.resource or dtype is dtypes.variant:
        data = tensor._handle_data
        if data:
            dtype = data[0][1].base_dtype
    return dtype.name in _TRAINABLE


def _as_list(x):
    return list(x) if isinstance(x, (list, tuple)) else [x]


class Colocation:
    """Places the operations made inside with `op` when asked to."""

    __slots__ = ("context",)

    def __init__(self, op, wanted):
        self.context = op.graph.colocate_with(op) if wanted else None

    def __enter__(self):
        if self.context is not None:
            self.context.__enter__()

    def __exit__(self, *exc):
        if self.context is not None:
            self.context.__exit__(*exc)


def _default_grad_ys(grad_ys, ys, colocate):
    from pyscope.indexed_slices import IndexedSlices
    from pyscope.ops.array import identity, ones, shape

    if len(grad_ys) != len(ys):
        raise ValueError(f"Length mismatch. Passed {len(grad_ys)} grad_ys for {len(ys)} ys")
    grad_ys = [None if g is None else convert_to_tensor_or_indexed_slices(g, name=f"grad_y_{i}")
               for i, g in enumerate(grad_ys)]
    out = []
    for i, (y, grad) in enumerate(zip(ys, grad_ys)):
        with Colocation(y.op, colocate):
            if grad is None:
                if y.dtype.is_complex:
                    raise TypeError(f"Gradients of complex tensors ({y}) must set grad_ys (y.dtype = {y.dtype.name})")
                out.append(ones(shape(y), dtype=y.dtype, name=f"grad_ys_{i}"))
                continue
            kind = f"Gradient type {grad.dtype.name} generated for"
            if y.dtype.is_floating or y.dtype.is_integer:
                if not grad.dtype.is_floating and not grad.dtype.is_integer:
                    raise TypeError(f"{kind} real or integer-valued tensor {y} with type {y.dtype.name} must be real "
                                    "or integer")
            elif y.dtype.is_complex:
                if not grad.dtype.is_complex:
                    raise TypeError(f"{kind} complex-valued tensor {y} with type {y.dtype.name} must be real")
            elif y.dtype == dtypes.variant:
                if grad.dtype != dtypes.variant:
                    raise TypeError(f"{kind} variant tensor {y} with type {y.dtype.name} must be variant")
            elif y.dtype != dtypes.resource:
                raise TypeError(f"Tensor {y} with type {y.dtype.name} must be numeric to obtain a default gradient")
            if isinstance(grad, IndexedSlices):
                out.append(IndexedSlices(
                    indices=identity(grad.indices, name=f"grad_ys_{i}_indices"),
                    values=identity(grad.values, name=f"grad_ys_{i}_values"),
                    dense_shape=None if grad.dense_shape is None
                    else identity(grad.dense_shape, name=f"grad_ys_{i}_shape")))
            else:
                out.append(identity(grad, name=f"grad_ys_{i}"))
    return out


def aggregate(op, grads, method, colocate):
    """One gradient out of the list collected for a tensor."""
    from pyscope.ops.math import add_n

    if len(grads) < 2:
        return grads[0]
    if all(isinstance(g, Tensor) for g in grads if g is not None):
        if method in (AggregationMethod.EXPERIMENTAL_TREE, AggregationMethod.EXPERIMENTAL_ACCUMULATE_N):
            with name_scope(op.name + "_gradient_sum"):
                total = grads[0]
                for g in grads[1:]:
                    total = add_n([total, g])
                return total
        by_device = {}
        for g in grads:
            by_device.setdefault(g.device, []).append(g)
        parts = []
        for device in sorted(by_device):
            tensors = by_device[device]
            with get_default_graph().colocate_with(tensors[0].op, ignore_existing=True):
                parts.append(add_n(tensors))
        return add_n(parts)
    return _aggregate_slices(grads)


def _aggregate_slices(grads):
    from pyscope.indexed_slices import IndexedSlices
    from pyscope.ops.arithmetic import ADD_N
    from pyscope.ops.array import concat
    from pyscope.ops.math import cast

    grads = [g for g in grads if g is not None]
    if len(grads) == 1:
        return grads[0]
    if any(isinstance(g, Tensor) for g in grads):
        return ADD_N(grads)
    if any(g.indices.dtype == dtypes.int64 for g in grads):
        grads = [g if g.indices.dtype == dtypes.int64
                 else IndexedSlices(g.values, cast(g.indices, dtypes.int64), g.dense_shape) for g in grads]
    return IndexedSlices(concat([g.values for g in grads], axis=0), concat([g.indices for g in grads], axis=0),
                         grads[0].dense_shape)


def zeros_like_output(op, index):
    """Zeros for an output of `op` that no gradient reached."""
    from pyscope.ops.array import zeros, zeros_like

    tensor = op.outputs[index]
    if tensor.dtype.base_dtype is dtypes.resource:
        from pyscope.ops.resource import VARIABLE_SHAPE, handle_data

        return zeros(VARIABLE_SHAPE(tensor), dtype=handle_data(tensor)[1])
    if op.type in ("Switch", "RefSwitch") and getattr(op, "_control_flow_context", None) is not None:
        from pyscope.control_flow.flow_gradients import zeros_in_branch

        return zeros_in_branch(op, index)
    special = getattr(op.graph, "zeros_like_output", None)
    if special is not None:
        return special(tensor)
    return zeros_like(tensor, optimize=False)


def _verify(grads, op):
    if op.type in ("While", "StatelessWhile") or op.type in ("If", "StatelessIf", "Case", "StatelessCase"):
        return
    if len(grads) != len(op.inputs):
        raise ValueError(f"Num gradients {len(grads)} generated for op {op.node_def} do not match num inputs "
                         f"{len(op.inputs)}")


def gradients(ys, xs, grad_ys=None, name="gradients", colocate_gradients_with_ops=False, gate_gradients=False,
              aggregation_method=None, stop_gradients=None, unconnected_gradients=UnconnectedGradients.NONE):
    """Derivatives of the sum of `ys` with respect to each of `xs`.

    Parameters
    ----------
    ys, xs : Tensor, variable, or list of these
    grad_ys : list of Tensor, optional
        Where to start: the gradient of each y; ones by default.
    name : str
        The scope of the operations.
    colocate_gradients_with_ops : bool
        Place each gradient operation with the operation it belongs to.
    gate_gradients : bool
        Let the gradients of an operation's inputs be used only when all are there.
    aggregation_method : int, optional
        One of `AggregationMethod`.
    stop_gradients : list of Tensor, optional
        Taken as constants.
    unconnected_gradients : UnconnectedGradients
        None or zeros for an x that the ys do not depend on.

    Returns
    -------
    list of Tensor, IndexedSlices or None
        One for each x.

    Raises
    ------
    LookupError
        When an operation on the way has no gradient.
    """
    return gradients_in(get_default_graph(), ys, xs, grad_ys, name, colocate_gradients_with_ops, gate_gradients,
                        aggregation_method, stop_gradients, unconnected_gradients)


def _flat_tensors(values):
    """Values with IndexedSlices replaced by their values, as gradients flow through those."""
    return [v.values if hasattr(v, "dense_shape") and not isinstance(v, Tensor) else v for v in values]


def gradients_in(src_graph, ys, xs, grad_ys=None, name="gradients", colocate_gradients_with_ops=False,
                 gate_gradients=False, aggregation_method=None, stop_gradients=None,
                 unconnected_gradients=UnconnectedGradients.NONE):
    """`gradients` of operations in `src_graph`, built in the default graph."""
    from .variables.resource_variable import is_resource_variable

    ys = [y if isinstance(y, Tensor) or not hasattr(y, "_dense_var_to_tensor") else convert_to_tensor(y)
          for y in _as_list(ys)]
    xs = [x.handle if is_resource_variable(x) else x for x in _as_list(xs)]
    if grad_ys is not None:
        grad_ys = _as_list(grad_ys)
    xs = _flat_tensors(xs)
    ys = _flat_tensors(ys)
    try:
        unconnected_gradients = UnconnectedGradients(unconnected_gradients)
    except ValueError:
        raise ValueError(f"Unknown value for unconnected_gradients: '{unconnected_gradients}'") from None
    stop_gradients = [] if stop_gradients is None else _as_list(stop_gradients)
    if grad_ys is None:
        grad_ys = [None] * len(ys)
    with name_scope(name, "gradients", [*ys, *xs, *stop_gradients, *grad_ys]):
        get_default_graph().unique_name("uid")
        # None stays None, to fail at what needs an operation, as in TF.
        ys = [None if y is None else convert_to_tensor(y, name=f"y_{i}") for i, y in enumerate(ys)]
        xs = [None if x is None else convert_to_tensor(x, name=f"x_{i}", as_ref=True) for i, x in enumerate(xs)]
        grad_ys = _default_grad_ys(grad_ys, ys, colocate_gradients_with_ops)
        if ys and ys[0] is not None:
            # In a function, the gradients of what was computed outside of it: the walk goes through the graph outside.
            src_graph = ys[0].graph
        found = _walk(src_graph, ys, xs, grad_ys, stop_gradients, colocate_gradients_with_ops, gate_gradients,
                      aggregation_method)
    return [_result(grad, x, unconnected_gradients) for grad, x in zip(found, xs)]


def _walk(graph, ys, xs, grad_ys, stop_gradients, *options):
    """The gradient, or None, of each of `xs`, for `ys` in `graph`.

    Inside a function the xs may lie outside. Then the walk goes to the placeholders of captured tensors, and on from
    those tensors in the graph that they are in.
    """
    outer = [x for x in xs if x is not None and x.graph is not graph] if graph.building_function else []
    if not outer:
        collected = _backward(graph, ys, xs, grad_ys, *options, [x for x in stop_gradients if x.op.graph is graph])
        return [collected.found(x) for x in xs]
    placeholders = {id(outside): inside for outside, inside in graph.captures}
    stop = [placeholders.get(id(x), x) for x in stop_gradients]
    wanted = {id(x) for x in outer}
    through = [(outside, inside) for outside, inside in graph.captures
               if id(outside) in wanted or _leads_to(outer, outside)]
    inner = [x for x in xs if id(x) not in wanted]
    collected = _backward(graph, ys, inner + [inside for _, inside in through], grad_ys, *options,
                          [x for x in stop if x.op.graph is graph])
    if not any(_leads_to([x for x in outer if x is not outside], outside) for outside, _ in through):
        return [collected.found(placeholders[id(x)]) if id(x) in placeholders
                else collected.found(x) if id(x) not in wanted else None for x in xs]
    starts = {}                      # graph outside -> captured tensors and their gradients
    for outside, inside in through:
        grad = collected.found(inside)
        if grad is not None:
            tensors, grads = starts.setdefault(outside.graph, ([], []))
            tensors.append(outside)
            grads.append(grad)
    found = {id(x): [] for x in outer}
    for around, (tensors, grads) in starts.items():
        for x, grad in zip(outer, _walk(around, tensors, outer, grads, stop_gradients, *options)):
            if grad is not None:
                found[id(x)].append(grad)
    return [collected.found(x) if id(x) not in wanted
            else aggregate(x.op, found[id(x)], options[-1], options[0]) if found[id(x)] else None for x in xs]


def _leads_to(xs, tensor):
    """Whether `tensor` depends on one of `xs`; taken to be so from one function to the next."""
    graph = tensor.graph
    if any(x.graph is not graph for x in xs) and graph.building_function:
        return True
    return core.Search(graph, [x.op for x in xs if x.graph is graph], [tensor.op]).leads()


def _backward(src_graph, ys, xs, grad_ys, colocate, gate_gradients, method, stop_gradients):
    """Walk from `ys` back to `xs`; what comes back tells the gradient that arrived by ``found(x)``."""
    if method is None:
        method = AggregationMethod.DEFAULT
    if method not in (0, 1, 2):
        raise ValueError(f"Invalid `aggregation_method` specified {method}. Accepted values are [0, 1, 2].")
    from_ops = [t.op for t in xs]
    to_ops = [t.op for t in ys]
    search = core.Search(src_graph, from_ops, to_ops)
    if search.has_type(("Exit", "RefExit")):
        from pyscope.control_flow.loop_walk import LoopWalk

        return LoopWalk(search, from_ops, to_ops, ys, grad_ys, colocate, gate_gradients, method, stop_gradients)
    walk = core.Backward(
        search, ys, grad_ys, [t.op for t in stop_gradients],
        gate=bool(gate_gradients), method=method, colocate=src_graph.colocate_with if colocate else None,
        registry=_REGISTRY, lookup=gradient_function, call=call, zeros=zeros_like_output,
        aggregate=lambda op, grads: aggregate(op, grads, method, colocate), refine=refine, trainable=is_trainable)
    walk.stop_at_sources(from_ops)
    walk.run(to_ops)
    return walk


def refine(op, index, grad):
    """Give the gradient of input `index` the static shape of that input."""
    t = op.inputs[index]
    try:
        grad.set_shape(t.shape)
    except ValueError:
        raise ValueError(
            "Incompatible shapes between op input and calculated input gradient. Forward "
            f"operation: {op.name}. Input index: {index}. Original input shape: {t.shape}. "
            f"Calculated input gradient shape: {grad.shape}") from None


def gradient_function(op):
    try:
        return getgradient_function(op)
    except LookupError:
        raise LookupError(
            f"No gradient defined for operation'{op.name}' (op type: {op.type}). In general every operation must have "
            "an associated `@tf.RegisterGradient` for correct autodiff, which this op is lacking. If you want to "
            "pretend this operation is a constant in your program, you may insert `tf.stop_gradient`. This can be "
            "useful to silence the error in cases where you know gradients are not needed, e.g. the forward pass of "
            "tf.custom_gradient. Please see more details in "
            "https://www.tensorflow.org/api_docs/python/tf/custom_gradient.") from None


def call(function, op, grads, gate_gradients):
    """The gradients of the inputs of `op`, from those of its outputs; in the current scope."""
    in_grads = function(op, *grads)
    in_grads = list(in_grads) if isinstance(in_grads, (list, tuple)) else [in_grads]
    _verify(in_grads, op)
    if gate_gradients and len([g for g in in_grads if g is not None]) > 1:
        from pyscope.control_flow.basic import tuple as gate

        with get_default_graph().device(None), get_default_graph().colocate_with(None, ignore_existing=True):
            in_grads = gate(in_grads)
    return in_grads


def _result(found, x, unconnected):
    if found is None and unconnected is UnconnectedGradients.ZERO:
        from pyscope.ops.array import zeros_like

        if x.dtype.base_dtype is dtypes.resource:
            return zeros_like_output(x.op, x.value_index)
        return zeros_like(x)
    return found


def hessians(ys, xs, name="hessians", colocate_gradients_with_ops=False, gate_gradients=False,
             aggregation_method=None):
    """The matrix of second derivatives of the sum of `ys` with respect to each of `xs`.

    Returns
    -------
    list of Tensor, shape x.shape + x.shape
    """
    from pyscope.control_flow import while_loop
    from pyscope.conversion import constant
    from pyscope.ops.array import concat, reshape, shape, size
    from pyscope.tensor_array import TensorArray

    xs = _as_list(xs)
    out = []
    options = {"colocate_gradients_with_ops": colocate_gradients_with_ops, "gate_gradients": gate_gradients,
               "aggregation_method": aggregation_method}
    for gradient, x in zip(gradients(ys, xs, **options), xs):
        gradient = reshape(gradient, [-1])
        n = size(x)
        start = [constant(0, dtypes.int32), TensorArray(x.dtype, n)]
        _, rows = while_loop(
            lambda j, _, n=n: j < n,
            lambda j, result, g=gradient, x=x: (j + 1, result.write(j, gradients(g[j], x, **options)[0])),
            start)
        dims = shape(x)
        out.append(reshape(rows.stack(), concat((dims, dims), 0)))
    return out


_custom_count = [0]


def custom_gradient(f=None):
    """Decorator: a function that returns ``(outputs, grad_fn)`` and is differentiated by `grad_fn`.

    `grad_fn` takes one gradient per output and returns one per input; when the function uses variables it takes
    ``variables=`` too and returns ``(input gradients, variable gradients)``.
    """
    if f is None:
        return custom_gradient

    def decorated(*args, **kwargs):
        return _custom_call(f, args, kwargs)

    decorated.__name__ = getattr(f, "__name__", "decorated")
    decorated.__doc__ = f.__doc__
    decorated.__wrapped__ = f
    return decorated


def _custom_call(f, args, kwargs):
    from pyscope.ops.array import identity, identity_n

    if kwargs:
        raise ValueError("The custom_gradient decorator currently supports keywords arguments only when eager "
                         "execution is enabled.")
    _custom_count[0] += 1
    name = f"CustomGradient-{_custom_count[0]}"
    args = [convert_to_tensor(x) for x in args]
    graph = get_default_graph()
    result, grad_fn = f(*args)
    outputs = [convert_to_tensor(r) for r in _as_list(result)]
    # TF walks back from identities of the outputs to find variables, and leaves them in the graph.
    variables = _variables_between(graph, args, [identity(t) for t in outputs])
    n = len(outputs)
    code = getattr(grad_fn, "__code__", None)
    if variables and code is not None and "variables" not in code.co_varnames and not code.co_flags & 8:
        raise TypeError("@tf.custom_gradient grad_fn must accept keyword argument 'variables', since function uses "
                        f"variables: {variables}")

    @RegisterGradient(name)
    def _gradient(op, *grads):
        if variables:
            input_grads, variable_grads = grad_fn(*grads[:n], variables=variables)
            if len(variable_grads) != len(variables):
                raise ValueError("Must return gradient for each variable from @custom_gradient grad_fn.")
        else:
            input_grads, variable_grads = grad_fn(*grads[:n]), []
        return [None] * n + _as_list(input_grads) + list(variable_grads)

    with graph.gradient_override_map({"IdentityN": name}):
        tensors = identity_n([*outputs, *args, *variables])
    for v in variables:
        convert_to_tensor(v)      # TF reads each once more
    structured = tensors[:n]
    return type(result)(structured) if isinstance(result, (list, tuple)) else structured[0]


def _variables_between(graph, inputs, outputs):
    """The trainable variables that `outputs` come from without passing `inputs`, by name."""
    by_op = {v.op: v for v in graph.get_collection("variables") if getattr(v, "trainable", False)}
    seen, found = {t.op for t in inputs}, []
    stack = [t.op for t in outputs]
    while stack:
        op = stack.pop()
        if op in seen:
            continue
        seen.add(op)
        if op in by_op:
            found.append(by_op[op])
        stack.extend(t.op for t in op.inputs)
    return sorted(found, key=lambda v: v.name)
