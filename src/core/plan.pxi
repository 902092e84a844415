# Plan: what runs for one set of fetches and feeds.
#
# Planning walks back from the fetches, stops at feeds, and puts the operations it met in order: by id, since an
# operation is usually younger than its inputs, else by Kahn's algorithm with the smallest id first.  Every value gets a
# register; the last reader of each register is marked, so that the run can drop the value there or write into it.
# Nothing here recurses: a chain of a million operations is planned in a loop.
#
#   Plan        O(operations reached + edges)        borrow     O(constants), O(1) once a frame is at rest

from libc.stdlib cimport calloc, qsort

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
    cdef object callable
    cdef object ufunc            # whose loop a core kernel calls
    cdef bint wants_run          # the callable is a session kernel
    cdef bint is_placeholder
    cdef bint updates_ref        # writes to a reference variable


cdef Binding binding_of(OpType op_type):
    cdef Binding b
    if op_type.binding is not None:
        return <Binding>op_type.binding
    b = Binding.__new__(Binding)
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
    op_type.binding = b
    return b


cdef int compare_ints(const void* a, const void* b) noexcept nogil:
    cdef int x = (<const int*>a)[0], y = (<const int*>b)[0]
    return (x > y) - (x < y)


cdef struct Ints:                # a growing list of ints, owned by the planning call
    int* data
    int n
    int capacity


cdef int push(Ints* list_, int value) except -1:
    if list_.n == list_.capacity:
        list_.capacity = max(64, 2 * list_.capacity)
        list_.data = <int*>grow(list_.data, <size_t>list_.capacity * sizeof(int))
    list_.data[list_.n] = value
    list_.n += 1
    return 0


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
        while self.free_frames != NULL:
            frame = self.free_frames
            self.free_frames = frame.next
            for i in range(self.n_registers):
                Py_XDECREF(frame.registers[i])
                Py_XDECREF(frame.spares[i])
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


cdef Plan make_plan(Graph g, list fetches, list feeds, list targets):
    """A Plan that computes the outputs `fetches` and runs the nodes `targets`, given the outputs `feeds`."""
    cdef Plan plan = Plan.__new__(Plan)
    cdef unsigned char* seen = NULL
    cdef int* register_of = NULL         # output id -> register + 1
    cdef Ints order, stack
    cdef bint ascending = True
    cdef bint has_flow = False
    cdef dict frames = None
    order.data = stack.data = NULL
    order.n = stack.n = order.capacity = stack.capacity = 0
    plan.graph = g
    plan.edit_count = g.edit_count
    plan.constants = []
    try:
        # Fresh pages of calloc are zero without being touched, so a small part of a large graph costs what it reaches.
        seen = <unsigned char*>calloc(g.n_nodes + 1, 1)
        register_of = <int*>calloc(g.n_outputs + 1, sizeof(int))
        if seen == NULL or register_of == NULL:
            raise MemoryError()
        plan.n_feeds = <int>len(feeds)
        plan.feed_outputs = <int*>grow(NULL, (plan.n_feeds + 1) * sizeof(int))
        plan.feed_registers = <int*>grow(NULL, (plan.n_feeds + 1) * sizeof(int))
        for i in range(plan.n_feeds):
            plan.feed_outputs[i] = feeds[i]
            plan.feed_registers[i] = i
            register_of[plan.feed_outputs[i]] = i + 1
        reach(g, fetches, targets, register_of, seen, &order, &stack, &ascending)
        for i in range(order.n):
            if binding_of(<OpType>OP_TYPES[g.nodes[order.data[i]].op_type]).kind >= STEP_SWITCH:
                has_flow = True
                break
        if has_flow:
            frames = order_flow(g, &order, seen, register_of)
        elif ascending:
            qsort(order.data, order.n, sizeof(int), compare_ints)
        else:
            sort_by_dependence(g, register_of, seen, &order)
        if not has_flow:
            read_before_updates(g, register_of, seen, &order)
        lay_out(plan, g, &order, register_of, has_flow)
        plan.n_fetches = <int>len(fetches)
        plan.fetch_registers = <int*>grow(NULL, (plan.n_fetches + 1) * sizeof(int))
        for i in range(plan.n_fetches):
            plan.fetch_registers[i] = register_of[<int>fetches[i]] - 1
        if has_flow:
            plan.program = make_program(plan, frames)
            plan.needs_run = True
        else:
            mark_last_readers(plan)
    finally:
        free(seen)
        free(register_of)
        free(order.data)
        free(stack.data)
    return plan


