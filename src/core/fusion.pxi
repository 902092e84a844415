# Fusion: elementwise steps that run together, a block of elements at a time.
#
# A chain of ten operations over a large array reads and writes main memory ten times when each runs to its end before
# the next starts. A *group* runs all its members on a few thousand elements, whose intermediate results stay in the
# processor's cache, then on the next few thousand; what nobody outside the group reads never becomes an array. For
# small arrays a group saves what a step costs beside its loop: gathering inputs, finding an array, dropping it.
#
# Which steps form a group is decided when the plan is made, from static shapes where these are known and from hope
# where not. Each run looks at the shapes of what comes from outside (*externals*): if they are not alike, the
# members run one by one, as the steps that stand behind the group in the plan.
#
# A group runs where its last member stood. It takes members only until the first step outside reads from it, so
# nothing it reads is made later and nothing that reads it runs before.
#
#   fuse        O(steps + inputs)                run_fused   O(calls * blocks)

cdef enum ExternalKind:          # how an external goes through the blocks
    EXTERNAL_LEAD                # has the shape of the results
    EXTERNAL_SCALAR              # one element
    EXTERNAL_ROW                 # the last axis of the results; repeated to fill a block

cdef enum:
    BLOCK_BYTES = 32768          # all intermediate results of a block together, if that leaves BLOCK_LEAST elements
    BLOCK_LEAST = 256
    BLOCK_MOST = 4096
    SIGNAL_WORK = 16777216       # elements times calls between two looks for Ctrl-C
    GROUP_GRAIN = 65536          # elements times calls that are worth a thread

cdef struct LoopCall:                # a program, or one call of an inner loop: to add many, a member makes several
    vp_program* program          # what members that follow each other compute together (program.pxi); owned
    loop_fn loop
    void* loop_data
    int operands[3]              # inputs, then the output: positions in the table of pointers
    cnp.npy_intp strides[3]

cdef struct External:
    ExternalKind kind
    int last                     # the last call or instruction that reads it
    int itemsize

cdef struct Made:                # a result that is read outside
    int register
    int type_number
    int itemsize
    int call                     # the first call or instruction that writes it

cdef struct Fused:
    # The table of pointers has the externals, then what is made, then the slots of intermediate results.
    int n_steps                  # members; they stand behind the group in the plan
    int n_calls
    LoopCall* calls                # owned, as are the others
    int n_externals
    External* externals
    int n_made
    Made* made
    int n_slots
    int block                    # elements
    int row                      # length of the rows, or 0
    size_t slot_bytes
    size_t program_bytes         # what the programs need while they run
    int work                     # what an element costs, in simple calls
    joined_fn joined             # steps that are one (join.pxi): what runs them; there are no calls


cdef struct Part:                # blocks of one run of a group
    Fused* fused
    char** table
    cnp.npy_intp n               # elements in all
    cnp.npy_intp first           # the block that number 0 stands for
    bint failed


cdef void free_fused(Fused* fused) noexcept:
    cdef int k
    if fused.calls != NULL:
        for k in range(fused.n_calls):
            free_program(fused.calls[k].program)
    free(fused.calls)
    free(fused.externals)
    free(fused.made)
    free(fused)


cdef class Group:
    """Members of a draft that are to run together."""
    cdef int shape               # static shape of the results
    cdef list members            # steps, in order
    cdef list externals          # (value, ExternalKind)
    cdef set outside             # the values it makes that are fetched or read by others


# ---------------------------------------------------------------- which steps are elementwise

cdef bint find_element_loop(Draft draft, DraftStep* step) except -1:
    """Give an elementwise step the type of programs it can be in, or else its inner loop; whether it has one."""
    if step.n_out != 1 or step.n_in < 1 or draft.op_type(step).stateful:
        return False
    if step.kind != STEP_NUMPY and step.kind != STEP_CORE and step.kind != STEP_PYTHON:
        return False
    step.loop = NULL
    step.vector = vector_type(draft, step)
    if step.vector > VECTOR_ANY and (not draft.op_type(step).type.startswith("BiasAdd") or adds_rows(draft, step)):
        return True
    return find_inner_loop(draft, step)


