"""A cell applied along time in a loop: `dynamic_rnn`, and both ways."""

from pyscope import dtypes, nest
from pyscope.control_flow.assertion import Assert
from pyscope.control_flow.while_loop import while_loop
from pyscope.conversion import constant, convert_to_tensor
from pyscope.graph import get_default_graph, name_scope
from pyscope.ops import array, math
from pyscope.ops.identity import identity
from pyscope.recurrent.cells import (
    PARALLEL_ITERATIONS,
    assert_like_rnncell,
    concat_sizes,
    concat_static_sizes,
    dim_of,
    enter_scope,
    initial_state_of,
    rnn_step,
    size_as_shape,
    state_dtype,
)
from pyscope.scopes import variable_scope
from pyscope.tensor_array import TensorArray
from pyscope.tensor_shape import TensorShape

__all__ = ["bidirectional_dynamic_rnn", "dynamic_rnn"]


def _transpose_batch_time(x):
    """Swap the first two dimensions."""
    shape = x.get_shape()
    if shape.ndims is not None and shape.ndims < 2:
        return x
    rank = array.rank(x)
    swapped = array.transpose(x, array.concat(([1, 0], math.range(2, rank)), axis=0))
    dims = shape._dims           # None, without a rank, is a TypeError here as in TF: nothing later could use it
    swapped.set_shape(TensorShape([dims[1], dims[0], *dims[2:]]))
    return swapped


def _batch_size(flat_input):
    """Batch size of time-major inputs: an int where one of them knows it, else a tensor."""
    for x in flat_input:
        dims = x.shape._dims
        if dims is None:
            continue
        if len(dims) < 2:
            raise ValueError(f"Input tensor should have rank >= 2. Received input={x} of rank {len(dims)}")
        if dims[1] is not None:
            return dims[1]
    return array.shape(flat_input[0])[1]


def dynamic_rnn(cell, inputs, sequence_length=None, initial_state=None, dtype=None, parallel_iterations=None,
                swap_memory=False, time_major=False, scope=None):
    """Apply `cell` along time in a loop.

    Parameters
    ----------
    cell : cell
    inputs : Tensor or structure of tensors, shape [batch, time, ...], or [time, batch, ...] if `time_major`
    sequence_length : int Tensor, shape [batch], optional
        From its length on a row's outputs are zero and its state stays.
    initial_state : structure of tensors, optional
    dtype : DType
        Of the state, when there is no `initial_state`.
    parallel_iterations, swap_memory
        Kept as attributes of the loop.
    scope : VariableScope or str, default "rnn"

    Returns
    -------
    (outputs, final state)
        Outputs in the layout of the inputs.

    Raises
    ------
    TypeError
        If `cell` is no cell.
    ValueError
        If shapes or dtypes cannot be found, or do not agree.
    """
    assert_like_rnncell("cell", cell)
    with enter_scope(scope, "rnn"):
        flat = nest.flatten(inputs)
        if not time_major:
            flat = [convert_to_tensor(x) for x in flat]
            flat = tuple([_transpose_batch_time(x) for x in flat])
        parallel_iterations = parallel_iterations or PARALLEL_ITERATIONS
        if sequence_length is not None:
            sequence_length = math.cast(sequence_length, dtypes.int32)
            if sequence_length.get_shape().ndims not in (None, 1):
                raise ValueError("Argument sequence_length must be a vector of length batch_size. Received "
                                 f"sequence_length={sequence_length} of shape: {sequence_length.get_shape()}")
            sequence_length = identity(sequence_length, name="sequence_length")
        batch_size = _batch_size(flat)
        state = initial_state_of(cell, initial_state, batch_size, dtype)
        if sequence_length is not None:
            with get_default_graph().control_dependencies([_check_length(sequence_length, batch_size)]):
                sequence_length = identity(sequence_length, name="CheckSeqLen")
        inputs = nest.pack_sequence_as(inputs, flat)
        outputs, final_state = _loop(cell, inputs, state, parallel_iterations, swap_memory, sequence_length, dtype)
        if not time_major:
            outputs = nest.map_structure(_transpose_batch_time, outputs)
        return outputs, final_state


def _check_length(sequence_length, batch_size):
    found = array.shape(sequence_length)
    wanted = array.stack([batch_size])
    return Assert(math.reduce_all(math.equal(found, wanted)),
                  [f"Expected shape for Tensor {sequence_length.name} is ", wanted, " but saw shape: ", found])


