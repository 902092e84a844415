"""Optimizer: computes gradients, and applies them by the rule of its subclass."""

from .. import _core as core
from .. import dtypes, nest
from ..control_flow.basic import group
from ..control_flow.basic import tuple as gate
from ..conversion import convert_to_tensor, convert_to_tensor_or_indexed_slices
from ..gradients import gradients
from ..graph import (
    GraphKeys,
    colocate_with,
    control_dependencies,
    get_collection,
    get_collection_ref,
    get_default_graph,
    init_scope,
)
from ..indexed_slices import IndexedSlices
from ..variables import BaseResourceVariable, ResourceVariable, Variable, is_resource_variable
from . import slots

__all__ = ["Optimizer"]


def _without_duplicates(values, indices):
    """Values and indices with each index once, the values of equal ones added up."""
    from ..ops import array
    from ..ops.segment import unsorted_segment_sum
    from ..ops.select import unique

    unique_indices, positions = unique(indices)
    summed = unsorted_segment_sum(values, positions, array.shape(unique_indices)[0])
    return summed, unique_indices


def _key(variable):
    return (variable.op.graph, variable.op.name)


class _RefTarget:
    """How gradients reach a reference variable."""

    def __init__(self, variable):
        self.variable = variable

    def target(self):
        return self.variable._ref()

    def alike(self, grad):
        return None

    def update(self, optimizer, grad):
        if isinstance(grad, core.Tensor):
            return _constrained(self.variable, optimizer._apply_dense(grad, self.variable))
        _check_unconstrained(self.variable)
        return optimizer._apply_sparse_duplicate_indices(grad, self.variable)


class _ResourceTarget:
    """How gradients reach a resource variable."""

    def __init__(self, variable):
        self.variable = variable

    def target(self):
        return self.variable

    def alike(self, grad):
        """What the nodes of an update follow from; None if they follow from more."""
        variable = self.variable
        if type(grad) is not core.Tensor or variable.constraint is not None or variable.op.device:
            return None
        if variable._cached_value is not None:
            return None
        return variable.dtype, variable.shape._dims, grad.dtype, grad.shape._dims

    def update(self, optimizer, grad):
        if isinstance(grad, IndexedSlices):
            _check_unconstrained(self.variable)
            return optimizer._resource_apply_sparse_duplicate_indices(grad.values, self.variable, grad.indices)
        return _constrained(self.variable, optimizer._resource_apply_dense(grad, self.variable))


class _TensorTarget:
    """A tensor: it has gradients, but cannot be changed."""

    def __init__(self, tensor):
        self.tensor = tensor

    def target(self):
        return self.tensor

    def alike(self, grad):
        return None

    def update(self, optimizer, grad):
        raise NotImplementedError("Trying to update a Tensor ", self.tensor)


def _constrained(variable, update):
    """`update`, followed by the projection of the variable's constraint."""
    if variable.constraint is None:
        return update
    with control_dependencies([update]):
        return variable.assign(variable.constraint(variable))


def _is_own(optimizer):
    """Whether an optimizer is one of PyScope's: its updates follow from dtypes and shapes."""
    return type(optimizer).__module__.startswith("pyscope.optimizers.")


def _check_unconstrained(variable):
    if variable.constraint is not None:
        raise RuntimeError("Cannot use a constraint function on a sparse variable.")


def _target(variable):
    if variable.op.type == "VarHandleOp":
        return _ResourceTarget(variable)
    if isinstance(variable, Variable):
        return _RefTarget(variable)
    if isinstance(variable, core.Tensor):
        return _TensorTarget(variable)
    raise NotImplementedError("Trying to optimize unsupported type ", variable)


