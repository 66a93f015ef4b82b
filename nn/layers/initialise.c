/* Initialisers: how parameters are filled at the start. */
#include <gradtape/layers.h>

#include <math.h>
#include <string.h>

#include <gradtape/memory.h>
#include <gradtape/random.h>
#include <gradtape/update.h>

/* ---- The table --------------------------------------------------------------------------------------------------- */

/* The distribution that numbers are drawn from; VALUE and ORTHOGONAL draw none, or in their own way. */
typedef enum distribution { VALUE, UNIFORM, NORMAL, ORTHOGONAL } distribution;

/* One row an initialiser. The variance is scale / (inputs d + outputs h), where a factor says which of them count. */
static const struct {
    const char *name, *formula;
    distribution from;
    double scale; /* or the value */
    double inputs, outputs;
} initialisers[NN_INITIALISER_COUNT] = {
    [NN_INITIALISER_DEFAULT] = {"", "", VALUE, 0, 0, 0},
    [NN_GLOROT_UNIFORM] = {"glorot_uniform", "uniform in +-sqrt(6 / (d + h))", UNIFORM, 2, 1, 1},
    [NN_GLOROT_NORMAL] = {"glorot_normal", "normal, deviation sqrt(2 / (d + h))", NORMAL, 2, 1, 1},
    [NN_HE_UNIFORM] = {"he_uniform", "uniform in +-sqrt(6 / d)", UNIFORM, 2, 1, 0},
    [NN_HE_NORMAL] = {"he_normal", "normal, deviation sqrt(2 / d)", NORMAL, 2, 1, 0},
    [NN_LECUN_UNIFORM] = {"lecun_uniform", "uniform in +-sqrt(3 / d)", UNIFORM, 1, 1, 0},
    [NN_LECUN_NORMAL] = {"lecun_normal", "normal, deviation sqrt(1 / d)", NORMAL, 1, 1, 0},
    [NN_ORTHOGONAL] = {"orthogonal", "columns or rows, whichever are fewer, orthonormal", ORTHOGONAL, 1, 0, 0},
    [NN_ZEROS] = {"zeros", "0", VALUE, 0, 0, 0},
    [NN_ONES] = {"ones", "1", VALUE, 1, 0, 0},
};

const char *nn_initialiser_name(int initialiser)
{
    return (unsigned)initialiser < NN_INITIALISER_COUNT ? initialisers[initialiser].name : NULL;
}

const char *nn_initialiser_formula(int initialiser)
{
    return (unsigned)initialiser < NN_INITIALISER_COUNT ? initialisers[initialiser].formula : NULL;
}

/* ---- Sizes ------------------------------------------------------------------------------------------------------- */

/* The inputs of a unit, and the units that an input reaches. */
static void count_fans(const ad_shape *shape, double *inputs, double *outputs)
{
    double each = 1;
    for (int i = 2; i < shape->rank; i++)
        each *= (double)shape->dims[i];
    const double first = shape->rank > 0 ? (double)shape->dims[0] : 1;
    const double second = shape->rank > 1 ? (double)shape->dims[1] : first;
    *inputs = shape->rank > 2 ? second * each : first;
    *outputs = shape->rank > 2 ? first * each : second;
}

/* ---- Orthogonal -------------------------------------------------------------------------------------------------- */

/* Makes the k vectors of n numbers in q orthonormal, one after another (Gram-Schmidt, with each projection taken off
 * twice, so that rounding leaves nothing of it). */
static void make_orthonormal(double *q, size_t k, size_t n)
{
    for (size_t i = 0; i < k; i++) {
        double *v = q + i * n, length = 0;
        for (int twice = 0; twice < 2; twice++)
            for (size_t j = 0; j < i; j++) {
                const double *u = q + j * n;
                double dot = 0;
                for (size_t l = 0; l < n; l++)
                    dot += u[l] * v[l];
                for (size_t l = 0; l < n; l++)
                    v[l] -= dot * u[l];
            }
        for (size_t l = 0; l < n; l++)
            length += v[l] * v[l];
        for (size_t l = 0; l < n; l++)
            v[l] /= sqrt(length);
    }
}

