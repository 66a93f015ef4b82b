/* The version of the library. */
#include <gradtape/version.h>

const char *ad_version(void) { return GRADTAPE_VERSION; }
