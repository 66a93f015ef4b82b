/* Decimal numbers in text. The nearest f64 is known: from the C library, which rounds right in the C locale. */
#include <fenv.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../nn/data/decimal.h"
#include "../support/check.h"

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* Reads n bytes at the end of a block, so that a sanitizer sees a byte read behind them. Returns how many belong to the
 * number; -1: there is none. */
static ptrdiff_t read_bytes(const char *text, size_t n, char point, double *x)
{
    char *block = malloc(n ? n : 1);
    ck_assert_ptr_nonnull(block);
    memcpy(block, text, n);
    const char *end = nn_decimal_read(block, block + n, point, x);
    const ptrdiff_t length = end ? end - block : -1;
    free(block);
    return length;
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double of_bits(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The whole text is this number. */
static void expect_number(const char *text, double wanted)
{
    double x = -77;
    const size_t n = strlen(text);
    ck_assert_msg(read_bytes(text, n, '.', &x) == (ptrdiff_t)n, "%s is not read to its end", text);
    ck_assert_msg(bits_of(x) == bits_of(wanted), "%s gives %a, not %a", text, x, wanted);
    /* The same at once with much behind it. */
    char longer[4096];
    snprintf(longer, sizeof longer, "%s, and more", text);
    ck_assert_int_eq(read_bytes(longer, strlen(longer), '.', &x), (ptrdiff_t)n);
    ck_assert_msg(bits_of(x) == bits_of(wanted), "%s gives %a, not %a", longer, x, wanted);
}

typedef struct number_case {
    const char *text;
    double x;
} number_case;

static const number_case number_cases[] = {
    {"0", 0},
    {"-0", -0.0},
    {"+0", 0},
    {"1", 1},
    {"+1", 1},
    {"-1", -1},
    {"1.", 1},
    {".5", 0.5},
    {"-.5", -0.5},
    {"+.5e1", 5},
    {"1.e2", 100},
    {"00000000000000000000000000000000012", 12},
    {"0.000000000000000000000000000000000000012", 1.2e-38},
    {"000000000000.0000000000001250", 1.25e-13},
    {"12345678", 12345678},
    {"123456789", 123456789},
    {"1234567.8", 1234567.8},
    {"12345678.12345678", 12345678.12345678},
    {"1e5", 1e5},
    {"1E-5", 1e-5},
    {"1e+05", 1e5},
    {"0.1", 0.1},
    {"123456789012345678901234567890", 123456789012345678901234567890.0},
    /* Half-way cases, and a digit above or below. */
    {"9007199254740993", 0x1p53},
    {"9007199254740993.0000000000000000000000000000000", 0x1p53},
    {"9007199254740993.0000000000000000000000000000001", 0x1.0000000000001p53},
    {"9007199254740992.9999999999999999999999999999999", 0x1p53},
    {"9007199254740995", 0x1.0000000000002p53},
    {"9007199254740995.00000000", 0x1.0000000000002p53},
    {"9007199254740994.99999999999999999999999999999999", 0x1.0000000000001p53},
    {"18014398509481990", 0x1.0000000000002p54},
    {"0.500000000000000166533453693773481063544750213623046875", 0x1.0000000000002p-1},
    {"3.508354649267438e-289", 3.508354649267438e-289},
    {"6929495644600919.5", 6929495644600920.0},
    {"3.7455744005952583e15", 3745574400595258.5},
    {"2.225073858507201136057409796709131975934819546351645648023426109724822222021076945516529523908135087914149158"
     "91303962110687008643869459464552765720740782062174337998814106326732925355228688137214901298112245145188984905"
     "72223072852551331557550159143974763979834118019993239625482890171070818506906306666559949382757725720157630626"
     "90663332647565300009245888316433037779791869612049497390377829704905051080609940730262937128958950003583799967"
     "20725430436028407889577179615094551674824347103070260914462157228988025818254518032570701886087211312807951223"
     "34262883686223215037756666225039825343359745688844239002654981983854879482922068947216898310996983658468140228"
     "5424333066033985088644580400103493397042756718644338377048603786162277173854562306587467901408672332763671875E"
     "-308",
     0x1p-1022},
    /* Around the least and the largest numbers. */
    {"2.2250738585072014e-308", DBL_MIN},
    {"2.2250738585072011e-308", 0x0.fffffffffffffp-1022},
    {"2.2250738585072012e-308", DBL_MIN},
    {"4.9406564584124654e-324", 0x1p-1074},
    {"2.4703282292062327e-324", 0},
    {"2.4703282292062328e-324", 0x1p-1074},
    {"2.470328229206232720882843964341106861825299013071623822127928412503377536351043759326499181808179961898982823"
     "47722858865463328355177969898199387398005390939063150356595155702263922908583924491051844359318028499365361525"
     "00319370457678249219365623669863658480757001585769269903706311928279558551332927834338409351978015531246597263"
     "57957462276646527282722005637400648549997709659947045402082816622623785739345073633900796776193057750674017632"
     "46736009689513405355374585166611342237666786041621596804619144672918403005300575308490487653917113865916462395"
     "24912623653881879636239373280423891018672348497668235089863388587925628302755995657524455507255189313690836254"
     "779186948667994968324049705821028513185451396213837722826145437693412532098591327667236328125E-324",
     0},
    {"2.470328229206232720882843964341106861825299013071623822127928412503377536351043759326499181808179961898982823"
     "47722858865463328355177969898199387398005390939063150356595155702263922908583924491051844359318028499365361525"
     "00319370457678249219365623669863658480757001585769269903706311928279558551332927834338409351978015531246597263"
     "57957462276646527282722005637400648549997709659947045402082816622623785739345073633900796776193057750674017632"
     "46736009689513405355374585166611342237666786041621596804619144672918403005300575308490487653917113865916462395"
     "24912623653881879636239373280423891018672348497668235089863388587925628302755995657524455507255189313690836254"
     "7791869486679949683240497058210285131854513962138377228261454376934125320985913276672363281251E-324",
     0x1p-1074},
    {"-4e-324", -0x1p-1074},
    {"1e-323", 0x1p-1073},
    {"1e-400", 0},
    {"-1e-400", -0.0},
    {"1.7976931348623157e308", DBL_MAX},
    {"1.7976931348623158e308", DBL_MAX},
    {"1.7976931348623159e308", INFINITY},
    {"17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633028641"
     "66928879109465555478519404026306574886715058206819089020007083836762738548458177115317644757302700698555713669"
     "59622842914819860834936475292719074168444365510704342711559699508093042880177904174497791.9999999999",
     DBL_MAX},
    {"17976931348623158079372897140530341507993413271003782693617377898044496829276475094664901797758720709633028641"
     "66928879109465555478519404026306574886715058206819089020007083836762738548458177115317644757302700698555713669"
     "59622842914819860834936475292719074168444365510704342711559699508093042880177904174497792",
     INFINITY},
    {"1e309", INFINITY},
    {"-1e309", -INFINITY},
    {"1e999999999999", INFINITY},
    {"1e99999999999999999999999999999", INFINITY},
    {"1e-99999999999999999999999999999", 0},
    {"0e99999999999999999999999999999", 0},
    {"0.0000e-99999999999999999999999999999", 0},
    {"00000000000000000000000000000000e99999999999999999999999999999", 0},
    {"0.00000000000000000000000000000000000000000000000001e50", 1},
    {"100000000000000000000000000000000000000000000000000e-50", 1},
};

START_TEST(reads_to_the_nearest_number)
{
    const number_case *c = &number_cases[_i];
    expect_number(c->text, c->x);
    ck_assert_msg(bits_of(strtod(c->text, NULL)) == bits_of(c->x), "the C library has another number for %s", c->text);
}
END_TEST

typedef struct end_case {
    const char *text;
    ptrdiff_t length; /* -1: no number */
    double x;
} end_case;

static const end_case end_cases[] = {
    {"", -1, 0},
    {"-", -1, 0},
    {"+", -1, 0},
    {".", -1, 0},
    {"-.", -1, 0},
    {"e5", -1, 0},
    {".e5", -1, 0},
    {"1e", -1, 0},
    {"1e+", -1, 0},
    {"1e-", -1, 0},
    {"1e-x", -1, 0},
    {"1.5e,", -1, 0},
    {"--1", -1, 0},
    {"+-1", -1, 0},
    {" 1", -1, 0},
    {"inf", -1, 0},
    {"-inf", -1, 0},
    {"nan", -1, 0},
    {"x1", -1, 0},
    {",1", -1, 0},
    {"/", -1, 0},
    {":", -1, 0},
    {"\xb1", -1, 0},
    {"0x1p3", 1, 0},
    {"1.2.3", 3, 1.2},
    {"1..2", 2, 1},
    {"1,5", 1, 1},
    {"12345678:", 8, 12345678},
    {"1234567/8", 7, 1234567},
    {"1 ", 1, 1},
    {"1e5e6", 3, 1e5},
    {"1e5.5", 3, 1e5},
    {"1-2", 1, 1},
    {"1\0"
     "2",
     1, 1},
    {"12345\xff"
     "6789",
     5, 12345},
    {"12345\xb0"
     "6789",
     5, 12345},
    {"1.25\x80\x80\x80\x80\x80\x80\x80", 4, 1.25},
    {"7\n1234567", 1, 7},
};

START_TEST(a_number_ends_where_its_last_byte_is)
{
    const end_case *c = &end_cases[_i];
    double x = -77;
    ck_assert_msg(read_bytes(c->text, strlen(c->text), '.', &x) == c->length, "'%s'", c->text);
    ck_assert_double_eq(x, c->length < 0 ? -77 : c->x);
    /* The same where eight bytes can be read. */
    char longer[64] = {0};
    memcpy(longer, c->text, strlen(c->text));
    ck_assert_int_eq(read_bytes(longer, sizeof longer, '.', &x), c->length);
}
END_TEST

START_TEST(the_point_is_the_callers)
{
    double x;
    ck_assert_int_eq(read_bytes("1,5", 3, ',', &x), 3);
    ck_assert_double_eq(x, 1.5);
    ck_assert_int_eq(read_bytes("1.5", 3, ',', &x), 1);
    ck_assert_double_eq(x, 1);
    ck_assert_int_eq(read_bytes(",5;", 3, ',', &x), 2);
    ck_assert_double_eq(x, 0.5);
    ck_assert_int_eq(read_bytes("123456789,0123456789012345", 26, ',', &x), 26);
    ck_assert_double_eq(x, 123456789.0123456789012345);
}
END_TEST

/* Text that ends with a page, behind which nothing can be read. Each beginning of it is read, too. */
START_TEST(nothing_is_read_behind_the_end)
{
    const char *const texts[] = {"-12345678.12345678e+123", "123456789012345678901234567890.5", "0.0000000012e-5",
                                 "+.e"};
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(pages != MAP_FAILED);
    ck_assert_int_eq(mprotect(pages + page, page, PROT_NONE), 0);
    for (int i = 0; i < COUNT(texts); i++)
        for (size_t n = 0; n <= strlen(texts[i]); n++) {
            double there = -1, here = -1;
            memcpy(pages + page - n, texts[i], n);
            const char *end = nn_decimal_read(pages + page - n, pages + page, '.', &there);
            ck_assert_int_eq(end ? end - (pages + page - n) : -1, read_bytes(texts[i], n, '.', &here));
            ck_assert_uint_eq(bits_of(there), bits_of(here));
        }
    munmap(pages, 2 * page);
}
END_TEST

/* However the thread rounds, the nearest number is read. */
START_TEST(rounding_of_the_thread_changes_nothing)
{
    const int ways[] = {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    const number_case *c = &number_cases[_i];
    for (int i = 0; i < COUNT(ways); i++) {
        double x = -77;
        ck_assert_int_eq(fesetround(ways[i]), 0);
        const ptrdiff_t length = read_bytes(c->text, strlen(c->text), '.', &x);
        fesetround(FE_TONEAREST);
        ck_assert_int_eq(length, (ptrdiff_t)strlen(c->text));
        ck_assert_uint_eq(bits_of(x), bits_of(c->x));
    }
}
END_TEST

/* Millions of digits, and exponents that take them back. */
START_TEST(numbers_of_millions_of_digits_are_read)
{
    enum { DIGITS = 3000000 };
    char *text = malloc(DIGITS + 64);
    double x = 0;
    ck_assert_ptr_nonnull(text);
    memset(text, '0', DIGITS);
    text[0] = '1';
    int n = DIGITS + snprintf(text + DIGITS, 64, "e-%d", DIGITS - 1);
    ck_assert_ptr_eq(nn_decimal_read(text, text + n, '.', &x), text + n);
    ck_assert_double_eq(x, 1);
    memcpy(text, "0.", 2);
    n = DIGITS + snprintf(text + DIGITS, 64, "25e%d", DIGITS - 2);
    ck_assert_ptr_eq(nn_decimal_read(text, text + n, '.', &x), text + n);
    ck_assert_double_eq(x, 0.25);
    /* A half-way case that the last digit decides. */
    memcpy(text, "9007199254740993.0", 18);
    n = DIGITS + snprintf(text + DIGITS, 64, "0");
    ck_assert_ptr_eq(nn_decimal_read(text, text + n, '.', &x), text + n);
    ck_assert_double_eq(x, 9007199254740992.0);
    text[n - 1] = '1';
    ck_assert_ptr_eq(nn_decimal_read(text, text + n, '.', &x), text + n);
    ck_assert_double_eq(x, 9007199254740994.0);
    free(text);
}
END_TEST

/* ---- Random texts ------------------------------------------------------------------------------------------------ */

enum { TEXT = 2048 };

/* Bits that are always the same for a number. */
static uint64_t mixed(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t state;
static uint64_t random_bits(void) { return mixed(state++); }
static int random_below(int n) { return (int)(random_bits() % (uint64_t)n); }

/* Positive or negative, of any size. */
static double random_finite(void)
{
    double x;
    do
        x = of_bits(random_bits());
    while (!isfinite(x));
    return x;
}

/* Random digits with a point among them or not. Returns how many bytes. */
static int put_digits(char *text, int digits)
{
    const int point = random_below(2 * digits + 2); /* half of all have none */
    int n = 0;
    for (int i = 0; i < digits; i++) {
        if (i == point)
            text[n++] = '.';
        text[n++] = (char)('0' + random_below(10));
    }
    text[n] = 0;
    return n;
}

static void put_exponent(char *text, int n, int most)
{
    if (random_below(4) != 0)
        snprintf(text + n, 16, "%c%s%d", random_below(2) ? 'e' : 'E', random_below(3) ? "" : "-", random_below(most));
}

static void round_trip(char *text) { snprintf(text, TEXT, "%.17g", random_finite()); }

static void shorter_or_longer(char *text) { snprintf(text, TEXT, "%.*e", random_below(25), random_finite()); }

static void few_digits(char *text) { put_exponent(text, put_digits(text, 1 + random_below(19)), 345); }

static void many_digits(char *text)
{
    const int n = put_digits(text, 20 + random_below(random_below(4) ? 20 : 900));
    put_exponent(text, n, 400);
}

/* As tables have them. */
static void plain(char *text)
{
    snprintf(text, TEXT, "%.*f", random_below(8), (double)(int64_t)random_bits() / pow(10, 12 + random_below(7)));
}

static void whole(char *text)
{
    snprintf(text, TEXT, "%" PRIu64 "%s", random_bits() >> random_below(64), random_below(2) ? "" : "00");
}

/* Below the least normal number, and around it. */
static void tiny(char *text)
{
    snprintf(text, TEXT, "%.*e", random_below(30), of_bits(random_bits() >> (11 + random_below(52))));
}

/* All digits of the point half-way between two numbers, or a little more or less. long double has it, if it is wider.
 */
static void half_way(char *text)
{
    double x = fabs(random_below(4) ? random_finite() : of_bits(random_bits() >> (11 + random_below(52))));
    x = random_below(3) ? x : of_bits(bits_of(1 + fabs(fmod(x, 1))) + ((uint64_t)random_below(60) << 52));
    if (x >= DBL_MAX)
        x = 1;
    const long double middle = ((long double)x + (long double)of_bits(bits_of(x) + 1)) / 2;
    const int digits = random_below(3) == 0 ? 17 + random_below(20) : 1080;
    snprintf(text, TEXT, "%.*Le", digits, middle);
    char *e = strchr(text, 'e'), *last = e - 1;
    const int way = random_below(3);
    if (way == 1)
        *last = '1'; /* a little more: 0 stood there */
    while (last > text && *last == '0')
        last--;
    if (way == 2 && *last > '0' && *last <= '9')
        --*last;
    if (random_below(2))
        memmove(last + 1, e, strlen(e) + 1); /* without zeros at the end */
}

static void (*const kinds[])(char *text) = {round_trip, shorter_or_longer, few_digits, many_digits, plain, whole,
                                            tiny,       half_way};

/* GRADTAPE_LONG_DECIMALS texts, where it is set (tests/long.sh). */
START_TEST(agrees_with_the_c_library)
{
    const char *wanted_texts = getenv("GRADTAPE_LONG_DECIMALS");
    const int64_t texts = wanted_texts ? strtoll(wanted_texts, NULL, 10) : 200000;
    int64_t differing = 0;
    ck_assert_int_ge(texts, 200000);
    for (int64_t i = 0; i < texts; i++) {
        char text[TEXT], *end;
        double ours = -77;
        text[0] = random_below(2) ? '-' : '+';
        kinds[i % COUNT(kinds)](text + 1);
        const char *from = text[1] == '-' || random_below(2) ? text + 1 : text;
        const double theirs = strtod(from, &end);
        if (read_bytes(from, strlen(from), '.', &ours) == end - from && bits_of(ours) == bits_of(theirs))
            continue;
        if (differing++ < 10)
            fprintf(stderr, "%s: %a, not %a\n", from, ours, theirs);
    }
    if (wanted_texts)
        fprintf(stderr, "%" PRId64 " texts, %" PRId64 " differ\n", texts, differing);
    ck_assert_int_eq(differing, 0);
}
END_TEST

/* ---- The suite --------------------------------------------------------------------------------------------------- */

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, reads_to_the_nearest_number, 0, COUNT(number_cases));
    tcase_add_loop_test(tests, a_number_ends_where_its_last_byte_is, 0, COUNT(end_cases));
    tcase_add_test(tests, the_point_is_the_callers);
    tcase_add_test(tests, nothing_is_read_behind_the_end);
    tcase_add_loop_test(tests, rounding_of_the_thread_changes_nothing, 0, COUNT(number_cases));
    tcase_add_test(tests, numbers_of_millions_of_digits_are_read);
    tcase_add_test(tests, agrees_with_the_c_library);
}

int main(void) { return run_tests("decimal", add_tests); }
