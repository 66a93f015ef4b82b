/* What text says of a tensor. */
#include "describe.h"

#include <string.h>

#include "gradients.h"
#include "operators.h"
#include "statistics.h"

enum { MOST_VALUES = 8, MOST_OPERANDS = 6, WHOLE_DIGITS = 10, MOST_RULE = 90 };

/* ---- Numbers ----------------------------------------------------------------------------------------------------- */

int ad_digits_of(ad_type type, bool exact)
{
    return exact ? ad_exact_digits(type) : type == AD_I32 ? WHOLE_DIGITS : AD_FEW_DIGITS;
}

void ad_put_ordinal(ad_sink *sink, int i)
{
    static const char *const endings[] = {"th", "st", "nd", "rd"};
    const int n = i + 1, last = n / 10 % 10 == 1 ? 0 : n % 10;
    ad_put_format(sink, "%d%s", n, endings[last < 4 ? last : 0]);
}

void ad_put_index(ad_sink *sink, const ad_shape *shape, size_t k)
{
    size_t size = 1;
    for (int i = 0; i < shape->rank; i++)
        size *= (size_t)shape->dims[i];
    for (int i = 0; i < shape->rank; i++) {
        size /= (size_t)shape->dims[i];
        ad_put_format(sink, "%s%zu", i ? ", " : "[", k / size);
        k %= size;
    }
    ad_put(sink, shape->rank ? "]" : "");
}

void ad_put_range(ad_sink *sink, const ad_numbers *x, bool exact)
{
    const int digits = ad_digits_of(x->type, exact);
    const ad_statistics s = ad_statistics_of(x->data, x->type, x->n);
    char min[AD_NUMBER_TEXT], max[AD_NUMBER_TEXT];
    if (s.not_finite < s.n) {
        const bool are_alike = strcmp(ad_number_text(s.min, digits, min), ad_number_text(s.max, digits, max)) == 0;
        ad_put(sink, s.min < s.max ? (are_alike ? "about " : "") : s.not_finite ? "" : "all ");
        ad_put_format(sink, are_alike ? "%s" : "%s to %s", min, max);
    }
    if (s.not_finite)
        ad_put_format(sink, s.not_finite < s.n ? ", %zu not finite" : "all %zu not finite", s.not_finite);
}

/* What stands before element i: rows are parted, and matrices. */
static const char *before(const ad_shape *shape, size_t i)
{
    const int rank = shape->rank;
    const size_t row = rank > 0 ? (size_t)shape->dims[rank - 1] : 1;
    const size_t matrix = rank > 1 ? row * (size_t)shape->dims[rank - 2] : row;
    if (i == 0)
        return "";
    return rank > 2 && i % matrix == 0 ? " | " : rank > 1 && i % row == 0 ? "; " : " ";
}

void ad_put_values(ad_sink *sink, const ad_numbers *x, bool exact)
{
    if (x->n == 0) {
        ad_put(sink, "no elements");
    } else if (!x->data) {
        ad_put(sink, "norm ");
        ad_put_number(sink, x->norm, ad_digits_of(AD_F64, exact));
    } else if (x->n > MOST_VALUES) {
        ad_put_range(sink, x, exact);
    } else {
        for (size_t i = 0; i < x->n; i++) {
            ad_put(sink, before(&x->shape, i));
            ad_put_number(sink, ad_element_of(x->data, x->type, i), ad_digits_of(x->type, exact));
        }
    }
}

void ad_put_change(ad_sink *sink, ad_tensor x, ad_value_state state, bool exact)
{
    const ad_numbers now = ad_value_now(x);
    ad_put(sink, "changed since");
    if (state == AD_VALUE_BEFORE) {
        ad_put(sink, ", now ");
        ad_put_values(sink, &now, exact);
    } else {
        ad_put(sink, ": this is not the value that was used");
    }
}

/* ---- Calls ------------------------------------------------------------------------------------------------------- */

static void put_list(ad_sink *sink, const int64_t *numbers, int n)
{
    for (int i = 0; i < n; i++)
        ad_put_format(sink, " %lld", (long long)numbers[i]);
}

static void put_attribute(ad_sink *sink, ad_attribute_kind kind, const ad_attribute *attribute)
{
    switch (kind) {
    case AD_ATTRIBUTE_REAL:
        ad_put(sink, " ");
        ad_put_number(sink, attribute->real, AD_FEW_DIGITS);
        break;
    case AD_ATTRIBUTE_INTEGER: put_list(sink, &attribute->integer, 1); break;
    case AD_ATTRIBUTE_AXES:
        for (int i = 0; i < attribute->axes.count && i < AD_MAX_RANK; i++)
            ad_put_format(sink, " %d", attribute->axes.axis[i]);
        break;
    case AD_ATTRIBUTE_TYPE: ad_put_format(sink, " %s", ad_type_name((ad_type)attribute->integer)); break;
    case AD_ATTRIBUTE_INTEGERS: put_list(sink, attribute->shape.dims, attribute->shape.rank); break;
    default: /* a shape has a column of its own */ break;
    }
}

