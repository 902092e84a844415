# Tensor lists in a run, and the kernels of the common operations on them.
#
# A TensorList that a step holds for the last time, and nobody else holds, is changed in place: a loop that pushes, or
# sets one element a round, then costs what it adds. The Python kernel beside each op does the rest: elements that were
# not written, lists of lists, errors.


@cython.final
cdef class TensorList:
    """A list in a run: the first `length` items of a list that other TensorLists may share.

    Kernels give a new one instead of changing it, unless nobody else can see it. Pushing onto the longest sharer
    appends to the shared list, so that a loop of n pushes costs O(n).

    Attributes
    ----------
    items : list of ndarray or None
        None is an element that has not been written.
    element_shape : tuple or None
        Shape of the elements, -1 for unknown sizes; None: unknown rank.
    dtype : DType
    limit : int
        The largest allowed length; -1 for any.
    """
    cdef public list items
    cdef public Py_ssize_t length
    cdef public Py_ssize_t limit
    cdef public object element_shape
    cdef public object dtype
    cdef object __weakref__

    def __init__(self, list items not None, element_shape, dtype, limit=-1, length=None):
        self.items = items
        self.length = len(items) if length is None else length
        self.element_shape = element_shape
        self.dtype = dtype
        self.limit = limit

    @property
    def shape(self):
        """A list is a scalar, also as an element of another list."""
        return ()

    @property
    def ndim(self):
        return 0

    @property
    def size(self):
        return 1

    def values(self):
        """The elements as a list of its own."""
        return self.items[:self.length]

    def zeros_like(self):
        """A list of zeros of the same shapes; equal elements are one array."""
        cdef dict made = {}
        cdef list items = []
        for x in self.values():
            if x is not None and type(x) is not TensorList:
                key = (x.shape, x.dtype)
                zeros = made.get(key)
                if zeros is None:
                    zeros = made[key] = np.zeros_like(x)
                items.append(zeros)
            else:
                items.append(None if x is None else x.zeros_like())
        return TensorList(items, self.element_shape, self.dtype, self.limit)

    def __add__(self, other):
        """Elementwise sum, as AddN of lists gives it."""
        cdef list items
        if self.length != other.length:
            raise errors_module().InvalidArgumentError(
                None, None, f"Trying to add two lists of tensors with different lengths. One is {self.length} and "
                f"other is {other.length}")
        items = [b if a is None else a if b is None else a + b for a, b in zip(self.values(), other.values())]
        return TensorList(items, element_shape_of(self.element_shape, other.element_shape), self.dtype, self.limit)


cdef object element_shape_of(object a, object b):
    """What two compatible shapes say together."""
    if a is None:
        return b
    if b is None:
        return a
    return tuple([y if x < 0 else x for x, y in zip(a, b)])


cdef inline bint is_list(PyObject* value) noexcept:
    return type(<object>value) is TensorList


cdef bint element_fits(object shape, PyObject* value):
    """Whether an array has the shape that elements are to have."""
    cdef CArray* a = <CArray*>value
    cdef Py_ssize_t i = 0
    cdef Py_ssize_t d
    if shape is None:
        return True
    if len(<tuple>shape) != array_ndim(a):
        return False
    for d in <tuple>shape:
        if d >= 0 and d != array_dims(a)[i]:
            return False
        i += 1
    return True


cdef object given_shape(PyObject* value):
    """A shape given in a run: a vector, or a scalar for unknown rank (None); False if it is neither."""
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp i, n = read_ints(value, dims, 64)
    if n < 0:
        return False
    return None if array_ndim(<CArray*>value) == 0 else tuple([dims[i] for i in range(n)])


cdef inline bint is_only(Plan plan, Step* step, PyObject** inputs) noexcept:
    """Whether nobody but this step will see the list that is its first input."""
    return plan.in_flags[step.first_in] == INPUT_LAST and Py_REFCNT(inputs[0]) == 1


cdef inline bint holds_alone(TensorList x) noexcept:
    """Whether the items of a list are shared with no other."""
    return Py_REFCNT(<PyObject*>x.items) == 1


cdef TensorList list_for_result(Plan plan, Frame* frame, Step* step, PyObject** inputs):
    """The list that is the first input, if it may be changed in place, else another that shares its items."""
    cdef TensorList old, made
    if is_only(plan, step, inputs):
        frame.registers[plan.in_registers[step.first_in]] = NULL
        old = <TensorList><object>inputs[0]
        Py_XDECREF(inputs[0])
        return old
    old = <TensorList><object>inputs[0]
    made = TensorList.__new__(TensorList)
    made.items = old.items
    made.length = old.length
    made.limit = old.limit
    made.element_shape = old.element_shape
    made.dtype = old.dtype
    return made


