# Plan: what runs for one set of fetches and feeds.
#
# What has to run is collected into a Draft (draft.pxi), rewritten (rewrite.pxi, fusion.pxi), and bound: every value
# that is left gets a register, every step its kernel, and the last reader of each register is marked, so that the run
# can drop the value there or write into it.
#
#   Plan        O(operations reached + edges)        borrow     O(constants), O(1) once a frame is at rest

cdef dict KINDS = {              # op types that are no call of a kernel
    "Const": STEP_CONST,
    "NoOp": STEP_NOTHING,
    "Placeholder": STEP_PLACEHOLDER,
    "PlaceholderV2": STEP_PLACEHOLDER,
    "Identity": STEP_IDENTITY,
    "StopGradient": STEP_IDENTITY,
    "PreventGradient": STEP_IDENTITY,
    "Snapshot": STEP_IDENTITY,
    "PlaceholderWithDefault": STEP_IDENTITY,
    "RefIdentity": STEP_IDENTITY,
}


@cython.final
cdef class Binding:              # OpType.binding: how steps of this kind are called
    cdef StepKind kind
    cdef core_fn core
    cdef bint uses_blas          # the callable may call BLAS
    cdef object callable
    cdef object ufunc            # whose loop a core kernel calls
    cdef bint wants_run          # the callable is a session kernel
    cdef bint is_placeholder
    cdef bint updates_ref        # writes to a reference variable
    cdef int vector_form         # how programs compute it: VectorForm and the operation
    cdef int vector_op


cdef Binding binding_of(OpType op_type):
    cdef Binding b
    if op_type.binding is not None:
        return <Binding>op_type.binding
    b = Binding.__new__(Binding)
    b.uses_blas = op_type.type in BLAS_USERS
    kernel = op_type.kernel
    found = KINDS.get(op_type.type)
    if found is not None:
        b.kind = <StepKind><int>found
        b.is_placeholder = b.kind == STEP_PLACEHOLDER
    elif kernel is None:
        b.kind = STEP_MISSING
    elif type(kernel) is CoreKernel:
        b.kind = STEP_CORE
        b.core = (<CoreKernel>kernel).function
        b.ufunc = (<CoreKernel>kernel).ufunc
        kernel = (<CoreKernel>kernel).fallback
        b.wants_run = type(kernel) is SessionKernel
        b.callable = (<SessionKernel>kernel).function if b.wants_run else kernel
    elif type(kernel) is SessionKernel:
        b.kind = STEP_SESSION
        b.wants_run = True
        b.callable = (<SessionKernel>kernel).function
    elif isinstance(kernel, np.ufunc):
        b.kind = STEP_NUMPY
        b.callable = kernel
    else:
        b.kind = STEP_PYTHON
        b.callable = kernel
    if b.kind == STEP_CORE or b.kind == STEP_SESSION:
        b.updates_ref = op_type.type != "IsVariableInitialized" and any([arg.is_ref for arg in op_type.inputs])
    if op_type.type in VECTOR_OPS:
        b.vector_form, b.vector_op = VECTOR_OPS[op_type.type]
    op_type.binding = b
    return b


