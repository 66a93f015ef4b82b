/* The table of operators: the rows that the linker gathered, in the order of their names. */
#include <string.h>

#include <gradtape/operator.h>

/* The bounds of the section in which AD_OPERATOR puts the address of each row. */
extern const ad_operator *const __start_ad_rows[] __attribute__((visibility("hidden")));
extern const ad_operator *const __stop_ad_rows[] __attribute__((visibility("hidden")));

/* All files of rows, so that a program that is linked statically has them all. */
#define FAMILY(name) extern const char ad_family_##name;
AD_FAMILIES
#undef FAMILY
#define FAMILY(name) &ad_family_##name,
static const char *const families[] __attribute__((used)) = {AD_FAMILIES};
#undef FAMILY

size_t ad_operator_count(void) { return (size_t)(__stop_ad_rows - __start_ad_rows); }

/* How many names come before this one: the table is small, and asked by tests and drawings only. */
static size_t place_of(const ad_operator *op)
{
    size_t place = 0;
    for (size_t i = 0; i < ad_operator_count(); i++)
        place += strcmp(__start_ad_rows[i]->name, op->name) < 0;
    return place;
}

const ad_operator *ad_operator_at(size_t index)
{
    for (size_t i = 0; i < ad_operator_count(); i++)
        if (place_of(__start_ad_rows[i]) == index)
            return __start_ad_rows[i];
    return NULL;
}

const ad_operator *ad_operator_named(const char *name)
{
    for (size_t i = 0; name && i < ad_operator_count(); i++)
        if (!strcmp(__start_ad_rows[i]->name, name))
            return __start_ad_rows[i];
    return NULL;
}
