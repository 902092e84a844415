# Draft: what has to run for one set of fetches and feeds, before it is bound to registers and kernels.
#
# Collecting walks back from the fetches, stops at feeds, and puts the operations it met in order: by id, since an
# operation is usually younger than its inputs, else by Kahn's algorithm with the smallest id first. Nothing here
# recurses: a chain of a million operations is collected in a loop.
#
# A draft numbers its *values*: the feeds, then the outputs of its steps. Rewrites (rewrite.pxi) say of a step that it
# is gone, and of the values it made which constant or which other value stands for them; they never change the order.

from libc.stdlib cimport calloc, qsort

cdef struct DraftStep:           # one operation that is to run
    int node
    StepKind kind
    int n_in
    int n_out
    int first_in                 # its inputs: Draft.inputs from here, each the number of a value
    int first_out                # its outputs: this value and the ones after it
    bint gone                    # something else stands for its outputs
    int group                    # the group it is fused into; -1: none
    int next                     # the next member of its group; -1: it is the last
    bint in_join                 # it is one step with others (join.pxi), and is in no other group
    loop_fn loop                 # its inner loop, if it is in a group
    void* loop_data
    int vector                   # element type of the program that it can be part of: vector_type
    int joined                   # ProductBits: what a product does besides (products.pxi)
    int others[2]                # nodes that did it, or -1

cdef struct DraftValue:
    int output                   # the output of the graph
    int maker                    # the step that makes it; -1: it is fed
    int same                     # the value that stands for it; itself, if nothing does
    int register                 # where `bind` puts it, or -1
    int place                    # where a group puts it: a position in its table of pointers, or -1 - slot
    int last                     # the last call of a group that reads it
    int ref                      # what stands for it in a program, if ref_of is the number of that program
    int ref_of
    PyObject* constant           # owned: what it is known to be, or NULL

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
cdef class Draft:
    """Steps and values of a plan in the making."""
    cdef Graph graph
    cdef DraftStep* steps        # owned, in order of execution
    cdef int n_steps
    cdef DraftValue* values      # owned; the first n_feeds are the feeds
    cdef int n_values
    cdef int* inputs             # inputs of all steps
    cdef int n_inputs
    cdef int n_feeds
    cdef list feeds              # output ids
    cdef list fetches            # numbers of values
    cdef bint has_flow           # there is TF1 control flow: steps may run often or not at all, nothing is rewritten
    cdef dict frames             # node -> its loops, if has_flow
    cdef bint updates_refs       # some step writes to a reference variable
    cdef list groups             # of Group, from fusion

    def __dealloc__(self):
        cdef int i
        for i in range(self.n_values):
            Py_XDECREF(self.values[i].constant)
        free(self.steps)
        free(self.values)
        free(self.inputs)

    cdef inline int find(self, int value) noexcept:
        """The value that stands for `value`."""
        while self.values[value].same != value:
            value = self.values[value].same
        return value

    cdef inline int input(self, DraftStep* step, int k) noexcept:
        """The value that input `k` of a step reads."""
        return self.find(self.inputs[step.first_in + k])

    cdef void replace(self, int value, int other) noexcept:
        """Let `other` stand for `value`."""
        self.values[value].same = self.find(other)

    cdef void know(self, int value, object constant) noexcept:
        """Say what `value` is."""
        cdef PyObject* old = self.values[value].constant
        Py_INCREF(constant)
        self.values[value].constant = <PyObject*>constant
        Py_XDECREF(old)

    cdef OpType op_type(self, DraftStep* step):
        return <OpType>OP_TYPES[self.graph.nodes[step.node].op_type]

    cdef int dtype(self, int value) noexcept:
        """DataType number of a value; + 100 for a reference."""
        return self.graph.outputs[self.values[value].output].dtype

    cdef int allocate(self, int n_steps, int n_inputs, int n_outputs) except -1:
        self.steps = <DraftStep*>grow(NULL, (n_steps + 1) * sizeof(DraftStep))
        self.inputs = <int*>grow(NULL, (n_inputs + 1) * sizeof(int))
        self.values = <DraftValue*>grow(NULL, (self.n_feeds + n_outputs + 1) * sizeof(DraftValue))
        return 0

    cdef int add_value(self, int output, int maker) noexcept:
        cdef DraftValue* value = &self.values[self.n_values]
        value.output = output
        value.maker = maker
        value.same = self.n_values
        value.register = -1
        value.place = value.last = value.ref = value.ref_of = 0
        value.constant = NULL
        self.n_values += 1
        return self.n_values - 1

    cdef int add_step(self, int node, StepKind kind) noexcept:
        """A step for `node`, its outputs numbered, its inputs to be filled in."""
        cdef Node* n = &self.graph.nodes[node]
        cdef DraftStep* step = &self.steps[self.n_steps]
        cdef int k
        step.node = node
        step.kind = kind
        step.n_in = n.n_inputs
        step.n_out = n.n_outputs
        step.first_in = self.n_inputs
        step.first_out = self.n_values
        step.gone = False
        step.group = step.next = step.others[0] = step.others[1] = -1
        step.joined = 0
        step.in_join = False
        for k in range(n.n_outputs):
            self.add_value(n.first_output + k, self.n_steps)
        self.n_inputs += n.n_inputs
        self.n_steps += 1
        return 0


