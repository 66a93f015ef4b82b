/* Steps of a rule that searches: of L-BFGS, the only one. */
#include "search.h"

#include "lbfgs.h"

/* Checks everything, and makes the slots. Returns false, and the tape is in error, if that fails. */
static bool open_search(nn_search *s, const nn_optimiser_options *options)
{
    s->options = nn_optimiser_resolve(options);
    const nn_optimiser_options *o = &s->options;
    s->tape = s->parameters && s->n ? s->parameters[0].tape : NULL;
    if (s->tape && !o->rule->search)
        ad_fail(s->tape, AD_BAD_VALUE, "search_step: %s does not search: take lbfgs, or nn_optimiser_step",
                o->rule->name ? o->rule->name : "the rule");
    if (s->tape && !s->objective)
        ad_fail(s->tape, AD_BAD_VALUE, "search_step: the objective is NULL");
    const nn_trained trained = {.parameters = s->parameters, .factors = s->factors, .n = s->n};
    return nn_optimiser_check(o, &trained) && nn_lbfgs_check(o, s->parameters, s->factors, s->n) &&
           nn_lbfgs_prepare(o, s->parameters, s->n) == AD_OK;
}

ad_status nn_search_step_by(const nn_optimiser_options *options, const ad_tensor *parameters, const nn_factors *factors,
                            size_t n, nn_objective *objective, void *context, nn_search_result *result)
{
    nn_search_result none, *r = result ? result : &none;
    *r = (nn_search_result){0};
    nn_search s = {.parameters = parameters, .factors = factors, .n = n, .objective = objective, .context = context};
    return open_search(&s, options) ? s.options.rule->search(&s, r) : s.tape ? ad_status_of(s.tape) : AD_BAD_HANDLE;
}

ad_status nn_search_step(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n, nn_objective *loss,
                         void *context, nn_search_result *result)
{
    return nn_search_step_by(options, parameters, NULL, n, loss, context, result);
}

ad_status nn_minimise(const nn_optimiser_options *options, const ad_tensor *parameters, size_t n, nn_objective *loss,
                      void *context, const nn_minimise_options *how, nn_search_result *result)
{
    nn_search_result none, *r = result ? result : &none;
    *r = (nn_search_result){0};
    nn_search s = {.parameters = parameters, .n = n, .objective = loss, .context = context};
    const nn_minimise_options h = how ? *how : (nn_minimise_options){0};
    if (parameters && n && h.steps < 0)
        ad_fail(parameters[0].tape, AD_BAD_VALUE, "minimise: steps is %lld: it must be at least 0", (long long)h.steps);
    if (parameters && n && !(h.tolerance >= 0))
        ad_fail(parameters[0].tape, AD_BAD_VALUE, "minimise: tolerance is %g: it must be at least 0", h.tolerance);
    if (!open_search(&s, options))
        return s.tape ? ad_status_of(s.tape) : AD_BAD_HANDLE;
    const int64_t steps = h.steps ? h.steps : 1000;
    s.tolerance = h.tolerance > 0 ? h.tolerance : 1e-6;
    for (int64_t step = 0; step < steps && !r->has_ended && (step == 0 || r->gradient > s.tolerance); step++) {
        s.is_known = step > 0;
        if (s.options.rule->search(&s, r) != AD_OK)
            break;
    }
    return ad_status_of(s.tape);
}
