/* Gradient rules that are data. */
#include "part_rules.h"

static ad_tensor operand_of(ad_pullback *p, ad_part_operand of)
{
    switch (of) {
    case AD_DY: return ad_dy(p);
    case AD_Y: return ad_y(p);
    default: return ad_x(p, (int)of - AD_X0);
    }
}

static ad_tensor part_of(ad_pullback *p, const struct ad_part_rule *part)
{
    if (!part->op)
        return ad_dy(p);
    ad_tensor x[AD_PART_ARITY], y[AD_MAX_RESULTS];
    for (int k = 0; k < part->op->arity; k++)
        x[k] = operand_of(p, part->of[k]);
    if (part->op->attributes[0].kind == AD_ATTRIBUTE_NONE && part->op->arity == 2)
        return ad_apply2(part->op, x[0], x[1]);
    ad_apply(p->tape, part->op, x, part->op->arity, ad_entry_attributes(p->entry), y);
    return y[0];
}

void ad_give_parts(ad_pullback *p)
{
    for (int i = 0; i < p->entry->op->arity; i++)
        if (ad_wants(p, i))
            ad_give(p, i, part_of(p, &p->entry->op->parts[i]));
}
