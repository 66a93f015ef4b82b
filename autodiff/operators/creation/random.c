/* Operators that draw random numbers. Each element asks the generator for the words of its own place, so that the
 * result depends on nothing but the seed and the number of the draw. */
#include "../../base/random.h"
#include "../family.h"

AD_FAMILY(creation_random)

/* As many random words as are made at once; whole rounds of the generator, and whole pairs. */
enum { CHUNK = 16 * AD_WORDS };

/* What becomes of n words: the elements from `first` on. */
typedef void words_use(ad_call *c, size_t first, size_t n, const uint32_t words[CHUNK]);

/* The last two attributes are the seed and the draw; `seed` counts from the first. Draws of each row have their own
 * streams. */
static void draw_words(ad_call *c, int seed, ad_stream_use row, words_use *use)
{
    const size_t count = ad_elements(c->y[0]);
    const uint64_t draw = (uint64_t)c->attributes[seed + 1].integer, stream = ad_stream(row, draw);
    uint32_t words[CHUNK];
    if (draw >= AD_STREAM_NUMBERS)
        ad_call_fail(c, AD_BAD_VALUE, "draw %llu is too large: it must be below 2^56", (unsigned long long)draw);
    for (size_t first = 0; first < count && c->tape->status == AD_OK; first += CHUNK) {
        const size_t n = count - first < CHUNK ? count - first : CHUNK;
        ad_random_words((uint64_t)c->attributes[seed].integer, stream, first, (n + AD_WORDS - 1) / AD_WORDS * AD_WORDS,
                        words);
        use(c, first, n, words);
    }
}

static void random_shape(ad_call *c)
{
    const int64_t type = c->attributes[0].integer;
    if (type == AD_F32 || type == AD_F64)
        ad_result(c, 0, (ad_type)type, &c->attributes[1].shape);
    else
        ad_call_fail(c, AD_BAD_TYPE, "random numbers are f32 or f64; convert them with ad_cast");
}

/* Counts the draw, if it was made. */
static ad_tensor draw(ad_tape *t, const ad_operator *op, const ad_tensor *x, int n, ad_attribute attributes[], int last)
{
    ad_tensor y = ad_inert(t);
    if (t)
        attributes[last].integer = (int64_t)t->draws;
    ad_apply(t, op, x, n, attributes, &y);
    if (!ad_is_inert(y))
        t->draws++;
    return y;
}

uint64_t ad_draw_count(const ad_tape *tape) { return tape ? tape->draws : 0; }

ad_status ad_set_draw_count(ad_tape *tape, uint64_t count)
{
    if (tape && tape->status == AD_OK && count >= AD_STREAM_NUMBERS)
        return ad_fail(tape, AD_BAD_VALUE, "set_draw_count: %llu is too large: it must be below 2^56",
                       (unsigned long long)count);
    if (tape && tape->status == AD_OK)
        tape->draws = count;
    return ad_status_of(tape);
}

static const ad_sample samples_random[] = {
    {.attributes = {{.integer = AD_F64}, {.shape = {2, {3, 5}}}, {.integer = 1}, {.integer = 0}}},
    {.attributes = {{.integer = AD_F32}, {.shape = {0}}, {.integer = -1}, {.integer = 7}}},
    {.attributes = {{.integer = AD_F64}, {.shape = {2, {0, 3}}}, {.integer = 1}, {.integer = 0}}},
};

#define OF_DRAW                                                                                                        \
    .attributes = {{"type", AD_ATTRIBUTE_TYPE},                                                                        \
                   {"shape", AD_ATTRIBUTE_SHAPE},                                                                      \
                   {"seed", AD_ATTRIBUTE_INTEGER},                                                                     \
                   {"draw", AD_ATTRIBUTE_INTEGER}},                                                                    \
    .properties = AD_NOT_DIFFERENTIABLE | AD_RANDOM, .shape = random_shape, SAMPLES(samples_random)

static ad_tensor draw_like(ad_tape *tape, const ad_operator *op, ad_type type, ad_shape shape, uint64_t seed)
{
    ad_attribute attributes[] = {{.integer = (int64_t)type}, {.shape = shape}, {.integer = (int64_t)seed}, {0}};
    return draw(tape, op, NULL, 0, attributes, 3);
}

/* ---- Uniform ----------------------------------------------------------------------------------------------------- */

