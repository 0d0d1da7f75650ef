/* panic.c - tells a panic and ends the process.
 *
 * What it is for: code compiled with panic=abort jumps here from its cold blocks with a site and
 * two values; and so does everything else that can only end.
 *
 *     static const altru_site sites[] = {{"a.air", NULL, ALTRU_PANIC_bounds, 7, 8, 0}};
 *     altru_panic_site(sites, 0, 5, 3);
 *     // panic: index 5 out of bounds for length 3 at a.air:7:8
 *
 * Invariant: nothing here allocates or takes a lock of the allocator; a panic works when memory has
 * run out.
 */
#include "internal.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(__wasm__) /* no signals: a closed pipe is an error like any other; and no threads */
static void ignore_closed_pipes(void) {}
static void wait_for_the_end(void) {}
#else
#include <signal.h>

static void ignore_closed_pipes(void) {
    signal(SIGPIPE, SIG_IGN);
}

static void wait_for_the_end(void) {
    pause();
}
#endif

static atomic_flag process_is_ending = ATOMIC_FLAG_INIT;

/* Initial-exec: the other models of a shared library may allocate at the first access. */
static _Thread_local bool thread_is_ending __attribute__((tls_model("initial-exec")));

/* What the program wrote comes before what is said about its end. A closed pipe must neither end
 * the process with another status nor swallow the panic: hence no SIGPIPE from here on. */
static void flush_output(void) {
    ignore_closed_pipes();
    fflush(stdout);
}

void altru_claim_the_end(void) {
    if (thread_is_ending) {
        _Exit(ALTRU_PANIC_STATUS); /* flushing standard output panicked: there is no second try */
    }
    thread_is_ending = true;
    while (atomic_flag_test_and_set(&process_is_ending)) {
        wait_for_the_end(); /* another thread is at it */
    }
    altru_secure_wipe_all();
    flush_output();
}

void altru_panic_site(const altru_site *sites, uint32_t site, uint64_t a, uint64_t b) {
    char bytes[1024];
    struct altru_writer out = {bytes, sizeof bytes, 0, 0, true};
    struct altru_backtrace trace;
    altru_backtrace_take(&trace);
    altru_claim_the_end();
    altru_put_line(&out, "panic: ", &sites[site], a, b);
    altru_put_backtrace(&out, &sites[site], &trace);
    altru_writer_flush(&out);
    _Exit(ALTRU_PANIC_STATUS);
}

void altru_panic_at(const altru_site *site, uint32_t kind, uint64_t a, uint64_t b) {
    altru_site here = {NULL, NULL, 0, 0, 0, 0, NULL};
    if (site != NULL) {
        here = *site;
    }
    here.kind = kind;
    altru_panic_site(&here, 0, a, b);
}
