"""Sessions: run parts of a graph and keep the state of its variables.

The core runs single fetches and keeps plans (`core.BaseSession`); here are fetch structures, feeds of every
kind, the default session, and the rest of TF1's API.
"""

import threading
import warnings
from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from . import _core as core
from . import errors
from .device import DeviceSpec
from .indexed_slices import IndexedSlices, IndexedSlicesValue
from .sparse_tensor import SparseTensor, SparseTensorValue

__all__ = ["InteractiveSession", "Session", "get_default_session"]


_DEVICE = "/job:localhost/replica:0/task:0/device:CPU:0"  # the only one

# ---------------------------------------------------------------- the default session


class _Stack(threading.local):
    """Default sessions of a thread, innermost last."""

    def __init__(self):
        self.sessions = []


_STACK = _Stack()


def get_default_session():
    """The innermost default session of this thread, or None."""
    sessions = _STACK.sessions
    return sessions[-1] if sessions else None


class _AsDefault:
    """Context in which a session is this thread's default."""

    def __init__(self, session, nested=True):
        self._session = session
        self._nested = nested

    def __enter__(self):
        _STACK.sessions.append(self._session)
        return self._session

    def __exit__(self, *exc_info):
        sessions = _STACK.sessions
        if self._nested:
            if not sessions or sessions[-1] is not self._session:
                raise AssertionError(f"Nesting violated for default stack of {type(self._session)} objects")
            sessions.pop()
        elif self._session in sessions:
            # Interactive sessions may close in any order.
            del sessions[len(sessions) - 1 - sessions[::-1].index(self._session)]


def default_session(session):
    """Context in which `session` is the default."""
    return _AsDefault(session)


def _graph_of(session):
    try:
        return session.graph
    except AttributeError:
        kind = type(session).__name__
        raise errors.ArgumentTypeError(f"`session` must be a tf.Session, but got \"{kind}\"") from None


def eval_tensor(tensor, feed_dict=None, session=None):
    """What ``Tensor.eval`` does: its value in `session` or the default session."""
    if session is None:
        session = get_default_session()
        if session is None:
            raise ValueError(
                "Cannot evaluate tensor using `eval()`: No default session is registered. Use `with "
                "sess.as_default()` or pass an explicit session to `eval(session=sess)`"
            )
        if session.graph is not tensor.graph:
            raise ValueError(
                "Cannot use the default session to evaluate tensor: the tensor's graph is different from the "
                "session's graph. Pass an explicit session to `eval(session=sess)`."
            )
    elif _graph_of(session) is not tensor.graph:
        raise ValueError(
            "Cannot use the given session to evaluate tensor: the tensor's graph is different from the "
            "session's "
            "graph."
        )
    return session.run(tensor, feed_dict)


def run_operation(operation, feed_dict=None, session=None):
    """What ``Operation.run`` does: run it in `session` or the default session."""
    if session is None:
        session = get_default_session()
        if session is None:
            raise ValueError(
                "Cannot execute operation using `run()`: No default session is registered. Use `with "
                "sess.as_default():` or pass an explicit session to `run(session=sess)`"
            )
        if session.graph is not operation.graph:
            raise ValueError(
                "Cannot use the default session to execute operation: the operation's graph is different "
                "from the "
                "session's graph. Pass an explicit session to run(session=sess)."
            )
    elif _graph_of(session) is not operation.graph:
        raise ValueError(
            "Cannot use the given session to execute operation: the operation's graph is different from the "
            "session's graph."
        )
    session.run(operation, feed_dict)


# ---------------------------------------------------------------- fetches

# (class, fetch, feed, feed of a partial run): what a composite fetch consists of, with the function that puts
# the values together, and what a composite feed key and its value expand to.
_COMPOSITES: list = []