/* In f32 the last eight bits are dropped: if they were rounded, the largest numbers would become 1. */
static void use_uniform(ad_call *c, size_t first, size_t n, const uint32_t words[CHUNK])
{
    if (c->y[0]->type == AD_F64)
        for (size_t i = 0; i < n; i++)
            ((double *)c->y[0]->data)[first + i] = (double)words[i] * 0x1p-32;
    else
        for (size_t i = 0; i < n; i++)
            ((float *)c->y[0]->data)[first + i] = (float)(words[i] >> 8) * 0x1p-24F;
}

static void uniform_run(ad_call *c) { draw_words(c, 2, AD_STREAM_UNIFORM, use_uniform); }

AD_OPERATOR(uniform,
    OF_DRAW,
    .run = uniform_run,
    .formula = "random numbers, uniform in [0, 1)",
    .gradient = "none",
    .convention = "multiples of 2^-32, in f32 of 2^-24",
);

ad_tensor ad_uniform(ad_tape *tape, ad_type type, ad_shape shape, uint64_t seed)
{
    return draw_like(tape, &ad_operator_uniform, type, shape, seed);
}

/* ---- Normal ------------------------------------------------------------------------------------------------------ */

static void use_normal(ad_call *c, size_t first, size_t n, const uint32_t words[CHUNK])
{
    for (size_t i = 0; i < n; i += 2) {
        double z[2];
        ad_normal_pair(words + i, z);
        for (size_t k = 0; k < 2 && i + k < n; k++)
            if (c->y[0]->type == AD_F64)
                ((double *)c->y[0]->data)[first + i + k] = z[k];
            else
                ((float *)c->y[0]->data)[first + i + k] = (float)z[k];
    }
}

static void normal_run(ad_call *c) { draw_words(c, 2, AD_STREAM_NORMAL, use_normal); }

AD_OPERATOR(normal,
    OF_DRAW,
    .run = normal_run,
    .formula = "random numbers, normal with mean 0 and variance 1",
    .gradient = "none",
    .convention = "in f32 those of f64, rounded; none beyond 6.67",
);

ad_tensor ad_normal(ad_tape *tape, ad_type type, ad_shape shape, uint64_t seed)
{
    return draw_like(tape, &ad_operator_normal, type, shape, seed);
}

/* ---- Dropout ----------------------------------------------------------------------------------------------------- */

static void dropout_mask_shape(ad_call *c)
{
    const double rate = c->attributes[0].real;
    if (rate >= 0 && rate < 1)
        ad_same_shape(c);
    else
        ad_call_fail(c, AD_BAD_VALUE, "the rate is %g: it must be at least 0 and less than 1", rate);
}

/* 0 where a uniform number is less than the rate. */
static void use_mask(ad_call *c, size_t first, size_t n, const uint32_t words[CHUNK])
{
    const double rate = c->attributes[0].real, kept = 1 / (1 - rate);
    if (c->y[0]->type == AD_F64)
        for (size_t i = 0; i < n; i++)
            ((double *)c->y[0]->data)[first + i] = (double)words[i] * 0x1p-32 < rate ? 0 : kept;
    else
        for (size_t i = 0; i < n; i++)
            ((float *)c->y[0]->data)[first + i] = (double)words[i] * 0x1p-32 < rate ? 0 : (float)kept;
}

static void dropout_mask_run(ad_call *c) { draw_words(c, 1, AD_STREAM_DROPOUT_MASK, use_mask); }

static const ad_sample samples_dropout_mask[] = {
    {.n_x = 1, .x = {{2, {4, 5}}}, .attributes = {{.real = 0.25}, {.integer = 1}, {.integer = 0}}},
    {.n_x = 1, .x = {{0}}, .attributes = {{.real = 0}, {.integer = 1}, {.integer = 0}}},
    {.n_x = 1, .x = {{2, {0, 3}}}, .attributes = {{.real = 0.5}, {.integer = 1}, {.integer = 0}}},
};

AD_OPERATOR(dropout_mask,
    .arity = 1,
    .attributes = {{"rate", AD_ATTRIBUTE_REAL}, {"seed", AD_ATTRIBUTE_INTEGER}, {"draw", AD_ATTRIBUTE_INTEGER}},
    .properties = AD_NOT_DIFFERENTIABLE | AD_RANDOM,
    .shape = dropout_mask_shape,
    SAMPLES(samples_dropout_mask),
    .run = dropout_mask_run,
    .formula = "0 with probability rate, else 1 / (1 - rate)",
    .gradient = "none",
);

ad_tensor ad_dropout_mask(ad_tensor x, double rate, uint64_t seed)
{
    ad_attribute attributes[] = {{.real = rate}, {.integer = (int64_t)seed}, {0}};
    return draw(x.tape, &ad_operator_dropout_mask, &x, 1, attributes, 2);
}