@cython.final
cdef class Plan:
    """The steps that compute some tensors and run some operations of a graph, given the values of others.

    *Thread-safety*: never changes once made; each run borrows registers of its own.
    """

    def __dealloc__(self):
        cdef int i
        cdef Frame* frame
        for i in range(self.n_steps):
            Py_XDECREF(self.steps[i].callable)
            Py_XDECREF(self.steps[i].attrs)
            if self.steps[i].fused != NULL:
                free_fused(self.steps[i].fused)
        while self.free_frames != NULL:
            frame = self.free_frames
            self.free_frames = frame.next
            for i in range(self.n_registers):
                Py_XDECREF(frame.registers[i])
                Py_XDECREF(frame.spares[i])
            free(frame.scratch)
            free(frame.registers)
            free(frame)
        free(self.steps)
        free(self.in_registers)
        free(self.in_flags)
        free(self.types)
        free(self.is_constant)
        free(self.is_unread)
        free(self.feed_outputs)
        free(self.feed_registers)
        free(self.fetch_registers)
        free(self.fetch_again)
        free(self.is_variant)

    def __init__(self, *args, **kwargs):
        raise TypeError("a Plan is made by a Session when it first runs given fetches")

    cdef Frame* borrow(self) except NULL:
        """Registers for a run: constants loaded, the rest empty."""
        cdef Frame* frame = self.free_frames
        cdef PyObject* value
        if frame != NULL:
            self.free_frames = frame.next
            return frame
        frame = <Frame*>grow(NULL, sizeof(Frame))
        frame.registers = <PyObject**>calloc(2 * <size_t>self.n_registers + 1, sizeof(PyObject*))
        if frame.registers == NULL:
            free(frame)
            raise MemoryError()
        frame.spares = frame.registers + self.n_registers
        frame.next = NULL
        frame.scratch = NULL
        for register, constant in self.constants:
            value = <PyObject*>constant
            Py_XINCREF(value)
            frame.registers[<int>register] = value
        return frame

    cdef void give_back(self, Frame* frame) noexcept:
        frame.next = self.free_frames
        self.free_frames = frame

    cdef int bind(self, Step* step, int node) except -1:
        """Say how `step` calls the kernel of `node`; its registers are set already."""
        cdef Graph g = self.graph
        cdef OpType op_type = <OpType>OP_TYPES[g.nodes[node].op_type]
        cdef Binding b = binding_of(op_type)
        cdef int types[3]
        cdef int i
        step.kind = b.kind
        step.node = node
        step.core = b.core
        step.out_type = self.types[step.first_out] if step.n_out else -1
        if b.callable is not None:
            step.callable = <PyObject*>b.callable
            Py_XINCREF(step.callable)
        if b.kind == STEP_NUMPY:
            if step.n_in <= 2:
                for i in range(step.n_in):
                    types[i] = numpy_type(base_of(g.outputs[g.edges[g.nodes[node].first_edge + i]].dtype))
                types[step.n_in] = step.out_type
                if find_loop(step, b.callable, types):
                    step.kind = STEP_UFUNC
                    return 0
        elif b.ufunc is not None:
            for i in range(3):
                types[i] = numpy_type(base_of(g.outputs[g.edges[g.nodes[node].first_edge + 1]].dtype))
            find_loop(step, b.ufunc, types)
        step.wants_run = b.wants_run
        if b.callable is not None:
            self.calls_python = True
            if b.uses_blas:
                self.uses_blas = True
        if b.wants_run:
            self.needs_run = True
        return 0


cdef bint takes_ref(OpType op_type, int n_inputs, int index) except -1:
    """Whether flat input `index` is declared as a reference."""
    cdef ArgDef arg
    cdef int singles = 0, groups = 0, position = 0, length
    for arg in op_type.inputs:
        if arg.number_attr is not None or arg.type_list_attr is not None:
            groups += 1
        else:
            singles += 1
    length = (n_inputs - singles) // groups if groups else 0
    for arg in op_type.inputs:
        position += length if arg.number_attr is not None or arg.type_list_attr is not None else 1
        if index < position:
            return arg.is_ref
    return False


cdef object constant_value(Graph g, int node):
    """The value of a Const node as an array that fits its register."""
    cdef OpType op_type = <OpType>OP_TYPES[g.nodes[node].op_type]
    value = (<tuple>g.nodes[node].attrs)[<object>op_type.stored_index["value"]]
    cdef int type_number = numpy_type(base_of(g.outputs[g.nodes[node].first_output].dtype))
    if type_number == cnp.NPY_OBJECT:
        return as_bytes(np.asarray(value))
    if not fits(<PyObject*>value, type_number):
        value = coerce(value, type_number)
    return value


cdef int check_retyped(Graph g) except -1:
    """Complain if an input was replaced by a tensor of another dtype, which kernels would read as the old one."""
    for (node, index), wanted in g.retyped.items():
        found = g.tensor(g.edges[g.nodes[<int>node].first_edge + <int>index])
        if found.dtype.base_dtype is not wanted:
            raise invalid_argument(
                f"Input {index} of node {g.node_name(node)} was passed {c_name(found.dtype.base_dtype.name)} from "
                f"{found.name} incompatible with expected {c_name(wanted.name)}.")
    return 0


cdef Plan make_plan(Graph g, list fetches, list feeds, list targets, int rewrites=0, bint feeds_die=False):
    """A Plan that computes the outputs `fetches` and runs the nodes `targets`, given the outputs `feeds`.

    `rewrites` says which Rewrites may be used; with `feeds_die` the last reader of a feed may write into it.
    """
    check_retyped(g)
    cdef Draft draft = collect(g, fetches, feeds, targets)
    if rewrites and not draft.has_flow:
        rewrite(draft, targets, rewrites)
    cdef Plan plan = bind_draft(draft, feeds_die)
    if rewrites & REWRITE_CONSTANTS and draft.has_flow:
        know_constants(plan, draft)
    return plan