def register_session_run_conversion_functions(
    tensor_type, fetch_function, feed_function=None, feed_function_for_partial_run=None
):
    """Let sessions fetch and feed instances of `tensor_type`.

    Parameters
    ----------
    tensor_type : type
    fetch_function : callable
        ``f(obj) -> (fetches, contraction)``: a list of tensors, and what makes the result of their values.
    feed_function : callable, optional
        ``f(obj, value) -> [(tensor, value), ...]``.
    feed_function_for_partial_run : callable, optional
        ``f(obj) -> [tensor, ...]``.

    Raises
    ------
    ValueError
        If a class that is or contains `tensor_type` has been registered.
    """
    for known, *_ in _COMPOSITES:
        if issubclass(tensor_type, known):
            raise ValueError(f"{tensor_type} has already been registered so ignore it.")
    _COMPOSITES.insert(0, (tensor_type, fetch_function, feed_function, feed_function_for_partial_run))
    core.set_composites([row[0] for row in _COMPOSITES])


def _sparse_parts(t):
    return [t.indices, t.values, t.dense_shape], lambda values: SparseTensorValue(*values)


def _slices_tensors(t):
    return [t.values, t.indices] + ([] if t.dense_shape is None else [t.dense_shape])


def _slices_parts(t):
    return _slices_tensors(t), lambda values: IndexedSlicesValue(*values, *[None] * (3 - len(values)))


register_session_run_conversion_functions(
    SparseTensor,
    _sparse_parts,
    lambda t, value: list(zip((t.indices, t.values, t.dense_shape), value)),
    lambda t: [t.indices, t.values, t.dense_shape],
)
register_session_run_conversion_functions(
    IndexedSlices,
    _slices_parts,
    lambda t, value: list(zip(_slices_tensors(t), value)),
    _slices_tensors,
)


def _composite(value):
    for row in _COMPOSITES:
        if isinstance(value, row[0]):
            return row
    return None


class _Fetches:
    """One fetch structure: the distinct elements in it, and how their values are put together.

    A node of the structure is the index of an element, or ``(function, nodes)``.
    """

    def __init__(self, graph, fetches):
        self._graph = graph
        self.elements = {}  # Tensor or Operation -> index
        self._root = self._node(fetches)

    def _node(self, fetch):
        cls = type(fetch)
        if cls is core.Tensor or cls is core.Operation:
            return self._element(fetch, fetch)
        if fetch is None:
            raise TypeError(f'Argument `fetch` = {fetch} has invalid type "{cls.__name__}". Cannot be None')
        if cls is list:
            return list, [self._node(f) for f in fetch]
        if isinstance(fetch, (list, tuple)):
            nodes = [self._node(f) for f in fetch]
            if hasattr(fetch, "_fields"):
                return cls._make, nodes
            return cls, nodes
        if isinstance(fetch, Mapping):
            return _mapping_maker(fetch), [self._node(f) for f in fetch.values()]
        if hasattr(cls, "__attrs_attrs__"):
            names = [field.name for field in cls.__attrs_attrs__]
            return (lambda values: cls(*values)), [self._node(getattr(fetch, name)) for name in names]
        row = _composite(fetch)
        if row is not None:
            parts, contract = row[1](fetch)
            return contract, [self._element(part, fetch) for part in parts]
        return self._element(fetch, fetch)

    def _element(self, part, fetch):
        graph = self._graph
        if type(part) not in (core.Tensor, core.Operation) or part.graph is not graph:
            try:
                part = graph.as_graph_element(part, allow_tensor=True, allow_operation=True)
            except TypeError as e:
                raise TypeError(
                    f'Argument `fetch` = {fetch} has invalid type "{type(fetch).__name__}" must be a string '
                    f"or Tensor. ({e})"
                ) from e
            except (KeyError, ValueError) as e:
                text = f"Argument `fetch` = {fetch} cannot be interpreted as a Tensor. ({e})"
                raise ValueError(text) from e
        elements = self.elements
        index = elements.get(part)
        if index is None:
            index = elements[part] = len(elements)
        return index

    @property
    def is_single(self):
        """Whether the structure is one element alone."""
        return self._root == 0

    def build(self, values):
        """The structure with the values of `elements` in it."""
        return _build(self._root, values)


def _build(node, values):
    if node.__class__ is int:
        return values[node]
    function, nodes = node
    return function([_build(n, values) for n in nodes])


