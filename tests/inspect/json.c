/* A tape as JSON: every number is the engine's, and nothing breaks it. */
#include <math.h>
#include <sys/wait.h>

#include <gradtape/show.h>

#include "../../inspect/json.h"
#include "../support/json_reader.h"
#include "../support/one_folder.h"
#include "../support/sample_tapes.h"

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static json *write_and_read(const ad_write_options *options)
{
    const ad_shown shown = ad_write_json(t, path_of("tape.json"), options);
    ck_assert_msg(shown.status == AD_OK && !shown.message[0], "%s", shown.message);
    json *tape = json_read_file(path_of("tape.json"));
    ck_assert_int_eq(empty_folder(), 1);
    return tape;
}

static json *sample(const char *name)
{
    record_sample(t, name);
    return write_and_read(NULL);
}

static const json *tensor_of(const json *tape, const char *key, const char *text)
{
    const json *tensor = json_find(json_in(tape, "tensors"), key, text);
    ck_assert_msg(tensor != NULL, "no tensor has the %s %s", key, text);
    return tensor;
}

static const json *named(const json *tape, const char *name) { return tensor_of(tape, "name", name); }

/* The numbers of a value, a gradient or a part. */
static void expect_exact(const json *owner, const char *key, const double *numbers, size_t n)
{
    const json *exact = json_in(json_in(owner, key), "exact");
    ck_assert_int_eq(exact->n, (int)n);
    for (size_t i = 0; i < n; i++)
        ck_assert_double_eq_tol(json_number(json_at(exact, (int)i)), numbers[i], 1e-6);
}
#define EXPECT_EXACT(owner, key, ...) expect_exact(owner, key, NUMBERS(__VA_ARGS__))

static bool same(double a, double b) { return a == b ? signbit(a) == signbit(b) : isnan(a) && isnan(b); }

/* ---- The fixtures of the specification --------------------------------------------------------------------------- */

static const json *part_of(const json *tape, const char *of, const char *from, int place)
{
    for (const json *part = json_in(tape, "parts")->first; part; part = part->next)
        if (json_has(part, "from") && strcmp(json_text(json_in(part, "of")), of) == 0 &&
            strcmp(json_text(json_in(part, "from")), from) == 0 && json_number(json_in(part, "place")) == place)
            return part;
    ck_abort_msg("there is no part of %s from place %d of %s", of, place, from);
    return NULL;
}

static void expect_part(const json *tape, const char *of, const char *from, int place, const double numbers[3])
{
    const json *part = part_of(tape, of, from, place);
    expect_exact(part, "part", &numbers[2], 1);
    ck_assert_double_eq_tol(json_number(json_in(part, "local")), numbers[1], 1e-6);
    ck_assert_double_eq_tol(json_number(json_at(json_in(json_at(json_in(part, "upstream"), 0), "exact"), 0)),
                            numbers[0], 1e-6);
}

START_TEST(the_formula)
{
    json *tape = sample("formula");
    static const char *const names[] = {"x", "w", "s", "p", "q", "r", "y"};
    static const double values[] = {3, -2, 6, 18, -36, -0.72, -0.616909};
    static const double gradients[] = {-0.297323, 0.222992, -0.0743307, -0.0247769, 0.0123885, 0.619423, 1};
    for (int i = 0; i < COUNT(names); i++) {
        expect_exact(named(tape, names[i]), "value", &values[i], 1);
        expect_exact(named(tape, names[i]), "gradient", &gradients[i], 1);
    }
    ck_assert_str_eq(json_text(json_in(tape, "loss")), "#5");
    ck_assert_str_eq(json_text(json_in(tape, "title")), "y = tanh(0.02 (x + x) x w)");
    ck_assert_str_eq(json_text(json_in(tape, "status")), "AD_OK");
    ck_assert_str_eq(json_text(json_in(named(tape, "r"), "operator")), "scale");
    ck_assert_double_eq(json_number(json_in(json_in(named(tape, "r"), "attributes"), "c")), 0.02);
    expect_part(tape, "k0", "#2", 2, (double[]){-0.0247769, 6, -0.148661});
    expect_part(tape, "k0", "#1", 1, (double[]){-0.0743307, 1, -0.0743307});
    expect_part(tape, "k0", "#1", 2, (double[]){-0.0743307, 1, -0.0743307});
    const json *seed = json_at(json_in(tape, "parts"), 0);
    ck_assert_str_eq(json_text(json_in(seed, "origin")), "seed");
    ck_assert(!json_has(seed, "from") && !json_has(seed, "place"));
    json_free(tape);
}
END_TEST

