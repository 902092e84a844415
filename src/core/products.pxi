# Joined products: what is added to a matrix product is added while the tile is in registers.
#
# A row (BiasAdd, AddV2) and a rectifier behind a product need not read and write the result again, and the gradients of
# a weight that many products share (AddN) need not be kept one by one to be summed in the end: each product is added to
# the sum of those before it, in AddN's order. A product is joined with what reads it alone, where the static shapes
# say so; if a run finds other shapes, the operations run one after the other as they are in the graph (`apart`).
#
# A product that takes a row waits for it: like a group it runs where its last member stood.
#
#   join_products   O(steps + inputs)

cdef enum:
    JOINED_DEPTH = 256           # terms of a product whose sum is rounded once, before it is added (GEMM_DEPTH)
    JOINED_FLOAT = 1             # DataType numbers
    JOINED_DOUBLE = 2


@cython.final
cdef class ProductJoining:
    """One walk over a draft that joins products with what reads them."""
    cdef Draft draft
    cdef int* n_readers          # of each value

    def __dealloc__(self):
        free(self.n_readers)

    cdef int product(self, int value) except -2:
        """The step of the product whose only reader is asked about; -1: the value is no such product."""
        cdef DraftStep* step
        cdef int maker = self.draft.values[value].maker, dtype = self.draft.dtype(value)
        if maker < 0 or self.n_readers[value] != 1 or (dtype != JOINED_FLOAT and dtype != JOINED_DOUBLE):
            return -1
        step = &self.draft.steps[maker]
        if step.gone or step.kind != STEP_CORE or step.n_out != 1 or self.draft.op_type(step).type != "MatMul":
            return -1
        return maker

    cdef inline Shape* shape(self, int value) noexcept:
        return &SHAPES[self.draft.graph.outputs[self.draft.values[value].output].shape]

    cdef int take(self, DraftStep* step, DraftStep* product, int joined, int other, int n_in) except -1:
        """Let `step` do the work of `product`, with `n_in` inputs, and then that of its own operation."""
        cdef Draft draft = self.draft
        cdef int first = draft.n_inputs, own = step.node, k
        for k in range(product.n_in):
            draft.inputs[first + k] = draft.inputs[product.first_in + k]
        if n_in > product.n_in:
            draft.inputs[first + product.n_in] = other
        draft.n_inputs += n_in
        step.others[0] = product.others[0]
        step.others[1] = product.others[1]
        if product != step:
            if step.others[0] < 0:
                step.others[0] = own
            else:
                step.others[1] = own
        step.node = product.node
        step.kind = product.kind
        step.joined = product.joined | joined
        step.first_in = first
        step.n_in = n_in
        if product != step:
            product.gone = True
        return 0

    cdef bint join_row(self, DraftStep* step, int value, int row) except -1:
        """A row added to a product."""
        cdef int maker = self.product(value)
        cdef Shape* whole
        cdef Shape* short
        if maker < 0 or self.draft.steps[maker].joined or self.draft.dtype(row) != self.draft.dtype(value):
            return False
        whole = self.shape(value)
        short = self.shape(row)
        if short.rank != 1 or short.dims[0] < 0 or whole.rank != 2 or whole.dims[1] != short.dims[0]:
            return False
        self.take(step, &self.draft.steps[maker], PRODUCT_ROW, row, 3)
        return True

    cdef bint join_rectifier(self, DraftStep* step) except -1:
        """Relu of a product, a row added to it or not."""
        cdef int maker = self.product(self.draft.input(step, 0))
        cdef DraftStep* product
        if maker < 0:
            return False
        product = &self.draft.steps[maker]
        if product.joined & (PRODUCT_RELU | PRODUCT_SUM):
            return False
        self.take(step, product, PRODUCT_RELU, -1, product.n_in)
        return True

    cdef bint join_sum(self, DraftStep* step) except -1:
        """Products added to what was made before them, in order."""
        cdef Draft draft = self.draft
        cdef DraftStep* product
        cdef Shape* s = self.shape(step.first_out)
        cdef Shape* factor
        cdef int own = draft.graph.outputs[draft.values[step.first_out].output].shape
        cdef int k, value, sum_ = draft.input(step, 0), before, maker, other = 1
        if s.rank != 2 or s.dims[0] < 0 or s.dims[1] < 0:
            return False
        if step.n_in == 2 and draft.values[sum_].maker > draft.values[draft.input(step, 1)].maker:
            sum_ = draft.input(step, 1)      # of two it does not matter which comes first
            other = 0
        before = draft.values[sum_].maker
        if draft.graph.outputs[draft.values[sum_].output].shape != own:
            return False
        for k in range(1, step.n_in):
            value = draft.input(step, k if step.n_in > 2 else other)
            maker = self.product(value)
            if maker <= before or draft.graph.outputs[draft.values[value].output].shape != own:
                return False
            product = &draft.steps[maker]
            factor = self.shape(draft.input(product, 0))
            if product.joined or factor.rank != 2 or factor.dims[0] < 0 or factor.dims[1] < 0:
                return False
            # The factor has as many columns as there are terms, and rows as the result; or the other way round.
            if <long long>factor.dims[0] * factor.dims[1] > <long long>JOINED_DEPTH * s.dims[0]:
                return False
            before = maker
        for k in range(1, step.n_in):
            value = draft.input(step, k if step.n_in > 2 else other)
            product = &draft.steps[draft.values[value].maker]
            self.take(product, product, PRODUCT_SUM, sum_, 3)
            product.others[0] = step.node
            sum_ = value
        self.n_readers[sum_] = self.n_readers[step.first_out]
        draft.replace(step.first_out, sum_)
        step.gone = True
        return True


