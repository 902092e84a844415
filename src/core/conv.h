/* Convolutions of channels-last images, by tiles (tiles.h): forward, and both gradients.
 *
 * A band of rows of an image is copied with the zeros around it into a buffer that stays in the cache, or read where
 * it lies when there are none; a tile is then some pixels of one row by some channels, and its sum runs through the
 * window. The gradient of the image is a convolution of the gradient with the filter turned round, one for each phase
 * of the stride; that of the filter is a sum over pixels, its tiles some elements of the window by some channels.
 */
#ifndef PYSCOPE_CONV_H
#define PYSCOPE_CONV_H

#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "tiles.h"

typedef struct {                                 /* one convolution */
    npy_intp batch, height, width, depth;        /* images */
    npy_intp rows, cols, out_depth;              /* results */
    npy_intp window[2], stride[2], dilation[2], before[2];
    int is_double;
} conv_shape;

enum { BAND_BYTES = 1 << 18 };                   /* of an image at a time: some of it stays in the nearest cache */

/* ------------------------------------------------------------- a correlation, the form of both */

typedef struct {
    const tile_set *set;
    npy_intp size;                               /* of an element */
    const char *from;                            /* images: height x width x depth */
    npy_intp height, width, depth;
    npy_intp rows, cols, columns;                /* of the result */
    npy_intp taps[2], step[2], dilation[2];      /* windows: their elements, and the steps from one to the next */
    npy_intp origin[2];                          /* where in the image the first window starts; it may be outside */
    const char *weights;                         /* strips of columns, each taps x depth x strip */
    char *to;                                    /* first pixel of the result */
    npy_intp to_image, to_row, to_pixel;         /* elements from one to the next */
    npy_intp batch, band, n_bands, group;        /* rows of the result and images done at a time */
    int failed;
} correlation;

static npy_intp round_up(npy_intp n, npy_intp to) { return (n + to - 1) / to * to; }

/* Rows [row, row + n_rows) x columns [col, col + n_cols) of an image, with zeros where there is no image. */
static void window_copy(char *to, const char *from, npy_intp height, npy_intp width, npy_intp pixel, npy_intp row,
                        npy_intp n_rows, npy_intp col, npy_intp n_cols)
{
    const npy_intp left = col < 0 ? -col : 0;
    npy_intp right = col + n_cols - width;
    right = right > 0 ? right : 0;
    const npy_intp inside = n_cols - left - right;
    for (npy_intp r = row; r < row + n_rows; r++, to += n_cols * pixel) {
        if (r < 0 || r >= height || inside <= 0) {
            memset(to, 0, n_cols * pixel);
            continue;
        }
        memset(to, 0, left * pixel);
        memcpy(to + left * pixel, from + (r * width + col + left) * pixel, inside * pixel);
        memset(to + (left + inside) * pixel, 0, right * pixel);
    }
}

/* `rows` x `columns` of a product, columns of two vectors at most: tiles of nearly equal height. */
static void tile_strip(const tile_set *set, tile_job *job, npy_intp size, int by_row, npy_intp rows, npy_intp columns,
                       const char *a, const char *b, char *out)
{
    double part[TILE_MAX * 2 * 16];              /* a tile of which not all columns are wanted */
    const npy_intp a_row = job->row, ldo = job->ldo, n_tiles = (rows + set->rows - 1) / set->rows;
    const int vectors = columns > set->lanes ? 2 : 1;
    const npy_intp wide = vectors * set->lanes;
    npy_intp row = 0;
    for (npy_intp i = 0; i < n_tiles; i++) {
        const npy_intp n = rows * (i + 1) / n_tiles - row;
        const tile_fn tile = set->tiles[n - 1][vectors - 1][by_row];
        const char *from = a + row * a_row * size;
        char *to = out + row * ldo * size;
        if (columns == wide) {
            tile(job, from, b, to);
        } else {
            if (job->add)
                for (npy_intp r = 0; r < n; r++) {
                    memset((char *)part + r * wide * size, 0, wide * size);
                    memcpy((char *)part + r * wide * size, to + r * ldo * size, columns * size);
                }
            job->ldo = wide;
            tile(job, from, b, part);
            job->ldo = ldo;
            for (npy_intp r = 0; r < n; r++)
                memcpy(to + r * ldo * size, (char *)part + r * wide * size, columns * size);
        }
        row += n;
    }
}