START_TEST(the_network)
{
    json *tape = sample("network");
    EXPECT_EXACT(named(tape, "W1"), "gradient", -0.155384, 0.0297304, 0.310769, -0.0594608);
    EXPECT_EXACT(named(tape, "b1"), "gradient", -0.310769, 0.0594608);
    EXPECT_EXACT(named(tape, "W2"), "gradient", -0.0911778, 0.398074);
    EXPECT_EXACT(named(tape, "b2"), "gradient", -0.461951);
    EXPECT_EXACT(named(tape, "h"), "value", 0.197375, -0.861723);
    EXPECT_EXACT(named(tape, "h"), "gradient", -0.323366, 0.230976);
    EXPECT_EXACT(named(tape, "L"), "value", 0.0533498);
    ck_assert_double_eq_tol(json_number(json_in(json_in(named(tape, "W1"), "gradient"), "norm")), 0.353753, 1e-6);
    ck_assert(!json_has(named(tape, "x"), "gradient"));
    ck_assert(!json_in(named(tape, "x"), "wants_gradient")->is_true);
    ck_assert_str_eq(json_text(json_in(named(tape, "x"), "kind")), "input");
    ck_assert_str_eq(json_text(json_at(json_in(named(tape, "h"), "operands"), 1)), "k0");
    json_free(tape);
}
END_TEST

/* A gradient that is 0 is there; one that was not computed is not. */
START_TEST(zero_is_not_absent)
{
    json *tape = sample("zeros");
    EXPECT_EXACT(named(tape, "x"), "gradient", 0);
    EXPECT_EXACT(named(tape, "a"), "gradient", 0);
    EXPECT_EXACT(named(tape, "h"), "gradient", 3);
    ck_assert_double_eq(json_number(json_in(json_in(named(tape, "x"), "gradient"), "zeros")), 1);
    ck_assert(!json_has(named(tape, "b"), "gradient"));
    json_free(tape);
}
END_TEST

/* ---- Every number is the engine's -------------------------------------------------------------------------------- */

static void expect_same_numbers(const json *written, const void *data, ad_type type, size_t n)
{
    ck_assert_double_eq(json_number(json_in(written, "n")), (double)n);
    ck_assert(json_has(written, "exact") == (n <= 256));
    const json *x = n <= 256 ? json_in(written, "exact")->first : NULL;
    for (size_t i = 0; i < n && x; i++, x = x->next) {
        const double is = type == AD_I32   ? ((const int32_t *)data)[i]
                          : type == AD_F32 ? (double)((const float *)data)[i]
                                           : ((const double *)data)[i];
        const double read = json_number(x);
        ck_assert_msg(same(type == AD_F32 ? (double)(float)read : read, is), "%.17g is written for %.17g", read, is);
    }
}

