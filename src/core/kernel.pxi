# Kernels: what a step can call, and how a NumPy ufunc's inner loop is found.
#
# A ufunc keeps one C loop per combination of types in a public table.  Calling it takes 10 ns for 4 floats where the
# ufunc object takes 250, most of them to find that loop again.  The table's loops are the ones NumPy itself runs,
# with its SIMD dispatch (measured for every ufunc used here, NumPy 1.26 to 2.4: same results, same time per element).

cdef extern from "Python.h":
    Py_ssize_t Py_REFCNT(PyObject*) nogil
    int PyErr_CheckSignals() except -1
    PyObject* PyObject_Vectorcall(PyObject*, PyObject**, size_t, PyObject*) except NULL

cdef extern from "numpy/arrayobject.h" nogil:
    ctypedef struct CArray "PyArrayObject":
        pass
    int array_ndim "PyArray_NDIM"(CArray*)
    cnp.npy_intp* array_dims "PyArray_DIMS"(CArray*)
    cnp.npy_intp* array_strides "PyArray_STRIDES"(CArray*)
    char* array_bytes "PyArray_BYTES"(CArray*)
    int array_flags "PyArray_FLAGS"(CArray*)
    int array_type "PyArray_TYPE"(CArray*)
    cnp.npy_intp array_size "PyArray_SIZE"(CArray*)
    cnp.npy_intp array_nbytes "PyArray_NBYTES"(CArray*)
    cnp.npy_intp array_itemsize "PyArray_ITEMSIZE"(CArray*)
    PyObject* array_base "PyArray_BASE"(CArray*)
    bint array_swapped "PyArray_ISBYTESWAPPED"(CArray*)
    bint is_array "PyArray_Check"(PyObject*)
    bint is_exact_array "PyArray_CheckExact"(PyObject*)

cdef extern from *:
    """
    #define ARRAY_OF_ITS_OWN (NPY_ARRAY_CARRAY | NPY_ARRAY_OWNDATA)
    """
    const int ARRAY_OURS "ARRAY_OF_ITS_OWN"

cdef enum:
    ARRAY_WANTED = cnp.NPY_ARRAY_CARRAY_RO     # contiguous in C's order, and aligned
    ARRAY_WRITTEN = cnp.NPY_ARRAY_CARRAY       # and writeable
    MAX_ARGS = 64                # inputs gathered on the stack; more go to the heap
    MAX_DIMS = 64

cdef dict CORE_KERNELS = {}      # name -> CoreKernel


@cython.final
cdef class CoreKernel:
    """A typed loop of the compiled core."""
    cdef readonly str name
    cdef core_fn function
    cdef object ufunc            # whose inner loop it calls, or None
    cdef readonly object fallback    # SessionKernel or function for the cases the loop leaves, or None

    def __repr__(self):
        return f"<core kernel {self.name}>"


cdef int add_core_kernel(str name, core_fn function, object ufunc=None) except -1:
    cdef CoreKernel kernel = CoreKernel.__new__(CoreKernel)
    kernel.name = name
    kernel.function = function
    kernel.ufunc = ufunc
    CORE_KERNELS[name] = kernel
    return 0


def kernel(str name not None, fallback=None):
    """The typed loop called `name`, for an op's block.

    Parameters
    ----------
    name : str
    fallback : session kernel or function, optional
        The kernel for the cases that the loop leaves: element types it has no code for, errors.
    """
    cdef CoreKernel found, made
    if name not in CORE_KERNELS:
        raise NotImplementedError(f"the core has no kernel '{name}'; it has {', '.join(sorted(CORE_KERNELS))}")
    if fallback is None:
        return CORE_KERNELS[name]
    found = <CoreKernel>CORE_KERNELS[name]
    made = CoreKernel.__new__(CoreKernel)
    made.name = name
    made.function = found.function
    made.ufunc = found.ufunc
    made.fallback = fallback
    return made


@cython.final
cdef class SessionKernel:
    """A kernel ``f(run, op, *inputs)`` that reads or changes what its session keeps."""
    cdef readonly object function

    def __call__(self, *args):
        return self.function(*args)

    def __repr__(self):
        return f"<session kernel {self.function!r}>"


def session_kernel(function):
    """Make ``f(run, op, *inputs)`` a kernel that is given its run and its operation."""
    cdef SessionKernel made = SessionKernel.__new__(SessionKernel)
    made.function = function
    return made


cdef class Attrs(dict):
    """The attributes of one operation by name, each looked up when first read."""
    cdef Operation op

    def __missing__(self, name):
        value = self.op._attr(name)[1]
        if type(value) is tuple:
            value = list(value)
        dict.__setitem__(self, name, value)
        return value


cdef object make_attrs(Graph graph, int node):
    cdef Attrs attrs = Attrs()
    attrs.op = graph.operation(node)
    return attrs


# ---------------------------------------------------------------- element types

cdef enum:
    NOT_ASKED = -3

# DataType number -> NumPy type number; -1: a Python object that is no array (resource, variant, reference). Each is found
# when first asked for: the types of ml_dtypes would load that package.
cdef int NUMPY_TYPES[100]
cdef bint numpy_types_known = False


cdef int find_numpy_type(int dtype) except -2:
    global numpy_types_known
    cdef int i, found = -1
    if not numpy_types_known:
        for i in range(100):
            NUMPY_TYPES[i] = NOT_ASKED
        numpy_types_known = True
    d = DTYPES[dtype]
    if d is not None and not d._is_ref_dtype:
        try:
            found = np.dtype(d.as_numpy_dtype).num
        except (KeyError, NotImplementedError):
            pass                 # no NumPy type: values pass through as they are
    NUMPY_TYPES[dtype] = found
    return found


