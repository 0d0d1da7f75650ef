/* unwind.c - panics that leave frame after frame, running cleanups, up to a guard.
 *
 * What it is for: code compiled with panic=unwind jumps to altru_panic_unwind from its cold blocks.
 *
 *     altru_panic *panic = altru_guard_call(body, context);
 *     if (panic != NULL) { ...; altru_panic_release(panic); }
 *
 * How: the unwinder of the platform, in two phases ("Itanium C++ ABI: Exception Handling", level
 * I). Phase 1 looks for a frame that catches and changes nothing: it is the dry walk. It ends early
 * at a frame without tables, and then the process ends with no cleanup having run, for unwinding up
 * to there would leave out the drops behind it. Phase 2 runs the cleanups. A compiled function with
 * cleanups or a guard has altru_personality as its personality, and a table (LSDA) that says for
 * each call where to go on.
 *
 * A panic in a cleanup: each panic knows the frame whose cleanup it is running (cleanup_frame), and
 * the panic that was on its way when it began (outer). A guard may catch it when it is further in
 * than the outer panic's cleanup, that is, when that cleanup called it; any other would let the
 * panic escape the cleanup.
 *
 * Invariants: a record is on its way (from altru_panic_unwind until caught), or caught, or free;
 * the panics on their way in a thread are a list from `innermost` through `outer`. Records come
 * from a fixed set first, so that a panic works when memory has run out.
 */
#include "internal.h"

#include <stdlib.h>

#if ALTRU_UNWINDS

#include <string.h>
#include <unwind.h>

struct altru_panic {
    struct _Unwind_Exception unwinding; /* first: the unwinder knows the record by it */
    const altru_site *site;
    uint64_t values[2];
    altru_panic *outer;
    uintptr_t cleanup_frame; /* its canonical frame address; 0 before the first cleanup */
    struct altru_backtrace trace;
    /* Who asks for one function asks for the next one, too: the last that was asked for. */
    struct altru_frames frames;
    struct altru_frame frame;
    size_t frame_index; /* SIZE_MAX: none was asked for */
};

/* "ALTRU" and three zeros, read as the unwinder's exception class. */
#define OURS UINT64_C(0x414c545255000000)

/* ---- Records -------------------------------------------------------------------------------- */

#define RECORDS 16

static altru_panic records[RECORDS];
static bool is_taken[RECORDS];

static altru_panic *take_record(void) {
    for (size_t at = 0; at < RECORDS; at++) {
        if (!__atomic_test_and_set(&is_taken[at], __ATOMIC_ACQUIRE)) {
            return &records[at];
        }
    }
    return malloc(sizeof(altru_panic));
}

void altru_panic_release(altru_panic *panic) {
    if (panic >= records && panic < records + RECORDS) {
        __atomic_clear(&is_taken[panic - records], __ATOMIC_RELEASE);
    } else {
        free(panic);
    }
}

/* ---- Raising -------------------------------------------------------------------------------- */

/* Initial-exec: the other models of a shared library may allocate at the first access. */
static _Thread_local altru_panic *innermost __attribute__((tls_model("initial-exec")));

/* The panic is no longer on its way. */
static void arrive(altru_panic *panic) {
    innermost = panic->outer;
}

/* A catch clause of another language swallowed it. */
static void swallowed(_Unwind_Reason_Code reason, struct _Unwind_Exception *exception) {
    (void)reason;
    altru_panic *panic = (altru_panic *)exception;
    arrive(panic);
    altru_panic_release(panic);
}

static __attribute__((cold, noreturn)) void end_both(altru_panic *first, altru_panic *second) {
    char bytes[1024];
    struct altru_writer out = {bytes, sizeof bytes, 0, 0, true};
    altru_claim_the_end();
    altru_put_line(&out, "panic: ", first->site, first->values[0], first->values[1]);
    altru_put_line(&out, "panic while unwinding: ", second->site, second->values[0],
                   second->values[1]);
    altru_put_backtrace(&out, second->site, &second->trace);
    altru_writer_flush(&out);
    _Exit(ALTRU_PANIC_STATUS);
}