cdef inline bint is_fed_placeholder(Graph g, int node, int* register_of) except -1:
    cdef Node* n = &g.nodes[node]
    return (n.n_outputs == 1 and register_of[n.first_output] != 0
            and binding_of(<OpType>OP_TYPES[n.op_type]).is_placeholder)


cdef int reach(Graph g, list fetches, list targets, int* register_of, unsigned char* seen, Ints* order, Ints* stack,
               bint* ascending) except -1:
    """Collect the nodes that must run: `seen` is 1 for each, and `order` lists them, not yet in order."""
    cdef int i, node, source
    cdef int* edges
    cdef Node* n
    for output in fetches:
        if register_of[<int>output] == 0:
            node = g.outputs[<int>output].node
            if not seen[node]:
                seen[node] = 1
                push(stack, node)
    for target in targets:
        node = target
        if not seen[node]:
            seen[node] = 1
            push(stack, node)
    while stack.n:
        stack.n -= 1
        node = stack.data[stack.n]
        push(order, node)
        n = &g.nodes[node]
        edges = g.edges + n.first_edge
        for i in range(n.n_inputs):
            if register_of[edges[i]]:
                continue         # fed: nothing before it is needed
            source = g.outputs[edges[i]].node
            if source >= node:
                ascending[0] = False
            if not seen[source]:
                seen[source] = 1
                push(stack, source)
        for i in range(n.n_inputs, n.n_inputs + n.n_controls):
            source = edges[i]
            # As in TF, what waits for a placeholder that is fed waits for the feed.
            if seen[source] or is_fed_placeholder(g, source, register_of):
                if source >= node:
                    ascending[0] = False
                continue
            if source >= node:
                ascending[0] = False
            seen[source] = 1
            push(stack, source)
    return 0


cdef int sort_by_dependence(Graph g, int* register_of, unsigned char* seen, Ints* order) except -1:
    """Put the nodes of `order` behind what they need, smaller ids first; a cycle is an error."""
    from heapq import heapify, heappop, heappush
    cdef dict waiting = {}       # node -> how many of its sources are to come
    cdef dict readers = {}       # node -> nodes that wait for it
    cdef int i, k, node, source, n_sources
    cdef Node* n
    cdef list ready = []
    for i in range(order.n):
        node = order.data[i]
        n = &g.nodes[node]
        n_sources = 0
        for k in range(n.n_inputs + n.n_controls):
            if k < n.n_inputs:
                if register_of[g.edges[n.first_edge + k]]:
                    continue
                source = g.outputs[g.edges[n.first_edge + k]].node
            else:
                source = g.edges[n.first_edge + k]
                if is_fed_placeholder(g, source, register_of) and not seen[source]:
                    continue
            n_sources += 1
            readers.setdefault(source, []).append(node)
        waiting[node] = n_sources
        if n_sources == 0:
            ready.append(node)
    heapify(ready)
    i = 0
    while ready:
        node = heappop(ready)
        order.data[i] = node
        i += 1
        del waiting[node]
        for reader in readers.get(node, ()):
            waiting[reader] -= 1
            if waiting[reader] == 0:
                heappush(ready, reader)
    if waiting:
        names = ", ".join([g.node_name(node) for node in sorted(waiting)[:20]])
        raise invalid_argument(
            f"Graph is invalid, contains a cycle with {len(waiting)} nodes, including: {names}")
    return 0


cdef int read_before_updates(Graph g, int* register_of, unsigned char* seen, Ints* order) except -1:
    """Put updates of reference variables, and what waits for them, behind everything else.

    TF orders a read and an update only by dependence; left to themselves its threads find the reads ready first.
    """
    cdef int i, k, node, source, n_late = 0
    cdef Node* n
    cdef bint late
    cdef int* waiting = NULL
    for i in range(order.n):
        if binding_of(<OpType>OP_TYPES[g.nodes[order.data[i]].op_type]).updates_ref:
            break
    else:
        return 0
    waiting = <int*>grow(NULL, order.n * sizeof(int))
    for i in range(order.n):
        node = order.data[i]
        n = &g.nodes[node]
        late = binding_of(<OpType>OP_TYPES[n.op_type]).updates_ref
        for k in range(n.n_inputs + n.n_controls):
            if late:
                break
            source = g.edges[n.first_edge + k]
            if k < n.n_inputs:
                if register_of[source]:
                    continue     # fed
                source = g.outputs[source].node
            late = seen[source] == 2
        if late:
            seen[node] = 2
            waiting[n_late] = node
            n_late += 1
        else:
            order.data[i - n_late] = node
    for i in range(n_late):
        order.data[order.n - n_late + i] = waiting[i]
    free(waiting)
    return 0


