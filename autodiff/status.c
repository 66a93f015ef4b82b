/* Names and meanings of statuses, both from the one list. */
#include <gradtape/status.h>

const char *ad_status_name(ad_status status)
{
#define NAME(name, meaning) #name,
    static const char *const names[] = {AD_STATUS_LIST(NAME)};
#undef NAME
    return (unsigned)status < AD_STATUS_COUNT ? names[status] : "unknown status";
}

const char *ad_status_meaning(ad_status status)
{
#define MEANING(name, meaning) meaning,
    static const char *const meanings[] = {AD_STATUS_LIST(MEANING)};
#undef MEANING
    return (unsigned)status < AD_STATUS_COUNT ? meanings[status] : "unknown status";
}
