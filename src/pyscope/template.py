"""Functions that make their variables on the first call and share them on the later ones."""

import functools
import logging

from . import scopes
from .graph import GraphKeys, get_default_graph


def make_template(name_, func_, create_scope_now_=False, unique_name_=None, custom_getter_=None, **kwargs):
    """A callable that runs `func_` in a variable scope of its own, reusing what the first call made.

    Parameters
    ----------
    name_ : str
        Scope of the variables, made unique.
    func_ : callable
        Makes variables with ``get_variable``.
    create_scope_now_ : bool
        Choose the scope now rather than at the first call.
    unique_name_ : str, optional
        Scope to use as it is.
    custom_getter_ : callable, optional
        Custom getter of the scope.
    **kwargs
        Passed to `func_` in every call.
    """
    if kwargs:
        func_ = functools.partial(func_, **kwargs)
    return Template(
        name_, func_, create_scope_now=create_scope_now_, unique_name=unique_name_, custom_getter=custom_getter_
    )


class Template:
    """What `make_template` returns."""

    def __init__(self, name, func, create_scope_now=False, unique_name=None, custom_getter=None):
        self._func = func
        self._name = name
        self._unique_name = unique_name
        self._custom_getter = custom_getter
        if name is None:
            raise ValueError("name cannot be None.")
        self._variable_scope = None
        if create_scope_now:
            with scopes._pure_variable_scope(
                unique_name or scopes._get_unique_variable_scope(name), custom_getter=custom_getter
            ) as scope:
                self._variable_scope = scope
        self._variables_created = False
        self._first_call = True

    def __call__(self, *args, **kwargs):
        if self._variable_scope:
            with scopes.variable_scope(self._variable_scope, reuse=not self._first_call):
                return self._call_func(args, kwargs)
        with scopes.variable_scope(self._unique_name, self._name, custom_getter=self._custom_getter) as scope:
            self._variable_scope = scope
            return self._call_func(args, kwargs)

    def _call_func(self, args, kwargs):
        try:
            if self._variables_created:
                return self._call_again(args, kwargs)
            if not self._first_call:  # called by itself, inside its first call
                return self._func(*args, **kwargs)
            self._first_call = False
            try:
                result = self._func(*args, **kwargs)
            except BaseException:
                self._first_call = True
                raise
            self._variables_created = True
            return result
        except Exception as error:
            where = "\n\noriginally defined at:\n"
            error.args = (f"{error.args[0] if error.args else ''}{where}", *error.args[1:])
            raise

    def _call_again(self, args, kwargs):
        graph = get_default_graph()
        n_variables = len(graph.get_collection_ref(GraphKeys.GLOBAL_VARIABLES))
        n_trainable = len(graph.get_collection_ref(GraphKeys.TRAINABLE_VARIABLES))
        result = self._func(*args, **kwargs)
        trainable = graph.get_collection_ref(GraphKeys.TRAINABLE_VARIABLES)
        if len(trainable) != n_trainable:
            raise ValueError(
                "Trainable variable created when calling a template after the first time, perhaps you used "
                f"tf.Variable when you meant tf.get_variable: {trainable[n_trainable:]}"
            )
        variables = graph.get_collection_ref(GraphKeys.GLOBAL_VARIABLES)
        if len(variables) != n_variables:
            logging.getLogger("pyscope").info(
                "New variables created when calling a template after the first time, perhaps you used tf.Variable "
                "when you meant tf.get_variable: %s",
                variables[n_variables:],
            )
        return result

    @property
    def name(self):
        """The name given."""
        return self._name

    @property
    def func(self):
        """The function given, with its keywords."""
        return self._func

    @property
    def variable_scope(self):
        """The VariableScope, None before it is chosen."""
        return self._variable_scope

    @property
    def var_scope(self):
        """Older name of `variable_scope`."""
        return self._variable_scope

    @property
    def variable_scope_name(self):
        """Prefix of the names of the variables, None before the scope is chosen."""
        if not self._variable_scope:
            return None
        name = self._variable_scope.name
        return name if not name or name[-1] == "/" else name + "/"

    def _collection(self, key):
        return get_default_graph().get_collection(key, self.variable_scope_name) if self._variables_created else []

    @property
    def variables(self):
        """Global and local variables of the template."""
        return self.global_variables + self.local_variables

    @property
    def trainable_variables(self):
        """Variables of the template that optimizers train."""
        return self._collection(GraphKeys.TRAINABLE_VARIABLES)

    @property
    def non_trainable_variables(self):
        """Global variables of the template that optimizers do not train."""
        trainable = set(self.trainable_variables)
        return [v for v in self.global_variables if v not in trainable]

    @property
    def global_variables(self):
        """Global variables of the template."""
        return self._collection(GraphKeys.GLOBAL_VARIABLES)

    @property
    def local_variables(self):
        """Local variables of the template."""
        return self._collection(GraphKeys.LOCAL_VARIABLES)

    weights = variables
    trainable_weights = trainable_variables
    non_trainable_weights = non_trainable_variables