def _input_shapes(flat):
    """Shapes of time-major inputs, which must agree in time and batch and know the rest."""
    shapes = tuple([x.get_shape().with_rank_at_least(3) for x in flat])
    time_steps, batch = shapes[0].as_list()[:2]
    for x, shape in zip(flat, shapes):
        if not shape[2:].is_fully_defined():
            raise ValueError("Input size (depth of inputs) must be accessible via shape inference, but saw value None "
                             f"for input={x}.")
        if dim_of(shape, 0) != time_steps:
            raise ValueError("Time steps is not the same for all the elements in the input in a batch. Received time "
                             f"steps={dim_of(shape, 0)} for input={x}.")
        if dim_of(shape, 1) != batch:
            raise ValueError("Batch_size is not the same for all the elements in the input. Received batch "
                             f"size={dim_of(shape, 1)} for input={x}.")
    return shapes, time_steps, batch


def _loop(cell, inputs, state, parallel_iterations, swap_memory, sequence_length, dtype):
    """The loop of `dynamic_rnn` over time-major inputs."""
    flat = nest.flatten(inputs)
    output_sizes = nest.flatten(cell.output_size)
    time_steps = array.shape(flat[0])[0]
    batch_size = _batch_size(flat)
    shapes, static_steps, static_batch = _input_shapes(flat)
    zeros = tuple([array.zeros(array.stack(concat_sizes(batch_size, size)), state_dtype(dtype, state))
                   for size in output_sizes])
    zero_output = nest.pack_sequence_as(cell.output_size, zeros)
    shortest = longest = None
    if sequence_length is None:
        longest = time_steps
    else:
        shortest = math.reduce_min(sequence_length)
        longest = math.reduce_max(sequence_length)
    start = constant(0, dtype=dtypes.int32, name="time")
    with name_scope("dynamic_rnn") as prefix:
        pass

    def make_array(name, element_shape, element_dtype):
        return TensorArray(dtype=element_dtype, size=time_steps, element_shape=element_shape,
                           tensor_array_name=prefix + name)

    output_arrays = tuple([
        make_array(f"output_{i}", TensorShape([static_batch]).concatenate(size_as_shape(size)),
                   state_dtype(dtype, state))
        for i, size in enumerate(output_sizes)])
    input_arrays = tuple([make_array(f"input_{i}", x.shape[1:], x.dtype) for i, x in enumerate(flat)])
    input_arrays = tuple([made.unstack(x) for made, x in zip(input_arrays, flat)])

    def step(time, arrays, state):
        now = tuple([made.read(time) for made in input_arrays])
        for x, shape in zip(now, shapes):
            x.set_shape(shape[1:])
        now = nest.pack_sequence_as(inputs, now)
        if sequence_length is None:
            output, new_state = cell(now, state)
        else:
            output, new_state = rnn_step(time, sequence_length, shortest, longest, zero_output, state,
                                          lambda: cell(now, state), True)
        arrays = tuple([made.write(time, out) for made, out in zip(arrays, nest.flatten(output))])
        return time + 1, arrays, new_state

    bound = math.minimum(time_steps, math.maximum(1, longest))
    _, arrays, final_state = while_loop(
        lambda time, *_: time < bound, step, (start, output_arrays, state), parallel_iterations=parallel_iterations,
        maximum_iterations=time_steps, swap_memory=swap_memory)
    outputs = tuple([made.stack() for made in arrays])
    for output, size in zip(outputs, output_sizes):
        output.set_shape(concat_static_sizes([static_steps, static_batch], size))
    return nest.pack_sequence_as(cell.output_size, outputs), final_state


def bidirectional_dynamic_rnn(cell_fw, cell_bw, inputs, sequence_length=None, initial_state_fw=None,
                              initial_state_bw=None, dtype=None, parallel_iterations=None, swap_memory=False,
                              time_major=False, scope=None):
    """`dynamic_rnn` forwards with one cell, and backwards with another.

    Returns
    -------
    ((outputs forwards, outputs backwards), (final state forwards, final state backwards))
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    time_axis, batch_axis = (0, 1) if time_major else (1, 0)

    def back(x):
        if sequence_length is None:
            return array.reverse(x, axis=[time_axis])
        return array.reverse_sequence(input=x, seq_lengths=sequence_length, seq_axis=time_axis, batch_axis=batch_axis)

    def run(cell, x, initial_state, inner):
        return dynamic_rnn(cell, x, sequence_length, initial_state, dtype, parallel_iterations, swap_memory,
                           time_major, inner)

    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as inner:
            output_fw, state_fw = run(cell_fw, inputs, initial_state_fw, inner)
        with variable_scope("bw") as inner:
            output_bw, state_bw = run(cell_bw, nest.map_structure(back, inputs), initial_state_bw, inner)
    return (output_fw, back(output_bw)), (state_fw, state_bw)
