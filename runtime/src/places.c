/* places.c - which functions of the source an address in compiled code is in, and where in them.
 *
 * What it is for: the lines of a backtrace, also of functions that were inlined, and also in an
 * executable without debug information.
 *
 *     struct altru_places places;
 *     struct altru_place place;
 *     if (altru_places_find(start, address, &places)) {
 *         while (altru_places_next(&places, &place)) { ... }      // the innermost first
 *     }
 *
 * The table is written by backend/call_places.py, which says what it looks like; the clauses below
 * are those there. A function's label leads to its record, a record to the table it is in.
 *
 * Invariants: no byte is read that is not mapped or not in the table, whatever the table says; a
 * walk ends, for each node is inlined into one with a smaller number. Nothing here allocates.
 */
#include "internal.h"

#if ALTRU_UNWINDS

#include <string.h>
#include <sys/mman.h>

#define MAGIC UINT32_C(0x316c7061) /* "apl1" */

enum { HEAD_SIZE = 16, NODE_SIZE = 20 };

bool altru_is_mapped(uintptr_t start, size_t size) {
    const uintptr_t page = altru_source_page();
    uintptr_t first = start & ~(page - 1);
    if (size == 0 || start + size < start) {
        return false;
    }
    return msync((void *)first, start + size - first, MS_ASYNC) == 0;
}

/* AddressSanitizer knows of more that must not be read than what is not mapped, and would end the
 * process for a table that is broken. */
static ALTRU_READS_POISONED uint32_t read_u32(uintptr_t at) {
    uint32_t value;
    memcpy(&value, (const void *)at, sizeof value);
    return value;
}

/* A number in LEB128 that ends before `end`. */
static ALTRU_READS_POISONED bool take_number(uintptr_t *at, uintptr_t end, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; *at < end && shift < 63; shift += 7) {
        uint8_t byte = *(const uint8_t *)(*at)++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            return true;
        }
    }
    return false;
}

/* Clauses 1 and 2. The table of the search before is often the same one, and known to be good. */
static bool find_table(uintptr_t record, struct altru_places *places) {
    bool may_be_known =
        places->size != 0 && record - places->table <= places->size - sizeof(uint32_t);
    if (!may_be_known && !altru_is_mapped(record, sizeof(uint32_t))) {
        return false;
    }
    uint32_t back = read_u32(record);
    if (may_be_known && record - back == places->table) {
        return true;
    }
    places->size = 0;
    if (back < HEAD_SIZE || back > record || !altru_is_mapped(record - back, HEAD_SIZE)) {
        return false;
    }
    uintptr_t table = record - back;
    uint32_t size = read_u32(table + 4);
    if (read_u32(table) != MAGIC || size < HEAD_SIZE || size - sizeof(uint32_t) < back ||
        !altru_is_mapped(table, size)) {
        return false;
    }
    places->table = table;
    places->nodes = read_u32(table + 8);
    places->count = read_u32(table + 12);
    if (places->nodes > size || places->count > (size - places->nodes) / NODE_SIZE) {
        return false;
    }
    places->size = size;
    return true;
}

bool altru_places_find(uintptr_t start, uintptr_t address, struct altru_places *places) {
    uintptr_t record = altru_function_record(start);
    if (record == 0 || address < start || !find_table(record, places)) {
        return false;
    }
    uintptr_t at = record + sizeof(uint32_t), end = places->table + places->size;
    uint64_t rows, distance, node, reached = 0;
    places->node = 0;
    if (!take_number(&at, end, &rows)) {
        return false;
    }
    for (; rows > 0; rows--) {
        if (!take_number(&at, end, &distance) || !take_number(&at, end, &node)) {
            return false;
        }
        reached += distance;
        if (reached > address - start) {
            break;
        }
        places->node = node <= places->count ? (uint32_t)node : 0;
    }
    return true;
}

/* Clause 4. */
static const char *read_text(const struct altru_places *places, uint32_t offset, size_t *length) {
    uintptr_t at = places->table + offset, end = places->table + places->size;
    uint64_t count;
    if (offset == 0 || offset >= places->size || !take_number(&at, end, &count) ||
        count > end - at) {
        *length = 0;
        return NULL;
    }
    *length = (size_t)count;
    return (const char *)at;
}

/* Clause 3. */
bool altru_places_next(struct altru_places *places, struct altru_place *place) {
    if (places->node == 0) {
        return false;
    }
    uintptr_t at = places->table + places->nodes + (uintptr_t)(places->node - 1) * NODE_SIZE;
    place->function = read_text(places, read_u32(at), &place->function_length);
    place->file = read_text(places, read_u32(at + 4), &place->file_length);
    place->line = place->file != NULL ? read_u32(at + 8) : 0;
    place->column = place->file != NULL ? read_u32(at + 12) : 0;
    uint32_t outer = read_u32(at + 16);
    places->node = outer < places->node ? outer : 0;
    return true;
}

#endif
