/* The figures of an activation: its name, values and derivatives at set places. */
#include "activations.h"

enum { DIGITS = 4 };

ad_panel *ad_find_panel(ad_activations *v, const ad_curve *curve, double attribute)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->panels[i].curve == curve && v->panels[i].attribute == attribute)
            return &v->panels[i];
    return NULL;
}

static bool find_figures(const ad_activations *v, ad_panel *p)
{
    const ad_curve *c = p->curve;
    ad_panel_figures *f = &p->figures;
    *f = (ad_panel_figures){.z = {0, c->ends[0], c->ends[1], c->steepest, -1},
                            .low = AD_AT_0,
                            .high = AD_AT_0,
                            .steepest = AD_AT_STEEPEST,
                            .steepest_at = c->steepest_at};
    if (ad_compute_curve(c, p->attribute, &v->allocator, f->z, AD_AT_PLACES, f->value, f->derivative) != AD_OK)
        return false;
    if (f->derivative[AD_AT_LEFT] > f->derivative[AD_AT_STEEPEST]) { /* a leaky ReLU with a slope above 1 */
        f->steepest = AD_AT_LEFT;
        f->steepest_at = "where z <= 0";
    }
    /* A leaky ReLU has other ends where its slope is negative, and is NaN at an end where it is 0. */
    for (size_t i = AD_AT_0; i <= AD_AT_HIGH; i++) {
        f->low = f->value[i] < f->value[f->low] ? i : f->low;
        f->high = f->value[i] > f->value[f->high] ? i : f->high;
    }
    return true;
}

bool ad_find_panel_figures(ad_activations *v)
{
    for (size_t i = 0; i < v->n; i++)
        if (!find_figures(v, &v->panels[i]))
            return false;
    return true;
}

void ad_put_panel_name(ad_sink *sink, const ad_panel *p)
{
    char text[AD_SHOWN_TEXT];
    ad_put(sink, p->curve->title);
    if (p->attribute != p->curve->attribute)
        ad_put_format(sink, " %s", ad_shown_number(p->attribute, AD_FEW_DIGITS, text));
}

static void put_number(ad_sink *sink, const ad_panel *p, const char *what, double z, double x)
{
    char text[AD_SHOWN_TEXT], number[AD_NUMBER_TEXT];
    ad_put_format(sink, "<span data-what=\"curve-%s\" data-of=\"%s", what, p->curve->name);
    if (p->attribute != p->curve->attribute)
        ad_put_format(sink, " %s", ad_number_text(p->attribute, AD_FEW_DIGITS, number));
    ad_put_format(sink, "\" data-at=\"%s\"", ad_number_text(z, ad_exact_digits(AD_F64), number));
    ad_put_format(sink, " data-exact=\"%s\">%s</span>", ad_number_text(x, ad_exact_digits(AD_F64), number),
                  ad_shown_number(x == 0 ? 0 : x, DIGITS, text)); /* 0 times a negative slope is -0 */
}

void ad_put_panel_value(ad_sink *sink, const ad_panel *p, size_t i)
{
    put_number(sink, p, "value", p->figures.z[i], p->figures.value[i]);
}

void ad_put_panel_derivative(ad_sink *sink, const ad_panel *p, size_t i)
{
    put_number(sink, p, "derivative", p->figures.z[i], p->figures.derivative[i]);
}

void ad_put_panel_words(ad_sink *sink, const ad_panel *p, const char *words)
{
    ad_put_curve_formula(sink, AD_INK_HTML, words, p->attribute);
}
