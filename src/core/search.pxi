# Walking the graph for gradients: which nodes lie between two sets, and how many gradients each waits for.  The time
# follows the part that the targets depend on, not the graph, and nothing recurses.

cdef bint passes_gradient(Graph g, int output) noexcept:
    """Whether gradients flow through this output: floating, complex, resource or variant."""
    cdef int d = base_of(g.outputs[output].dtype)
    return d == 1 or d == 2 or d == 8 or d == 18 or d == 14 or d == 19 or d == 20 or d == 21


def between(Graph graph not None, from_ops, to_ops):
    """The nodes on paths from `from_ops` to `to_ops`, and the number of gradients each one waits for.

    Parameters
    ----------
    from_ops, to_ops : list of Operation

    Returns
    -------
    (dict, set)
        Pending count of each node between, by node id; the ids of `to_ops` that can be reached.
    """
    cdef int n = graph.n_nodes
    cdef int i, k, node, other, output
    cdef Node* record
    cdef Operation op
    cdef list stack = []
    cdef set above = set()           # ancestors of to_ops
    cdef set reached = set()         # of these, what from_ops lead to
    cdef dict pending = {}
    for op in to_ops:
        if op._id not in above:
            above.add(op._id)
            stack.append(op._id)
    while stack:
        node = stack.pop()
        record = &graph.nodes[node]
        for k in range(record.n_inputs):
            other = graph.outputs[graph.edges[record.first_edge + k]].node
            if other not in above:
                above.add(other)
                stack.append(other)
    # Forward, inside what was found. Edges point up, except in TF1 control flow: there the consumers tell.
    cdef list order = sorted(above)
    for op in from_ops:
        if op._id in above and op._id not in reached:
            reached.add(op._id)
            stack.append(op._id)
    if has_back_edge(graph, order):
        while stack:
            node = stack.pop()
            record = &graph.nodes[node]
            for output in range(record.first_output, record.first_output + record.n_outputs):
                if passes_gradient(graph, output):
                    for item in graph.consumers_of(output):
                        if item in above and item not in reached:
                            reached.add(item)
                            stack.append(item)
    else:
        for item in order:
            node = item
            if node in reached:
                continue
            record = &graph.nodes[node]
            for k in range(record.n_inputs):
                output = graph.edges[record.first_edge + k]
                if graph.outputs[output].node in reached and passes_gradient(graph, output):
                    reached.add(node)
                    break
    # Backward again, through reached nodes only.
    cdef set found = set()
    cdef list queue = []
    cdef set targets = set()
    for op in to_ops:
        if op._id in reached:
            targets.add(op._id)
            if op._id not in found:
                found.add(op._id)
                queue.append(op._id)
    while queue:
        node = queue.pop()
        record = &graph.nodes[node]
        pending.setdefault(node, 0)
        for k in range(record.n_inputs):
            other = graph.outputs[graph.edges[record.first_edge + k]].node
            if other in reached:
                pending[other] = pending.get(other, 0) + 1
                if other not in found:
                    found.add(other)
                    queue.append(other)
    return pending, targets


cdef bint has_back_edge(Graph graph, list order):
    cdef int k, node
    cdef Node* record
    for item in order:
        node = item
        record = &graph.nodes[node]
        for k in range(record.n_inputs):
            if graph.outputs[graph.edges[record.first_edge + k]].node >= node:
                return True
    return False
