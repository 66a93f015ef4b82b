/* The chain rule where a variable is used more than once: the gradient is the sum of what comes back from each use.
 *
 *   fan-out   y = (x + x) x      = 2 x^2         dy/dx = 4 x           at 3: 12
 *   two ways  y = (x x) (5 - x)  = 5 x^2 - x^3   dy/dx = 10 x - 3 x^2  at 3: 3
 *
 * The judge is the finite difference: it knows no rule, it only computes y twice. */
#include <math.h>

#include "lesson.h"

typedef ad_tensor function(ad_tensor x);

static ad_tensor fan_out(ad_tensor x) { return ad_mul(ad_name(ad_add(x, x), "s"), x); }

static ad_tensor two_ways(ad_tensor x)
{
    ad_tensor five = ad_name(ad_scalar(x.tape, 5), "five");
    ad_tensor a = ad_name(ad_mul(x, x), "a"), b = ad_name(ad_sub(five, x), "b");
    return ad_mul(a, b);
}

static ad_tensor cube(ad_tensor x) { return ad_mul(ad_name(ad_mul(x, x), "q"), x); }

/* Prints what x receives, part after part, in the order of the reverse pass. */
static void print_parts(const char *title, function *f, double at, const char *folder, const char *page)
{
    ad_tape *t = ad_tape_open(NULL);
    ad_tensor x = ad_param(t, AD_F64, AD_SCALAR, &at, "x"), y = ad_name(f(x), "y");
    double sum = 0;
    ad_watch(t, AD_ON);
    ad_backward(y);
    printf("%-8s  through  operand  upstream  local  part  so far\n", title);
    for (size_t i = 0, n = 0; i < ad_part_count(t, AD_BAND_BACKWARD); i++) {
        const ad_part *p = ad_part_at(t, AD_BAND_BACKWARD, i);
        if (p->origin != AD_FROM_RULE || ad_number_of(p->of) != ad_number_of(x) || !ad_is_kept(p->of))
            continue;
        const double part = *(const double *)p->part.data, upstream = *(const double *)p->upstream[0].data;
        sum += part;
        printf("%-8zu  %-7s  %7d  %8g  %5g  %4g  %6g\n", ++n, ad_name_of(p->from), p->place + 1, upstream, p->local,
               part, sum);
    }
    printf("\n%s y = %g\n%s dy/dx = %g\n\n", title, ad_item(y), title, ad_item(ad_gradient(x)));
    write_page(t, folder, page, title);
    close_tape(t);
}

static double value(function *f, double at)
{
    ad_tape *t = ad_tape_open(NULL);
    const double y = ad_item(f(ad_variable(t, AD_F64, AD_SCALAR, &at)));
    close_tape(t);
    return y;
}

/* Prints finite differences of the two ways at 3, where the slope is 3, for smaller and smaller h. */
static void print_differences(void)
{
    printf("h      forward difference  central difference  forward error  central error\n");
    double h = 1;
    for (int i = 0; i <= 12; i++, h /= 10) {
        const double before = value(two_ways, 3 - h), after = value(two_ways, 3 + h);
        const double forward = (after - value(two_ways, 3)) / h, central = (after - before) / (2 * h);
        printf("%5g  %18.9f  %18.9f  %13.1e  %13.1e\n", h, forward, central, fabs(forward - 3), fabs(central - 3));
    }
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    print_parts("fan-out", fan_out, 3, folder, "chain-rule-fan-out-tape");
    print_parts("two ways", two_ways, 3, folder, "chain-rule-two-ways-tape");
    print_parts("exercise", cube, 2, folder, "chain-rule-exercise-tape");
    print_differences();
    return 0;
}