/* Units are bands of an image, or groups of whole images; each strip of the filter is read once for a unit. */
static void correlate_units(void *ctx, npy_intp start, npy_intp stop)
{
    correlation *c = (correlation *)ctx;
    const npy_intp reach_rows = (c->taps[0] - 1) * c->dilation[0] + 1, reach = (c->taps[1] - 1) * c->dilation[1] + 1;
    const npy_intp n_cols = (c->cols - 1) * c->step[1] + reach, pixel = c->depth * c->size;
    const npy_intp across = c->origin[1] < 0 || c->origin[1] + n_cols > c->width;
    /* Elements of a window that follow each other are one run of terms. */
    const int joined = c->dilation[1] == 1;
    const npy_intp n_outer = joined ? c->taps[0] : c->taps[0] * c->taps[1];
    const npy_intp strip = 2 * c->set->lanes;
    char *buffer = NULL;
    npy_intp *offsets = (npy_intp *)malloc(2 * n_outer * sizeof(npy_intp));
    tile_job job = {n_outer, joined ? c->taps[1] * c->depth : c->depth, c->step[1] * c->depth, 1, strip, c->to_pixel,
                    offsets, offsets + n_outer, 0};
    if (offsets == NULL) {
        c->failed = 1;
        return;
    }
    for (npy_intp unit = start; unit < stop; unit++) {
        const npy_intp image = unit / c->n_bands * c->group, first = unit % c->n_bands * c->band;
        const npy_intp last = first + c->band < c->rows ? first + c->band : c->rows;
        const npy_intp n_images = image + c->group < c->batch ? c->group : c->batch - image;
        const npy_intp row = first * c->step[0] + c->origin[0];
        const npy_intp n_rows = (last - first - 1) * c->step[0] + reach_rows;
        const char *from = c->from + image * c->height * c->width * pixel;
        npy_intp line = c->width * c->depth, next = c->height * line;
        if (across || row < 0 || row + n_rows > c->height) {
            if (buffer == NULL)
                buffer = (char *)malloc(c->group * ((c->band - 1) * c->step[0] + reach_rows) * n_cols * pixel);
            if (buffer == NULL) {
                c->failed = 1;
                break;
            }
            line = n_cols * c->depth;
            for (npy_intp n = 0; n < n_images; n++)
                window_copy(buffer + n * n_rows * n_cols * pixel, from + n * next * c->size, c->height, c->width, pixel,
                            row, n_rows, c->origin[1], n_cols);
            next = n_rows * line;
            from = buffer;
        } else {
            from += (row * c->width + c->origin[1]) * pixel;
        }
        for (npy_intp j = 0; j < n_outer; j++) {
            const npy_intp y = joined ? j : j / c->taps[1], x = joined ? 0 : j % c->taps[1];
            offsets[j] = y * c->dilation[0] * line + x * c->dilation[1] * c->depth;
            offsets[n_outer + j] = (y * c->taps[1] + x) * c->depth * strip;
        }
        for (npy_intp q = 0; q < c->columns; q += strip)
            for (npy_intp n = 0; n < n_images; n++)
                for (npy_intp y = first; y < last; y++)
                    tile_strip(c->set, &job, c->size, 1, c->cols, c->columns - q < strip ? c->columns - q : strip,
                               from + (n * next + (y - first) * c->step[0] * line) * c->size,
                               c->weights + q * c->taps[0] * c->taps[1] * c->depth * c->size,
                               c->to + ((image + n) * c->to_image + y * c->to_row + q) * c->size);
    }
    free(offsets);
    free(buffer);
}

