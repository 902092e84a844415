"""``import tensorflow`` as PyScope: a finder that answers for ``tensorflow`` and every module below it.

``tensorflow.nn`` and ``tensorflow.compat.v1.nn`` are ``pyscope.nn``; ``tensorflow.python.ops.math_ops`` and
its like look their names up where INTERNALS says. The modules made here are empty and find a name when it is
asked for, so that importing one costs nothing, and a name PyScope lacks fails where the program uses it.
"""

import importlib
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

# What programs see when they compare versions. The API is that of the last 1.x release.
TENSORFLOW_VERSION = "1.15.5"

_VERSION_NAMES = {
    "__version__": TENSORFLOW_VERSION,
    "VERSION": TENSORFLOW_VERSION,
    "GIT_VERSION": "unknown",
    "__git_version__": "unknown",
    "COMPILER_VERSION": "unknown",
    "__compiler_version__": "unknown",
}

# tensorflow.<key> finds its names in these modules of pyscope, in this order; "." is pyscope itself.
# Packages (tensorflow.python.ops) follow from the keys.
INTERNALS = {
    "python": ".",
    "python.client.session": ". session",
    "python.eager.context": ".",
    "python.framework.constant_op": ". conversion",
    "python.framework.dtypes": "dtypes .",
    "python.framework.errors": "errors",
    "python.framework.errors_impl": "errors",
    "python.framework.function": ".",
    "python.framework.graph_util": "graph_util",
    "python.framework.importer": ".",
    "python.framework.indexed_slices": ". indexed_slices",
    "python.framework.ops": ". graph conversion indexed_slices gradients",
    "python.framework.random_seed": ". ops.random",
    "python.framework.sparse_tensor": ". sparse_tensor",
    "python.framework.tensor_conversion_registry": ". conversion",
    "python.framework.tensor_shape": "tensor_shape .",
    "python.framework.tensor_util": ". static_value protos",
    "python.layers.base": "layers",
    "python.layers.core": "layers",
    "python.layers.layers": "layers",
    "python.lib.io.file_io": "gfile",
    "python.ops.array_ops": ". ops.array",
    "python.ops.bitwise_ops": "bitwise",
    "python.ops.check_ops": "debugging .",
    "python.ops.clip_ops": ". clip",
    "python.ops.cond": ". control_flow",
    "python.ops.confusion_matrix": "math .",
    "python.ops.control_flow_ops": ". control_flow ops.control",
    "python.ops.custom_gradient": ".",
    "python.ops.data_flow_ops": ".",
    "python.ops.embedding_ops": "nn .",
    "python.ops.functional_ops": ".",
    "python.ops.gradients": ". gradients",
    "python.ops.gradients_impl": ". gradients",
    "python.ops.gradients_util": ". gradients",
    "python.ops.init_ops": ". initializers",
    "python.ops.initializers_ns": "initializers",
    "python.ops.linalg_ops": "linalg .",
    "python.ops.logging_ops": ". ops.logging",
    "python.ops.losses.losses": "losses",
    "python.ops.losses.losses_impl": "losses",
    "python.ops.losses.util": "losses",
    "python.ops.map_fn": ".",
    "python.ops.math_ops": ". math ops.math",
    "python.ops.metrics": "metrics",
    "python.ops.nn": "nn .",
    "python.ops.nn_impl": "nn .",
    "python.ops.nn_ops": "nn ops.nn",
    "python.ops.numerics": "debugging .",
    "python.ops.partitioned_variables": ". partitioners variables",
    "python.ops.random_ops": ". random ops.random",
    "python.ops.resource_variable_ops": ". variables",
    "python.ops.rnn": "nn",
    "python.ops.rnn_cell": "nn.rnn_cell",
    "python.ops.rnn_cell_impl": "nn.rnn_cell",
    "python.ops.script_ops": ". ops.script",
    "python.ops.sparse_ops": "sparse .",
    "python.ops.special_math_ops": ". math",
    "python.ops.standard_ops": ".",
    "python.ops.state_ops": ". ops.state",
    "python.ops.string_ops": "strings .",
    "python.ops.summary_ops": "summary",
    "python.ops.template": ". template",
    "python.ops.tensor_array_ops": ".",
    "python.ops.variable_scope": ". scopes",
    "python.ops.variables": ". variables",
    "python.ops.while_loop": ". control_flow",
    "python.platform.app": "app",
    "python.platform.flags": "flags",
    "python.platform.gfile": "gfile",
    "python.platform.googletest": "test",
    "python.platform.resource_loader": "resource_loader",
    "python.platform.sysconfig": "sysconfig",
    "python.platform.test": "test",
    "python.platform.tf_logging": "logging",
    "python.summary.summary": "summary",
    "python.training.adadelta": "train",
    "python.training.adagrad": "train",
    "python.training.adam": "train",
    "python.training.basic_session_run_hooks": "train",
    "python.training.checkpoint_utils": "train",
    "python.training.coordinator": "train",
    "python.training.ftrl": "train",
    "python.training.gradient_descent": "train",
    "python.training.input": "train",
    "python.training.learning_rate_decay": "train",
    "python.training.momentum": "train",
    "python.training.monitored_session": "train",
    "python.training.moving_averages": "train",
    "python.training.optimizer": "train",
    "python.training.proximal_adagrad": "train",
    "python.training.proximal_gradient_descent": "train",
    "python.training.queue_runner": "train",
    "python.training.rmsprop": "train",
    "python.training.saver": "train",
    "python.training.session_manager": "train",
    "python.training.session_run_hook": "train",
    "python.training.slot_creator": "optimizers.slots train",
    "python.training.supervisor": "train",
    "python.training.training": "train",
    "python.training.training_util": "train",
    "python.util.compat": "compat",
    "python.util.nest": "nest",
    "core.example.example_pb2": "protos",
    "core.example.feature_pb2": "protos",
    "core.framework.attr_value_pb2": "protos",
    "core.framework.function_pb2": "protos",
    "core.framework.graph_pb2": "protos",
    "core.framework.node_def_pb2": "protos",
    "core.framework.op_def_pb2": "protos",
    "core.framework.step_stats_pb2": "config protos",
    "core.framework.summary_pb2": "protos",
    "core.framework.tensor_pb2": "protos",
    "core.framework.tensor_shape_pb2": "protos",
    "core.framework.types_pb2": "protos",
    "core.framework.variable_pb2": "protos",
    "core.framework.versions_pb2": "protos",
    "core.protobuf.config_pb2": "config",
    "core.protobuf.meta_graph_pb2": "protos",
    "core.util.event_pb2": "protos",
}

