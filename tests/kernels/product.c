/* Matrix products against a plain twin: every kind, every edge of a tile, both types, stacks, threads.
 *
 * An operand ends where memory ends, so that a read behind it ends the test. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gradtape/gradtape.h>

#include "../../autodiff/base/openblas.h"
#include "../../autodiff/kernels/product.h"
#include "../support/check.h"

/* ---- Memory that ends ------------------------------------------------------------------------------------------- */

typedef struct ended {
    char *map;
    size_t mapped;
    void *data; /* its last byte is the last that can be read */
} ended;

static ended make_ended(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), pages = (bytes + page - 1) / page + 1;
    ended e = {.mapped = pages * page};
    e.map = mmap(NULL, e.mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(e.map != MAP_FAILED);
    ck_assert_int_eq(mprotect(e.map + (pages - 1) * page, page, PROT_NONE), 0);
    e.data = e.map + (pages - 1) * page - bytes;
    return e;
}

static void free_ended(ended e) { munmap(e.map, e.mapped); }

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

static void set(ad_type type, void *x, size_t i, double value)
{
    if (type == AD_F32)
        ((float *)x)[i] = (float)value;
    else
        ((double *)x)[i] = value;
}

static double get(ad_type type, const void *x, size_t i)
{
    return type == AD_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

/* Whether operands are whole numbers, with zeros of both signs among them. All their sums are exact. */
static bool are_whole;

static double number(uint64_t stream, size_t i)
{
    static const double whole[] = {-0.0, 3, 0, -2, -0.0, 1};
    const double u = ad_random_uniform(7, stream, i);
    return are_whole ? whole[(size_t)(COUNT(whole) * u)] : u - 0.5;
}

static ended make_numbers(ad_type type, size_t n, uint64_t stream)
{
    const ended e = make_ended(n * ad_type_bytes(type));
    for (size_t i = 0; i < n; i++)
        set(type, e.data, i, number(stream, i));
    return e;
}

/* ---- The plain twin ---------------------------------------------------------------------------------------------- */

static size_t place_a(const ad_product *p, int64_t i, int64_t k)
{
    return (size_t)(p->transpose_a ? k * p->m + i : i * p->k + k);
}

static size_t place_b(const ad_product *p, int64_t k, int64_t j)
{
    return (size_t)(p->transpose_b ? j * p->k + k : k * p->n + j);
}

/* The number at (i,j) and the usual bound of its error: (k + 2) roundings of the sum of magnitudes. A sum begins with
 * 0: it is never -0. */
static double plain(const ad_product *p, int64_t i, int64_t j, double *bound)
{
    const long double bias = p->bias ? (long double)get(p->type, p->bias, (size_t)j) : 0;
    long double sum = 0, size = fabsl(bias);
    for (int64_t k = 0; k < p->k; k++) {
        const long double part =
            (long double)get(p->type, p->a, place_a(p, i, k)) * (long double)get(p->type, p->b, place_b(p, k, j));
        sum += part;
        size += fabsl(part);
    }
    sum += bias;
    *bound = (double)(p->k + 2) * (p->type == AD_F32 ? FLT_EPSILON : DBL_EPSILON) * (double)size;
    return p->relu && sum < 0 ? 0 : (double)sum;
}

/* Whether a zero has the sign of the other; all numbers that are not 0 pass. */
static bool has_sign_of(double a, double b) { return a != 0 || b != 0 || !signbit(a) == !signbit(b); }

/* All numbers of a small product; of a large one each eleventh, which takes every row and every column. */
static void check_product(const ad_product *p)
{
    const int64_t step = p->m * p->n * p->k > 100000 ? 11 : 1;
    for (int64_t i = 0; i < p->m; i++)
        for (int64_t j = i % step; j < p->n; j += step) {
            double bound;
            const double wanted = plain(p, i, j, &bound), got = get(p->type, p->c, (size_t)(i * p->n + j));
            ck_assert_msg(fabs(got - wanted) <= bound && has_sign_of(got, wanted),
                          "%s [%ld,%ld,%ld] %d%d at %ld,%ld: %.17g, not %.17g", ad_type_name(p->type), (long)p->m,
                          (long)p->n, (long)p->k, p->transpose_a, p->transpose_b, (long)i, (long)j, got, wanted);
        }
}

/* As a kernel does it. */
static void multiply(const ad_product *p)
{
    ck_assert(!p->cut.by_blas || ad_openblas_begin());
    ad_multiply(p);
    if (p->cut.by_blas)
        ad_openblas_end(1);
}

/* What a product must not write. */
enum { FENCE = 64 };

static bool must_pack; /* whatever the plan says, in blocks of 32 columns */

/* Multiplies with operands that end where memory ends, and a result between fences. */
static void multiply_and_check(ad_product p, bool has_bias, bool relu)
{
    const size_t bytes = ad_type_bytes(p.type), m_n = (size_t)(p.m * p.n);
    const ended a = make_numbers(p.type, (size_t)(p.m * p.k), 1), b = make_numbers(p.type, (size_t)(p.k * p.n), 2),
                bias = make_numbers(p.type, (size_t)p.n, 3), result = make_ended(m_n * bytes + FENCE);
    ad_plan_product(&p);
    if (must_pack)
        p.cut = (ad_cut){.m = p.m, .n = 32, .half = p.k, .packs = true};
    const size_t n_workspace = ad_product_workspace(&p);
    const ended workspace = make_ended(n_workspace * bytes);
    memset(result.data, 0x55, m_n * bytes + FENCE);
    p.a = a.data;
    p.b = b.data;
    p.c = (char *)result.data + FENCE;
    p.workspace = workspace.data;
    p.bias = has_bias ? bias.data : NULL;
    p.relu = relu;
    multiply(&p);
    check_product(&p);
    for (int i = 0; i < FENCE; i++)
        ck_assert_int_eq(((const unsigned char *)result.data)[i], 0x55);
    free_ended(a);
    free_ended(b);
    free_ended(bias);
    free_ended(result);
    free_ended(workspace);
}

/* ---- Every kind and every edge ----------------------------------------------------------------------------------- */

static void open_and_close(void) { ad_tape_close(ad_tape_open(NULL)); /* which chooses the processor's kernels */ }

/* Around the rows and columns of tiles of all processors, and the depth at which k is cut. */
static const int64_t rows[] = {1, 2, 4, 5, 6, 7, 13, 14, 15, 29},
                     columns[] = {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 50},
                     depths[] = {0, 1, 2, 9, 255, 256, 257, 513};

START_TEST(every_edge)
{
    const ad_type type = _i & 1 ? AD_F64 : AD_F32;
    must_pack = _i & 8;
    open_and_close();
    for (int i = 0; i < COUNT(rows); i++)
        for (int j = 0; j < COUNT(columns); j += must_pack ? 3 : 1)
            for (int k = 0; k < COUNT(depths); k += must_pack ? 3 : 1)
                multiply_and_check((ad_product){.type = type,
                                                .transpose_a = _i & 2,
                                                .transpose_b = _i & 4,
                                                .m = rows[i],
                                                .n = columns[j],
                                                .k = depths[k]},
                                   i % 2, j % 2);
}
END_TEST

/* Parts of a that have several tiles, one, or none. */
START_TEST(every_part_of_a_copy)
{
    static const int64_t many[] = {30, 83, 225, 600};
    must_pack = true;
    open_and_close();
    for (int i = 0; i < COUNT(many); i++)
        for (int k = 15; k <= 17; k++)
            multiply_and_check((ad_product){.type = _i & 1 ? AD_F64 : AD_F32,
                                            .transpose_a = _i & 2,
                                            .transpose_b = _i & 4,
                                            .m = many[i],
                                            .n = 45,
                                            .k = k},
                               i % 2, k % 2);
}
END_TEST

/* determinant.c counts on it. */
START_TEST(squares_need_a_workspace_of_their_size_at_most)
{
    open_and_close();
    for (int64_t n = 1; n <= 2048; n += n < 600 ? 1 : 8)
        for (int kind = 0; kind < 8; kind++) {
            ad_product p = {.type = kind & 1 ? AD_F64 : AD_F32,
                            .transpose_a = kind & 2,
                            .transpose_b = kind & 4,
                            .m = n,
                            .n = n,
                            .k = n};
            ad_plan_product(&p);
            ck_assert_uint_le(ad_product_workspace(&p), (size_t)(n * n));
        }
}
END_TEST

/* Sizes that are cut into blocks: by rows, by columns, and in halves of the sum; and with a copied. */
static const int64_t large[][3] = {{50, 300, 784},  {784, 300, 50},  {100, 300, 100},  {3, 5000, 40},
                                   {5000, 3, 40},   {20, 20, 2000},  {1, 3000, 300},   {3000, 1, 300},
                                   {129, 129, 129}, {70, 300, 1024}, {100, 1024, 100}, {1024, 256, 300}};

static ad_product large_product(int i, int kind)
{
    return (ad_product){.type = kind & 1 ? AD_F64 : AD_F32,
                        .transpose_a = kind & 2,
                        .transpose_b = kind & 4,
                        .m = large[i][0],
                        .n = large[i][1],
                        .k = large[i][2]};
}

START_TEST(every_cut)
{
    open_and_close();
    for (int kind = 0; kind < 8; kind++) {
        multiply_and_check(large_product(_i, kind), false, false);
        multiply_and_check(large_product(_i, kind), true, kind & 2);
        multiply_and_check(large_product(_i, kind), false, true);
    }
}
END_TEST

START_TEST(bits_for_any_number_of_threads)
{
    open_and_close();
    for (int kind = 0; kind < 8; kind++) {
        ad_product p = large_product(_i, kind);
        ad_plan_product(&p);
        const size_t bytes = ad_type_bytes(p.type), m_n = (size_t)(p.m * p.n) * bytes;
        const ended a = make_numbers(p.type, (size_t)(p.m * p.k), 1), b = make_numbers(p.type, (size_t)(p.k * p.n), 2),
                    bias = make_numbers(p.type, (size_t)p.n, 3);
        void *first = malloc(m_n), *c = malloc(m_n), *workspace = malloc(ad_product_workspace(&p) * bytes + 1);
        ck_assert(first && c && workspace);
        p.a = a.data;
        p.b = b.data;
        p.bias = bias.data;
        p.workspace = workspace;
        for (int threads = 1; threads <= 5; threads++) {
            ck_assert_int_eq(ad_set_threads(threads), AD_OK);
            p.c = threads == 1 ? first : c;
            multiply(&p);
            ck_assert_mem_eq(p.c, first, m_n);
        }
        free(first);
        free(c);
        free(workspace);
        free_ended(a);
        free_ended(b);
        free_ended(bias);
    }
    ad_set_threads(0);
}
END_TEST

/* ---- Stacks ------------------------------------------------------------------------------------------------------ */

typedef struct stack_case {
    ad_leads leads;
    int64_t m, n, k;
} stack_case;

static const stack_case stacks[] = {
    {{{1, {64}}, {1, {64}}, {1, {64}}}, 16, 16, 16},
    {{{1, {900}}, {1, {900}}, {1, {900}}}, 17, 17, 17},
    {{{2, {3, 4}}, {2, {3, 1}}, {1, {4}}}, 5, 7, 3},
    {{{2, {3, 4}}, {1, {4}}, {2, {3, 1}}}, 14, 33, 20},
    {{{1, {9}}, {1, {9}}, {0}}, 30, 20, 10},
    {{{1, {9}}, {1, {9}}, {1, {1}}}, 30, 20, 10},
    {{{1, {9}}, {0}, {1, {9}}}, 30, 20, 10},
    {{{3, {2, 3, 2}}, {3, {2, 1, 2}}, {3, {1, 3, 1}}}, 6, 6, 6},
    {{{1, {3}}, {1, {3}}, {1, {3}}}, 100, 100, 100},
    {{{1, {40}}, {1, {40}}, {0}}, 40, 40, 40},
    {{{1, {1}}, {1, {1}}, {0}}, 4, 4, 4},
    {{{1, {0}}, {1, {0}}, {0}}, 4, 4, 4},
    {{{1, {5}}, {1, {5}}, {1, {5}}}, 4, 4, 0},
    {{{1, {5}}, {1, {5}}, {1, {5}}}, 4, 70, 1},
    {{{1, {5}}, {0}, {1, {5}}}, 4, 4, 1},
};

/* Each matrix of the stack by the twin. */
static void check_stack(const ad_product *p)
{
    const size_t bytes = ad_type_bytes(p->type), n = ad_count_of(&p->leads->c);
    for (size_t i = 0; i < n; i++) {
        ad_product one = *p;
        one.leads = NULL;
        one.a = (const char *)p->a + ad_matrix_at(&p->leads->c, &p->leads->a, i) * (size_t)(p->m * p->k) * bytes;
        one.b = (const char *)p->b + ad_matrix_at(&p->leads->c, &p->leads->b, i) * (size_t)(p->k * p->n) * bytes;
        one.c = (char *)p->c + i * (size_t)(p->m * p->n) * bytes;
        check_product(&one);
    }
}

START_TEST(stacks_matrix_by_matrix)
{
    const stack_case *s = &stacks[_i / 2];
    are_whole = _i % 2;
    open_and_close();
    for (int kind = 0; kind < 8; kind++) {
        ad_product p = {.type = kind & 1 ? AD_F64 : AD_F32, .transpose_a = kind & 2, .transpose_b = kind & 4};
        p.m = s->m;
        p.n = s->n;
        p.k = s->k;
        p.leads = &s->leads;
        ad_product planned = p;
        ad_plan_product(&planned);
        const size_t bytes = ad_type_bytes(p.type);
        const ended a = make_numbers(p.type, ad_count_of(&s->leads.a) * (size_t)(p.m * p.k), 1),
                    b = make_numbers(p.type, ad_count_of(&s->leads.b) * (size_t)(p.k * p.n), 2),
                    c = make_ended(ad_count_of(&s->leads.c) * (size_t)(p.m * p.n) * bytes),
                    workspace = make_ended(ad_product_workspace(&planned) * bytes);
        p.a = planned.a = a.data;
        p.b = planned.b = b.data;
        p.c = planned.c = c.data;
        planned.workspace = workspace.data;
        multiply(&planned);
        check_stack(&p);
        free_ended(a);
        free_ended(b);
        free_ended(c);
        free_ended(workspace);
    }
}
END_TEST

/* ---- The signs of zeros -------------------------------------------------------------------------------------- */

/* Around the size from which a row of the product of a column and a row is one run. */
static const int64_t wide[] = {1, 5, 16, 63, 64, 65, 200}, few[] = {0, 1, 2, 257};

START_TEST(zeros_have_the_signs_of_sums)
{
    are_whole = true;
    open_and_close();
    for (int i = 0; i < COUNT(rows); i += 4)
        for (int j = 0; j < COUNT(wide); j++)
            for (int k = 0; k < COUNT(few); k++)
                for (int end = 0; end < 4; end++)
                    multiply_and_check((ad_product){.type = _i & 1 ? AD_F64 : AD_F32,
                                                    .transpose_a = _i & 2,
                                                    .transpose_b = _i & 4,
                                                    .m = rows[i],
                                                    .n = wide[j],
                                                    .k = few[k]},
                                       end & 1, end & 2);
}
END_TEST

typedef ad_tensor multiplying(ad_tensor a, ad_tensor b);

static void expect_zeros(ad_tensor x)
{
    for (size_t i = 0; i < ad_size_of(x); i++)
        ck_assert(number_at(x, i) == 0 && !signbit(number_at(x, i)));
}

/* -0 x 3 as the caller of an operator sees it, in short rows and in long ones; and -0 x 1 in dw = x' dy. */
START_TEST(zeros_of_operators)
{
    static multiplying *const kinds[] = {ad_matmul, ad_matmul_nt, ad_matmul_tn};
    const ad_type type = _i & 1 ? AD_F64 : AD_F32;
    const int64_t n = _i & 2 ? 100 : 3;
    multiplying *times = kinds[_i / 4];
    ad_tape *t = ad_tape_open(NULL);
    const ad_tensor x = ad_param(t, type, times == ad_matmul_tn ? AD_SHAPE(1, 5) : AD_SHAPE(5, 1), NULL, "x"),
                    w = ad_param(t, type, times == ad_matmul_nt ? AD_SHAPE(n, 1) : AD_SHAPE(1, n), NULL, "w");
    ad_fill(x, -0.0);
    ad_fill(w, 3);
    const ad_tensor y = times(x, w);
    ck_assert_int_eq(ad_backward(ad_sum(y)), AD_OK);
    expect_zeros(y);
    expect_zeros(ad_gradient(w));
    expect_ok(t);
    ad_tape_close(t);
}
END_TEST

/* ---- Numbers that are not finite --------------------------------------------------------------------------------- */

/* A row of a with NaN spoils its row of c alone, and infinity times 0 is NaN: nothing is left out because it is 0. */
START_TEST(what_is_not_finite_passes)
{
    float a[15 * 20], b[20 * 33], c[15 * 33], bias[33] = {0};
    open_and_close();
    for (size_t i = 0; i < 15 * 20; i++)
        a[i] = 1;
    for (size_t i = 0; i < 20 * 33; i++)
        b[i] = 0;
    a[3 * 20 + 19] = NAN;
    a[7 * 20] = INFINITY;
    b[32] = 1; /* row 0, the last column */
    ad_product p = {.type = AD_F32, .m = 15, .n = 33, .k = 20, .a = a, .b = b, .c = c, .bias = bias, .relu = _i};
    ad_plan_product(&p);
    multiply(&p);
    for (size_t i = 0; i < 15; i++)
        for (size_t j = 0; j < 33; j++) {
            const float x = c[i * 33 + j];
            if (i == 3 || (i == 7 && j < 32))
                ck_assert(isnan(x));
            else if (i == 7)
                ck_assert(isinf(x) && x > 0);
            else
                ck_assert(x == (j == 32 ? 1 : 0));
        }
}
END_TEST

static void begin(void) { must_pack = are_whole = false; }

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, begin, NULL);
    tcase_add_loop_test(tests, every_edge, 0, 16);
    tcase_add_loop_test(tests, every_part_of_a_copy, 0, 8);
    tcase_add_test(tests, squares_need_a_workspace_of_their_size_at_most);
    tcase_add_loop_test(tests, every_cut, 0, COUNT(large));
    tcase_add_loop_test(tests, bits_for_any_number_of_threads, 0, COUNT(large));
    tcase_add_loop_test(tests, stacks_matrix_by_matrix, 0, 2 * COUNT(stacks));
    tcase_add_loop_test(tests, zeros_have_the_signs_of_sums, 0, 8);
    tcase_add_loop_test(tests, zeros_of_operators, 0, 12);
    tcase_add_loop_test(tests, what_is_not_finite_passes, 0, 2);
}

int main(void) { return run_tests("product", add_tests); }