cdef Draft collect(Graph g, list fetches, list feeds, list targets):
    """The draft of what computes the outputs `fetches` and runs the nodes `targets`, given the outputs `feeds`."""
    cdef Draft draft = Draft.__new__(Draft)
    cdef unsigned char* seen = NULL
    cdef int* value_of = NULL            # output id -> value + 1
    cdef Ints order, stack
    cdef bint ascending = True
    cdef int i, n_inputs = 0, n_outputs = 0
    order.data = stack.data = NULL
    order.n = stack.n = order.capacity = stack.capacity = 0
    draft.graph = g
    draft.groups = []
    draft.feeds = feeds
    try:
        # Fresh pages of calloc are zero without being touched, so a small part of a large graph costs what it reaches.
        seen = <unsigned char*>calloc(g.n_nodes + 1, 1)
        value_of = <int*>calloc(g.n_outputs + 1, sizeof(int))
        if seen == NULL or value_of == NULL:
            raise MemoryError()
        draft.n_feeds = <int>len(feeds)
        for i in range(draft.n_feeds):
            value_of[<int>feeds[i]] = i + 1
        reach(g, fetches, targets, value_of, seen, &order, &stack, &ascending)
        for i in range(order.n):
            n_inputs += g.nodes[order.data[i]].n_inputs
            n_outputs += g.nodes[order.data[i]].n_outputs
            if binding_of(<OpType>OP_TYPES[g.nodes[order.data[i]].op_type]).kind >= STEP_SWITCH:
                draft.has_flow = True
        if draft.has_flow:
            draft.frames = order_flow(g, &order, seen, value_of)
        elif ascending:
            qsort(order.data, order.n, sizeof(int), compare_ints)
        else:
            sort_by_dependence(g, value_of, seen, &order)
        if not draft.has_flow:
            read_before_updates(g, value_of, seen, &order)
        draft.allocate(order.n, n_inputs, n_outputs)
        number(draft, &order, value_of)
        draft.fetches = [value_of[<int>output] - 1 for output in fetches]
    finally:
        free(seen)
        free(value_of)
        free(order.data)
        free(stack.data)
    return draft


cdef int number(Draft draft, Ints* order, int* value_of) except -1:
    """Steps for the nodes in `order`; Consts and ops that do nothing are none, but where control flow may pass by."""
    cdef Graph g = draft.graph
    cdef Node* n
    cdef DraftStep* step
    cdef int i, k
    for i in range(draft.n_feeds):
        draft.add_value(<int>draft.feeds[i], -1)
    # Values first: one that goes round in a loop is read before the step that makes it.
    for i in range(order.n):
        n = &g.nodes[order.data[i]]
        draft.add_step(order.data[i], binding_of(<OpType>OP_TYPES[n.op_type]).kind)
        step = &draft.steps[i]
        for k in range(n.n_outputs):
            if value_of[n.first_output + k] == 0:    # a fed output of a node that runs stays the fed value
                value_of[n.first_output + k] = step.first_out + k + 1
        if draft.has_flow:
            continue
        if step.kind == STEP_CONST:
            draft.know(step.first_out, constant_value(g, step.node))
            step.gone = True
        elif step.kind == STEP_NOTHING:
            step.gone = True
    for i in range(draft.n_steps):
        step = &draft.steps[i]
        n = &g.nodes[step.node]
        for k in range(step.n_in):
            draft.inputs[step.first_in + k] = value_of[g.edges[n.first_edge + k]] - 1
    return 0


cdef Draft single_draft(Graph g, int node):
    """The draft of one operation alone, its inputs fed one by one and its outputs fetched."""
    cdef Draft draft = Draft.__new__(Draft)
    cdef Node* n = &g.nodes[node]
    cdef int k
    draft.graph = g
    draft.groups = []
    draft.n_feeds = n.n_inputs
    draft.feeds = [g.edges[n.first_edge + k] for k in range(n.n_inputs)]
    draft.allocate(1, n.n_inputs, n.n_outputs)
    for k in range(n.n_inputs):
        draft.add_value(g.edges[n.first_edge + k], -1)
        draft.inputs[k] = k
    draft.add_step(node, binding_of(<OpType>OP_TYPES[n.op_type]).kind)
    draft.fetches = [n.n_inputs + k for k in range(n.n_outputs)]
    return draft


# ---------------------------------------------------------------- what is reached, and in which order

cdef int compare_ints(const void* a, const void* b) noexcept nogil:
    cdef int x = (<const int*>a)[0], y = (<const int*>b)[0]
    return (x > y) - (x < y)


cdef inline bint is_fed_placeholder(Graph g, int node, int* value_of) except -1:
    cdef Node* n = &g.nodes[node]
    return (n.n_outputs == 1 and value_of[n.first_output] != 0
            and binding_of(<OpType>OP_TYPES[n.op_type]).is_placeholder)


cdef int reach(Graph g, list fetches, list targets, int* value_of, unsigned char* seen, Ints* order, Ints* stack,
               bint* ascending) except -1:
    """Collect the nodes that must run: `seen` is 1 for each, and `order` lists them, not yet in order."""
    cdef int i, node, source
    cdef int* edges
    cdef Node* n
    for output in fetches:
        if value_of[<int>output] == 0:
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
            if value_of[edges[i]]:
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
            if seen[source] or is_fed_placeholder(g, source, value_of):
                if source >= node:
                    ascending[0] = False
                continue
            if source >= node:
                ascending[0] = False
            seen[source] = 1
            push(stack, source)
    return 0


cdef int sort_by_dependence(Graph g, int* value_of, unsigned char* seen, Ints* order) except -1:
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
                if value_of[g.edges[n.first_edge + k]]:
                    continue
                source = g.outputs[g.edges[n.first_edge + k]].node
            else:
                source = g.edges[n.first_edge + k]
                if is_fed_placeholder(g, source, value_of) and not seen[source]:
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


cdef int read_before_updates(Graph g, int* value_of, unsigned char* seen, Ints* order) except -1:
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
                if value_of[source]:
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
