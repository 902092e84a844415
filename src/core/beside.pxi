# Side by side: independent steps of one run in several threads.
#
# Large steps split themselves over the pool (pool.h), and then there is nothing to be won by running two of them at
# once. Others do not split: sorts, decompositions, most kernels in Python that spend their time in NumPy without the
# GIL, and everything when intra_op_parallelism_threads is 1. Where a plan has several of these that do not depend on
# each other, they run at the same time.
#
# Whether that pays is found out, not guessed. A plan whose runs take long enough is *watched*: two runs are timed step
# by step; if by these times several threads would need less, the next runs go side by side, and it stays so if they are
# faster indeed. A plan of small steps costs one look at the clock a run, and nothing is prepared when it is made.
#
# Nothing else changes. Only steps without effects change places; a step that reads or writes state, draws random
# numbers or prints waits for all before it, and all after it wait for it. An array with several readers is dropped by
# the one that ends last, whichever it is; while others read it or will, its readers hold references of their own, by
# which kernels see that they must not write into it. If steps fail, the first in order is what the run raises: those
# before it are still run, those after it are not begun.
#
# Threads hold the GIL, except in kernels that release it; it guards all that is kept here.

cdef enum WatchState:
    WATCH_TIMES                  # runs are timed step by step
    WATCH_TRIES                  # runs go side by side, to see whether they are faster
    WATCH_BESIDE                 # they were
    WATCH_ALONE                  # they were not, or there is nothing to run side by side

cdef enum:
    TIMED_RUNS = 3
    TRIED_RUNS = 3
    PATIENCE = 64                # runs until it is tried again; twice as many after each failure
    PATIENCE_MOST = 65536
    ROUNDS_MOST = 64             # turns between steps that split and steps that do not, in one stretch
    WIDTH_MOST = 64

# Ticks of the clock (pool_ticks), a third to one nanosecond each; variables, so that tests can have them small.
cdef long long watch_least = 600000      # a run that is worth watching
cdef long long heavy_least = 100000      # a step that is worth a thread, and the least gain that is worth the trouble
cdef int gain_percent = 5                # by how much runs must be faster
cdef long long n_beside_phases = 0       # how often steps were run side by side, for tests

# Op types that read a session's state and leave it as it is.
cdef frozenset READERS = frozenset(["VarHandleOp", "ReadVariableOp", "VariableV2", "Variable", "ResourceGather"])

# Kernels that call functions of the program.
cdef frozenset USER_CALLS = frozenset(["PyFuncStateless"])

# Op types whose kernels in Python call BLAS or LAPACK, which have threads of their own: these count as splitting.
cdef frozenset BLAS_USERS = frozenset([
    "BatchMatMul", "BatchMatMulV2", "BatchMatMulV3", "BatchMatrixInverse", "Cholesky", "CholeskyGrad", "Conv2D",
    "Conv2DBackpropFilter", "Conv2DBackpropInput", "Conv3D", "Conv3DBackpropFilterV2", "Conv3DBackpropInputV2", "Eig",
    "Einsum", "L2Loss", "LogMatrixDeterminant", "MatMul", "MatrixDeterminant", "MatrixExponential", "MatrixInverse",
    "MatrixLogarithm", "MatrixSolve", "MatrixSolveLs", "MatrixSquareRoot", "MatrixTriangularSolve", "Qr",
    "SelfAdjointEig", "SelfAdjointEigV2", "SparseMatMul", "Svd", "TridiagonalSolve",
])