static int correlate(correlation *c)
{
    const npy_intp line = ((c->cols - 1) * c->step[1] + c->taps[1] * c->dilation[1]) * c->depth * c->size;
    const npy_intp terms = c->taps[0] * c->taps[1] * c->depth * c->columns;
    npy_intp n_units;
    c->band = BAND_BYTES / (line * c->step[0] + 1);
    c->group = 1;
    if (c->band >= 2 * c->rows && terms * c->size > BAND_BYTES)
        /* Small images: several of them for each time that a large filter is read. */
        c->group = c->band / c->rows * 2 < c->batch / pool_limit ? c->band / c->rows * 2 : c->batch / pool_limit;
    else if (c->batch < 4 * pool_limit && pool_limit > 1 && c->band > c->rows / (4 * pool_limit))
        c->band = c->rows / (4 * pool_limit);
    if (c->group < 1)
        c->group = 1;
    if (c->band < 1)
        c->band = 1;
    if (c->band > c->rows)
        c->band = c->rows;
    c->n_bands = (c->rows + c->band - 1) / c->band;
    c->failed = 0;
    n_units = (c->batch + c->group - 1) / c->group * c->n_bands;
    /* A grain is some 20 us of products. */
    parallel_for(correlate_units, c, n_units, 1000000 / (terms * c->band * c->cols * c->group + 1) + 1);
    return c->failed ? -1 : 0;
}

/* ------------------------------------------------------------- forward */

/* Rows of `n` elements, `ld` apart, as strips of columns: each strip's rows lie together, the last one's end is 0. */
static void pack_strips(char *to, const char *from, npy_intp rows, npy_intp n, npy_intp ld, npy_intp strip, npy_intp size)
{
    for (npy_intp q = 0; q < n; q += strip) {
        const npy_intp given = n - q < strip ? n - q : strip;
        for (npy_intp r = 0; r < rows; r++, to += strip * size) {
            memcpy(to, from + (r * ld + q) * size, given * size);
            memset(to + given * size, 0, (strip - given) * size);
        }
    }
}

/* 0: done; -1: no memory; -2: no tiles. */
static int conv_forward(const conv_shape *s, const char *image, const char *filter, char *out)
{
    correlation c;
    const npy_intp rows = s->window[0] * s->window[1] * s->depth;
    npy_intp strip;
    char *packed;
    int status;
    memset(&c, 0, sizeof c);
    c.set = tiles_of(s->is_double, s->out_depth);
    if (c.set == NULL)
        return -2;
    c.size = s->is_double ? 8 : 4;
    strip = 2 * c.set->lanes;
    packed = (char *)malloc(rows * round_up(s->out_depth, strip) * c.size);
    if (packed == NULL)
        return -1;
    pack_strips(packed, filter, rows, s->out_depth, s->out_depth, strip, c.size);
    c.weights = packed;
    c.from = image;
    c.batch = s->batch;
    c.to = out;
    c.height = s->height;
    c.width = s->width;
    c.depth = s->depth;
    c.rows = s->rows;
    c.cols = s->cols;
    c.columns = s->out_depth;
    for (int i = 0; i < 2; i++) {
        c.taps[i] = s->window[i];
        c.step[i] = s->stride[i];
        c.dilation[i] = s->dilation[i];
        c.origin[i] = -s->before[i];
    }
    if (s->window[0] == 1 && s->window[1] == 1 && s->stride[0] == 1 && s->stride[1] == 1 && s->rows == s->height
        && s->cols == s->width) {
        /* Pixels alone: no rows. */
        c.cols = c.width = s->width * s->height;
        c.rows = c.height = 1;
    }
    c.to_pixel = s->out_depth;
    c.to_row = c.cols * s->out_depth;
    c.to_image = s->rows * s->cols * s->out_depth;
    status = correlate(&c);
    free(packed);
    return status;
}