static void expect_same_tensor(const json *written, ad_tensor x)
{
    const json *shape = json_in(written, "shape");
    ck_assert_str_eq(json_text(json_in(written, "type")), ad_type_name(ad_type_of(x)));
    ck_assert_int_eq(shape->n, ad_shape_of(x).rank);
    for (int i = 0; i < shape->n; i++)
        ck_assert_double_eq(json_number(json_at(shape, i)), (double)ad_shape_of(x).dims[i]);
    ck_assert(json_in(written, "dropped")->is_true == ad_is_dropped(x));
    ck_assert(json_in(written, "changed")->is_true == ad_is_changed(x));
    ck_assert(json_in(written, "wants_gradient")->is_true == ad_wants_gradient(x));
    ck_assert(json_has(written, "operator") == (ad_operator_of(x) != NULL));
    if (ad_operator_of(x)) {
        ck_assert_str_eq(json_text(json_in(written, "operator")), ad_made_by(x));
        ck_assert_int_eq(json_in(written, "operands")->n, ad_operand_count(x));
        ck_assert_double_eq(json_number(json_in(written, "result")), ad_result_number(x));
    } else
        ck_assert_str_eq(json_text(json_in(written, "kind")), ad_made_by(x));
    ck_assert(json_has(written, "value") == !ad_is_dropped(x));
    if (ad_is_dropped(x))
        return;
    expect_same_numbers(json_in(written, json_has(written, "now") ? "now" : "value"), ad_data(x), ad_type_of(x),
                        ad_size_of(x));
    if (ad_has_gradient(x))
        expect_same_numbers(json_in(written, "gradient"), ad_data(ad_gradient(x)), ad_type_of(x), ad_size_of(x));
}

static void expect_same_parts(const json *parts, ad_band band)
{
    ck_assert_int_eq(parts->n, (int)ad_part_count(t, band));
    const json *written = parts->first;
    for (size_t i = 0; written; i++, written = written->next) {
        const ad_part *part = ad_part_at(t, band, i);
        char id[32];
        snprintf(id, sizeof id, ad_is_kept(part->of) ? "k%zu" : "#%zu", ad_number_of(part->of) + !ad_is_kept(part->of));
        ck_assert_str_eq(json_text(json_in(written, "of")), id);
        ck_assert_double_eq(json_number(json_in(written, "sweep")), part->sweep);
        ck_assert(json_has(written, "from") == (part->origin == AD_FROM_RULE));
        ck_assert(json_has(written, "local") == part->has_local);
        if (part->has_local)
            ck_assert(same(json_number(json_in(written, "local")), part->local));
        if (part->part.data)
            expect_same_numbers(json_in(written, "part"), part->part.data, part->part.type, part->part.n);
        if (json_has(written, "upstream"))
            ck_assert_int_eq(json_in(written, "upstream")->n, part->n_upstream);
    }
}

START_TEST(every_number_is_the_engines)
{
    json *tape = sample(sample_tapes[_i].name);
    const json *tensor = json_in(tape, "tensors")->first;
    ck_assert_int_eq(json_in(tape, "tensors")->n, (int)(ad_kept_count(t) + ad_entry_count(t)));
    ck_assert_str_eq(json_text(json_in(tape, "status")), ad_status_name(ad_status_of(t)));
    for (size_t i = 0; i < ad_kept_count(t); i++, tensor = tensor->next)
        expect_same_tensor(tensor, ad_kept_at(t, i));
    for (size_t i = 0; i < ad_entry_count(t); i++, tensor = tensor->next)
        expect_same_tensor(tensor, ad_recorded_at(t, i));
    expect_same_parts(json_in(tape, "parts"), AD_BAND_BACKWARD);
    expect_same_parts(json_in(tape, "functional"), AD_BAND_FUNCTIONAL);
    json_free(tape);
}
END_TEST

/* The parts of each tensor, read back, add up to its gradient. */
static int check_sums(const json *tape)
{
    int n = 0;
    for (const json *x = json_in(tape, "tensors")->first; x; x = x->next) {
        if (!json_has(x, "gradient"))
            continue;
        const json *gradient = json_in(json_in(x, "gradient"), "exact");
        double sums[9] = {0}, sizes[9] = {0};
        ck_assert_int_le(gradient->n, 9);
        for (const json *part = json_in(tape, "parts")->first; part; part = part->next)
            for (int i = 0; i < gradient->n && strcmp(json_text(json_in(part, "of")), json_text(json_in(x, "id"))) == 0;
                 i++) {
                const double number = json_number(json_at(json_in(json_in(part, "part"), "exact"), i));
                sums[i] += number;
                sizes[i] += fabs(number);
            }
        for (int i = 0; i < gradient->n; i++)
            if (!(fabs(sums[i] - json_number(json_at(gradient, i))) <= 1e-12 * sizes[i]))
                ck_abort_msg("the parts of %s add up to %.17g", json_text(json_in(x, "id")), sums[i]);
        n += gradient->n;
    }
    return n;
}

