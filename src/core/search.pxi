# Walking the graph for gradients: which nodes lie between two sets, and how many gradients each waits for.  The time
# follows the part that the targets depend on, not the graph, and nothing recurses: what is known of a node stands in a
# table of the nodes seen, found by hashing.

cdef bint passes_gradient(Graph g, int output) noexcept:
    """Whether gradients flow through this output: floating, complex, resource or variant."""
    cdef int d = base_of(g.outputs[output].dtype)
    return d == 1 or d == 2 or d == 8 or d == 18 or d == 14 or d == 19 or d == 20 or d == 21


cdef struct Visit:               # a node seen in a search
    int node
    int pending                  # gradients it waits for
    int first_slot               # where those of its outputs are collected; -1: none yet
    bint reached                 # what the search started from leads to it
    bint between                 # on a way from there to a target
    bint target
    bint stop                    # no gradient passes it


@cython.final
cdef class Search:
    """The nodes on ways from `from_ops` to `to_ops`, and how many gradients each one waits for.

    Parameters
    ----------
    graph : Graph
    from_ops, to_ops : list of Operation
    """

    cdef Graph graph
    cdef Visit* visits           # owned; grows by doubling
    cdef int n_visits
    cdef int capacity
    cdef int* table              # open addressing: index of a visit or -1
    cdef int mask
    cdef int* order              # visits between, as they were found
    cdef int n_between

    def __cinit__(self, *args, **kwargs):
        self.capacity = 16
        self.visits = <Visit*>malloc(16 * sizeof(Visit))
        self.mask = 63
        self.table = <int*>malloc(64 * sizeof(int))
        if self.visits == NULL or self.table == NULL:
            raise MemoryError()
        memset(self.table, 0xFF, 64 * sizeof(int))

    def __dealloc__(self):
        free(self.visits)
        free(self.table)
        free(self.order)

    def __init__(self, Graph graph not None, from_ops, to_ops):
        cdef list sources = list(from_ops)
        cdef list targets = list(to_ops)
        cdef bint loops
        self.graph = graph
        loops = self.find_ancestors(sources, targets)
        if loops:
            self.reach_by_consumers(sources)
        else:
            self.reach_in_order(sources)
        self.count(targets)

    # ------------------------------------------------------------ the table

    cdef int find(self, int node) noexcept:
        """The visit of a node, or -1."""
        cdef int slot = node_hash(node) & self.mask
        while self.table[slot] >= 0 and self.visits[self.table[slot]].node != node:
            slot = (slot + 1) & self.mask
        return self.table[slot]

    cdef int see(self, int node, bint* is_new) except -1:
        """The visit of a node, made when it is seen for the first time."""
        cdef int slot = node_hash(node) & self.mask
        cdef int v
        while self.table[slot] >= 0:
            if self.visits[self.table[slot]].node == node:
                is_new[0] = False
                return self.table[slot]
            slot = (slot + 1) & self.mask
        is_new[0] = True
        if self.n_visits == self.capacity:
            self.visits = <Visit*>grow(self.visits, <size_t>2 * self.capacity * sizeof(Visit))
            self.capacity *= 2
        v = self.n_visits
        self.visits[v] = Visit(node, 0, -1, False, False, False, False)
        self.n_visits += 1
        self.table[slot] = v
        if 2 * self.n_visits > self.mask:
            self.rehash()
        return v

    cdef int rehash(self) except -1:
        cdef size_t size = <size_t>4 * (self.mask + 1)
        cdef int v, slot
        self.table = <int*>grow(self.table, size * sizeof(int))
        memset(self.table, 0xFF, size * sizeof(int))
        self.mask = <int>(size - 1)
        for v in range(self.n_visits):
            slot = node_hash(self.visits[v].node) & self.mask
            while self.table[slot] >= 0:
                slot = (slot + 1) & self.mask
            self.table[slot] = v
        return 0

    # ------------------------------------------------------------ the search

    cdef bint find_ancestors(self, list sources, list targets) except -1:
        """See what the targets depend on; whether an edge among it points back."""
        cdef Graph g = self.graph
        cdef Operation op
        cdef Node* record
        cdef bint is_new, loops = False
        cdef int v = 0, k, other, oldest = 2147483647
        # Where no edge points back, what is older than all sources leads to none.
        for op in sources:
            oldest = min(oldest, op._id)
        if g.points_back:
            oldest = 0
        for op in targets:
            if op._id >= oldest:
                self.see(op._id, &is_new)
        while v < self.n_visits:
            record = &g.nodes[self.visits[v].node]
            for k in range(record.n_inputs):
                other = g.outputs[g.edges[record.first_edge + k]].node
                if other >= oldest:
                    self.see(other, &is_new)
                    if other >= self.visits[v].node:
                        loops = True
            v += 1
        return loops

    cdef int reach_in_order(self, list sources) except -1:
        """Mark what the sources lead to, when inputs are older than what takes them."""
        cdef Graph g = self.graph
        cdef Operation op
        cdef Node* record
        cdef int* nodes
        cdef int i, k, v, output
        for op in sources:
            v = self.find(op._id)
            if v >= 0:
                self.visits[v].reached = True
        nodes = <int*>grow(NULL, (self.n_visits + 1) * sizeof(int))
        for v in range(self.n_visits):
            nodes[v] = self.visits[v].node
        qsort(nodes, self.n_visits, sizeof(int), compare_ints)
        for i in range(self.n_visits):
            v = self.find(nodes[i])
            if self.visits[v].reached:
                continue
            record = &g.nodes[nodes[i]]
            for k in range(record.n_inputs):
                output = g.edges[record.first_edge + k]
                if passes_gradient(g, output) and self.is_reached(g.outputs[output].node):
                    self.visits[v].reached = True
                    break
        free(nodes)
        return 0

    cdef bint is_reached(self, int node) noexcept:
        cdef int v = self.find(node)
        return v >= 0 and self.visits[v].reached

    cdef int reach_by_consumers(self, list sources) except -1:
        """Mark what the sources lead to, in any graph."""
        cdef Graph g = self.graph
        cdef Operation op
        cdef int v, w, output, first, last
        cdef list stack = []
        for op in sources:
            v = self.find(op._id)
            if v >= 0 and not self.visits[v].reached:
                self.visits[v].reached = True
                stack.append(v)
        while stack:
            v = stack.pop()
            first = g.nodes[self.visits[v].node].first_output
            last = first + g.nodes[self.visits[v].node].n_outputs
            for output in range(first, last):
                if passes_gradient(g, output):
                    for consumer in g.consumers_of(output):
                        w = self.find(consumer)
                        if w >= 0 and not self.visits[w].reached:
                            self.visits[w].reached = True
                            stack.append(w)
        return 0

    cdef int count(self, list targets) except -1:
        """Go back from the targets through what is reached, and count what each node waits for."""
        cdef Graph g = self.graph
        cdef Operation op
        cdef Node* record
        cdef int v, w, k
        cdef int n_stack = 0
        cdef int* stack = <int*>grow(NULL, (self.n_visits + 1) * sizeof(int))
        self.order = <int*>malloc((self.n_visits + 1) * sizeof(int))
        if self.order == NULL:
            free(stack)
            raise MemoryError()
        for op in targets:
            v = self.find(op._id)
            if v >= 0 and self.visits[v].reached and not self.visits[v].target:
                self.visits[v].target = True
                self.visits[v].between = True
                stack[n_stack] = v
                n_stack += 1
        while n_stack:
            n_stack -= 1
            v = stack[n_stack]
            self.order[self.n_between] = v
            self.n_between += 1
            record = &g.nodes[self.visits[v].node]
            for k in range(record.n_inputs):
                w = self.find(g.outputs[g.edges[record.first_edge + k]].node)
                if w >= 0 and self.visits[w].reached:
                    self.visits[w].pending += 1
                    if not self.visits[w].between:
                        self.visits[w].between = True
                        stack[n_stack] = w
                        n_stack += 1
        free(stack)
        return 0

    # ------------------------------------------------------------ what was found

    def leads(self):
        """Whether some target can be reached."""
        return self.n_between > 0

    def has_type(self, types):
        """Whether an operation between is of one of these types."""
        cdef int i, kind
        cdef list wanted = [(<OpType>OPTYPES[name]).index for name in types if name in OPTYPES]
        for kind in wanted:
            for i in range(self.n_between):
                if self.graph.nodes[self.visits[self.order[i]].node].op_type == kind:
                    return True
        return False

    def pending(self):
        """Node id to the number of gradients waited for, and the ids of targets that can be reached."""
        cdef int i
        cdef Visit* v
        cdef dict out = {}
        cdef set reachable = set()
        for i in range(self.n_between):
            v = &self.visits[self.order[i]]
            out[v.node] = v.pending
            if v.target:
                reachable.add(v.node)
        return out, reachable


def between(Graph graph not None, from_ops, to_ops):
    """The nodes on ways from `from_ops` to `to_ops`, and the number of gradients each one waits for.

    Parameters
    ----------
    from_ops, to_ops : list of Operation

    Returns
    -------
    (dict, set)
        Pending count of each node between, by node id; the ids of `to_ops` that can be reached.
    """
    return Search(graph, from_ops, to_ops).pending()


@cython.overflowcheck(False)
cdef inline unsigned int node_hash(int node) noexcept nogil:
    cdef unsigned int h = <unsigned int>node * 0x9E3779B1u
    return h ^ (h >> 15)
