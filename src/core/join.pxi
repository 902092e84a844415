# Joins: a product or convolution, the bias added to what it makes, and a rectifier, as one step.
#
# The bias is added and the rectifier applied while a tile of the result is in registers, so that the result is written
# once and not read again in between. Nobody else may read what is between, or wait for the steps that make it. Joined
# steps run where the last of them stood, as those of a group do, and one by one if the values are not what was hoped.
#
#   find_joins  O(steps + inputs)

cdef enum:
    MOST_JOINS = 8               # kinds of steps that others can be joined to
    JOIN_RELU = 1                # bits of a joined step: a rectifier follows
    JOIN_LEFT = 2                # the bias is the first operand of the sum

cdef struct Joinable:
    core_fn core
    joined_fn joined

cdef Joinable joinable[MOST_JOINS]
cdef int n_joinable = 0


cdef int add_join(core_fn core, joined_fn joined) except -1:
    """Let bias and rectifier be joined to the steps of a core kernel."""
    global n_joinable
    joinable[n_joinable].core = core
    joinable[n_joinable].joined = joined
    n_joinable += 1
    return 0


@cython.final
cdef class Joined(Group):
    """Steps of a draft that are to run as one."""
    cdef joined_fn function
    cdef int bits


cdef list find_joins(Draft draft):
    """Find the steps to be joined, and mark them."""
    cdef list found = []
    cdef int* readers = NULL             # value -> how many inputs and fetches read it
    cdef int* reader = NULL              # value -> a step that does
    cdef int i, k
    cdef DraftStep* step
    cdef set awaited = set()
    cdef Joined made
    cdef joined_fn function
    if draft.updates_refs:
        return found                     # what is read must not be read later
    for i in range(draft.n_steps):
        if not draft.steps[i].gone and joined_function(draft, &draft.steps[i]) != NULL:
            break
    else:
        return found
    readers = <int*>calloc(draft.n_values + 1, sizeof(int))
    reader = <int*>calloc(draft.n_values + 1, sizeof(int))
    try:
        if readers == NULL or reader == NULL:
            raise MemoryError()
        for i in range(draft.n_steps):
            step = &draft.steps[i]
            note_awaited(draft, step, awaited)
            if not step.gone:
                for k in range(step.n_in):
                    readers[draft.input(step, k)] += 1
                    reader[draft.input(step, k)] = i
        for value in draft.fetches:
            readers[draft.find(<int>value)] += 2
        for i in range(draft.n_steps):
            step = &draft.steps[i]
            function = NULL if step.gone else joined_function(draft, step)
            if function == NULL:
                continue
            made = joined_behind(draft, i, readers, reader, awaited)
            if made is not None:
                made.function = function
                found.append(made)
                for k in made.members:
                    draft.steps[k].in_join = True
    finally:
        free(readers)
        free(reader)
    return found


cdef int note_awaited(Draft draft, DraftStep* step, set awaited) except -1:
    """Keep the nodes that a step waits for."""
    cdef Node* n = &draft.graph.nodes[step.node]
    cdef int k
    for k in range(n.n_inputs, n.n_inputs + n.n_controls):
        awaited.add(draft.graph.edges[n.first_edge + k])
    return 0


cdef joined_fn joined_function(Draft draft, DraftStep* step) except? NULL:
    """What runs a step with others joined to it, or NULL."""
    cdef core_fn core
    cdef int i
    if step.kind != STEP_CORE or step.n_out != 1:
        return NULL
    core = binding_of(draft.op_type(step)).core
    for i in range(n_joinable):
        if joinable[i].core == core:
            return joinable[i].joined
    return NULL


cdef Joined joined_behind(Draft draft, int first, int* readers, int* reader, set awaited):
    """The bias, and perhaps the rectifier, that follow a step; None if no bias does."""
    cdef Joined made
    cdef DraftStep* step = &draft.steps[first]
    cdef DraftStep* after
    cdef int side, type_number = numpy_type(draft.dtype(step.first_out))
    if not is_real(type_number) or readers[step.first_out] != 1 or step.node in awaited:
        return None
    after = &draft.steps[reader[step.first_out]]
    side = bias_of(draft, after, step.first_out)
    if side < 0:
        return None
    made = Joined.__new__(Joined)
    made.outside = set()
    made.members = [first, reader[step.first_out]]
    made.bits = JOIN_LEFT if side == 0 else 0
    if readers[after.first_out] == 1 and after.node not in awaited:
        step = after
        after = &draft.steps[reader[step.first_out]]
        if draft.op_type(after).type == "Relu" and after.kind == STEP_CORE:
            made.members.append(reader[step.first_out])
            made.bits |= JOIN_RELU
    return made


cdef int bias_of(Draft draft, DraftStep* step, int value) except -2:
    """Which input of a step is a vector that it adds to the rows of `value`, or -1."""
    cdef str name = draft.op_type(step).type
    cdef Shape* s
    cdef int side
    if step.n_in != 2 or step.n_out != 1:
        return -1
    if adds_rows(draft, step):
        return 1 if draft.input(step, 0) == value else -1
    if name != "AddV2" and name != "Add":
        return -1
    side = 1 if draft.input(step, 0) == value else 0
    s = shape_of(draft, draft.input(step, side))
    return side if s.rank == 1 else -1


cdef int keep_joins(Draft draft, list found) except -1:
    """Make groups of steps to be joined, once fusion has formed its own."""
    cdef Joined made
    cdef DraftStep* step
    cdef int k, i, n
    for made in found:
        n = <int>len(made.members)
        step = &draft.steps[<int>made.members[0]]
        made.externals = [(draft.input(step, k), 0) for k in range(step.n_in)]
        step = &draft.steps[<int>made.members[1]]
        made.externals.append((draft.input(step, 0 if made.bits & JOIN_LEFT else 1), 0))
        made.outside.add(draft.steps[<int>made.members[n - 1]].first_out)
        for i in range(n):
            step = &draft.steps[<int>made.members[i]]
            step.group = <int>len(draft.groups)
            step.next = <int>made.members[i + 1] if i + 1 < n else -1
        draft.groups.append(made)
    return 0


cdef int prepare_joined(Draft draft, Joined group, Step* step, Fused* f) except -1:
    """Say how a joined step runs and what it makes."""
    cdef DraftStep* last = &draft.steps[<int>group.members[len(group.members) - 1]]
    f.n_steps = <int>len(group.members)
    f.joined = group.function
    f.made = <Made*>calloc(1, sizeof(Made))
    if f.made == NULL:
        raise MemoryError()
    f.n_made = 1
    f.made[0].register = draft.values[last.first_out].register
    f.made[0].type_number = numpy_type(draft.dtype(last.first_out))
    step.bits = group.bits
    return 0


cdef PyObject* joined_input(Plan plan, Frame* frame, Step* member, int k) noexcept:
    """What input `k` of a member of a joined step is; NULL if it is to be read through a reference."""
    if plan.in_flags[member.first_in + k] & INPUT_DEREF:
        return NULL
    return frame.registers[plan.in_registers[member.first_in + k]]


cdef PyObject* joined_bias(Plan plan, Frame* frame, Step* step, int type_number, cnp.npy_intp n) noexcept:
    """The bias of a joined step, if it is a vector of `n` numbers of this type, or NULL."""
    cdef PyObject* bias = joined_input(plan, frame, step + 2, 0 if step.bits & JOIN_LEFT else 1)
    if bias == NULL or not is_flat(bias, type_number) or array_ndim(<CArray*>bias) != 1:
        return NULL
    return bias if array_dims(<CArray*>bias)[0] == n else NULL
