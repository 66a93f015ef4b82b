/* Every row of the table of operators, whatever it is: its gradients at both orders, its types, its processors'
 * kernels, and what it refuses. A row that is added is tested by that alone. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/check.h"
#include "../support/checker.h"

/* ---- The calls to test --------------------------------------------------------------------------------------- */

enum { MAX_PLACES = 4096 };

/* A row and one of its samples. */
typedef struct place {
    const ad_operator *row;
    int sample;
} place;

/* What a loop test counts over. */
typedef struct place_list {
    int n;
    place at[MAX_PLACES];
} place_list;

static place_list differentiable, unary, binary, stopping, constant;

static void append(place_list *list, const ad_operator *row, int sample)
{
    if (list->n < MAX_PLACES)
        list->at[list->n++] = (place){row, sample};
}

static bool takes_reals_only(const ad_operator *row)
{
    for (int i = 0; i < row->arity; i++)
        if (checker_letter(row, i) == 'i')
            return false;
    return true;
}

/* What takes one operand in both places; a matrix and a vector cannot be one. */
static bool takes_operands_of_one_rank(const ad_operator *row)
{
    return row->arity == 2 && row->samples[0].x[0].rank == row->samples[0].x[1].rank;
}

/* Whether one tensor can stand in both places: an LSTM cell's gates are four times as wide as the cell. */
static bool takes_equal_shapes(const ad_operator *row)
{
    ad_tape *t = ad_tape_open(NULL);
    const checker_call call = checker_call_of(row, 0);
    const ad_tensor x[] = {ad_input(t, AD_F64, AD_SHAPE(3, 3), NULL), ad_input(t, AD_F64, AD_SHAPE(3, 3), NULL)};
    ad_tensor y[AD_MAX_RESULTS];
    ad_apply(t, row, x, 2, call.attributes, y);
    const bool takes = ad_status_of(t) != AD_BAD_SHAPE;
    ad_tape_close(t);
    return takes;
}

static void list_row(const ad_operator *row)
{
    const bool has_rule = !(row->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS));
    if (!checker_is_asked(row->name))
        return;
    for (int k = 0; k < row->n_samples; k++) {
        if (has_rule)
            append(&differentiable, row, k);
        if (has_rule && row->arity == 1)
            append(&unary, row, k);
        if (row->properties & AD_NOT_DIFFERENTIABLE)
            append(&constant, row, k);
        if (row->properties & AD_STOPS)
            append(&stopping, row, k);
    }
    if (has_rule && takes_operands_of_one_rank(row) && takes_reals_only(row) && takes_equal_shapes(row))
        append(&binary, row, 0);
}

/* Calls wide enough for a kernel's vectors and their remainders, with operands that stand still beside ones that
 * move. */
enum { WIDE_CALLS = 3 };

static bool wide_elementwise(checker_call *call, int k)
{
    static const ad_shape others[WIDE_CALLS] = {{2, {3, 67}}, {1, {67}}, {0}};
    call->n_x = call->row->arity;
    for (int i = 0; i < call->n_x; i++)
        call->x[i] = i == 0 ? AD_SHAPE(3, 67) : others[k];
    return k == 0 || call->n_x > 1;
}

/* A view has no kernel, and may ask for axes of size 1. */
static bool wide_along_axes(checker_call *call, int k)
{
    const int axis = k == 0 ? 1 : 0;
    const ad_attribute_spec *spec = &call->row->attributes[0];
    if (k > 1 || (spec->kind == AD_ATTRIBUTE_AXES && call->row->arity != 1) || call->row->properties & AD_VIEW)
        return false;
    if (spec->kind == AD_ATTRIBUTE_AXES)
        call->attributes[0].axes = AD_AXES(axis);
    else if (spec->kind == AD_ATTRIBUTE_INTEGER && !strcmp(spec->name, "axis"))
        call->attributes[0].integer = axis;
    else
        return false;
    call->n_x = call->row->arity;
    for (int i = 0; i < call->n_x; i++)
        call->x[i] = AD_SHAPE(5, 67);
    return true;
}

/* The k-th call of a row: its samples, then the wide ones; false past the end, and `n_x` -1 where there is no such
 * call. */
