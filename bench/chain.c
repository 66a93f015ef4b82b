#include "chain.h"

#include <gradtape/operators.h>

ad_tensor chain(ad_tensor x, int n)
{
    ad_tensor y = x;
    for (int i = 0; i < n; i += 4)
        y = ad_sub(ad_tanh(ad_add(ad_mul(y, x), x)), x);
    return y;
}