_PACKAGES = {key.rpartition(".")[0] for key in INTERNALS} | {"core", "compat"}


def install_as_tensorflow():
    """Make ``import tensorflow`` and the imports of its submodules mean PyScope in this process.

    Call it before anything imports TensorFlow; an installed TensorFlow is neither imported nor changed.
    ``tensorflow.__version__`` then reads "1.15.5". Shapes behave as in TensorFlow 1, so that programs that
    read ``x.get_shape()[1].value`` work: it calls `disable_v2_tensorshape`. A second call changes nothing.

    Raises
    ------
    RuntimeError
        If the real TensorFlow has been imported already.
    """
    if _FINDER in sys.meta_path:
        return
    if "tensorflow" in sys.modules:
        raise RuntimeError(
            "TensorFlow has been imported already: call pyscope.install_as_tensorflow() before the first "
            "import of tensorflow."
        )
    sys.meta_path.insert(0, _FINDER)
    import pyscope

    disable = getattr(pyscope, "disable_v2_tensorshape", None)
    if disable is not None:
        disable()


def uninstall_as_tensorflow():
    """Undo `install_as_tensorflow`: later imports of tensorflow find the real one, if there is any.

    Modules that were imported meanwhile keep the PyScope names they hold.
    """
    if _FINDER not in sys.meta_path:
        return
    sys.meta_path.remove(_FINDER)
    for name in [name for name, module in sys.modules.items() if isinstance(module, _FakeModule)]:
        del sys.modules[name]
    import pyscope

    enable = getattr(pyscope, "enable_v2_tensorshape", None)
    if enable is not None:
        enable()