void ad_put_made_by(ad_sink *sink, ad_ink ink, ad_tensor y)
{
    const ad_operator *op = ad_operator_of(y);
    const ad_attribute *attributes = ad_attributes_of(y);
    ad_put_text(sink, ink, ad_made_by(y), AD_NAME_IN_TEXT);
    const char *activation = ad_is_made_by(y, "linear") ? ad_activation_name(ad_activation_of(y)) : NULL;
    if (activation && *activation)
        ad_put_format(sink, " %s", activation);
    for (int i = 0; !activation && attributes && i < AD_MAX_ATTRIBUTES && op->attributes[i].kind; i++)
        put_attribute(sink, op->attributes[i].kind, &attributes[i]);
    if (ad_result_number(y) > 0) {
        ad_put(sink, ", ");
        ad_put_ordinal(sink, ad_result_number(y));
    }
}

static void put_operands(ad_sink *sink, ad_ink ink, ad_tensor y, size_t most)
{
    const int n = ad_operand_count(y);
    for (int i = 0; i < n && i < MOST_OPERANDS; i++) {
        ad_put(sink, i ? ", " : "");
        ad_put_name(sink, ink, ad_operand(y, i), most);
    }
    if (n > MOST_OPERANDS)
        ad_put_format(sink, ", .. %d in all", n);
}

void ad_put_operands(ad_sink *sink, ad_ink ink, ad_tensor y) { put_operands(sink, ink, y, AD_NAME_IN_TEXT); }

void ad_put_operand_numbers(ad_sink *sink, ad_tensor y) { put_operands(sink, AD_INK_ASCII, y, AD_NO_NAME); }

void ad_put_call(ad_sink *sink, ad_ink ink, ad_tensor y)
{
    ad_put_name(sink, ink, y, AD_NAME_IN_TEXT);
    ad_put(sink, " = ");
    ad_put_text(sink, ink, ad_made_by(y), AD_NAME_IN_TEXT);
    ad_put(sink, "(");
    ad_put_operands(sink, ink, y);
    ad_put(sink, ")");
}

void ad_put_differential(ad_sink *sink, ad_ink ink, ad_tensor x)
{
    const bool is_word = !strpbrk(ad_name_of(x), "/ ()+-*");
    ad_put(sink, is_word ? "d" : "d(");
    ad_put_name(sink, ink, x, AD_NAME_IN_TEXT);
    ad_put(sink, is_word ? "" : ")");
}

/* ---- Derivatives ------------------------------------------------------------------------------------------------- */

void ad_put_operand_gradient(ad_sink *sink, ad_ink ink, ad_tensor y, int i)
{
    for (const char *at = ad_notes_of(y)->gradients[i]; *at; at++)
        if (*at == '%')
            ad_put_name(sink, ink, ad_operand(y, *++at - '0'), AD_NAME_IN_TEXT);
        else
            ad_put_bytes(sink, at, 1);
}

void ad_put_rule(ad_sink *sink, ad_ink ink, ad_tensor y)
{
    const ad_operator *op = ad_operator_of(y);
    const ad_operator_notes *notes = ad_notes_of(y);
    for (int i = 0; i < 3 && notes->gradients[i]; i++) {
        ad_put(sink, i ? ", " : "");
        if (op->arity > 1) {
            ad_put_differential(sink, ink, ad_operand(y, i));
            ad_put(sink, " = ");
        }
        ad_put_operand_gradient(sink, ink, y, i);
    }
    if (!notes->gradients[0] && op && op->gradient)
        ad_put_text(sink, ink, op->gradient, MOST_RULE);
}

/* Whether each operand that was given a part has a local derivative in numbers, and there is one. */
static bool has_locals(ad_tensor y)
{
    size_t n;
    const size_t first = ad_parts_from(y, &n);
    for (size_t i = first; i < first + n; i++)
        if (!ad_backward_part(y.tape, i)->has_local)
            return false;
    return n > 0;
}

void ad_put_locals(ad_sink *sink, ad_ink ink, ad_tensor y, bool exact)
{
    const int n = ad_operand_count(y);
    if (n > MOST_OPERANDS || !has_locals(y) || ad_is_made_by(y, "sum")) {
        ad_put_rule(sink, ink, y);
        return;
    }
    for (int i = 0; i < n; i++) {
        const ad_part *part = ad_part_to(y, i);
        const double local = part ? part->local : i < 2 ? ad_notes_of(y)->locals[i] : 0;
        ad_put(sink, i ? ", " : "");
        if (part || local != 0)
            ad_put_number(sink, local, ad_digits_of(ad_type_of(y), exact));
        else
            ad_put(sink, ad_wants_gradient(ad_operand(y, i)) ? "nothing" : "not wanted");
    }
}
