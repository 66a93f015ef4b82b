/* What is asked of a call before it runs. */
#include "check.h"

#include "table.h"

/* ---- Descriptors ------------------------------------------------------------------------------------------------- */

static ad_attribute_kind last_attribute(const ad_operator *op)
{
    const int n = ad_attribute_count(op);
    return n ? op->attributes[n - 1].kind : AD_ATTRIBUTE_NONE;
}

static bool has_gap(const ad_operator *op)
{
    for (int a = 1; a < AD_MAX_ATTRIBUTES; a++)
        if (op->attributes[a].kind != AD_ATTRIBUTE_NONE && op->attributes[a - 1].kind == AD_ATTRIBUTE_NONE)
            return true;
    return false;
}

/* What is wrong with its counts and lists, which is asked before anything is counted by them. */
static const char *bad_counts(const ad_operator *op)
{
    if (op->arity < 0 && op->arity != AD_VARIADIC)
        return "a negative arity that is not AD_VARIADIC";
    if (op->n_results < 0 || op->n_byproducts < 0)
        return "a negative number of results or by-products";
    if (op->n_results > AD_MAX_RESULTS || op->n_byproducts > AD_MAX_RESULTS ||
        ad_result_count(op) + op->n_byproducts > AD_MAX_RESULTS)
        return "too many results and by-products";
    if (has_gap(op))
        return "a gap in its attributes: those without a kind must be the last";
    return NULL;
}

static const char *descriptor_problem(const ad_operator *op)
{
    if (!op->name)
        return "no name";
    const char *bad = bad_counts(op);
    if (bad)
        return bad;
    if (!op->shape)
        return "no shape rule";
    if (!op->run && !(op->properties & AD_VIEW))
        return "no kernel (run), and is not a view";
    if (!op->run && ad_result_count(op) + op->n_byproducts > 1)
        return "no kernel (run) for its other results: a view is result 0 alone";
    if (!op->vjp && !op->backward && !(op->properties & (AD_NOT_DIFFERENTIABLE | AD_STOPS)))
        return "no gradient rule (vjp or backward), and is not marked AD_NOT_DIFFERENTIABLE";
    if (op->vjp && op->backward)
        return "both a gradient rule (vjp) and a numeric one (backward): one of them is enough";
    if (op->backward && (op->arity == AD_VARIADIC || op->arity > AD_MAX_RESULTS))
        return "a numeric gradient (backward), which is for 1 to 8 operands, and takes more";
    if (op->properties & AD_RANDOM && last_attribute(op) != AD_ATTRIBUTE_INTEGER)
        return "AD_RANDOM, and no integer as its last attribute: the number of the draw";
    return NULL;
}

bool ad_check_descriptor(ad_tape *t, const ad_operator *op)
{
    const bool is_row = op && ad_is_row(op);
    const char *problem = is_row ? NULL : op ? descriptor_problem(op) : "no descriptor";
    if (problem) {
        ad_fail(t, AD_BAD_VALUE, "%s: the operator has %s", op && op->name ? op->name : "apply", problem);
        return false;
    }
    if (is_row || t->recording) {
        t->checked[AD_CHECKED_PLACE(op)] = op; /* an entry will have it, or the call fails, and then it is forgotten */
        t->checked_own = t->checked_own || !is_row;
    }
    return true;
}

/* ---- A call ------------------------------------------------------------------------------------------------------ */

static bool is_count(int n) { return n >= 0 && n <= AD_MAX_RANK; }

static bool check_list(ad_tape *t, const ad_operator *op, const ad_attribute_spec *spec, const ad_attribute *attribute)
{
    const char *name = spec->name ? spec->name : "an attribute";
    const bool is_axes = spec->kind == AD_ATTRIBUTE_AXES;
    const int n = is_axes ? attribute->axes.count : attribute->shape.rank;
    if (is_count(n))
        return true;
    if (is_axes)
        ad_fail(t, AD_BAD_SHAPE, "%s: %d axes are given: there can be 0 (all) to %d", op->name, n, AD_MAX_RANK);
    else if (spec->kind == AD_ATTRIBUTE_SHAPE)
        ad_fail(t, AD_BAD_SHAPE, "%s: %s has rank %d: it must be 0 to %d", op->name, name, n, AD_MAX_RANK);
    else
        ad_fail(t, AD_BAD_SHAPE, "%s: %s has %d numbers: there can be 0 to %d", op->name, name, n, AD_MAX_RANK);
    return false;
}

bool ad_check_lists(ad_tape *t, const ad_operator *op, const ad_attribute *attributes)
{
    for (int a = 0; a < AD_MAX_ATTRIBUTES && op->attributes[a].kind != AD_ATTRIBUTE_NONE; a++) {
        const ad_attribute_kind kind = op->attributes[a].kind;
        const bool is_list = kind == AD_ATTRIBUTE_AXES || kind == AD_ATTRIBUTE_SHAPE || kind == AD_ATTRIBUTE_INTEGERS;
        if (is_list && !check_list(t, op, &op->attributes[a], &attributes[a]))
            return false;
    }
    return true;
}

void ad_fail_counts(ad_tape *t, const ad_operator *op, int n, const ad_attribute *attributes)
{
    if (op->attributes[0].kind != AD_ATTRIBUTE_NONE && !attributes)
        ad_fail(t, AD_BAD_VALUE, "%s: its attributes are NULL: it has some, %s first", op->name,
                op->attributes[0].name ? op->attributes[0].name : "one without a name");
    else
        ad_fail(t, AD_BAD_VALUE, "%s: %d operands are given, it takes %s%d", op->name, n,
                op->arity == AD_VARIADIC ? "at least " : "", op->arity == AD_VARIADIC ? 1 : op->arity);
}
