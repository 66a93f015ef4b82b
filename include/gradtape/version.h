#ifndef GRADTAPE_VERSION_H
#define GRADTAPE_VERSION_H
/* The version. It is written here only; the build reads it from this header. */
#include <gradtape/status.h>

/* The three numbers of the version. */
#define GRADTAPE_VERSION_MAJOR 0
#define GRADTAPE_VERSION_MINOR 2
#define GRADTAPE_VERSION_PATCH 0

/* What GRADTAPE_VERSION is made with. */
#define GRADTAPE_TEXT_OF(number) #number
#define GRADTAPE_JOIN(major, minor, patch)                                                                             \
    GRADTAPE_TEXT_OF(major) "." GRADTAPE_TEXT_OF(minor) "." GRADTAPE_TEXT_OF(patch)

/* The version of this header as text, "0.2.0" for instance. */
#define GRADTAPE_VERSION GRADTAPE_JOIN(GRADTAPE_VERSION_MAJOR, GRADTAPE_VERSION_MINOR, GRADTAPE_VERSION_PATCH)

/* Returns the version of the library that runs, as text. GRADTAPE_VERSION is that of the header. */
AD_API const char *ad_version(void);

#endif
