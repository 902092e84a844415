# Convolutions and pooling of images: what conv.h, depthwise.h and pooling.h do with contiguous float32 and float64.
#
# The rest is left to the NumPy kernels beside them: other types, groups, channels that come first, empty arrays, and
# every error.

cdef extern from "conv.h" nogil:
    ctypedef struct conv_shape:
        cnp.npy_intp batch, height, width, depth
        cnp.npy_intp rows, cols, out_depth
        cnp.npy_intp window[2]
        cnp.npy_intp stride[2]
        cnp.npy_intp dilation[2]
        cnp.npy_intp before[2]
        cnp.npy_intp image_step
        int is_double, add
    int conv_forward(const conv_shape* s, const char* image, const char* filter, const char* bias, int rectify,
                     char* out)

cdef extern from "conv_input.h" nogil:
    int conv_backward_input(const conv_shape* s, const char* filter, const char* grad, char* out)

cdef extern from "conv_filter.h" nogil:
    int conv_backward_filter(const conv_shape* s, const char* image, const char* grad, char* out)

cdef extern from "depthwise.h" nogil:
    void depthwise_forward(const conv_shape* s, const char* image, const char* filter, char* out)
    void depthwise_backward_input(const conv_shape* s, const char* filter, const char* grad, char* out)
    int depthwise_backward_filter(const conv_shape* s, const char* image, const char* grad, char* out)

cdef extern from "pooling.h" nogil:
    ctypedef struct pool_shape:
        cnp.npy_intp batch, height, width, depth
        cnp.npy_intp rows, cols
        cnp.npy_intp window[2]
        cnp.npy_intp stride[2]
        cnp.npy_intp before[2]
    enum: POOL_MAX_OF
    enum: POOL_MAX_GRAD
    enum: POOL_AVG_OF
    enum: POOL_AVG_GRAD
    void pool_images(const pool_shape* s, int is_double, int kind, const void* image, const void* grad, void* out)


cdef object attrs_of(Plan plan, Step* step):
    """The attributes of a step's operation, which its Python kernel is given as well."""
    if step.attrs == NULL:
        prepared = make_attrs(plan.graph, step.node)
        Py_INCREF(prepared)
        step.attrs = <PyObject*>prepared
    return <object>step.attrs


cdef bint is_images(PyObject* value, int type_number, int ndim=4):
    """Whether a value is a contiguous array of four dimensions (or `ndim`), none of them 0."""
    return is_flat(value, type_number) and array_ndim(<CArray*>value) == ndim and array_size(<CArray*>value) != 0


cdef int read_steps(object attrs, str name, cnp.npy_intp* steps, int n=2) except -1:
    """The `n` spatial entries of an attribute for all dimensions; 0 if the others are not 1."""
    cdef list given = attrs[name]
    cdef int i
    if len(given) != n + 2 or given[0] != 1 or given[n + 1] != 1:
        return 0
    for i in range(n):
        steps[i] = given[i + 1]
        if steps[i] < 1:
            return 0
    return 1


cdef int count_windows(object attrs, bint explicit, cnp.npy_intp* extent, cnp.npy_intp* window, cnp.npy_intp* stride,
                       cnp.npy_intp* dilation, cnp.npy_intp* before, cnp.npy_intp* out, int n=2) except -1:
    """How many windows fit into `n` dimensions, and the padding before each; 0 if none do."""
    cdef object padding = attrs["padding"]
    cdef cnp.npy_intp reach, total
    cdef list pads
    cdef int i
    for i in range(n):
        reach = (window[i] - 1) * dilation[i] + 1
        before[i] = 0
        if padding == b"SAME":
            out[i] = (extent[i] + stride[i] - 1) // stride[i]
            total = (out[i] - 1) * stride[i] + reach - extent[i]
            if total > 0:
                before[i] = total // 2
            continue
        total = extent[i]
        if padding == b"EXPLICIT":
            if not explicit:
                return 0
            pads = attrs["explicit_paddings"]
            before[i] = pads[2 + 2 * i]
            total += before[i] + <cnp.npy_intp>pads[3 + 2 * i]
            if before[i] >= reach or <cnp.npy_intp>pads[3 + 2 * i] >= reach:
                return 0         # windows without a pixel: refused, or all 0
        if total < reach:
            return 0
        out[i] = (total - reach) // stride[i] + 1
    return 1


# ---------------------------------------------------------------- convolution

