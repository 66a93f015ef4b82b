/* The optimisers: one row each, and the rules by which they update a block. */
#include "rules.h"

#include <math.h>
#include <string.h>

#include "../each_processor.h"
#include "lbfgs.h"
#include "power.h"

#define REAL double
#define OF(name) name
#define ROOT sqrt
#include "loops.h"
#undef REAL
#undef OF
#undef ROOT

#define REAL float
#define OF(name) name##_in_f32
#define ROOT sqrtf
#include "loops.h"
#undef REAL
#undef OF
#undef ROOT

/* ---- Rules ------------------------------------------------------------------------------------------------------- */

/* Runs a loop over the block, with numbers in its type. */
#define RUN(loop, b, ...)                                                                                              \
    do {                                                                                                               \
        const numbers in_f64 = {__VA_ARGS__};                                                                          \
        if ((b)->type == AD_F32)                                                                                       \
            loop##_in_f32((b), rounded_in_f32(in_f64));                                                                \
        else                                                                                                           \
            loop((b), rounded(in_f64));                                                                                \
    } while (0)

static const nn_optimiser_options *options_of(const ad_update_block *b)
{
    return &((const nn_update *)b->context)->options;
}

static double step_of(const ad_update_block *b) { return (double)((const nn_update *)b->context)->step; }

static void descend(const ad_update_block *b) { RUN(gradient_descent, b, .rate = options_of(b)->rate); }

static void descend_with_momentum(const ad_update_block *b)
{
    const nn_optimiser_options *o = options_of(b);
    RUN(momentum, b, .rate = o->rate, .keep = o->momentum);
}

static void descend_ahead(const ad_update_block *b)
{
    const nn_optimiser_options *o = options_of(b);
    RUN(nesterov, b, .rate = o->rate, .keep = o->momentum);
}

static void by_adagrad(const ad_update_block *b)
{
    const nn_optimiser_options *o = options_of(b);
    RUN(adagrad, b, .rate = o->rate, .epsilon = o->epsilon);
}

static void by_rmsprop(const ad_update_block *b)
{
    const nn_optimiser_options *o = options_of(b);
    const numbers c = {.rate = o->rate,
                       .keep = o->momentum,
                       .keep_square = o->rho,
                       .take_square = 1 - o->rho,
                       .inside = o->epsilon_inside ? o->epsilon : 0,
                       .epsilon = o->epsilon_inside ? 0 : o->epsilon};
    static void (*const loops[2][2])(const ad_update_block *, numbers) = {
        {rmsprop, rmsprop_with_momentum}, {rmsprop_centred, rmsprop_centred_with_momentum}};
    static void (*const loops_in_f32[2][2])(const ad_update_block *, numbers_in_f32) = {
        {rmsprop_in_f32, rmsprop_with_momentum_in_f32}, {rmsprop_centred_in_f32, rmsprop_centred_with_momentum_in_f32}};
    if (b->type == AD_F32)
        loops_in_f32[o->centred][o->momentum > 0](b, rounded_in_f32(c));
    else
        loops[o->centred][o->momentum > 0](b, rounded(c));
}

static void by_adam(const ad_update_block *b)
{
    const nn_optimiser_options *o = options_of(b);
    const double t = step_of(b), root = sqrt(1 - nn_power(o->beta2, t));
    RUN(adam, b, .rate = o->rate * root / (1 - nn_power(o->beta1, t)), .keep = o->beta1, .take = 1 - o->beta1,
        .keep_square = o->beta2, .take_square = 1 - o->beta2,
        .epsilon = o->epsilon_hat ? o->epsilon : o->epsilon * root);
}

static void by_adamax(const ad_update_block *b)
{
    const nn_optimiser_options *o = options_of(b);
    RUN(adamax, b, .rate = o->rate / (1 - nn_power(o->beta1, step_of(b))), .keep = o->beta1, .take = 1 - o->beta1,
        .keep_square = o->beta2, .epsilon = o->epsilon);
}

/* The momentum of step t. */
static double nadam_momentum(const nn_optimiser_options *o, double t)
{
    return o->beta1 * (1 - nn_power(pow(0.96, o->momentum_decay), t) / 2);
}

