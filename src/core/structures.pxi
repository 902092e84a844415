# What callers hand to Session.run, taken apart in C: fetches in lists, tuples and dicts, and feeds that NumPy can convert.
#
# Everything here may answer "not this one": the session's Python code then does it, with all kinds of fetches and feeds
# and with all complaints. So there is one place for errors, and the usual call does not pay for the unusual.

cdef enum:
    NESTED_MOST = 32             # levels of a fetch structure; deeper ones are for Python

cdef tuple COMPOSITES = ()       # classes whose instances are fetched and fed as several tensors


def set_composites(classes):
    """Tell which classes sessions take apart by functions of their own."""
    global COMPOSITES
    COMPOSITES = tuple(classes)


cdef object element_of(Graph g, object fetch):
    """The Tensor or Operation of `g` that a name, variable or the like stands for; None if Python must say."""
    cdef object cls = type(fetch)
    if cls is not str and getattr(cls, "_as_graph_element", None) is None or isinstance(fetch, COMPOSITES):
        return None
    try:
        fetch = g.as_graph_element(fetch)
    except Exception:
        return None
    return fetch


cdef int take_apart(Graph g, object fetch, list codes, int depth=0) except -1:
    """Append the code of every element of a structure: the id of a tensor's output, -1 - id of an operation.

    The levels of the structure, counted from 1 for an element alone; 0 if Python must say.
    """
    cdef int levels, most = 1
    cdef object cls = type(fetch)
    if cls is Tensor:
        if (<Tensor>fetch).graph is not g:
            return 0
        codes.append((<Tensor>fetch)._id)
        return 1
    if cls is Operation:
        if (<Operation>fetch).graph is not g:
            return 0
        codes.append(-1 - (<Operation>fetch)._id)
        return 1
    if cls is list or cls is tuple:
        if depth == NESTED_MOST:
            return 0
        for part in fetch:
            levels = take_apart(g, part, codes, depth + 1)
            if levels == 0:
                return 0
            most = max(most, levels)
        return 1 + most
    if cls is dict:
        if depth == NESTED_MOST:
            return 0
        for part in (<dict>fetch).values():
            levels = take_apart(g, part, codes, depth + 1)
            if levels == 0:
                return 0
            most = max(most, levels)
        return 1 + most
    fetch = element_of(g, fetch)
    return 0 if fetch is None else take_apart(g, fetch, codes, depth)


cdef object put_together(object fetch, list values, Py_ssize_t* at):
    """The structure with values, which are in the order of `take_apart`, in the places of its elements."""
    cdef object cls = type(fetch)
    if cls is list:
        return [put_together(part, values, at) for part in <list>fetch]
    if cls is tuple:
        return tuple([put_together(part, values, at) for part in <tuple>fetch])
    if cls is dict:
        return {key: put_together(part, values, at) for key, part in (<dict>fetch).items()}
    at[0] += 1
    return values[at[0] - 1]


cdef bint is_real_number(int type_number) noexcept:
    """Whether values of a NumPy type are converted to each other by C's rules: bool, int, float."""
    return cnp.NPY_BOOL <= type_number <= cnp.NPY_LONGDOUBLE or type_number == cnp.NPY_FLOAT16


cdef bint holds(int type_number, object value) except -1:
    """Whether a Python int is surely a value of a NumPy type."""
    cdef int over
    cdef long long v = PyLong_AsLongLongAndOverflow(value, &over)
    if over:
        return False
    if type_number == cnp.NPY_INT32:
        return -2147483648 <= v <= 2147483647
    if type_number == cnp.NPY_INT64:
        return True
    if type_number == cnp.NPY_FLOAT32 or type_number == cnp.NPY_FLOAT64:
        return -16777216 <= v <= 16777216
    return type_number == cnp.NPY_BOOL and 0 <= v <= 1


cdef object converted_feed(object value, int type_number):
    """`value` as an array of a NumPy type, if it is made of numbers; None if Python must say."""
    cdef object cls = type(value)
    cdef object array, token
    if not is_real_number(type_number):
        return None
    if cls is int or cls is bool:
        if not holds(type_number, value):
            return None
    elif not (cls is float or cls is list or cls is tuple or is_exact_array(<PyObject*>value)
              or cnp.PyArray_CheckScalar(value)) or isinstance(value, int):
        return None
    array = cnp.PyArray_FROM_O(value)
    if fits(<PyObject*>array, type_number):
        return array
    if not is_exact_array(<PyObject*>array) or not is_real_number(array_type(<CArray*><PyObject*>array)):
        return None
    token = silence()
    try:
        array = cnp.PyArray_Cast(array, type_number)
    finally:
        speak(token)
    return array if fits(<PyObject*>array, type_number) else None
