/* Convolutions of volumes, and both gradients: those of their planes (conv.h), one for each plane of the filter. */
#ifndef PYSCOPE_VOLUME_H
#define PYSCOPE_VOLUME_H

#include "conv_filter.h"
#include "conv_input.h"

typedef struct {
    conv_shape plane;                            /* its batch is that of the volumes */
    npy_intp planes, out_planes, window, stride, dilation, before;
} volume_shape;

enum { VOLUME_FORWARD, VOLUME_INPUT, VOLUME_FILTER };

/* `image`, `filter` and `result` are the three arrays of the convolution; `kind` says which of them is computed.
 * 0: done; -1: no memory; -2: no tiles. */
static int convolve_volumes(const volume_shape *v, int kind, char *image, char *filter, char *result)
{
    conv_shape s = v->plane;
    const npy_intp size = s.is_double ? 8 : 4;
    const npy_intp in_plane = s.height * s.width * s.depth, out_plane = s.rows * s.cols * s.out_depth;
    const npy_intp taps = s.window[0] * s.window[1] * s.depth * s.out_depth, batch = s.batch;
    int status = 0;
    /* Everything is added to; what no plane of the filter meets stays 0. */
    if (kind == VOLUME_FORWARD)
        memset(result, 0, batch * v->out_planes * out_plane * size);
    else if (kind == VOLUME_INPUT)
        memset(image, 0, batch * v->planes * in_plane * size);
    else
        memset(filter, 0, v->window * taps * size);
    s.add = 1;
    s.image_step = v->stride * in_plane;
    for (npy_intp k = 0; k < v->window && status == 0; k++) {
        /* Planes [first, last) of the result meet this plane of the filter in the volume. */
        const npy_intp at = k * v->dilation - v->before;
        const npy_intp first = at < 0 ? (-at + v->stride - 1) / v->stride : 0;
        npy_intp last = v->planes > at ? (v->planes - at + v->stride - 1) / v->stride : 0;
        if (last > v->out_planes)
            last = v->out_planes;
        s.batch = last - first;
        for (npy_intp n = 0; n < batch && s.batch > 0 && status == 0; n++) {
            char *x = image + (n * v->planes + first * v->stride + at) * in_plane * size;
            char *w = filter + k * taps * size, *y = result + (n * v->out_planes + first) * out_plane * size;
            if (kind == VOLUME_FORWARD)
                status = conv_forward(&s, x, w, NULL, 0, y);
            else if (kind == VOLUME_INPUT)
                status = conv_backward_input(&s, w, y, x);
            else
                status = conv_backward_filter(&s, x, y, w);
        }
    }
    return status;
}

#endif
