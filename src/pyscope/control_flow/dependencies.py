"""Automatic control dependencies: stateful operations of a function run, and in the order of the program."""

from pyscope import _core as core
from pyscope import dtypes

READ_ONLY_ATTR = "_read_only_resource_inputs"

# Operations that read the resources they take and change none.
READS = frozenset(["ReadVariableOp", "ResourceGather", "ResourceGatherNd", "VariableShape", "_ReadVariablesOp"])

# Stateful operations whose order does not matter and that run only when needed.
_UNORDERED = frozenset([
    "RandomUniform", "RandomUniformInt", "RandomStandardNormal", "ParameterizedTruncatedNormal", "TruncatedNormal",
    "RandomShuffle", "Multinomial", "RandomGamma", "RandomGammaGrad", "RandomPoisson", "RandomPoissonV2",
    "RestoreV2", "SaveV2",
])  # fmt: skip


def is_resource(tensor):
    """Whether a tensor is the handle of a resource."""
    return tensor.dtype is dtypes.resource


def read_only_attr(op):
    """Indices of the resource inputs that an If or While leaves alone; None for other operations."""
    try:
        return op._attr(READ_ONLY_ATTR)[1]
    except ValueError:
        return None


def _only_reads(op, tensor):
    if op.type in READS:
        return True
    indices = read_only_attr(op)
    return bool(indices) and any(op.inputs[i] is tensor for i in indices)


def read_only_inputs(graph):
    """Indices of the resource inputs of a function graph that nothing in it writes to."""
    return [i for i, t in enumerate(graph.inputs)
            if is_resource(t) and all(_only_reads(op, t) for op in t.consumers())]


def set_read_only_attr(op, graphs, offset):
    """Note on an If or While which of its inputs, from `offset` on, no branch writes to."""
    common = None
    for graph in graphs:
        found = set(read_only_inputs(graph))
        common = found if common is None else common & found
    op._set_attr(READ_ONLY_ATTR, ("list(int)", tuple(sorted(i + offset for i in common))))


def _is_stateful(op):
    return op.op_type.stateful and op.type not in _UNORDERED


class AutomaticControlDependencies:
    """Control inputs between the operations made in a function graph from `enter` to `exit`.

    Operations that touch the same resource keep their order, reads among themselves excepted; stateful ones without
    resources keep theirs; and all run before the function returns.
    """

    def __init__(self):
        self._returned = []
        self.ops_which_must_run = []

    def mark_as_return(self, value):
        """An identity of `value` (or of the tensors in it), which will wait for what must run."""
        from pyscope.indexed_slices import IndexedSlices
        from pyscope.ops.identity import identity
        from pyscope.sparse_tensor import SparseTensor

        if isinstance(value, (IndexedSlices, SparseTensor)):
            values, indices = identity(value.values), identity(value.indices)
            self._returned += [indices, values]
            if isinstance(value, IndexedSlices):
                return IndexedSlices(values, indices, value.dense_shape)
            return SparseTensor(indices, values, value.dense_shape)
        if hasattr(value, "flow") and hasattr(value, "_implementation"):
            from pyscope.tensor_array import build_ta_with_new_flow

            flow = identity(value.flow)
            self._returned.append(flow)
            return build_ta_with_new_flow(value, flow)
        value = identity(value)
        self._returned.append(value)
        return value

    def enter(self, graph):
        """Watch `graph` from here on."""
        self._graph = graph
        graph._add_control_dependencies = True
        self._n_operations = graph.n_operations

    def exit(self):
        """Add the control inputs."""
        graph = self._graph
        graph._add_control_dependencies = getattr(graph.outer_graph, "_add_control_dependencies", False)
        last_write = {}
        reads = {}
        must_run = []
        for op in graph.get_operations()[self._n_operations:]:
            if _is_stateful(op) and (op.type not in READS or any(t.consumers() for t in op.outputs)):
                must_run.append(op)
            controls = []
            seen = set()
            for t in op.inputs:
                if not is_resource(t) or t._id in seen:
                    continue
                seen.add(t._id)
                if t._id in last_write:
                    controls.append(last_write[t._id])
                if _only_reads(op, t):
                    reads.setdefault(t._id, []).append(op)
                else:
                    controls += reads.pop(t._id, [])
                    last_write[t._id] = op
            if _is_stateful(op) and not seen:
                if None in last_write:
                    controls.append(last_write[None])
                last_write[None] = op
            controls = [c for c in controls if c is not op]
            if controls:
                op._add_control_inputs(controls)
        self.ops_which_must_run = must_run
        if must_run and self._returned:
            with graph.as_default():
                from pyscope.control_flow.basic import no_op

                gate = no_op()
            gate._add_control_inputs(must_run)
            for t in self._returned:
                t.op._add_control_inputs([gate])


def controls_of(*graphs):
    """Operations outside that operations in these function graphs should wait for."""
    found = {}
    for graph in graphs:
        for element in graph.captured_controls.values():
            op = element.op if isinstance(element, core.Tensor) else element
            found[id(op)] = op
    return list(found.values())