static bool call_at(const ad_operator *row, int k, checker_call *call)
{
    if (k < row->n_samples) {
        *call = checker_call_of(row, k);
        return true;
    }
    k -= row->n_samples;
    if (k >= WIDE_CALLS)
        return false;
    *call = checker_call_of(row, 0);
    if (!(row->properties & AD_ELEMENTWISE ? wide_elementwise(call, k) : wide_along_axes(call, k)))
        call->n_x = -1;
    return true;
}

static void make_operands(ad_tape *t, ad_type type, const checker_call *call, uint64_t seed, ad_tensor x[])
{
    static checker_numbers numbers;
    checker_draw(call, seed, &numbers);
    for (int i = 0; i < call->n_x; i++)
        x[i] = checker_input(t, type, call, &numbers, i);
}

/* Applies a call to operands of a type; a row without operands makes its result in that type. */
static void record(ad_tape *t, ad_type type, const checker_call *call, ad_tensor y[AD_MAX_RESULTS])
{
    ad_tensor x[CHECKER_OPERANDS];
    ad_attribute attributes[AD_MAX_ATTRIBUTES];
    memcpy(attributes, call->attributes, sizeof attributes);
    for (int a = 0; a < AD_MAX_ATTRIBUTES && call->n_x == 0; a++)
        if (call->row->attributes[a].kind == AD_ATTRIBUTE_TYPE && attributes[a].integer == AD_F64)
            attributes[a].integer = type;
    make_operands(t, type, call, 0, x);
    ad_apply(t, call->row, x, call->n_x, attributes, y);
}

/* Computes a call and writes all its results into `out`; how many numbers they are, -1 if the tape is in error. */
static int forward(ad_type type, const checker_call *call, double out[CHECKER_NUMBERS])
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor y[AD_MAX_RESULTS];
    int n = 0;
    record(t, type, call, y);
    for (int j = 0; j < checker_result_count(call->row); j++)
        for (size_t i = 0; i < ad_size_of(y[j]) && n < CHECKER_NUMBERS; i++)
            out[n++] = number_at(y[j], i);
    n = ad_status_of(t) == AD_OK ? n : -1;
    ad_tape_close(t);
    return n;
}

/* The largest difference of two arrays, relative to the largest number. The same NaN or infinity on both sides is
 * none. */
static double difference(const double *a, const double *b, int n)
{
    double largest = 0, off = 0;
    for (int i = 0; i < n; i++) {
        if (a[i] == b[i] || (isnan(a[i]) && isnan(b[i]))) {
            largest = isfinite(a[i]) ? fmax(largest, fabs(a[i])) : largest;
            continue;
        }
        if (!isfinite(a[i]) || !isfinite(b[i]))
            return INFINITY;
        largest = fmax(largest, fmax(fabs(a[i]), fabs(b[i])));
        off = fmax(off, fabs(a[i] - b[i]));
    }
    return off > 0 ? off / largest : 0;
}

/* ---- Rows are complete --------------------------------------------------------------------------------------- */

START_TEST(row_is_complete)
{
    const ad_operator *row = ad_operator_at((size_t)_i);
    ck_assert_ptr_nonnull(row->name);
    ck_assert_msg(row->n_samples > 0, "%s has no samples", row->name);
    ck_assert_msg(row->formula && row->formula[0], "%s has no formula", row->name);
    ck_assert_msg(row->gradient && row->gradient[0], "%s has no gradient text", row->name);
    ck_assert_ptr_eq(ad_operator_named(row->name), row);
    if (_i > 0)
        ck_assert_msg(strcmp(ad_operator_at((size_t)_i - 1)->name, row->name) < 0, "%s is out of order", row->name);
}
END_TEST

/* Whether a sample has an operand or, by its attribute, a result without elements; rank 0 alone; sizes that
 * broadcast. */
static bool has_empty(const checker_call *call)
{
    bool empty = false;
    for (int i = 0; i < call->n_x; i++)
        empty = empty || checker_size(&call->x[i]) == 0;
    for (int a = 0; a < AD_MAX_ATTRIBUTES; a++)
        if (call->row->attributes[a].kind == AD_ATTRIBUTE_SHAPE)
            empty = empty || checker_size(&call->attributes[a].shape) == 0;
    return empty;
}