cdef bint find_inner_loop(Draft draft, DraftStep* step) except -1:
    """Give a step its inner loop, if it has one."""
    cdef OpType op_type = draft.op_type(step)
    cdef Binding b
    cdef Step call
    cdef int types[3]
    cdef int k
    if step.vector != VECTOR_ANY:
        step.vector = VECTOR_NONE
    call.n_in = step.n_in
    types[2] = numpy_type(draft.dtype(step.first_out))
    if step.n_in > 2:
        if not adds_many(op_type):
            return False
        call.n_in = 2
    for k in range(call.n_in):
        types[k] = numpy_type(draft.dtype(draft.inputs[step.first_in + k]))
    types[call.n_in] = types[2]
    b = binding_of(op_type)
    if step.kind == STEP_NUMPY:
        if not find_loop(&call, b.callable, types):
            return False
    elif adds_many(op_type) and step.n_in > 1:
        if not find_loop(&call, np.add, types):
            return False
    elif adds_rows(draft, step):
        if not find_loop(&call, np.add, types):
            return False
    else:
        call.loop = typed_loop(op_type.type, step.n_in, types)
        call.loop_data = NULL
        if call.loop == NULL:
            return False
    step.loop = call.loop
    step.loop_data = call.loop_data
    return True


cdef inline bint adds_many(OpType op_type):
    """Whether an op is a sum of its inputs, from left to right."""
    return op_type.type == "AddN" or op_type.type == "AccumulateNV2"


cdef bint adds_rows(Draft draft, DraftStep* step) except -1:
    """Whether a step adds a bias along the last axis."""
    cdef str name = draft.op_type(step).type
    if name == "BiasAdd":
        return draft.graph.operation(step.node)._attr("data_format")[1] == b"NHWC"
    return name == "BiasAddV1"


# ---------------------------------------------------------------- forming groups

cdef struct Forming:             # a group while steps are looked at
    int into                     # the group it was joined with, or itself
    int shape
    int n
    bint closed                  # a step outside reads from it
    int kept                     # its place in Draft.groups, or -1


cdef bint may_agree(int one, int other) noexcept:
    """Whether two static shapes may be the same at run time."""
    cdef Shape* a = &SHAPES[one]
    cdef Shape* b = &SHAPES[other]
    cdef int i
    if one == other or a.rank < 0 or b.rank < 0:
        return True
    if a.rank != b.rank:
        return False
    for i in range(a.rank):
        if a.dims[i] != b.dims[i] and a.dims[i] >= 0 and b.dims[i] >= 0:
            return False
    return True


cdef int external_kind(Draft draft, int value, int shape) noexcept:
    """How a value goes through the blocks of a group with results of a static shape; -1: not at all."""
    cdef int own = draft.graph.outputs[draft.values[value].output].shape
    cdef Shape* s = &SHAPES[own]
    cdef Shape* whole = &SHAPES[shape]
    cdef int i, size = 1
    if own == shape:
        return EXTERNAL_LEAD
    for i in range(s.rank):
        if s.dims[i] != 1:
            size = 0
    if s.rank == 0 or (s.rank > 0 and size == 1 and s.rank <= whole.rank):
        return EXTERNAL_SCALAR
    if s.rank == 1 and whole.rank > 1 and s.dims[0] == whole.dims[whole.rank - 1] and 0 < s.dims[0] <= BLOCK_LEAST:
        return EXTERNAL_ROW
    return EXTERNAL_LEAD if may_agree(own, shape) else -1


