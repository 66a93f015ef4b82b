/* Gradients of the two objectives of ADBench beside their units: the objectives as plain loops in C. Blocks of both
 * alternate, and the ratios are those of the fastest blocks.
 *
 * record: leaves, recording, backward and reset; replay: leaves changed, ad_replay and backward; replay of a gradient:
 * leaves changed, and ad_replay of a tape on which the gradient is recorded too (ad_grad). The first run of a block is
 * not timed: it fetches into the caches what the runs between have driven out. */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adbench_units.h"
#include "arguments.h"
#include "timing.h"

enum { BLOCKS = 100 };

typedef struct setting {
    bool is_gmm;
    const char *file, *out;
    long threads;
} setting;

/* One of the two, as the loops below see it. */
typedef struct problem {
    bool is_gmm;
    gmm gmm;
    lstm lstm;
    double (*unit)(const struct problem *p);
} problem;

static double gmm_O2(const problem *p) { return gmm_unit_O2(&p->gmm); }
static double gmm_O3(const problem *p) { return gmm_unit_O3(&p->gmm); }
static double lstm_O2(const problem *p) { return lstm_unit_O2(&p->lstm); }
static double lstm_O3(const problem *p) { return lstm_unit_O3(&p->lstm); }

static recording record(const problem *p, ad_tape *t)
{
    return p->is_gmm ? gmm_record(t, &p->gmm) : lstm_record(t, &p->lstm);
}

static bool read_problem(problem *p, const setting *s)
{
    *p = (problem){.is_gmm = s->is_gmm};
    return p->is_gmm ? gmm_read(&p->gmm, s->file) : lstm_read(&p->lstm, s->file);
}

/* ---- Timing ------------------------------------------------------------------------------------------------------ */

/* A tape that holds a recording, for replays. */
typedef struct held {
    ad_tape *tape;
    recording recorded;
} held;

/* What is timed. */
typedef struct subject {
    const problem *p;
    ad_tape *fresh;
    held value, gradient; /* only the value is recorded; its gradient too */
} subject;

static double sink;

static void run_unit(subject *s) { sink += s->p->unit(s->p); }

static void run_record(subject *s)
{
    ad_backward(record(s->p, s->fresh).loss);
    ad_reset(s->fresh);
}

static void replay(const held *h)
{
    for (int i = 0; i < h->recorded.n_leaves; i++)
        ad_assign(h->recorded.leaf[i], ad_data(h->recorded.leaf[i]));
    ad_replay(h->tape);
}

static void run_replay(subject *s)
{
    replay(&s->value);
    ad_backward(s->value.recorded.loss);
}

static void run_gradient_replay(subject *s) { replay(&s->gradient); }

static double time_block(subject *s, void (*run)(subject *s), int times)
{
    run(s);
    const double start = seconds_now();
    for (int i = 0; i < times; i++)
        run(s);
    return (seconds_now() - start) / times;
}

typedef struct figures {
    double unit, record, replay, gradient_replay;
} figures;

static figures time_all(subject *s, double (*const units[2])(const problem *p), problem *p)
{
    static double unit[2 * BLOCKS], recorded[BLOCKS], replayed[BLOCKS], gradients[BLOCKS];
    p->unit = units[0];
    const int times = 1 + (int)(0.004 / time_block(s, run_unit, 1)); /* short, so that some blocks run undisturbed */
    for (int i = 0; i < BLOCKS; i++) {
        p->unit = units[0];
        unit[2 * i] = time_block(s, run_unit, times);
        recorded[i] = time_block(s, run_record, times);
        p->unit = units[1];
        unit[2 * i + 1] = time_block(s, run_unit, times);
        replayed[i] = time_block(s, run_replay, times);
        gradients[i] = time_block(s, run_gradient_replay, times);
    }
    return (figures){timing_of(unit, 2 * BLOCKS).min, timing_of(recorded, BLOCKS).min, timing_of(replayed, BLOCKS).min,
                     timing_of(gradients, BLOCKS).min};
}

/* ---- Gradients --------------------------------------------------------------------------------------------------- */

static bool print_numbers(const recording *r, FILE *f)
{
    bool good = fprintf(f, "%.17g\n", ad_item(r->loss)) > 0;
    for (int i = 0; i < r->n_leaves; i++)
        for (size_t j = 0; j < ad_size_of(r->leaf[i]); j++)
            good = fprintf(f, "%.17g\n", ad_f64(ad_gradient(r->leaf[i]))[j]) > 0 && good;
    return good;
}

/* Writes beside the file first, so that it is never there by half. */
static bool write_gradient(const recording *r, const char *file)
{
    char part[4096];
    if ((size_t)snprintf(part, sizeof part, "%s.part", file) >= sizeof part) {
        fprintf(stderr, "adbench: the name of %s is too long\n", file);
        return false;
    }
    FILE *f = fopen(part, "w");
    bool good = f && print_numbers(r, f);
    good = f && fclose(f) == 0 && good && rename(part, file) == 0;
    if (!good) {
        fprintf(stderr, "adbench: %s: %s\n", file, strerror(errno));
        remove(part);
    }
    return good;
}

/* Whether the gradient is the known one, if there is one, and the value that of the unit. */
static bool check(const problem *p, const recording *r, const known_gradient *known, double *largest)
{
    const bool is_known = print_gradient(r, known, largest);
    const double value = p->unit(p), off = fabs(ad_item(r->loss) - value) / fabs(value);
    printf("the unit's objective is %.17g: difference %.1e\n", value, off);
    if (!(off <= 1e-12))
        fprintf(stderr, "adbench: the objective is %.17g and the unit's %.17g: they differ by more than 1e-12\n",
                ad_item(r->loss), value);
    return is_known && off <= 1e-12;
}

