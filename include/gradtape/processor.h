#ifndef GRADTAPE_PROCESSOR_H
#define GRADTAPE_PROCESSOR_H
/* For which processor the library computes: it has kernels for any, for those with AVX2 and for those with AVX-512. */
#include <gradtape/status.h>

/* Returns the name of the kernels that compute: "baseline", "avx2" or "avx512". They are the widest that the processor
 * has, or narrower ones that the environment asks for by AD_PROCESSOR=baseline or AD_PROCESSOR=avx2. The environment is
 * read once, by the first call of this function or of ad_tape_open. Other values choose nothing.
 *
 * Results of different kernels differ in last bits. For the same bits on two processors, AD_PROCESSOR on both names
 * kernels that both have, and so does OpenBLAS's own OPENBLAS_CORETYPE. */
AD_API const char *ad_kernels(void);

#endif