@cython.final
cdef class Fusing:
    """One walk over a draft that forms groups of elementwise steps."""
    cdef Draft draft
    cdef Forming* groups
    cdef int n_groups
    cdef int n_barred            # groups below this number are closed
    cdef int* reader             # value -> the group that read it last, + 1
    cdef dict step_of            # node -> step, if some step has control inputs

    def __dealloc__(self):
        free(self.groups)
        free(self.reader)

    cdef int root(self, int group) noexcept:
        while group >= 0 and self.groups[group].into != group:
            group = self.groups[group].into
        return group

    cdef int maker(self, int value) noexcept:
        """The group that makes a value; -1: none."""
        cdef int step = self.draft.values[value].maker
        return -1 if step < 0 else self.root(self.draft.steps[step].group)

    cdef int join(self, int group, int other, int shape) noexcept:
        """The group of a step that may belong to `group` (or -1) and to `other`: one of both if that may be."""
        other = self.root(other)
        # One static shape for all: what comes from outside is then of one kind, whichever member reads it.
        if (other < 0 or other == group or self.groups[other].closed or other < self.n_barred
                or self.groups[other].shape != shape):
            return group
        if group < 0:
            return other
        self.groups[other].into = group
        self.groups[group].n += self.groups[other].n
        return group

    cdef int group_for(self, DraftStep* step) except -2:
        """The group that a step joins or begins; -1 if it is not elementwise."""
        cdef Draft draft = self.draft
        cdef int k, kind, shape, form, group = -1
        cdef bint leads = False, alike
        if step.in_join or not find_element_loop(draft, step):
            return -1
        form = binding_of(draft.op_type(step)).vector_form
        # All inputs of one shape.
        alike = (step.n_in > 1 and draft.op_type(step).rule != RULE_BROADCAST and form != FORM_CLIP
                 and draft.op_type(step).type != "SelectV2")
        shape = draft.graph.outputs[draft.values[step.first_out].output].shape
        for k in range(step.n_in):
            kind = external_kind(draft, draft.input(step, k), shape)
            if kind < 0:
                return -1
            if alike and kind != (EXTERNAL_ROW if k == 1 and adds_rows(draft, step) else EXTERNAL_LEAD):
                return -1
            leads = leads or kind == EXTERNAL_LEAD
            if kind == EXTERNAL_SCALAR and step.vector and not is_real(numpy_type(draft.dtype(draft.input(step, k)))):
                step.vector = VECTOR_NONE        # programs have elements of their own type only
                if step.loop == NULL and not find_inner_loop(draft, step):
                    return -1
            if form == FORM_CLIP and (kind == EXTERNAL_ROW or k == 0 and kind != EXTERNAL_LEAD):
                return -1
        if not leads:
            return -1
        for k in range(step.n_in):
            group = self.join(group, self.maker(draft.input(step, k)), shape)
        if group < 0:
            # Steps that read the same value share the reading of it.
            for k in range(step.n_in):
                if draft.values[draft.input(step, k)].constant == NULL:
                    group = self.join(group, self.reader[draft.input(step, k)] - 1, shape)
        if group < 0:
            group = self.n_groups
            self.groups[group].into = group
            self.groups[group].shape = shape
            self.groups[group].n = 0
            self.groups[group].closed = False
            self.groups[group].kept = -1
            self.n_groups += 1
        self.groups[group].n += 1
        return group

    cdef int close(self, DraftStep* step, int group) except -1:
        """Close the groups that a step of `group` (or of none) reads from or waits for."""
        cdef Draft draft = self.draft
        cdef Node* n = &draft.graph.nodes[step.node]
        cdef int k, found
        for k in range(step.n_in):
            found = self.maker(draft.input(step, k))
            if found >= 0 and found != group:
                self.groups[found].closed = True
            self.reader[draft.input(step, k)] = group + 1
        for k in range(n.n_inputs, n.n_inputs + n.n_controls):
            place = self.step_of.get(draft.graph.edges[n.first_edge + k])
            if place is None:
                continue
            if draft.steps[<int>place].gone:
                self.n_barred = self.n_groups        # who knows what that one waited for
                continue
            found = self.root(draft.steps[<int>place].group)
            if found >= 0 and found != group:
                self.groups[found].closed = True
        return 0


