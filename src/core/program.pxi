# Programs: members of a group as instructions for the register machine of vector_program.h.
#
# An op is *lowered* to expressions, each one instruction of the machine, over operands: arrays, single elements,
# constants. The expressions of a run of members form a graph; it is walked from what has to be stored, operands first
# and the longer way first, so that an expression mostly finds its operand in the accumulator. What the accumulator must
# give up before its last reader goes to a slot, a tile of memory that stays in the first cache.
#
# A program works on elements of one type, float32 or float64. Booleans are lanes inside and bytes in arrays.
#
#   ProgramBuilder   O(expressions + operands)

cdef extern from "vector_program.h" nogil:
    ctypedef void (*vp_handler)() noexcept nogil
    enum:
        VP_neg, VP_abs, VP_square, VP_sqrt, VP_rsqrt, VP_reciprocal, VP_sign, VP_rint, VP_floor, VP_ceil, VP_relu
        VP_exp, VP_log, VP_tanh, VP_sigmoid, VP_not, VP_number
        VP_FIRST_BINARY
        VP_add, VP_sub, VP_mul, VP_div, VP_max, VP_min, VP_square_difference
        VP_less, VP_less_equal, VP_equal, VP_not_equal, VP_and, VP_or
        VP_relu_grad, VP_tanh_grad, VP_sigmoid_grad, VP_leaky, VP_where_first, VP_zero_where_first
        VP_zero_where_second, VP_elu_grad
        VP_select, VP_load, VP_load_bool, VP_load_int32, VP_store, VP_store_bool, VP_end
        VP_MEMORY, VP_ELEMENT, VP_MEMORY_FIRST, VP_ELEMENT_FIRST
        VP_LEVELS
    ctypedef struct vp_instruction:
        vp_handler wide, narrow
        cnp.npy_intp a, b
        cnp.npy_intp moves_a, moves_b
    ctypedef struct vp_array:
        int outer, itemsize, is_read, is_written
    ctypedef struct vp_set:
        const char* name
        int tile, lanes, itemsize
        void (*run)(const vp_program* program, char** outer, cnp.npy_intp n, char* scratch) noexcept nogil
        vp_handler handlers[1][4][2]         # [operation][way][narrow]
    ctypedef struct vp_program:
        const vp_set* set
        vp_instruction* instructions
        int n_instructions
        int* starts
        int n_starts
        vp_array* arrays
        int n_arrays
        int* elements
        int n_elements
        void* constants
        int n_constants
        int n_slots
        int aligned
    size_t vp_scratch(const vp_program* p)
    const vp_set* vp_set_at(int level, int is_double)
    void vp_unary_loop(char** args, const cnp.npy_intp* dimensions, const cnp.npy_intp* strides,
                       void* data) noexcept nogil


# ---------------------------------------------------------------- which ops the machine has

cdef enum VectorForm:            # how an op is lowered; its types follow from this
    FORM_NONE
    FORM_UNARY                   # T -> T, the operation `vector_op`
    FORM_BINARY                  # T, T -> T
    FORM_SWAPPED                 # as FORM_BINARY, with the inputs the other way round
    FORM_COMPARE                 # T, T -> bool
    FORM_COMPARE_SWAPPED
    FORM_LOGIC                   # bool, bool -> bool
    FORM_NOT                     # bool -> bool
    FORM_SELECT                  # bool, T, T -> T
    FORM_SUM                     # T... -> T
    FORM_CAST                    # bool or int32 -> T
    FORM_CLIP                    # T, T, T -> T
    FORM_RELU6
    FORM_RELU6_GRAD
    FORM_LEAKY                   # with a slope as attribute
    FORM_LEAKY_GRAD
    FORM_SQRT_GRAD
    FORM_RSQRT_GRAD
    FORM_RECIPROCAL_GRAD
    FORM_DIV_NO_NAN
    FORM_MUL_NO_NAN
    FORM_SOFTSIGN
    FORM_SOFTSIGN_GRAD

cdef enum:
    VECTOR_NONE = 0              # for the element type of a program: in no program,
    VECTOR_ANY = 1               # in one of any type (as NumPy type numbers, these are of bool and int8)
    CHUNK_MOST = 100             # instructions of one call: without -O2, each is a frame of the stack