cdef int fill_conv(conv_shape* s, object attrs, int type_number, cnp.npy_intp* image, cnp.npy_intp* window,
                   bint depthwise) except -1:
    """The convolution of images of shape `image` with a filter of shape `window`; 0 if it is none for the loops."""
    cdef cnp.npy_intp out[2]
    if attrs["data_format"] != b"NHWC" or image[3] != window[2]:
        return 0
    if not read_steps(attrs, "strides", s.stride) or not read_steps(attrs, "dilations", s.dilation):
        return 0
    s.window[0] = window[0]
    s.window[1] = window[1]
    if not count_windows(attrs, True, image + 1, window, s.stride, s.dilation, s.before, out):
        return 0
    s.batch, s.height, s.width, s.depth = image[0], image[1], image[2], image[3]
    s.rows, s.cols, s.out_depth = out[0], out[1], window[3] * window[2] if depthwise else window[3]
    s.image_step = s.height * s.width * s.depth
    s.is_double = type_number == cnp.NPY_FLOAT64
    s.add = False
    return 1


cdef bint is_result_of(conv_shape* s, CArray* grad) noexcept:
    cdef cnp.npy_intp* dims = array_dims(grad)
    return dims[0] == s.batch and dims[1] == s.rows and dims[2] == s.cols and dims[3] == s.out_depth


cdef int read_sizes(PyObject* value, cnp.npy_intp* sizes, int n=4) except -1:
    """The `n` sizes in a vector of integers, each above 0; 0 if they are anything else."""
    cdef int i
    cdef bint is_long = is_flat(value, cnp.NPY_INT64)
    if not is_long and not is_flat(value, cnp.NPY_INT32):
        return 0
    if array_ndim(<CArray*>value) != 1 or array_size(<CArray*>value) != n:
        return 0
    for i in range(n):
        if is_long:
            sizes[i] = <cnp.npy_intp>(<cnp.npy_int64*>array_bytes(<CArray*>value))[i]
        else:
            sizes[i] = (<cnp.npy_int32*>array_bytes(<CArray*>value))[i]
        if sizes[i] < 1:
            return 0
    return 1


cdef int finish_conv(Step* step, int status, PyObject** outputs) except -1:
    """1 if a convolution was done; 0, and no output, if it is left to NumPy."""
    if status == 0:
        PyErr_CheckSignals()
        return 1
    Py_XDECREF(outputs[0])
    outputs[0] = NULL
    if status == -1:
        raise MemoryError
    return 0


cdef int conv_step(Plan plan, Frame* frame, Step* step, PyObject** inputs, bint depthwise,
                   PyObject** outputs) except -1:
    cdef int type_number = step.out_type, status = 0
    cdef conv_shape s
    cdef cnp.npy_intp dims[4]
    cdef char* image
    cdef char* window
    cdef char* out
    if not is_real(type_number) or not is_images(inputs[0], type_number) or not is_images(inputs[1], type_number):
        return 0
    if not fill_conv(&s, attrs_of(plan, step), type_number, array_dims(<CArray*>inputs[0]),
                     array_dims(<CArray*>inputs[1]), depthwise):
        return 0
    dims[0], dims[1], dims[2], dims[3] = s.batch, s.rows, s.cols, s.out_depth
    outputs[0] = new_array(frame, step.first_out, type_number, 4, dims)
    image = array_bytes(<CArray*>inputs[0])
    window = array_bytes(<CArray*>inputs[1])
    out = array_bytes(<CArray*>outputs[0])
    with nogil:
        if depthwise:
            depthwise_forward(&s, image, window, out)
        else:
            status = conv_forward(&s, image, window, NULL, 0, out)
    return finish_conv(step, status, outputs)


