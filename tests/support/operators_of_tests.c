/* Operators as users write them. */
#include "operators_of_tests.h"

static size_t count(const ad_call *c) { return ad_elements(c->x[0]); }

/* ---- Several results --------------------------------------------------------------------------------------------- */

static void two_results_run(ad_call *c)
{
    const double *a = c->x[0]->data, *b = c->x[1]->data;
    double *y[3] = {c->y[0]->data, c->y[1]->data, c->y[2]->data};
    for (size_t i = 0; i < count(c); i++) {
        y[0][i] = a[i] * b[i];
        y[1][i] = a[i] + b[i] * b[i];
        y[2][i] = 2 * b[i];
    }
}

static void two_results_vjp(ad_pullback *p)
{
    const ad_tensor slope = ad_scale(ad_x(p, 1), 2);
    ad_give(p, 0, ad_add(ad_mul(ad_x(p, 1), ad_dy_at(p, 0)), ad_dy_at(p, 1)));
    ad_give(p, 1, ad_add(ad_mul(ad_x(p, 0), ad_dy_at(p, 0)), ad_mul(slope, ad_dy_at(p, 1))));
}

const ad_operator two_results = {.name = "two_results",
                                 .arity = 2,
                                 .n_results = 2,
                                 .n_byproducts = 1,
                                 .shape = ad_same_shape,
                                 .run = two_results_run,
                                 .vjp = two_results_vjp};

void apply_two_results(ad_tensor a, ad_tensor b, ad_tensor y[2])
{
    const ad_tensor x[] = {a, b};
    ad_apply(a.tape, &two_results, x, 2, NULL, y);
}

static void sign_and_square_shape(ad_call *c)
{
    ad_result(c, 0, AD_I32, c->x[0]->shape);
    ad_result(c, 1, AD_F64, c->x[0]->shape);
}

static void sign_and_square_run(ad_call *c)
{
    const double *x = c->x[0]->data;
    for (size_t i = 0; i < count(c); i++) {
        ((int32_t *)c->y[0]->data)[i] = x[i] > 0;
        ((double *)c->y[1]->data)[i] = x[i] * x[i];
    }
}

static void sign_and_square_vjp(ad_pullback *p) { ad_give(p, 0, ad_mul(ad_scale(ad_x(p, 0), 2), ad_dy_at(p, 1))); }

const ad_operator sign_and_square = {.name = "sign_and_square",
                                     .arity = 1,
                                     .n_results = 2,
                                     .shape = sign_and_square_shape,
                                     .run = sign_and_square_run,
                                     .vjp = sign_and_square_vjp};

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

