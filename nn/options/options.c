/* The options of an estimator, of a table or of a fit from text. */
#include <gradtape/options.h>

#include <string.h>

#include "estimator_fields.h"
#include "fields.h"

struct nn_options {
    ad_memory memory;
    nn_store store; /* what the options point to */
    nn_options_kind kind;
    union {
        nn_classifier_options classifier;
        nn_regressor_options regressor;
        nn_csv_options csv;
        nn_fit_options fit;
    } of;
    ad_status status;
    char message[640];
};

nn_fields nn_options_fields(nn_options_kind kind)
{
    switch (kind) {
    case NN_CLASSIFIER: return nn_classifier_fields;
    case NN_REGRESSOR: return nn_regressor_fields;
    case NN_CSV: return nn_csv_fields();
    case NN_FIT: return nn_fit_fields;
    case NN_OPTIONS_COUNT: break;
    }
    return (nn_fields){0};
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

static const nn_field *field_at(nn_fields fields, size_t offset)
{
    for (size_t i = 0; i < fields.n; i++)
        if (fields.at[i].offset == offset)
            return &fields.at[i];
    return NULL;
}

static bool is_zero(const nn_field *f, const void *at)
{
    return f->type == NN_FIELD_REAL ? *(const double *)at == 0
                                    : f->type == NN_FIELD_INTEGER && *(const int64_t *)at == 0;
}

/* 0 stands for the default in the options, so that it cannot be said where the optimiser or its schedule has one. */
static ad_status check_zeros(nn_options *o, nn_fields fields, const bool *seen)
{
    const nn_optimiser_options *const of =
        o->kind == NN_CLASSIFIER ? &o->of.classifier.optimiser : &o->of.regressor.optimiser;
    const nn_optimiser *const rule = of->rule ? of->rule : &nn_adagrad;
    const nn_schedule *const schedule = of->schedule.rule ? of->schedule.rule : &nn_schedule_constant;
    for (size_t i = 0; i < fields.n; i++) {
        const void *const member = nn_field_member(&fields.at[i], &o->of);
        if (!seen[i] || !is_zero(&fields.at[i], member))
            continue;
        const size_t at = (size_t)((const char *)member - (const char *)of); /* too large for what is not inside */
        const nn_field *const by_rule = field_at(rule->fields, at);
        const nn_field *const f =
            by_rule ? by_rule : field_at(schedule->fields, at - offsetof(nn_optimiser_options, schedule));
        if (!f || f->standard == 0)
            continue;
        nn_writer w = nn_writer_into(o->message, sizeof o->message);
        const nn_refused zero = {.name = fields.at[i].name, .element = SIZE_MAX, .value = "0", .is_text = true};
        nn_put_refused(&w, &zero, "it must be a number other than 0, which stands for the default of ");
        nn_put(&w, by_rule ? rule->name : schedule->name);
        nn_put(&w, ", ");
        nn_put_real(&w, f->standard);
        return AD_BAD_VALUE;
    }
    return AD_OK;
}

static ad_status read_options(nn_options *o, nn_fields fields, char *text)
{
    nn_parsing p = {fields, &o->of, &o->store, o->message, sizeof o->message, NULL};
    const ad_status status = nn_fields_parse(&p, text);
    const bool has_optimiser = o->kind == NN_CLASSIFIER || o->kind == NN_REGRESSOR;
    return status == AD_OK && has_optimiser ? check_zeros(o, fields, p.seen) : status;
}

nn_options *nn_options_parse(const char *text, nn_options_kind kind, const ad_allocator *allocator)
{
    ad_memory memory = ad_memory_over(allocator);
    nn_options *o = ad_memory_take(&memory, 1, sizeof *o);
    if (!o)
        return NULL;
    *o = (nn_options){.memory = memory, .kind = kind};
    o->store.memory = &o->memory;
    if ((unsigned)kind >= NN_OPTIONS_COUNT) {
        nn_writer w = nn_writer_into(o->message, sizeof o->message);
        nn_put_format(&w, "%d is no kind of options: use NN_CLASSIFIER, NN_REGRESSOR, NN_CSV or NN_FIT", (int)kind);
        o->status = AD_BAD_VALUE;
        return o;
    }
    char *copy = nn_store_text(&o->store, text ? text : "");
    o->status = copy ? read_options(o, nn_options_fields(kind), copy) : AD_NO_MEMORY;
    if (o->status == AD_NO_MEMORY && !o->message[0])
        strcpy(o->message, "memory is out for the text of the options");
    return o;
}

void nn_options_close(nn_options *o)
{
    if (!o)
        return;
    nn_store_release(&o->store);
    ad_memory memory = o->memory;
    ad_memory_release(&memory, o, 1, sizeof *o);
}

/* ---- Looking in -------------------------------------------------------------------------------------------------- */

static bool is_good(const nn_options *o, nn_options_kind kind) { return o && o->status == AD_OK && o->kind == kind; }

const nn_classifier_options *nn_options_classifier(const nn_options *o)
{
    return is_good(o, NN_CLASSIFIER) ? &o->of.classifier : NULL;
}

const nn_regressor_options *nn_options_regressor(const nn_options *o)
{
    return is_good(o, NN_REGRESSOR) ? &o->of.regressor : NULL;
}

const nn_csv_options *nn_options_csv(const nn_options *o) { return is_good(o, NN_CSV) ? &o->of.csv : NULL; }

const nn_fit_options *nn_options_fit(const nn_options *o) { return is_good(o, NN_FIT) ? &o->of.fit : NULL; }

ad_status nn_options_status(const nn_options *o) { return o ? o->status : AD_BAD_HANDLE; }

const char *nn_options_message(const nn_options *o)
{
    return o ? o->message : "the options are NULL: nn_options_parse found no memory, or was not called";
}