static double nadam_product(const nn_optimiser_options *o, int64_t step, double last)
{
    return last * nadam_momentum(o, (double)step);
}

static void by_nadam(const ad_update_block *b)
{
    const nn_update *u = b->context;
    const nn_optimiser_options *o = &u->options;
    const double t = step_of(b), root = sqrt(1 - nn_power(o->beta2, t)), next = nadam_momentum(o, t + 1);
    RUN(nadam, b, .rate = o->rate * root * next / (1 - u->carried[1] * next),
        .factor = o->rate * root * (1 - nadam_momentum(o, t)) / (1 - u->carried[1]), .keep = o->beta1,
        .take = 1 - o->beta1, .keep_square = o->beta2, .take_square = 1 - o->beta2, .epsilon = o->epsilon * root);
}

static void by_lion(const ad_update_block *b)
{
    const nn_optimiser_options *o = options_of(b);
    RUN(lion, b, .rate = o->rate, .keep = o->beta1, .take = 1 - o->beta1, .keep_square = o->beta2,
        .take_square = 1 - o->beta2);
}

/* The rate of the last step is carried. */
static double ftrl_rate(const nn_optimiser_options *o, int64_t step, double last)
{
    (void)step;
    (void)last;
    return o->rate;
}

static void by_ftrl(const ad_update_block *b)
{
    const nn_update *u = b->context;
    const nn_optimiser_options *o = &u->options;
    const double factor = 1 / o->rate, change = u->step == 1 ? 0 : factor - 1 / u->carried[0];
    if (u->step == 1 && !o->from_zero)
        RUN(ftrl_start, b, .factor = factor, .l1 = o->l1, .l2 = o->l2);
    RUN(ftrl, b, .factor = factor, .change = change, .l1 = o->l1, .l2 = o->l2);
}

/* ---- Around each rule -------------------------------------------------------------------------------------------- */

/* What clipping, l1 and l2 make of a gradient lies here, a part of the block after another. */
enum { PART = 1024 };

static void clip_part(ad_update_block *b, double bound, double scale, void *to)
{
    if (b->type == AD_F32)
        clip_in_f32(b->dx, b->n, (float)bound, (float)scale, to);
    else
        clip(b->dx, b->n, bound, scale, to);
    b->dx = to;
}

static void penalise_part(ad_update_block *b, double l1, double l2, void *to)
{
    if (b->type == AD_F32)
        penalise_in_f32(b->x, b->dx, b->n, (float)l1, (float)l2, to);
    else
        penalise(b->x, b->dx, b->n, l1, l2, to);
    b->dx = to;
}

static void shrink_part(const ad_update_block *b, double share)
{
    if (b->type == AD_F32)
        shrink_in_f32(b->x, b->n, (float)(1 - share));
    else
        shrink(b->x, b->n, 1 - share);
}

void nn_rule_block(const ad_update_block *block)
{
    const nn_ruled *r = block->context;
    const double l1 = r->rule->own_penalties ? 0 : r->update.options.l1;
    const double l2 = r->rule->own_penalties ? 0 : r->update.options.l2;
    const bool penalises = l1 != 0 || l2 != 0;
    ad_update_block whole = *block;
    whole.context = &r->update;
    if (!r->clips && !penalises && r->share == 0) {
        r->rule->update(&whole);
        return;
    }
    double gradient[PART];
    const size_t bytes = block->type == AD_F32 ? sizeof(float) : sizeof(double);
    for (size_t at = 0; at < block->n; at += PART) {
        ad_update_block part = whole;
        part.n = block->n - at < PART ? block->n - at : PART;
        part.first += at;
        part.x = (char *)part.x + at * bytes;
        part.dx = (const char *)part.dx + at * bytes;
        for (int i = 0; i < r->n_slots; i++)
            part.state[i] = (char *)part.state[i] + at * bytes;
        if (r->clips)
            clip_part(&part, r->bound, r->scale, gradient);
        if (penalises)
            penalise_part(&part, l1, l2, gradient);
        if (r->share != 0)
            shrink_part(&part, r->share);
        r->rule->update(&part);
    }
}