START_TEST(parts_add_up_to_gradients)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        record_random(t, (uint64_t)_i * 20 + seed);
        expect_ok(t);
        json *tape = write_and_read(NULL);
        ck_assert_int_ge(check_sums(tape), 100);
        json_free(tape);
        ad_reset(t);
        close_tape();
        open_tape();
    }
}
END_TEST

/* ---- What is unusual --------------------------------------------------------------------------------------------- */

static char *bytes_of(const char *path, size_t *n)
{
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(1 << 22);
    ck_assert(file && bytes);
    *n = fread(bytes, 1, 1 << 22, file);
    ck_assert_uint_lt(*n, 1 << 22);
    fclose(file);
    return bytes;
}

START_TEST(hostile_names_break_nothing)
{
    json *tape = sample("hostile");
    size_t n;
    for (int i = 0; i < hostile_name_count; i++) {
        named(tape, hostile_names[i].shown);
        if (i > 0)
            ck_assert_ptr_nonnull(json_find(json_in(tape, "scopes"), "name", hostile_names[i].shown));
    }
    json_free(tape);
    ad_write_json(t, path_of("tape.json"), &(ad_write_options){.title = "</script>\x01\"\xff"});
    char *bytes = bytes_of(path_of("tape.json"), &n);
    for (size_t i = 0; i < n; i++)
        ck_assert(bytes[i] != '<' && (bytes[i] == '\n' || (unsigned char)bytes[i] >= ' '));
    free(bytes);
    tape = json_read_file(path_of("tape.json"));
    ck_assert_str_eq(json_text(json_in(tape, "title")), "</script>\\x01\"\xef\xbf\xbd");
    json_free(tape);
    empty_folder();
}
END_TEST

START_TEST(a_name_of_ten_megabytes_is_cut)
{
    enum { LONG = 10 << 20 };
    char *name = malloc(LONG + 1);
    ck_assert_ptr_nonnull(name);
    memset(name, '"', LONG);
    name[LONG] = 0;
    const ad_tensor x = PARAM(1, name);
    ad_scope_begin(t, name);
    ad_neg(x);
    json *tape = write_and_read(&(ad_write_options){.title = name});
    ck_assert_uint_eq(strlen(json_text(json_in(json_at(json_in(tape, "tensors"), 0), "name"))), 200);
    ck_assert_uint_eq(strlen(json_text(json_in(json_at(json_in(tape, "scopes"), 0), "name"))), 200);
    ck_assert_uint_eq(strlen(json_text(json_in(tape, "title"))), LONG);
    json_free(tape);
    free(name);
}
END_TEST

START_TEST(numbers_that_are_not_finite)
{
    json *tape = sample("not finite");
    const json *value = json_in(named(tape, "x"), "value"), *exact = json_in(value, "exact");
    ck_assert_str_eq(json_text(json_at(exact, 0)), "NaN");
    ck_assert_str_eq(json_text(json_at(exact, 1)), "Infinity");
    ck_assert_str_eq(json_text(json_at(exact, 2)), "-Infinity");
    ck_assert(signbit(json_number(json_at(exact, 4))));
    ck_assert_double_eq(json_number(json_in(value, "not_finite")), 3);
    ck_assert_double_eq(json_number(json_in(value, "zeros")), 2);
    ck_assert_double_eq(json_number(json_in(value, "max")), 0);
    ck_assert_str_eq(json_text(json_in(value, "norm")), "NaN");
    const json *scale = tensor_of(tape, "operator", "scale");
    ck_assert_str_eq(json_text(json_in(json_in(scale, "attributes"), "c")), "Infinity");
    ck_assert(!json_has(json_in(scale, "value"), "mean")); /* none is finite */
    json_free(tape);
}
END_TEST

