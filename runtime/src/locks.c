/* locks.c - the runtime's few locks, and what fork does to them.
 *
 * Invariant: a child process finds every lock free and what it protects whole: the parent held all
 * of them while it forked.
 */
#include "internal.h"

#ifdef __wasm__ /* one thread */

void altru_lock(enum altru_lock lock) {
    (void)lock;
}

void altru_unlock(enum altru_lock lock) {
    (void)lock;
}

#else

#include <pthread.h>

static pthread_mutex_t locks[ALTRU_LOCKS] = {
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
};

void altru_lock(enum altru_lock lock) {
    pthread_mutex_lock(&locks[lock]);
}

void altru_unlock(enum altru_lock lock) {
    pthread_mutex_unlock(&locks[lock]);
}

static void take_all(void) {
    for (unsigned lock = 0; lock < ALTRU_LOCKS; lock++) {
        pthread_mutex_lock(&locks[lock]);
    }
}

static void drop_all(void) {
    for (unsigned lock = ALTRU_LOCKS; lock-- > 0;) {
        pthread_mutex_unlock(&locks[lock]);
    }
}

__attribute__((constructor)) static void hold_across_fork(void) {
    pthread_atfork(take_all, drop_all, drop_all);
}

#endif