cdef dict VECTOR_OPS = {         # op type -> (VectorForm, operation)
    "Neg": (FORM_UNARY, VP_neg), "Abs": (FORM_UNARY, VP_abs), "Square": (FORM_UNARY, VP_square),
    "Sqrt": (FORM_UNARY, VP_sqrt), "Rsqrt": (FORM_UNARY, VP_rsqrt), "Reciprocal": (FORM_UNARY, VP_reciprocal),
    "Inv": (FORM_UNARY, VP_reciprocal), "Sign": (FORM_UNARY, VP_sign), "Rint": (FORM_UNARY, VP_rint),
    "Round": (FORM_UNARY, VP_rint), "Floor": (FORM_UNARY, VP_floor), "Ceil": (FORM_UNARY, VP_ceil),
    "Relu": (FORM_UNARY, VP_relu), "Exp": (FORM_UNARY, VP_exp), "Log": (FORM_UNARY, VP_log),
    "Tanh": (FORM_UNARY, VP_tanh), "Sigmoid": (FORM_UNARY, VP_sigmoid),
    "Add": (FORM_BINARY, VP_add), "AddV2": (FORM_BINARY, VP_add), "Sub": (FORM_BINARY, VP_sub),
    "Mul": (FORM_BINARY, VP_mul), "RealDiv": (FORM_BINARY, VP_div), "Div": (FORM_BINARY, VP_div),
    "Maximum": (FORM_BINARY, VP_max), "Minimum": (FORM_BINARY, VP_min),
    "SquaredDifference": (FORM_BINARY, VP_square_difference), "BiasAdd": (FORM_BINARY, VP_add),
    "BiasAddV1": (FORM_BINARY, VP_add), "ReluGrad": (FORM_BINARY, VP_relu_grad),
    "TanhGrad": (FORM_BINARY, VP_tanh_grad), "SigmoidGrad": (FORM_BINARY, VP_sigmoid_grad),
    "EluGrad": (FORM_BINARY, VP_elu_grad),
    "Less": (FORM_COMPARE, VP_less), "LessEqual": (FORM_COMPARE, VP_less_equal),
    "Greater": (FORM_COMPARE_SWAPPED, VP_less), "GreaterEqual": (FORM_COMPARE_SWAPPED, VP_less_equal),
    "Equal": (FORM_COMPARE, VP_equal), "NotEqual": (FORM_COMPARE, VP_not_equal),
    "LogicalAnd": (FORM_LOGIC, VP_and), "LogicalOr": (FORM_LOGIC, VP_or), "LogicalNot": (FORM_NOT, VP_not),
    "Select": (FORM_SELECT, VP_select), "SelectV2": (FORM_SELECT, VP_select),
    "AddN": (FORM_SUM, VP_add), "AccumulateNV2": (FORM_SUM, VP_add), "Cast": (FORM_CAST, VP_number),
    "ClipByValue": (FORM_CLIP, 0), "Relu6": (FORM_RELU6, 0), "Relu6Grad": (FORM_RELU6_GRAD, 0),
    "LeakyRelu": (FORM_LEAKY, 0), "LeakyReluGrad": (FORM_LEAKY_GRAD, 0), "SqrtGrad": (FORM_SQRT_GRAD, 0),
    "RsqrtGrad": (FORM_RSQRT_GRAD, 0), "ReciprocalGrad": (FORM_RECIPROCAL_GRAD, 0),
    "InvGrad": (FORM_RECIPROCAL_GRAD, 0), "DivNoNan": (FORM_DIV_NO_NAN, 0), "MulNoNan": (FORM_MUL_NO_NAN, 0),
    "Softsign": (FORM_SOFTSIGN, 0), "SoftsignGrad": (FORM_SOFTSIGN_GRAD, 0),
}

cdef const vp_set* vector_floats = NULL      # the best sets of this processor
cdef const vp_set* vector_doubles = NULL


cdef inline const vp_set* vector_set(int type_number) noexcept:
    return vector_floats if type_number == cnp.NPY_FLOAT32 else vector_doubles


