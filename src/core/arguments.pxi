# Arguments as CPython hands them to a callable that takes an array ("vectorcall"): no tuple, no dict.  A type or an
# object that is called often gets a function that reads them here, and leaves whatever is unusual to the ordinary way.

cdef extern from *:
    """
    typedef PyObject *(*pyscope_call)(PyObject *, PyObject **, size_t, PyObject *);

    static void pyscope_set_type_call(PyObject *type, void *call)
    {
        ((PyTypeObject *)type)->tp_vectorcall = (vectorcallfunc)call;
    }

    static PyObject **pyscope_tuple_items(PyObject *tuple)
    {
        return ((PyTupleObject *)tuple)->ob_item;
    }

    /* The instances of a type of ours carry their function in a field at `offset`. */
    static void pyscope_set_call_offset(PyObject *type, Py_ssize_t offset)
    {
        PyTypeObject *t = (PyTypeObject *)type;
        t->tp_vectorcall_offset = offset;
        t->tp_call = PyVectorcall_Call;
        t->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
        PyType_Modified(t);
    }
    """
    PyObject** tuple_items "pyscope_tuple_items"(object tuple)
    void set_type_call "pyscope_set_type_call"(PyObject* type, void* call)
    void set_call_offset "pyscope_set_call_offset"(PyObject* type, Py_ssize_t offset)

cdef extern from "Python.h":
    Py_ssize_t PyVectorcall_NARGS(size_t n_args)
    PyObject* PyTuple_GET_ITEM(PyObject* tuple, Py_ssize_t index)
    Py_ssize_t PyTuple_GET_SIZE(PyObject* tuple)
    object vectorcall "PyObject_Vectorcall"(object callable, PyObject** args, size_t n_args, PyObject* keywords)
    bint PyUnicode_CheckExact(object value)


cdef bint place_arguments(tuple parameters, PyObject** given, PyObject** args, size_t n_args,
                          PyObject* keywords) noexcept:
    """Write each argument to the place of its parameter, NULL where there is none; False if they do not fit."""
    cdef Py_ssize_t n = PyTuple_GET_SIZE(<PyObject*>parameters), i, k
    cdef Py_ssize_t n_positional = PyVectorcall_NARGS(n_args)
    cdef PyObject* name
    if n_positional > n:
        return False
    for i in range(n_positional):
        given[i] = args[i]
    for i in range(n_positional, n):
        given[i] = NULL
    if keywords == NULL:
        return True
    for k in range(PyTuple_GET_SIZE(keywords)):
        name = PyTuple_GET_ITEM(keywords, k)
        for i in range(n_positional, n):
            # Names in source text are interned; those that were put together are left to the ordinary way.
            if PyTuple_GET_ITEM(<PyObject*>parameters, i) == name:
                given[i] = args[n_positional + k]
                break
        else:
            return False
    return True


cdef object call_type(object cls, PyObject** args, size_t n_args, PyObject* keywords):
    """The ordinary call of a type."""
    cdef Py_ssize_t n = PyVectorcall_NARGS(n_args), i
    cdef tuple positional = tuple([<object>args[i] for i in range(n)])
    cdef dict named = {}
    if keywords != NULL:
        for i in range(PyTuple_GET_SIZE(keywords)):
            named[<object>PyTuple_GET_ITEM(keywords, i)] = <object>args[n + i]
    return type.__call__(cls, *positional, **named)