def _mapping_maker(fetch):
    cls, keys = type(fetch), list(fetch)

    def make(values):
        out = cls(fetch.default_factory) if isinstance(fetch, defaultdict) else cls()
        for key, value in zip(keys, values):
            out[key] = value
        return out

    return make


# ---------------------------------------------------------------- feeds


def _flat_items(feed_dict):
    """The items of a feed dict; tuples as keys are taken apart with their values."""
    if not isinstance(feed_dict, Mapping):
        raise TypeError(
            "FlattenDictItems: 'dict' must be a dictionary or collection.Mapping type object, instead of "
            f"'{type(feed_dict).__name__}'."
        )
    for key, value in feed_dict.items():
        if not isinstance(key, (list, tuple)):
            yield key, value
            continue
        keys, values = list(_flat(key)), list(_flat(value))
        if len(keys) != len(values):
            raise ValueError(
                f"Could not flatten dictionary. Key had {len(keys)} elements, but value had {len(values)} "
                "elements. "
                f"Key: {keys}, value: {values}."
            )
        yield from zip(keys, values)


def _flat(value):
    if isinstance(value, (list, tuple)):
        for v in value:
            yield from _flat(v)
    else:
        yield value


def _converted(value, numpy_type):
    """A Python int as the element type would hold it, to see whether it can."""
    if numpy_type is object:
        return str(value)
    return np.array(value).astype(numpy_type)[()]


def _as_feed(tensor, value):
    """`value` as an array of the dtype of `tensor`."""
    if isinstance(value, core.Tensor):
        raise TypeError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include Python "
            "scalars, strings, "
            f"lists, numpy ndarrays, or TensorHandles. For reference, the tensor object was {value} which "
            "was passed "
            f"to the argument `feed_dict` with key {tensor}."
        )
    dtype = tensor.dtype.base_dtype
    if dtype._kind == "h":
        return value
    numpy_type = dtype.as_numpy_dtype
    if isinstance(value, int) and _converted(value, numpy_type) != value:
        raise TypeError(
            f"Type of feed value {value} with type {type(value)} is not compatible with Tensor type "
            f"{numpy_type}. Try "
            "explicitly setting the type of the feed tensor to a larger type (e.g. int64)."
        )
    if numpy_type is object:
        array = np.asarray(value, dtype=object)
    else:
        array = np.asarray(value)
        if array.dtype != numpy_type:
            if array.dtype.kind == "c" and dtype._kind != "c":
                array = array.real
            with np.errstate(all="ignore"):
                array = array.astype(numpy_type)
    if not tensor.shape.is_compatible_with(array.shape):
        raise ValueError(
            f"Cannot feed value of shape {array.shape} for Tensor {tensor.name}, which has shape "
            f"{tensor.shape}"
        )
    return array


# ---------------------------------------------------------------- sessions


def _proto_name(dtype):
    """The name of a dtype in GraphDefs."""
    return {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}.get(dtype.name, dtype.name.upper())