cdef Plan bind_draft(Draft draft, bint feeds_die=False):
    """The plan of a draft: registers, steps with their kernels, and lifetimes."""
    cdef Graph g = draft.graph
    cdef Plan plan = Plan.__new__(Plan)
    cdef DraftStep* step
    cdef int i, k, n_inputs = draft.n_inputs
    plan.graph = g
    plan.edit_count = g.edit_count
    plan.constants = []
    plan.n_feeds = draft.n_feeds
    plan.n_fetches = <int>len(draft.fetches)
    for group in draft.groups:
        n_inputs += <int>len((<Group>group).externals)
    plan.steps = <Step*>calloc(draft.n_steps + len(draft.groups) + 1, sizeof(Step))
    plan.in_registers = <int*>grow(NULL, (n_inputs + 1) * sizeof(int))
    plan.in_flags = <unsigned char*>calloc(n_inputs + 1, 1)
    plan.types = <int*>grow(NULL, (draft.n_values + 1) * sizeof(int))
    plan.is_constant = <bint*>calloc(draft.n_values + 1, sizeof(bint))
    plan.is_unread = <bint*>calloc(draft.n_values + 1, sizeof(bint))
    plan.feed_outputs = <int*>grow(NULL, (plan.n_feeds + 1) * sizeof(int))
    plan.feed_registers = <int*>grow(NULL, (plan.n_feeds + 1) * sizeof(int))
    plan.fetch_registers = <int*>grow(NULL, (plan.n_fetches + 1) * sizeof(int))
    plan.fetch_again = <bint*>calloc(plan.n_fetches + 1, sizeof(bint))
    plan.is_variant = <bint*>calloc(plan.n_fetches + 1, sizeof(bint))
    if (plan.steps == NULL or plan.in_flags == NULL or plan.is_constant == NULL or plan.is_unread == NULL
            or plan.fetch_again == NULL or plan.is_variant == NULL):
        raise MemoryError()
    for i in range(plan.n_feeds):
        plan.feed_outputs[i] = draft.feeds[i]
        plan.feed_registers[i] = register_of(plan, draft, i)
    # Registers first: a value that goes round in a loop is read before the step that makes it.
    for i in range(draft.n_steps):
        step = &draft.steps[i]
        if not step.gone:
            for k in range(step.n_out):
                give_register(plan, draft, step.first_out + k)
    for i in range(draft.n_steps):
        step = &draft.steps[i]
        if step.gone:
            continue
        if step.group < 0:
            bind_step(plan, draft, step)
        elif step.next < 0:
            bind_group(plan, draft, <Group>draft.groups[step.group])     # a group runs where its last member stood
    for k in range(plan.n_fetches):
        plan.fetch_registers[k] = register_of(plan, draft, <int>draft.fetches[k])
        plan.is_variant[k] = draft.dtype(<int>draft.fetches[k]) == DT_VARIANT
    if plan.n_fetches > 1:
        mark_fetched_again(plan)
    if draft.has_flow:
        plan.program = make_program(plan, draft.frames)
        plan.needs_run = True
        plan.calls_python = True
    else:
        mark_last_readers(plan, feeds_die)
    mark_sharing(plan, g, draft.has_flow)
    return plan


cdef int give_register(Plan plan, Draft draft, int value) except -1:
    """A register for what stands for itself."""
    draft.values[value].register = plan.n_registers
    plan.types[plan.n_registers] = numpy_type(draft.dtype(value) if value >= draft.n_feeds
                                              else base_of(draft.dtype(value)))
    plan.n_registers += 1
    return plan.n_registers - 1


cdef int register_of(Plan plan, Draft draft, int value) except -1:
    """Where the value that stands for `value` is kept; what nobody has made yet, a feed or a constant, is put there."""
    cdef int register
    value = draft.find(value)
    register = draft.values[value].register
    if register < 0:
        register = give_register(plan, draft, value)
        if draft.values[value].constant != NULL:
            plan.constants.append((register, <object>draft.values[value].constant))
            plan.is_constant[register] = True
    return register