static bool is_all_scalar(const checker_call *call)
{
    bool scalar = true;
    for (int i = 0; i < call->n_x; i++)
        scalar = scalar && call->x[i].rank == 0;
    return scalar;
}

static bool broadcasts(const checker_call *call)
{
    for (int i = 1; i < call->n_x; i++)
        if (checker_size(&call->x[i]) != checker_size(&call->x[0]))
            return true;
    return false;
}

/* A check shows only what its samples reach. */
START_TEST(samples_reach_the_edges)
{
    const ad_operator *row = ad_operator_at((size_t)_i);
    const bool elementwise = row->properties & AD_ELEMENTWISE;
    bool empty = false, scalar = !elementwise, wide = !elementwise || row->arity < 2;
    for (int k = 0; k < row->n_samples; k++) {
        const checker_call call = checker_call_of(row, k);
        ck_assert_msg(row->arity == AD_VARIADIC || call.n_x == row->arity, "%s: sample %d has %d operands", row->name,
                      k, call.n_x);
        empty = empty || has_empty(&call);
        scalar = scalar || is_all_scalar(&call);
        wide = wide || broadcasts(&call);
    }
    ck_assert_msg(empty, "%s has no sample of size zero", row->name);
    ck_assert_msg(scalar, "%s has no sample of rank 0", row->name);
    ck_assert_msg(wide, "%s has no sample that broadcasts", row->name);
}
END_TEST

/* ---- Gradients ----------------------------------------------------------------------------------------------- */

START_TEST(gradients)
{
    const place p = differentiable.at[_i];
    const checker_call call = checker_call_of(p.row, p.sample);
    const char *wrong = checker_gradients(&call);
    ck_assert_msg(!wrong[0], "%s, sample %d: %s", p.row->name, p.sample, wrong);
}
END_TEST

/* op(x, x): both places of one tensor, which gets both contributions. */
START_TEST(same_operand_in_both_places)
{
    const place p = binary.at[_i];
    checker_call call = checker_call_of(p.row, p.sample);
    call.x[0] = call.x[1] = AD_SHAPE(3, 3);
    call.same_operand = true;
    const char *wrong = checker_gradients(&call);
    ck_assert_msg(!wrong[0], "%s(x, x): %s", p.row->name, wrong);
}
END_TEST

/* A result may share its operand's data, and a gradient its operand's gradient's: through chains of these all stays
 * right. */
START_TEST(between_views)
{
    const place p = unary.at[_i];
    checker_call call = checker_call_of(p.row, p.sample);
    call.between_views = true;
    const char *wrong = checker_gradients(&call);
    ck_assert_msg(!wrong[0], "%s, sample %d, between views: %s", p.row->name, p.sample, wrong);
}
END_TEST

/* The operands of a row that stops gradients get none, though its result is used. */
START_TEST(stops_gradients)
{
    const place p = stopping.at[_i];
    const checker_call call = checker_call_of(p.row, p.sample);
    static checker_numbers numbers;
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x[AD_SAMPLE_OPERANDS], y[AD_MAX_RESULTS], other = ad_param(t, AD_F64, AD_SCALAR, NULL, "other");
    checker_draw(&call, 0, &numbers);
    for (int i = 0; i < call.n_x; i++)
        x[i] = ad_param(t, AD_F64, call.x[i], numbers.at + numbers.first[i], "x");
    ad_apply(t, p.row, x, call.n_x, call.attributes, y);
    ad_backward_with(ad_add(other, ad_sum(y[0])), &(ad_backward_options){.differentiable = true});
    ck_assert_msg(ad_status_of(t) == AD_OK, "%s: %s", p.row->name, ad_message(t));
    ck_assert(ad_has_gradient(other));
    for (int i = 0; i < call.n_x; i++)
        ck_assert_msg(!ad_has_gradient(x[i]), "%s lets a gradient pass to operand %d", p.row->name, i);
    ck_assert_int_eq(ad_backward(ad_sum(y[0])), AD_BAD_STATE);
    ad_tape_close(t);
}
END_TEST