START_TEST(tensors_without_elements)
{
    json *tape = sample("empty");
    const json *value = json_in(named(tape, "x"), "value"), *gradient = json_in(named(tape, "x"), "gradient");
    ck_assert_double_eq(json_number(json_in(value, "n")), 0);
    ck_assert_int_eq(json_in(value, "exact")->n, 0);
    ck_assert(!json_has(value, "min") && !json_has(value, "mean") && !json_has(value, "rms"));
    ck_assert_int_eq(json_in(gradient, "exact")->n, 0);
    json_free(tape);
}
END_TEST

START_TEST(attributes)
{
    json *tape = sample("ranks");
    const json *sum = json_in(tensor_of(tape, "operator", "sum"), "attributes");
    ck_assert_int_eq(json_in(sum, "axes")->n, 2);
    ck_assert_double_eq(json_number(json_at(json_in(sum, "axes"), 1)), 7);
    ck_assert(json_in(sum, "keep")->is_true);
    const json *reshape = tensor_of(tape, "operator", "reshape");
    ck_assert_int_eq(json_in(json_in(reshape, "attributes"), "shape")->n, 2);
    json_free(tape);
    ad_reset(t);
    ad_cast(ad_kept_at(t, 0), AD_F32);
    tape = write_and_read(NULL);
    ck_assert_str_eq(json_text(json_in(json_in(tensor_of(tape, "operator", "cast"), "attributes"), "type")), "f32");
    json_free(tape);
}
END_TEST

START_TEST(dropped_values_are_not_there)
{
    json *tape = sample("segment");
    const json *inner = named(tape, "inner"), *exp = tensor_of(tape, "operator", "exp");
    ck_assert(json_in(inner, "dropped")->is_true && json_in(exp, "dropped")->is_true);
    ck_assert(!json_has(inner, "value") && json_has(inner, "gradient"));
    ck_assert_ptr_nonnull(json_find(json_in(tape, "parts"), "of", json_text(json_in(inner, "id"))));
    ck_assert_ptr_nonnull(json_find(json_in(tape, "parts"), "from", json_text(json_in(inner, "id"))));
    json_free(tape);
}
END_TEST

START_TEST(results_of_one_call)
{
    json *tape = sample("results");
    const json *first = json_at(json_in(tape, "tensors"), 1), *second = first->next;
    ck_assert_str_eq(json_text(json_in(first, "operator")), "slogdet");
    ck_assert_str_eq(json_text(json_in(second, "call")), json_text(json_in(first, "id")));
    ck_assert_double_eq(json_number(json_in(second, "result")), 1);
    ck_assert_str_eq(json_text(json_in(second, "kind")), "result");
    ck_assert(json_has(second, "gradient") && !json_has(first, "gradient"));
    const json *byproduct = tensor_of(tape, "kind", "byproduct");
    ck_assert(json_number(json_in(byproduct, "result")) == 1 && !json_has(byproduct, "gradient"));
    const json *upstream = json_in(part_of(tape, "k0", "#1", 1), "upstream");
    ck_assert_int_eq(upstream->n, 2);
    ck_assert_int_eq(json_at(upstream, 0)->kind, JSON_NULL);
    ck_assert_int_eq(json_at(upstream, 1)->kind, JSON_OBJECT);
    json_free(tape);
}
END_TEST

/* Of results that are too large to be copied too, also where a gradient is 0. */
START_TEST(large_results_of_one_call)
{
    const ad_tensor a = ad_add(ad_eye(t, AD_F64, 2), ad_param(t, AD_F64, AD_SHAPE(5000, 2, 2), NULL, "a"));
    ad_tensor log;
    ad_watch(t, AD_ON);
    ad_slogdet(a, &log);
    ad_backward(ad_sum(_i ? ad_scale(log, 0) : log));
    json *tape = write_and_read(NULL);
    const json *sign = tensor_of(tape, "operator", "slogdet");
    const json *upstream = json_in(part_of(tape, "#2", json_text(json_in(sign, "id")), 1), "upstream");
    ck_assert_int_eq(json_at(upstream, 0)->kind, JSON_NULL);
    ck_assert_double_eq_tol(json_number(json_in(json_at(upstream, 1), "norm")), _i ? 0 : sqrt(5000), 1e-9);
    ck_assert(!json_has(sign, "gradient") && json_has(sign->next, "gradient"));
    json_free(tape);
}
END_TEST