cdef Step* bind_step(Plan plan, Draft draft, DraftStep* drafted) except NULL:
    """Add the step of one operation."""
    cdef Graph g = draft.graph
    cdef Step* step = &plan.steps[plan.n_steps]
    cdef OpType op_type = draft.op_type(drafted)
    cdef int k, value
    step.n_in = drafted.n_in
    step.n_out = drafted.n_out
    step.first_in = plan.n_inputs
    step.first_out = draft.values[drafted.first_out].register if drafted.n_out else 0
    for k in range(step.n_in):
        value = draft.input(drafted, k)
        plan.in_registers[plan.n_inputs + k] = register_of(plan, draft, value)
        if draft.dtype(value) >= 100 and value >= draft.n_feeds and not takes_ref(op_type, step.n_in, k):
            plan.in_flags[plan.n_inputs + k] = INPUT_DEREF
            step.has_deref = True
    plan.n_inputs += step.n_in
    plan.n_steps += 1            # counted before binding, so that __dealloc__ sees what bind owns
    plan.bind(step, drafted.node)
    if drafted.joined:
        bind_joined(step, drafted)
    if step.kind == STEP_CONST:
        value_ = constant_value(g, drafted.node)
        Py_INCREF(value_)
        step.attrs = <PyObject*>value_
    return step


cdef int mark_fetched_again(Plan plan) except -1:
    """Mark fetches whose register a later fetch reads, too: only the last may take the array out of it."""
    cdef set later = set()
    cdef int k
    for k in range(plan.n_fetches - 1, -1, -1):
        plan.fetch_again[k] = plan.fetch_registers[k] in later
        later.add(plan.fetch_registers[k])
    return 0


cdef int mark_last_readers(Plan plan, bint feeds_die) except -1:
    """Mark where each register is read for the last time; fetches, constants and, mostly, feeds outlive the steps."""
    cdef int s, k, register
    cdef Step* step
    cdef int* last = <int*>calloc(plan.n_registers + 1, sizeof(int))     # register -> its last reader + 1
    if last == NULL:
        raise MemoryError()
    if not feeds_die:
        for k in range(plan.n_feeds):
            last[plan.feed_registers[k]] = plan.n_steps + 1
    for k in range(plan.n_fetches):
        last[plan.fetch_registers[k]] = plan.n_steps + 1
    for s in range(plan.n_steps - 1, -1, -1):
        step = &plan.steps[s]
        for k in range(step.n_out):
            if not last[step.first_out + k]:
                step.drops = True
                plan.is_unread[step.first_out + k] = True
        for k in range(step.first_in, step.first_in + step.n_in):
            register = plan.in_registers[k]
            if step.kind == STEP_FUSED:
                # The members stand behind it: what one of them reads last dies here.
                if last[register] <= s + 1 + step.fused.n_steps and not plan.is_constant[register]:
                    plan.in_flags[k] = INPUT_LAST
            elif not last[register] and not plan.is_constant[register]:
                last[register] = s + 1
                plan.in_flags[k] |= INPUT_LAST
    free(last)
    return 0


cdef dict SHARING = {            # op types whose outputs share memory with their inputs otherwise than in whole
    "Slice": SHARES_ROWS, "StridedSlice": SHARES_ROWS, "Split": SHARES_ROWS, "SplitV": SHARES_ROWS,
    "Unpack": SHARES_ROWS, "Snapshot": SHARES_NOTHING, "DeepCopy": SHARES_NOTHING,
}


cdef int mark_sharing(Plan plan, Graph g, bint has_flow) except -1:
    """Mark the steps that may be given memory of a reference variable: in TF they hand on parts of it or a copy.

    Kernels here make views more freely (a transpose, a column), which must not change with the variable.
    """
    cdef int s, k
    cdef Step* step
    cdef bint any_deref = False, changed = True, given
    cdef unsigned char* lies = NULL      # register -> may be memory of a variable
    for s in range(plan.n_steps):
        if plan.steps[s].has_deref:
            any_deref = True
            break
    if not any_deref:
        return 0
    lies = <unsigned char*>calloc(plan.n_registers + 1, 1)
    if lies == NULL:
        raise MemoryError()
    while changed:
        changed = False
        for s in range(plan.n_steps):
            step = &plan.steps[s]
            if step.sharing != SHARES_ANYTHING or step.kind == STEP_UFUNC or step.kind == STEP_NUMPY:
                continue
            given = step.has_deref
            for k in range(step.first_in, step.first_in + step.n_in):
                if lies[plan.in_registers[k]]:
                    given = True
            if not given:
                continue
            step.sharing = <Sharing><int>SHARING.get((<OpType>OP_TYPES[g.nodes[step.node].op_type]).type, SHARES_WHOLE)
            if step.sharing != SHARES_NOTHING:
                for k in range(step.first_out, step.first_out + step.n_out):
                    lies[k] = 1
                changed = has_flow           # values go round in loops
    free(lies)
    return 0
