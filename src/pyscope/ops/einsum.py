"""Sums of products in Einstein's notation."""

import re

import numpy as np

from .. import _core as core
from ..conversion import convert_to_tensor
from ..errors import InvalidArgumentError
from . import array
from ._rules import broadcast, text

__all__ = ["einsum"]


# ---------------------------------------------------------------- shape and kernel


def _labels(equation):
    equation = equation.decode() if isinstance(equation, bytes) else equation
    inputs, output = equation.split("->")
    return inputs.split(","), output


def _einsum_shape(c):
    inputs, output = _labels(c.attr("equation"))
    dims, batch = {}, ()
    for i, subscripts in enumerate(inputs):
        shape = c.shape(i)
        if shape is None:
            return [None]
        left, dots, right = subscripts.partition("...")
        n_named = len(left) + len(right)
        if (not dots and len(shape) != n_named) or len(shape) < n_named:
            raise ValueError(f"Expected input {i} to have rank {n_named} but got rank {len(shape)}")
        end = len(shape) - len(right)
        for label, dim in zip(left + right, shape[: len(left)] + shape[end:]):
            known = dims.get(label)
            if known is not None and dim is not None and known != dim:
                raise ValueError(f"Dimensions must be equal, but are {known} and {dim}")
            dims[label] = dim if known is None else known
        if dots:
            batch = broadcast(batch, shape[len(left) : end])
    out = []
    left, dots, right = output.partition("...")
    for label in left:
        out.append(dims[label])
    if dots:
        out.extend(batch)
    out.extend(dims[label] for label in right)
    return [tuple(out)]


def _einsum_kernel(attrs, *inputs):
    subscripts, output = _labels(attrs["equation"])
    _check_dims(subscripts, inputs)
    new = set(output.replace(".", "")) - set("".join(subscripts))
    if new or len(set(output.replace("...", ""))) < len(output.replace("...", "")):
        return _generalized(subscripts, output, inputs)
    return np.einsum(",".join(subscripts) + "->" + output, *inputs, optimize=len(inputs) > 1)


def _check_dims(subscripts, inputs):
    """Raise InvalidArgumentError if a label stands for dimensions of different size."""
    dims = {}
    for names, x in zip(subscripts, inputs):
        left, _, right = names.partition("...")
        axes = [*range(len(left)), *range(x.ndim - len(right), x.ndim)]
        for label, axis in zip(left + right, axes):
            known = dims.setdefault(label, x.shape[axis])
            if known != x.shape[axis]:
                raise InvalidArgumentError(
                    None,
                    None,
                    f"Expected dimension {known} at axis {axis} of the input shaped {text(x.shape)} but got "
                    f"dimension {x.shape[axis]}",
                )


def _generalized(subscripts, output, inputs):
    """An output with a label twice, as gradients have: its diagonal, in an array of zeros."""
    once = "".join(dict.fromkeys(output.replace(".", "")))
    value = np.einsum(",".join(subscripts) + "->" + once, *inputs)
    sizes = dict(zip(once, value.shape))
    out = np.zeros([sizes[label] for label in output], value.dtype)
    np.einsum(f"{output}->{once}", out)[...] = value
    return out


# ---------------------------------------------------------------- gradient


def _axis_of(subscripts, label):
    left, dots, right = subscripts.partition("...")
    if label in left:
        return left.index(label)
    return right.index(label) - len(right) if dots and label in right else None


def _batch_slice(subscripts):
    start = subscripts.find("...")
    if start == -1:
        return 0, 0
    rest = len(subscripts) - start - 3
    return start, -rest if rest else None


def _spread(grad, output, subscripts, shape, reduced):
    """Gradient with the labels in `reduced`, which were summed away, put back by repetition."""
    from .reduce import reduced_shape

    labels = "".join(reduced)
    axes = [_axis_of(subscripts, label) for label in labels]
    dims = array.stack([shape[axis] for axis in axes])
    repeated = len(set(subscripts)) + len(set(output)) < len(subscripts) + len(output)
    rest = "".join(label for label in subscripts if label not in reduced)
    if not repeated and rest == output:
        kept = reduced_shape(shape, convert_to_tensor(axes))
        return array.broadcast_to(array.reshape(grad, kept), shape)
    full = array.concat([dims, array.shape(grad)], axis=0)
    ones = array.concat([array.ones(len(labels), dtype=shape.dtype), array.shape(grad)], axis=0)
    wide = array.broadcast_to(array.reshape(grad, ones), full)
    return EINSUM([wide], equation=f"{labels}{output}->{subscripts}")


def _gradient_of(grad, other, shape, subscripts, other_subscripts, output):
    reduced = set(subscripts).difference(set(output + other_subscripts + "."))
    left = "".join(label for label in subscripts if label not in reduced)
    out = EINSUM([grad, other], equation=f"{output},{other_subscripts}->{left}")
    return _spread(out, left, subscripts, shape, reduced) if reduced else out