/* A row that is not differentiable computes results of the shape that its attribute asks for; nothing there wants a
 * gradient. */
START_TEST(not_differentiable)
{
    const place p = constant.at[_i];
    const checker_call call = checker_call_of(p.row, p.sample);
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor y[AD_MAX_RESULTS];
    record(t, AD_F64, &call, y);
    ck_assert_msg(ad_status_of(t) == AD_OK, "%s: %s", p.row->name, ad_message(t));
    for (int a = 0; a < AD_MAX_ATTRIBUTES; a++) {
        const ad_shape want = call.attributes[a].shape, got = ad_shape_of(y[0]);
        if (p.row->attributes[a].kind != AD_ATTRIBUTE_SHAPE)
            continue;
        ck_assert_int_eq(got.rank, want.rank);
        ck_assert(!memcmp(got.dims, want.dims, (size_t)want.rank * sizeof want.dims[0]));
    }
    ck_assert_int_eq(ad_backward(ad_sum(ad_cast(y[0], AD_F64))), AD_BAD_STATE);
    ad_tape_close(t);
}
END_TEST

/* ---- Types --------------------------------------------------------------------------------------------------- */

START_TEST(f32_as_f64)
{
    const ad_operator *row = ad_operator_at((size_t)_i);
    static double narrow[CHECKER_NUMBERS], wide[CHECKER_NUMBERS];
    checker_call call;
    for (int k = 0; call_at(row, k, &call); k++) {
        if (call.n_x < 0)
            continue;
        const int n = forward(AD_F64, &call, wide);
        ck_assert_msg(n >= 0, "%s, call %d fails in f64", row->name, k);
        ck_assert_msg(forward(AD_F32, &call, narrow) == n, "%s, call %d fails in f32", row->name, k);
        const double off = difference(narrow, wide, n);
        ck_assert_msg(off <= 1e-5, "%s, call %d: f32 and f64 differ by %.3g", row->name, k, off);
    }
}
END_TEST

/* The result of real operands is of their type, unless an attribute names one, or it is truth or places. */
START_TEST(results_have_the_type_of_the_operands)
{
    const ad_operator *row = ad_operator_at((size_t)_i);
    const checker_call call = checker_call_of(row, 0);
    for (int a = 0; a < AD_MAX_ATTRIBUTES; a++)
        if (row->attributes[a].kind == AD_ATTRIBUTE_TYPE)
            return;
    for (int type = AD_F32; type <= AD_F64; type++) {
        ad_tape *t = ad_tape_open(NULL);
        ad_tensor y[AD_MAX_RESULTS];
        record(t, (ad_type)type, &call, y);
        const bool is_index = row->properties & AD_NOT_DIFFERENTIABLE && ad_type_of(y[0]) == AD_I32;
        ck_assert_msg(is_index || ad_type_of(y[0]) == (ad_type)type, "%s of %s gives %s", row->name,
                      ad_type_name((ad_type)type), ad_type_name(ad_type_of(y[0])));
        ad_tape_close(t);
    }
}
END_TEST

/* ---- Processors ---------------------------------------------------------------------------------------------- */

/* A process chooses its kernels once, at its first tape. So before this one opens any, a child for each processor
 * computes every call of every row, in both types, and sends the numbers: for each row how many they are, then the
 * numbers. */
static const char *const processors[] = {"baseline", "avx2", "avx512"};
enum { N_PROCESSORS = COUNT(processors), ROW_NUMBERS = 16384 };

/* What the child of a processor sent for each row; NULL where it died before. */
static double **sent[N_PROCESSORS];
static int *n_sent[N_PROCESSORS];

static int row_forward(const ad_operator *row, double out[ROW_NUMBERS])
{
    checker_call call;
    int n = 0;
    for (int k = 0; call_at(row, k, &call); k++) {
        for (int type = AD_F32; type <= AD_F64 && call.n_x >= 0 && n + CHECKER_NUMBERS <= ROW_NUMBERS; type++) {
            const int more = forward((ad_type)type, &call, out + n);
            n += more > 0 ? more : 0;
        }
    }
    return n;
}