class _FakeModule(ModuleType):
    """A module called ``tensorflow...`` whose names are those of one or more modules of pyscope."""

    def __init__(self, name, spaces):
        super().__init__(name)
        self._pyscope_spaces = spaces

    def __getattr__(self, name):
        if name == "__all__":
            return [key for key in dir(self) if not key.startswith("_")]
        full_name = f"{self.__name__}.{name}"
        if not name.startswith("__"):
            if _spaces(full_name) is not None:
                return importlib.import_module(full_name)
            for space in self._pyscope_spaces:
                try:
                    value = getattr(space, name)
                except AttributeError:
                    continue
                if isinstance(value, ModuleType):
                    continue  # a module of pyscope's own, as the public ones were found above
                self.__dict__[name] = value
                return value
        raise AttributeError(f"module '{self.__name__}' has no attribute '{name}': PyScope does not have it")

    def __dir__(self):
        names = set(self.__dict__) - {"_pyscope_spaces"}
        for space in self._pyscope_spaces:
            public = getattr(type(space), "public", None)
            names.update(dir(space) if public is None else public)
        return sorted(names)


class _Finder:
    """Finds and loads ``tensorflow`` and what is below it; sits first in ``sys.meta_path``."""

    def find_spec(self, name, path=None, target=None):
        if name != "tensorflow" and not name.startswith("tensorflow."):
            return None
        if _spaces(name) is None:
            parent, _, child = name.rpartition(".")
            # Without name=: given one, `from parent import child` would drop this message for its own.
            raise ModuleNotFoundError(f"cannot import '{child}' from '{parent}': PyScope does not have it")
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        module = _FakeModule(spec.name, _spaces(spec.name))
        if _public_path(spec.name) in ("", "version"):
            module.__dict__.update(_VERSION_NAMES)
        return module

    def exec_module(self, module):
        pass


_FINDER = _Finder()


def _public_path(full_name):
    """The part of ``tensorflow.compat.v1.x.y`` or ``tensorflow.x.y`` that PyScope knows: ``x.y``."""
    path = full_name[len("tensorflow.") :]
    while path == "compat.v1" or path.startswith("compat.v1."):
        path = path[len("compat.v1.") :]
    return path


def _spaces(full_name):
    """The modules of pyscope in which ``full_name`` looks names up; None when PyScope lacks the module."""
    path = _public_path(full_name)
    if path in INTERNALS:
        found = [space for space in map(_space, INTERNALS[path].split()) if space is not None]
        return found or None
    space = _public_space(path)
    if space is None:
        return [] if path in _PACKAGES or path == "version" else None
    return [space]


def _public_space(path):
    """The public namespace ``pyscope.<path>``, or None when there is none."""
    space = importlib.import_module("pyscope")
    for part in path.split(".") if path else ():
        # Modules that are not published, as pyscope.scopes, are nothing that TensorFlow programs should see.
        public = getattr(type(space), "public", None) or getattr(space, "__all__", ())
        value = getattr(space, part, None) if part in public else None
        if not isinstance(value, ModuleType):
            return None
        space = value
    return space


def _space(path):
    """The module ``pyscope.<path>``, public or not, or None when there is none; "." is pyscope itself."""
    space = _public_space("" if path == "." else path)
    if space is not None:
        return space
    name = f"pyscope.{path}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not (name + ".").startswith(error.name + "."):
            raise
        return None