/* ---- Slots ------------------------------------------------------------------------------------------------------- */

/* The slots of a rule whose slots are always the same, from 0. */
#define SLOTS(function, ...)                                                                                           \
    static int function(const nn_optimiser_options *o, nn_optimiser_slot *slots)                                       \
    {                                                                                                                  \
        static const char *const names[] = {__VA_ARGS__};                                                              \
        (void)o;                                                                                                       \
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)                                                    \
            slots[i] = (nn_optimiser_slot){names[i], 0};                                                               \
        return (int)(sizeof names / sizeof names[0]);                                                                  \
    }

SLOTS(velocity, "Momentum")
SLOTS(adam_slots, "Adam_mean", "Adam_square")
SLOTS(adamax_slots, "Adamax_mean", "Adamax_largest")
SLOTS(nadam_slots, "NAdam_mean", "NAdam_square")
SLOTS(lion_slots, "Lion_mean")

static int adagrad_slots(const nn_optimiser_options *o, nn_optimiser_slot *slots)
{
    slots[0] = (nn_optimiser_slot){"Adagrad", o->initial_accumulator};
    return 1;
}

static int rmsprop_slots(const nn_optimiser_options *o, nn_optimiser_slot *slots)
{
    int n = 0;
    slots[n++] = (nn_optimiser_slot){"RMSProp_square", 0};
    if (o->centred)
        slots[n++] = (nn_optimiser_slot){"RMSProp_mean", 0};
    if (o->momentum > 0)
        slots[n++] = (nn_optimiser_slot){"RMSProp_velocity", 0};
    return n;
}

static int ftrl_slots(const nn_optimiser_options *o, nn_optimiser_slot *slots)
{
    slots[0] = (nn_optimiser_slot){"FTRL_square", o->initial_accumulator};
    slots[1] = (nn_optimiser_slot){"FTRL_linear", 0};
    return 2;
}

/* ---- Rows -------------------------------------------------------------------------------------------------------- */

#define NUMBER(member, default_value, in, text)                                                                        \
    {                                                                                                                  \
        .name = #member, .meaning = (text), .type = NN_FIELD_REAL, .offset = offsetof(nn_optimiser_options, member),   \
        .standard = (default_value), .range = in                                                                       \
    }
#define SWITCH(member, text)                                                                                           \
    {                                                                                                                  \
        .name = #member, .meaning = (text), .type = NN_FIELD_SWITCH, .offset = offsetof(nn_optimiser_options, member)  \
    }
#define SHARE                                                                                                          \
    {                                                                                                                  \
        .low = 0, .high = 1, .below_high = true                                                                        \
    }

#define RATE(default_value) NUMBER(rate, default_value, NN_ABOVE(0), "learning rate")
#define DECAY(default_value) NUMBER(decay, default_value, NN_AT_LEAST(0), "of weights, decoupled from the gradient")
#define L2 NUMBER(l2, 0, NN_AT_LEAST(0), "times x is added to the gradient of weights")
#define PENALTIES L2, NUMBER(l1, 0, NN_AT_LEAST(0), "times the sign of x is added to the gradient of weights")
#define MOMENTUM(default_value) NUMBER(momentum, default_value, SHARE, "the share of the last velocity that is kept")
#define BETAS(of_mean, of_square)                                                                                      \
    NUMBER(beta1, of_mean, SHARE, "the share of the last mean that is kept"),                                          \
        NUMBER(beta2, of_square, SHARE, "the same for squares; lion: for its mean")
#define EPSILON(default_value) NUMBER(epsilon, default_value, NN_ABOVE(0), "added to a root")
#define ACCUMULATOR NUMBER(initial_accumulator, 0.1, NN_ABOVE(0), "what the sum of squares begins with")

#define ROW(row, its_name, its_formula, its_source, its_fields, ...)                                                   \
    const nn_optimiser row = {.name = (its_name),                                                                      \
                              .formula = (its_formula),                                                                \
                              .source = (its_source),                                                                  \
                              .fields = NN_FIELDS(its_fields),                                                         \
                              __VA_ARGS__}

