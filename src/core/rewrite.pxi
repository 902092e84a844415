# Rewrites: what a plan can leave out because its result is known, or is that of another step.
#
# One pass in order of execution is enough, since everything a step reads has been looked at before it. A rule answers
# whether it found something that stands for the outputs of the step. None moves a step, and none takes away one that
# has an effect or might fail: a step is dropped only if it is pure and the shapes of all it touches are certain. The
# exception is TF's, too: what is only waited for (control inputs) and has no effect does not run, and cannot fail.
#
#   rewrite     O(steps + inputs), and the time of the operations it evaluates

cdef enum Rewrite:
    REWRITE_IDENTITIES = 1       # steps that hand on their input
    REWRITE_SHAPES = 2           # Shape, Size and Rank of what has a certain shape
    REWRITE_CONSTANTS = 4        # steps whose inputs are all known
    REWRITE_COMMON = 8           # steps that repeat an earlier one
    REWRITE_FUSION = 16          # elementwise steps run together
    REWRITE_CONTROLS = 32        # steps that others only wait for
    REWRITE_PRODUCTS = 64        # what is added to a matrix product is added by it
    REWRITE_CONVOLUTIONS = 128   # bias and rectifier are one step with the convolution before them
    REWRITE_ALL = 255

cdef dict REWRITES = {"identities": REWRITE_IDENTITIES, "shapes": REWRITE_SHAPES, "constants": REWRITE_CONSTANTS,
                      "common": REWRITE_COMMON, "fusion": REWRITE_FUSION, "controls": REWRITE_CONTROLS,
                      "products": REWRITE_PRODUCTS, "convolutions": REWRITE_CONVOLUTIONS}

cdef enum:
    FOLD_BYTES = 65536           # a folded constant is no larger than this or than the constants it was made from,
    FOLD_LIMIT = 10485760        # and never than this
    COMMON_BYTES = 64            # constants up to this size are compared by value

# Stateless by their OpType, but what they call is not ours to repeat or leave out.
cdef frozenset CALLS_OUT = frozenset(["PyFuncStateless", "EagerPyFunc", "PartitionedCall", "CheckNumerics"])

# Op types whose Python rules give the whole shape, rightly, if they are given whole shapes and constant numbers.
cdef frozenset WHOLE_SHAPES = frozenset([
    "AddN", "BiasAdd", "ConcatV2", "ExpandDims", "LogSoftmax", "Max", "Mean", "Min", "Pack", "Prod", "Reshape",
    "Softmax", "Squeeze", "Sum", "Transpose",
])


cdef int rewrite(Draft draft, list targets, int switches) except -1:
    """Apply the rewrites in `switches` to a draft without control flow."""
    cdef int i, k
    cdef DraftStep* step
    cdef Common common = Common.__new__(Common)
    cdef unsigned char* certain = <unsigned char*>calloc(draft.n_values + 1, 1)  # value -> its shape is its static one
    cdef bint shorter = False
    cdef list joins
    if certain == NULL:
        raise MemoryError()
    try:
        if switches & REWRITE_COMMON:
            common.reserve(draft)
        for i in range(draft.n_steps):
            if binding_of(draft.op_type(&draft.steps[i])).updates_ref:
                draft.updates_refs = True
        if switches & REWRITE_CONTROLS:
            drop_waited_for(draft, targets)
        for i in range(draft.n_feeds):
            certain[i] = not draft.graph.is_function and is_whole(draft, i)
        for i in range(draft.n_steps):
            step = &draft.steps[i]
            if step.kind == STEP_CONST:
                certain[step.first_out] = True
                if switches & REWRITE_COMMON:
                    common.note_constant(draft, step.first_out)
                continue
            if draft.updates_refs and binding_of(draft.op_type(step)).updates_ref:
                # What was read from a reference variable is its memory: the same step may now find other numbers.
                common.forget()
            if not is_pure(draft, step):
                continue
            find_certain(draft, step, certain)
            if switches & REWRITE_IDENTITIES and skip_identity(draft, step, certain):
                shorter = True
            elif switches & REWRITE_SHAPES and fold_shape(draft, step, certain):
                shorter = True
            elif switches & REWRITE_CONSTANTS and fold_constant(draft, step):
                for k in range(step.n_out):
                    certain[step.first_out + k] = True
                    if switches & REWRITE_COMMON:
                        common.note_constant(draft, step.first_out + k)
            elif switches & REWRITE_COMMON and common.merge(draft, i):
                pass
            else:
                continue
            step.gone = True
        if shorter:
            drop_unread_steps(draft, targets, certain)
    finally:
        free(certain)
    if switches & REWRITE_PRODUCTS:
        join_products(draft)
    joins = find_joins(draft) if switches & REWRITE_CONVOLUTIONS else []
    if switches & REWRITE_FUSION:
        fuse(draft)
    keep_joins(draft, joins)
    return 0


