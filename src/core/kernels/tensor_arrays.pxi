# Stacks and TensorArrays of v1 loops: the common operations on what their Python modules keep.
#
# A stack is a list; of a TensorArray `items` has the elements, and `read` says which were read and cleared.

cdef int kernel_stack_push(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                           PyObject** outputs) except -1:
    cdef list stack
    if not isinstance(<object>inputs[0], list):
        return 0
    stack = <list><object>inputs[0]
    stack.append(<object>inputs[1])
    Py_XINCREF(inputs[1])
    outputs[0] = inputs[1]
    return 1


cdef int kernel_stack_pop(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                          PyObject** outputs) except -1:
    cdef list stack
    if not isinstance(<object>inputs[0], list):
        return 0
    stack = <list><object>inputs[0]
    if not stack or not fits(<PyObject*>stack[len(stack) - 1], plan.types[step.first_out]):
        return 0
    found = stack.pop()
    Py_INCREF(found)
    outputs[0] = <PyObject*>found
    return 1


cdef int kernel_array_write(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                            PyObject** outputs) except -1:
    """An element that has not been written yet."""
    cdef list items = (<object>inputs[0]).items
    cdef cnp.npy_intp index
    if read_ints(inputs[1], &index, 1) != 1 or not 0 <= index < len(items) or items[index] is not None:
        return 0
    items[index] = <object>inputs[2]
    Py_XINCREF(inputs[3])
    outputs[0] = inputs[3]
    return 1


cdef int kernel_array_read(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                           PyObject** outputs) except -1:
    """An element that was written, and not read if that clears it."""
    cdef object array = <object>inputs[0]
    cdef list items = array.items
    cdef cnp.npy_intp index
    if read_ints(inputs[1], &index, 1) != 1 or not 0 <= index < len(items):
        return 0
    found = items[index]
    if found is None or array.read[index] or not fits(<PyObject*>found, plan.types[step.first_out]):
        return 0
    if array.attrs["clear_after_read"]:
        items[index] = None
        array.read[index] = True
    Py_INCREF(found)
    outputs[0] = <PyObject*>found
    return 1


cdef int kernel_array_gather(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                             PyObject** outputs) except -1:
    """Elements of one shape, each written, not read and asked for once."""
    cdef object array = <object>inputs[0]
    cdef list items = array.items
    cdef CArray* first = NULL
    cdef CArray* a
    cdef cnp.npy_int64* numbers
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp i, n, size
    cdef char* out
    indices = row_numbers(inputs[1])
    if indices is None or array_ndim(<CArray*>inputs[1]) != 1:
        return 0
    numbers = <cnp.npy_int64*>array_bytes(<CArray*><PyObject*>indices)
    n = array_size(<CArray*>inputs[1])
    clears = bool(array.attrs["clear_after_read"])
    if n == 0 or not all_below(numbers, n, len(items), False) or step.out_type == cnp.NPY_OBJECT:
        return 0
    for i in range(n):
        item = items[numbers[i]]
        if item is None or array.read[numbers[i]] or (i and numbers[i] <= numbers[i - 1]):
            return 0
        if not is_flat(<PyObject*>item, step.out_type):
            return 0
        a = <CArray*><PyObject*>item
        if first == NULL:
            first = a
        elif not same_dims(first, a):
            return 0
    if array_ndim(first) > 31:
        return 0
    dims[0] = n
    for i in range(array_ndim(first)):
        dims[i + 1] = array_dims(first)[i]
    size = array_nbytes(first)
    outputs[0] = new_array(frame, step.first_out, step.out_type, array_ndim(first) + 1, dims)
    out = array_bytes(<CArray*>outputs[0])
    for i in range(n):
        memcpy(out + i * size, array_bytes(<CArray*><PyObject*>items[numbers[i]]), size)
        if clears:
            items[numbers[i]] = None
            array.read[numbers[i]] = True
    return 1


add_core_kernel("stack_push", kernel_stack_push)
add_core_kernel("stack_pop", kernel_stack_pop)
add_core_kernel("array_write", kernel_array_write)
add_core_kernel("array_read", kernel_array_read)
add_core_kernel("array_gather", kernel_array_gather)