static const nn_field descent_fields[] = {RATE(0.05), DECAY(0), PENALTIES};
ROW(nn_gradient_descent, "gradient_descent", "x <- x - a g", "Cauchy 1847; rate: TensorFlow's DNNClassifier",
    descent_fields, .update = descend);

static const nn_field momentum_fields[] = {RATE(0.01), DECAY(0), PENALTIES, MOMENTUM(0.9)};
ROW(nn_momentum, "momentum", "v <- momentum v + g; x <- x - a v", "Polyak 1964; Sutskever et al. 2013; rate: Keras",
    momentum_fields, .slots = velocity, .update = descend_with_momentum);
ROW(nn_nesterov, "nesterov", "v <- momentum v + g; x <- x - a (g + momentum v)",
    "Nesterov 1983; Sutskever et al. 2013; rate: Keras", momentum_fields, .slots = velocity, .update = descend_ahead);

static const nn_field adagrad_fields[] = {RATE(0.05), ACCUMULATOR, DECAY(0), PENALTIES,
                                          NUMBER(epsilon, 0, NN_AT_LEAST(0), "added to a root")};
ROW(nn_adagrad, "adagrad", "s <- s + g^2; x <- x - a g / (sqrt(s) + epsilon)",
    "Duchi, Hazan, Singer 2011; rate: TensorFlow's DNNClassifier", adagrad_fields, .slots = adagrad_slots,
    .update = by_adagrad);

static const nn_field rmsprop_fields[] = {
    RATE(0.001),
    DECAY(0),
    PENALTIES,
    NUMBER(rho, 0.9, SHARE, "the share of the last mean of squares that is kept"),
    MOMENTUM(0),
    EPSILON(1e-7),
    SWITCH(epsilon_inside, "epsilon is added inside the root"),
    SWITCH(centred, "by the variance of gradients, not the mean of their squares")};
ROW(nn_rmsprop, "rmsprop",
    "s <- rho s + (1 - rho) g^2; x <- x - a g / (sqrt(s) + epsilon). epsilon_inside: / sqrt(s + epsilon). centred: s - "
    "m^2 in the root, m <- rho m + (1 - rho) g. momentum: v <- momentum v + g / (...); x <- x - a v",
    "Tieleman, Hinton 2012, lecture 6.5; centred: Graves 2013; rate: Keras", rmsprop_fields, .slots = rmsprop_slots,
    .update = by_rmsprop);

#define ADAM_FORMULA                                                                                                   \
    "m <- beta1 m + (1 - beta1) g; s <- beta2 s + (1 - beta2) g^2; x <- x - a M / (sqrt(S) + epsilon), M = m / (1 - "  \
    "beta1^t), S = s / (1 - beta2^t)"
#define EPSILON_HAT SWITCH(epsilon_hat, "epsilon is added before the root is corrected")
static const nn_field adam_fields[] = {RATE(0.001), DECAY(0), PENALTIES, BETAS(0.9, 0.999), EPSILON(1e-8), EPSILON_HAT};
ROW(nn_adam, "adam", ADAM_FORMULA ". epsilon_hat: x <- x - a sqrt(1 - beta2^t) / (1 - beta1^t) m / (sqrt(s) + epsilon)",
    "Kingma, Ba 2015", adam_fields, .slots = adam_slots, .counter = "Adam_step", .update = by_adam);

static const nn_field adamw_fields[] = {RATE(0.001),       DECAY(0.01),   PENALTIES,
                                        BETAS(0.9, 0.999), EPSILON(1e-8), EPSILON_HAT};
ROW(nn_adamw, "adamw", "x <- (1 - a decay) x; then adam", "Loshchilov, Hutter 2019", adamw_fields, .slots = adam_slots,
    .counter = "Adam_step", .update = by_adam);

static const nn_field adamax_fields[] = {RATE(0.002), DECAY(0), PENALTIES, BETAS(0.9, 0.999), EPSILON(1e-8)};
ROW(nn_adamax, "adamax",
    "m <- beta1 m + (1 - beta1) g; u <- max(beta2 u, |g| + epsilon); x <- x - a / (1 - beta1^t) m / u",
    "Kingma, Ba 2015, section 7", adamax_fields, .slots = adamax_slots, .counter = "Adamax_step", .update = by_adamax);