void altru_panic_unwind(const altru_site *sites, uint32_t site, uint64_t a, uint64_t b) {
    altru_panic *panic = take_record();
    if (panic == NULL) {
        altru_panic_site(sites, site, a, b);
    }
    memset(&panic->unwinding, 0, sizeof panic->unwinding);
    panic->unwinding.exception_class = OURS;
    panic->unwinding.exception_cleanup = swallowed;
    panic->site = &sites[site];
    panic->values[0] = a;
    panic->values[1] = b;
    panic->cleanup_frame = 0;
    panic->frame_index = SIZE_MAX;
    panic->outer = innermost;
    innermost = panic;
    altru_backtrace_take(&panic->trace);
    _Unwind_RaiseException(&panic->unwinding);
    /* Phase 1 found nobody. */
    if (panic->outer != NULL) {
        end_both(panic->outer, panic);
    }
    altru_panic_end(panic);
}

/* ---- The personality ------------------------------------------------------------------------ */

static uint64_t read_uleb128(const uint8_t **at) {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return value;
}

static int64_t read_sleb128(const uint8_t **at) {
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = *(*at)++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40)) {
        value |= ~UINT64_C(0) << shift;
    }
    return (int64_t)value;
}

enum { ENCODING_ULEB128 = 1, ENCODING_UDATA4 = 3, ENCODING_OMITTED = 0xff };

/* An offset of the table of call sites, in one of the two encodings that compilers use for it. */
static uint64_t read_offset(const uint8_t **at, uint8_t encoding) {
    if (encoding == ENCODING_ULEB128) {
        return read_uleb128(at);
    }
    if (encoding != ENCODING_UDATA4) {
        abort(); /* not a table that our compiler wrote */
    }
    uint32_t value;
    memcpy(&value, *at, sizeof value);
    *at += sizeof value;
    return value;
}

/* Where a frame goes on. */
struct way {
    uintptr_t landing_pad; /* 0: nothing to do here */
    bool catches;
};

static struct way way_of(struct _Unwind_Context *context) {
    struct way way = {0, false};
    const uint8_t *at = (const uint8_t *)(uintptr_t)_Unwind_GetLanguageSpecificData(context);
    if (at == NULL) {
        return way;
    }
    int is_before_instruction = 0;
    uintptr_t address = _Unwind_GetIPInfo(context, &is_before_instruction);
    uintptr_t start = _Unwind_GetRegionStart(context);
    uint64_t offset = address - (is_before_instruction ? 0 : 1) - start;
    if (*at++ != ENCODING_OMITTED) {
        abort(); /* landing pads are counted from the function's start */
    }
    if (*at++ != ENCODING_OMITTED) {
        read_uleb128(&at); /* where the types are: we have only "any" */
    }
    uint8_t encoding = *at++;
    uint64_t length = read_uleb128(&at);
    const uint8_t *actions = at + length;
    while (at < actions) {
        uint64_t begin = read_offset(&at, encoding);
        uint64_t size = read_offset(&at, encoding);
        uint64_t pad = read_offset(&at, encoding);
        uint64_t action = read_uleb128(&at);
        if (offset < begin || offset - begin >= size) {
            continue;
        }
        if (pad != 0) {
            way.landing_pad = start + pad;
        }
        /* A chain of (what is caught, distance to the next); 0 stands for a cleanup. */
        while (action != 0 && !way.catches) {
            const uint8_t *record = actions + action - 1;
            way.catches = read_sleb128(&record) > 0;
            const uint8_t *here = record;
            int64_t distance = read_sleb128(&record);
            action = distance == 0 ? 0 : (uint64_t)(here - actions + distance) + 1;
        }
        break;
    }
    return way;
}

