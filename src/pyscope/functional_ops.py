"""Functions applied along the first dimension of tensors: `map_fn`, `scan`, `foldl`, `foldr`."""

from pyscope import _core as core
from pyscope import func_graph as functions
from pyscope import nest, tensor_shape
from pyscope.control_flow.while_loop import while_loop
from pyscope.conversion import constant, convert_to_tensor
from pyscope.graph import name_scope
from pyscope.tensor_array import TensorArray

__all__ = ["foldl", "foldr", "map_fn", "scan"]


class _LocalCaching:
    """Inside, variables are cached where they are used, unless the variable scope says otherwise."""

    def __enter__(self):
        self.scope = core.get_variable_scope()
        self.set = self.scope.caching_device is None
        if self.set:
            self.scope.set_caching_device(lambda op: op.device)

    def __exit__(self, *exc):
        if self.set:
            self.scope.set_caching_device(None)


def _check(fn):
    if not callable(fn):
        raise TypeError(f"{fn.__name__} is not callable. Please provide a callable function.")


def _first(shape):
    dims = shape.with_rank_at_least(1)._dims
    return None if dims is None else dims[0]


def _length(tensor):
    """The size of the first dimension: an int, or a tensor where it is not known or 0."""
    from pyscope.ops.array import shape

    dims = tensor.shape._dims
    if dims is not None and not dims:
        tensor.shape[0]          # the complaint about a scalar
    return (dims[0] if dims else None) or shape(tensor)[0]


def _fold(kind, fn, elems, initializer, parallel_iterations, back_prop, swap_memory, name):
    _check(fn)
    left = kind == "foldl"
    with name_scope(name, kind, [elems]), _LocalCaching():
        flat = [convert_to_tensor(elem, name="elem") for elem in nest.flatten(elems)]
        n = _length(flat[0])
        arrays = nest.map_structure(
            lambda elem: TensorArray(elem.dtype, size=n, dynamic_size=False, infer_shape=True).unstack(elem), elems)

        def read(i):
            return nest.map_structure(lambda array: array.read(i), arrays)

        if left:
            start = read(0) if initializer is None else initializer
            i = constant(1 if initializer is None else 0)
        elif initializer is None:
            i = n - 1
            start = read(i)
        else:
            i = n
            start = initializer

        def compute(i, a):
            if left:
                a = fn(a, read(i))
                return [i + 1, a]
            i -= 1
            return [i, fn(a, read(i))]

        _, result = while_loop(lambda i, a: i < n if left else i > 0, compute, [i, start],
                               parallel_iterations=parallel_iterations, back_prop=back_prop, swap_memory=swap_memory,
                               maximum_iterations=n)
    return result


def foldl(fn, elems, initializer=None, parallel_iterations=10, back_prop=True, swap_memory=False, name=None):
    """``fn(fn(initializer, elems[0]), elems[1])`` and so on over the first dimension of `elems`.

    Without an initializer the first element takes its place.
    """
    return _fold("foldl", fn, elems, initializer, parallel_iterations, back_prop, swap_memory, name)


def foldr(fn, elems, initializer=None, parallel_iterations=10, back_prop=True, swap_memory=False, name=None):
    """As `foldl`, beginning with the last element."""
    return _fold("foldr", fn, elems, initializer, parallel_iterations, back_prop, swap_memory, name)


def scan(fn, elems, initializer=None, parallel_iterations=10, back_prop=True, swap_memory=False, infer_shape=True,
         reverse=False, name=None):
    """All intermediate results of `foldl` (of `foldr` with `reverse`), stacked.

    Parameters
    ----------
    fn : callable
        From the result so far and an element to the next result.
    elems : Tensor or structure of tensors
        With equal first dimensions.
    initializer : Tensor or structure of tensors, optional
        The first result; without it, the first element.
    """
    _check(fn)
    flat = nest.flatten(elems)
    model = elems if initializer is None else initializer
    nested = nest.is_nested(model)

    def pack(structure, values):
        return nest.pack_sequence_as(structure, values) if nest.is_nested(structure) else values[0]

    from pyscope.ops.array import shape

    with name_scope(name, "scan", flat), _LocalCaching():
        flat = [convert_to_tensor(elem, name="elem") for elem in flat]
        n = _first_or_none(flat[0])
        if n is None:
            n = shape(flat[0])[0]
        arrays = [TensorArray(elem.dtype, size=n, dynamic_size=False, element_shape=elem.shape[1:], infer_shape=True)
                  for elem in flat]
        arrays = [array.unstack(elem) for array, elem in zip(arrays, flat)]
        if initializer is None:
            a = [array.read(n - 1 if reverse else 0) for array in arrays]
            i = 1
        else:
            a = [convert_to_tensor(x) for x in (nest.flatten(initializer) if nested else [initializer])]
            i = 0
        results = [TensorArray(x.dtype, size=n, element_shape=x.shape if infer_shape else None, dynamic_size=False,
                               infer_shape=infer_shape) for x in a]
        if initializer is None:
            results = [array.write(n - 1 if reverse else 0, x) for array, x in zip(results, a)]

        def compute(i, a, arrays_so_far):
            elem = pack(elems, [array.read(i) for array in arrays])
            out = fn(pack(model, a), elem)
            nest.assert_same_structure(model, out)
            out = nest.flatten(out) if nested else [out]
            arrays_so_far = [array.write(i, x) for array, x in zip(arrays_so_far, out)]
            return (i - 1 if reverse else i + 1, out, arrays_so_far)

        _, _, results = while_loop(
            (lambda i, _1, _2: i >= 0) if reverse else (lambda i, _1, _2: i < n), compute,
            (n - 1 - i if reverse else i, a, results), parallel_iterations=parallel_iterations, back_prop=back_prop,
            swap_memory=swap_memory, maximum_iterations=n)
        stacked = [array.stack() for array in results]
        _set_lengths(flat, stacked)
        return pack(model, stacked)