cdef inline int put_list(PyObject** outputs, TensorList made) except -1:
    Py_INCREF(made)
    outputs[0] = <PyObject*>made
    return 1


cdef inline bint has_dtype(Plan plan, Step* step, int output, TensorList x):
    """Whether the elements of a list are of the type that an output is declared to have."""
    return x.dtype is DTYPES[plan.graph.outputs[plan.graph.nodes[step.node].first_output + output].dtype]


# ---------------------------------------------------------------- making lists

cdef int kernel_list_reserve(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                             PyObject** outputs) except -1:
    cdef cnp.npy_intp n
    cdef object shape = given_shape(inputs[0])
    if shape is False or read_ints(inputs[1], &n, 1) != 1 or n < 0 or array_ndim(<CArray*>inputs[1]):
        return 0
    return put_list(outputs, TensorList([None] * n, shape, attrs_of(plan, step)["element_dtype"]))


cdef int kernel_list_from_tensor(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                 PyObject** outputs) except -1:
    cdef CArray* x = <CArray*>inputs[0]
    cdef PyObject* row
    cdef cnp.npy_intp i, size
    cdef list items = []
    cdef object shape = given_shape(inputs[1])
    if (shape is False or not is_plain(inputs[0]) or not is_contiguous(inputs[0]) or array_ndim(x) == 0
            or array_size(x) == 0):
        return 0
    size = array_nbytes(x) // array_dims(x)[0]
    for i in range(array_dims(x)[0]):
        row = make_view(inputs[0], array_ndim(x) - 1, array_dims(x) + 1, NULL, array_bytes(x) + i * size)
        items.append(<object>row)
        Py_XDECREF(row)
    if not element_fits(shape, <PyObject*>items[0]):
        return 0
    return put_list(outputs, TensorList(items, shape, attrs_of(plan, step)["element_dtype"]))


# ---------------------------------------------------------------- changing lists

cdef int kernel_list_push(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                          PyObject** outputs) except -1:
    cdef TensorList made
    if not is_list(inputs[0]) or not is_array(inputs[1]):
        return 0
    if not element_fits((<TensorList>inputs[0]).element_shape, inputs[1]):
        return 0
    if (<TensorList>inputs[0]).limit != -1 and (<TensorList>inputs[0]).length >= (<TensorList>inputs[0]).limit:
        return 0
    made = list_for_result(plan, frame, step, inputs)
    if len(made.items) != made.length:       # somebody has pushed onto this very list: branch off
        made.items = made.items[:made.length]
    made.items.append(<object>inputs[1])
    made.length += 1
    return put_list(outputs, made)


cdef int kernel_list_pop(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                         PyObject** outputs) except -1:
    cdef TensorList made
    cdef object x
    if not is_list(inputs[0]) or (<TensorList>inputs[0]).length == 0:
        return 0
    if not has_dtype(plan, step, 1, <TensorList>inputs[0]):
        return 0
    x = (<TensorList>inputs[0]).items[(<TensorList>inputs[0]).length - 1]
    if x is None:
        return 0
    made = list_for_result(plan, frame, step, inputs)
    if len(made.items) == made.length and holds_alone(made):
        made.items.pop()                     # so that nobody but the reader of the element holds it
    made.length -= 1
    put_list(outputs, made)
    Py_INCREF(x)
    outputs[1] = <PyObject*>x
    return 1


cdef int kernel_list_set(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                         PyObject** outputs) except -1:
    cdef TensorList made
    cdef cnp.npy_intp index
    if not is_list(inputs[0]) or not is_array(inputs[2]) or read_ints(inputs[1], &index, 1) != 1:
        return 0
    if not 0 <= index < (<TensorList>inputs[0]).length:
        return 0
    if not element_fits((<TensorList>inputs[0]).element_shape, inputs[2]):
        return 0
    made = list_for_result(plan, frame, step, inputs)
    if not holds_alone(made) or len(made.items) != made.length:
        made.items = made.items[:made.length]
    made.items[index] = <object>inputs[2]
    return put_list(outputs, made)


cdef int add_lists(Plan plan, Frame* frame, Step* step, PyObject** inputs, PyObject** outputs) except -1:
    """AddN of two lists of one length."""
    cdef TensorList made, other
    cdef Py_ssize_t i
    if step.n_in != 2 or not is_list(inputs[0]) or not is_list(inputs[1]):
        return 0
    if (<TensorList>inputs[0]).length != (<TensorList>inputs[1]).length:
        return 0
    other = <TensorList><object>inputs[1]
    made = list_for_result(plan, frame, step, inputs)
    if not holds_alone(made) or len(made.items) != made.length:
        made.items = made.items[:made.length]
    made.element_shape = element_shape_of(made.element_shape, other.element_shape)
    for i in range(made.length):
        x, y = made.items[i], other.items[i]
        if x is None:
            made.items[i] = y
        elif y is not None:
            made.items[i] = x + y
    return put_list(outputs, made)


