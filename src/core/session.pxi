# Sessions: what outlives a run, the cache of plans, and the short way for a run of one tensor or operation.

@cython.final
cdef class VariableState:
    """The value of one variable in one session; `value` is None until it is initialized.

    The value of a reference variable is a piece of memory: what was read from it is that memory, and changes with it.

    *Thread-safety*: kernels replace `value`; they write into it only while nobody else holds the array, or if `is_ref`.
    """

    def __init__(self, name="", dtype=None, is_ref=False):
        self.name = name
        self.dtype = dtype
        self.value = None
        self.is_ref = is_ref

    def put(self, value):
        """Make an array that nobody else may change the value; a reference variable's memory is kept if it fits."""
        old = self.value
        if self.is_ref and old is not None and old.size == value.size and old.dtype == value.dtype:
            if old is value:
                return
            if old.shape != value.shape:
                old = self.value = old.reshape(value.shape)
            old[...] = value
        else:
            self.value = value

    @property
    def shape(self):
        """The shape of a handle, which is a scalar."""
        return ()

    @property
    def ndim(self):
        return 0

    @property
    def size(self):
        return 1

    def __repr__(self):
        return f"<VariableState {self.name!r}>"


@cython.final
cdef class RunState:
    """One run of a session, the first argument of session kernels."""

    def __init__(self, *args, **kwargs):
        raise TypeError("a RunState is made by a Session for each run")

    @property
    def resources(self):
        """The session's resources: key -> object, kept from run to run."""
        return self.session.resources

    def op_state(self, Operation op not None, factory):
        """What `op` keeps between runs of this session; ``factory()`` makes it at first."""
        cdef tuple key = (op.graph, op._id)
        found = self.session.op_states.get(key)
        if found is None:
            found = self.session.op_states.setdefault(key, factory())
        return found

    def call(self, Graph function not None, args):
        """Run a function graph on `args`, one per element of ``function.inputs``; the list of its outputs' values.

        Its ``control_outputs`` always run. Calls nest as deep as functions call functions; a loop is the caller's.
        """
        cdef Plan plan = function_plan(self, function)
        cdef Frame* frame
        cdef int k
        if len(args) != plan.n_feeds:
            raise ValueError(f"function {(<object>function).name} takes {plan.n_feeds} inputs, got {len(args)}")
        frame = plan.borrow()
        k = 0
        for value in args:
            if not fits(<PyObject*>value, plan.types[k]):
                value = coerce(value, plan.types[k])
            Py_INCREF(value)
            frame.registers[k] = <PyObject*>value
            k += 1
        return run_plan(plan, frame, self, False)

    cdef int note(self, Plan plan, Frame* frame, Step* step, object started) except -1:
        """Keep when a step ran and what it made, for RunMetadata; of a group, the members that made something."""
        cdef int i
        cdef object end = time_ns(), names
        cdef Step* member
        if step.kind == STEP_FUSED:
            names = [plan.graph.node_name(step[i].node) for i in range(1, step.fused.n_steps + 1)]
            for i in range(1, step.fused.n_steps + 1):
                member = &step[i]
                if i == step.fused.n_steps:
                    self.trace.append((plan.graph.operation(member.node), started, end, made_by(frame, member), names))
                elif frame.registers[member.first_out] != NULL:
                    # The time is the group's, and stands with its last member.
                    self.trace.append(
                        (plan.graph.operation(member.node), started, started, made_by(frame, member), names))
            return 0
        names = joined_names(plan, step)
        if names is not None:
            names = [plan.graph.node_name(step.node)] + [name for _, name in names]
        self.trace.append((plan.graph.operation(step.node), started, end, made_by(frame, step), names))
        return 0