/* ------------------------------------------------------------- gradient of the image */

/* The elements of the filter that meet one phase, turned round, with rows and columns exchanged, in strips. */
static void turn_filter(const conv_shape *s, const correlation *c, const npy_intp *phase, const char *filter, char *to)
{
    const npy_intp strip = 2 * c->set->lanes, taps = c->taps[0] * c->taps[1];
    for (npy_intp q = 0; q < s->depth; q += strip)
        for (npy_intp t = 0; t < taps; t++) {
            const npy_intp y = phase[0] + s->stride[0] * (c->taps[0] - 1 - t / c->taps[1]);
            const npy_intp x = phase[1] + s->stride[1] * (c->taps[1] - 1 - t % c->taps[1]);
            const char *from = filter + (y * s->window[1] + x) * s->depth * s->out_depth * c->size;
            const npy_intp n = s->depth - q < strip ? s->depth - q : strip;
            /* Blocks of a cache line both ways: rows may be a power of two apart, which would share few of the cache's sets. */
            for (npy_intp o = 0; o < s->out_depth; o += 16, to += 16 * strip * c->size) {
                const npy_intp stop = s->out_depth - o < 16 ? s->out_depth - o : 16;
                if (n < strip)
                    memset(to, 0, stop * strip * c->size);
                for (npy_intp i = 0; i < n; i++)
                    for (npy_intp k = 0; k < stop; k++)
                        if (s->is_double)
                            ((double *)to)[k * strip + i] = ((const double *)from)[(q + i) * s->out_depth + o + k];
                        else
                            ((float *)to)[k * strip + i] = ((const float *)from)[(q + i) * s->out_depth + o + k];
                if (stop < 16)
                    to -= (16 - stop) * strip * c->size;
            }
        }
}

/* Images of few channels would leave most of each vector empty, and steps of both kinds do not fall into phases. There,
 * a tile is some pixels of the gradient by some elements of the filter, and what it holds is added to the image. */

typedef struct {
    const conv_shape *s;
    const tile_set *set;
    const char *rows;                            /* the filter: out_depth x ld */
    const char *grad;
    char *out;
    npy_intp size, ld;
    int failed;
} scattering;

static void add_to(char *to, const char *from, npy_intp n, int is_double)
{
    if (is_double)
        for (npy_intp i = 0; i < n; i++)
            ((double *)to)[i] += ((const double *)from)[i];
    else
        for (npy_intp i = 0; i < n; i++)
            ((float *)to)[i] += ((const float *)from)[i];
}

static void scatter_images(void *ctx, npy_intp start, npy_intp stop)
{
    scattering *c = (scattering *)ctx;
    const conv_shape *s = c->s;
    const npy_intp size = c->size, strip = 2 * c->set->lanes, zero = 0;
    char *products = (char *)malloc(s->cols * c->ld * size);
    tile_job job = {1, s->out_depth, s->out_depth, 1, c->ld, c->ld, &zero, &zero, 0};
    if (products == NULL) {
        c->failed = 1;
        return;
    }
    for (npy_intp n = start; n < stop; n++) {
        char *image = c->out + n * s->height * s->width * s->depth * size;
        memset(image, 0, s->height * s->width * s->depth * size);
        for (npy_intp y = 0; y < s->rows; y++) {
            const char *grad = c->grad + (n * s->rows + y) * s->cols * s->out_depth * size;
            for (npy_intp q = 0; q < c->ld; q += strip)
                tile_strip(c->set, &job, size, 1, s->cols, c->ld - q < strip ? c->ld - q : strip, grad,
                           c->rows + q * size, products + q * size);
            for (npy_intp i = 0; i < s->window[0]; i++) {
                const npy_intp row = y * s->stride[0] + i * s->dilation[0] - s->before[0];
                if (row < 0 || row >= s->height)
                    continue;
                for (npy_intp x = 0; x < s->cols; x++) {
                    const char *from = products + (x * c->ld + i * s->window[1] * s->depth) * size;
                    const npy_intp col = x * s->stride[1] - s->before[1];
                    if (s->dilation[1] == 1) {
                        const npy_intp first = col < 0 ? -col : 0;
                        const npy_intp last = col + s->window[1] > s->width ? s->width - col : s->window[1];
                        if (last > first)
                            add_to(image + (row * s->width + col + first) * s->depth * size,
                                   from + first * s->depth * size, (last - first) * s->depth, s->is_double);
                        continue;
                    }
                    for (npy_intp j = 0; j < s->window[1]; j++) {
                        const npy_intp at = col + j * s->dilation[1];
                        if (at >= 0 && at < s->width)
                            add_to(image + (row * s->width + at) * s->depth * size, from + j * s->depth * size, s->depth,
                                   s->is_double);
                    }
                }
            }
        }
    }
    free(products);
}