def _first_or_none(tensor):
    dims = tensor.shape._dims
    if dims is not None and not dims:
        tensor.shape[0]
    return dims[0] if dims else None


def _set_lengths(elems, results):
    """The results are as long as the elements, which must agree."""
    n = tensor_shape.Dimension(_first(elems[0].shape))
    for elem in elems[1:]:
        n.assert_is_compatible_with(tensor_shape.Dimension(_first(elem.shape)))
    for r in results:
        r.set_shape(tensor_shape.TensorShape([n.value]).concatenate(r.shape[1:]))


def map_fn(fn, elems, dtype=None, parallel_iterations=None, back_prop=True, swap_memory=False, infer_shape=True,
           name=None, fn_output_signature=None):
    """`fn` applied to each element along the first dimension, results stacked.

    Parameters
    ----------
    fn : callable
        From one element (a structure like `elems`) to tensors.
    elems : Tensor or structure of tensors
        With equal first dimensions.
    dtype, fn_output_signature : DType or structure of DTypes, optional
        What `fn` returns, if that differs from `elems`.

    Raises
    ------
    ValueError
        When there are no elements or they are scalars.
    """
    if fn_output_signature is None:
        fn_output_signature = dtype
    if not callable(fn):
        raise TypeError(f"The provided function {fn.__name__} is not callable.fn must be callable.")
    elems = functions.variables_to_tensors(elems)
    flat = nest.flatten(elems)
    if not flat:
        raise ValueError("elems must be a Tensor or (possibly nested) sequence of Tensors. "
                         f"Got {elems}, which does not contain any Tensors.")
    with name_scope(name, "map", flat), _LocalCaching():
        flat = [convert_to_tensor(t, name="elem") for t in flat]
        if flat[0]._rank == 0:
            raise ValueError("Elements in elems must be 1+ dimensional Tensors, not scalars")
        n_static = tensor_shape.Dimension(_first(flat[0].shape))
        for t in flat[1:]:
            n_static.assert_is_compatible_with(tensor_shape.Dimension(_first(t.shape)))
        n = _length(flat[0])
        arrays = [TensorArray(t.dtype, size=n, dynamic_size=False, infer_shape=True) for t in flat]
        arrays = [array.unstack(t) for array, t in zip(arrays, flat)]
        i = constant(0)
        if fn_output_signature is None:
            model = elems
            specs = [(t.dtype, None) for t in flat]
        else:
            model = fn_output_signature
            specs = [(getattr(d, "dtype", d), getattr(d, "shape", None)) for d in nest.flatten(fn_output_signature)]
        results = [TensorArray(d, size=n, dynamic_size=False, infer_shape=infer_shape, element_shape=shape)
                   for d, shape in specs]

        def compute(i, results):
            value = fn(nest.pack_sequence_as(elems, [array.read(i) for array in arrays]))
            nest.assert_same_structure(model, value)
            results = [array.write(i, v) for array, v in zip(results, nest.flatten(value))]
            return (i + 1, results)

        _, results = while_loop(lambda i, _: i < n, compute, (i, results), back_prop=back_prop,
                                parallel_iterations=parallel_iterations or 10, swap_memory=swap_memory,
                                maximum_iterations=n)
        stacked = [array.stack() for array in results]
        for r in stacked:
            r.set_shape(tensor_shape.TensorShape([n_static.value]).concatenate(r.shape[1:]))
        return nest.pack_sequence_as(model, stacked)