static const nn_field nadam_fields[] = {
    RATE(0.002),       DECAY(0),      PENALTIES,
    BETAS(0.9, 0.999), EPSILON(1e-8), NUMBER(momentum_decay, 0.004, NN_ABOVE(0), "how fast the momentum grows")};
ROW(nn_nadam, "nadam",
    "m, s, S as adam; x <- x - a (b m / (1 - P b) + (1 - c) g / (1 - P)) / (sqrt(S) + epsilon), c and b the momentum "
    "beta1 (1 - 0.96^(t momentum_decay) / 2) of step t and of step t + 1, P the product of all up to t",
    "Dozat 2016; rate: PyTorch", nadam_fields, .slots = nadam_slots, .counter = "NAdam_step",
    .carried = "NAdam_product", .carry = nadam_product, .update = by_nadam);

static const nn_field lion_fields[] = {RATE(0.0001), DECAY(0), PENALTIES, BETAS(0.9, 0.99)};
ROW(nn_lion, "lion", "x <- x - a sign(beta1 m + (1 - beta1) g); m <- beta2 m + (1 - beta2) g",
    "Chen et al. 2023; rate: the authors' program", lion_fields, .slots = lion_slots, .update = by_lion);

static const nn_field ftrl_fields[] = {RATE(0.001), ACCUMULATOR,
                                       NUMBER(l2, 0, NN_AT_LEAST(0), "the penalty on squares of weights"),
                                       NUMBER(l1, 0, NN_AT_LEAST(0), "the penalty on sizes of weights"),
                                       SWITCH(from_zero, "the first step forgets what x was")};
ROW(nn_ftrl, "ftrl",
    "r = sqrt(s + g^2); z <- z + g - (r / a - sqrt(s) / A) x, A the rate of the step before; s <- s + g^2; x <- 0 "
    "where |z| <= l1, else (sign(z) l1 - z) / (r / a + 2 l2)",
    "McMahan et al. 2013; rate: Keras", ftrl_fields, .slots = ftrl_slots, .counter = "FTRL_step",
    .carried = "FTRL_rate", .carry = ftrl_rate, .update = by_ftrl, .own_penalties = true);

#define FIRST_STEP                                                                                                     \
    {                                                                                                                  \
        .high = 1e6, .above_low = true                                                                                 \
    }
static const nn_field lbfgs_fields[] = {NUMBER(rate, 1, FIRST_STEP, "the step that is tried first"),
                                        L2,
                                        {.name = "history",
                                         .meaning = "how many pairs of steps and changes of the gradient are kept",
                                         .type = NN_FIELD_INTEGER,
                                         .offset = offsetof(nn_optimiser_options, history),
                                         .standard = 10,
                                         .range = NN_FROM_TO(NN_LBFGS_LEAST_HISTORY, NN_LBFGS_MOST_HISTORY)}};
ROW(nn_lbfgs, "lbfgs",
    "x <- x + a d, d by the two-loop recursion over the last pairs s of steps and y of changes of the gradient, scaled "
    "by s'y / y'y; a by a line search for the strong Wolfe conditions, or fixed",
    "Nocedal, Wright 2006, algorithms 7.4, 3.5, 3.6", lbfgs_fields, .search = nn_lbfgs_search);

static const nn_optimiser *const rows[] = {
    &nn_gradient_descent, &nn_momentum, &nn_nesterov, &nn_adagrad, &nn_rmsprop, &nn_adam, &nn_adamw,
    &nn_adamax,           &nn_nadam,    &nn_lion,     &nn_ftrl,    &nn_lbfgs};

size_t nn_optimiser_count(void) { return sizeof rows / sizeof rows[0]; }

const nn_optimiser *nn_optimiser_at(size_t index) { return index < nn_optimiser_count() ? rows[index] : NULL; }

const nn_optimiser *nn_optimiser_named(const char *name)
{
    for (size_t i = 0; name && i < nn_optimiser_count(); i++)
        if (!strcmp(rows[i]->name, name))
            return rows[i];
    return NULL;
}