static int scatter_backward(const conv_shape *s, const char *filter, const char *grad, char *out)
{
    const npy_intp n = s->window[0] * s->window[1] * s->depth;
    scattering c = {s, tiles_of(s->is_double, n), NULL, grad, out, s->is_double ? 8 : 4, 0, 0};
    char *rows;
    if (c.set == NULL)
        return -2;
    c.ld = round_up(n, c.set->lanes);
    rows = (char *)calloc(s->out_depth * c.ld, c.size);
    if (rows == NULL)
        return -1;
    for (npy_intp i = 0; i < n; i++)
        for (npy_intp o = 0; o < s->out_depth; o++)
            memcpy(rows + (o * c.ld + i) * c.size, filter + (i * s->out_depth + o) * c.size, c.size);
    c.rows = rows;
    parallel_for(scatter_images, &c, s->batch, 1000000 / (s->rows * s->cols * s->out_depth * c.ld + 1) + 1);
    free(rows);
    return c.failed ? -1 : 0;
}

/* 0: done; -1: no memory; -2: no tiles. */
static int conv_backward_input(const conv_shape *s, const char *filter, const char *grad, char *out)
{
    correlation c;
    char *turned;
    int status = 0;
    memset(&c, 0, sizeof c);
    c.set = tiles_of(s->is_double, s->depth);
    if (c.set == NULL)
        return -2;
    if ((s->depth <= 4 && s->window[0] * s->window[1] > 1) || (s->dilation[0] > 1 && s->stride[0] > 1)
        || (s->dilation[1] > 1 && s->stride[1] > 1))
        return scatter_backward(s, filter, grad, out);
    c.size = s->is_double ? 8 : 4;
    turned = (char *)malloc(s->window[0] * s->window[1] * s->out_depth * round_up(s->depth, 2 * c.set->lanes) * c.size);
    if (turned == NULL)
        return -1;
    if (s->window[0] < s->stride[0] || s->window[1] < s->stride[1])
        memset(out, 0, s->batch * s->height * s->width * s->depth * c.size);     /* pixels that no window meets */
    c.from = grad;
    c.batch = s->batch;
    c.height = s->rows;
    c.width = s->cols;
    c.depth = s->out_depth;
    c.columns = s->depth;
    c.weights = turned;
    c.step[0] = c.step[1] = 1;
    c.to_pixel = s->stride[1] * s->depth;
    c.to_row = s->stride[0] * s->width * s->depth;
    c.to_image = s->height * s->width * s->depth;
    for (npy_intp p = 0; p < s->stride[0] * s->stride[1] && status == 0; p++) {
        const npy_intp phase[2] = {p / s->stride[1], p % s->stride[1]};
        const npy_intp extent[2] = {s->height, s->width};
        npy_intp first[2], count[2];
        for (int i = 0; i < 2; i++) {
            const npy_intp stride = s->stride[i];
            first[i] = ((phase[i] - s->before[i]) % stride + stride) % stride;   /* pixel where the phase starts */
            count[i] = (extent[i] - first[i] + stride - 1) / stride;
            c.taps[i] = (s->window[i] - phase[i] + stride - 1) / stride;
            c.dilation[i] = s->dilation[i];
            c.origin[i] = (first[i] + s->before[i] - phase[i]) / stride - (c.taps[i] - 1) * c.dilation[i];
        }
        if (count[0] <= 0 || count[1] <= 0 || c.taps[0] <= 0 || c.taps[1] <= 0)
            continue;
        c.rows = count[0];
        c.cols = count[1];
        c.to = out + (first[0] * s->width + first[1]) * s->depth * c.size;
        turn_filter(s, &c, phase, filter, turned);
        status = correlate(&c);
    }
    free(turned);
    return status;
}

