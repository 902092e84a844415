# Matrix products: of floats and doubles by tiles (gemm.h) where these are faster, else by the inner loop of NumPy's
# matmul.
#
# The loop is called without the GIL, with strides swapped where a factor is transposed, which BLAS understands without
# a copy. It is given the result to write to. Large products are cut along the longer side of the result, and each
# piece is a call of BLAS that stays in its thread.

cdef enum:
    PRODUCT_KNOWN = 1            # bits of Step.bits: the attributes have been read,
    PRODUCT_SWAPS_A = 2          # transpose_a or adj_x,
    PRODUCT_SWAPS_B = 4
    PRODUCT_SUM = 8              # joined with what reads it (products.pxi): it is added to input 2,
    PRODUCT_ROW = 16             # input 2, a row, is added to it,
    PRODUCT_RELU = 32            # it is rectified
    PRODUCT_JOINED = 56
    PRODUCT_GRAIN = 1048576      # multiplications that are worth a thread
    PRODUCT_TILE = 16            # pieces are a multiple of this, as BLAS's own blocks are

cdef extern from "gemm.h" nogil:
    ctypedef struct gemm_job:
        cnp.npy_intp m, n, k
        cnp.npy_intp a_row, a_term, b_term, b_col, c_row, c_col
        const char* a
        const char* b
        char* c
        int is_double
        int add
        const char* bias
        int relu
    int gemm_level
    void gemm_finish(void* y, const void* before, const void* row, cnp.npy_intp n, int relu, int is_double) noexcept
    int gemm_takes(cnp.npy_intp m, cnp.npy_intp n, cnp.npy_intp k, int is_double) noexcept
    int gemm_run(const gemm_job* job, cnp.npy_intp count, cnp.npy_intp a_next, cnp.npy_intp b_next,
                 cnp.npy_intp c_next) noexcept

cdef struct Product:             # dims: number of calls, rows, inner, columns
    loop_fn loop
    void* data
    cnp.npy_intp dims[4]
    cnp.npy_intp strides[9]      # between calls: a, b, c; then a rows, inner; b inner, columns; c rows, columns
    char* args[3]
    bint by_columns              # pieces are columns of the result, not rows
    cnp.npy_intp width           # of a piece
    cnp.npy_intp itemsize
    bint is_real                 # floats or doubles
    int joined                   # PRODUCT_SUM, PRODUCT_ROW, PRODUCT_RELU
    char* third                  # the row, or what the product is added to, if that is not where the result goes
    bint adds                    # to what the result's memory holds; tiles only
    bint failed


cdef object MATMUL_TYPES = {}    # NumPy type number -> (address of the loop, of its data), found when first needed


cdef bint find_product(int type_number, Product* p) except -1:
    """Point `p` at matmul's loop for this type; False if there is none that runs without the GIL."""
    cdef PyUFuncObject* ufunc = <PyUFuncObject*><PyObject*>np.matmul
    cdef int i
    found = MATMUL_TYPES.get(type_number)
    if found is None:
        found = (0, 0)
        if type_number < <int>cnp.NPY_OBJECT or type_number == <int>cnp.NPY_FLOAT16:
            for i in range(ufunc.ntypes):
                if (<int>ufunc.types[3 * i] == type_number and <int>ufunc.types[3 * i + 1] == type_number
                        and <int>ufunc.types[3 * i + 2] == type_number):
                    found = (<size_t>ufunc.functions[i], <size_t>ufunc.data[i] if ufunc.data != NULL else 0)
                    break
        MATMUL_TYPES[type_number] = found
    p.loop = <loop_fn><void*><size_t>found[0]
    p.data = <void*><size_t>found[1]
    p.is_real = is_real(type_number)
    p.joined = 0
    p.third = NULL
    p.adds = p.failed = False
    return p.loop != NULL


