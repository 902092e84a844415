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
    """A frame of the plan: the program of its body, and where values go round; the outermost one stands for no loop."""
    cdef str name
    cdef Loop parent             # None: the loop stands in no other
    cdef list program            # steps and Loops in order
    cdef list rounds             # registers of its NextIterations
    cdef bint placed             # in the program of its parent
    cdef int* codes              # `program` once it is complete: a step, or -1 - k for loop k of `inner`
    cdef int n_codes
    cdef list inner
    cdef int* turning            # `rounds`
    cdef int n_turning

    def __dealloc__(self):
        free(self.codes)
        free(self.turning)

    cdef int seal(self) except -1:
        """Put the finished program, and those of the loops in it, into arrays."""
        cdef int i = 0
        self.n_codes = <int>len(self.program)
        self.n_turning = <int>len(self.rounds)
        self.codes = <int*>grow(NULL, (self.n_codes + 1) * sizeof(int))
        self.turning = <int*>grow(NULL, (self.n_turning + 1) * sizeof(int))
        self.inner = []
        for item in self.program:
            if type(item) is Loop:
                (<Loop>item).seal()
                self.inner.append(item)
                self.codes[i] = -<int>len(self.inner)
            else:
                self.codes[i] = item
            i += 1
        for i in range(self.n_turning):
            self.turning[i] = self.rounds[i]
        return 0


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
    """The outermost Loop: steps in order, those of a loop gathered in a Loop that stands before its first Exit."""
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
    loop = Loop.__new__(Loop)
    loop.program = program
    loop.rounds = []
    loop.seal()
    mark_dying(plan, loop)
    return [loop]


cdef int place(list program, Loop loop) except -1:
    if loop is not None and not loop.placed:
        loop.placed = True
        (program if loop.parent is None else loop.parent.program).append(loop)
    return 0


# ---------------------------------------------------------------- lifetimes, and what is known

cdef struct Lifetimes:
    int* place                   # step -> its place in the walk through all programs
    int* owner                   # step -> the number of its loop
    int* maker                   # register -> the step that makes it + 1
    int* reader                  # register -> the last step that reads it, -1: none, -2: it stays
    int n_places
    int n_loops


cdef int number_steps(Lifetimes* lives, Loop loop) noexcept:
    cdef int i, own = lives.n_loops
    lives.n_loops += 1
    for i in range(loop.n_codes):
        if loop.codes[i] < 0:
            number_steps(lives, <Loop>loop.inner[-1 - loop.codes[i]])
        else:
            lives.place[loop.codes[i]] = lives.n_places
            lives.owner[loop.codes[i]] = own
            lives.n_places += 1
    return 0


cdef int mark_dying(Plan plan, Loop root) except -1:
    """Mark last readers: where all readers of a register stand in the loop of its maker, and behind it.

    What a Merge takes from a NextIteration is made anew in each round and read by nobody else, so it is taken, too.
    """
    cdef Lifetimes lives
    cdef Step* step
    cdef Step* maker
    cdef int s, k, register, n = plan.n_steps + plan.n_registers + 1
    cdef int* numbers = <int*>calloc(2 * n, sizeof(int))
    if numbers == NULL:
        raise MemoryError()
    lives.place = numbers
    lives.owner = lives.place + plan.n_steps
    lives.maker = lives.owner + plan.n_steps
    lives.reader = lives.maker + plan.n_registers
    lives.n_places = lives.n_loops = 0
    number_steps(&lives, root)
    for register in range(plan.n_registers):
        lives.reader[register] = -2 if plan.is_constant[register] else -1
    for k in range(plan.n_feeds):
        lives.reader[plan.feed_registers[k]] = -2
    for k in range(plan.n_fetches):
        lives.reader[plan.fetch_registers[k]] = -2
    for s in range(plan.n_steps):
        for k in range(plan.steps[s].n_out):
            lives.maker[plan.steps[s].first_out + k] = s + 1
    for s in range(plan.n_steps):
        step = &plan.steps[s]
        for k in range(step.first_in, step.first_in + step.n_in):
            register = plan.in_registers[k]
            if lives.reader[register] == -2:
                continue
            if lives.maker[register] == 0:
                lives.reader[register] = -2
                continue
            maker = &plan.steps[lives.maker[register] - 1]
            if maker.kind == STEP_NEXT:
                # The one Merge of its round.
                lives.reader[register] = s if step.kind == STEP_MERGE and lives.reader[register] == -1 else -2
            elif (lives.owner[s] != lives.owner[lives.maker[register] - 1]
                    or lives.place[s] <= lives.place[lives.maker[register] - 1]):
                lives.reader[register] = -2
            elif lives.reader[register] < 0 or lives.place[lives.reader[register]] < lives.place[s]:
                lives.reader[register] = s
    for s in range(plan.n_steps):
        step = &plan.steps[s]
        for k in range(step.first_in, step.first_in + step.n_in):
            register = plan.in_registers[k]
            if lives.reader[register] == s:
                plan.in_flags[k] |= INPUT_LAST
                lives.reader[register] = -2              # once, if the step reads it twice
        for register in range(step.first_out, step.first_out + step.n_out):
            if lives.reader[register] == -1 and step.kind != STEP_NEXT:
                step.drops = True
                plan.is_unread[register] = True
    free(numbers)
    return 0