static double get(const void *x, uint8_t type, size_t i)
{
    return type == AD_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static void put(void *x, uint8_t type, size_t i, double value)
{
    if (type == AD_F32)
        ((float *)x)[i] = (float)value;
    else
        ((double *)x)[i] = value;
}

static void cube_run(ad_call *c)
{
    const uint8_t type = c->x[0]->type;
    for (size_t i = 0; i < count(c); i++) {
        const double x = get(c->x[0]->data, type, i);
        put(c->y[0]->data, type, i, x * x * x);
    }
}

static void cube_backward(ad_call *c, const void *const *dy, void *const *dx)
{
    const uint8_t type = c->x[0]->type;
    for (size_t i = 0; i < count(c); i++) {
        const double x = get(c->x[0]->data, type, i);
        put(dx[0], type, i, 3 * x * x * get(dy[0], type, i));
    }
}

const ad_operator numeric_cube = {
    .name = "numeric_cube", .arity = 1, .shape = ad_same_shape, .run = cube_run, .backward = cube_backward};

ad_tensor cube_in_numbers(ad_tensor x) { return ad_apply1(&numeric_cube, x); }

/* ---- Draws ------------------------------------------------------------------------------------------------------- */

static void noise_run(ad_call *c)
{
    const double *x = c->x[0]->data;
    for (size_t i = 0; i < count(c); i++)
        ((double *)c->y[0]->data)[i] = x[i] + ad_random_uniform(5, (uint64_t)c->attributes[0].integer, i);
}

static void noise_vjp(ad_pullback *p) { ad_give(p, 0, ad_dy(p)); }

const ad_operator noise = {.name = "noise",
                           .arity = 1,
                           .attributes = {{"draw", AD_ATTRIBUTE_INTEGER}},
                           .properties = AD_RANDOM,
                           .shape = ad_same_shape,
                           .run = noise_run,
                           .vjp = noise_vjp};

ad_tensor add_noise(ad_tensor x, int64_t draw)
{
    ad_tensor y;
    ad_apply(x.tape, &noise, &x, 1, (const ad_attribute[]){{.integer = draw}}, &y);
    return y;
}

/* ---- Gradients inside -------------------------------------------------------------------------------------------- */

/* One step of Newton's on F = r^2 - x, with dF/dr by ad_grad. */
static void newton_run(ad_call *c)
{
    ad_tape *t = c->tape;
    const ad_position position = ad_position_now(t);
    const ad_tensor x = ad_input(t, AD_F64, *c->x[0]->shape, c->x[0]->data);
    ad_tensor r = ad_shift(ad_scale(x, 0.5), 0.5), slope;
    for (int step = 0; step < 6; step++) {
        const ad_tensor f = ad_sub(ad_square(r), x);
        ad_grad(ad_sum(f), &r, 1, &slope);
        r = ad_sub(r, ad_div(f, slope));
    }
    for (size_t i = 0; ad_data(r) && i < count(c); i++)
        ((double *)c->y[0]->data)[i] = ad_f64(r)[i];
    ad_return_to(t, position, NULL, 0);
}

/* F = y^2 - x = 0 :  dx = -(dF/dx) / (dF/dy) dy = dy / (2 y) */
static void newton_vjp(ad_pullback *p)
{
    ad_tape *t = ad_y(p).tape;
    const ad_position position = ad_position_now(t);
    const ad_tensor at[] = {ad_detach(ad_y(p)), ad_detach(ad_x(p, 0))};
    ad_tensor slopes[2], dx;
    ad_grad(ad_sum(ad_sub(ad_square(at[0]), at[1])), at, 2, slopes);
    dx = ad_neg(ad_mul(ad_div(slopes[1], slopes[0]), ad_dy(p)));
    ad_return_to(t, position, &dx, 1);
    ad_give(p, 0, dx);
}

const ad_operator newton_root = {
    .name = "newton_root", .arity = 1, .shape = ad_same_shape, .run = newton_run, .vjp = newton_vjp};

ad_tensor root_by_newton(ad_tensor x) { return ad_apply1(&newton_root, x); }

static ad_tensor cost(ad_tensor z, ad_tensor x)
{
    return ad_add(ad_square(ad_sub(z, x)), ad_scale(ad_square(ad_square(z)), 0.25));
}

/* Newton's method on the derivative, with both derivatives by ad_grad. */
static void envelope_run(ad_call *c)
{
    ad_tape *t = c->tape;
    const ad_position position = ad_position_now(t);
    const ad_tensor x = ad_input(t, AD_F64, *c->x[0]->shape, c->x[0]->data);
    ad_tensor z = ad_scale(x, 0.5);
    for (int step = 0; step < 8; step++) {
        ad_tensor first, second;
        ad_grad(ad_sum(cost(z, x)), &z, 1, &first);
        ad_grad(ad_sum(first), &z, 1, &second);
        z = ad_sub(z, ad_div(first, second));
    }
    const ad_tensor least = cost(z, x);
    for (size_t i = 0; ad_data(least) && i < count(c); i++) {
        ((double *)c->y[0]->data)[i] = ad_f64(least)[i];
        ((double *)c->y[1]->data)[i] = ad_f64(z)[i];
    }
    ad_return_to(t, position, NULL, 0);
}

static void envelope_vjp(ad_pullback *p)
{
    ad_tape *t = ad_y(p).tape;
    const ad_position position = ad_position_now(t);
    const ad_tensor x = ad_x(p, 0);
    ad_tensor dx;
    ad_vjp(cost(ad_y_at(p, 1), x), ad_dy(p), &x, 1, &dx);
    ad_return_to(t, position, &dx, 1);
    ad_give(p, 0, dx);
}

const ad_operator envelope = {.name = "envelope",
                              .arity = 1,
                              .n_byproducts = 1,
                              .shape = ad_same_shape,
                              .run = envelope_run,
                              .vjp = envelope_vjp};

ad_tensor least_by_envelope(ad_tensor x) { return ad_apply1(&envelope, x); }