cdef list made_by(Frame* frame, Step* step):
    """(dtype, shape, bytes) of each array that a step made."""
    cdef list outputs = []
    cdef int k
    for k in range(step.first_out, step.first_out + step.n_out):
        value = None if frame.registers[k] == NULL else <object>frame.registers[k]
        outputs.append((value.dtype, value.shape, value.nbytes) if isinstance(value, np.ndarray) else None)
    return outputs


cdef class BaseSession:
    """State of a session, and its runs; `pyscope.session.Session` adds fetch structures and the rest of the API.

    *Thread-safety*: runs of one session may overlap; each has its own registers.
    """

    def __init__(self, Graph graph not None):
        self.graph = graph
        self.resources = {}
        self.op_states = {}
        self.plans = {}
        self.function_plans = {}
        self.list_plans = {}
        self.function_limit = PLANS_KEPT
        self.last_key = -1
        self.rewrites = REWRITE_ALL

    def _use_rewrites(self, names):
        """Let plans that are made from now on use these rewrites and no others."""
        self.rewrites = 0
        for name in names:
            self.rewrites = self.rewrites | <int>REWRITES[name]

    def _set_threads(self, int n_threads, int n_beside=0):
        """Let steps use `n_threads` threads, and run `n_beside` side by side; 0 stands for the CPUs of the process."""
        self.n_threads = threads_for(n_threads)
        self.n_beside = threads_for(n_beside)

    def _forget(self):
        """Let go of all state and plans."""
        self.resources = {}
        self.op_states = {}
        self.plans = {}
        self.function_plans = {}
        self.list_plans = {}
        self.last_plan = None
        self.last_key = -1

    cdef RunState new_run(self):
        cdef RunState run = RunState.__new__(RunState)
        run.session = self
        if len(self.function_plans) > self.function_limit:
            self.forget_functions()
        self.n_runs += 1
        run.step_id = self.n_runs
        return run

    cdef int forget_functions(self) except -1:
        """Let go of the plans of functions that have not run since this was done last."""
        cdef Plan plan
        cdef list unused = []
        for function, kept in self.function_plans.items():
            plan = <Plan>kept
            if not plan.has_run:
                unused.append(function)
            plan.has_run = False
        for function in unused:
            self.function_plans.pop(function, None)
        self.function_limit = max(<int>PLANS_KEPT, 2 * <int>len(self.function_plans))
        return 0

    cdef int load(self, Plan plan, Frame* frame, int k, object value) except -1:
        """Put the value of feed `k` into its register: in place if dtype and layout allow, else converted."""
        cdef PyObject* p = <PyObject*>value
        cdef int output = plan.feed_outputs[k]
        cdef int type_number = plan.types[k]
        if (type_number < 0 or type_number == cnp.NPY_OBJECT or not is_exact_array(p)
                or not fits(p, type_number) or not accepts(plan.graph.outputs[output].shape, <CArray*>p)):
            given = value
            value = converted_feed(given, type_number)
            if value is None or not accepts(plan.graph.outputs[output].shape, <CArray*><PyObject*>value):
                value = self._convert_feed(plan.graph.tensor(output), given)
                if type_number == cnp.NPY_OBJECT:
                    value = as_bytes(value)
                elif not fits(<PyObject*>value, type_number):
                    value = coerce(value, type_number)
            p = <PyObject*>value
        Py_XINCREF(p)
        Py_XDECREF(frame.registers[k])
        frame.registers[k] = p
        return 0

    cdef int place(self) except -1:
        """Have the devices of nodes that are new to the session checked, and whether there are kernels for them."""
        cdef Graph g = self.graph
        cdef int i, n_nodes = g.n_nodes      # another thread may add more meanwhile
        cdef dict asked = {}         # device -> the first node that wants it
        for i in range(self.n_placed, n_nodes):
            if g.nodes[i].device >= 0:
                # TF's placer looks at operations without inputs last, and complains of the first it cannot place.
                device = g.names.strings[g.nodes[i].device]
                if device not in asked or (g.nodes[i].n_inputs and not g.nodes[<int>asked[device]].n_inputs):
                    asked[device] = i
            lacking = (<OpType>OP_TYPES[g.nodes[i].op_type]).lacking
            if lacking is not None:
                self._check_kernel(g.operation(i), lacking)
        if asked:
            self._check_devices({device: g.node_name(node) for device, node in asked.items()})
        self.n_placed = n_nodes
        return 0

    cdef Plan plan_for(self, tuple fetches, tuple feeds, tuple targets):
        """The plan for these output ids, fed output ids and node ids; made when first needed."""
        cdef tuple key = (fetches, feeds, targets)
        cdef Plan plan = <Plan>self.plans.get(key)
        if plan is None or plan.edit_count != self.graph.edit_count:
            if self.n_placed < self.graph.n_nodes:
                self.place()
            plan = make_plan(self.graph, list(fetches), list(feeds), list(targets), self.rewrites)
            if self.n_threads == 0:
                self.n_threads = self.n_beside = threads_for(0)
            plan.n_threads = self.n_threads
            plan.n_beside = self.n_beside if plan.program is None else 1
            keep_latest(self.plans, key, plan)
        elif len(self.plans) > PLANS_KEPT // 2:
            # Old plans go first: one that is used becomes the youngest.
            del self.plans[key]
            self.plans[key] = plan
        return plan

    def _plan_sizes(self):
        """How many plans the caches hold; for tests."""
        return len(self.plans), len(self.list_plans), len(self.function_plans)

    def _plan_text(self, tuple fetches, tuple feeds, tuple targets):
        """The plan for these output ids, fed output ids and node ids, as text."""
        return plan_text(self.plan_for(fetches, feeds, targets))

    cdef Plan plain_plan(self, object fetch, object feeds):
        """The plan for one fetch and a dict of fed tensors; None where that needs more care than this."""
        cdef Graph g = self.graph
        cdef long long code, key
        cdef int n_feeds = 0
        cdef Plan plan
        cdef tuple fetches = (), targets = ()
        cdef list ids
        if type(fetch) is Tensor:
            if (<Tensor>fetch).graph is not g:
                return None
            code = (<Tensor>fetch)._id
        elif type(fetch) is Operation:
            if (<Operation>fetch).graph is not g:
                return None
            code = (1LL << 31) + (<Operation>fetch)._id
        else:
            return None
        key = code << 31
        if feeds is not None:
            n_feeds = <int>len(<dict>feeds)
            for t in <dict>feeds:
                if type(t) is not Tensor or (<Tensor>t).graph is not g or (<Tensor>t)._id == code:
                    return None
                if n_feeds == 1:
                    key += (<Tensor>t)._id + 1
        if n_feeds <= 1 and key == self.last_key and self.last_plan.edit_count == g.edit_count:
            return self.last_plan
        ids = []
        if n_feeds:
            for t in <dict>feeds:
                ids.append((<Tensor>t)._id)
        if type(fetch) is Tensor:
            fetches = ((<Tensor>fetch)._id,)
        else:
            targets = ((<Operation>fetch)._id,)
        if (fetches, tuple(ids), targets) not in self.plans:
            self._check_elements([fetch], list(feeds) if n_feeds else [])
        plan = self.plan_for(fetches, tuple(ids), targets)
        if n_feeds <= 1:
            # The old plan is let go last: that may run other code, which may run this session.
            old, self.last_plan, self.last_key = self.last_plan, plan, key
        return plan

    cdef Plan structure_plan(self, list codes, object feeds):
        """As `plain_plan`, for what `take_apart` found in a structure; None, too, if what is fetched is fed."""
        cdef Graph g = self.graph
        cdef Plan plan
        cdef list feed_ids = []
        if feeds is not None:
            for t in <dict>feeds:
                if type(t) is not Tensor or (<Tensor>t).graph is not g:
                    return None
                feed_ids.append((<Tensor>t)._id)
        cdef tuple key = (tuple(codes), tuple(feed_ids))
        plan = <Plan>self.list_plans.get(key)
        if plan is not None and plan.edit_count == g.edit_count:
            if len(self.list_plans) > PLANS_KEPT // 2:
                del self.list_plans[key]
                self.list_plans[key] = plan
            return plan
        if not codes or not set(codes).isdisjoint(feed_ids):
            return None
        self._check_elements([g.tensor(c) if c >= 0 else g.operation(-1 - c) for c in codes],
                             [] if feeds is None else list(feeds))
        plan = self.plan_for(tuple(dict.fromkeys([c for c in codes if c >= 0])), key[1],
                             tuple(dict.fromkeys([-1 - c for c in codes if c < 0])))
        keep_latest(self.list_plans, key, plan)
        return plan

    def run(self, fetches, feed_dict=None, options=None, run_metadata=None):
        """Run what `fetches` needs and return its values.

        Parameters
        ----------
        fetches : Tensor, Operation, name, variable, or a list, tuple, dict, namedtuple or attrs class of fetches
            What to compute. Operations give None.
        feed_dict : dict, optional
            Values that stand for tensors in this run, by tensor, name, variable or sparse tensor.
        options : RunOptions, optional
        run_metadata : RunMetadata, optional
            Filled with what `options` asks for.

        Returns
        -------
        value or structure of values, as `fetches`
            NumPy arrays, which are the caller's own; NumPy scalars (or bytes) for tensors without dimensions.

        Raises
        ------
        RuntimeError
            If the session is closed, or its graph empty.
        TypeError, ValueError
            If a fetch or a feed is of the wrong kind, not of this graph, or of an incompatible dtype or shape.
        OpError
            The subclass that tells what went wrong in the run.
        """
        cdef Plan plan = None
        cdef Frame* frame
        cdef int k, levels = 0
        cdef list found, codes = None
        cdef Py_ssize_t at = 0
        cdef object fetch = fetches
        if options is None and run_metadata is None and not self._closed:
            if feed_dict is None or type(feed_dict) is dict:
                if type(fetch) is not Tensor and type(fetch) is not Operation:
                    if type(fetch) is list or type(fetch) is tuple or type(fetch) is dict:
                        codes = []
                        levels = take_apart(self.graph, fetch, codes)
                        if levels:
                            plan = self.structure_plan(codes, feed_dict)
                    else:
                        fetch = element_of(self.graph, fetch)
                if codes is None:
                    plan = self.plain_plan(fetch, feed_dict)
        if plan is None:
            return self._run(fetches, feed_dict, options, run_metadata)
        frame = plan.borrow()
        if plan.n_feeds:
            k = 0
            try:
                for value in (<dict>feed_dict).values():
                    self.load(plan, frame, k, value)
                    k += 1
            except BaseException:
                clear(plan, frame, True)
                plan.give_back(frame)
                raise
        found = <list>run_plan(plan, frame, self.new_run() if plan.needs_run else None, True)
        if codes is not None:
            if levels == 2 and plan.n_fetches == len(codes) and type(fetches) is list:
                return found
            return put_together(fetches, found if plan.n_fetches == len(codes) else spread(codes, found), &at)
        return found[0] if plan.n_fetches else None

    def _run_ids(self, tuple fetches, tuple feeds, tuple targets, values, list trace=None, bint alone=False):
        """Run by ids: values of the outputs `fetches`, after the nodes `targets` ran, given `feeds`.

        With `alone`, no steps run side by side.
        """
        cdef Plan plan = self.plan_for(fetches, feeds, targets)
        cdef RunState run = None
        cdef Frame* frame
        cdef int k = 0
        if plan.needs_run or trace is not None or alone:
            run = self.new_run()
            run.trace = trace
            run.alone = alone
        frame = plan.borrow()
        try:
            for value in values:
                self.load(plan, frame, k, value)
                k += 1
        except BaseException:
            clear(plan, frame, True)
            plan.give_back(frame)
            raise
        return run_plan(plan, frame, run, True)


