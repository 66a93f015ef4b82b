/* Prints docs/operators.md from the table of operators: `ninja -C build docs` writes it, and a test compares. */
#include <stdio.h>
#include <string.h>

#include <gradtape/operator.h>

#include "page.h"

static const char *kind_of(char letter)
{
    return letter == 'i' ? "i32" : letter == '*' || letter == 's' ? "any" : "real";
}

static void print_operands(const ad_operator *op)
{
    const char *types = op->types && *op->types ? op->types : "r";
    const int n = op->arity == AD_VARIADIC ? 1 : op->arity;
    for (int i = 0; i < n; i++) {
        const size_t last = strlen(types) - 1;
        printf("%s%s", i ? ", " : "", kind_of(types[(size_t)i < last ? (size_t)i : last]));
    }
    printf("%s", op->arity == AD_VARIADIC ? ", ..." : op->arity == 0 ? "none" : "");
}

static void print_attributes(const ad_operator *op)
{
    for (int a = 0; a < AD_MAX_ATTRIBUTES && op->attributes[a].kind != AD_ATTRIBUTE_NONE; a++)
        printf("%s%s", a ? ", " : "", op->attributes[a].name);
}

static const char *property_of(const ad_operator *op)
{
    if (op->properties & AD_NOT_DIFFERENTIABLE)
        return "not differentiable";
    if (op->properties & AD_STOPS)
        return "no gradient passes";
    return op->properties & AD_PIECEWISE_CONSTANT ? "constant almost everywhere" : "";
}

static void print_row(const ad_operator *op)
{
    const char *property = property_of(op), *convention = op->convention ? op->convention : "";
    printf("| `%s` | ", op->name);
    print_operands(op);
    printf(" | ");
    print_attributes(op);
    printf(" | ");
    print_cell(op->formula ? op->formula : "");
    printf(" | ");
    print_cell(op->gradient ? op->gradient : "");
    printf(" | ");
    print_cell(property);
    printf("%s", *property && *convention ? "; " : "");
    print_cell(convention);
    printf(" |\n");
}

int main(void)
{
    printf("# The operators\n\n"
           "All %zu rows of the table of operators, in the order of their names. This page is printed by\n"
           "`ninja -C build docs` from the rows themselves, and a test compares the two; the headers in\n"
           "`include/gradtape/operators/` have the functions by family. In the gradients dy is the gradient of the\n"
           "result y, and a prime is a transposed matrix; several operands have theirs in order.\n\n"
           "| operator | operands | attributes | formula | gradient | conventions |\n"
           "|---|---|---|---|---|---|\n",
           ad_operator_count());
    for (size_t i = 0; i < ad_operator_count(); i++)
        print_row(ad_operator_at(i));
    return 0;
}