cdef void product_pieces(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    """The pieces from `start` to `stop` of one product."""
    cdef Product* p = <Product*>ctx
    cdef cnp.npy_intp dims[4]
    cdef char* args[3]
    cdef cnp.npy_intp first = start * p.width, last = stop * p.width
    memcpy(dims, p.dims, sizeof(dims))
    memcpy(args, p.args, sizeof(args))
    if p.by_columns:
        last = min(last, dims[3])
        dims[3] = last - first
        args[1] += first * p.strides[6]
        args[2] += first * p.strides[8]
    else:
        last = min(last, dims[1])
        dims[1] = last - first
        args[0] += first * p.strides[3]
        args[2] += first * p.strides[7]
    p.loop(args, dims, p.strides, p.data)


cdef void product_calls(void* ctx, cnp.npy_intp start, cnp.npy_intp stop) noexcept nogil:
    """The products from `start` to `stop` of a batch. The loop advances the pointers it is given."""
    cdef Product* p = <Product*>ctx
    cdef cnp.npy_intp dims[4]
    cdef char* args[3]
    cdef int i
    memcpy(dims, p.dims, sizeof(dims))
    dims[0] = stop - start
    for i in range(3):
        args[i] = p.args[i] + start * p.strides[i]
    p.loop(args, dims, p.strides, p.data)


cdef bint run_tiles(Product* p) noexcept nogil:
    """Compute ``p`` by tiles; False if that is left to NumPy's loop."""
    cdef gemm_job job
    cdef cnp.npy_intp size = p.itemsize
    if not p.is_real or not gemm_takes(p.dims[1], p.dims[3], p.dims[2], size == 8):
        return False
    job.m = p.dims[1]
    job.k = p.dims[2]
    job.n = p.dims[3]
    job.a_row = p.strides[3] // size
    job.a_term = p.strides[4] // size
    job.b_term = p.strides[5] // size
    job.b_col = p.strides[6] // size
    job.c_row = p.strides[7] // size
    job.c_col = 1
    job.a = p.args[0]
    job.b = p.args[1]
    job.c = p.args[2]
    job.is_double = size == 8
    job.add = p.adds
    job.bias = p.third if p.joined & PRODUCT_ROW else NULL
    job.relu = (p.joined & PRODUCT_RELU) != 0
    if gemm_run(&job, p.dims[0], p.strides[0], p.strides[1], p.strides[2]):
        return True
    p.failed = p.adds            # there was no memory, and nobody knows what has been added
    return False


cdef void run_product(Product* p) noexcept nogil:
    """Compute ``p``, in several threads if it is large."""
    cdef cnp.npy_intp i
    cdef char* row = p.third
    if run_tiles(p) or p.failed:
        return
    run_loop(p)
    if p.joined:
        for i in range(p.dims[1]):
            if p.joined & PRODUCT_SUM:
                row = p.third + i * p.strides[7]
            gemm_finish(p.args[2] + i * p.strides[7], row if p.joined & PRODUCT_SUM else NULL,
                        row if p.joined & PRODUCT_ROW else NULL, p.dims[3], (p.joined & PRODUCT_RELU) != 0,
                        p.itemsize == 8)


cdef void run_loop(Product* p) noexcept nogil:
    """Compute ``p`` by NumPy's loop."""
    cdef double one = <double>p.dims[1] * p.dims[2] * p.dims[3]
    cdef cnp.npy_intp side = max(p.dims[1], p.dims[3]), n_pieces
    blas_enter()
    if pool_limit > 1 and p.dims[0] > 1 and one * p.dims[0] > PRODUCT_GRAIN:
        parallel_for(product_calls, p, p.dims[0], <cnp.npy_intp>(PRODUCT_GRAIN / (one + 1)) + 1)
    elif pool_limit > 1 and p.dims[0] == 1 and one >= 2 * PRODUCT_GRAIN and side >= 2 * PRODUCT_TILE:
        p.by_columns = p.dims[3] >= p.dims[1]
        n_pieces = min(<cnp.npy_intp>pool_limit, <cnp.npy_intp>(one / PRODUCT_GRAIN))
        p.width = (side + n_pieces * PRODUCT_TILE - 1) // (n_pieces * PRODUCT_TILE) * PRODUCT_TILE
        parallel_for(product_pieces, p, (side + p.width - 1) // p.width, 1)
    else:
        product_calls(p, 0, p.dims[0])
    blas_leave()


cdef int read_swaps(Plan plan, Step* step, str a, str b) except -1:
    cdef Operation op = plan.graph.operation(step.node)
    step.bits |= PRODUCT_KNOWN
    if op._attr(a)[1]:
        step.bits |= PRODUCT_SWAPS_A
    if op._attr(b)[1]:
        step.bits |= PRODUCT_SWAPS_B
    return 0


cdef bint lay_out_factors(Product* p, CArray* a, CArray* b, int bits) noexcept:
    """Dimensions and strides of the last two axes of two factors; False if their sizes do not agree."""
    cdef cnp.npy_intp* a_dims = array_dims(a) + array_ndim(a) - 2
    cdef cnp.npy_intp* b_dims = array_dims(b) + array_ndim(b) - 2
    cdef cnp.npy_intp* a_strides = array_strides(a) + array_ndim(a) - 2
    cdef cnp.npy_intp* b_strides = array_strides(b) + array_ndim(b) - 2
    cdef int swap_a = (bits & PRODUCT_SWAPS_A) != 0, swap_b = (bits & PRODUCT_SWAPS_B) != 0
    p.dims[1] = a_dims[swap_a]
    p.dims[2] = a_dims[1 - swap_a]
    p.dims[3] = b_dims[1 - swap_b]
    p.strides[3] = a_strides[swap_a]
    p.strides[4] = a_strides[1 - swap_a]
    p.strides[5] = b_strides[swap_b]
    p.strides[6] = b_strides[1 - swap_b]
    return p.dims[2] == b_dims[swap_b]


cdef bint lay_out_third(Product* p, Step* step, PyObject** inputs) noexcept:
    """The third input of a joined product; False if it is not what the graph's shapes said."""
    cdef CArray* third
    p.joined = step.bits & PRODUCT_JOINED
    if not p.joined & (PRODUCT_SUM | PRODUCT_ROW):
        return True
    third = <CArray*>inputs[2]
    p.third = array_bytes(third)
    if (array_flags(third) & ARRAY_WANTED) != ARRAY_WANTED:
        return False
    if p.joined & PRODUCT_ROW:
        return array_ndim(third) == 1 and array_dims(third)[0] == p.dims[3]
    return array_ndim(third) == 2 and array_dims(third)[0] == p.dims[1] and array_dims(third)[1] == p.dims[3]


cdef int kernel_matmul(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                       PyObject** outputs) except -1:
    cdef Product p
    cdef CArray* a = <CArray*>inputs[0]
    cdef CArray* b = <CArray*>inputs[1]
    cdef cnp.npy_intp dims[2]
    if not step.bits & PRODUCT_KNOWN:
        read_swaps(plan, step, "transpose_a", "transpose_b")
    if (array_ndim(a) != 2 or array_ndim(b) != 2 or not lay_out_factors(&p, a, b, step.bits)
            or not find_product(step.out_type, &p) or not lay_out_third(&p, step, inputs)):
        if not step.bits & PRODUCT_JOINED:
            return 0
        value = apart(plan, step, inputs)
        Py_INCREF(value)
        outputs[0] = <PyObject*>value
        return 1
    dims[0] = p.dims[1]
    dims[1] = p.dims[3]
    if p.joined & PRODUCT_SUM and gemm_takes(dims[0], dims[1], p.dims[2], step.out_type == cnp.NPY_FLOAT64):
        p.adds = True
        if (plan.in_flags[step.first_in + 2] == INPUT_LAST and inputs[2] != inputs[0] and inputs[2] != inputs[1]
                and may_write(inputs[2], step.out_type, 2, dims)):
            outputs[0] = inputs[2]
            frame.registers[plan.in_registers[step.first_in + 2]] = NULL
    if outputs[0] == NULL:
        outputs[0] = new_array(frame, step.first_out, step.out_type, 2, dims)
        if p.adds:
            memcpy(array_bytes(<CArray*>outputs[0]), p.third, array_nbytes(<CArray*>outputs[0]))
    p.dims[0] = 1
    p.strides[0] = p.strides[1] = p.strides[2] = 0
    p.itemsize = p.strides[8] = array_itemsize(a)
    p.strides[7] = dims[1] * p.strides[8]
    p.args[0] = array_bytes(a)
    p.args[1] = array_bytes(b)
    p.args[2] = array_bytes(<CArray*>outputs[0])
    if <double>p.dims[1] * p.dims[2] * p.dims[3] <= LARGE_COUNT:
        run_product(&p)
    else:
        with nogil:
            run_product(&p)
    if p.failed:
        raise MemoryError()
    return 1


cdef int kernel_batch_matmul(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                             PyObject** outputs) except -1:
    """Products of the last two axes; the others broadcast."""
    cdef Product p
    cdef CArray* factors[2]
    cdef cnp.npy_intp dims[64]
    cdef cnp.npy_intp strides[3][64]
    cdef cnp.npy_intp index[64]
    cdef cnp.npy_intp n, size = 1
    cdef int i, k, axis, ndim = 2, n_batch
    cdef bint is_complex
    factors[0] = <CArray*>inputs[0]
    factors[1] = <CArray*>inputs[1]
    if step.bits == 0:
        read_swaps(plan, step, "adj_x", "adj_y")
    is_complex = step.out_type == cnp.NPY_COMPLEX64 or step.out_type == cnp.NPY_COMPLEX128
    for k in range(2):
        if array_ndim(factors[k]) < 2 or array_type(factors[k]) != step.out_type:
            return 0
        ndim = max(ndim, array_ndim(factors[k]))
    if is_complex and step.bits != PRODUCT_KNOWN:
        return 0                 # an adjoint conjugates
    if not lay_out_factors(&p, factors[0], factors[1], step.bits) or not find_product(step.out_type, &p):
        return 0
    n_batch = ndim - 2
    for i in range(n_batch):
        dims[i] = 1
        for k in range(2):
            axis = i - ndim + array_ndim(factors[k])
            n = array_dims(factors[k])[axis] if axis >= 0 else 1
            if n != 1:
                if dims[i] != 1 and dims[i] != n:
                    return 0
                dims[i] = n
        size *= dims[i]
    dims[n_batch] = p.dims[1]
    dims[n_batch + 1] = p.dims[3]
    outputs[0] = new_array(frame, step.first_out, step.out_type, ndim, dims)
    p.itemsize = p.strides[8] = array_itemsize(factors[0])
    p.strides[7] = p.dims[3] * p.strides[8]
    if size == 0 or p.dims[1] == 0 or p.dims[3] == 0:
        return 1
    n = p.dims[1] * p.dims[3] * p.strides[8]
    for i in range(n_batch - 1, -1, -1):
        strides[2][i] = n
        n *= dims[i]
        for k in range(2):
            axis = i - ndim + array_ndim(factors[k])
            if axis < 0 or array_dims(factors[k])[axis] == 1:
                strides[k][i] = 0
            else:
                strides[k][i] = array_strides(factors[k])[axis]
    for k in range(2):
        p.args[k] = array_bytes(factors[k])
    p.args[2] = array_bytes(<CArray*>outputs[0])
    n_batch = merge_axes(n_batch, dims, strides, 3)
    p.dims[0] = dims[n_batch - 1]
    for k in range(3):
        p.strides[k] = strides[k][n_batch - 1]
    for i in range(n_batch):
        index[i] = 0
    with nogil:
        while True:
            run_product(&p)
            i = n_batch - 2
            while i >= 0:
                index[i] += 1
                for k in range(3):
                    p.args[k] += strides[k][i]
                if index[i] < dims[i]:
                    break
                for k in range(3):
                    p.args[k] -= strides[k][i] * dims[i]
                index[i] = 0
                i -= 1
            if i < 0:
                break
    return 1


add_core_kernel("matmul", kernel_matmul)
add_core_kernel("batch_matmul", kernel_batch_matmul)


def _use_tiles(int level):
    """For tests: tiles for AVX-512 (2), AVX2 (1) or any processor (0) at best; returns what it was."""
    global gemm_level
    cdef int before = gemm_level
    gemm_level = level
    return before