cdef int numpy_type(int dtype) except -2:
    if dtype >= 100:
        return -1
    if not numpy_types_known or NUMPY_TYPES[dtype] == NOT_ASKED:
        return find_numpy_type(dtype)
    return NUMPY_TYPES[dtype]


cdef bint fits(PyObject* value, int type_number):
    """Whether a value can stand in a register of this type: an aligned, native array of it."""
    if type_number < 0:
        return True
    if not is_array(value):
        return False
    cdef CArray* a = <CArray*>value
    return (array_type(a) == type_number and array_flags(a) & cnp.NPY_ARRAY_ALIGNED
            and not array_swapped(a))


cdef object coerce(object value, int type_number):
    """`value` as an array that fits a register of this type."""
    cdef object dtype, array
    if type_number == cnp.NPY_OBJECT:
        if isinstance(value, (bytes, str)):
            array = np.empty((), object)
            array[()] = value
        else:
            array = np.asarray(value)
        return as_bytes(array)
    dtype = cnp.PyArray_DescrFromType(type_number)
    array = np.asarray(value)
    if array.dtype is not dtype or not array.flags.aligned:
        array = array.astype(dtype)
    return array


cdef object as_bytes(object array):
    """A string array with every element as bytes, which is what string registers hold."""
    if array.dtype.kind == "S":
        return array.astype(object)
    if array.dtype.kind == "U":
        return np.char.encode(array, "utf-8").astype(object)
    if array.dtype.kind != "O":
        array = array.astype(object)
    cdef bint clean = True
    for item in array.flat:
        if type(item) is not bytes:
            clean = False
            break
    if clean:
        return array
    out = np.empty(array.shape, object)
    flat = out.reshape(-1)
    cdef Py_ssize_t i = 0
    for item in array.flat:
        if isinstance(item, str):
            flat[i] = item.encode("utf-8")
        elif isinstance(item, bytes):
            flat[i] = bytes(item)
        else:
            raise errors_module().InternalError(None, None, f"Unsupported object type {type(item).__name__}")
        i += 1
    return out


# ---------------------------------------------------------------- ufunc loops

cdef extern from "numpy/ufuncobject.h":
    # The fields of the C header: NumPy's own pxd stopped naming some of them in 2.5.
    ctypedef struct PyUFuncObject:
        int nin
        int nout
        int ntypes
        void** functions
        void** data
        char* types


cdef int find_loop(Step* step, object numpy_ufunc, int* types) except -1:
    """Point `step` at the inner loop for these NumPy type numbers (inputs, then the output); 0 if there is none."""
    if not isinstance(numpy_ufunc, np.ufunc):
        return 0
    cdef PyUFuncObject* ufunc = <PyUFuncObject*><PyObject*>numpy_ufunc
    cdef int i, k, n = ufunc.nin + ufunc.nout
    cdef bint same
    if (n == 2 and step.n_in == 1 and types[0] == cnp.NPY_FLOAT32 and types[1] == cnp.NPY_FLOAT32
            and vector_floats != NULL and numpy_ufunc in VECTOR_UFUNCS):
        step.loop = vp_unary_loop
        step.loop_data = unary_program(VECTOR_UFUNCS[numpy_ufunc])
        return 1
    if ufunc.nout != 1 or ufunc.nin != step.n_in or ufunc.nin > 2 or ufunc.functions == NULL:
        return 0
    for k in range(n):
        # Objects need the GIL and references counted; ml_dtypes' types have loops elsewhere.
        if types[k] < 0 or not (types[k] < <int>cnp.NPY_OBJECT or types[k] == <int>cnp.NPY_FLOAT16):
            return 0
    for i in range(ufunc.ntypes):
        same = True
        for k in range(n):
            if <int>ufunc.types[i * n + k] != types[k]:
                same = False
                break
        if same:
            if ufunc.functions[i] == NULL:
                return 0
            step.loop = <loop_fn>ufunc.functions[i]
            step.loop_data = ufunc.data[i]
            return 1
    return 0


cdef struct LoopPart:                # an inner loop over whole arrays
    loop_fn loop
    void* data
    char* args[3]
    cnp.npy_intp strides[3]
    int n_args


cdef void loop_body(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    cdef LoopPart* p = <LoopPart*>ctx
    cdef char* args[3]
    cdef cnp.npy_intp n = stop - start
    cdef int k
    for k in range(p.n_args):
        args[k] = p.args[k] + start * p.strides[k]
    p.loop(args, &n, p.strides, p.data)


cdef void run_large_loop(Step* step, char** args, cnp.npy_intp* strides, cnp.npy_intp n) noexcept nogil:
    """Call the inner loop of a step for many elements, by as many threads as the run may use."""
    cdef LoopPart part
    cdef int k
    part.loop = step.loop
    part.data = step.loop_data
    part.n_args = step.n_in + 1
    for k in range(part.n_args):
        part.args[k] = args[k]
        part.strides[k] = strides[k]
    parallel_for(loop_body, &part, n, GRAIN)


def is_unshared(value):
    """Whether an array may be written in place: its caller holds it in one variable and nobody else does.

    For a `VariableState`: whether its value is held by the variable alone, or by readers who are to see what is written.
    """
    cdef PyObject* held
    cdef Py_ssize_t expected = 2     # the caller's variable and the argument of this call
    if type(value) is VariableState:
        return may_update(<VariableState>value)
    held = <PyObject*>value      # Cython's own argument holds no further reference
    if not is_exact_array(held):
        return False
    return Py_REFCNT(held) <= expected and (array_flags(<CArray*>held) & ARRAY_OURS) == ARRAY_OURS
