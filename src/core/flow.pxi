# TF1's control flow in a run: Switch, Merge, Enter, Exit and NextIteration.
#
# A Switch sends its input to one of two outputs; what hangs on the other is *dead* and does not run. A Merge takes
# the input that is alive. A loop is a *frame*: values come in through Enter, go round from NextIteration to Merge, and
# leave through Exit. TF's executor passes tokens between frames; here the plan is put into the order of a program with
# nested loops once, and a loop is run by running its body until no NextIteration is alive:
#
#     [Enter, Enter, Loop[Merge, Less, LoopCond, Switch, Add, NextIteration], Exit]
#
# The order holds because whatever enters a frame does so through an Enter, and whatever leaves it through an Exit; each
# Exit is made to wait for all of its frame.

cdef object DEAD = object()      # what a register holds when its operation did not run

KINDS.update({
    "Switch": STEP_SWITCH, "RefSwitch": STEP_SWITCH, "Merge": STEP_MERGE, "RefMerge": STEP_MERGE,
    "Enter": STEP_ENTER, "RefEnter": STEP_ENTER, "Exit": STEP_EXIT, "RefExit": STEP_EXIT,
    "NextIteration": STEP_NEXT, "RefNextIteration": STEP_NEXT, "LoopCond": STEP_IDENTITY,
})


@cython.final
cdef class Loop:
    """A frame of the plan: the program of its body, and where values go round."""
    cdef str name
    cdef Loop parent             # None: the loop stands in no other
    cdef list program            # steps and Loops in order, as Plan.program
    cdef list rounds             # registers of its NextIterations
    cdef bint placed             # in the program of its parent


cdef inline bint is_back_edge(Graph g, int reader, int source) except -1:
    return (binding_of(<OpType>OP_TYPES[g.nodes[source].op_type]).kind == STEP_NEXT
            and binding_of(<OpType>OP_TYPES[g.nodes[reader].op_type]).kind == STEP_MERGE)


cdef dict find_frames(Graph g, list order, unsigned char* seen, int* register_of):
    """Node -> (Loop in which it runs, Loop in which its outputs are); None stands for no loop."""
    cdef dict frames = {}        # node -> the pair
    cdef dict loops = {}         # (name, parent) -> Loop
    cdef int node, source, k
    cdef Node* n
    cdef Loop loop, outer
    cdef StepKind kind
    for node in order:
        n = &g.nodes[node]
        outer = None
        for k in range(n.n_inputs + n.n_controls):
            if k < n.n_inputs:
                if register_of[g.edges[n.first_edge + k]]:
                    continue
                source = g.outputs[g.edges[n.first_edge + k]].node
            else:
                source = g.edges[n.first_edge + k]
            pair = frames.get(source)
            if pair is not None and pair[1] is not None:
                outer = pair[1]
                break
        kind = binding_of(<OpType>OP_TYPES[n.op_type]).kind
        if kind == STEP_ENTER:
            name = g.operation(node)._attr("frame_name")[1].decode()
            loop = loops.get((name, outer))
            if loop is None:
                loop = Loop.__new__(Loop)
                loop.name = name
                loop.parent = outer
                loop.program = []
                loop.rounds = []
                loops[(name, outer)] = loop
            frames[node] = (outer, loop)
        elif kind == STEP_EXIT:
            outer = None if outer is None else outer.parent
            frames[node] = (outer, outer)
        else:
            frames[node] = (outer, outer)
    return frames