class BaseSession(core.BaseSession):
    """A session without a context: what `Session` and `InteractiveSession` share.

    Parameters
    ----------
    target : str, optional
        Only "", this process.
    graph : Graph, optional
        The graph to run; the default graph if not given.
    config : ConfigProto, optional
    """

    def __init__(self, target="", graph=None, config=None):
        if graph is None:
            graph = core.get_default_graph()
        elif not isinstance(graph, core.Graph):
            raise TypeError(f'Argument `graph` must be a tf.Graph, but got "{type(graph).__name__}"')
        self._closed = True  # until everything below held
        super().__init__(graph)
        self._target = ""
        if target is not None:
            try:
                self._target = target.decode() if isinstance(target, bytes) else target + ""
            except TypeError:
                raise TypeError(
                    f'Argument `target` must be a string, but got "{type(target).__name__}"'
                ) from None
        if config is not None and not hasattr(config, "intra_op_parallelism_threads"):
            raise TypeError(f'Argument `config` must be a tf.ConfigProto, but got "{type(config).__name__}"')
        if self._target not in ("", "local"):
            raise errors.NotFoundError(
                None,
                None,
                "No session factory registered for the given session options: "
                f'{{target: "{self._target}"}} Registered factories are {{DIRECT_SESSION}}.',
            )
        self._config = config
        if config is not None:
            self._set_threads(config.intra_op_parallelism_threads, _steps_beside(config))
            self._use_rewrites(_rewrites(config.graph_options))
        self._partial_runs = {}
        self._partial_count = 0
        self._closed = False

    @property
    def graph_def(self):
        """The graph as a GraphDef message."""
        return self.graph.as_graph_def(add_shapes=False)

    @property
    def sess_str(self):
        """The target, as bytes."""
        return self._target.encode()

    def list_devices(self):
        """The devices that operations may run on: this process's CPU."""
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        return [_DeviceAttributes(_DEVICE, "CPU", 256 << 20, 1)]

    def close(self):
        """Let go of variables and all other state; the session cannot run any more."""
        if not self._closed:
            self._closed = True
            self._partial_runs.clear()
            self._forget()
            core.forget_arrays()

    def as_default(self):
        """Context in which this is the default session of the thread (it stays open afterwards)."""
        return _AsDefault(self)

    # ------------------------------------------------------------ what the core asks

    def _check_elements(self, fetches, feeds):
        """Refuse fetches and feeds that the graph keeps for itself."""
        graph = self.graph
        for tensor in feeds:
            if not graph.is_feedable(tensor):
                raise ValueError(f"Tensor {tensor.name} may not be fed.")
        for fetch in fetches:
            op = fetch if type(fetch) is core.Operation else fetch.op
            if not graph.is_fetchable(op):
                raise errors.InaccessibleTensorError(
                    f"Operation {op.name} has been marked as not fetchable. Typically this happens when it "
                    "is defined "
                    "in another function or code block. Use return values, explicit Python locals or "
                    "TensorFlow "
                    "collections to access it."
                )

    def _check_devices(self, asked):
        """Refuse devices that this process does not have, unless the configuration lets them be replaced.

        Parameters
        ----------
        asked : dict
            Device -> name of the first operation that is to run there.
        """
        if getattr(self._config, "allow_soft_placement", False):
            return
        for text, name in asked.items():
            device = DeviceSpec.from_string(text)
            if (
                device.job in (None, "localhost")
                and not device.replica
                and not device.task
                and device.device_type in (None, "CPU")
                and not device.device_index
            ):
                continue
            hint = " The requested device appears to be a GPU, but CUDA is not enabled."
            raise errors.InvalidArgumentError(
                None,
                None,
                f"Cannot assign a device for operation {name}: {{{{node {name}}}}} was explicitly assigned to "
                f"{device.to_string()} but available devices are [ {_DEVICE} ]. Make sure the device "
                "specification refers to a valid "
                f"device.{hint if device.device_type == 'GPU' else ''}\n\t [[{{{{node {name}}}}}]]",
            )

    def _check_kernel(self, op, lacking):
        """Refuse `op` if its type has no kernel for its element type; `lacking` is ``"attr: type|type"``."""
        attr, _, names = lacking.partition(": ")
        dtype = op._attr(attr)[1]
        if dtype.base_dtype.name in names.split("|"):
            raise errors.InvalidArgumentError(
                None,
                None,
                f"No OpKernel was registered to support Op '{op.type}' used by {{{{node {op.name}}}}} with these "
                f"attrs: [{attr}=DT_{_proto_name(dtype)}]\nRegistered devices: [CPU]\n\n\t [[{op.name}]]",
            )

    def _convert_feed(self, tensor, value):
        return _as_feed(tensor, value)

    # ------------------------------------------------------------ runs in general

    def _check_open(self):
        if self._closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if self.graph.version == 0:
            raise RuntimeError(
                "The Session graph is empty. Add operations to the graph before calling run()."
            )

    def _feeds(self, feed_dict):
        """A feed dict as Tensor -> array."""
        feeds = {}
        if not feed_dict:
            return feeds
        graph = self.graph
        for key, value in _flat_items(feed_dict):
            row = None if type(key) is core.Tensor else _composite(key)
            for part, part_value in [(key, value)] if row is None else row[2](key, value):
                if type(part) is not core.Tensor or part.graph is not graph:
                    try:
                        part = graph.as_graph_element(part, allow_tensor=True, allow_operation=False)
                    except Exception as e:
                        raise TypeError(f"Cannot interpret feed_dict key as Tensor: {e.args[0]}") from e
                feeds[part] = _as_feed(part, part_value)
        self._check_elements((), feeds)
        return feeds

    def _run(self, fetches, feed_dict, options, run_metadata):
        """`run` with any structure of fetches and any kind of feeds."""
        self._check_open()
        if options is not None and not hasattr(options, "trace_level"):
            raise errors.ArgumentTypeError(f"`options` must be a RunOptions, but got \"{type(options).__name__}\"")
        if run_metadata is not None and not hasattr(run_metadata, "step_stats"):
            kind = type(run_metadata).__name__
            raise errors.ArgumentTypeError(f"`run_metadata` must be a RunMetadata, but got \"{kind}\"")
        feeds = self._feeds(feed_dict)
        structure = _Fetches(self.graph, fetches)
        alone = options is not None and self._runs_alone(getattr(options, "inter_op_thread_pool", 0))
        trace = None
        if run_metadata is not None and options is not None and options.trace_level > 0:
            trace = []
        values = self._values(list(structure.elements), feeds, trace, alone)
        if trace is not None:
            _write_step_stats(run_metadata, trace)
        return structure.build(values)

    def _runs_alone(self, pool):
        """Whether a run that asks for a pool of its session is to run one step after the other."""
        pools = getattr(self._config, "session_inter_op_thread_pool", ())
        if pool < -1 or pool >= max(1, len(pools)):
            raise errors.InvalidArgumentError(None, None, f"Invalid inter_op_thread_pool: {pool}")
        return pool == -1 or pool > 0 and _steps_beside(self._config, pool) == 1

    def _values(self, elements, feeds, trace=None, alone=False):
        """The values of tensors and operations (None), in order."""
        self._check_elements(elements, ())
        values = [None] * len(elements)
        fetches, positions, targets = [], [], []
        for i, element in enumerate(elements):
            if type(element) is core.Operation:
                targets.append(element._id)
            elif element in feeds:
                values[i] = feeds[element]
            else:
                fetches.append(element._id)
                positions.append(i)
        if fetches or targets:
            found = self._run_ids(
                tuple(fetches), tuple([t._id for t in feeds]), tuple(targets), feeds.values(), trace, alone
            )
            for i, value in zip(positions, found):
                values[i] = value
        return values

    def plan(self, fetches, feeds=()):
        """What `run` would do for `fetches`, as text; PyScope's own, not part of TensorFlow's API.

        The lines name the registers of feeds and constants, then the steps in order: what each reads (``!`` where a
        value is used for the last time), which operations run together, and which results take the place of an
        input. Bytes and floating point operations are estimates from static shapes; ``RunMetadata`` has measured ones.

        Parameters
        ----------
        fetches : fetch structure
            As for `run`.
        feeds : iterable of tensors
            What would be fed.
        """
        self._check_open()
        tensors = [self.graph.as_graph_element(f, allow_tensor=True, allow_operation=False) for f in feeds]
        elements = [e for e in _Fetches(self.graph, fetches).elements if e not in tensors]
        return self._plan_text(
            tuple([e._id for e in elements if type(e) is core.Tensor]),
            tuple([t._id for t in tensors]),
            tuple([e._id for e in elements if type(e) is core.Operation]),
        )

    def make_callable(self, fetches, feed_list=None, accept_options=False):
        """A function that runs `fetches` with values for `feed_list` as its arguments.

        Parameters
        ----------
        fetches : fetch structure
            As for `run`.
        feed_list : list of tensors, optional
        accept_options : bool
            Whether the function takes ``options=`` and ``run_metadata=``.

        Raises
        ------
        TypeError, ValueError
            If a fetch or a feed cannot be one.
        """
        if feed_list is not None and not isinstance(feed_list, (list, tuple)):
            raise TypeError(f"Argument `feed_list` must be a list or tuple. Received: feed_list={feed_list}")
        feeds = list(feed_list or ())
        try:
            structure = _Fetches(self.graph, fetches)
            elements = list(structure.elements)
            self._check_elements(elements, ())
            tensors = [self.graph.as_graph_element(f, allow_tensor=True, allow_operation=False) for f in feeds]
            self._check_elements((), tensors)
        except Exception:
            if feed_list is None:
                raise
            # As in TF, with feeds the first call is what finds fault.
        else:
            if structure.is_single and elements[0] not in tensors and len(set(tensors)) == len(tensors):
                return core.Callable(self, elements[0], tensors)

        def run(*args, options=None, run_metadata=None):
            return self._run(fetches, dict(zip(feeds, args)), options, run_metadata)

        return run

    # ------------------------------------------------------------ partial runs

    def partial_run_setup(self, fetches, feeds=None):
        """Prepare a run in parts; the handle for `partial_run`.

        Parameters
        ----------
        fetches : fetch structure
            All that the parts will fetch.
        feeds : list, optional
            All that the parts will feed.
        """
        self._check_open()
        graph, tensors = self.graph, []
        for feed in feeds or ():
            row = None if type(feed) is core.Tensor else _composite(feed)
            for part in [feed] if row is None else row[3](feed):
                try:
                    tensors.append(graph.as_graph_element(part, allow_tensor=True, allow_operation=False))
                except Exception as e:
                    raise TypeError(f"Cannot interpret feed_list key as Tensor: {e.args[0]}") from e
        elements = list(_Fetches(graph, fetches).elements)
        if not elements:
            text = "Must specify at least one target to fetch or execute."
            raise errors.InvalidArgumentError(None, None, text)
        self._check_elements(elements, tensors)
        names = [[t.name for t in tensors]]
        names.append([e.name for e in elements if type(e) is core.Tensor])
        names.append([e.name for e in elements if type(e) is core.Operation])
        text = [",".join(n) for n in names]
        handle = f"{text[0]}->{text[1]}/{text[2]}/1/;{self._partial_count}"
        self._partial_count += 1
        self._partial_runs[handle] = core.PartialRun(self, elements, tensors)
        return handle

    def partial_run(self, handle, fetches, feed_dict=None):
        """Go on with the run `handle`: feed more, fetch more. Every operation runs at most once.

        Raises
        ------
        InvalidArgumentError
            If the handle is not (or no longer) that of a partial run, or a feed or fetch was not announced,
            has been used, or needs what has not been fed.
        """
        self._check_open()
        feeds = self._feeds(feed_dict)
        structure = _Fetches(self.graph, fetches)
        state = self._partial_runs.get(handle)
        if state is None:
            raise errors.InvalidArgumentError(None, None, "Must run 'setup' before performing partial runs!")
        values = state.advance(list(structure.elements), feeds)
        if state.done:
            del self._partial_runs[handle]
        return structure.build(values)


