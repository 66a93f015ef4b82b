#include "blas_kernels.h"

#include <cblas.h>
#include <stdio.h>

/* The configuration begins with "OpenBLAS 0.3.21 ". */
void print_blas_kernels(void)
{
    char version[32] = "of unknown version";
    sscanf(openblas_get_config(), "OpenBLAS %31s", version);
    printf("OpenBLAS %s, kernels for %s\n", version, openblas_get_corename());
}