cdef int know_constants(Plan plan, Draft draft) except -1:
    """Evaluate steps whose inputs are all known once; they run, or are dead, where they stood."""
    cdef dict known = {}         # value -> array
    cdef DraftStep* drafted
    cdef Step* step
    cdef int s, k
    cdef list inputs
    for s in range(draft.n_steps):
        drafted = &draft.steps[s]
        step = &plan.steps[s]
        if drafted.kind == STEP_CONST:
            known[drafted.first_out] = <object>step.attrs
            continue
        if drafted.n_out != 1 or not is_pure(draft, drafted):
            continue
        inputs = []
        for k in range(drafted.n_in):
            found = known.get(draft.input(drafted, k))
            if found is None:
                break
            inputs.append(found)
        else:
            try:
                found = evaluate(draft.graph, drafted.node, inputs)[0]
            except Exception:
                continue         # it fails when it runs
            if array_nbytes(<CArray*><PyObject*>found) > FOLD_BYTES:
                continue
            known[drafted.first_out] = found
            step.kind = STEP_CONST
            Py_INCREF(found)
            Py_XDECREF(step.attrs)
            step.attrs = <PyObject*>found
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


cdef list MERGE_INDICES = [np.array(i, np.int32) for i in range(8)]      # what says which input a Merge took


cdef object merge_index(int chosen):
    return MERGE_INDICES[chosen] if chosen < 8 else np.array(chosen, np.int32)


cdef int run_program(Plan plan, Frame* frame, RunState run, Loop loop, unsigned char* dead, int* current) except -1:
    """Run steps and loops in order; `dead` is 1 for the nodes that did not run."""
    cdef Loop inner
    cdef bint alive
    cdef int i, k
    for i in range(loop.n_codes):
        if loop.codes[i] >= 0:
            current[0] = loop.codes[i]
            run_flow_step(plan, frame, run, &plan.steps[current[0]], dead)
            continue
        inner = <Loop>loop.inner[-1 - loop.codes[i]]
        for k in range(inner.n_turning):
            set_register(frame, inner.turning[k], <PyObject*>DEAD)
        alive = True
        while alive:
            run_program(plan, frame, run, inner, dead, current)
            check_signals()
            alive = False
            for k in range(inner.n_turning):
                if not is_dead(frame.registers[inner.turning[k]]):
                    alive = True
                    break
    return 0


cdef int run_flow_step(Plan plan, Frame* frame, RunState run, Step* step, unsigned char* dead) except -1:
    """One step whose inputs may be dead; then drop what nobody reads any more."""
    cdef unsigned char* flags = plan.in_flags + step.first_in
    cdef int i
    try_flow_step(plan, frame, run, step, dead)
    for i in range(step.n_in):
        if flags[i] & INPUT_LAST:
            drop(frame, plan.in_registers[step.first_in + i])
    if step.drops:
        drop_unread(plan, frame, step)
    return 0


cdef int try_flow_step(Plan plan, Frame* frame, RunState run, Step* step, unsigned char* dead) except -1:
    cdef Graph g = plan.graph
    cdef Node* n = &g.nodes[step.node]
    cdef int* registers = plan.in_registers + step.first_in
    cdef int i, chosen = -1
    cdef bint lives = True
    cdef PyObject* value
    for i in range(n.n_controls):
        if dead[g.edges[n.first_edge + n.n_inputs + i]]:
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
        if lives:
            set_register(frame, step.first_out, frame.registers[registers[chosen]])
            index = merge_index(chosen)
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


cdef int settle(Frame* frame, Step* step, unsigned char* dead, bint lives) except -1:
    """Note whether a step ran; the outputs of one that did not are dead."""
    cdef int i
    dead[step.node] = not lives
    if not lives:
        for i in range(step.n_out):
            set_register(frame, step.first_out + i, <PyObject*>DEAD)
    return 0


cdef int run_flow(Plan plan, Frame* frame, RunState run) except -1:
    """Run a plan that has control flow."""
    cdef int current = 0, k
    cdef unsigned char* dead = <unsigned char*>calloc(plan.graph.n_nodes + 1, 1)
    if dead == NULL:
        raise MemoryError()
    try:
        run_program(plan, frame, run, <Loop>plan.program[0], dead, &current)
    except BaseException as error:
        raise step_error(plan.graph, plan.steps[current].node, error)
    finally:
        free(dead)
    for k in range(plan.n_fetches):
        if is_dead(frame.registers[plan.fetch_registers[k]]):
            raise invalid_argument(f"Retval[{k}] does not have value")
    return 0
