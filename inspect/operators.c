/* What is known of operators of the library by their names. */
#include "operators.h"

#include <string.h>

#define PRODUCT .factors = {2, 1}
#define MATRIX_PRODUCT .is_matrix_product = true, .factors = {2, 1}

/* clang-format off */
static const ad_operator_notes table[] = {
    {.name = "add", .formula = "%01 + %11", .binds = AD_BINDS_SUM, .sign = "+", .locals = {1, 1}},
    {.name = "sub", .formula = "%01 - %12", .binds = AD_BINDS_SUM, .sign = "\xe2\x88\x92", .locals = {1, -1}},
    {.name = "neg", .formula = "-%02", .binds = AD_BINDS_SUM},
    {.name = "shift", .formula = "%01~", .binds = AD_BINDS_SUM},
    {.name = "mul_add", .formula = "%03 %13 + %21", .binds = AD_BINDS_SUM, PRODUCT},
    {.name = "mul", .formula = "%03 %13", .binds = AD_BINDS_PRODUCT, .sign = "\xc2\xb7", PRODUCT,
     .gradients = {"%1 dy", "%0 dy"}},
    {.name = "scale", .formula = "# %03", .binds = AD_BINDS_PRODUCT},
    {.name = "div", .formula = "%03 / %14", .binds = AD_BINDS_QUOTIENT, .sign = "/", .factors = {0, 1}},
    {.name = "divide_by", .formula = "%03 / #", .binds = AD_BINDS_QUOTIENT},
    {.name = "reciprocal", .formula = "1 / %04", .binds = AD_BINDS_QUOTIENT},
    {.name = "square", .formula = "%05^2", .binds = AD_BINDS_POWER},
    {.name = "pow", .formula = "%05^%15", .binds = AD_BINDS_POWER},
    {.name = "pow_constant", .formula = "%05^#", .binds = AD_BINDS_POWER},
    {.name = "transpose", .formula = "%05'", .binds = AD_BINDS_POWER},
    {.name = "sum", .gradients = {"ones"}},
    {.name = "matmul", .formula = "%03 %13", .binds = AD_BINDS_PRODUCT, MATRIX_PRODUCT,
     .gradients = {"dy %1'", "%0' dy"}},
    {.name = "matmul_nt", .formula = "%03 %15'", .binds = AD_BINDS_PRODUCT, MATRIX_PRODUCT,
     .gradients = {"dy %1", "dy' %0"}},
    {.name = "matmul_tn", .formula = "%05' %13", .binds = AD_BINDS_PRODUCT, MATRIX_PRODUCT,
     .gradients = {"%1 dy'", "%0 dy"}},
    {.name = "linear", .formula = "%03 %13 + %21", .binds = AD_BINDS_SUM, MATRIX_PRODUCT,
     .gradients = {"dz %1'", "%0' dz", "sum of dz"}},
    {.name = "dot", PRODUCT},
    {.name = "outer", PRODUCT},
    {.name = "twice_product", PRODUCT},
    {.name = "relu", .activation = AD_RELU},
    {.name = "tanh", .activation = AD_TANH},
    {.name = "logistic", .activation = AD_LOGISTIC},
    {.name = "softplus", .activation = AD_SOFTPLUS},
    {.name = "elu", .activation = AD_ELU},
};
/* clang-format on */

enum { ROWS = sizeof table / sizeof table[0] };

bool ad_is_made_by(ad_tensor y, const char *name)
{
    const ad_operator *op = ad_operator_of(y);
    return op && strcmp(op->name, name) == 0 && op == ad_operator_named(name);
}

const ad_operator_notes *ad_notes_of(ad_tensor y)
{
    static const ad_operator_notes none = {0};
    for (int i = 0; i < ROWS; i++)
        if (ad_is_made_by(y, table[i].name))
            return &table[i];
    return &none;
}

ad_activation ad_activation_of(ad_tensor y)
{
    const bool is_layer = ad_is_made_by(y, "linear");
    const int64_t found = is_layer ? ad_attributes_of(y)->integer : (int64_t)ad_notes_of(y)->activation;
    return found > 0 && found < AD_ACTIVATION_COUNT ? (ad_activation)found : AD_IDENTITY;
}

const char *ad_activation_name(ad_activation activation)
{
    for (int i = 0; i < ROWS; i++)
        if (activation && table[i].activation == activation)
            return table[i].name;
    return "";
}