cdef int lay_out(Plan plan, Graph g, Ints* order, int* register_of, bint has_flow) except -1:
    """Registers, steps and constants of the nodes in `order`; with control flow, everything is a step."""
    cdef int i, k, node, total_in = 0, n_registers = plan.n_feeds, source
    cdef Node* n
    cdef Step* step
    cdef Binding b
    for i in range(order.n):
        n = &g.nodes[order.data[i]]
        total_in += n.n_inputs
        n_registers += n.n_outputs
    plan.steps = <Step*>calloc(order.n + 1, sizeof(Step))
    plan.in_registers = <int*>grow(NULL, (total_in + 1) * sizeof(int))
    plan.in_flags = <unsigned char*>calloc(total_in + 1, 1)
    plan.types = <int*>grow(NULL, (n_registers + 1) * sizeof(int))
    plan.is_constant = <bint*>calloc(n_registers + 1, sizeof(bint))
    plan.is_unread = <bint*>calloc(n_registers + 1, sizeof(bint))
    if plan.steps == NULL or plan.in_flags == NULL or plan.is_constant == NULL or plan.is_unread == NULL:
        raise MemoryError()
    plan.n_registers = n_registers
    for i in range(plan.n_feeds):
        plan.types[i] = numpy_type(base_of(g.outputs[plan.feed_outputs[i]].dtype))
    # Registers first: a value that goes round in a loop is read before the step that makes it.
    n_registers = plan.n_feeds
    for i in range(order.n):
        n = &g.nodes[order.data[i]]
        for k in range(n.n_outputs):
            plan.types[n_registers + k] = numpy_type(g.outputs[n.first_output + k].dtype)
            if register_of[n.first_output + k] == 0:     # a fed output of a node that runs stays the fed value
                register_of[n.first_output + k] = n_registers + k + 1
        n_registers += n.n_outputs
    n_registers = plan.n_feeds
    total_in = 0
    for i in range(order.n):
        node = order.data[i]
        n = &g.nodes[node]
        b = binding_of(<OpType>OP_TYPES[n.op_type])
        if b.kind == STEP_CONST and not has_flow:
            plan.constants.append((n_registers, constant_value(g, node)))
            plan.is_constant[n_registers] = True
            n_registers += 1
            continue
        if b.kind == STEP_NOTHING and not has_flow:
            n_registers += n.n_outputs
            continue
        step = &plan.steps[plan.n_steps]
        step.n_in = n.n_inputs
        step.n_out = n.n_outputs
        step.first_in = total_in
        step.first_out = n_registers
        for k in range(n.n_inputs):
            source = g.edges[n.first_edge + k]
            plan.in_registers[total_in + k] = register_of[source] - 1
            if g.outputs[source].dtype >= 100 and register_of[source] > plan.n_feeds:
                if not takes_ref(<OpType>OP_TYPES[n.op_type], n.n_inputs, k):
                    plan.in_flags[total_in + k] = INPUT_DEREF
                    step.has_deref = True
        total_in += n.n_inputs
        n_registers += n.n_outputs
        plan.n_steps += 1        # counted before binding, so that __dealloc__ sees what bind owns
        plan.bind(step, node)
        if step.kind == STEP_CONST:
            value = constant_value(g, node)
            Py_INCREF(value)
            step.attrs = <PyObject*>value
        if has_flow:
            plan.calls_python = True
    mark_sharing(plan, g, has_flow)
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


cdef int mark_last_readers(Plan plan) except -1:
    """Mark where each register is read for the last time; feeds, fetches and constants outlive the steps."""
    cdef int s, k, register
    cdef Step* step
    cdef unsigned char* read = <unsigned char*>calloc(plan.n_registers + 1, 1)
    if read == NULL:
        raise MemoryError()
    for k in range(plan.n_feeds):
        read[k] = 1
    for k in range(plan.n_fetches):
        read[plan.fetch_registers[k]] = 1
    for s in range(plan.n_steps - 1, -1, -1):
        step = &plan.steps[s]
        for k in range(step.n_out):
            if not read[step.first_out + k]:
                step.drops = True
                plan.is_unread[step.first_out + k] = True
        for k in range(step.first_in, step.first_in + step.n_in):
            register = plan.in_registers[k]
            if not read[register] and not plan.is_constant[register]:
                read[register] = 1
                plan.in_flags[k] |= INPUT_LAST
    free(read)
    return 0