def _einsum_gradient(op, grad):
    from .cast import conj
    from .reduce import reduce_sum

    inputs, output = _labels(op.get_attr("equation"))
    if len(op.inputs) == 1:
        shape = array.shape(op.inputs[0])
        reduced = set(inputs[0]).difference(set(output + "..."))
        if not reduced:
            return [EINSUM([grad], equation=f"{output}->{inputs[0]}")]
        return [_spread(grad, output, inputs[0], shape, reduced)]
    x_subs, y_subs = inputs
    if "..." in output:
        x_subs += "" if "..." in x_subs else "..."
        y_subs += "" if "..." in y_subs else "..."
    x, y = op.inputs
    if grad.dtype.is_complex:
        x, y = conj(x), conj(y)
    x_shape, y_shape = array.shape(x), array.shape(y)
    grad_x = _gradient_of(grad, y, x_shape, x_subs, y_subs, output)
    grad_y = _gradient_of(grad, x, y_shape, y_subs, x_subs, output)
    if "..." not in output:
        return [grad_x, grad_y]
    x_batch, y_batch = slice(*_batch_slice(x_subs)), slice(*_batch_slice(y_subs))
    if x.shape.is_fully_defined() and y.shape.is_fully_defined() and x.shape[x_batch] == y.shape[y_batch]:
        return [grad_x, grad_y]
    rx, ry = array.BROADCAST_GRADIENT_ARGS(x_shape[x_batch], y_shape[y_batch])
    grad_x = array.reshape(reduce_sum(grad_x, x_batch.start + rx), x_shape)
    grad_y = array.reshape(reduce_sum(grad_y, y_batch.start + ry), y_shape)
    return [grad_x, grad_y]


EINSUM = core.OpType(
    "Einsum",
    "inputs: N*T -> output: T",
    "equation: string; N: int >= 1; T: type",
    shape=_einsum_shape,
    kernel=_einsum_kernel,
    gradient=_einsum_gradient,
)


# ---------------------------------------------------------------- function


def einsum(equation, *inputs, name=None, optimize="greedy"):
    """Sum of products of `inputs` as `equation` says: ``"ij,jk->ik"`` multiplies matrices.

    ``...`` stands for dimensions that broadcast. More than two inputs are combined two at a time.

    Raises
    ------
    ValueError
        If `equation` is malformed or does not fit the inputs.
    """
    return _einsum(equation, inputs, name, optimize)


@core.repeats(ignoring="inputs")
def _einsum(equation, inputs, name, optimize):
    with core.name_scope(name, "einsum", [equation, inputs]):
        inputs = list(inputs)
        resolved = _resolved(equation, len(inputs))
        if len(inputs) <= 2:
            return EINSUM(inputs, equation=resolved)
        return _in_pairs(resolved, inputs, optimize)


def _resolved(equation, n_inputs):
    """`equation` without blanks and with its output spelled out."""
    resolved = equation.replace(" ", "")
    has_dots = "..." in equation
    if has_dots:
        if "0" in resolved:
            raise ValueError(f'Invalid character "0" in equation: {equation}.')
        resolved = resolved.replace("...", "0")
    labels = "a-zA-Z0" if has_dots else "a-zA-Z"
    match = re.match(f"^([{labels},]*)(->[{labels}]*)?$", resolved)
    if not match:
        raise ValueError(f"Subscripts have incorrect format: {resolved}")
    n_wanted = match.group(1).count(",") + 1
    if n_inputs != n_wanted:
        raise ValueError(f'Got {n_inputs} inputs for equation "{equation}", expecting {n_wanted}')
    if match.group(2) is None:
        used = match.group(1)
        output = "".join(label for label in sorted(set(used)) if label != "," and used.count(label) == 1)
        resolved += "->" + output
    else:
        output = match.group(2)[2:]
    if len(set(output)) != len(output):
        raise ValueError(f"Output subscripts contain a label appearing more than once: {equation}")
    for label in output:
        if label != "0" and label not in match.group(1):
            raise ValueError(
                f"Output subscripts contain the label {label} not present in the input subscripts."
            )
    return resolved.replace("0", "...")


def _in_pairs(resolved, inputs, optimize):
    """Contract the pair that NumPy's path optimizer picks, until one tensor is left."""
    subscripts, output = _labels(resolved)
    inputs = [convert_to_tensor(x) for x in inputs]
    sizes = [
        np.broadcast_to(np.zeros(()), [1 if dim is None else dim for dim in x.shape.as_list()])
        for x in inputs
    ]
    path, _ = np.einsum_path(resolved, *sizes, optimize=optimize)
    for pair in path[1:]:
        pair = sorted(pair, reverse=True)
        chosen = [inputs.pop(i) for i in pair]
        names = [subscripts.pop(i) for i in pair]
        if inputs:
            outside = set("".join(subscripts) + output)
            named = "".join(dict.fromkeys("".join(names).replace(".", "")))
            kept = "".join(sorted(label for label in named if label in outside))
            target = ("..." if any("..." in n for n in names) else "") + kept
        else:
            target = output
        inputs.append(EINSUM(chosen, equation=f"{','.join(names)}->{target}"))
        subscripts.append(target)
    return inputs[0]