cdef list forward_order(Graph g, Ints* order, unsigned char* seen, int* register_of, dict frames):
    """The nodes of `order` behind what they need, back edges aside; with `frames`, Exits behind their whole frame."""
    from heapq import heapify, heappop, heappush
    cdef dict waiting = {}
    cdef dict readers = {}
    cdef dict members = {}       # Loop -> nodes that run in it or enter it
    cdef dict exits = {}         # Loop -> its Exits
    cdef int i, k, node, source
    cdef Node* n
    cdef list ready = [], out = []
    cdef list edges
    for i in range(order.n):
        node = order.data[i]
        n = &g.nodes[node]
        edges = []
        for k in range(n.n_inputs):
            if register_of[g.edges[n.first_edge + k]] == 0:
                source = g.outputs[g.edges[n.first_edge + k]].node
                if not is_back_edge(g, node, source):
                    edges.append(source)
        for k in range(n.n_inputs, n.n_inputs + n.n_controls):
            if seen[g.edges[n.first_edge + k]]:
                edges.append(g.edges[n.first_edge + k])
        waiting[node] = len(edges)
        for s in edges:
            readers.setdefault(s, []).append(node)
        if frames is not None:
            runs_in, makes_in = frames[node]
            loop = runs_in
            while loop is not None:
                members.setdefault(loop, []).append(node)
                loop = (<Loop>loop).parent
            if makes_in is not runs_in and makes_in is not None:
                members.setdefault(makes_in, []).append(node)
            if binding_of(<OpType>OP_TYPES[n.op_type]).kind == STEP_EXIT:
                source = g.outputs[g.edges[n.first_edge]].node
                if source in frames:
                    exits.setdefault(frames[source][1], []).append(node)
    # One barrier for each frame, before its Exits and behind everything in it.
    barrier = -1
    for loop, nodes in exits.items():
        if loop is None:
            continue
        waiting[barrier] = len(members.get(loop, ()))
        for s in members.get(loop, ()):
            readers.setdefault(s, []).append(barrier)
        for e in nodes:
            waiting[e] += 1
            readers.setdefault(barrier, []).append(e)
        barrier -= 1
    ready = [node for node, count in waiting.items() if count == 0]
    heapify(ready)
    while ready:
        node = heappop(ready)
        if node >= 0:
            out.append(node)
        del waiting[node]
        for reader in readers.get(node, ()):
            waiting[reader] -= 1
            if waiting[reader] == 0:
                heappush(ready, reader)
    if waiting:
        names = ", ".join([g.node_name(node) for node in sorted(waiting)[:20] if node >= 0])
        raise invalid_argument(
            f"Graph is invalid, contains a cycle with {len(waiting)} nodes, including: {names}")
    return out


cdef dict order_flow(Graph g, Ints* order, unsigned char* seen, int* register_of):
    """Put `order` into an order in which loops can be nested; the frames of its nodes."""
    cdef int i
    frames = find_frames(g, forward_order(g, order, seen, register_of, None), seen, register_of)
    for i, node in enumerate(forward_order(g, order, seen, register_of, frames)):
        order.data[i] = node
    return frames


cdef list make_program(Plan plan, dict frames):
    """Steps in order, those of a loop gathered in a Loop that stands before its first Exit."""
    cdef list program = []
    cdef list loops = []
    cdef int s
    cdef Step* step
    cdef Loop loop, inner
    for s in range(plan.n_steps):
        step = &plan.steps[s]
        loop, inner = frames[step.node]
        if step.kind == STEP_EXIT:
            # Its frame is the one its input was made in; it has run completely before.
            source = plan.graph.outputs[plan.graph.edges[plan.graph.nodes[step.node].first_edge]].node
            if source in frames:
                place(program, <Loop>frames[source][1])
        if step.kind == STEP_NEXT and loop is not None:
            loop.rounds.append(step.first_out)
        if inner is not None and inner not in loops:
            loops.append(inner)
        (program if loop is None else loop.program).append(s)
    for inner in reversed(loops):
        place(program, inner)
    return program


cdef int place(list program, Loop loop) except -1:
    if loop is not None and not loop.placed:
        loop.placed = True
        (program if loop.parent is None else loop.parent.program).append(loop)
    return 0


# ---------------------------------------------------------------- running

cdef inline bint is_dead(PyObject* value) noexcept:
    return value == NULL or value == <PyObject*>DEAD


cdef int set_register(Frame* frame, int register, PyObject* value) noexcept:
    """Put a value that the register is to share into it."""
    cdef PyObject* old = frame.registers[register]
    Py_XINCREF(value)
    frame.registers[register] = value
    Py_XDECREF(old)
    return 0