cdef int joined_conv(Plan plan, Frame* frame, Step* step) except -1:
    """A convolution with its bias, and perhaps a rectifier."""
    cdef Step* conv = step + 1
    cdef Step* last = step + step.fused.n_steps
    cdef PyObject* image = joined_input(plan, frame, conv, 0)
    cdef PyObject* window = joined_input(plan, frame, conv, 1)
    cdef PyObject* bias
    cdef int type_number = conv.out_type, rectify = step.bits & JOIN_RELU, status
    cdef conv_shape s
    cdef cnp.npy_intp dims[4]
    cdef char* c_image
    cdef char* c_window
    cdef char* c_bias
    cdef char* out
    if image == NULL or window == NULL or not is_images(image, type_number) or not is_images(window, type_number):
        return 0
    if not fill_conv(&s, attrs_of(plan, conv), type_number, array_dims(<CArray*>image), array_dims(<CArray*>window),
                     False):
        return 0
    bias = joined_bias(plan, frame, step, type_number, s.out_depth)
    if bias == NULL:
        return 0
    dims[0], dims[1], dims[2], dims[3] = s.batch, s.rows, s.cols, s.out_depth
    frame.registers[last.first_out] = new_array(frame, last.first_out, type_number, 4, dims)
    c_image = array_bytes(<CArray*>image)
    c_window = array_bytes(<CArray*>window)
    c_bias = array_bytes(<CArray*>bias)
    out = array_bytes(<CArray*>frame.registers[last.first_out])
    with nogil:
        status = conv_forward(&s, c_image, c_window, c_bias, rectify, out)
    if not finish_conv(last, status, frame.registers + last.first_out):
        return 0
    if plan.is_unread[last.first_out]:
        drop(frame, last.first_out)
    return 1


cdef int conv_input_step(Plan plan, Frame* frame, Step* step, PyObject** inputs, bint depthwise,
                         PyObject** outputs) except -1:
    cdef int type_number = step.out_type, status = 0
    cdef conv_shape s
    cdef cnp.npy_intp sizes[4]
    cdef char* window
    cdef char* grad
    cdef char* out
    if not is_real(type_number) or not is_images(inputs[1], type_number) or not is_images(inputs[2], type_number):
        return 0
    if not read_sizes(inputs[0], sizes):
        return 0
    if not fill_conv(&s, attrs_of(plan, step), type_number, sizes, array_dims(<CArray*>inputs[1]), depthwise):
        return 0
    if not is_result_of(&s, <CArray*>inputs[2]):
        return 0
    outputs[0] = new_array(frame, step.first_out, type_number, 4, sizes)
    window = array_bytes(<CArray*>inputs[1])
    grad = array_bytes(<CArray*>inputs[2])
    out = array_bytes(<CArray*>outputs[0])
    with nogil:
        if depthwise:
            depthwise_backward_input(&s, window, grad, out)
        else:
            status = conv_backward_input(&s, window, grad, out)
    return finish_conv(step, status, outputs)


cdef int conv_filter_step(Plan plan, Frame* frame, Step* step, PyObject** inputs, bint depthwise,
                          PyObject** outputs) except -1:
    cdef int type_number = step.out_type, status
    cdef conv_shape s
    cdef cnp.npy_intp sizes[4]
    cdef char* image
    cdef char* grad
    cdef char* out
    if not is_real(type_number) or not is_images(inputs[0], type_number) or not is_images(inputs[2], type_number):
        return 0
    if not read_sizes(inputs[1], sizes):
        return 0
    if not fill_conv(&s, attrs_of(plan, step), type_number, array_dims(<CArray*>inputs[0]), sizes, depthwise):
        return 0
    if not is_result_of(&s, <CArray*>inputs[2]):
        return 0
    outputs[0] = new_array(frame, step.first_out, type_number, 4, sizes)
    image = array_bytes(<CArray*>inputs[0])
    grad = array_bytes(<CArray*>inputs[2])
    out = array_bytes(<CArray*>outputs[0])
    with nogil:
        if depthwise:
            status = depthwise_backward_filter(&s, image, grad, out)
        else:
            status = conv_backward_filter(&s, image, grad, out)
    return finish_conv(step, status, outputs)


cdef int kernel_conv(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                     PyObject** outputs) except -1:
    return conv_step(plan, frame, step, inputs, False, outputs)


cdef int kernel_depthwise(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                          PyObject** outputs) except -1:
    return conv_step(plan, frame, step, inputs, True, outputs)


cdef int kernel_conv_backprop_input(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                    PyObject** outputs) except -1:
    return conv_input_step(plan, frame, step, inputs, False, outputs)


cdef int kernel_depthwise_backprop_input(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                         PyObject** outputs) except -1:
    return conv_input_step(plan, frame, step, inputs, True, outputs)


cdef int kernel_conv_backprop_filter(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                     PyObject** outputs) except -1:
    return conv_filter_step(plan, frame, step, inputs, False, outputs)


cdef int kernel_depthwise_backprop_filter(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                          PyObject** outputs) except -1:
    return conv_filter_step(plan, frame, step, inputs, True, outputs)


# ---------------------------------------------------------------- pooling