/* Numbers are those of the rule that ran: a wrong one shows wrong numbers. */
static void run_cube(ad_call *c)
{
    const double x = *(const double *)c->x[0]->data;
    *(double *)c->y[0]->data = x * x * x;
}

static void wrong_vjp(ad_pullback *p) { ad_give(p, 0, ad_scale(ad_mul(ad_x(p, 0), ad_dy(p)), 3)); }

START_TEST(a_wrong_rule_shows_its_number)
{
    static const ad_operator cube = {
        .name = "cube\"<", .arity = 1, .shape = ad_same_shape, .run = run_cube, .vjp = wrong_vjp};
    const ad_tensor x = PARAM(5, "x");
    ad_watch(t, AD_ON);
    ad_backward(ad_apply1(&cube, x));
    json *tape = write_and_read(NULL);
    ck_assert_str_eq(json_text(json_in(tensor_of(tape, "id", "#1"), "operator")), "cube\"<");
    EXPECT_EXACT(named(tape, "x"), "gradient", 15);
    expect_part(tape, "k0", "#1", 1, (double[]){1, 15, 15});
    json_free(tape);
}
END_TEST

START_TEST(accumulated_gradients)
{
    json *tape = sample("accumulated");
    const json *parts = json_in(tape, "parts"), *changes = json_in(tape, "changes");
    ck_assert_str_eq(json_text(json_in(json_at(parts, 0), "origin")), "before");
    ck_assert_double_eq(json_number(json_in(json_at(parts, parts->n - 1), "sweep")), 1);
    ck_assert_int_eq(changes->n, 2);
    ck_assert_str_eq(json_text(json_in(json_at(changes, 0), "leaf")), "k0");
    ck_assert_str_eq(json_text(json_in(json_at(changes, 0), "by")), "descend");
    EXPECT_EXACT(json_at(changes, 0), "before", 1, 2);
    ck_assert(json_in(named(tape, "x"), "changed")->is_true);
    EXPECT_EXACT(named(tape, "x"), "value", 1, 2);
    json_free(tape);
}
END_TEST

START_TEST(the_functional_band)
{
    json *tape = sample("second");
    const json *second = json_in(tape, "functional");
    ck_assert_int_gt(second->n, 4);
    ck_assert_ptr_nonnull(json_find(second, "of", "k0"));
    ck_assert_int_gt(json_in(tape, "parts")->n, 4);
    json_free(tape);
}
END_TEST

START_TEST(a_tape_in_error)
{
    json *tape = sample("error");
    ck_assert_str_eq(json_text(json_in(tape, "status")), "AD_BAD_SHAPE");
    ck_assert_ptr_nonnull(strstr(json_text(json_in(tape, "message")), "x\"</script>"));
    ck_assert(json_has(named(tape, "x\"</script>"), "gradient"));
    json_free(tape);
}
END_TEST

START_TEST(scopes_in_scopes)
{
    static const int scope_of[] = {1, 3, 1, 4, 6, 4};
    json *tape = sample("scopes");
    const json *scopes = json_in(tape, "scopes"), *tensors = json_in(tape, "tensors");
    ck_assert_int_eq(scopes->n, 7);
    ck_assert_int_eq(json_in(json_at(tensors, 0), "scope")->kind, JSON_NULL);
    for (int i = 0; i < COUNT(scope_of); i++)
        ck_assert_double_eq(json_number(json_in(json_at(tensors, i + 1), "scope")), scope_of[i]);
    ck_assert_int_eq(json_in(json_at(scopes, 0), "first")->kind, JSON_NULL);
    ck_assert_double_eq(json_number(json_in(json_at(scopes, 3), "outer")), 2);
    ck_assert_str_eq(json_text(json_in(json_at(scopes, 6), "first")), "#5");
    ck_assert(json_in(json_at(scopes, 4), "open")->is_true && !json_in(json_at(scopes, 1), "open")->is_true);
    json_free(tape);
}
END_TEST

