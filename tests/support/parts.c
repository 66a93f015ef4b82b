/* Whether the parts that a watched tape keeps add up to gradients. */
#define TESTS_NO_LINES
#include "parts.h"

#include <math.h>

/* Check's own asserts take long, and there are many parts. */
#define MUST(condition, ...)                                                                                           \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            ck_abort_msg(__VA_ARGS__);                                                                                 \
    } while (0)

static bool is_part_of(const ad_part *part, int sweep, ad_tensor x)
{
    return part->of.id == x.id && part->of.generation == x.generation && (sweep == ALL_SWEEPS || part->sweep == sweep);
}

size_t count_parts(ad_tape *t, ad_band band, int sweep, ad_tensor x)
{
    size_t count = 0;
    for (size_t i = 0; i < ad_part_count(t, band); i++)
        count += is_part_of(ad_part_at(t, band, i), sweep, x);
    return count;
}

int last_sweep_of(const ad_tape *t, ad_band band)
{
    const size_t n = ad_part_count(t, band);
    return n ? ad_part_at(t, band, n - 1)->sweep : -1;
}

static double element(const void *data, ad_type type, size_t i)
{
    return type == AD_F32 ? (double)((const float *)data)[i] : ((const double *)data)[i];
}

/* Element i of all these parts: their sum, and that of their sizes. */
static double sum_at(ad_tape *t, ad_band band, int sweep, ad_tensor x, size_t i, double *sizes)
{
    double sum = 0;
    *sizes = 0;
    for (size_t k = 0; k < ad_part_count(t, band); k++) {
        const ad_part *part = ad_part_at(t, band, k);
        if (!is_part_of(part, sweep, x))
            continue;
        const double value = element(part->part.data, part->part.type, i);
        sum += value;
        *sizes += fabs(value);
    }
    return sum;
}

static bool is_same(double sum, double g, double tolerance)
{
    return isfinite(g) && isfinite(tolerance) ? fabs(sum - g) <= tolerance
                                              : isfinite(sum) == isfinite(g) && (isnan(g) || isnan(sum) || sum == g);
}

void expect_parts(int line, ad_band band, int sweep, ad_tensor x, ad_tensor g)
{
    ad_tape *t = x.tape;
    const ad_type type = ad_type_of(g);
    const void *data = ad_data(g);
    MUST(count_parts(t, band, sweep, x) > 0, "line %d: no part of %s #%zu was kept", line, ad_made_by(x),
         ad_number_of(x));
    for (size_t i = 0; i < ad_size_of(g) && ad_size_of(g) <= AD_MOST_COPIED; i++) {
        double sizes;
        const double sum = sum_at(t, band, sweep, x, i, &sizes), is = element(data, type, i);
        MUST(is_same(sum, is, sizes * (type == AD_F32 ? 1e-5 : 1e-12)),
             "line %d: the parts of %s #%zu add up to %.17g at element %zu, its gradient is %.17g", line, ad_made_by(x),
             ad_number_of(x), sum, i, is);
    }
}

static size_t expect_parts_of_one(int line, ad_tensor x)
{
    if (ad_is_dropped(x) || !ad_has_gradient(x))
        return 0;
    const int last = last_sweep_of(x.tape, AD_BAND_BACKWARD);
    (expect_parts)(line, AD_BAND_BACKWARD, ad_operator_of(x) ? last : ALL_SWEEPS, x, ad_gradient(x));
    return 1;
}

size_t expect_parts_of_all(int line, ad_tape *t)
{
    size_t n = 0;
    for (size_t k = 0; k < ad_kept_count(t); k++)
        n += expect_parts_of_one(line, ad_kept_at(t, k));
    for (size_t i = 0; i < ad_entry_count(t); i++)
        n += expect_parts_of_one(line, ad_recorded_at(t, i));
    return n;
}
