"""Grouping and gating: `no_op`, `group`, `tuple`, `with_dependencies`."""


from pyscope import _core as core
from pyscope import nest
from pyscope.conversion import convert_to_tensor, convert_to_tensor_or_indexed_slices
from pyscope.graph import colocate_with, control_dependencies, device, name_scope

Operation = core.Operation
Tensor = core.Tensor

__all__ = ["group", "no_op", "tuple", "with_dependencies"]

NO_OP = core.OpType(
    "NoOp",
    " -> ",
    shape=lambda c: [],
    kernel=lambda attrs: None,
    gradient=core.NO_GRADIENT,
)


def no_op(name=None):
    """Operation that does nothing: something to hang control inputs on."""
    return NO_OP(name=name)


def _is_bundle(value):
    """Whether `value` is IndexedSlices or the like: tensors that go together."""
    return hasattr(value, "dense_shape") and not isinstance(value, Tensor)


def with_dependencies(dependencies, output_tensor, name=None):
    """`output_tensor`, available once all of `dependencies` have run.

    Parameters
    ----------
    dependencies : list of Operation or Tensor
    output_tensor : Tensor or IndexedSlices
    """
    from pyscope.ops.array import identity

    with name_scope(name, "control_dependency", [*dependencies, output_tensor]) as name:
        with colocate_with(output_tensor), control_dependencies(dependencies):
            output_tensor = convert_to_tensor_or_indexed_slices(output_tensor)
            if _is_bundle(output_tensor):
                return type(output_tensor)(identity(output_tensor.values, name=name), output_tensor.indices,
                                           output_tensor.dense_shape)
            return identity(output_tensor, name=name)


def _no_op_on(where, deps, name=None):
    with control_dependencies(deps):
        if where is None:
            return no_op(name=name)
        with device(where):
            return no_op(name=name)


def group(*inputs, **kwargs):
    """Operation that runs after all of `inputs`.

    Parameters
    ----------
    *inputs : Tensor, Operation, variable, or nested structures of these
    name : str, optional

    Raises
    ------
    TypeError
        When something else is among the inputs.
    """
    name = kwargs.pop("name", None)
    if kwargs:
        raise ValueError("Unknown keyword arguments: " + ", ".join(kwargs))
    found = core.grouped(inputs, name)
    if found is not None:
        return found
    with name_scope(name, "group_deps", inputs) as name:
        if not inputs:
            return no_op(name=name)
        if core.on_one_device(inputs):
            return _no_op_on(inputs[0].device, [*inputs], name)
        by_device = {}
        for x in nest.flatten(inputs, expand_composites=True):
            if not hasattr(x, "device"):
                raise TypeError(f"'inputs' should be zero or more (nested) Tensors. Received '{x}' with type "
                                f"'{type(x)}'.")
            by_device.setdefault(x.device, []).append(x)
        if len(by_device) == 1:
            ((where, deps),) = by_device.items()
            return _no_op_on(where, deps, name)
        deps = [_no_op_on(where, by_device[where]) for where in sorted(by_device, key=lambda d: d or "")]
        with control_dependencies(deps):
            return no_op(name=name)


def tuple(tensors, name=None, control_inputs=None):
    """The tensors of a list, each available only when all of them (and `control_inputs`) are.

    Raises
    ------
    ValueError
        When the list has no tensor.
    """
    with name_scope(name, "tuple", tensors) as name:
        tensors = [t if t is None or isinstance(t, (Operation, Tensor)) or _is_bundle(t) else convert_to_tensor(t)
                   for t in tensors]
        gating = [t if isinstance(t, Operation) else t.op for t in tensors if t is not None]
        for c in control_inputs or []:
            if isinstance(c, Tensor):
                c = c.op
            elif not isinstance(c, Operation):
                raise TypeError(f"'control_inputs' must only contain Operation or Tensor. Received: {type(c)}")
            gating.append(c)
        gating = sorted(set(gating), key=lambda op: op._id)
        if not gating:
            raise ValueError(f"'tensors' must have at least one Tensor. Received: {tensors}.")
        gate = group(*gating)
        out = []
        for t in tensors:
            if t is None:
                out.append(None)
            elif isinstance(t, Operation):
                with control_dependencies([gate]):
                    out.append(group(t))
            else:
                out.append(with_dependencies([gate], t))
        return out