cdef list spread(list codes, list found):
    """The values of distinct tensors, in order, as those of all codes; None for operations."""
    cdef dict values = dict(zip(dict.fromkeys([c for c in codes if c >= 0]), found))
    return [values.get(c) for c in codes]


cdef enum:
    PLANS_KEPT = 1024            # a session forgets the plan that it made or used longest ago


cdef int keep_latest(dict plans, object key, Plan plan) except -1:
    """Add a plan to a cache of limited size."""
    if len(plans) >= PLANS_KEPT:
        for oldest in plans:
            break
        del plans[oldest]
    plans[key] = plan
    return 0


cdef bint accepts(int shape, CArray* a) noexcept:
    """Whether an array has a static shape."""
    cdef Shape* s = &SHAPES[shape]
    cdef int i
    if s.rank < 0:
        return True
    if s.rank != array_ndim(a):
        return False
    for i in range(s.rank):
        if s.dims[i] >= 0 and s.dims[i] != array_dims(a)[i]:
            return False
    return True


@cython.final
cdef class Callable:
    """What ``Session.make_callable`` returns for one tensor or operation: feeds by position, the rest prepared."""
    cdef BaseSession session
    cdef object fetch
    cdef list feeds
    cdef tuple fetch_ids, feed_ids, target_ids
    cdef Plan plan

    def __init__(self, BaseSession session not None, fetch, list feeds not None):
        self.session = session
        self.fetch = fetch
        self.feeds = feeds
        self.feed_ids = tuple([(<Tensor>t)._id for t in feeds])
        if type(fetch) is Tensor:
            self.fetch_ids = ((<Tensor>fetch)._id,)
            self.target_ids = ()
        else:
            self.fetch_ids = ()
            self.target_ids = ((<Operation>fetch)._id,)

    def __call__(self, *args, options=None, run_metadata=None):
        cdef BaseSession session = self.session
        cdef Plan plan = self.plan
        cdef Frame* frame
        cdef int k
        if (options is not None or run_metadata is not None or session._closed
                or len(args) != len(self.feed_ids)):
            return session._run(self.fetch, dict(zip(self.feeds, args)), options, run_metadata)
        if plan is None or plan.edit_count != session.graph.edit_count:
            plan = self.plan = session.plan_for(self.fetch_ids, self.feed_ids, self.target_ids)
        frame = plan.borrow()
        try:
            for k in range(plan.n_feeds):
                session.load(plan, frame, k, args[k])
        except BaseException:
            clear(plan, frame, True)
            plan.give_back(frame)
            raise
        found = <list>run_plan(plan, frame, session.new_run() if plan.needs_run else None, True)
        return found[0] if plan.n_fetches else None