cdef bint is_pure(Draft draft, DraftStep* step) except -1:
    """Whether a step does nothing but compute arrays from arrays, always the same."""
    cdef OpType op_type
    cdef Binding b
    cdef int k, value
    if step.gone or step.n_out == 0 or step.n_in == 0:
        return False
    if step.kind > STEP_PYTHON:
        return False
    op_type = draft.op_type(step)
    b = binding_of(op_type)
    if op_type.stateful or b.wants_run or op_type.type in CALLS_OUT:
        return False
    for k in range(step.n_in):
        value = draft.inputs[step.first_in + k]
        if draft.dtype(value) >= 100 or numpy_type(draft.dtype(value)) < 0:
            return False
    for k in range(step.n_out):
        if numpy_type(draft.dtype(step.first_out + k)) < 0:
            return False
    return True


# ---------------------------------------------------------------- shapes that can be relied on

# Static shapes are promises of the program: set_shape may promise what a kernel does not keep. A shape is certain if it
# follows from constants and feeds (which are checked) by rules alone.

cdef inline Shape* shape_of(Draft draft, int value) noexcept:
    return &SHAPES[draft.graph.outputs[draft.values[value].output].shape]


cdef bint is_whole(Draft draft, int value) noexcept:
    """Whether the static shape of a value is known to the last dimension."""
    cdef Shape* s = shape_of(draft, value)
    cdef int i
    if s.rank < 0:
        return False
    for i in range(s.rank):
        if s.dims[i] < 0:
            return False
    return True


cdef int find_certain(Draft draft, DraftStep* step, unsigned char* certain) except -1:
    """Note whether the shapes of a pure step's outputs are certain."""
    cdef OpType op_type = draft.op_type(step)
    cdef int k, value, type_number
    if op_type.rule == RULE_PYTHON and op_type.type not in WHOLE_SHAPES:
        return 0
    if op_type.rule == RULE_UNKNOWN or op_type.rule == RULE_VALUE:
        return 0
    for k in range(step.n_in):
        value = draft.input(step, k)
        if not certain[value]:
            return 0
        type_number = numpy_type(draft.dtype(value))
        if (op_type.rule == RULE_PYTHON and draft.values[value].constant == NULL
                and (type_number == cnp.NPY_INT32 or type_number == cnp.NPY_INT64) and k):
            return 0
    for k in range(step.n_out):
        certain[step.first_out + k] = is_whole(draft, step.first_out + k)
    return 0


# ---------------------------------------------------------------- rules

cdef bint skip_identity(Draft draft, DraftStep* step, unsigned char* certain) except -1:
    """Let the input stand for the output where both are the same array."""
    cdef int source = draft.input(step, 0), other
    cdef PyObject* axes
    cdef str name = draft.op_type(step).type
    if step.kind != STEP_IDENTITY or name == "Snapshot":
        if draft.updates_refs:
            return False         # a copy may be what is wanted
        if name == "Sum" or name == "Reshape":
            if draft.dtype(source) != draft.dtype(step.first_out):
                return False
            other = draft.input(step, 1)
            axes = draft.values[other].constant
            if name == "Sum":
                if axes == NULL or array_size(<CArray*>axes):
                    return False
            elif not (axes != NULL and certain[source] and certain[step.first_out]
                      and static_shape(draft, source) == static_shape(draft, step.first_out)):
                return False
        elif name != "Snapshot":
            return False
    draft.replace(step.first_out, source)
    certain[step.first_out] = certain[source]
    return True


