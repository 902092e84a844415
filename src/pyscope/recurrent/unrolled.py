"""A cell applied to a list of inputs, one after the other: `static_rnn` and its relatives."""

from pyscope import dtypes, nest
from pyscope.conversion import convert_to_tensor
from pyscope.graph import get_default_graph
from pyscope.ops import array, math
from pyscope.ops.identity import identity
from pyscope.recurrent.cells import (
    assert_like_rnncell,
    concat_sizes,
    concat_static_sizes,
    dim_of,
    enter_scope,
    initial_state_of,
    rnn_step,
    state_dtype,
)
from pyscope.scopes import variable_scope
from pyscope.tensor_shape import TensorShape

__all__ = ["static_bidirectional_rnn", "static_rnn", "static_state_saving_rnn"]


def _static_batch(inputs):
    """Batch size of a list of inputs, as far as it is known, and the first input."""
    first = inputs
    while nest.is_nested(first):
        first = first[0]
    if first.get_shape().ndims == 1:
        return dim_of(first.get_shape().with_rank_at_least(1), 0), first
    batch = TensorShape([dim_of(first.get_shape().with_rank_at_least(2), 0)])
    for x in nest.flatten(inputs):
        shape = x.get_shape().with_rank_at_least(2)
        batch.assert_is_compatible_with(TensorShape([dim_of(shape, 0)]))
        for i, size in enumerate(shape[1:].as_list()):
            if size is None:
                raise ValueError(f"Input size (dimension {i} of input {x}) must be accessible via shape inference, but "
                                 "saw value None.")
    return dim_of(batch, 0), first


def static_rnn(cell, inputs, initial_state=None, dtype=None, sequence_length=None, scope=None):
    """Apply `cell` to each tensor of a list, one after the other.

    Parameters
    ----------
    cell : cell
    inputs : list of tensors or of structures of tensors, each of shape [batch, ...]
    initial_state, dtype, sequence_length, scope
        As for `dynamic_rnn`.

    Returns
    -------
    (list of outputs, final state)
    """
    assert_like_rnncell("cell", cell)
    if not nest.is_nested(inputs):
        raise TypeError(f"Argument `inputs` must be a sequence. Received: {inputs}")
    if not inputs:
        raise ValueError("Argument `inputs` must not be empty.")
    outputs = []
    with enter_scope(scope, "rnn") as entered:
        static_batch, first = _static_batch(inputs)
        batch_size = static_batch or array.shape(first)[0]
        state = initial_state_of(cell, initial_state, batch_size, dtype)
        zero_output = shortest = longest = None
        if sequence_length is not None:
            sequence_length = convert_to_tensor(sequence_length, name="sequence_length")
            if sequence_length.get_shape().ndims not in (None, 1):
                raise ValueError(f"Argument `sequence_length` must be a vector of length {batch_size}. Received "
                                 f"sequence_length={sequence_length}.")

            def zero(size):
                made = array.zeros(array.stack(concat_sizes(batch_size, size)), state_dtype(dtype, state))
                made.set_shape(TensorShape(concat_static_sizes(static_batch, size)))
                return made

            zero_output = nest.pack_sequence_as(
                cell.output_size, tuple([zero(size) for size in nest.flatten(cell.output_size)]))
            sequence_length = math.cast(sequence_length, dtypes.int32)
            shortest = math.reduce_min(sequence_length)
            longest = math.reduce_max(sequence_length)
        for time, x in enumerate(inputs):
            if time > 0:
                entered.reuse_variables()
            if sequence_length is None:
                output, state = cell(x, state)
            else:
                output, state = rnn_step(time, sequence_length, shortest, longest, zero_output, state,
                                          lambda x=x, state=state: cell(x, state), False)
            outputs.append(output)
    return outputs, state


def static_state_saving_rnn(cell, inputs, state_saver, state_name, sequence_length=None, scope=None):
    """`static_rnn` that gets its state by ``state_saver.state(name)`` and leaves it by ``save_state(name, state)``."""
    size = cell.state_size
    if nest.is_nested(size) != nest.is_nested(state_name):
        raise ValueError("Argument `state_name` should be the same type as `cell.state_size`. Received: "
                         f"state_name={state_name!s}, cell.state_size={size!s}.")
    names = nest.flatten(state_name)
    if len(names) != len(nest.flatten(size)):
        raise ValueError("Number of elements in argument `state_name` and `cell.state_size` are mismatched. Received "
                         f"state_name={state_name} with {len(names)} elements and cell.state_size={cell.state_size} "
                         f"with {len(nest.flatten(size))} elements.")

    def like_state(values):
        return nest.pack_sequence_as(size, values) if nest.is_nested(size) else values[0]

    outputs, state = static_rnn(cell, inputs, initial_state=like_state([state_saver.state(name) for name in names]),
                                sequence_length=sequence_length, scope=scope)
    saved = [state_saver.save_state(name, s) for name, s in zip(names, nest.flatten(state))]
    with get_default_graph().control_dependencies(saved):
        last = outputs[-1]
        outputs[-1] = nest.pack_sequence_as(last, [identity(x) for x in nest.flatten(last)])
        state = nest.pack_sequence_as(state, [identity(s) for s in nest.flatten(state)])
    return outputs, state


def static_bidirectional_rnn(cell_fw, cell_bw, inputs, initial_state_fw=None, initial_state_bw=None, dtype=None,
                             sequence_length=None, scope=None):
    """`static_rnn` forwards with one cell and backwards with another.

    Returns
    -------
    (list of outputs of both, concatenated along dimension 1; final state forwards; final state backwards)
    """
    assert_like_rnncell("cell_fw", cell_fw)
    assert_like_rnncell("cell_bw", cell_bw)
    if not nest.is_nested(inputs):
        raise TypeError(f"Argument `inputs` must be a sequence. Received: {inputs}")
    if not inputs:
        raise ValueError("Argument `inputs` must not be empty.")
    with variable_scope(scope or "bidirectional_rnn"):
        with variable_scope("fw") as inner:
            output_fw, state_fw = static_rnn(cell_fw, inputs, initial_state_fw, dtype, sequence_length, scope=inner)
        with variable_scope("bw") as inner:
            backwards = _reverse(inputs, sequence_length)
            output_bw, state_bw = static_rnn(cell_bw, backwards, initial_state_bw, dtype, sequence_length, scope=inner)
    output_bw = _reverse(output_bw, sequence_length)
    joined = tuple([array.concat([fw, bw], 1) for fw, bw in zip(nest.flatten(output_fw), nest.flatten(output_bw))])
    return nest.pack_sequence_as(output_fw, joined), state_fw, state_bw


def _reverse(inputs, lengths):
    """A list of structures backwards in time, each row within its own length."""
    if lengths is None:
        return list(reversed(inputs))
    results = [[] for _ in inputs]
    for sequence in zip(*[nest.flatten(x) for x in inputs]):
        ndims = sequence[0].get_shape().ndims
        shape = TensorShape(None if ndims is None else [None] * ndims)
        for x in sequence:
            shape.assert_is_compatible_with(x.get_shape())
            x.set_shape(shape)
        reversed_ = array.reverse_sequence(array.stack(sequence), lengths, 0, 1)
        for result, x in zip(results, array.unstack(reversed_)):
            x.set_shape(shape)
            result.append(x)
    return [nest.pack_sequence_as(x, flat) for x, flat in zip(inputs, results)]
