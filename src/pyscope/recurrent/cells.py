"""What recurrent networks of all kinds share: what a cell is, shapes, states, a step where sequences may have ended.

A cell is anything callable as ``cell(inputs, state) -> (output, new state)`` with `output_size`, `state_size` and
`zero_state(batch_size, dtype)` or `get_initial_state(inputs, batch_size, dtype)`.
"""

from pyscope import _core as core
from pyscope import dtypes, nest
from pyscope.control_flow.cond import cond
from pyscope.control_flow.while_loop import WhileBodyGraph
from pyscope.conversion import constant
from pyscope.graph import colocate_with, get_default_graph
from pyscope.ops import array
from pyscope.scopes import variable_scope
from pyscope.static_value import constant_value
from pyscope.tensor_array import TensorArray
from pyscope.tensor_shape import TensorShape, as_shape

PARALLEL_ITERATIONS = 32


def assert_like_rnncell(cell_name, cell):
    """Complain, with TypeError, about what `cell` lacks to be a recurrent cell."""
    complaints = []
    if not hasattr(cell, "output_size"):
        complaints.append("'output_size' property is missing")
    if not hasattr(cell, "state_size"):
        complaints.append("'state_size' property is missing")
    if not hasattr(cell, "get_initial_state") and not hasattr(cell, "zero_state"):
        complaints.append("either 'zero_state' or 'get_initial_state' method is required")
    if not callable(cell):
        complaints.append("is not callable")
    if complaints:
        raise TypeError(f"The argument {cell_name!r} ({cell}) is not an RNNCell: {', '.join(complaints)}.")


def _as_vector(size, what):
    """A dimension, shape or tensor of sizes as (int32 vector tensor or None, static sizes or None)."""
    if isinstance(size, core.Tensor):
        static = constant_value(size)
        rank = size.shape.ndims
        if rank == 0:
            size = array.expand_dims(size, 0)
        elif rank != 1:
            raise ValueError(f"{what} tensor must be either a scalar or vector, but saw tensor: {size}")
        return size, static
    shape = TensorShape(size)
    dims = None if shape.ndims is None else shape.as_list()
    return (constant(dims, dtype=dtypes.int32) if shape.is_fully_defined() else None), dims


def concat_sizes(prefix, suffix):
    """The shape ``prefix + suffix`` as a tensor; both are ints, shapes or int32 tensors."""
    first, _ = _as_vector(prefix, "prefix")
    second, _ = _as_vector(suffix, "suffix")
    if first is None or second is None:
        raise ValueError(f"Provided a prefix or suffix of None: {prefix} and {suffix}")
    return array.concat((first, second), 0)


def concat_static_sizes(prefix, suffix):
    """The shape ``prefix + suffix`` as a list, as far as it is known; None if the rank is not."""
    # TF makes the constants of the parts here, too.
    shape = TensorShape(_as_vector(prefix, "prefix")[1]).concatenate(_as_vector(suffix, "suffix")[1])
    return None if shape.ndims is None else shape.as_list()


def enter_scope(scope, default):
    """`variable_scope`, whose variables are cached where they are used; loops cannot cache across iterations."""
    return _CachingScope(variable_scope(scope or default))


class _CachingScope:
    def __init__(self, manager):
        self.manager = manager

    def __enter__(self):
        scope = self.manager.__enter__()
        graph = get_default_graph()
        context = graph._get_control_flow_context()
        in_loop = (context is not None and context.GetWhileContext() is not None) or isinstance(graph, WhileBodyGraph)
        if not in_loop and scope.caching_device is None:
            scope.set_caching_device(lambda op: op.device)
        return scope

    def __exit__(self, *exc):
        return self.manager.__exit__(*exc)


def initial_state_of(cell, initial_state, batch_size, dtype):
    if initial_state is not None:
        return initial_state
    if not dtype:
        raise ValueError("If no initial_state is provided, argument `dtype` must be specified")
    if getattr(cell, "get_initial_state", None) is not None:
        return cell.get_initial_state(inputs=None, batch_size=batch_size, dtype=dtype)
    return cell.zero_state(batch_size, dtype)


def state_dtype(explicit, state):
    if explicit is not None:
        return explicit
    if not nest.is_nested(state):
        return state.dtype
    found = [element.dtype for element in nest.flatten(state)]
    if not found:
        raise ValueError(f"Unable to infer dtype from argument state={state}.")
    if any(dtype != found[0] for dtype in found):
        raise ValueError(f"Argument state={state} has tensors of different inferred dtypes. Unable to infer a single "
                         f"representative dtype. Dtypes received: {found}")
    return found[0]


def size_as_shape(size):
    return as_shape(constant_value(size)) if isinstance(size, core.Tensor) else size


def dim_of(shape, i):
    """Dimension `i` of a shape: an int or None."""
    dims = TensorShape(shape)._dims
    return None if dims is None else dims[i]


def is_array(x):
    return isinstance(x, TensorArray)


def keep_where(finished, old, new):
    """`new`, but `old` in the rows that are finished; arrays and scalars have no rows."""
    if is_array(old) or old.shape.ndims == 0:
        return new
    with colocate_with(new):
        return array.where(finished, old, new)


def rnn_step(time, sequence_length, shortest, longest, zero_output, state, call_cell, in_loop):
    """Output and next state at `time`: zeros and the old state in rows whose sequence has ended."""
    flat_state, flat_zero = nest.flatten(state), nest.flatten(zero_output)
    finished = time >= sequence_length

    def call():
        output, new_state = call_cell()
        nest.assert_same_structure(zero_output, output)
        nest.assert_same_structure(state, new_state)
        return nest.flatten(output), nest.flatten(new_state)

    def mixed(flat_output, flat_new_state):
        return ([keep_where(finished, zero, new) for zero, new in zip(flat_zero, flat_output)]
                + [keep_where(finished, old, new) for old, new in zip(flat_state, flat_new_state)])

    def run():
        output, new_state = call()
        return cond(time < shortest, lambda: output + new_state, lambda: mixed(output, new_state))

    if in_loop:
        result = mixed(*call())
    else:
        result = cond(time >= longest, lambda: flat_zero + flat_state, run)
    outputs, states = result[:len(flat_zero)], result[len(flat_zero):]
    for output, zero in zip(outputs, flat_zero):
        output.set_shape(zero.get_shape())
    for new, old in zip(states, flat_state):
        if not is_array(new):
            new.set_shape(old.get_shape())
    return nest.pack_sequence_as(zero_output, outputs), nest.pack_sequence_as(state, states)