cdef bint fold_shape(Draft draft, DraftStep* step, unsigned char* certain) except -1:
    """Shape, Size or Rank of a value whose shape is certain."""
    cdef int source
    cdef str name
    if step.n_in != 1:
        return False
    name = draft.op_type(step).type
    if name != "Shape" and name != "Size" and name != "Rank":
        return False
    source = draft.input(step, 0)
    if not certain[source]:
        return False
    dims = static_shape(draft, source)
    if name == "Size":
        value = 1
        for d in dims:
            value *= d
    else:
        value = dims if name == "Shape" else len(dims)
    try:
        found = np.array(value, cnp.PyArray_DescrFromType(numpy_type(draft.dtype(step.first_out))))
    except OverflowError:
        return False
    draft.know(step.first_out, found)
    certain[step.first_out] = True
    return True


cdef tuple static_shape(Draft draft, int value):
    cdef PyObject* constant = draft.values[value].constant
    if constant != NULL:
        return (<object>constant).shape
    return SHAPE_TUPLES[draft.graph.outputs[draft.values[value].output].shape]


cdef bint fold_constant(Draft draft, DraftStep* step) except -1:
    """Evaluate a step whose inputs are all known; one that fails stays, to fail when it runs."""
    cdef int k, value
    cdef PyObject* constant
    cdef long long given = 0, made = 0
    cdef list inputs = []
    for k in range(step.n_in):
        constant = draft.values[draft.input(step, k)].constant
        if constant == NULL:
            return False
    for k in range(step.n_in):
        constant = draft.values[draft.input(step, k)].constant
        given += array_nbytes(<CArray*>constant)
        inputs.append(<object>constant)
    for k in range(step.n_out):
        value = step.first_out + k
        if not is_whole(draft, value):
            return False
        size = 1
        for d in static_shape(draft, value):
            size *= d
        made += size * cnp.PyArray_DescrFromType(numpy_type(draft.dtype(value))).itemsize
    if made > FOLD_BYTES and made > given or made > FOLD_LIMIT:
        return False
    try:
        found = evaluate(draft.graph, step.node, inputs)
        for k in range(step.n_out):
            if found[k].shape != static_shape(draft, step.first_out + k):
                return False
    except Exception:
        return False
    for k in range(step.n_out):
        draft.know(step.first_out + k, found[k])
    return True


cdef list evaluate(Graph g, int node, list inputs):
    """The outputs of one pure operation."""
    cdef Plan plan = bind_draft(single_draft(g, node))
    cdef Frame* frame = plan.borrow()
    cdef int k = 0
    for value in inputs:
        Py_INCREF(value)
        frame.registers[plan.feed_registers[k]] = <PyObject*>value
        k += 1
    token = silence()
    try:
        return <list>run_plan(plan, frame, None, False)
    finally:
        speak(token)


@cython.final
cdef class Common:
    """The pure steps seen, to be found by op type, inputs and attributes."""
    cdef int* table              # open addressing: step + 1, or 0
    cdef unsigned int mask
    cdef dict constants          # what tells an array -> the first value that is it

    def __dealloc__(self):
        free(self.table)

    cdef int reserve(self, Draft draft) except -1:
        cdef unsigned int size = 64
        while size < 2 * <unsigned int>draft.n_steps:
            size *= 2
        self.mask = size - 1
        self.table = <int*>calloc(size, sizeof(int))
        if self.table == NULL:
            raise MemoryError()
        self.constants = {}
        return 0

    cdef void forget(self) noexcept:
        """Forget the steps seen."""
        if self.table != NULL:
            memset(self.table, 0, (self.mask + 1) * sizeof(int))

    cdef int note_constant(self, Draft draft, int value) except -1:
        """Let one value stand for all that are the same array or the same few bytes."""
        cdef CArray* a = <CArray*>draft.values[value].constant
        cdef object key
        if array_nbytes(a) <= COMMON_BYTES and array_type(a) != cnp.NPY_OBJECT:
            key = (draft.dtype(value), (<object><PyObject*>a).shape, (<object><PyObject*>a).tobytes())
        else:
            key = <size_t>a
        first = self.constants.setdefault(key, value)
        if first != value:
            draft.replace(value, <int>first)
        return 0

    @cython.overflowcheck(False)         # a hash wraps around
    cdef bint merge(self, Draft draft, int index) except -1:
        """Let an earlier step that computes the same stand for this one; else remember it."""
        cdef DraftStep* step = &draft.steps[index]
        cdef int op_type = draft.graph.nodes[step.node].op_type
        cdef unsigned long long h = <unsigned long long>op_type
        cdef unsigned int slot
        cdef int k, other
        for k in range(step.n_in):
            h = (h ^ <unsigned long long>draft.input(step, k)) * 0x9E3779B97F4A7C15ULL
        slot = <unsigned int>(h >> 32) & self.mask
        while self.table[slot]:
            other = self.table[slot] - 1
            if same_step(draft, &draft.steps[other], step):
                for k in range(step.n_out):
                    draft.replace(step.first_out + k, draft.steps[other].first_out + k)
                return True
            slot = (slot + 1) & self.mask
        self.table[slot] = index + 1
        return False


