/* Numbers, names and shapes in a page. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"

#define MINUS "\xe2\x88\x92"
#define INFINITE "\xe2\x88\x9e"

/* The digits of a number without zeros at the end, and the exponent of the first. */
static int split(double x, int digits, char mantissa[AD_NUMBER_TEXT])
{
    char text[AD_SHOWN_TEXT];
    snprintf(text, sizeof text, "%.*e", digits - 1, fabs(x));
    size_t n = 0;
    const char *at = text;
    for (; *at != 'e'; at++)
        if (*at >= '0' && *at <= '9')
            mantissa[n++] = *at;
    while (n > 1 && mantissa[n - 1] == '0')
        n--;
    mantissa[n] = 0;
    return (int)strtol(at + 1, NULL, 10);
}

/* The same digits are found in the script, which writes numbers so too. */
static char *compose(double x, int digits, int smallest, char text[AD_SHOWN_TEXT])
{
    char mantissa[AD_NUMBER_TEXT];
    if (isnan(x))
        return strcpy(text, "NaN");
    char *to = text + (signbit(x) ? strlen(strcpy(text, MINUS)) : 0);
    if (isinf(x) || x == 0) {
        strcpy(to, x == 0 ? "0" : INFINITE);
        return text;
    }
    int exponent = split(x, digits, mantissa);
    if (exponent >= digits && exponent < digits + 3)
        exponent = split(x, exponent + 1, mantissa);
    const int n = (int)strlen(mantissa), zeros = exponent + 1 - n;
    const size_t room = AD_SHOWN_TEXT - (size_t)(to - text);
    if (exponent < smallest || exponent >= digits + 3)
        snprintf(to, room, "%c%s%se%s%d", mantissa[0], n > 1 ? "." : "", mantissa + 1, exponent < 0 ? MINUS : "",
                 abs(exponent));
    else if (exponent < 0)
        snprintf(to, room, "0.%.*s%s", -exponent - 1, "0000000000", mantissa);
    else if (zeros >= 0)
        snprintf(to, room, "%s%.*s", mantissa, zeros, "0000000000");
    else
        snprintf(to, room, "%.*s.%s", exponent + 1, mantissa, mantissa + exponent + 1);
    return text;
}

char *ad_shown_number(double x, int digits, char text[AD_SHOWN_TEXT]) { return compose(x, digits, -5, text); }

/* Characters of UTF-8. */
static int length_of(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += (*text & 0xc0) != 0x80;
    return n;
}

char *ad_short_number(double x, int digits, char text[AD_SHOWN_TEXT])
{
    compose(x, digits, -3, text);
    while (length_of(text) > 8 && digits > 1)
        compose(x, --digits, -3, text);
    return text;
}

void ad_put_figure_attributes(ad_sink *sink, const ad_figure *figure)
{
    char exact[AD_NUMBER_TEXT];
    ad_put_format(sink, " data-what=\"%s\"", figure->what);
    if (!ad_is_inert(figure->of)) {
        ad_put(sink, " data-of=\"");
        ad_put_name(sink, AD_INK_HTML, figure->of, AD_NAME_IN_PAGE);
        ad_put(sink, "\" data-id=\"");
        ad_put_identity(sink, figure->of);
        ad_put(sink, "\"");
    }
    if (!ad_is_inert(figure->from)) {
        ad_put(sink, " data-from=\"");
        ad_put_identity(sink, figure->from);
        ad_put_format(sink, "\" data-place=\"%d\"", figure->place);
    }
    if (figure->index >= 0)
        ad_put_format(sink, " data-index=\"%td\"", figure->index);
    ad_put_format(sink, " data-exact=\"%s\"", ad_number_text(figure->x, ad_exact_digits(figure->type), exact));
}

void ad_put_figure(ad_sink *sink, const ad_figure *figure, int digits)
{
    char text[AD_SHOWN_TEXT];
    const bool has_sign = strcmp(figure->what, "gradient") == 0 || strcmp(figure->what, "part") == 0;
    ad_put_format(sink, "<span class=\"m%s\"", !has_sign || !(figure->x != 0) ? "" : figure->x < 0 ? " neg" : " pos");
    ad_put_figure_attributes(sink, figure);
    ad_put_format(sink, ">%s</span>", ad_shown_number(figure->x, digits, text));
}
