"""A cell in a loop whose inputs, states and end a function decides: `raw_rnn`."""

from pyscope import dtypes, nest
from pyscope.control_flow.while_loop import while_loop
from pyscope.conversion import constant, convert_to_tensor
from pyscope.ops import array, math
from pyscope.recurrent.cells import (
    PARALLEL_ITERATIONS,
    assert_like_rnncell,
    concat_sizes,
    dim_of,
    enter_scope,
    keep_where,
    size_as_shape,
)
from pyscope.tensor_array import TensorArray
from pyscope.tensor_shape import TensorShape

__all__ = ["raw_rnn"]


def raw_rnn(cell, loop_fn, parallel_iterations=None, swap_memory=False, scope=None):
    """Apply `cell` in a loop whose inputs, states and end `loop_fn` decides.

    Parameters
    ----------
    cell : cell
    loop_fn : callable
        ``loop_fn(time, output, state, loop_state) -> (finished, next input, next state, emitted, next loop_state)``;
        before the first step `output`, `state` and `loop_state` are None, the state returned is the initial one, and
        what is emitted gives the structure of emissions (None: that of the cell's output).

    Returns
    -------
    (structure of TensorArrays with what was emitted, final state, final loop state)
    """
    assert_like_rnncell("cell", cell)
    if not callable(loop_fn):
        raise TypeError(f"Argument `loop_fn` must be a callable. Received: {loop_fn}.")
    parallel_iterations = parallel_iterations or PARALLEL_ITERATIONS
    with enter_scope(scope, "rnn"):
        start = constant(0, dtype=dtypes.int32)
        finished, first_input, state, emitted, first_loop_state = loop_fn(start, None, None, None)
        flat_input = nest.flatten(first_input)
        loop_state = constant(0, dtype=dtypes.int32) if first_loop_state is None else first_loop_state
        batch = TensorShape([dim_of(flat_input[0].get_shape(), 0)])
        for x in flat_input:
            batch.assert_is_compatible_with(TensorShape([dim_of(x.get_shape(), 0)]))
        static_batch = dim_of(batch, 0)
        batch_size = array.shape(flat_input[0])[0] if static_batch is None else static_batch
        nest.assert_same_structure(state, cell.state_size)
        flat_state = [convert_to_tensor(s) for s in nest.flatten(state)]
        state = nest.pack_sequence_as(state, flat_state)
        if emitted is None:
            emitted = cell.output_size
            sizes = nest.flatten(emitted)
            emit_dtypes = [flat_state[0].dtype] * len(sizes)
        else:
            flat_emitted = nest.flatten(emitted)
            sizes = [e.shape if e.shape.is_fully_defined() else array.shape(e) for e in flat_emitted]
            emit_dtypes = [e.dtype for e in flat_emitted]
        arrays = [TensorArray(dtype=emit_dtype, dynamic_size=True, size=0, name=f"rnn_output_{i}",
                              element_shape=TensorShape([static_batch]).concatenate(size_as_shape(size)))
                  for i, (emit_dtype, size) in enumerate(zip(emit_dtypes, sizes))]
        arrays = nest.pack_sequence_as(emitted, arrays)
        zeros = [array.zeros(concat_sizes(batch_size, size), emit_dtype)
                 for size, emit_dtype in zip(sizes, emit_dtypes)]
        zeros = nest.pack_sequence_as(emitted, zeros)

        def go_on(time, finished, *_):
            return math.logical_not(math.reduce_all(finished))

        def step(time, finished, current, arrays, state, loop_state):
            output, cell_state = cell(current, state)
            nest.assert_same_structure(state, cell_state)
            nest.assert_same_structure(cell.output_size, output)
            later = time + 1
            later_loop = loop_fn(later, output, cell_state, loop_state)
            next_finished, next_input, next_state, emit, next_loop_state = later_loop
            nest.assert_same_structure(state, next_state)
            nest.assert_same_structure(current, next_input)
            nest.assert_same_structure(arrays, emit)
            if next_loop_state is not None:
                loop_state = next_loop_state

            def keep(old, new):
                return nest.map_structure(lambda o, n: keep_where(finished, o, n), old, new)

            emit = keep(zeros, emit)
            next_state = keep(state, next_state)
            arrays = nest.map_structure(lambda made, value: made.write(time, value), arrays, emit)
            return later, math.logical_or(finished, next_finished), next_input, arrays, next_state, loop_state

        *_, arrays, state, loop_state = while_loop(
            go_on, step, loop_vars=[start, finished, first_input, arrays, state, loop_state],
            parallel_iterations=parallel_iterations, swap_memory=swap_memory)
        return arrays, state, None if first_loop_state is None else loop_state
