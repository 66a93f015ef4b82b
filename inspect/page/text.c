/* The page's text, as page/embed.py has put it together. */
#include "page.h"

#include "inspect/page_text.h"