static void send_all(FILE *pipe_end)
{
    static double numbers[ROW_NUMBERS];
    for (size_t i = 0; i < ad_operator_count(); i++) {
        const int n = row_forward(ad_operator_at(i), numbers);
        fwrite(&n, sizeof n, 1, pipe_end);
        fwrite(numbers, sizeof *numbers, (size_t)n, pipe_end);
    }
    fclose(pipe_end);
}

static void receive_all(FILE *pipe_end, int p)
{
    sent[p] = calloc(ad_operator_count(), sizeof *sent[p]);
    n_sent[p] = calloc(ad_operator_count(), sizeof *n_sent[p]);
    for (size_t i = 0; sent[p] && n_sent[p] && i < ad_operator_count(); i++) {
        int n = 0;
        if (fread(&n, sizeof n, 1, pipe_end) != 1 || !(sent[p][i] = malloc(((size_t)n + 1) * sizeof **sent[p])))
            break;
        n_sent[p][i] = (int)fread(sent[p][i], sizeof **sent[p], (size_t)n, pipe_end);
    }
    fclose(pipe_end);
}

static void run_processor(int p)
{
    int ends[2];
    if (pipe(ends))
        return;
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        setenv("AD_PROCESSOR", processors[p], 1);
        send_all(fdopen(ends[1], "w"));
        _exit(0);
    }
    close(ends[1]);
    receive_all(fdopen(ends[0], "r"), p);
    if (child > 0)
        waitpid(child, NULL, 0);
}

static void free_sent(void)
{
    for (int p = 0; p < N_PROCESSORS; p++) {
        for (size_t i = 0; sent[p] && i < ad_operator_count(); i++)
            free(sent[p][i]);
        free(sent[p]);
        free(n_sent[p]);
    }
}

/* A processor that this machine lacks gives the numbers of the best one it has, which agree too. */
START_TEST(processors_agree)
{
    const ad_operator *row = ad_operator_at((size_t)_i);
    for (int p = 0; p < N_PROCESSORS; p++) {
        ck_assert_msg(sent[p] && sent[p][_i] && n_sent[p][_i] > 0, "%s: nothing came from %s", row->name,
                      processors[p]);
        ck_assert_int_eq(n_sent[p][_i], n_sent[0][_i]);
        const double off = difference(sent[p][_i], sent[0][_i], n_sent[0][_i]);
        ck_assert_msg(off <= 1e-6, "%s: %s and %s differ by %.3g", row->name, processors[p], processors[0], off);
    }
}
END_TEST

/* ---- What rows refuse ---------------------------------------------------------------------------------------- */

/* A call whose operands are all good but one. */
typedef struct refusal {
    ad_tape *tape;
    checker_call call;
    ad_tensor x[AD_SAMPLE_OPERANDS];
} refusal;

static refusal good_call(const ad_operator *row)
{
    refusal r = {.tape = ad_tape_open(NULL), .call = checker_call_of(row, 0)};
    make_operands(r.tape, AD_F64, &r.call, 0, r.x);
    return r;
}

static void assert_works(const refusal *r)
{
    ad_tensor y[AD_MAX_RESULTS];
    ad_apply(NULL, r->call.row, r->x, r->call.n_x, r->call.attributes, y);
    ck_assert_msg(ad_status_of(r->tape) == AD_OK, "%s: the tape is not usable again: %s", r->call.row->name,
                  ad_message(r->tape));
    ck_assert(!ad_is_inert(y[0]));
}

static void assert_message(ad_tape *t, const ad_operator *row, ad_status status, const char *fragment)
{
    const size_t n = strlen(row->name);
    ck_assert_msg(ad_status_of(t) == status, "%s: the status is %s instead of %s: %s", row->name,
                  ad_status_name(ad_status_of(t)), ad_status_name(status), ad_message(t));
    ck_assert_msg(!strncmp(ad_message(t), row->name, n) && ad_message(t)[n] == ':', "does not begin with %s: %s",
                  row->name, ad_message(t));
    ck_assert_msg(strstr(ad_message(t), fragment) != NULL, "%s: the message does not say '%s': %s", row->name, fragment,
                  ad_message(t));
}