int altru_personality(int version, int actions, uint64_t exception_class,
                      struct _Unwind_Exception *exception, struct _Unwind_Context *context) {
    if (version != 1) {
        return _URC_FATAL_PHASE1_ERROR;
    }
    struct way way = way_of(context);
    if (way.landing_pad == 0) {
        return _URC_CONTINUE_UNWIND;
    }
    altru_panic *panic = exception_class == OURS ? (altru_panic *)exception : NULL;
    if (actions & _UA_SEARCH_PHASE) {
        if (!way.catches || panic == NULL) {
            return _URC_CONTINUE_UNWIND;
        }
        if (panic->outer != NULL && _Unwind_GetCFA(context) >= panic->outer->cleanup_frame) {
            return _URC_FATAL_PHASE1_ERROR; /* it would escape the cleanup that it began in */
        }
        return _URC_HANDLER_FOUND;
    }
    if (way.catches && !(actions & _UA_HANDLER_FRAME)) {
        return _URC_CONTINUE_UNWIND; /* a guard has no cleanups; what is not ours passes it */
    }
    if (panic != NULL) {
        panic->cleanup_frame = _Unwind_GetCFA(context);
    }
    _Unwind_SetGR(context, __builtin_eh_return_data_regno(0), (uintptr_t)exception);
    _Unwind_SetGR(context, __builtin_eh_return_data_regno(1), way.catches);
    _Unwind_SetIP(context, way.landing_pad);
    return _URC_INSTALL_CONTEXT;
}

/* ---- Catching ------------------------------------------------------------------------------- */

static _Thread_local altru_panic *waiting __attribute__((tls_model("initial-exec")));

static uint32_t waiting_count;

const uint32_t *altru_panics_waiting(void) {
    return &waiting_count;
}

altru_panic *altru_panic_take(void) {
    altru_panic *panic = waiting;
    if (panic != NULL) {
        waiting = NULL;
        __atomic_fetch_sub(&waiting_count, 1, __ATOMIC_RELAXED);
    }
    return panic;
}

void altru_panic_catch(void *exception) {
    altru_panic *panic = exception;
    arrive(panic);
    altru_panic_release(altru_panic_take());
    waiting = panic;
    __atomic_fetch_add(&waiting_count, 1, __ATOMIC_RELAXED);
}

void altru_panic_stop(void *exception) {
    arrive(exception);
    altru_panic_end(exception);
}

void altru_panic_end(altru_panic *panic) {
    char bytes[1024];
    struct altru_writer out = {bytes, sizeof bytes, 0, 0, true};
    altru_claim_the_end();
    altru_put_line(&out, "panic: ", panic->site, panic->values[0], panic->values[1]);
    altru_put_backtrace(&out, panic->site, &panic->trace);
    altru_writer_flush(&out);
    _Exit(ALTRU_PANIC_STATUS);
}

/* ---- A guard for C -------------------------------------------------------------------------- */

/* C has no landing pads, so this guard is written by hand: it calls body(context), and the table
 * says that whatever leaves the call is caught at its second half, with the exception in the first
 * of the registers that the unwinder fills. */

/* Called from there. */
__attribute__((visibility("hidden"))) altru_panic *altru_guard_caught(void *exception);

__attribute__((used)) altru_panic *altru_guard_caught(void *exception) {
    arrive(exception);
    return exception;
}

/* The same under a name that cannot be replaced from outside, as the code below needs. */
extern __attribute__((alias("altru_personality"), used, visibility("hidden"))) int
altru_guard_personality(int version, int actions, uint64_t exception_class,
                        struct _Unwind_Exception *exception, struct _Unwind_Context *context);

#define GUARD_TABLE                                                                                \
    ".section .gcc_except_table,\"a\",@progbits\n"                                                 \
    ".Laltru_guard_table:\n"                                                                       \
    ".byte 0xff, 0xff, 0x01\n" /* no base, no types, offsets in ULEB128 */                         \
    ".uleb128 .Laltru_guard_actions - .Laltru_guard_sites\n"                                       \
    ".Laltru_guard_sites:\n"                                                                       \
    ".uleb128 .Laltru_guard_begin - altru_guard_call\n"                                            \
    ".uleb128 .Laltru_guard_after - .Laltru_guard_begin\n"                                         \
    ".uleb128 .Laltru_guard_pad - altru_guard_call\n"                                              \
    ".uleb128 1\n"                                                                                 \
    ".Laltru_guard_actions:\n"                                                                     \
    ".byte 1, 0\n" /* catches anything; no further action */                                       \
    ".text\n"