cdef int vector_type(Draft draft, DraftStep* step) except -1:
    """The element type of the program that a step can be part of, or VECTOR_ANY, or VECTOR_NONE."""
    cdef Binding b = binding_of(draft.op_type(step))
    cdef int form = b.vector_form
    cdef int made, k, type_number, wanted
    if form == FORM_NONE or vector_floats == NULL:
        return VECTOR_NONE
    made = numpy_type(draft.dtype(step.first_out))
    if form == FORM_LOGIC or form == FORM_NOT:
        for k in range(step.n_in):
            if numpy_type(draft.dtype(draft.inputs[step.first_in + k])) != cnp.NPY_BOOL:
                return VECTOR_NONE
        return VECTOR_ANY
    if form == FORM_CAST:
        wanted = numpy_type(draft.dtype(draft.inputs[step.first_in]))
        return made if is_real(made) and (wanted == cnp.NPY_BOOL or wanted == cnp.NPY_INT32) else VECTOR_NONE
    wanted = made
    if form == FORM_COMPARE or form == FORM_COMPARE_SWAPPED:
        wanted = numpy_type(draft.dtype(draft.inputs[step.first_in]))
    if not is_real(wanted) or form == FORM_SUM and step.n_in < 2:
        return VECTOR_NONE
    for k in range(step.n_in):
        type_number = numpy_type(draft.dtype(draft.inputs[step.first_in + k]))
        if type_number != (cnp.NPY_BOOL if form == FORM_SELECT and k == 0 else wanted):
            return VECTOR_NONE
    if form == FORM_UNARY and vector_set(wanted).handlers[b.vector_op][0][0] == NULL:
        return VECTOR_NONE
    return wanted


# ---------------------------------------------------------------- expressions

cdef struct Expression:
    int op
    int n_args
    int args[3]                  # another expression, or -1 - an operand
    int height                   # the longest way down to an operand
    int readers                  # reads that are still to be emitted
    int slot                     # where it was put for later readers, or -1
    int target                   # the operand that it is stored in, or -1
    bint is_bool
    bint is_made

cdef enum OperandKind:
    OPERAND_ARRAY
    OPERAND_ELEMENT
    OPERAND_CONSTANT
    OPERAND_SLOT

cdef struct Operand:
    OperandKind kind
    int index                    # among those of its kind
    int outer                    # its place in the group's table; below 0: a slot of the group
    int itemsize
    int reads
    int is_read
    int is_written
    double constant

cdef struct Emitted:             # an instruction before it is known where the kinds of operands begin in the table
    int op
    int way
    int kind_a
    int a
    int kind_b
    int b

cdef int programs_made = 0       # tells the references that values keep for one program from those for others