cdef bint same_step(Draft draft, DraftStep* a, DraftStep* b) except -1:
    """Whether two pure steps compute the same."""
    cdef Graph g = draft.graph
    cdef PyObject* left = g.nodes[a.node].attrs
    cdef PyObject* right = g.nodes[b.node].attrs
    cdef int k
    if g.nodes[a.node].op_type != g.nodes[b.node].op_type or a.n_in != b.n_in or a.n_out != b.n_out:
        return False
    for k in range(a.n_in):
        if draft.input(a, k) != draft.input(b, k):
            return False
    for k in range(a.n_out):
        if draft.dtype(a.first_out + k) != draft.dtype(b.first_out + k):
            return False
    if g.node_extras and (a.node in g.node_extras or b.node in g.node_extras):
        return False
    if left == right:
        return True
    if left == NULL or right == NULL:
        return False
    try:
        # Texts, too: 0.0 equals -0.0, but does not do the same.
        return bool(<object>left == <object>right) and repr(<object>left) == repr(<object>right)
    except Exception:
        return False             # arrays, for one, do not compare as a whole


cdef int drop_waited_for(Draft draft, list targets) except -1:
    """Drop pure steps whose outputs nobody reads: others wait for them, and they do nothing worth waiting for.

    The gradient of an input that no one asked for is such a step: tf.gradients groups it with that of the weights.
    """
    cdef unsigned char* read = <unsigned char*>calloc(draft.n_values + 1, 1)
    cdef DraftStep* step
    cdef int i, k
    cdef bint wanted
    cdef set kept = set(targets)
    if read == NULL:
        raise MemoryError()
    try:
        for value in draft.fetches:
            read[<int>value] = True
        for i in range(draft.n_steps - 1, -1, -1):
            step = &draft.steps[i]
            wanted = False
            for k in range(step.n_out):
                if read[step.first_out + k]:
                    wanted = True
            if not wanted and step.node not in kept and is_pure(draft, step):
                step.gone = True
                continue
            for k in range(step.n_in):
                read[draft.inputs[step.first_in + k]] = True
    finally:
        free(read)
    return 0


cdef int drop_unread_steps(Draft draft, list targets, unsigned char* certain) except -1:
    """Drop pure steps that nobody reads any more and that cannot fail, since the shapes of all they touch are certain."""
    cdef unsigned char* read = <unsigned char*>calloc(draft.n_values + 1, 1)
    cdef DraftStep* step
    cdef int i, k
    cdef bint wanted
    cdef set kept = set(targets)
    if read == NULL:
        raise MemoryError()
    try:
        for value in draft.fetches:
            read[draft.find(<int>value)] = True
        for i in range(draft.n_steps - 1, -1, -1):
            step = &draft.steps[i]
            if step.gone:
                continue
            wanted = False
            for k in range(step.n_out):
                if read[step.first_out + k] or not certain[step.first_out + k]:
                    wanted = True
            if not wanted and step.node not in kept and is_pure(draft, step):
                step.gone = True
                continue
            for k in range(step.n_in):
                read[draft.input(step, k)] = True
    finally:
        free(read)
    return 0