/* A number of JSON, which has none that are not finite. */
static const char *json_number(double x, char text[32])
{
    snprintf(text, 32, isfinite(x) ? "%.3g" : "null", x);
    return text;
}

static held hold(const problem *p)
{
    held h = {.tape = ad_tape_open(NULL)};
    h.recorded = record(p, h.tape);
    return h;
}

/* Whether the gradient that a replay of the tape computes is that of ad_backward. */
static bool replays_gradient(const held *gradient, const ad_tensor *dx, const held *value)
{
    bool same = true;
    replay(gradient);
    for (int i = 0; i < value->recorded.n_leaves; i++) {
        const ad_tensor given = ad_gradient(value->recorded.leaf[i]);
        same = same && ad_status_of(gradient->tape) == AD_OK &&
               !memcmp(ad_f64(dx[i]), ad_f64(given), ad_size_of(given) * sizeof(double));
    }
    if (!same)
        fprintf(stderr, "adbench: a replay of the recorded gradient is not the gradient of ad_backward\n");
    return same;
}

static bool are_good(const subject *s)
{
    ad_tape *const tapes[] = {s->fresh, s->value.tape, s->gradient.tape};
    bool good = true;
    for (int i = 0; i < 3; i++)
        if (ad_status_of(tapes[i]) != AD_OK) {
            fprintf(stderr, "adbench: %s\n", ad_message(tapes[i]));
            good = false;
        }
    return good;
}

static bool measure(const setting *set, problem *p, const known_gradient *known)
{
    char text[32];
    double largest = (double)NAN;
    double (*const units[2])(const problem *) = {p->is_gmm ? gmm_O2 : lstm_O2, p->is_gmm ? gmm_O3 : lstm_O3};
    p->unit = units[0];
    subject s = {.p = p, .fresh = ad_tape_open(NULL), .value = hold(p), .gradient = hold(p)};
    ad_tensor dx[MOST_LEAVES];
    ad_backward(s.value.recorded.loss);
    ad_grad(s.gradient.recorded.loss, s.gradient.recorded.leaf, s.gradient.recorded.n_leaves, dx);
    bool is_right = are_good(&s) && check(p, &s.value.recorded, known, &largest);
    const size_t peak = ad_usage_of(s.value.tape).peak_bytes;
    is_right = (!set->out || (are_good(&s) && write_gradient(&s.value.recorded, set->out))) && is_right;
    is_right = is_right && replays_gradient(&s.gradient, dx, &s.value);
    const figures f = time_all(&s, units, p);
    is_right = are_good(&s) && is_right;
    printf("{\"bench\":\"adbench\",\"objective\":\"%s\",\"threads\":%ld,\"objective_us\":%.1f,\"record_us\":%.1f,"
           "\"replay_us\":%.1f,\"gradient_replay_us\":%.1f,\"ratio_record\":%.3f,\"ratio_replay\":%.3f,"
           "\"ratio_gradient_replay\":%.3f,\"max_difference\":%s,\"peak_bytes\":%zu,\"gradient_peak_bytes\":%zu}\n",
           p->is_gmm ? "gmm" : "lstm", set->threads, 1e6 * f.unit, 1e6 * f.record, 1e6 * f.replay,
           1e6 * f.gradient_replay, f.record / f.unit, f.replay / f.unit, f.gradient_replay / f.unit,
           json_number(largest, text), peak, ad_usage_of(s.gradient.tape).peak_bytes);
    ad_tape_close(s.fresh);
    ad_tape_close(s.value.tape);
    ad_tape_close(s.gradient.tape);
    return is_right;
}

/* ---- The command line -------------------------------------------------------------------------------------------- */

static const struct argp_option options[] = {
    {"threads", 't', "T", 0, "threads of the library; default 1", 0},
    {"write-gradient", 'w', "OUT", 0, "write the objective and then its gradient, one number a line", 0},
    {0}};

static error_t take(int key, char *text, struct argp_state *state)
{
    setting *s = state->input;
    switch (key) {
    case 't': s->threads = positive_argument(text, AD_MAX_THREADS, "threads", state); return 0;
    case 'w': s->out = text; return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1)
            argp_usage(state);
        else if (state->arg_num == 1)
            s->file = text;
        else if (strcmp(text, "gmm") && strcmp(text, "lstm"))
            argp_error(state, "'%s': it must be gmm or lstm", text);
        else
            s->is_gmm = !strcmp(text, "gmm");
        return 0;
    case ARGP_KEY_END:
        if (!s->file)
            argp_usage(state);
        return 0;
    default: return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char *argv[])
{
    static const struct argp parser = {.options = options,
                                       .parser = take,
                                       .args_doc = "gmm|lstm FILE",
                                       .doc = "Time gradients of ADBench's objectives beside the objectives in C.\v"
                                              "FILE is NAME.txt; the gradient is compared with that of "
                                              "NAME.gradient.txt beside it, if there is one. The last line is JSON, "
                                              "where max_difference is null if nothing was compared. The exit status "
                                              "is 1 if something differs or fails, 2 if FILE is not right."};
    setting s = {.threads = 1};
    argp_parse(&parser, argc, argv, 0, NULL, &s);
    ad_set_threads((int)s.threads);
    problem p;
    if (!read_problem(&p, &s))
        return 2;
    known_gradient known;
    const bool is_right = read_known_gradient(s.file, &known) && measure(&s, &p, &known);
    free_known_gradient(&known);
    gmm_free(&p.gmm);
    lstm_free(&p.lstm);
    return is_right ? 0 : 1;
}
