/* backtrace.c - which compiled functions are active.
 *
 * What it is for: a panic names the functions that led to it, also in an executable without symbols
 * and in code that a JIT made.
 *
 * A compiled function carries its name in front of its first instruction, where nothing executes:
 *
 *     name, zeros | length of the name: 4 bytes | kind: 4 bytes | mark: 8 bytes | code ...
 *
 * The unwinder tells where a function's code starts; if the mark stands before it, it is ours. A
 * function of any other language is passed over.
 *
 * Invariant: no byte is read that is not mapped.
 */
#include "internal.h"

#include <string.h>

struct label {
    uint32_t length;
    uint32_t kind; /* 0: a function, 1: a guard */
    uint64_t mark;
};

_Static_assert(sizeof(struct label) == 16, "the compiler writes 16 bytes");

#if ALTRU_UNWINDS

#include <sys/mman.h>
#include <unwind.h>

#define MARK UINT64_C(0x6e667572746c61ff) /* in memory: 0xff "altrufn" */

/* Code that starts at the beginning of a page may have nothing mapped before it. */
static bool is_mapped_before(uintptr_t start) {
    const uintptr_t page = 4096;
    if (start % page >= sizeof(struct label)) {
        return true;
    }
    return start >= page && msync((void *)((start - 1) & ~(page - 1)), page, MS_ASYNC) == 0;
}

static bool read_label(uintptr_t start, struct label *label) {
    if (start == 0 || !is_mapped_before(start)) {
        return false;
    }
    memcpy(label, (const void *)(start - sizeof *label), sizeof *label);
    return label->mark == MARK;
}

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *state) {
    struct altru_backtrace *trace = state;
    struct label label;
    uintptr_t start = _Unwind_GetRegionStart(context);
    int is_before = 0;
    uintptr_t address = _Unwind_GetIPInfo(context, &is_before) - (is_before ? 0 : 1);
    if (trace->count > 0 && start == trace->starts[trace->count - 1]) {
        /* A function that calls itself; or a frame without a table, the last that the unwinder
         * shows, for which it still has the start of the frame before. */
        if (_Unwind_FindEnclosingFunction((void *)address) == NULL) {
            return _URC_NORMAL_STOP;
        }
    }
    if (!read_label(start, &label)) {
        return _URC_NO_REASON;
    }
    if (label.kind != 0) {
        return _URC_NORMAL_STOP;
    }
    if (trace->count == ALTRU_MOST_FRAMES) {
        trace->is_cut = true;
        return _URC_NORMAL_STOP;
    }
    trace->calls[trace->count] = address;
    trace->starts[trace->count++] = start;
    return _URC_NO_REASON;
}

void altru_backtrace_take(struct altru_backtrace *trace) {
    trace->count = 0;
    trace->is_cut = false;
    _Unwind_Backtrace(visit, trace);
}

#else

void altru_backtrace_take(struct altru_backtrace *trace) {
    trace->count = 0;
    trace->is_cut = false;
}

#endif

const char *altru_function_name(uintptr_t start, size_t *length) {
    const char *label = (const char *)(start - sizeof(struct label));
    uint32_t count;
    memcpy(&count, label, sizeof count);
    *length = count;
    return label - ((count + 15) / 16 * 16); /* the name is filled up to whole 16 bytes */
}