/* ------------------------------------------------------------- gradient of the filter */

typedef struct {
    const conv_shape *s;
    const tile_set *set;
    const char *image, *grad;
    char *out;                                   /* a filter for each part */
    npy_intp size, n_parts, n_units, band, n_bands, group;
    int failed;
} filter_sum;

/* Parts of the sum over pixels, each with a filter of its own. Units are as those of `correlate`. */
static void sum_parts(void *ctx, npy_intp start, npy_intp stop)
{
    filter_sum *f = (filter_sum *)ctx;
    const conv_shape *s = f->s;
    const npy_intp size = f->size, pixel = s->depth * size, strip = 2 * f->set->lanes;
    const npy_intp reach_rows = (s->window[0] - 1) * s->dilation[0] + 1;
    const npy_intp reach = (s->window[1] - 1) * s->dilation[1] + 1;
    const npy_intp n_cols = (s->cols - 1) * s->stride[1] + reach;
    const int across = s->before[1] > 0 || n_cols - s->before[1] > s->width;
    const int joined = s->dilation[1] == 1;
    const npy_intp filter_size = s->window[0] * s->window[1] * s->depth * s->out_depth;
    const npy_intp most = f->group * f->band, elements = joined ? s->window[1] * s->depth : s->depth;
    const npy_intp n_tiles = (elements + f->set->rows - 1) / f->set->rows;
    char *buffer = (char *)malloc(f->group * ((f->band - 1) * s->stride[0] + reach_rows) * n_cols * pixel);
    char *packed = (char *)malloc(most * s->cols * round_up(s->out_depth, strip) * size);
    npy_intp *offsets = (npy_intp *)malloc(2 * most * sizeof(npy_intp));
    tile_job job = {0, s->cols, 1, s->stride[1] * s->depth, strip, s->out_depth, offsets, offsets + most, 0};
    if (buffer == NULL || offsets == NULL || packed == NULL)
        f->failed = 1;
    for (npy_intp part = start; part < stop && !f->failed; part++) {
        char *out = f->out + part * filter_size * size;
        const npy_intp from_unit = f->n_units * part / f->n_parts, to_unit = f->n_units * (part + 1) / f->n_parts;
        for (npy_intp unit = from_unit; unit < to_unit; unit++) {
            const npy_intp n = unit / f->n_bands * f->group, first = unit % f->n_bands * f->band;
            const npy_intp last = first + f->band < s->rows ? first + f->band : s->rows, here = last - first;
            const npy_intp n_images = n + f->group < s->batch ? f->group : s->batch - n;
            const npy_intp row = first * s->stride[0] - s->before[0];
            const npy_intp n_rows = (here - 1) * s->stride[0] + reach_rows;
            const char *image = f->image + n * s->height * s->width * pixel;
            const char *grad = f->grad + (n * s->rows + first) * s->cols * s->out_depth * size;
            npy_intp line = s->width * s->depth, next = s->height * line;
            if (across || row < 0 || row + n_rows > s->height) {
                for (npy_intp i = 0; i < n_images; i++)
                    window_copy(buffer + i * n_rows * n_cols * pixel, image + i * next * size, s->height, s->width,
                                pixel, row, n_rows, -s->before[1], n_cols);
                image = buffer;
                line = n_cols * s->depth;
                next = n_rows * line;
            } else {
                image += (row * s->width - s->before[1]) * pixel;
            }
            /* A group has whole images, whose gradients follow each other. */
            pack_strips(packed, grad, n_images * here * s->cols, s->out_depth, s->out_depth, strip, size);
            job.n_outer = n_images * here;
            job.add = unit > from_unit;
            for (npy_intp j = 0; j < job.n_outer; j++) {
                offsets[j] = j / here * next + j % here * s->stride[0] * line;
                offsets[most + j] = j * s->cols * strip;
            }
            for (npy_intp y = 0; y < s->window[0]; y++)
                for (npy_intp x = 0; x < (joined ? 1 : s->window[1]); x++)
                    for (npy_intp i = 0, e = 0; i < n_tiles; i++) {
                        const npy_intp stop_at = elements * (i + 1) / n_tiles;
                        const npy_intp place = (y * s->window[1] + x) * s->depth + e;
                        for (npy_intp q = 0; q < s->out_depth; q += strip)
                            tile_strip(f->set, &job, size, 0, stop_at - e,
                                       s->out_depth - q < strip ? s->out_depth - q : strip,
                                       image + (y * s->dilation[0] * line + x * s->dilation[1] * s->depth + e) * size,
                                       packed + q * job.n_outer * s->cols * size,
                                       out + (place * s->out_depth + q) * size);
                        e = stop_at;
                    }
        }
    }
    free(buffer);
    free(packed);
    free(offsets);
}