#define GUARD_HEAD                                                                                 \
    ".text\n"                                                                                      \
    ".globl altru_guard_call\n"                                                                    \
    ".type altru_guard_call, @function\n"                                                          \
    ".p2align 4\n"                                                                                 \
    ".long 0, 1\n" /* a label without a name, kind 1: see backtrace.c */                           \
    ".quad 0x6e667572746c61ff\n"                                                                   \
    "altru_guard_call:\n"                                                                          \
    ".cfi_startproc\n"                                                                             \
    ".cfi_personality 0x1b, altru_guard_personality\n"                                             \
    ".cfi_lsda 0x1b, .Laltru_guard_table\n"

#define GUARD_TAIL                                                                                 \
    ".cfi_endproc\n"                                                                               \
    ".size altru_guard_call, . - altru_guard_call\n"

/* clang-format off */
#if defined(__x86_64__)
__asm__(GUARD_HEAD
    "  subq $8, %rsp\n"
    "  .cfi_def_cfa_offset 16\n"
    "  movq %rdi, %rax\n"
    "  movq %rsi, %rdi\n"
    ".Laltru_guard_begin:\n"
    "  callq *%rax\n"
    ".Laltru_guard_after:\n"
    "  xorl %eax, %eax\n"
    ".Laltru_guard_return:\n"
    "  addq $8, %rsp\n"
    "  .cfi_remember_state\n"
    "  .cfi_def_cfa_offset 8\n"
    "  retq\n"
    ".Laltru_guard_pad:\n"
    "  .cfi_restore_state\n"
    "  movq %rax, %rdi\n"
    "  callq altru_guard_caught\n"
    "  jmp .Laltru_guard_return\n"
    GUARD_TAIL GUARD_TABLE);
#elif defined(__aarch64__)
__asm__(GUARD_HEAD
    "  stp x29, x30, [sp, #-16]!\n"
    "  .cfi_def_cfa_offset 16\n"
    "  .cfi_offset x29, -16\n"
    "  .cfi_offset x30, -8\n"
    "  mov x2, x0\n"
    "  mov x0, x1\n"
    ".Laltru_guard_begin:\n"
    "  blr x2\n"
    ".Laltru_guard_after:\n"
    "  mov x0, xzr\n"
    ".Laltru_guard_return:\n"
    "  ldp x29, x30, [sp], #16\n"
    "  .cfi_remember_state\n"
    "  .cfi_restore x29\n"
    "  .cfi_restore x30\n"
    "  .cfi_def_cfa_offset 0\n"
    "  ret\n"
    ".Laltru_guard_pad:\n"
    "  .cfi_restore_state\n"
    "  bl altru_guard_caught\n"
    "  b .Laltru_guard_return\n"
    GUARD_TAIL GUARD_TABLE);
#else
#error "altru_guard_call is not written for this processor"
#endif
/* clang-format on */

/* ---- What a panic is ------------------------------------------------------------------------ */

const altru_site *altru_panic_place(const altru_panic *panic) {
    return panic->site;
}

uint64_t altru_panic_value(const altru_panic *panic, uint32_t index) {
    return index < 2 ? panic->values[index] : 0;
}

/* Ends what was written into a buffer, as snprintf does. */
static size_t finish(struct altru_writer *out, size_t size) {
    if (size > 0) {
        out->bytes[out->used] = '\0';
    }
    return out->length;
}

size_t altru_panic_message(const altru_panic *panic, char *buffer, size_t size) {
    struct altru_writer out = {buffer, size > 0 ? size - 1 : 0, 0, 0, false};
    altru_put_message(&out, panic->site, panic->values[0], panic->values[1]);
    return finish(&out, size);
}