# ---------------------------------------------------------------- reading lists

cdef int kernel_list_get(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                         PyObject** outputs) except -1:
    cdef TensorList x
    cdef cnp.npy_intp index
    if not is_list(inputs[0]) or read_ints(inputs[1], &index, 1) != 1:
        return 0
    x = <TensorList><object>inputs[0]
    if not 0 <= index < x.length or not has_dtype(plan, step, 0, x):
        return 0
    found = x.items[index]
    if found is None:
        return 0
    Py_INCREF(found)
    outputs[0] = <PyObject*>found
    return 1


cdef int kernel_list_length(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                            PyObject** outputs) except -1:
    if not is_list(inputs[0]) or step.out_type != cnp.NPY_INT32:
        return 0
    outputs[0] = new_array(frame, step.first_out, step.out_type, 0, NULL)
    (<cnp.npy_int32*>array_bytes(<CArray*>outputs[0]))[0] = <cnp.npy_int32>(<TensorList>inputs[0]).length
    return 1


cdef int kernel_list_element_shape(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                   PyObject** outputs) except -1:
    cdef cnp.npy_intp dims[64]
    cdef object shape
    cdef int i = 0
    if not is_list(inputs[0]):
        return 0
    shape = (<TensorList>inputs[0]).element_shape
    if shape is None or len(<tuple>shape) > 64:
        return 0
    for d in <tuple>shape:
        dims[i] = d
        i += 1
    outputs[0] = int_vector(frame, step.first_out, step.out_type, i, dims)
    return 1


cdef int kernel_list_stack(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                           PyObject** outputs) except -1:
    """Elements of one shape, one behind another; those not written are zeros."""
    cdef TensorList x
    cdef CArray* first = NULL
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp size
    cdef Py_ssize_t i
    cdef char* out
    cdef object shape = given_shape(inputs[1])
    cdef int n
    if not is_list(inputs[0]) or shape is False:
        return 0
    x = <TensorList><object>inputs[0]
    n = read_int_attr(plan, step, "num_elements")
    if n != -1 and n != x.length:
        return 0
    for i in range(x.length):
        item = x.items[i]
        if item is None:
            continue
        if not is_flat(<PyObject*>item, step.out_type) or step.out_type == cnp.NPY_OBJECT:
            return 0
        if first == NULL:
            first = <CArray*><PyObject*>item
        elif not same_dims(first, <CArray*><PyObject*>item):
            return 0
    if (first == NULL or array_ndim(first) > 31 or not element_fits(x.element_shape, <PyObject*>first)
            or not element_fits(shape, <PyObject*>first)):
        return 0
    dims[0] = x.length
    for i in range(array_ndim(first)):
        dims[i + 1] = array_dims(first)[i]
    size = array_nbytes(first)
    outputs[0] = new_array(frame, step.first_out, step.out_type, array_ndim(first) + 1, dims)
    out = array_bytes(<CArray*>outputs[0])
    for i in range(x.length):
        item = x.items[i]
        if item is None:
            memset(out, 0, size)
        else:
            memcpy(out, array_bytes(<CArray*><PyObject*>item), size)
        out += size
    return 1


# ---------------------------------------------------------------- zeros

cdef int kernel_zeros_like(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                           PyObject** outputs) except -1:
    if not is_plain(inputs[0]):
        return 0
    outputs[0] = new_array(frame, step.first_out, step.out_type, array_ndim(<CArray*>inputs[0]),
                           array_dims(<CArray*>inputs[0]))
    memset(array_bytes(<CArray*>outputs[0]), 0, array_nbytes(<CArray*>outputs[0]))
    return 1


add_core_kernel("list_reserve", kernel_list_reserve)
add_core_kernel("list_from_tensor", kernel_list_from_tensor)
add_core_kernel("list_push", kernel_list_push)
add_core_kernel("list_pop", kernel_list_pop)
add_core_kernel("list_set", kernel_list_set)
add_core_kernel("list_get", kernel_list_get)
add_core_kernel("list_length", kernel_list_length)
add_core_kernel("list_element_shape", kernel_list_element_shape)
add_core_kernel("list_stack", kernel_list_stack)
add_core_kernel("zeros_like", kernel_zeros_like)