@cython.final
cdef class Overlap:
    """The steps of a plan in phases, one after the other; those of a wide phase run in several threads.

    A unit is a step, or a group with its members.
    """
    cdef int width               # threads
    cdef int n_units
    cdef Ints steps              # unit -> its first step
    cdef Ints order              # units, phase by phase
    cdef Ints ends               # phase -> the end of its units in `order`
    cdef Ints wide               # phase -> whether it is
    cdef int* before             # unit -> how many of its own phase it waits for
    cdef int* first_after        # unit -> where in `after` those begin that wait for it, in its phase or later
    cdef int* after
    cdef int* phase              # unit -> phase
    cdef int* n_readers          # register -> units that may read it at the same time, its last reader among them; or 0
    cdef unsigned char* counted  # beside Plan.in_registers: the reader is one of these

    def __dealloc__(self):
        free(self.n_readers)
        free(self.counted)
        free(self.steps.data)
        free(self.order.data)
        free(self.ends.data)
        free(self.wide.data)
        free(self.before)
        free(self.first_after)
        free(self.after)
        free(self.phase)

    cdef int end_phase(self, bint wide) except -1:
        """Let the units added since the last phase be one."""
        cdef int n = self.ends.n, begun = self.ends.data[n - 1] if n else 0
        if begun == self.order.n:
            return 0
        if n and not wide and not self.wide.data[n - 1]:
            self.ends.data[n - 1] = self.order.n
            return 0
        push(&self.ends, self.order.n)
        push(&self.wide, wide)
        return 0


@cython.final
cdef class Watch:
    """What is known of the runs of one plan."""
    cdef WatchState state
    cdef int left                # runs until the state changes
    cdef int patience
    cdef int n_steps
    cdef long long* costs        # step -> the shortest time it took
    cdef unsigned char* splits   # step -> it used several threads itself
    cdef long long alone         # the shortest run, one step after the other
    cdef long long beside        # the shortest run side by side
    cdef Overlap overlap         # how steps run side by side

    def __dealloc__(self):
        free(self.costs)
        free(self.splits)

    cdef int prepare(self, int n_steps) except -1:
        """Be ready to time runs."""
        cdef int s
        self.costs = <long long*>grow(self.costs, (n_steps + 1) * sizeof(long long))
        self.splits = <unsigned char*>grow(self.splits, n_steps + 1)
        self.n_steps = n_steps
        for s in range(n_steps):
            self.costs[s] = 0
            self.splits[s] = False
        self.state = WATCH_TIMES
        self.left = TIMED_RUNS
        self.alone = self.beside = 0
        return 0

    cdef void note(self, int s, long long begun, int splits) noexcept:
        """Keep what step `s` took, which began when the clock and the count of jobs were these."""
        cdef long long took = max(1, pool_ticks() - begun)
        if self.costs[s] == 0 or took < self.costs[s]:
            self.costs[s] = took
        if pool_splits != splits:
            self.splits[s] = True

    cdef void give_up(self) noexcept:
        """Run one step after the other for a while."""
        self.state = WATCH_ALONE
        self.overlap = None
        self.left = self.patience
        self.patience = min(2 * self.patience, <int>PATIENCE_MOST)


cdef int run_watched(Plan plan, Frame* frame, RunState run) except -1:
    """Run the steps of a plan, side by side where that has proved faster."""
    cdef Watch watch
    cdef Overlap overlap
    cdef long long begun, took
    if run is not None and (run.trace is not None or run.alone):
        return run_steps(plan, frame, run, None)
    if plan.watch is None:
        begun = pool_ticks()
        run_steps(plan, frame, run, None)
        if pool_ticks() - begun >= watch_least:
            watch = Watch.__new__(Watch)
            watch.patience = PATIENCE
            watch.prepare(plan.n_steps)
            plan.watch = watch
        return 0
    watch = <Watch>plan.watch
    overlap = watch.overlap      # other threads may run the same plan
    begun = pool_ticks()
    if watch.state == WATCH_TIMES:
        run_steps(plan, frame, run, watch)
        took = pool_ticks() - begun
        watch.alone = took if watch.alone == 0 else min(watch.alone, took)
        watch.left -= 1
        if watch.left <= 0 and watch.state == WATCH_TIMES:
            overlap = find_overlap(plan, watch, min(plan.n_beside, pool_cpus(), <int>WIDTH_MOST))
            if overlap is None:
                watch.give_up()
            else:
                watch.overlap = overlap
                watch.state = WATCH_TRIES
                watch.left = TRIED_RUNS
    elif overlap is None:
        run_steps(plan, frame, run, None)
        watch.left -= 1
        # Other shapes may be another matter.
        if watch.left <= 0 or pool_ticks() - begun > 4 * watch.alone:
            watch.prepare(plan.n_steps)
    else:
        run_overlap(plan, frame, run, overlap)
        took = pool_ticks() - begun
        if watch.state == WATCH_TRIES:
            watch.beside = took if watch.beside == 0 else min(watch.beside, took)
            watch.left -= 1
            if watch.left <= 0:
                if watch.beside * 100 <= watch.alone * (100 - gain_percent):
                    watch.state = WATCH_BESIDE
                else:
                    watch.give_up()
        elif took < watch_least:
            plan.watch = None    # shapes are small now
    return 0