cdef int run_program(Plan plan, Frame* frame, RunState run, list program, set dead, int* current) except -1:
    """Run steps and loops in order; `dead` has the nodes that did not run."""
    cdef Loop loop
    cdef bint alive
    for item in program:
        if type(item) is not Loop:
            current[0] = item
            run_flow_step(plan, frame, run, &plan.steps[current[0]], dead)
            continue
        loop = <Loop>item
        for register in loop.rounds:
            set_register(frame, register, <PyObject*>DEAD)
        alive = True
        while alive:
            run_program(plan, frame, run, loop.program, dead, current)
            check_signals()
            alive = False
            for register in loop.rounds:
                if not is_dead(frame.registers[<int>register]):
                    alive = True
                    break
    return 0


cdef int run_flow_step(Plan plan, Frame* frame, RunState run, Step* step, set dead) except -1:
    """One step whose inputs may be dead."""
    cdef Graph g = plan.graph
    cdef Node* n = &g.nodes[step.node]
    cdef int* registers = plan.in_registers + step.first_in
    cdef int i, chosen = -1
    cdef bint lives = True
    cdef PyObject* value
    for i in range(n.n_controls):
        if g.edges[n.first_edge + n.n_inputs + i] in dead:
            lives = False
    if not lives and step.n_in == 0 and step.n_out == 0:
        # It only gathers control inputs, some of them in branches not taken.
        lives = (<OpType>OP_TYPES[n.op_type]).type == "ControlTrigger"
    if step.kind == STEP_MERGE:
        # In a loop the value that went round is the last input, and it is alive from the second round on.
        for i in range(step.n_in - 1, -1, -1):
            if not is_dead(frame.registers[registers[i]]):
                chosen = i
                break
        lives = chosen >= 0
        value = frame.registers[registers[chosen]] if lives else <PyObject*>DEAD
        if lives:
            index = np.array(chosen, np.int32)
            set_register(frame, step.first_out, value)
            set_register(frame, step.first_out + 1, <PyObject*>index)
        return settle(frame, step, dead, lives)
    for i in range(step.n_in):
        if is_dead(frame.registers[registers[i]]):
            lives = False
    if not lives:
        return settle(frame, step, dead, False)
    if step.kind == STEP_SWITCH:
        value = frame.registers[registers[0]]
        chosen = 1 if <object>frame.registers[registers[1]] else 0
        if plan.in_flags[step.first_in] & INPUT_DEREF:
            value = dereference(value)
        else:
            Py_XINCREF(value)
        set_register(frame, step.first_out + chosen, value)
        Py_XDECREF(value)
        set_register(frame, step.first_out + 1 - chosen, <PyObject*>DEAD)
    elif step.kind == STEP_CONST:
        set_register(frame, step.first_out, step.attrs)
    elif step.kind != STEP_NOTHING:
        started = time_ns() if run.trace is not None else None
        for i in range(step.n_out):
            if frame.registers[step.first_out + i] == <PyObject*>DEAD:
                Py_XDECREF(frame.registers[step.first_out + i])
                frame.registers[step.first_out + i] = NULL
            drop(frame, step.first_out + i)
        run_step(plan, frame, step, run)
        if started is not None:
            run.note(plan, frame, step, started)
    return settle(frame, step, dead, True)


cdef int settle(Frame* frame, Step* step, set dead, bint lives) except -1:
    """Note whether a step ran; the outputs of one that did not are dead."""
    cdef int i
    if lives:
        dead.discard(step.node)
        return 0
    dead.add(step.node)
    for i in range(step.n_out):
        set_register(frame, step.first_out + i, <PyObject*>DEAD)
    return 0


cdef int run_flow(Plan plan, Frame* frame, RunState run) except -1:
    """Run a plan that has control flow."""
    cdef int current = 0, k
    try:
        run_program(plan, frame, run, plan.program, set(), &current)
    except BaseException as error:
        raise step_error(plan.graph, plan.steps[current].node, error)
    for k in range(plan.n_fetches):
        if is_dead(frame.registers[plan.fetch_registers[k]]):
            raise invalid_argument(f"Retval[{k}] does not have value")
    return 0