/* The leaf is filled with normal numbers. Its rows, or its columns if they are fewer, become orthonormal. */
static ad_status orthogonalise(ad_tensor leaf, ad_memory *memory)
{
    const ad_shape shape = ad_shape_of(leaf);
    const size_t rows = (size_t)shape.dims[0], size = ad_size_of(leaf), columns = rows ? size / rows : 0;
    const bool by_rows = rows <= columns;
    const size_t k = by_rows ? rows : columns, n = by_rows ? columns : rows, bytes = ad_type_bytes(ad_type_of(leaf));
    double *q = ad_memory_take(memory, size, sizeof *q);
    void *values = ad_memory_take(memory, size, bytes);
    if (!q || !values) {
        ad_fail(leaf.tape, AD_NO_MEMORY, "initialise: memory is out");
    } else {
        const float *f32 = bytes == sizeof(float) ? ad_f32(leaf) : NULL;
        const double *f64 = f32 ? NULL : ad_f64(leaf);
        for (size_t i = 0; i < size; i++)
            q[by_rows ? i : i % columns * n + i / columns] = f32 ? (double)f32[i] : f64[i];
        make_orthonormal(q, k, n);
        for (size_t i = 0; i < size; i++) {
            const double x = q[by_rows ? i : i % columns * n + i / columns];
            if (f32)
                ((float *)values)[i] = (float)x;
            else
                ((double *)values)[i] = x;
        }
        ad_assign(leaf, values);
    }
    ad_memory_release(memory, q, size, sizeof *q);
    ad_memory_release(memory, values, size, bytes);
    return ad_status_of(leaf.tape);
}

static ad_status fill_orthogonal(ad_tensor leaf, uint64_t seed, uint64_t stream)
{
    const ad_allocator allocator = ad_allocator_of(leaf.tape);
    ad_memory memory = ad_memory_over(&allocator);
    if (ad_shape_of(leaf).rank < 2)
        return ad_fail(leaf.tape, AD_BAD_SHAPE,
                       "initialise: \"%s\" has the rank %d: orthogonal needs rows and columns, so a rank of 2 or more",
                       ad_name_of(leaf), ad_shape_of(leaf).rank);
    if (ad_fill_normal(leaf, 0, 1, seed, stream) != AD_OK)
        return ad_status_of(leaf.tape);
    return orthogonalise(leaf, &memory);
}

/* ---- Filling ----------------------------------------------------------------------------------------------------- */

ad_status nn_initialise(ad_tensor leaf, nn_initialiser initialiser, uint64_t seed, uint64_t stream)
{
    if (!leaf.tape || ad_status_of(leaf.tape) != AD_OK)
        return ad_status_of(leaf.tape);
    if ((unsigned)initialiser >= NN_INITIALISER_COUNT || initialiser == NN_INITIALISER_DEFAULT)
        return ad_fail(leaf.tape, AD_BAD_VALUE, "initialise: %d is no initialiser: use NN_GLOROT_UNIFORM or another",
                       (int)initialiser);
    const ad_shape shape = ad_shape_of(leaf);
    double inputs, outputs;
    count_fans(&shape, &inputs, &outputs);
    /* Only a leaf without elements has no inputs: nothing is drawn for it, but the range must be a number. */
    const double fan = fmax(1, initialisers[initialiser].inputs * inputs + initialisers[initialiser].outputs * outputs);
    const double scale = initialisers[initialiser].scale, limit = sqrt(3 * scale / fan);
    switch (initialisers[initialiser].from) {
    case UNIFORM: return ad_fill_uniform(leaf, (const double[]){-limit, limit}, seed, stream);
    case NORMAL: return ad_fill_normal(leaf, 0, sqrt(scale / fan), seed, stream);
    case ORTHOGONAL: return fill_orthogonal(leaf, seed, stream);
    default: return ad_fill(leaf, scale);
    }
}