@cython.final
cdef class ProgramBuilder:
    """A program in the making, for members of a group that follow each other."""
    cdef Draft draft
    cdef Fused* fused
    cdef const vp_set* set
    cdef int serial
    cdef Expression* expressions
    cdef int n_expressions
    cdef int n_expressions_room
    cdef Operand* operands
    cdef int n_operands
    cdef int n_operands_room
    cdef Emitted* emitted
    cdef int n_emitted
    cdef int n_emitted_room
    cdef int counts[4]           # operands of each kind; slots ever in use
    cdef Ints free_slots
    cdef Ints starts
    cdef Ints pending            # expressions that are waited for
    cdef int held                # the expression in the accumulator, or -1

    def __dealloc__(self):
        free(self.expressions)
        free(self.operands)
        free(self.emitted)
        free(self.free_slots.data)
        free(self.starts.data)
        free(self.pending.data)

    # ------------------------------------------------------------ operands

    cdef int new_operand(self, OperandKind kind, int outer, int itemsize) except *:
        """A reference to a new operand: -1 - its number."""
        cdef Operand* o
        if self.n_operands == self.n_operands_room:
            self.n_operands_room = max(32, 2 * self.n_operands_room)
            self.operands = <Operand*>grow(self.operands, <size_t>self.n_operands_room * sizeof(Operand))
        o = &self.operands[self.n_operands]
        o.kind = kind
        o.index = self.counts[<int>kind]
        o.outer = outer
        o.itemsize = itemsize
        o.reads = o.is_read = o.is_written = 0
        o.constant = 0
        self.counts[<int>kind] += 1
        self.n_operands += 1
        return -self.n_operands

    cdef int constant(self, double value) except *:
        cdef int ref = self.new_operand(OPERAND_CONSTANT, 0, 0)
        self.operands[-1 - ref].constant = value
        return ref

    cdef int outside(self, int number) except *:
        """A reference to the memory of a value that is made elsewhere, or stored for others."""
        cdef DraftValue* value = &self.draft.values[number]
        cdef OperandKind kind = OPERAND_ARRAY
        if 0 <= value.place < self.fused.n_externals and self.fused.externals[value.place].kind == EXTERNAL_SCALAR:
            kind = OPERAND_ELEMENT
        return self.new_operand(kind, value.place, itemsize_of(self.draft, number))

    cdef int value(self, int number) except *:
        """What stands for a value that a member reads."""
        cdef DraftValue* value = &self.draft.values[number]
        cdef int type_number
        if value.ref_of != self.serial:
            type_number = numpy_type(self.draft.dtype(number))
            value.ref_of = self.serial
            value.ref = self.outside(number)
            if type_number == cnp.NPY_BOOL:
                value.ref = self.add(VP_load_bool, value.ref)
                self.expressions[value.ref].is_bool = True
        return value.ref

    # ------------------------------------------------------------ lowering

    cdef int add(self, int op, int a, int b=0, int c=0, int n_args=1) except -1:
        """An expression of up to three references."""
        cdef Expression* e
        cdef int k
        if self.n_expressions == self.n_expressions_room:
            self.n_expressions_room = max(32, 2 * self.n_expressions_room)
            self.expressions = <Expression*>grow(self.expressions,
                                                 <size_t>self.n_expressions_room * sizeof(Expression))
        e = &self.expressions[self.n_expressions]
        e.op = op
        e.n_args = n_args
        e.args[0] = a
        e.args[1] = b
        e.args[2] = c
        e.height = e.readers = 0
        e.slot = e.target = -1
        e.is_bool = VP_less <= op <= VP_or or op == VP_not
        e.is_made = False
        for k in range(n_args):
            if e.args[k] >= 0:
                e.height = max(e.height, self.expressions[e.args[k]].height + 1)
                self.expressions[e.args[k]].readers += 1
            else:
                self.operands[-1 - e.args[k]].reads += 1
        self.n_expressions += 1
        return self.n_expressions - 1

    cdef int two(self, int op, int a, int b) except -1:
        return self.add(op, a, b, 0, 2)

    cdef double slope(self, DraftStep* step) except *:
        return <double>self.draft.graph.operation(step.node)._attr("alpha")[1]

    cdef int lower(self, DraftStep* step) except -1:
        """The expression of a member's result."""
        cdef Binding binding = binding_of(self.draft.op_type(step))
        cdef int form = binding.vector_form, op = binding.vector_op
        cdef int a = self.value(self.draft.input(step, 0)), b = 0, c, k
        if step.n_in > 1:
            b = self.value(self.draft.input(step, 1))
        if form == FORM_UNARY or form == FORM_NOT:
            return self.add(op, a)
        if form == FORM_BINARY or form == FORM_COMPARE or form == FORM_LOGIC:
            return self.two(op, a, b)
        if form == FORM_SWAPPED or form == FORM_COMPARE_SWAPPED:
            return self.two(op, b, a)
        if form == FORM_SUM:
            for k in range(1, step.n_in):
                a = self.two(op, a, self.value(self.draft.input(step, k)))
            return a
        if form == FORM_SELECT:
            # The condition last: it is to be in the accumulator.
            return self.add(op, b, self.value(self.draft.input(step, 2)), a, 3)
        if form == FORM_CAST:
            return self.add(VP_number if a >= 0 else VP_load_int32, a)
        if form == FORM_CLIP:
            return self.two(VP_min, self.two(VP_max, a, b), self.value(self.draft.input(step, 2)))
        if form == FORM_RELU6:
            return self.two(VP_min, self.two(VP_max, a, self.constant(0)), self.constant(6))
        if form == FORM_RELU6_GRAD:          # grad * (0 < x < 6)
            c = self.two(VP_and, self.two(VP_less, self.constant(0), b), self.two(VP_less, b, self.constant(6)))
            return self.two(VP_mul, a, self.add(VP_number, c))
        if form == FORM_LEAKY:
            return self.two(VP_leaky, a, self.constant(self.slope(step)))
        if form == FORM_LEAKY_GRAD:
            c = self.two(VP_mul, a, self.constant(self.slope(step)))
            return self.add(VP_select, a, c, self.two(VP_less, self.constant(0), b), 3)
        if form == FORM_SQRT_GRAD:           # 0.5 * grad / y
            c = self.two(VP_div, self.two(VP_mul, b, self.constant(0.5)), a)
            return self.two(VP_zero_where_first, b, c)
        if form == FORM_RSQRT_GRAD:          # -0.5 * grad * y**3
            c = self.two(VP_mul, self.two(VP_mul, b, self.constant(-0.5)), a)
            return self.two(VP_zero_where_first, b, self.two(VP_mul, self.two(VP_mul, c, a), a))
        if form == FORM_RECIPROCAL_GRAD:     # -grad * y**2
            c = self.two(VP_mul, self.two(VP_mul, self.add(VP_neg, b), a), a)
            return self.two(VP_zero_where_first, b, c)
        if form == FORM_DIV_NO_NAN:
            return self.two(VP_zero_where_first, b, self.two(VP_div, a, b))
        if form == FORM_MUL_NO_NAN:
            return self.two(VP_zero_where_first, b, self.two(VP_mul, a, b))
        c = self.two(VP_add, self.add(VP_abs, a if form == FORM_SOFTSIGN else b), self.constant(1))
        return self.two(VP_div, a, c if form == FORM_SOFTSIGN else self.add(VP_square, c))

    # ------------------------------------------------------------ instructions

    cdef int emit(self, int op, int way, int kind_a=-1, int a=0, int kind_b=-1, int b=0) except -1:
        cdef Emitted* i
        if self.n_emitted == self.n_emitted_room:
            self.n_emitted_room = max(32, 2 * self.n_emitted_room)
            self.emitted = <Emitted*>grow(self.emitted, <size_t>self.n_emitted_room * sizeof(Emitted))
        i = &self.emitted[self.n_emitted]
        i.op = op
        i.way = way
        i.kind_a = kind_a
        i.a = a
        i.kind_b = kind_b
        i.b = b
        self.n_emitted += 1
        return 0

    cdef int where(self, int ref, int* kind) except -1:
        """The kind and index of the operand that a reference is read from; not from the accumulator."""
        cdef Expression* e
        cdef Operand* o
        if ref >= 0:
            e = &self.expressions[ref]
            if e.slot >= 0:
                kind[0] = OPERAND_SLOT
                return e.slot
            ref = -1 - e.target
        o = &self.operands[-1 - ref]
        o.is_read = True
        kind[0] = o.kind
        return o.index

    cdef inline bint in_memory(self, int e) noexcept:
        """Whether an expression can be read from memory; an array of booleans has bytes."""
        return self.expressions[e].slot >= 0 or (self.expressions[e].target >= 0 and not self.expressions[e].is_bool)

    cdef int put(self, int e) except -1:
        """Let the expression in the accumulator be in memory."""
        cdef Expression* x = &self.expressions[e]
        if self.in_memory(e):
            return 0
        if self.free_slots.n:
            self.free_slots.n -= 1
            x.slot = self.free_slots.data[self.free_slots.n]
        else:
            x.slot = self.counts[<int>OPERAND_SLOT]
            self.counts[<int>OPERAND_SLOT] += 1
        return self.emit(VP_store, 0, OPERAND_SLOT, x.slot)

    cdef int give_up(self) except -1:
        """Make the accumulator free, keeping what will be read again."""
        if self.held >= 0 and self.expressions[self.held].readers > 0:
            self.put(self.held)
        self.held = -1
        return 0

    cdef int load(self, int ref) except -1:
        cdef int kind = 0, index = self.where(ref, &kind)
        return self.emit(VP_load, VP_MEMORY if kind == OPERAND_ARRAY or kind == OPERAND_SLOT else VP_ELEMENT, kind,
                         index)

    cdef inline bint is_single(self, int ref) noexcept:
        return ref < 0 and self.operands[-1 - ref].kind != OPERAND_ARRAY

    cdef int make(self, int number) except -1:
        """Emit the instruction of an expression whose arguments have been made."""
        cdef Expression* e = &self.expressions[number]
        cdef int a = e.args[0], b = e.args[1], c = e.args[2], k, index, kind = 0, other = 0, way
        if self.n_emitted - self.starts.data[self.starts.n - 1] >= CHUNK_MOST:
            self.give_up()
            self.emit(VP_end, 0)
            push(&self.starts, self.n_emitted)
        for k in range(e.n_args):
            if e.args[k] >= 0:
                self.expressions[e.args[k]].readers -= 1
        if e.op == VP_load_bool or e.op == VP_load_int32:
            self.give_up()
            index = self.where(a, &kind)
            self.emit(e.op, 0, kind, index)
        elif e.op == VP_select:
            if self.held >= 0 and (self.held == a or self.held == b):
                self.put(self.held)
            if self.held == c:
                self.give_up()
            else:
                self.give_up()
                self.load(c)
            index = self.where(a, &kind)
            k = self.where(b, &other)
            way = (0 if kind == OPERAND_ARRAY or kind == OPERAND_SLOT else 1) + (
                0 if other == OPERAND_ARRAY or other == OPERAND_SLOT else 2)
            self.emit(VP_select, way, kind, index, other, k)
        elif e.n_args == 1 or (e.op == VP_mul and a == b):
            way = a >= 0 and a == self.held
            self.give_up()
            if not way:
                self.load(a)
            self.emit(VP_square if e.op == VP_mul else e.op, 0)
        else:
            if a == b and a >= 0 and a == self.held:
                self.put(a)
            way = VP_MEMORY
            if a >= 0 and a == self.held:
                self.give_up()
            elif b >= 0 and b == self.held:
                self.give_up()
                b = a
                way = VP_MEMORY_FIRST
            else:
                self.give_up()
                if self.is_single(a) and not self.is_single(b):
                    self.load(b)
                    b = a
                    way = VP_MEMORY_FIRST
                else:
                    self.load(a)
            index = self.where(b, &kind)
            if kind != OPERAND_ARRAY and kind != OPERAND_SLOT:
                way += VP_ELEMENT - VP_MEMORY
            self.emit(e.op, way, kind, index)
        self.held = number
        e.is_made = True
        for k in range(e.n_args):
            if e.args[k] >= 0 and self.expressions[e.args[k]].readers == 0 and self.expressions[e.args[k]].slot >= 0:
                push(&self.free_slots, self.expressions[e.args[k]].slot)
                self.expressions[e.args[k]].slot = -1
        if e.target >= 0:
            self.emit(VP_store_bool if e.is_bool else VP_store, 0, OPERAND_ARRAY, self.operands[e.target].index)
        return 0

    cdef int make_all(self, int root) except -1:
        """Make an expression and what it needs."""
        cdef Expression* e
        cdef int k, best, highest, number
        if self.expressions[root].is_made:
            return 0
        push(&self.pending, root)
        while self.pending.n:
            number = self.pending.data[self.pending.n - 1]
            e = &self.expressions[number]
            best = highest = -1
            for k in range(e.n_args):
                # The condition of a choice comes last.
                if (e.args[k] >= 0 and not self.expressions[e.args[k]].is_made
                        and self.expressions[e.args[k]].height > highest
                        and not (k == 2 and best >= 0)):
                    best = e.args[k]
                    highest = self.expressions[best].height
            if best >= 0:
                push(&self.pending, best)
                continue
            self.pending.n -= 1
            if not e.is_made:
                self.make(number)
        return 0

    # ------------------------------------------------------------ the whole

    cdef vp_program* build(self, list members, int first, int stop, set outside, int call, int tick) except NULL:
        """The program of members[first:stop], which is call number `call`; it notes when externals are read."""
        cdef DraftStep* step
        cdef DraftValue* value
        cdef int i, k, ref, number
        cdef list roots = []
        for i in range(first, stop):
            step = &self.draft.steps[<int>members[i]]
            number = step.first_out
            ref = self.lower(step)
            value = &self.draft.values[number]
            value.ref_of = self.serial
            value.ref = ref
            if number in outside or value.last > call:
                k = self.outside(number)
                self.operands[-1 - k].is_written = True
                self.expressions[ref].target = -1 - k
                roots.append(ref)
        push(&self.starts, 0)
        for root in roots:
            self.make_all(<int>root)
        self.emit(VP_end, 0)
        return self.finish(tick)

    cdef vp_program* finish(self, int tick) except NULL:
        cdef vp_program* p = <vp_program*>calloc(1, sizeof(vp_program))
        cdef vp_instruction* to
        cdef Emitted* i
        cdef Operand* o
        cdef int bases[4]
        cdef int n, most = -1
        if p == NULL:
            raise MemoryError()
        p.set = self.set
        p.n_instructions = self.n_emitted
        p.n_starts = self.starts.n
        p.n_arrays = self.counts[<int>OPERAND_ARRAY]
        p.n_elements = self.counts[<int>OPERAND_ELEMENT]
        p.n_constants = self.counts[<int>OPERAND_CONSTANT]
        p.n_slots = self.counts[<int>OPERAND_SLOT]
        p.aligned = -1
        p.instructions = <vp_instruction*>calloc(self.n_emitted, sizeof(vp_instruction))
        p.starts = <int*>calloc(p.n_starts + 1, sizeof(int))
        p.arrays = <vp_array*>calloc(p.n_arrays + 1, sizeof(vp_array))
        p.elements = <int*>calloc(p.n_elements + 1, sizeof(int))
        p.constants = calloc(p.n_constants + 1, sizeof(double))
        if p.instructions == NULL or p.starts == NULL or p.arrays == NULL or p.elements == NULL or p.constants == NULL:
            free_program(p)
            raise MemoryError()
        memcpy(p.starts, self.starts.data, <size_t>p.n_starts * sizeof(int))
        for n in range(self.n_operands):
            o = &self.operands[n]
            if o.kind == OPERAND_ARRAY:
                p.arrays[o.index].outer = o.outer
                p.arrays[o.index].itemsize = o.itemsize
                p.arrays[o.index].is_read = o.is_read and not o.is_written
                p.arrays[o.index].is_written = o.is_written
                if o.itemsize == self.set.itemsize and o.reads > most:
                    most = o.reads
                    p.aligned = o.index
            elif o.kind == OPERAND_ELEMENT:
                p.elements[o.index] = o.outer
            elif self.set.itemsize == 4:
                (<float*>p.constants)[o.index] = <float>o.constant
            else:
                (<double*>p.constants)[o.index] = o.constant
        bases[<int>OPERAND_ARRAY] = 0
        bases[<int>OPERAND_ELEMENT] = p.n_arrays
        bases[<int>OPERAND_CONSTANT] = p.n_arrays + p.n_elements
        bases[<int>OPERAND_SLOT] = p.n_arrays + p.n_elements + p.n_constants
        for n in range(self.n_emitted):
            i = &self.emitted[n]
            to = &p.instructions[n]
            to.wide = self.set.handlers[i.op][i.way][0]
            to.narrow = self.set.handlers[i.op][i.way][1]
            if i.kind_a >= 0:
                to.a = bases[i.kind_a] + i.a
                to.moves_a = -1 if i.kind_a == OPERAND_ARRAY else 0
                self.note_use(p, i.op, i.kind_a, i.a, tick + n)
            if i.kind_b >= 0:
                to.b = bases[i.kind_b] + i.b
                to.moves_b = -1 if i.kind_b == OPERAND_ARRAY else 0
                self.note_use(p, i.op, i.kind_b, i.b, tick + n)
        return p

    cdef int note_use(self, vp_program* p, int op, int kind, int index, int tick) noexcept:
        """Note when an array of the group is read last, or first written."""
        cdef int place
        if kind != OPERAND_ARRAY:
            return 0
        place = p.arrays[index].outer
        if place >= self.fused.n_externals:
            if op == VP_store or op == VP_store_bool:
                self.fused.made[place - self.fused.n_externals].call = tick
        elif place >= 0:
            self.fused.externals[place].last = max(self.fused.externals[place].last, tick)
        return 0


