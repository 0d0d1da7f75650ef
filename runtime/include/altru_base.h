/* altru_base.h - what every public header of the runtime needs. Included by them.
 */
#ifndef ALTRU_BASE_H
#define ALTRU_BASE_H

#include <stddef.h>
#include <stdint.h>

/* Visible outside the library; everything else in it is hidden. */
#define ALTRU_API __attribute__((visibility("default")))

/* Never returns, and is placed away from the code that runs. */
#define ALTRU_COLD_NORETURN __attribute__((cold, noreturn))

/* One site. In LLVM: { ptr, ptr, i32, i32, i32, i32, ptr }; 40 bytes where pointers have 64 bits.
 */
typedef struct altru_site {
    const char *file;     /* UTF-8, ends in NUL; NULL when the place is not known */
    const char *message;  /* UTF-8, ends in NUL; NULL except for explicit panics */
    uint32_t kind;        /* enum altru_panic_kind */
    uint32_t line;        /* counts from 1; 0: not known, and neither is the column */
    uint32_t column;      /* counts from 1; 0: the whole line */
    uint32_t reserved;    /* 0 */
    const char *function; /* where it is, which may have been inlined; NULL when not known */
} altru_site;

#endif