@cython.final
cdef class PartialRun:
    """A run in parts: registers that live from part to part, and which steps have run."""
    cdef BaseSession session
    cdef Plan plan
    cdef RunState run
    cdef Frame* frame
    cdef list elements           # all fetches, Tensor or Operation
    cdef list feeds
    cdef set fed                 # output ids that have a value
    cdef set finished            # nodes that have run
    cdef set waiting             # elements still to be fetched

    def __init__(self, BaseSession session not None, list elements not None, list feeds not None):
        self.session = session
        self.elements = elements
        self.feeds = feeds
        self.plan = make_plan(
            session.graph,
            [(<Tensor>e)._id for e in elements if type(e) is Tensor],
            [(<Tensor>t)._id for t in feeds],
            [(<Operation>e)._id for e in elements if type(e) is Operation],
        )
        self.run = session.new_run()
        self.frame = self.plan.borrow()
        self.fed = set()
        self.finished = set()
        self.waiting = set(elements)

    def __dealloc__(self):
        if self.frame != NULL:
            clear(self.plan, self.frame, True)
            self.plan.give_back(self.frame)

    @property
    def done(self):
        """Whether everything announced has been fetched and fed."""
        return not self.waiting and len(self.fed) == len(self.feeds)

    def advance(self, list elements not None, dict feeds not None):
        """Feed `feeds` (Tensor -> array), run what `elements` need, return their values."""
        cdef Plan plan = self.plan
        cdef Graph g = plan.graph
        cdef Tensor t
        cdef int k
        for t in feeds:
            if t not in self.feeds:
                raise invalid_argument(f"The feed {t.name} was not specified in partial_run_setup.")
            if t._id in self.fed:
                raise invalid_argument(f"The feed {t.name} has already been fed.")
        for e in elements:
            if e not in self.elements:
                raise invalid_argument(f"The fetch {e.name} was not specified in partial_run_setup.")
            if e not in self.waiting:
                raise invalid_argument(f"The fetch {e.name} has already been fetched.")
        for k in range(plan.n_feeds):
            t = self.feeds[k]
            if t in feeds:
                fed = feeds[t]
                if isinstance(fed, np.ndarray):
                    fed = fed.copy()         # a later part may read it, when the caller has changed the array
                self.session.load(plan, self.frame, k, fed)
                self.fed.add(t._id)
        needed = self.reached(elements)
        self.run_needed(needed)
        self.waiting.difference_update(elements)
        positions = {e: i for i, e in enumerate([e for e in self.elements if type(e) is Tensor])}
        return [self.value(<int>positions[e]) if type(e) is Tensor else None for e in elements]

    cdef object value(self, int k):
        """Fetch `k`, which later parts may still read."""
        value = inside_value(self.plan, self.frame, k)
        if type(value) is VariableState and (<VariableState>value).value is not None:
            value = (<VariableState>value).value
        if not isinstance(value, np.ndarray):
            return value
        return (<object>value).copy() if value.ndim else value[()]

    cdef set reached(self, list elements):
        """The nodes that `elements` need; an error if they need a tensor that has yet to be fed."""
        cdef Graph g = self.plan.graph
        cdef Node* n
        cdef int i, output, node
        cdef set announced = {(<Tensor>t)._id for t in self.feeds}
        cdef set found = set()
        cdef list stack = []
        for e in elements:
            if type(e) is Tensor and (<Tensor>e)._id in announced:
                outputs = [(<Tensor>e)._id]
                if (<Tensor>e)._id not in self.fed:
                    raise invalid_argument(f"Fetch {e.name} can't be computed from the feeds that have been fed so far.")
                continue
            stack.append(g.outputs[(<Tensor>e)._id].node if type(e) is Tensor else (<Operation>e)._id)
            while stack:
                node = stack.pop()
                if node in found or node in self.finished:
                    continue
                found.add(node)
                n = &g.nodes[node]
                for i in range(n.n_inputs):
                    output = g.edges[n.first_edge + i]
                    if output not in announced:
                        stack.append(g.outputs[output].node)
                    elif output not in self.fed:
                        raise invalid_argument(
                            f"Fetch {e.name} can't be computed from the feeds that have been fed so far.")
                for i in range(n.n_inputs, n.n_inputs + n.n_controls):
                    output = g.nodes[g.edges[n.first_edge + i]].first_output
                    if g.nodes[g.edges[n.first_edge + i]].n_outputs != 1 or output not in announced:
                        stack.append(g.edges[n.first_edge + i])
        return found

    cdef int run_needed(self, set needed) except -1:
        cdef Plan plan = self.plan
        cdef int s
        token = silence()
        try:
            for s in range(plan.n_steps):
                if plan.steps[s].node in needed:
                    run_step(plan, self.frame, &plan.steps[s], self.run)
                    self.finished.add(plan.steps[s].node)
        except BaseException as error:
            raise step_error(plan.graph, plan.steps[s].node, error)
        finally:
            speak(token)
        return 0