/* 0: done; -1: no memory; -2: no tiles. */
static int conv_backward_filter(const conv_shape *s, const char *image, const char *grad, char *out)
{
    filter_sum f;
    const npy_intp size = s->is_double ? 8 : 4;
    const npy_intp filter_size = s->window[0] * s->window[1] * s->depth * s->out_depth;
    const npy_intp line = s->cols * (s->out_depth + s->stride[0] * s->stride[1] * s->depth) * size;
    f.set = tiles_of(s->is_double, s->out_depth);
    if (f.set == NULL)
        return -2;
    f.s = s;
    f.image = image;
    f.grad = grad;
    f.out = out;
    f.size = size;
    f.failed = 0;
    f.band = 3 * BAND_BYTES / (line + 1);
    f.group = f.band / s->rows < s->batch / pool_limit ? f.band / s->rows : s->batch / pool_limit;
    if (f.group < 1)
        f.group = 1;
    if (f.band < 1)
        f.band = 1;
    if (f.band > s->rows)
        f.band = s->rows;
    f.n_bands = (s->rows + f.band - 1) / f.band;
    f.n_units = (s->batch + f.group - 1) / f.group * f.n_bands;
    f.n_parts = pool_limit < f.n_units ? pool_limit : f.n_units;
    if (s->batch * s->rows * s->cols * filter_size < 2000000)
        f.n_parts = 1;
    if (f.n_parts > 1) {
        f.out = (char *)malloc(f.n_parts * filter_size * size);
        if (f.out == NULL)
            return -1;
    }
    parallel_for(sum_parts, &f, f.n_parts, 1);
    if (f.out != out) {
        for (npy_intp i = 0; i < filter_size; i++)
            if (s->is_double) {
                double total = 0;
                for (npy_intp part = 0; part < f.n_parts; part++)
                    total += ((double *)f.out)[part * filter_size + i];
                ((double *)out)[i] = total;
            } else {
                float total = 0;
                for (npy_intp part = 0; part < f.n_parts; part++)
                    total += ((float *)f.out)[part * filter_size + i];
                ((float *)out)[i] = total;
            }
        free(f.out);
    }
    return f.failed ? -1 : 0;
}

#endif