cdef int fuse(Draft draft) except -1:
    """Form groups of elementwise steps; those of two members or more are kept."""
    cdef Fusing fusing = Fusing.__new__(Fusing)
    cdef int i, k, group
    cdef bint waits = False
    cdef DraftStep* step
    cdef Forming* forming
    cdef Group made
    fusing.draft = draft
    fusing.groups = <Forming*>grow(NULL, (draft.n_steps + 1) * sizeof(Forming))
    fusing.reader = <int*>calloc(draft.n_values + 1, sizeof(int))
    if fusing.reader == NULL:
        raise MemoryError()
    for i in range(draft.n_steps):
        if draft.graph.nodes[draft.steps[i].node].n_controls:
            waits = True
    if waits:
        fusing.step_of = {draft.steps[i].node: i for i in range(draft.n_steps)}
    for i in range(draft.n_steps):
        step = &draft.steps[i]
        if not step.gone:
            step.group = fusing.group_for(step)
            fusing.close(step, step.group)
            if draft.updates_refs and binding_of(draft.op_type(step)).updates_ref:
                fusing.n_barred = fusing.n_groups    # what was read from the variable is its memory, and changes now
    for i in range(draft.n_steps):
        step = &draft.steps[i]
        if step.group < 0:
            continue
        forming = &fusing.groups[fusing.root(step.group)]
        if forming.n < 2 and (step.loop != NULL or step.kind != STEP_PYTHON):        # those run as they are
            step.group = -1
            continue
        if forming.kept < 0:
            forming.kept = <int>len(draft.groups)
            made = Group.__new__(Group)
            made.shape = forming.shape
            made.members = []
            made.outside = set()
            draft.groups.append(made)
        else:
            made = <Group>draft.groups[forming.kept]
            draft.steps[<int>made.members[len(made.members) - 1]].next = i
        made.members.append(i)
        step.group = forming.kept
    for made in draft.groups:
        made.externals = externals_of(draft, made)
    for i in range(draft.n_steps):
        step = &draft.steps[i]
        if not step.gone:
            for k in range(step.n_in):
                note_reader(draft, draft.input(step, k), step.group)
    for value in draft.fetches:
        note_reader(draft, draft.find(<int>value), -1)
    return 0


cdef list externals_of(Draft draft, Group group):
    """What a group reads from outside, with the way it goes through the blocks."""
    cdef dict kinds = {}         # value -> ExternalKind
    cdef DraftStep* step
    cdef int i, k, value, maker, own = draft.steps[<int>group.members[0]].group
    for i in group.members:
        step = &draft.steps[i]
        for k in range(step.n_in):
            value = draft.input(step, k)
            maker = draft.values[value].maker
            if (maker < 0 or draft.steps[maker].group != own) and value not in kinds:
                kinds[value] = external_kind(draft, value, group.shape)
    return list(kinds.items())


cdef int note_reader(Draft draft, int value, int group) except -1:
    """Keep in mind if a value made by another group is read by `group`."""
    cdef int maker = draft.values[value].maker
    if maker >= 0 and draft.steps[maker].group >= 0 and draft.steps[maker].group != group:
        (<Group>draft.groups[draft.steps[maker].group]).outside.add(value)
    return 0


# ---------------------------------------------------------------- binding

cdef int bind_group(Plan plan, Draft draft, Group group) except -1:
    """Add the step of a group, and behind it the steps of its members."""
    cdef Step* step = &plan.steps[plan.n_steps]
    cdef DraftStep* last = &draft.steps[<int>group.members[len(group.members) - 1]]
    cdef int i, k = plan.n_inputs
    step.kind = STEP_FUSED
    step.node = last.node
    step.n_in = <int>len(group.externals)
    step.first_in = plan.n_inputs
    step.fused = <Fused*>calloc(1, sizeof(Fused))
    if step.fused == NULL:
        raise MemoryError()
    for value, kind in group.externals:
        plan.in_registers[k] = register_of(plan, draft, value)
        k += 1
    plan.n_inputs += step.n_in
    plan.n_steps += 1
    if type(group) is Joined:
        prepare_joined(draft, <Joined>group, step, step.fused)
    else:
        prepare(plan, draft, group, step.fused)
    for i in group.members:
        bind_step(plan, draft, &draft.steps[i])
    return 0