class Optimizer:
    """Base class of optimizers.

    A subclass makes its slots in `_create_slots`, its tensors in `_prepare`, and returns the operation or tensor that
    updates one variable from `_apply_dense`, `_apply_sparse` (reference variables), `_resource_apply_dense` and
    `_resource_apply_sparse` (resource variables).

    Parameters
    ----------
    use_locking : bool
        Lock variables while they are updated.
    name : str
        Scope of the updates, and part of the names of slots.
    use_own_namescope_for_non_slot_vars : bool
        Put variables that belong to no trained variable into a scope of their own.
    """

    GATE_NONE = 0
    GATE_OP = 1
    GATE_GRAPH = 2

    def __init__(self, use_locking, name, use_own_namescope_for_non_slot_vars=False):
        if not name:
            raise ValueError("Must specify the optimizer name")
        self._use_locking = use_locking
        self._name = name
        self._use_own_namescope_for_non_slot_vars = use_own_namescope_for_non_slot_vars
        if use_own_namescope_for_non_slot_vars:
            from ..scopes import variable_scope

            with variable_scope(None, default_name=name) as scope:
                self._non_slot_variable_scope = scope
        self._slots = {}            # slot name -> {key of the variable: its slot}
        self._non_slot_dict = {}    # (name, graph) -> variable

    def get_name(self):
        """The optimizer's name."""
        return self._name

    # ------------------------------------------------------------ what programs call

    def minimize(
        self,
        loss,
        global_step=None,
        var_list=None,
        gate_gradients=GATE_OP,
        aggregation_method=None,
        colocate_gradients_with_ops=False,
        name=None,
        grad_loss=None,
    ):
        """Operation that changes the variables to make `loss` smaller: gradients computed, then applied.

        Parameters
        ----------
        loss : Tensor
        global_step : Variable, optional
            Incremented after the update.
        var_list : list of Variable, optional
            What to train; default all trainable variables.
        gate_gradients : GATE_NONE, GATE_OP or GATE_GRAPH
            What has to be computed before a gradient is used: nothing else, the other gradients of the same
            operation, or all gradients.
        aggregation_method : int, optional
            One of `AggregationMethod`.
        colocate_gradients_with_ops : bool
            Place gradient operations with the operations they belong to.
        name : str, optional
            Default the optimizer's name.
        grad_loss : Tensor, optional
            Gradient of `loss`; default 1.

        Raises
        ------
        ValueError
            If `loss` depends on none of the variables.
        """
        grads_and_vars = self.compute_gradients(
            loss,
            var_list=var_list,
            gate_gradients=gate_gradients,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
            grad_loss=grad_loss,
        )
        if all(grad is None for grad, _ in grads_and_vars):
            raise ValueError(
                "No gradients provided for any variable, check your graph for ops that do not support gradients, "
                f"between variables {[str(variable) for _, variable in grads_and_vars]} and loss {loss}."
            )
        return self.apply_gradients(grads_and_vars, global_step=global_step, name=name)

    def compute_gradients(
        self,
        loss,
        var_list=None,
        gate_gradients=GATE_OP,
        aggregation_method=None,
        colocate_gradients_with_ops=False,
        grad_loss=None,
    ):
        """Pairs (gradient, variable) for `loss`; parameters as for `minimize`.

        Returns
        -------
        list of (Tensor, IndexedSlices or None, Variable)

        Raises
        ------
        ValueError
            If there are no variables, or one is not floating point.
        """
        if callable(loss):
            raise NotImplementedError("Optimizer.compute_gradients of a callable loss: it needs tf.GradientTape")
        if gate_gradients not in (Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH):
            raise ValueError(
                "gate_gradients must be one of: Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH.  Not "
                f"{gate_gradients}"
            )
        self._assert_valid_dtypes([loss])
        if grad_loss is not None:
            self._assert_valid_dtypes([grad_loss])
        if var_list is None:
            var_list = get_collection(GraphKeys.TRAINABLE_VARIABLES) + get_collection(
                GraphKeys.TRAINABLE_RESOURCE_VARIABLES
            )
        else:
            var_list = nest.flatten(var_list)
        targets = [_target(variable) for variable in var_list]
        if not var_list:
            raise ValueError("No variables to optimize.")
        grads = gradients(
            loss,
            [target.target() for target in targets],
            grad_ys=grad_loss,
            gate_gradients=gate_gradients == Optimizer.GATE_OP,
            aggregation_method=aggregation_method,
            colocate_gradients_with_ops=colocate_gradients_with_ops,
        )
        if gate_gradients == Optimizer.GATE_GRAPH:
            grads = gate(grads)
        pairs = list(zip(grads, var_list))
        self._assert_valid_dtypes([v for g, v in pairs if g is not None and v.dtype != dtypes.resource])
        return pairs

    def apply_gradients(self, grads_and_vars, global_step=None, name=None):
        """Operation that applies gradients to variables.

        Parameters
        ----------
        grads_and_vars : iterable of (gradient, Variable)
            As from `compute_gradients`; pairs with None as the gradient are left out.
        global_step : Variable, optional
            Incremented after the update.
        name : str, optional
            Default the optimizer's name.

        Raises
        ------
        TypeError
            If a gradient is neither a Tensor nor IndexedSlices.
        ValueError
            If no gradient is given.
        """
        grads_and_vars = tuple(grads_and_vars)
        if not grads_and_vars:
            raise ValueError("No variables provided.")
        updates = []
        for grad, variable in grads_and_vars:
            if grad is not None:
                try:
                    grad = convert_to_tensor_or_indexed_slices(grad)
                except TypeError:
                    raise TypeError(
                        f"Gradient must be convertible to a Tensor or IndexedSlices, or None: {grad}"
                    ) from None
                if not isinstance(grad, (core.Tensor, IndexedSlices)):
                    raise TypeError(f"Gradient must be a Tensor, IndexedSlices, or None: {grad}")
            updates.append((grad, variable, _target(variable)))
        var_list = [variable for grad, variable, _ in updates if grad is not None]
        if not var_list:
            raise ValueError(f"No gradients provided for any variable: {[str(v) for _, v, _ in updates]}.")
        with init_scope():
            self._create_slots(var_list)
        update_ops = []
        with core.name_scope(name, self._name) as name:
            self._prepare()
            repeated = core.RepeatedUpdates(get_default_graph()) if _is_own(self) else None
            for grad, variable, target in updates:
                if grad is None:
                    continue
                key = None if repeated is None else target.alike(grad)
                if key is None:
                    with core.name_scope("update_" + variable.op.name), colocate_with(variable):
                        update_ops.append(target.update(self, grad))
                else:
                    update_ops.append(self._update_like(repeated, key, grad, variable, target))
            if global_step is None:
                applied = self._finish(update_ops, name)
            else:
                with control_dependencies([self._finish(update_ops, "update")]), colocate_with(global_step):
                    applied = _increment(global_step, name)
            if isinstance(applied, core.Tensor):
                applied = applied.op
            train_ops = get_collection_ref(GraphKeys.TRAIN_OP)
            if applied not in train_ops:
                train_ops.append(applied)
            return applied

    def _update_like(self, repeated, key, grad, variable, target):
        """The update of a variable, built as that of the first one like it."""

        def update():
            with colocate_with(variable):
                return target.update(self, grad)

        variable_key = _key(variable)
        tensors = [variable.handle, grad]
        for named in self._slots.values():
            slot = named.get(variable_key)
            if slot is not None:
                tensors.append(slot.handle if is_resource_variable(slot) else slot._ref())
        return repeated.make("update_" + variable.op.name, (key, len(tensors)), tensors, update)

    def get_slot(self, var, name):
        """Slot `name` of a variable; None if there is none."""
        named = self._slots.get(name)
        return named.get(_key(var)) if named else None

    def get_slot_names(self):
        """Names of the optimizer's slots, sorted."""
        return sorted(self._slots)

    def variables(self):
        """The optimizer's own variables in the default graph, sorted by name."""
        graph = get_default_graph()
        found = [v for v in self._non_slot_variables() if v.op.graph is graph]
        for named in self._slots.values():
            found += [slot for slot in named.values() if slot.op.graph is graph]
        return sorted(found, key=lambda v: v.name)

    # ------------------------------------------------------------ what subclasses provide

    def _valid_dtypes(self):
        """Types that can be trained."""
        return {dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64}

    def _create_slots(self, var_list):
        """Make the slots of the variables."""

    def _prepare(self):
        """Make the tensors that all updates share."""

    def _apply_dense(self, grad, var):
        """Update of a reference variable by a Tensor."""
        raise NotImplementedError()

    def _resource_apply_dense(self, grad, handle):
        """Update of a resource variable by a Tensor."""
        raise NotImplementedError()

    def _apply_sparse(self, grad, var):
        """Update of a reference variable by IndexedSlices without repeated indices."""
        raise NotImplementedError()

    def _resource_apply_sparse(self, grad, handle, indices):
        """Update of the rows `indices`, none repeated, of a resource variable."""
        raise NotImplementedError()

    def _apply_sparse_duplicate_indices(self, grad, var):
        """Update of a reference variable by IndexedSlices; rows that come several times are added up first."""
        values, indices = _without_duplicates(grad.values, grad.indices)
        return self._apply_sparse(IndexedSlices(values, indices, grad.dense_shape), var)

    def _resource_apply_sparse_duplicate_indices(self, grad, handle, indices):
        """Update of the rows `indices` of a resource variable; those that come several times are added up first."""
        values, unique_indices = _without_duplicates(grad, indices)
        return self._resource_apply_sparse(values, handle, unique_indices)

    def _finish(self, update_ops, name_scope):
        """Operation that runs after all updates."""
        return group(*update_ops, name=name_scope)

    # ------------------------------------------------------------ what subclasses call

    def _slot_dict(self, slot_name):
        return self._slots.setdefault(slot_name, {})

    def _slot(self, var, slot_name, create):
        named = self._slot_dict(slot_name)
        key = _key(var)
        if key not in named:
            named[key] = create()
        return named[key]

    def _get_or_make_slot(self, var, val, slot_name, op_name):
        """Slot `slot_name` of `var`, made to start as the tensor `val` if there is none."""
        return self._slot(var, slot_name, lambda: slots.create_slot(var, val, op_name))

    def _get_or_make_slot_with_initializer(self, var, initializer, shape, dtype, slot_name, op_name):
        """Slot `slot_name` of `var`, made with an initializer if there is none."""
        return self._slot(
            var,
            slot_name,
            lambda: slots.create_slot_with_initializer(var, initializer, shape, dtype, op_name),
        )

    def _zeros_slot(self, var, slot_name, op_name):
        """Slot `slot_name` of `var`, made of zeros if there is none."""
        return self._slot(var, slot_name, lambda: slots.create_zeros_slot(var, op_name))

    def _create_non_slot_variable(self, initial_value, name, colocate_with):
        """A variable of the optimizer that belongs to no trained variable; made once per graph."""
        key = (name, colocate_with.graph)
        variable = self._non_slot_dict.get(key)
        if variable is None:
            variable = self._make_number_quickly(initial_value, name, colocate_with)
            if variable is None:
                with colocate_with.graph.colocate_with(colocate_with):
                    variable = self._make_non_slot_variable(initial_value, name, is_resource_variable(colocate_with))
            self._non_slot_dict[key] = variable
        return variable

    def _make_number_quickly(self, initial_value, name, beside):
        """As `_make_non_slot_variable`, for a float beside a resource variable; None if that is not simple."""
        graph = get_default_graph()
        if (
            type(initial_value) is not float
            or self._use_own_namescope_for_non_slot_vars
            or type(beside) is not ResourceVariable
            or beside.op.graph is not graph
            or beside.op.device
            or graph._variable_creator_stack
            or not core.can_build_quickly(graph)
        ):
            return None
        return ResourceVariable._plain(
            graph, name, lambda: initial_value, None, None, None, trainable=False, beside=beside.op
        )

    def _make_non_slot_variable(self, initial_value, name, use_resource):
        if not self._use_own_namescope_for_non_slot_vars:
            return Variable(initial_value, name=name, trainable=False, use_resource=use_resource)
        from ..scopes import get_variable, variable_scope

        with core.name_scope(""), variable_scope(self._non_slot_variable_scope):
            return get_variable(initializer=initial_value, name=name, trainable=False, use_resource=use_resource)

    def _get_non_slot_variable(self, name, graph=None):
        return self._non_slot_dict.get((name, graph))

    def _non_slot_variables(self):
        return self._non_slot_dict.values()

    def _assert_valid_dtypes(self, tensors):
        valid = self._valid_dtypes()
        for t in tensors:
            dtype = t.dtype.base_dtype
            if dtype not in valid:
                raise ValueError(f"Invalid type {dtype!r} for {t.name}, expected: {list(valid)}.")

    def _call_if_callable(self, param):
        return param() if callable(param) else param


def _increment(global_step, name):
    """Operation or tensor `name` that adds 1 to the global step."""
    from ..ops import resource, state

    if isinstance(global_step, BaseResourceVariable):
        one = convert_to_tensor(1, dtype=global_step.dtype)
        return resource.ASSIGN_ADD_VARIABLE_OP(global_step.handle, one, name=name)
    return state.assign_add(global_step, 1, name=name)
