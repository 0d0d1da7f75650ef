/* backtrace.c - which compiled functions are active.
 *
 * What it is for: a panic names the functions that led to it, also in an executable without symbols
 * and in code that a JIT made.
 *
 * A compiled function carries its name in front of its first instruction, where nothing executes:
 *
 *     name, zeros | distance: 8 | length of the name: 4 | kind: 4 | mark: 8 bytes | code ...
 *
 * The distance is from itself to what is known of the function's calls (places.c); only two kinds
 * have it, and for those it may be 0 still: nothing is known. The unwinder tells where a function's
 * code starts; if the mark stands before it, it is ours. A function of any other language is passed
 * over.
 *
 * Invariant: no byte is read that is not mapped.
 */
#include "internal.h"

#include <string.h>

struct label {
    uint32_t length;
    uint32_t kind;
    uint64_t mark;
};

_Static_assert(sizeof(struct label) == 16, "the compiler writes 16 bytes");

#if ALTRU_UNWINDS

#include <unwind.h>

#define MARK UINT64_C(0x6e667572746c61ff) /* in memory: 0xff "altrufn" */

/* A wrapper is none of the source's functions; such may have been inlined into it. */
enum { FUNCTION, GUARD, PLACED, WRAPPER };

static bool has_distance(const struct label *label) {
    return label->kind == PLACED || label->kind == WRAPPER;
}

/* Code that starts at the beginning of a page may have nothing mapped before it. */
static bool is_mapped_before(uintptr_t start, size_t size) {
    return start % 4096 >= size || (start >= size && altru_is_mapped(start - size, size));
}

static bool read_label(uintptr_t start, struct label *label) {
    if (start == 0 || !is_mapped_before(start, sizeof *label)) {
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
    struct altru_active *last = trace->count > 0 ? &trace->active[trace->count - 1] : NULL;
    if (last != NULL && start == last->start) {
        /* A function that calls itself; or a frame without a table, the last that the unwinder
         * shows, for which it still has the start of the frame before. */
        if (_Unwind_FindEnclosingFunction((void *)address) == NULL) {
            return _URC_NORMAL_STOP;
        }
        if (address == last->call) {
            last->times += last->times < UINT32_MAX;
            return _URC_NO_REASON;
        }
    }
    if (!read_label(start, &label)) {
        return _URC_NO_REASON;
    }
    if (label.kind == GUARD) {
        return _URC_NORMAL_STOP;
    }
    if (trace->count == ALTRU_MOST_FRAMES) {
        trace->is_cut = true;
        return _URC_NORMAL_STOP;
    }
    trace->active[trace->count++] = (struct altru_active){start, address, 1};
    return _URC_NO_REASON;
}

void altru_backtrace_take(struct altru_backtrace *trace) {
    trace->count = 0;
    trace->is_cut = false;
    _Unwind_Backtrace(visit, trace);
}

uintptr_t altru_function_record(uintptr_t start) {
    struct label label;
    int64_t distance;
    const uintptr_t field = start - sizeof label - sizeof distance;
    if (start < sizeof label + sizeof distance || !read_label(start, &label) ||
        !has_distance(&label) || !is_mapped_before(start, start - field)) {
        return 0;
    }
    memcpy(&distance, (const void *)field, sizeof distance);
    return distance == 0 ? 0 : field + (uintptr_t)distance;
}

/* What a label says of a function whose calls are not known: its name, unless it is a wrapper. */
static bool name_of(uintptr_t start, struct altru_place *place) {
    struct label label;
    memcpy(&label, (const void *)(start - sizeof label), sizeof label);
    size_t room = (label.length + (has_distance(&label) ? 8 : 0) + (size_t)15) / 16 * 16;
    *place = (struct altru_place){
        (const char *)(start - sizeof label - room), label.length, NULL, 0, 0, 0};
    return label.kind != WRAPPER;
}

#else

bool altru_is_mapped(uintptr_t start, size_t size) {
    (void)start;
    (void)size;
    return false;
}

bool altru_places_find(uintptr_t start, uintptr_t address, struct altru_places *places) {
    (void)start;
    (void)address;
    (void)places;
    return false;
}

bool altru_places_next(struct altru_places *places, struct altru_place *place) {
    (void)places;
    (void)place;
    return false;
}

static bool name_of(uintptr_t start, struct altru_place *place) {
    (void)start;
    (void)place;
    return false;
}

void altru_backtrace_take(struct altru_backtrace *trace) {
    trace->count = 0;
    trace->is_cut = false;
}

#endif

/* ---- The functions as the source has them --------------------------------------------------- */

static bool is_same_text(const char *one, size_t length, const char *other, size_t size) {
    return length == size && (length == 0 || memcmp(one, other, length) == 0);
}

static bool is_same_place(const struct altru_place *one, const struct altru_place *other) {
    return is_same_text(one->function, one->function_length, other->function,
                        other->function_length) &&
           is_same_text(one->file, one->file_length, other->file, other->file_length) &&
           one->line == other->line && one->column == other->column;
}

/* The next function, or the next of those that were inlined into the one that runs. */
static bool step(struct altru_frames *frames, struct altru_frame *out) {
    for (;;) {
        if (frames->is_inside && altru_places_next(&frames->places, &out->place)) {
            return true;
        }
        frames->is_inside = false;
        if (frames->next == frames->trace->count) {
            return false;
        }
        const struct altru_active *active = &frames->trace->active[frames->next++];
        out->times = active->times;
        frames->is_inside = altru_places_find(active->start, active->call, &frames->places);
        if (!frames->is_inside && name_of(active->start, &out->place)) {
            return true;
        }
    }
}

void altru_frames_begin(struct altru_frames *frames, const altru_site *site,
                        const struct altru_backtrace *trace) {
    frames->trace = trace;
    frames->next = 0;
    frames->is_inside = false;
    frames->places = (struct altru_places){0, 0, 0, 0, 0};
    frames->has_waiting = step(frames, &frames->waiting);
    struct altru_frame *first = &frames->waiting;
    const char *name = site->function;
    size_t length = name != NULL ? strlen(name) : 0;
    frames->site = NULL;
    if (frames->has_waiting && (name == NULL || is_same_text(name, length, first->place.function,
                                                             first->place.function_length))) {
        /* The message tells the place. */
        first->place.file = NULL;
        first->place.file_length = 0;
        first->place.line = first->place.column = 0;
    } else if (name != NULL) {
        frames->site = site; /* inlined where that is not known */
    }
}

bool altru_frames_next(struct altru_frames *frames, struct altru_frame *out) {
    if (frames->site != NULL) {
        const char *name = frames->site->function;
        frames->site = NULL;
        *out = (struct altru_frame){{name, strlen(name), NULL, 0, 0, 0}, 1};
        return true;
    }
    if (!frames->has_waiting) {
        return false;
    }
    *out = frames->waiting;
    while ((frames->has_waiting = step(frames, &frames->waiting)) &&
           is_same_place(&out->place, &frames->waiting.place)) {
        out->times += frames->waiting.times;
    }
    return true;
}