# ---------------------------------------------------------------- what can run side by side

cdef bint has_no_effect(Plan plan, Step* step) except -1:
    """Whether a step may change places with its neighbours."""
    cdef OpType op_type
    cdef int k
    if step.kind == STEP_UFUNC or step.kind == STEP_NUMPY or step.kind == STEP_IDENTITY or step.kind == STEP_FUSED:
        return True
    if step.kind != STEP_CORE and step.kind != STEP_PYTHON:
        return step.kind == STEP_SESSION and op_type_of(plan, step).type in READERS
    op_type = op_type_of(plan, step)
    if op_type.type in READERS:
        return True
    if op_type.stateful or step.wants_run or op_type.type in USER_CALLS:
        return False
    # What is given a variable, not its value, may write to it: in TF Assign and its like are not stateful.
    for k in range(step.first_in, step.first_in + step.n_in):
        if plan.types[plan.in_registers[k]] < 0 and not plan.in_flags[k] & INPUT_DEREF:
            return False
    for attr in op_type.attrs.values():
        if "func" in (<AttrDef>attr).kind:
            return False         # its functions may do anything, and take over what they are given
    return True


cdef Overlap find_overlap(Plan plan, Watch watch, int width):
    """How steps would run side by side in `width` threads; None if by their times it is not worth it."""
    cdef Finding f
    cdef int s, n_heavy = 0
    if width < 2:
        return None
    for s in range(plan.n_steps):
        if watch.costs[s] >= heavy_least and not watch.splits[s]:
            n_heavy += 1
    if n_heavy < 2:
        return None
    f = Finding.__new__(Finding)
    f.plan = plan
    f.watch = watch
    f.overlap = Overlap.__new__(Overlap)
    f.overlap.width = width
    return f.find()


