/* Numbers as text, in every locale. */
#include "number.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../data/decimal.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

bool nn_read_real(const char *text, double *x)
{
    const char *end = text + strlen(text);
    return *text != '+' && nn_decimal_read(text, end, '.', x) == end;
}

bool nn_read_unsigned(const char *text, uint64_t *x)
{
    uint64_t sum = 0;
    const char *at = text;
    for (; is_digit(*at); at++) {
        const uint64_t digit = (uint64_t)(*at - '0');
        if (sum > (UINT64_MAX - digit) / 10)
            return false;
        sum = 10 * sum + digit;
    }
    if (at == text || *at)
        return false;
    *x = sum;
    return true;
}

bool nn_read_integer(const char *text, int64_t *x)
{
    const bool is_negative = *text == '-';
    uint64_t size;
    if (!nn_read_unsigned(text + is_negative, &size) || size > (uint64_t)INT64_MAX + is_negative)
        return false;
    *x = !is_negative ? (int64_t)size : size == 0 ? 0 : -(int64_t)(size - 1) - 1;
    return true;
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

/* The fewest digits that give the same number again. */
static int digits_of(double x)
{
    char text[NN_REAL_TEXT];
    int digits = 1;
    for (; digits < 17; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, x);
        if (strtod(text, NULL) == x)
            break;
    }
    return digits;
}

static int digits_of_f32(float x)
{
    char text[NN_REAL_TEXT];
    /* An f32 keeps six digits, so %g leaves out what is more than the fewest. Numbers below FLT_MIN keep fewer. */
    int digits = fabsf(x) < FLT_MIN ? 1 : FLT_DIG;
    for (; digits < 9; digits++) {
        snprintf(text, sizeof text, "%.*e", digits - 1, (double)x);
        if (strtof(text, NULL) == x)
            break;
    }
    return digits;
}

static char *write_real(double x, int digits, char text[NN_REAL_TEXT])
{
    const double size = fabs(x);
    int whole = 1;
    for (double power = 10; power <= size && power <= 1e16; power *= 10)
        whole++;
    snprintf(text, NN_REAL_TEXT, "%.*g", digits < whole && whole <= 16 ? whole : digits, x);
    char *to = text;
    for (const char *from = text; *from; from++) {
        const bool is_point = !strchr("0123456789+-e", *from);
        if (!is_point || to[-1] != '.') /* a point may have several bytes */
            *to++ = is_point ? '.' : *from;
    }
    *to = 0;
    return text;
}

static char *write_special(double x, char text[NN_REAL_TEXT])
{
    return strcpy(text, isnan(x) ? "nan" : x < 0 ? "-inf" : "inf");
}

char *nn_real_text(double x, char text[NN_REAL_TEXT])
{
    return isfinite(x) ? write_real(x, digits_of(x), text) : write_special(x, text);
}

char *nn_f32_text(float x, char text[NN_REAL_TEXT])
{
    return isfinite(x) ? write_real((double)x, digits_of_f32(x), text) : write_special((double)x, text);
}