cdef void free_program(vp_program* p) noexcept:
    if p != NULL:
        free(p.instructions)
        free(p.starts)
        free(p.arrays)
        free(p.elements)
        free(p.constants)
        free(p)


cdef vp_program* make_program_of(Draft draft, Fused* f, list members, int first, int stop, int type_number,
                                 set outside, int call, int tick) except NULL:
    """The program of members[first:stop]."""
    global programs_made
    cdef ProgramBuilder builder = ProgramBuilder.__new__(ProgramBuilder)
    programs_made += 1
    builder.draft = draft
    builder.fused = f
    builder.set = vector_set(type_number)
    builder.serial = programs_made
    builder.held = -1
    return builder.build(members, first, stop, outside, call, tick)


# ---------------------------------------------------------------- loops of single steps

# What the machine computes otherwise than NumPy's loops do, to the last bit, is computed by it everywhere.
cdef dict VECTOR_UFUNCS = {np.exp: VP_exp, np.log: VP_log, np.tanh: VP_tanh}
cdef vp_program UNARY_PROGRAMS[8]
cdef vp_instruction UNARY_INSTRUCTIONS[8][4]
cdef vp_array UNARY_ARRAYS[2]
cdef int UNARY_STARTS[1]


cdef inline vp_program* unary_program(int op) noexcept nogil:
    """The program of one function of floats: exp and those behind it."""
    return &UNARY_PROGRAMS[op - VP_exp]