cdef int prepare(Plan plan, Draft draft, Group group, Fused* f) except -1:
    """Say where each call of a group reads and writes."""
    cdef DraftStep* step
    cdef External* external
    cdef LoopCall* call
    cdef vp_array* array
    cdef Ints free_slots
    cdef int* stops = NULL       # member -> the one behind the program it is in, or itself if it is in none
    cdef int i, k, m = 0, n = 0, tick = 0, widest = 1
    cdef Shape* shape = &SHAPES[group.shape]
    free_slots.data = NULL
    free_slots.n = free_slots.capacity = 0
    f.n_steps = <int>len(group.members)
    f.n_externals = <int>len(group.externals)
    try:
        stops = <int*>grow(NULL, (f.n_steps + 1) * sizeof(int))
        find_programs(draft, group.members, stops)
        # What is read, and by which call last.
        while m < f.n_steps:
            for i in range(m, max(m + 1, stops[m])):
                step = &draft.steps[<int>group.members[i]]
                for k in range(step.n_in):
                    draft.values[draft.input(step, k)].last = n + (0 if stops[m] > m else max(0, k - 1))
            n += 1 if stops[m] > m else max(1, step.n_in - 1)
            m = max(m + 1, stops[m])
        f.calls = <LoopCall*>calloc(n, sizeof(LoopCall))
        f.externals = <External*>calloc(f.n_externals + 1, sizeof(External))
        f.made = <Made*>calloc(len(group.outside) + 1, sizeof(Made))
        if f.calls == NULL or f.externals == NULL or f.made == NULL:
            raise MemoryError()
        f.n_calls = n
        m = 0
        for number, kind in group.externals:
            external = &f.externals[m]
            external.kind = <ExternalKind><int>kind
            external.itemsize = itemsize_of(draft, number)
            draft.values[<int>number].place = m
            m += 1
            if kind == EXTERNAL_ROW:
                f.row = shape.dims[shape.rank - 1]
                widest = max(widest, external.itemsize)
        m = n = 0
        while m < f.n_steps:
            if stops[m] > m:
                for i in range(m, stops[m]):
                    place_result(draft, group, f, &draft.steps[<int>group.members[i]], n, tick, True,
                                 &free_slots, &widest)
                call = &f.calls[n]
                call.program = make_program_of(draft, f, group.members, m, stops[m],
                                               program_type(draft, group.members, m, stops[m]), group.outside, n, tick)
                for i in range(m, stops[m]):
                    for k in range(draft.steps[<int>group.members[i]].n_in):
                        free_slot(draft, &draft.steps[<int>group.members[i]], k, n, -1, False, &free_slots)
                f.program_bytes = max(f.program_bytes, (vp_scratch(call.program) + 63) & ~<size_t>63)
                f.work += 1 + call.program.n_instructions // 4
                tick += call.program.n_instructions
                n += 1
                m = stops[m]
            else:
                prepare_loops(draft, group, f, &draft.steps[<int>group.members[m]], n, tick, &free_slots, &widest)
                k = max(1, draft.steps[<int>group.members[m]].n_in - 1)
                f.work += k
                n += k
                tick += k
                m += 1
    finally:
        free(free_slots.data)
        free(stops)
    # Slots stand behind what is made.
    for m in range(f.n_calls):
        call = &f.calls[m]
        for k in range(3):
            if call.operands[k] < 0:
                call.operands[k] = f.n_externals + f.n_made - 1 - call.operands[k]
        if call.program != NULL:
            for k in range(call.program.n_arrays):
                array = &call.program.arrays[k]
                if array.outer < 0:
                    array.outer = f.n_externals + f.n_made - 1 - array.outer
    f.block = BLOCK_BYTES // (max(1, f.n_slots) * widest)
    f.block = max(<int>BLOCK_LEAST, min(<int>BLOCK_MOST, f.block)) & ~63
    if f.row:
        f.block = f.block // f.row * f.row
        for k in range(f.block // f.row, 0, -1):
            if k * f.row % 128 == 0:     # whole tiles of a program, if that takes away half at most
                f.block = k * f.row if 2 * k * f.row >= f.block else f.block
                break
    f.slot_bytes = (<size_t>f.block * <size_t>widest + 63) & ~<size_t>63
    plan.scratch_bytes = max(plan.scratch_bytes, scratch_of(f))
    return 0


cdef int find_programs(Draft draft, list members, int* stops) except -1:
    """Which members that follow each other can be a program: ``stops[first]`` is behind the last of them."""
    cdef int i, first = 0, found = VECTOR_NONE, vector, n = <int>len(members)
    for i in range(n + 1):
        vector = VECTOR_NONE
        if i < n:
            vector = draft.steps[<int>members[i]].vector
            stops[i] = i
        if vector and found and (vector == found or vector == VECTOR_ANY or found == VECTOR_ANY):
            if found == VECTOR_ANY:
                found = vector
            continue
        if found and found != VECTOR_ANY:
            stops[first] = i
        first = i
        found = vector
    return 0


cdef int program_type(Draft draft, list members, int first, int stop) except -1:
    """The element type of the program of members[first:stop]."""
    cdef int i
    for i in range(first, stop):
        if draft.steps[<int>members[i]].vector != VECTOR_ANY:
            return draft.steps[<int>members[i]].vector
    return 0


cdef int place_result(Draft draft, Group group, Fused* f, DraftStep* step, int call, int tick, bint in_program,
                      Ints* free_slots, int* widest) except -1:
    """Say where the result of a member goes that call number `call` makes; nowhere, if only its program reads it."""
    cdef DraftValue* value = &draft.values[step.first_out]
    cdef int itemsize = itemsize_of(draft, step.first_out)
    cdef Made* made
    if step.first_out in group.outside:
        made = &f.made[f.n_made]
        made.register = value.register
        made.type_number = numpy_type(draft.dtype(step.first_out))
        made.itemsize = itemsize
        made.call = tick
        value.place = f.n_externals + f.n_made
        f.n_made += 1
    elif not in_program or value.last > call:
        if free_slots.n:
            free_slots.n -= 1
            value.place = -1 - free_slots.data[free_slots.n]
        else:
            value.place = -1 - f.n_slots
            f.n_slots += 1
        widest[0] = max(widest[0], itemsize)
        if value.last < call:            # nobody reads it
            push(free_slots, -1 - value.place)
    else:
        value.place = 0
    return 0


cdef int prepare_loops(Draft draft, Group group, Fused* f, DraftStep* step, int m, int tick, Ints* free_slots,
                       int* widest) except -1:
    """The calls of a member's inner loop, from number `m` on."""
    cdef LoopCall* call
    cdef int k, itemsize = itemsize_of(draft, step.first_out)
    # A slot that the first call reads, and no later one, can be written by it if elements are of one size.
    for k in range(min(step.n_in, 2)):
        free_slot(draft, step, k, m, itemsize, True, free_slots)
    place_result(draft, group, f, step, m, tick, False, free_slots, widest)
    for k in range(max(1, step.n_in - 1)):
        call = &f.calls[m + k]
        call.loop = step.loop
        call.loop_data = step.loop_data
        read(draft, f, call, 0, step.first_out if k else draft.input(step, 0), tick + k)
        if step.n_in > 1:
            read(draft, f, call, 1, draft.input(step, k + 1), tick + k)
        read(draft, f, call, min(step.n_in, 2), step.first_out, tick + k)
    for k in range(min(step.n_in, 2)):
        free_slot(draft, step, k, m, itemsize, False, free_slots)
    for k in range(2, step.n_in):
        free_slot(draft, step, k, m + k - 1, -1, False, free_slots)
    return 0


cdef int read(Draft draft, Fused* f, LoopCall* call, int k, int number, int index) except -1:
    """Let operand `k` of a call be a value."""
    cdef int place = draft.values[number].place
    call.operands[k] = place
    call.strides[k] = itemsize_of(draft, number)
    if 0 <= place < f.n_externals:
        f.externals[place].last = index
        if f.externals[place].kind == EXTERNAL_SCALAR:
            call.strides[k] = 0
    return 0


cdef int free_slot(Draft draft, DraftStep* step, int k, int index, int itemsize, bint same_size,
                   Ints* free_slots) except -1:
    """Free the slot of input `k` if call `index` reads it last; elements of the size of the result, or of another."""
    cdef int number = draft.input(step, k)
    cdef DraftValue* value = &draft.values[number]
    if value.place >= 0 or value.last != index or (itemsize_of(draft, number) == itemsize) != same_size:
        return 0
    if value.maker < 0 or draft.steps[value.maker].group != step.group:
        return 0
    value.last = -1              # once
    return push(free_slots, -1 - value.place)


cdef size_t scratch_of(Fused* f) noexcept nogil:
    """Bytes of the table of pointers and the blocks it points to: slots, and one for each row that is repeated."""
    cdef size_t table = (<size_t>(f.n_externals + f.n_made + f.n_slots) * sizeof(char*) + 63) & ~<size_t>63
    return table + f.program_bytes + <size_t>(f.n_slots + (f.n_externals if f.row else 0)) * f.slot_bytes + 64


cdef int ITEMSIZES[64]           # NumPy type number -> bytes of an element, when first asked for


cdef int itemsize_of(Draft draft, int value) except -1:
    cdef int type_number = numpy_type(draft.dtype(value))
    if not 0 <= type_number < 64:
        return cnp.PyArray_DescrFromType(type_number).itemsize
    if ITEMSIZES[type_number] == 0:
        ITEMSIZES[type_number] = cnp.PyArray_DescrFromType(type_number).itemsize
    return ITEMSIZES[type_number]


# ---------------------------------------------------------------- running

cdef int run_fused(Plan plan, Frame* frame, Step* step) except -1:
    """Run the members of a group together; 0 if the shapes are not alike, and nothing has been done."""
    cdef Fused* f = step.fused
    cdef int* registers = plan.in_registers + step.first_in
    cdef unsigned char* flags = plan.in_flags + step.first_in
    cdef CArray* lead = NULL
    cdef CArray* a
    cdef PyObject* out
    cdef char** table
    cdef char* blocks
    cdef cnp.npy_intp n, n_blocks, grain, turn
    cdef Part part
    cdef int e, k
    if f.joined != NULL:
        return f.joined(plan, frame, step)
    for e in range(f.n_externals):
        a = <CArray*>frame.registers[registers[e]]
        if (array_flags(a) & ARRAY_WANTED) != ARRAY_WANTED:
            return 0
        if f.externals[e].kind == EXTERNAL_LEAD:
            if lead == NULL:
                lead = a
            elif not same_dims(lead, a):
                return 0
    n = array_size(lead)
    if n == 0:
        return 0
    for e in range(f.n_externals):
        a = <CArray*>frame.registers[registers[e]]
        if f.externals[e].kind == EXTERNAL_SCALAR:
            if array_size(a) != 1 or array_ndim(a) > array_ndim(lead):
                return 0
        elif f.externals[e].kind == EXTERNAL_ROW:
            if (array_ndim(a) != 1 or array_dims(a)[0] != f.row or array_ndim(lead) < 2
                    or array_dims(lead)[array_ndim(lead) - 1] != f.row):
                return 0
    if frame.scratch == NULL:
        frame.scratch = <char*>grow(NULL, plan.scratch_bytes)
    table = <char**>frame.scratch
    blocks = lay_slots(f, frame.scratch)
    for e in range(f.n_externals):
        a = <CArray*>frame.registers[registers[e]]
        table[e] = array_bytes(a)
        if f.externals[e].kind == EXTERNAL_ROW:
            for k in range(<int>(min(n, <cnp.npy_intp>f.block) // f.row)):
                memcpy(blocks + k * f.row * f.externals[e].itemsize, table[e],
                       <size_t>(f.row * f.externals[e].itemsize))
            table[e] = blocks
            blocks += f.slot_bytes
    for k in range(f.n_made):
        out = NULL
        for e in range(f.n_externals):
            # A block of an input that dies here can hold the result once no call reads it any more.
            if (flags[e] and f.externals[e].kind == EXTERNAL_LEAD and f.externals[e].last <= f.made[k].call
                    and frame.registers[registers[e]] != NULL
                    and may_write(frame.registers[registers[e]], f.made[k].type_number, array_ndim(lead),
                                  array_dims(lead))):
                out = frame.registers[registers[e]]
                frame.registers[registers[e]] = NULL
                break
        if out == NULL:
            out = new_array(frame, f.made[k].register, f.made[k].type_number, array_ndim(lead), array_dims(lead))
        frame.registers[f.made[k].register] = out
        table[f.n_externals + k] = array_bytes(<CArray*>out)
    if n <= f.block and n * f.work < LARGE_COUNT:
        run_block(f, table, n)
        return 1
    part.fused = f
    part.table = table
    part.n = n
    part.failed = False
    n_blocks = (n + f.block - 1) // f.block
    grain = max(1, GROUP_GRAIN // (f.block * <cnp.npy_intp>f.work))
    turn = max(1, SIGNAL_WORK // (f.block * <cnp.npy_intp>f.work))
    part.first = 0
    while part.first < n_blocks:
        with nogil:
            parallel_for(run_blocks, &part, min(turn, n_blocks - part.first), grain)
        if part.failed:
            raise MemoryError()
        part.first += turn
        check_signals()
    return 1


cdef void run_blocks(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    """Run all calls on some blocks, in memory of this thread's own."""
    cdef Part* part = <Part*>ctx
    cdef Fused* f = part.fused
    cdef char* scratch = <char*>malloc(scratch_of(f))
    cdef char** table = <char**>scratch
    cdef cnp.npy_intp done = (part.first + start) * f.block
    cdef cnp.npy_intp end = min(part.n, (part.first + stop) * f.block), count
    cdef int k
    cdef bint alone = f.n_calls == 1 and f.row == 0 and f.calls[0].program != NULL
    if scratch == NULL:
        part.failed = True
        return
    memcpy(table, part.table, <size_t>(f.n_externals + f.n_made) * sizeof(char*))
    lay_slots(f, scratch)
    for k in range(f.n_externals):
        if f.externals[k].kind == EXTERNAL_LEAD:
            table[k] += done * f.externals[k].itemsize
    for k in range(f.n_made):
        table[f.n_externals + k] += done * f.made[k].itemsize
    while done < end:
        # A program that is all keeps its intermediate results in tiles: it can take any number of elements.
        count = end - done if alone else min(<cnp.npy_intp>f.block, end - done)
        run_block(f, table, count)
        done += count
        for k in range(f.n_externals):
            if f.externals[k].kind == EXTERNAL_LEAD:
                table[k] += count * f.externals[k].itemsize
        for k in range(f.n_made):
            table[f.n_externals + k] += count * f.made[k].itemsize
    free(scratch)


cdef char* lay_slots(Fused* f, char* scratch) noexcept nogil:
    """Point the table at the start of `scratch` to the slots behind it; what lies behind these."""
    cdef char** table = <char**>scratch
    cdef char* blocks = program_memory(f, scratch) + f.program_bytes
    cdef int k
    for k in range(f.n_slots):
        table[f.n_externals + f.n_made + k] = blocks
        blocks += f.slot_bytes
    return blocks


cdef inline char* program_memory(Fused* f, char* scratch) noexcept nogil:
    """Where programs keep their own: between the table at the start of `scratch` and the slots."""
    cdef char* memory = scratch + <size_t>(f.n_externals + f.n_made + f.n_slots) * sizeof(char*)
    return memory + ((64 - (<size_t>memory & 63)) & 63)


cdef void run_block(Fused* f, char** table, cnp.npy_intp n) noexcept nogil:
    """Make all calls for `n` elements."""
    cdef char* args[3]
    cdef int i
    cdef LoopCall* call = f.calls
    cdef char* memory = program_memory(f, <char*>table)
    for i in range(f.n_calls):
        if call.program != NULL:
            call.program.set.run(call.program, table, n, memory)
            call += 1
            continue
        args[0] = table[call.operands[0]]
        args[1] = table[call.operands[1]]
        args[2] = table[call.operands[2]]
        call.loop(args, &n, call.strides, call.loop_data)
        call += 1
