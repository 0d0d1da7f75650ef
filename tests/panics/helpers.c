/* Functions of another language between ours. `-DNO_TABLES` compiles the variant that nothing can be unwound through. */
#include <stddef.h>

int helper_call(int (*function)(int), int x) {
    return function(x) + 1;
}

#ifndef NO_TABLES
#include <altru.h>

/* Calls under a guard of its own; gives the length of the message, 0 when there was no panic. */
static void call(void *context) {
    ((void (*)(void))context)();
}

int helper_survive(void (*function)(void)) {
    altru_panic *panic = altru_guard_call(call, (void *)function);
    int length = panic == NULL ? 0 : (int)altru_panic_message(panic, NULL, 0);
    altru_panic_release(panic);
    return length;
}
#endif