class Session(BaseSession):
    """Runs operations of a graph and holds the values of its variables.

    As a context manager it also makes its graph and itself the defaults, and closes itself at the end.

    Parameters
    ----------
    target : str, optional
        Only "", this process.
    graph : Graph, optional
        The graph to run; the default graph if not given.
    config : ConfigProto, optional
    """

    _contexts = None

    def __enter__(self):
        if self._contexts is not None:
            raise RuntimeError(
                "Session context managers are not re-entrant. Use `Session.as_default()` if you want to "
                "enter a "
                "session multiple times."
            )
        self._contexts = self.graph.as_default(), self.as_default()
        for context in self._contexts:
            context.__enter__()
        return self

    def __exit__(self, *exc_info):
        contexts, self._contexts = self._contexts, None
        for context in reversed(contexts):
            context.__exit__(*exc_info)
        self.close()

    @staticmethod
    def reset(target, containers=None, config=None):
        """Clear containers of a remote master; PyScope has none."""
        raise NotImplementedError("Session.reset: PyScope runs in this process only")


class InteractiveSession(BaseSession):
    """A session that is the default from its making to its `close`.

    Parameters
    ----------
    target : str, optional
    graph : Graph, optional
        Becomes the default graph, too, if given.
    config : ConfigProto, optional
    """

    _count = 0
    _count_lock = threading.Lock()

    def __init__(self, target="", graph=None, config=None):
        super().__init__(target, graph, config)
        with InteractiveSession._count_lock:
            if InteractiveSession._count > 0:
                warnings.warn(
                    "An interactive session is already active. This can cause out-of-memory errors in some "
                    "cases. You "
                    "must explicitly call `InteractiveSession.close()` to release resources held by the "
                    "other "
                    "session(s). Please use `tf.Session()` if you intend to productionize.",
                    stacklevel=2,
                )
            InteractiveSession._count += 1
        self._contexts = [_AsDefault(self, nested=False)]
        if graph is not None:
            self._contexts.append(graph.as_default())
        for context in self._contexts:
            context.__enter__()

    def close(self):
        """Close the session; the default is again what it was before."""
        if self._closed:
            return
        super().close()
        with InteractiveSession._count_lock:
            InteractiveSession._count -= 1
        for context in reversed(self._contexts):
            context.__exit__(None, None, None)


