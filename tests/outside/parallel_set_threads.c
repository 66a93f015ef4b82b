/* ad_set_threads from a task of ad_parallel.
 * Expected: a status (AD_BAD_STATE, say) or at least a line in the header; not a deadlock for ever. */
#include <gradtape/gradtape.h>
#include <stdio.h>
static void task(void *c, size_t b) { (void)c; if (b == 0) ad_set_threads(3); }
int main(void) { ad_set_threads(2); ad_parallel(8, task, NULL); puts("done"); return 0; }