/* With `bad` as operand i the call is refused, records nothing, and leaves a tape that works once the error is
 * cleared. */
static void assert_refuses(const refusal *r, int i, ad_tensor bad, ad_status status, const char *fragment)
{
    ad_tensor x[AD_SAMPLE_OPERANDS], y[AD_MAX_RESULTS];
    const size_t before = ad_entry_count(r->tape);
    memcpy(x, r->x, sizeof x);
    x[i] = bad;
    ad_apply(NULL, r->call.row, x, r->call.n_x, r->call.attributes, y);
    for (int j = 0; j < checker_result_count(r->call.row); j++)
        ck_assert_msg(ad_is_inert(y[j]), "%s gives a result for a bad operand %d", r->call.row->name, i);
    assert_message(r->tape, r->call.row, status, fragment);
    ck_assert_uint_eq(ad_entry_count(r->tape), before);
    ck_assert_int_eq(ad_clear_error(r->tape), status);
    ck_assert_str_eq(ad_message(r->tape), "");
    assert_works(r);
}

START_TEST(refuses_inert_operands)
{
    const ad_operator *row = ad_operator_at((size_t)_i);
    refusal r = good_call(row);
    for (int i = 0; i < r.call.n_x; i++) {
        char which[32];
        snprintf(which, sizeof which, "operand %d", i);
        assert_refuses(&r, i, (ad_tensor){.tape = r.tape}, AD_BAD_HANDLE, which);
        if (r.call.n_x > 1)
            assert_refuses(&r, i, (ad_tensor){0}, AD_BAD_HANDLE, "inert");
    }
    ad_tape_close(r.tape);
}
END_TEST

/* A lone handle of zeros has no tape to put into error: the result is inert, and that is all. */
START_TEST(zero_handles_without_a_tape)
{
    const ad_operator *row = ad_operator_at((size_t)_i);
    const checker_call call = checker_call_of(row, 0);
    const ad_tensor x[AD_SAMPLE_OPERANDS] = {{0}};
    ad_tensor y[AD_MAX_RESULTS];
    ad_apply(NULL, row, x, call.n_x, call.attributes, y);
    ck_assert_msg(ad_is_inert(y[0]), "%s makes something from nothing", row->name);
}
END_TEST

START_TEST(refuses_operands_of_another_tape)
{
    const ad_operator *row = ad_operator_at((size_t)_i);
    refusal r = good_call(row), other = good_call(row);
    for (int i = 0; i < r.call.n_x && r.call.n_x > 1; i++) {
        ad_tensor x[AD_SAMPLE_OPERANDS], y[AD_MAX_RESULTS];
        memcpy(x, r.x, sizeof x);
        x[i] = other.x[i];
        ad_apply(NULL, row, x, r.call.n_x, r.call.attributes, y);
        ck_assert(ad_is_inert(y[0]));
        assert_message(r.tape, row, AD_BAD_HANDLE, "another tape");
        assert_message(other.tape, row, AD_BAD_HANDLE, "another tape");
        ad_clear_error(r.tape);
        ad_clear_error(other.tape);
        assert_works(&r);
        assert_works(&other);
    }
    ad_tape_close(r.tape);
    ad_tape_close(other.tape);
}
END_TEST

/* After a reset, when other entries are in the slots of the old ones. */
START_TEST(refuses_stale_operands)
{
    const ad_operator *row = ad_operator_at((size_t)_i);
    refusal r = good_call(row);
    ad_tensor stale[AD_SAMPLE_OPERANDS];
    memcpy(stale, r.x, sizeof stale);
    ad_reset(r.tape);
    make_operands(r.tape, AD_F64, &r.call, 0, r.x);
    for (int i = 0; i < r.call.n_x; i++)
        assert_refuses(&r, i, stale[i], AD_BAD_HANDLE, "stale");
    ad_tape_close(r.tape);
}
END_TEST

static bool must_agree(const ad_operator *row, int i)
{
    return checker_letter(row, i) == 'r' || checker_letter(row, i) == 's';
}

