/* Each optimiser's pass over one parameter, beside a pass that only reads and writes the same bytes: x, its gradient
 * and as many slots. The two alternate; the ratio is that of their fastest passes. */
#include <argp.h>
#include <stdio.h>

#include <gradtape/gradtape.h>

#include "arguments.h"
#include "bounds.h"
#include "timing.h"

typedef struct setting {
    long elements, threads, passes;
} setting;

static double time_rule(const nn_optimiser_options *o, ad_tensor x)
{
    const double start = seconds_now();
    nn_optimiser_step(o, &x, 1);
    return seconds_now() - start;
}

static double time_touch(ad_tensor x, const ad_tensor *states, int n)
{
    const double start = seconds_now();
    ad_update_by(x, states, n, touch, NULL);
    return seconds_now() - start;
}

static bool print_rule(const nn_optimiser *rule, const setting *s)
{
    ad_tape *t = ad_tape_open(NULL);
    const ad_tensor x = ad_param(t, AD_F32, AD_SHAPE(s->elements), NULL, "x");
    const nn_optimiser_options o = nn_optimiser_resolve(&(nn_optimiser_options){.rule = rule, .rate = 1e-6});
    nn_optimiser_slot slots[AD_MAX_UPDATE_STATES];
    const int n = rule->slots ? rule->slots(&o, slots) : 0;
    ad_tensor states[AD_MAX_UPDATE_STATES];
    ad_fill_normal(x, 0, 1, 1, 2);
    ad_backward(ad_sum(ad_square(x)));
    for (int i = 0; i < n; i++)
        states[i] = ad_slot(x, i ? "touched_1" : "touched_0", 0);
    double by_rule = time_rule(&o, x), by_touch = time_touch(x, states, n);
    for (long i = 0; i < s->passes; i++) {
        const double a = time_rule(&o, x), b = time_touch(x, states, n);
        by_rule = a < by_rule ? a : by_rule;
        by_touch = b < by_touch ? b : by_touch;
    }
    const bool good = ad_status_of(t) == AD_OK;
    if (good)
        printf("%-17s %8.0f us %8.0f us  %.2f\n", rule->name, 1e6 * by_rule, 1e6 * by_touch, by_rule / by_touch);
    else
        fprintf(stderr, "%s\n", ad_message(t));
    ad_tape_close(t);
    return good;
}

static const struct argp_option options[] = {{"elements", 'n', "N", 0, "elements of the parameter (4000000)", 0},
                                             {"threads", 't', "N", 0, "threads (1)", 0},
                                             {"passes", 'p', "N", 0, "passes of each (60)", 0},
                                             {0}};

static error_t take(int key, char *text, struct argp_state *state)
{
    setting *s = state->input;
    switch (key) {
    case 'n': s->elements = positive_argument(text, 1000000000, "elements", state); return 0;
    case 't': s->threads = positive_argument(text, AD_MAX_THREADS, "threads", state); return 0;
    case 'p': s->passes = positive_argument(text, 1000000, "passes", state); return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char *argv[])
{
    static const struct argp parser = {
        .options = options, .parser = take, .doc = "Time each optimiser beside reading and writing its bytes."};
    setting s = {.elements = 4000000, .threads = 1, .passes = 60};
    argp_parse(&parser, argc, argv, 0, NULL, &s);
    ad_set_threads((int)s.threads);
    printf("%-17s %11s %11s  ratio\n", "optimiser", "update", "bytes");
    bool good = true;
    for (size_t i = 0; good && i < nn_optimiser_count(); i++)
        if (!nn_optimiser_at(i)->search) /* lbfgs is no single pass */
            good = print_rule(nn_optimiser_at(i), &s);
    return good ? 0 : 1;
}