def _steps_beside(config, pool=0):
    """How many steps may run side by side; 0: as many as there are processors.

    There is one pool of threads for the process: of the pools that a session asks for, their sizes count.
    """
    pools = getattr(config, "session_inter_op_thread_pool", ())
    return (pools[pool].num_threads if pools else 0) or getattr(config, "inter_op_parallelism_threads", 0)


def _rewrites(options):
    """Names of the rewrites that ``ConfigProto.graph_options`` allows; all are on unless it says otherwise."""
    rewriter, optimizer = options.rewrite_options, options.optimizer_options
    if rewriter.disable_meta_optimizer:
        return ()
    off = type(rewriter).OFF
    names = {"identities", "shapes", "constants", "common", "fusion", "controls", "products", "convolutions"}
    if optimizer.opt_level < 0:
        names.clear()
        if optimizer.do_constant_folding:
            names |= {"constants", "shapes"}
        if optimizer.do_common_subexpression_elimination:
            names.add("common")
    for name, switches in (
        ("identities", ("dependency_optimization", "arithmetic_optimization")),
        ("controls", ("dependency_optimization",)),
        ("shapes", ("shape_optimization", "arithmetic_optimization")),
        ("constants", ("constant_folding",)),
        ("common", ("common_subgraph_elimination",)),
        ("fusion", ("remapping",)),
        ("products", ("remapping",)),
        ("convolutions", ("remapping",)),
    ):
        if any(getattr(rewriter, switch) == off for switch in switches):
            names.discard(name)
    return names