/* One of the functions that were active; NULL when there are not so many. */
static const struct altru_frame *find_frame(const altru_panic *given, size_t index) {
    altru_panic *panic = (altru_panic *)given; /* what is kept beside it is no part of its value */
    if (panic->frame_index == SIZE_MAX || index < panic->frame_index) {
        altru_frames_begin(&panic->frames, panic->site, &panic->trace);
        panic->frame_index = SIZE_MAX;
    }
    while (panic->frame_index != index) {
        if (!altru_frames_next(&panic->frames, &panic->frame)) {
            panic->frame_index = SIZE_MAX;
            return NULL;
        }
        panic->frame_index++;
    }
    return &panic->frame;
}

size_t altru_panic_frame(const altru_panic *panic, size_t index, char *buffer, size_t size) {
    struct altru_writer out = {buffer, size > 0 ? size - 1 : 0, 0, 0, false};
    const struct altru_frame *frame = find_frame(panic, index);
    if (frame == NULL) {
        return SIZE_MAX;
    }
    altru_put_bytes(&out, frame->place.function, frame->place.function_length);
    return finish(&out, size);
}

uint32_t altru_panic_times(const altru_panic *panic, size_t index) {
    const struct altru_frame *frame = find_frame(panic, index);
    return frame != NULL ? frame->times : 0;
}

size_t altru_panic_caller(const altru_panic *panic, size_t index, char *buffer, size_t size,
                          uint32_t *line, uint32_t *column) {
    struct altru_writer out = {buffer, size > 0 ? size - 1 : 0, 0, 0, false};
    const struct altru_frame *frame = find_frame(panic, index);
    if (frame == NULL || frame->place.file == NULL) {
        return SIZE_MAX;
    }
    altru_put_bytes(&out, frame->place.file, frame->place.file_length);
    *line = frame->place.line;
    *column = frame->place.column;
    return finish(&out, size);
}

uint32_t altru_panic_has_more(const altru_panic *panic) {
    return panic->trace.is_cut;
}

#else /* no unwinder: a panic ends the instance, so that none is ever caught */

const uint32_t *altru_panics_waiting(void) {
    static const uint32_t none;
    return &none;
}

void altru_panic_unwind(const altru_site *sites, uint32_t site, uint64_t a, uint64_t b) {
    altru_panic_site(sites, site, a, b);
}

altru_panic *altru_guard_call(void (*body)(void *context), void *context) {
    body(context);
    return NULL;
}

void altru_panic_release(altru_panic *panic) {
    (void)panic;
}

const altru_site *altru_panic_place(const altru_panic *panic) {
    (void)panic;
    return NULL;
}

uint64_t altru_panic_value(const altru_panic *panic, uint32_t index) {
    (void)panic;
    (void)index;
    return 0;
}

size_t altru_panic_message(const altru_panic *panic, char *buffer, size_t size) {
    (void)panic;
    (void)buffer;
    (void)size;
    return 0;
}

size_t altru_panic_frame(const altru_panic *panic, size_t index, char *buffer, size_t size) {
    (void)panic;
    (void)index;
    (void)buffer;
    (void)size;
    return SIZE_MAX;
}

uint32_t altru_panic_times(const altru_panic *panic, size_t index) {
    (void)panic;
    (void)index;
    return 0;
}

size_t altru_panic_caller(const altru_panic *panic, size_t index, char *buffer, size_t size,
                          uint32_t *line, uint32_t *column) {
    (void)panic;
    (void)index;
    (void)buffer;
    (void)size;
    (void)line;
    (void)column;
    return SIZE_MAX;
}

uint32_t altru_panic_has_more(const altru_panic *panic) {
    (void)panic;
    return 0;
}

void altru_panic_end(altru_panic *panic) {
    (void)panic;
    abort();
}

void altru_panic_stop(void *exception) {
    altru_panic_end(exception);
}

void altru_panic_catch(void *exception) {
    (void)exception;
}

altru_panic *altru_panic_take(void) {
    return NULL;
}

#endif
