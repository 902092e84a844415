# Convolutions of volumes: what volume.h does with contiguous float32 and float64; the rest is left to NumPy.

cdef extern from "volume.h" nogil:
    ctypedef struct volume_shape:
        conv_shape plane
        cnp.npy_intp planes, out_planes, window, stride, dilation, before
    enum: VOLUME_FORWARD
    enum: VOLUME_INPUT
    enum: VOLUME_FILTER
    int convolve_volumes(const volume_shape* v, int kind, char* image, char* filter, char* result)


cdef int volume_step(Plan plan, Frame* frame, Step* step, PyObject** inputs, int kind, PyObject** outputs) except -1:
    """A convolution of volumes, or one of its gradients, whose shape is input 0 or 1."""
    cdef int type_number = step.out_type, status, i, missing
    cdef volume_shape v
    cdef conv_shape* s = &v.plane
    cdef cnp.npy_intp sizes[3][5]        # image, filter, result
    cdef char* data[3]
    cdef cnp.npy_intp strides[3]
    cdef cnp.npy_intp dilations[3]
    cdef cnp.npy_intp before[3]
    cdef cnp.npy_intp out[3]
    cdef object attrs = attrs_of(plan, step)
    missing = 0 if kind == VOLUME_INPUT else 1 if kind == VOLUME_FILTER else 2
    if not is_real(type_number) or attrs["data_format"] != b"NDHWC":
        return 0
    for i in range(3):
        data[i] = NULL
        if i == missing:
            if kind != VOLUME_FORWARD and not read_sizes(inputs[i], sizes[i], 5):
                return 0
            continue
        if not is_images(inputs[i], type_number, 5):
            return 0
        memcpy(sizes[i], array_dims(<CArray*>inputs[i]), 5 * sizeof(cnp.npy_intp))
        data[i] = array_bytes(<CArray*>inputs[i])
    if sizes[0][4] != sizes[1][3]:
        return 0
    if not read_steps(attrs, "strides", strides, 3) or not read_steps(attrs, "dilations", dilations, 3):
        return 0
    if not count_windows(attrs, False, sizes[0] + 1, sizes[1], strides, dilations, before, out, 3):
        return 0
    if kind == VOLUME_FORWARD:
        sizes[2][0], sizes[2][4] = sizes[0][0], sizes[1][4]
        for i in range(3):
            sizes[2][i + 1] = out[i]
    elif sizes[2][0] != sizes[0][0] or sizes[2][4] != sizes[1][4]:
        return 0
    for i in range(3):
        if sizes[2][i + 1] != out[i]:
            return 0
    v.planes, v.out_planes, v.window = sizes[0][1], out[0], sizes[1][0]
    v.stride, v.dilation, v.before = strides[0], dilations[0], before[0]
    s.batch, s.height, s.width, s.depth = sizes[0][0], sizes[0][2], sizes[0][3], sizes[0][4]
    s.rows, s.cols, s.out_depth = out[1], out[2], sizes[1][4]
    for i in range(2):
        s.window[i], s.stride[i] = sizes[1][i + 1], strides[i + 1]
        s.dilation[i], s.before[i] = dilations[i + 1], before[i + 1]
    s.image_step = s.height * s.width * s.depth
    s.is_double = type_number == cnp.NPY_FLOAT64
    s.add = True
    outputs[0] = new_array(frame, step.first_out, type_number, 5, sizes[missing])
    data[missing] = array_bytes(<CArray*>outputs[0])
    with nogil:
        status = convolve_volumes(&v, kind, data[0], data[1], data[2])
    return finish_conv(step, status, outputs)


cdef int kernel_conv3d(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                       PyObject** outputs) except -1:
    return volume_step(plan, frame, step, inputs, VOLUME_FORWARD, outputs)


cdef int kernel_conv3d_backprop_input(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                      PyObject** outputs) except -1:
    return volume_step(plan, frame, step, inputs, VOLUME_INPUT, outputs)


cdef int kernel_conv3d_backprop_filter(RunState run, Plan plan, Frame* frame, Step* step, PyObject** inputs,
                                       PyObject** outputs) except -1:
    return volume_step(plan, frame, step, inputs, VOLUME_FILTER, outputs)


add_core_kernel("conv3d", kernel_conv3d)
add_core_kernel("conv3d_backprop_input", kernel_conv3d_backprop_input)
add_core_kernel("conv3d_backprop_filter", kernel_conv3d_backprop_filter)