cdef int join_products(Draft draft) except -1:
    """Join matrix products with what is added to them and with rectifiers."""
    cdef ProductJoining joining
    cdef DraftStep* step
    cdef int i, k, n_products = 0
    cdef str name
    if draft.updates_refs:
        return 0                 # what was read from a variable may change before the sum is made
    for i in range(draft.n_steps):
        step = &draft.steps[i]
        if not step.gone and step.kind == STEP_CORE and draft.op_type(step).type == "MatMul":
            n_products += 1
    if n_products == 0:
        return 0
    joining = ProductJoining.__new__(ProductJoining)
    joining.draft = draft
    joining.n_readers = <int*>calloc(draft.n_values + 1, sizeof(int))
    if joining.n_readers == NULL:
        raise MemoryError()
    draft.inputs = <int*>grow(draft.inputs, (draft.n_inputs + 7 * <size_t>n_products + 1) * sizeof(int))
    for i in range(draft.n_steps):
        step = &draft.steps[i]
        if not step.gone:
            for k in range(step.n_in):
                joining.n_readers[draft.input(step, k)] += 1
    for value in draft.fetches:
        joining.n_readers[draft.find(<int>value)] += 1
    for i in range(draft.n_steps):
        step = &draft.steps[i]
        if step.gone or step.n_out != 1 or step.n_in < 1 or step.kind > STEP_PYTHON:
            continue
        name = draft.op_type(step).type
        if name == "Relu":
            joining.join_rectifier(step)
        elif name == "AddN" and step.n_in > 1:
            joining.join_sum(step)
        elif name == "BiasAdd" or name == "BiasAddV1":
            if adds_rows(draft, step):
                joining.join_row(step, draft.input(step, 0), draft.input(step, 1))
        elif name == "AddV2" or name == "Add":
            if not (joining.join_row(step, draft.input(step, 0), draft.input(step, 1))
                    or joining.join_row(step, draft.input(step, 1), draft.input(step, 0))):
                joining.join_sum(step)
    return 0


# ---------------------------------------------------------------- running

cdef object apart(Plan plan, Step* step, PyObject** inputs):
    """What a joined product gives if its operations run one after the other: the shapes are not those of the graph."""
    cdef int k = 2           # the third input
    cdef Graph g = plan.graph
    cdef OpType op_type
    value = <object>evaluate(g, step.node, [<object>inputs[0], <object>inputs[1]])[0]
    for node in <tuple><object>step.attrs:
        op_type = op_type_at(g, node)
        if op_type.type == "Relu":
            value = evaluate(g, <int>node, [value])[0]
        elif op_type.type == "AddN":
            if (<object>inputs[k]).shape != value.shape:
                raise invalid_argument(
                    f"Inputs to operation {g.node_name(<int>node)} of type AddN must have the same size and shape.  "
                    f"Input 0: {dims_text(<CArray*>inputs[k])} != input 1: {dims_text(<CArray*><PyObject*>value)}")
            value = <object>inputs[k] + value
        else:
            value = evaluate(g, <int>node, [value, <object>inputs[k]])[0]
    return value


cdef inline OpType op_type_at(Graph g, int node):
    return <OpType>OP_TYPES[g.nodes[node].op_type]


cdef int bind_joined(Step* step, DraftStep* drafted) except -1:
    """Say what a joined product does besides, and which operations that were."""
    others = tuple([drafted.others[k] for k in range(2) if drafted.others[k] >= 0])
    step.bits = drafted.joined
    Py_INCREF(others)
    step.attrs = <PyObject*>others
    return 0


cdef list joined_names(Plan plan, Step* step):
    """The types and names of what a product does besides; None if it does nothing else."""
    if step.kind != STEP_CORE or not step.bits & PRODUCT_JOINED or op_type_of(plan, step).type != "MatMul":
        return None
    return [(op_type_at(plan.graph, node).type, plan.graph.node_name(<int>node))
            for node in <tuple><object>step.attrs]