/* How many operands must be of one type. */
static int count_agreeing(const checker_call *call)
{
    int n = 0;
    for (int i = 0; i < call->n_x; i++)
        n += must_agree(call->row, i);
    return n;
}

START_TEST(refuses_wrong_types)
{
    const ad_operator *row = ad_operator_at((size_t)_i);
    refusal r = good_call(row);
    for (int i = 0; i < r.call.n_x; i++) {
        const char letter = checker_letter(row, i);
        if (letter == 'r')
            assert_refuses(&r, i, ad_input(r.tape, AD_I32, r.call.x[i], NULL), AD_BAD_TYPE, "ad_cast");
        if (must_agree(row, i) && count_agreeing(&r.call) > 1)
            assert_refuses(&r, i, ad_input(r.tape, AD_F32, r.call.x[i], NULL), AD_BAD_TYPE, "ad_cast");
        if (letter == 'i')
            assert_refuses(&r, i, ad_input(r.tape, AD_F64, r.call.x[i], NULL), AD_BAD_TYPE, "i32");
    }
    ad_tape_close(r.tape);
}
END_TEST

START_TEST(refuses_a_wrong_number_of_operands)
{
    const ad_operator *row = ad_operator_at((size_t)_i);
    refusal r = good_call(row);
    ad_tensor x[AD_SAMPLE_OPERANDS + 1], y[AD_MAX_RESULTS];
    for (int i = 0; i <= AD_SAMPLE_OPERANDS; i++)
        x[i] = r.call.n_x ? r.x[0] : ad_scalar(r.tape, 0);
    ad_apply(r.tape, row, x, r.call.n_x + 1, r.call.attributes, y);
    if (row->arity != AD_VARIADIC) {
        ck_assert(ad_is_inert(y[0]));
        assert_message(r.tape, row, AD_BAD_VALUE, "operands");
    }
    ad_tape_close(r.tape);
}
END_TEST

/* ---- The suite ----------------------------------------------------------------------------------------------- */

static TCase *make_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);
    suite_add_tcase(suite, tests);
    return tests;
}

static Suite *make_suite(int rows)
{
    Suite *suite = suite_create("operators");
    TCase *table = make_case(suite, "table"), *rules = make_case(suite, "gradients"),
          *values = make_case(suite, "values"), *refusals = make_case(suite, "refusals");
    tcase_add_loop_test(table, row_is_complete, 0, rows);
    tcase_add_loop_test(table, samples_reach_the_edges, 0, rows);
    tcase_add_loop_test(rules, gradients, 0, differentiable.n);
    tcase_add_loop_test(rules, same_operand_in_both_places, 0, binary.n);
    tcase_add_loop_test(rules, between_views, 0, unary.n);
    tcase_add_loop_test(rules, stops_gradients, 0, stopping.n);
    tcase_add_loop_test(rules, not_differentiable, 0, constant.n);
    tcase_add_loop_test(values, f32_as_f64, 0, rows);
    tcase_add_loop_test(values, results_have_the_type_of_the_operands, 0, rows);
    tcase_add_loop_test(values, processors_agree, 0, rows);
    tcase_add_loop_test(refusals, refuses_inert_operands, 0, rows);
    tcase_add_loop_test(refusals, zero_handles_without_a_tape, 0, rows);
    tcase_add_loop_test(refusals, refuses_operands_of_another_tape, 0, rows);
    tcase_add_loop_test(refusals, refuses_stale_operands, 0, rows);
    tcase_add_loop_test(refusals, refuses_wrong_types, 0, rows);
    tcase_add_loop_test(refusals, refuses_a_wrong_number_of_operands, 0, rows);
    return suite;
}

int main(void)
{
    for (int p = 0; p < N_PROCESSORS; p++)
        run_processor(p);
    for (size_t i = 0; i < ad_operator_count(); i++)
        list_row(ad_operator_at(i));
    const int status = run_suites(srunner_create(make_suite((int)ad_operator_count())));
    free_sent();
    return differentiable.n == 0 || differentiable.n == MAX_PLACES ? EXIT_FAILURE : status;
}