cdef int fill_pool(pool_shape* s, object attrs, bint explicit, cnp.npy_intp* image) except -1:
    """The pooling of images of shape `image`; 0 if it is none for the loops."""
    cdef cnp.npy_intp out[2]
    cdef cnp.npy_intp ones[2]
    ones[0] = ones[1] = 1
    if attrs["data_format"] != b"NHWC":
        return 0
    if not read_steps(attrs, "ksize", s.window) or not read_steps(attrs, "strides", s.stride):
        return 0
    if not count_windows(attrs, explicit, image + 1, s.window, s.stride, ones, s.before, out):
        return 0
    s.batch, s.height, s.width, s.depth = image[0], image[1], image[2], image[3]
    s.rows, s.cols = out[0], out[1]
    return 1


cdef int pool_step(Plan plan, Frame* frame, Step* step, PyObject* image, PyObject* grad, cnp.npy_intp* sizes,
                   int kind, PyObject** outputs) except -1:
    """Pooling of `image`, or the gradient that `grad` is of one of images of these `sizes`."""
    cdef int type_number = step.out_type
    cdef pool_shape s
    cdef cnp.npy_intp dims[4]
    cdef cnp.npy_intp* given
    cdef cnp.npy_intp* made = sizes
    cdef char* c_image = NULL
    cdef char* c_grad = NULL
    cdef char* out
    if not fill_pool(&s, attrs_of(plan, step), kind == POOL_MAX_OF or kind == POOL_MAX_GRAD, sizes):
        return 0
    dims[0], dims[1], dims[2], dims[3] = s.batch, s.rows, s.cols, s.depth
    if grad != NULL:
        given = array_dims(<CArray*>grad)
        if given[0] != dims[0] or given[1] != dims[1] or given[2] != dims[2] or given[3] != dims[3]:
            return 0
        c_grad = array_bytes(<CArray*>grad)
    else:
        made = dims
    if image != NULL:
        c_image = array_bytes(<CArray*>image)
    outputs[0] = new_array(frame, step.first_out, type_number, 4, made)
    out = array_bytes(<CArray*>outputs[0])
    with nogil:
        pool_images(&s, type_number == cnp.NPY_FLOAT64, kind, c_image, c_grad, out)
    PyErr_CheckSignals()
    return 1


cdef int kernel_max_pool(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                         PyObject** outputs) except -1:
    if not is_real(step.out_type) or not is_images(inputs[0], step.out_type):
        return 0
    return pool_step(plan, frame, step, inputs[0], NULL, array_dims(<CArray*>inputs[0]), POOL_MAX_OF, outputs)


cdef int kernel_max_pool_grad(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                              PyObject** outputs) except -1:
    cdef int i
    if not is_real(step.out_type):
        return 0
    for i in range(3):
        if not is_images(inputs[i], step.out_type):
            return 0
    if not same_dims(<CArray*>inputs[1], <CArray*>inputs[2]):
        return 0
    return pool_step(plan, frame, step, inputs[0], inputs[2], array_dims(<CArray*>inputs[0]), POOL_MAX_GRAD, outputs)


cdef int kernel_avg_pool(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                         PyObject** outputs) except -1:
    if not is_real(step.out_type) or not is_images(inputs[0], step.out_type):
        return 0
    return pool_step(plan, frame, step, inputs[0], NULL, array_dims(<CArray*>inputs[0]), POOL_AVG_OF, outputs)


cdef int kernel_avg_pool_grad(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                              PyObject** outputs) except -1:
    cdef cnp.npy_intp sizes[4]
    if not is_real(step.out_type) or not is_images(inputs[1], step.out_type) or not read_sizes(inputs[0], sizes):
        return 0
    return pool_step(plan, frame, step, NULL, inputs[1], sizes, POOL_AVG_GRAD, outputs)


add_core_kernel("conv", kernel_conv)
add_join(kernel_conv, joined_conv)
add_core_kernel("conv_backprop_input", kernel_conv_backprop_input)
add_core_kernel("conv_backprop_filter", kernel_conv_backprop_filter)
add_core_kernel("depthwise", kernel_depthwise)
add_core_kernel("depthwise_backprop_input", kernel_depthwise_backprop_input)
add_core_kernel("depthwise_backprop_filter", kernel_depthwise_backprop_filter)
add_core_kernel("max_pool", kernel_max_pool)
add_core_kernel("max_pool_grad", kernel_max_pool_grad)
add_core_kernel("avg_pool", kernel_avg_pool)
add_core_kernel("avg_pool_grad", kernel_avg_pool_grad)