START_TEST(large_arrays_have_statistics)
{
    json *tape = sample("large");
    const json *x = named(tape, "x"), *value = json_in(x, "value");
    ck_assert(!json_has(value, "exact") && !json_has(json_in(x, "gradient"), "exact"));
    ck_assert_double_lt(fabs(json_number(json_in(value, "mean"))), 0.05);
    ck_assert_double_lt(fabs(json_number(json_in(value, "rms")) - sqrt(1.0 / 3)), 0.05);
    ck_assert_double_lt(json_number(json_in(value, "min")), -0.99);
    const json *part = json_in(part_of(tape, "k0", "#1", 1), "part");
    ck_assert(!json_has(part, "min") && json_has(part, "norm"));
    ck_assert_double_eq_tol(json_number(json_in(part, "norm")), json_number(json_in(json_in(x, "gradient"), "norm")),
                            1e-12);
    json_free(tape);
}
END_TEST

/* ---- A million entries ------------------------------------------------------------------------------------------- */

#ifdef TESTS_FEW_TERMS
enum { MANY = 50000 };
#else
enum { MANY = 1000000 };
#endif

/* What a child reads from a pipe: 0 if it is whole and has so many lines. */
static int scan_pipe(int from, size_t lines)
{
    static char bytes[1 << 16];
    json_scan scan = {0};
    for (ssize_t n = read(from, bytes, sizeof bytes); n > 0; n = read(from, bytes, sizeof bytes))
        json_scan_bytes(&scan, bytes, (size_t)n);
    return json_is_whole(&scan) ? scan.lines != lines : 2;
}

START_TEST(a_million_entries_take_no_memory)
{
    record_chain(t, MANY);
    int ends[2], status;
    ck_assert_int_eq(pipe(ends), 0);
    const pid_t reader = fork();
    if (reader == 0) {
        close(ends[1]);
        _exit(scan_pipe(ends[0], MANY + 7));
    }
    close(ends[0]);
    FILE *file = fdopen(ends[1], "w");
    ad_sink sink = ad_sink_over(file);
    const size_t calls = memory.calls;
    ad_put_json(&sink, t, NULL);
    ck_assert_uint_eq(memory.calls, calls);
    ck_assert_int_eq(ad_sink_close(&sink).status, AD_OK);
    fclose(file);
    ck_assert_int_eq(waitpid(reader, &status, 0), reader);
    ck_assert_int_eq(status, 0);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, the_formula);
    tcase_add_test(tests, the_network);
    tcase_add_test(tests, zero_is_not_absent);
    tcase_add_loop_test(tests, every_number_is_the_engines, 0, sample_tape_count);
    tcase_add_loop_test(tests, parts_add_up_to_gradients, 0, 10);
    tcase_add_test(tests, hostile_names_break_nothing);
    tcase_add_test(tests, a_name_of_ten_megabytes_is_cut);
    tcase_add_test(tests, numbers_that_are_not_finite);
    tcase_add_test(tests, tensors_without_elements);
    tcase_add_test(tests, attributes);
    tcase_add_test(tests, dropped_values_are_not_there);
    tcase_add_test(tests, results_of_one_call);
    tcase_add_loop_test(tests, large_results_of_one_call, 0, 2);
    tcase_add_test(tests, a_wrong_rule_shows_its_number);
    tcase_add_test(tests, accumulated_gradients);
    tcase_add_test(tests, the_functional_band);
    tcase_add_test(tests, a_tape_in_error);
    tcase_add_test(tests, scopes_in_scopes);
    tcase_add_test(tests, large_arrays_have_statistics);
    tcase_add_test(tests, a_million_entries_take_no_memory);
}

int main(void) { return run_in_one_folder("json", add_tests); }