cdef int use_vector_level(int level) except -1:
    """Take instruction set `level` for what is planned from now on; -1: none. Returns whether it can be had."""
    global vector_floats, vector_doubles
    cdef const vp_set* found = NULL
    cdef int op
    cdef vp_program* p
    cdef vp_instruction* i
    if level >= 0:
        found = vp_set_at(level, 0)
        if found == NULL:
            return 0
    vector_floats = found
    vector_doubles = vp_set_at(level, 1) if level >= 0 else NULL
    if found == NULL:
        return 1
    UNARY_ARRAYS[0].outer = 0
    UNARY_ARRAYS[1].outer = 1
    UNARY_ARRAYS[0].itemsize = UNARY_ARRAYS[1].itemsize = 4
    UNARY_ARRAYS[0].is_read = UNARY_ARRAYS[1].is_written = True
    for op in range(VP_exp, VP_sigmoid + 1):
        p = unary_program(op)
        i = UNARY_INSTRUCTIONS[op - VP_exp]
        p.set = found
        p.instructions = i
        p.n_instructions = 4
        p.starts = UNARY_STARTS
        p.n_starts = 1
        p.arrays = UNARY_ARRAYS
        p.n_arrays = 2
        p.aligned = 1
        i[0].wide, i[0].narrow = found.handlers[<int>VP_load][0][0], found.handlers[<int>VP_load][0][1]
        i[1].wide, i[1].narrow = found.handlers[op][0][0], found.handlers[op][0][1]
        i[2].wide, i[2].narrow = found.handlers[<int>VP_store][0][0], found.handlers[<int>VP_store][0][1]
        i[3].wide, i[3].narrow = found.handlers[<int>VP_end][0][0], found.handlers[<int>VP_end][0][1]
        i[0].moves_a = i[2].moves_a = -1
        i[2].a = 1
    return 1


cdef int use_best_level() except -1:
    cdef int level
    for level in range(VP_LEVELS - 1, -1, -1):
        if use_vector_level(level):
            return 0
    return 0


use_best_level()


def _use_vectors(int level=-2):
    """Let plans made from now on use an instruction set: 0 to 2, -1 for none, -2 for the best. For tests.

    Returns its name, or None if there is no such set here.
    """
    if level == -2:
        use_best_level()
    elif level >= VP_LEVELS or not use_vector_level(level):
        return None
    return "none" if vector_floats == NULL else vector_floats.name.decode()
