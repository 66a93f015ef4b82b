#ifndef GRADTAPE_VERSION_H
#define GRADTAPE_VERSION_H
/* The version, and which kernels compute. The version is written here only; the build reads it from this header. */
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

/* Returns the name of the kernels that compute: "baseline", "avx2" or "avx512". They are the widest that the processor
 * has, or the narrower ones that AD_PROCESSOR=baseline or AD_PROCESSOR=avx2 in the environment chooses; what stands
 * there counts at the first call of this function or of ad_tape_open. Results of different kernels may differ in their
 * last bits. The program that hands a number to another processor, and compares bits there, sets AD_PROCESSOR, and
 * OpenBLAS's own OPENBLAS_CORETYPE, to what both processors have. */
AD_API const char *ad_kernels(void);

#endif
