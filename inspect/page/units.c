/* What the units of a batch are. */
#include "units.h"

#include "../operators.h"

/* The by-product of a layer beside y, where it has one of as many elements. */
static bool find_kept(ad_tensor y, ad_numbers *z)
{
    const size_t next = ad_number_of(y) + 1;
    if (next >= ad_entry_count(y.tape))
        return false;
    const ad_tensor kept = ad_recorded_at(y.tape, next);
    return ad_result_number(kept) == 1 && ad_size_of(kept) == ad_size_of(y) && ad_find_value(kept, z) && z->data;
}

static bool find_operand(ad_tensor y, int i, ad_numbers *x) { return ad_find_value(ad_operand(y, i), x) && x->data; }

ad_units ad_units_of(ad_tensor y)
{
    ad_units u = {0};
    bool is_known = ad_find_value(y, &u.y) && u.y.data;
    if (!is_known)
        return u;
    if (!ad_is_made_by(y, "linear"))
        is_known = find_operand(y, 0, &u.z);
    else if (ad_activation_of(y) == AD_IDENTITY)
        u.z = u.y;
    else if (!find_kept(y, &u.z)) {
        u.z.data = NULL;
        is_known = find_operand(y, 0, &u.inputs) && find_operand(y, 1, &u.weights) && find_operand(y, 2, &u.bias);
    }
    u.n = is_known ? u.y.n : 0;
    return u;
}

static double number_at(const ad_numbers *x, size_t i) { return ad_element_of(x->data, x->type, i); }

/* z = x w + b */
static double compute(const ad_units *u, size_t i)
{
    const size_t h = u->bias.n, d = u->weights.n / h, row = i / h, column = i % h;
    double z = number_at(&u->bias, column);
    for (size_t k = 0; k < d; k++)
        z += number_at(&u->inputs, row * d + k) * number_at(&u->weights, k * h + column);
    return z;
}

void ad_unit_at(const ad_units *u, size_t i, double *z, double *y)
{
    *z = u->z.data ? number_at(&u->z, i) : compute(u, i);
    *y = number_at(&u->y, i);
}