@cython.final
cdef class Finding:
    """One walk over a plan that finds what can run side by side."""
    cdef Plan plan
    cdef Watch watch
    cdef Overlap overlap
    cdef long long* costs        # unit -> ticks
    cdef unsigned char* splits   # unit -> it uses several threads itself
    cdef unsigned char* bars     # unit -> nothing may be moved over it
    cdef unsigned char* placed   # unit -> it is in a phase
    cdef int n_taken             # units below this number are in a phase, or bars that have been passed
    cdef int* waits              # unit -> how many units without a phase it waits for
    cdef int* writer             # register -> the unit that writes it, + 1
    cdef int* reader             # register -> the last entry of `readers` for it, + 1
    cdef Ints readers            # triples: a unit that reads a register, where, the entry before
    cdef int n_passed            # units before this one run before all of this stretch
    cdef Ints edges              # pairs: source, target

    def __dealloc__(self):
        free(self.costs)
        free(self.splits)
        free(self.bars)
        free(self.placed)
        free(self.waits)
        free(self.writer)
        free(self.reader)
        free(self.readers.data)
        free(self.edges.data)

    cdef Overlap find(self):
        cdef Plan plan = self.plan
        cdef Overlap o = self.overlap
        cdef Step* step
        cdef int s = 0, u, first, n
        cdef bint any_wide = False
        n = plan.n_steps + 1
        self.costs = <long long*>calloc(n, sizeof(long long))
        self.splits = <unsigned char*>calloc(n, 1)
        self.bars = <unsigned char*>calloc(n, 1)
        self.placed = <unsigned char*>calloc(n, 1)
        self.waits = <int*>calloc(n, sizeof(int))
        self.writer = <int*>calloc(plan.n_registers + 1, sizeof(int))
        self.reader = <int*>calloc(plan.n_registers + 1, sizeof(int))
        o.before = <int*>calloc(n, sizeof(int))
        o.first_after = <int*>calloc(n + 1, sizeof(int))
        o.phase = <int*>calloc(n, sizeof(int))
        o.n_readers = <int*>calloc(plan.n_registers + 1, sizeof(int))
        o.counted = <unsigned char*>calloc(plan.n_inputs + 1, 1)
        if (self.costs == NULL or self.splits == NULL or self.bars == NULL or self.placed == NULL
                or self.waits == NULL or self.writer == NULL or self.reader == NULL or o.before == NULL
                or o.first_after == NULL or o.phase == NULL or o.n_readers == NULL or o.counted == NULL):
            raise MemoryError()
        while s < plan.n_steps:
            u = o.n_units
            o.n_units += 1
            push(&o.steps, s)
            step = &plan.steps[s]
            self.bars[u] = not has_no_effect(plan, step)
            if self.bars[u]:
                self.n_passed = u + 1
            self.add_edges(u, step)
            self.add_cost(u, s)
            s += 1
            if step.kind == STEP_FUSED:
                for _ in range(step.fused.n_steps):
                    self.add_cost(u, s)
                    s += 1
        self.sort_edges()
        u = 0
        while u < o.n_units:
            first = u
            while u < o.n_units and not self.bars[u]:
                u += 1
            if self.add_phases(first, u):
                any_wide = True
            while u < o.n_units and self.bars[u]:
                push(&o.order, u)
                u += 1
            o.end_phase(False)
        if not any_wide:
            return None
        first = 0
        for s in range(o.ends.n):
            while first < o.ends.data[s]:
                o.phase[o.order.data[first]] = s
                first += 1
        for u in range(o.n_units):
            for s in range(o.first_after[u], o.first_after[u + 1]):
                if o.phase[o.after[s]] == o.phase[u]:
                    o.before[o.after[s]] += 1
        return o

    cdef int add_cost(self, int u, int s) except -1:
        self.costs[u] += self.watch.costs[s]
        if self.watch.splits[s]:
            self.splits[u] = True
        elif self.plan.n_threads > 1 and self.plan.steps[s].kind == STEP_PYTHON:
            if op_type_of(self.plan, &self.plan.steps[s]).type in BLAS_USERS:
                self.splits[u] = True
        elif self.plan.n_threads > 1 and self.plan.steps[s].kind == STEP_CORE:
            # The kernel in Python beside it may have been called.
            if self.plan.steps[s].callable != NULL and op_type_of(
                    self.plan, &self.plan.steps[s]).type in BLAS_USERS:
                self.splits[u] = True
        return 0

    cdef int wait_for(self, int u, int source) except -1:
        if source != u:
            push(&self.edges, source)
            push(&self.edges, u)
        return 0

    cdef int add_edges(self, int u, Step* step) except -1:
        """Note what a unit waits for, and who else of its stretch reads what it reads last."""
        cdef Plan plan = self.plan
        cdef Overlap o = self.overlap
        cdef int k, register, entry, n, before
        for k in range(step.first_in, step.first_in + step.n_in):
            register = plan.in_registers[k]
            if self.writer[register]:
                self.wait_for(u, self.writer[register] - 1)
            if plan.is_constant[register]:
                continue
            push(&self.readers, u)
            push(&self.readers, k)
            push(&self.readers, self.reader[register])
            self.reader[register] = self.readers.n - 2
            if not plan.in_flags[k] & INPUT_LAST:
                continue
            for n in range(2):           # count them; if there are several, mark them
                if n and o.n_readers[register] < 2:
                    o.n_readers[register] = 0
                    break
                entry = self.reader[register]
                before = -1
                while entry and self.readers.data[entry - 1] >= self.n_passed:
                    if self.readers.data[entry - 1] != before:
                        before = self.readers.data[entry - 1]
                        if n:
                            o.counted[self.readers.data[entry]] = True
                        else:
                            o.n_readers[register] += 1
                    entry = self.readers.data[entry + 1]
        if step.kind == STEP_FUSED:
            for k in range(step.fused.n_made):
                self.writer[step.fused.made[k].register] = u + 1
        else:
            for k in range(step.n_out):
                self.writer[step.first_out + k] = u + 1
        return 0

    cdef int sort_edges(self) except -1:
        """Put the edges into `Overlap.after`, by source."""
        cdef Overlap o = self.overlap
        cdef int* place
        cdef int i, u
        o.after = <int*>calloc(self.edges.n // 2 + 1, sizeof(int))
        place = <int*>calloc(o.n_units + 1, sizeof(int))
        if o.after == NULL or place == NULL:
            free(place)
            raise MemoryError()
        for i in range(0, self.edges.n, 2):
            o.first_after[self.edges.data[i] + 1] += 1
        for u in range(o.n_units):
            o.first_after[u + 1] += o.first_after[u]
            place[u] = o.first_after[u]
        for i in range(0, self.edges.n, 2):
            u = self.edges.data[i]
            o.after[place[u]] = self.edges.data[i + 1]
            place[u] += 1
            self.waits[self.edges.data[i + 1]] += 1
        free(place)
        return 0

    cdef void take(self, int u) noexcept:
        """Put a unit into the present phase: what waits for it has one unit less to wait for."""
        cdef int i
        self.placed[u] = True
        for i in range(self.overlap.first_after[u], self.overlap.first_after[u + 1]):
            self.waits[self.overlap.after[i]] -= 1

    cdef bint add_phases(self, int first, int last) except -1:
        """Add the phases of the units from `first` to `last`, which have no effects; whether one is wide."""
        cdef Overlap o = self.overlap
        cdef int n_order = o.order.n, n_ends = o.ends.n, end = o.ends.data[n_ends - 1] if n_ends else 0
        cdef int u, rounds = 0, left = last - first, begun
        cdef bint wide, any_wide = False
        while self.n_taken < first:      # all before them will have run
            if not self.placed[self.n_taken]:
                self.take(self.n_taken)
            self.n_taken += 1
        while left and rounds < ROUNDS_MOST:
            rounds += 1
            begun = o.order.n
            for u in range(first, last):
                if not self.placed[u] and not self.splits[u] and self.waits[u] == 0:
                    self.take(u)
                    push(&o.order, u)
                    left -= 1
            wide = self.is_faster(begun)
            any_wide = any_wide or wide
            o.end_phase(wide)
            for u in range(first, last):
                if not self.placed[u] and self.splits[u] and self.waits[u] == 0:
                    self.take(u)
                    push(&o.order, u)
                    left -= 1
            o.end_phase(False)
        for u in range(first, last):
            if not self.placed[u]:
                self.take(u)
                push(&o.order, u)
        if not any_wide:                 # in their old order, then
            o.order.n = n_order
            o.ends.n = o.wide.n = n_ends
            if n_ends:
                o.ends.data[n_ends - 1] = end
            for u in range(first, last):
                push(&o.order, u)
        o.end_phase(False)
        return any_wide

    cdef bint is_faster(self, int begun) except -1:
        """Whether several threads need less than one for the units in `order` from `begun` on."""
        cdef Overlap o = self.overlap
        cdef Ints ready
        cdef int running[64]
        cdef long long ends[64]
        cdef int* before
        cdef int i, k, u, n_running = 0, next_
        cdef long long now = 0, whole = 0
        ready.data = NULL
        ready.n = ready.capacity = 0
        for i in range(begun, o.order.n):
            whole += self.costs[o.order.data[i]]
        if whole < 2 * heavy_least or o.order.n - begun < 2:
            return False
        before = <int*>calloc(o.n_units + 1, sizeof(int))
        if before == NULL:
            raise MemoryError()
        try:
            for i in range(begun, o.order.n):
                before[o.order.data[i]] += 1         # 0: of another phase
            for i in range(begun, o.order.n):
                u = o.order.data[i]
                for k in range(o.first_after[u], o.first_after[u + 1]):
                    if before[o.after[k]]:
                        before[o.after[k]] += 1
            for i in range(begun, o.order.n):
                if before[o.order.data[i]] == 1:
                    heap_push(&ready, o.order.data[i])
            while ready.n or n_running:
                while ready.n and n_running < o.width:
                    u = heap_pop(&ready)
                    running[n_running] = u
                    ends[n_running] = now + self.costs[u]
                    n_running += 1
                next_ = 0
                for i in range(1, n_running):
                    if ends[i] < ends[next_]:
                        next_ = i
                now = ends[next_]
                u = running[next_]
                n_running -= 1
                running[next_] = running[n_running]
                ends[next_] = ends[n_running]
                for k in range(o.first_after[u], o.first_after[u + 1]):
                    if before[o.after[k]]:
                        before[o.after[k]] -= 1
                        if before[o.after[k]] == 1:
                            heap_push(&ready, o.after[k])
        finally:
            free(before)
            free(ready.data)
        return whole - now >= heavy_least and (whole - now) * 10 >= whole


# ---------------------------------------------------------------- a heap of units, the smallest first

cdef int heap_push(Ints* heap, int value) except -1:
    cdef int i = heap.n
    push(heap, value)
    while i and heap.data[(i - 1) // 2] > value:
        heap.data[i] = heap.data[(i - 1) // 2]
        i = (i - 1) // 2
    heap.data[i] = value
    return 0


cdef int heap_pop(Ints* heap) noexcept:
    cdef int least = heap.data[0], i = 0, child, value
    heap.n -= 1
    value = heap.data[heap.n]
    while 2 * i + 1 < heap.n:
        child = 2 * i + 1
        if child + 1 < heap.n and heap.data[child + 1] < heap.data[child]:
            child += 1
        if value <= heap.data[child]:
            break
        heap.data[i] = heap.data[child]
        i = child
    heap.data[i] = value
    return least


# ---------------------------------------------------------------- running

cdef enum:
    NO_FAILURE = 2147483647
    INTERRUPTED = -1             # before all steps: a signal's handler raised

cdef struct Joint:               # one run, as the threads that work on it see it; the GIL guards it
    PyObject* plan               # all four borrowed from run_overlap
    PyObject* run
    PyObject* overlap
    Frame* frame
    int n_threads                # that a step may use
    int phase
    int* before                  # unit -> how many of its phase it waits for still
    int* n_readers               # register -> how many of its readers have yet to end
    PyObject** holds             # beside Plan.in_registers: references that units hold; owned
    Ints ready
    int n_running
    int failed                   # the first step that failed; INTERRUPTED; NO_FAILURE
    PyObject* error              # owned: what it raised


cdef int run_alone(Plan plan, Frame* frame, Step* step, RunState run, Overlap o) except -1:
    """One step, and what becomes of registers that it alone reads."""
    cdef unsigned char* flags = plan.in_flags + step.first_in
    cdef int* registers = plan.in_registers + step.first_in
    cdef PyObject* inputs[2]
    cdef int i
    if step.kind == STEP_UFUNC and not step.has_deref:
        inputs[0] = frame.registers[registers[0]]
        inputs[1] = frame.registers[registers[step.n_in - 1]]
        run_ufunc(plan, frame, step, inputs, flags)
    else:
        run_step(plan, frame, step, run)
    for i in range(step.n_in):
        if flags[i] & INPUT_LAST and not o.n_readers[registers[i]]:
            drop(frame, registers[i])
    if step.drops:
        drop_unread(plan, frame, step)
    return 0


cdef int run_unit(Plan plan, Frame* frame, int s, RunState run, Overlap o, int* current) except -1:
    """One step, or a group with its members; `current` is the step at work."""
    cdef Step* step = &plan.steps[s]
    cdef int i, register
    current[0] = s
    if step.kind != STEP_FUSED:
        return run_alone(plan, frame, step, run, o)
    if run_fused(plan, frame, step):
        for i in range(step.first_in, step.first_in + step.n_in):
            register = plan.in_registers[i]
            if plan.in_flags[i] and not o.n_readers[register]:
                drop(frame, register)
        return 0
    for i in range(1, step.fused.n_steps + 1):
        current[0] = s + i
        run_alone(plan, frame, step + i, run, o)
    return 0


cdef int share_inputs(Joint* joint, Frame* frame, Step* step) except -1:
    """Hold what other units read, too, so that no kernel writes into it; how many references are held."""
    cdef Plan plan = <Plan>joint.plan
    cdef Overlap o = <Overlap>joint.overlap
    cdef int i, register, n = 0
    for i in range(step.first_in, step.first_in + step.n_in):
        register = plan.in_registers[i]
        # Who is the last may write, if it is the one that the plan takes for the last.
        if o.counted[i] and joint.n_readers[register] > 1:
            joint.holds[i] = frame.registers[register]
            Py_XINCREF(joint.holds[i])
            n += 1
    return n


cdef int leave_inputs(Joint* joint, Frame* frame, Step* step, int n) except -1:
    """Let go of `n` references; what nobody else will read is dropped."""
    cdef Plan plan = <Plan>joint.plan
    cdef Overlap o = <Overlap>joint.overlap
    cdef PyObject* held
    cdef int i, register
    for i in range(step.first_in, step.first_in + step.n_in):
        if not o.counted[i]:
            continue
        if n:
            held = joint.holds[i]
            joint.holds[i] = NULL
            Py_XDECREF(held)
        register = plan.in_registers[i]
        joint.n_readers[register] -= 1
        if joint.n_readers[register] == 0:
            drop(frame, register)
    return 0


cdef int note_failure(Joint* joint, int s, object error) noexcept:
    """Keep the error of a step if it is the first in order."""
    if not isinstance(error, Exception) or getattr(error, "_from_signal", False):
        s = INTERRUPTED
    if s < joint.failed:
        joint.failed = s
        Py_XDECREF(joint.error)
        Py_INCREF(error)
        joint.error = <PyObject*>error
    return 0


cdef int try_unit(Joint* joint, Frame* frame, int u) noexcept:
    """Run a unit, and keep what it raises."""
    cdef Plan plan = <Plan>joint.plan
    cdef Overlap o = <Overlap>joint.overlap
    cdef int s = o.steps.data[u], current = s, n_held = 0
    try:
        try:
            n_held = share_inputs(joint, frame, &plan.steps[s])
            run_unit(plan, frame, s, <RunState>joint.run, o, &current)
        finally:
            leave_inputs(joint, frame, &plan.steps[s], n_held)
        check_signals()          # does nothing but in Python's main thread
    except BaseException as error:
        note_failure(joint, current, error)
    return 0


cdef int work(Joint* joint) noexcept:
    """Run units of the present phase as they become ready, until none is left."""
    cdef Overlap o = <Overlap>joint.overlap
    cdef Frame mine = joint.frame[0]     # the same registers, but blocks of its own
    cdef unsigned turn
    cdef int u, i, before
    cdef bint silenced = False
    cdef object token = None
    mine.scratch = NULL
    before = pool_use(joint.n_threads)
    try:
        if (<Plan>joint.plan).calls_python:
            token = silence()
            silenced = True
    except BaseException as error:
        note_failure(joint, INTERRUPTED, error)
    while True:
        if joint.ready.n and o.steps.data[joint.ready.data[0]] < joint.failed:
            u = heap_pop(&joint.ready)
            joint.n_running += 1
            try_unit(joint, &mine, u)
            joint.n_running -= 1
            try:
                for i in range(o.first_after[u], o.first_after[u + 1]):
                    if o.phase[o.after[i]] == joint.phase:
                        joint.before[o.after[i]] -= 1
                        if joint.before[o.after[i]] == 0:
                            heap_push(&joint.ready, o.after[i])
            except BaseException as error:
                note_failure(joint, INTERRUPTED, error)
            pool_knock()
        elif joint.n_running == 0:
            break                # all done, or what is left comes after a step that failed
        else:
            turn = pool_turn()
            with nogil:
                pool_wait(turn)
            try:
                check_signals()
            except BaseException as error:
                note_failure(joint, INTERRUPTED, error)
    free(mine.scratch)
    pool_use(before)
    if silenced:
        try:
            speak(token)
        except BaseException as error:
            note_failure(joint, INTERRUPTED, error)
    return 0


cdef void work_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    with gil:
        work(<Joint*>ctx)


cdef int run_overlap(Plan plan, Frame* frame, RunState run, Overlap o) except -1:
    """Run the steps of a plan, those of wide phases side by side."""
    global n_beside_phases
    cdef Joint joint
    cdef int p, i, u, begun = 0, before
    joint.plan = <PyObject*>plan
    joint.run = <PyObject*>run
    joint.overlap = <PyObject*>o
    joint.frame = frame
    joint.n_threads = pool_limit
    joint.ready.data = NULL
    joint.ready.n = joint.ready.capacity = 0
    joint.n_running = 0
    joint.failed = NO_FAILURE
    joint.error = NULL
    joint.before = <int*>malloc((<size_t>o.n_units + 1) * sizeof(int))
    joint.n_readers = <int*>malloc((<size_t>plan.n_registers + 1) * sizeof(int))
    joint.holds = <PyObject**>calloc(<size_t>plan.n_inputs + 1, sizeof(PyObject*))
    try:
        if joint.before == NULL or joint.n_readers == NULL or joint.holds == NULL:
            raise MemoryError()
        memcpy(joint.before, o.before, o.n_units * sizeof(int))
        memcpy(joint.n_readers, o.n_readers, plan.n_registers * sizeof(int))
        for p in range(o.ends.n):
            joint.phase = p
            if not o.wide.data[p]:
                for i in range(begun, o.ends.data[p]):
                    if o.steps.data[o.order.data[i]] < joint.failed:
                        try_unit(&joint, frame, o.order.data[i])
            else:
                joint.ready.n = 0
                for i in range(begun, o.ends.data[p]):
                    u = o.order.data[i]
                    if joint.before[u] == 0 and o.steps.data[u] < joint.failed:
                        heap_push(&joint.ready, u)
                n_beside_phases += 1
                before = pool_use(o.width)
                blas_enter()
                with nogil:
                    parallel_for(work_body, &joint, o.width, 1)
                blas_leave()
                pool_use(before)
            begun = o.ends.data[p]
        if joint.failed == INTERRUPTED:
            raise <object>joint.error
        if joint.failed != NO_FAILURE:
            raise step_error(plan.graph, plan.steps[joint.failed].node, <object>joint.error)
    finally:
        free(joint.before)
        free(joint.n_readers)
        free(joint.holds)
        free(joint.ready.data)
        Py_XDECREF(joint.error)
    return 0


# ---------------------------------------------------------------- for tests

def _watching(least=None, heavy=None, percent=None):
    """Set from which number of ticks on runs are watched and steps are heavy, and by how much runs must be faster.

    What they were before, and how often steps have been run side by side.
    """
    global watch_least, heavy_least, gain_percent
    cdef tuple before = (watch_least, heavy_least, gain_percent, n_beside_phases)
    if least is not None:
        watch_least, heavy_least, gain_percent = least, heavy, percent
    return before