class _DeviceAttributes:
    """A device and what it has."""

    def __init__(self, name, device_type, memory_limit_bytes, incarnation):
        self.name = name
        self.device_type = device_type
        self.memory_limit_bytes = memory_limit_bytes
        self.incarnation = incarnation

    def __repr__(self):
        parts = self.name, self.device_type, self.memory_limit_bytes, self.incarnation
        return f"_DeviceAttributes({', '.join(map(str, parts))})"


def _write_step_stats(run_metadata, trace):
    """Put the times and outputs of the steps of a run into ``run_metadata.step_stats``."""
    device = run_metadata.step_stats.dev_stats.add()
    device.device = _DEVICE
    for op, start, end, outputs, fused in trace:
        node = device.node_stats.add()
        node.node_name = op.name
        node.all_start_micros = start // 1000
        node.op_end_rel_micros = node.all_end_rel_micros = (end - start) // 1000
        node.all_start_nanos = start
        node.op_end_rel_nanos = node.all_end_rel_nanos = end - start
        node.timeline_label = f"{op.name} = {op.type}({', '.join([t.op.name for t in op.inputs])})"
        if fused:
            node.timeline_label += f", run together with {', '.join([n for n in fused if n != op.name])}"
        for slot, facts in enumerate(outputs):
            if facts is not None:
                dtype, shape, n_bytes = facts
                output = node.output.add()
                output.slot = slot
                description = output.tensor_description
                description.dtype = op.outputs[slot].dtype.base_dtype._enum
                for size in shape:
                    description.shape.dim.add().size = size
                description.allocation_description.requested_bytes = n_bytes
