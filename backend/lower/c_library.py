"""Names that C's library, start-up code or compilers have: what a module defines by one of them gets a symbol of its own.

    func @cos(%x: f64) -> f64              ->   define double @altru.own.cos(double %x)

LLVM takes a function called ``cos`` for the cosine, whoever wrote it, and computes it while it compiles; a linker takes
``malloc`` for the allocator of the whole process, and ``__libc_start_main`` for what calls ``main``. A name of ours says
nothing of the kind, so none of it may happen; only a name that others are to link by cannot be changed, and is refused.

Invariant: a module that only declares such a function means C's.

Source: ISO/IEC 9899:2011, 7.1.3 (reserved identifiers) and annex B (the library); POSIX.1-2017 for what the runtime, the
unwinder and common libraries call.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_OF_FLOATS = """acos acosh asin asinh atan atan2 atanh cabs cacos cacosh carg casin casinh catan catanh cbrt ccos ccosh ceil
    cexp cimag clog conj copysign cos cosh cpow cproj creal csin csinh csqrt ctan ctanh drem erf erfc exp
    exp10 exp2 expm1 fabs fdim floor fma fmax fmaximum fmin fminimum fmod frexp gamma hypot ilogb j0 j1 jn
    ldexp lgamma lgamma_r llrint llround log log10 log1p log2 logb lrint lround modf nan nearbyint nextafter
    nexttoward pow pow10 remainder remquo rint round roundeven scalb scalbln scalbn significand sin sincos
    sinh sqrt tan tanh tgamma trunc y0 y1 yn""".split()  # noqa: SIM905
"""For ``double``; ``float`` and ``long double`` have an ``f`` or an ``l`` behind it."""

_OTHERS = """abort abs accept access alarm aligned_alloc asctime asprintf at_quick_exit atexit atof atoi atol atoll bcmp
    bcopy bind bsearch btowc bzero c16rtomb c32rtomb call_once calloc cfree chdir chmod chown clearerr clock
    clock_gettime close closedir cnd_broadcast cnd_destroy cnd_init cnd_signal cnd_timedwait cnd_wait connect
    ctermid ctime data_start daylight difftime div dl_iterate_phdr dladdr dlclose dlerror dlopen dlsym dup
    dup2 edata end environ errno etext execl execle execlp execv execvP execve execvp execvpe exit fclose
    fcntl fdopen feclearexcept fegetenv fegetexceptflag fegetround feholdexcept feof feraiseexcept ferror
    fesetenv fesetexceptflag fesetround fetestexcept feupdateenv fflush ffs ffsl ffsll fgetc fgetc_unlocked
    fgetpos fgets fgets_unlocked fgetwc fgetws fileno fiprintf flockfile fls flsl flsll fopen fopen64 fork
    fprintf fputc fputc_unlocked fputs fputs_unlocked fputwc fputws fread fread_unlocked free freopen fscanf
    fseek fseeko fseeko64 fsetpos fstat fstat64 fstatvfs fstatvfs64 fsync ftell ftello ftello64 ftruncate
    ftrylockfile funlockfile fwide fwprintf fwrite fwrite_unlocked fwscanf getc getc_unlocked getchar
    getchar_unlocked getcwd getenv getitimer getlogin_r getopt getpagesize getpid getpwnam getrlimit gets
    gettimeofday getuid getwc getwchar gmtime htonl htons imaxabs imaxdiv index ioctl iprintf isalnum isalpha
    isascii isatty isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper iswalnum iswalpha
    iswblank iswcntrl iswctype iswdigit iswgraph iswlower iswprint iswpunct iswspace iswupper iswxdigit
    isxdigit kill labs lchown ldiv listen llabs lldiv localeconv localtime longjmp lseek lseek64 lstat lstat64
    madvise malloc malloc_usable_size mblen mbrlen mbrtoc16 mbrtoc32 mbrtowc mbsinit mbsrtowcs mbstowcs mbtowc
    memalign memccpy memchr memcmp memcpy memmove mempcpy memrchr memset memset_pattern16 memset_pattern4
    memset_pattern8 mkdir mktime mlock mmap mprotect mremap msync mtx_destroy mtx_init mtx_lock mtx_timedlock
    mtx_trylock mtx_unlock munlock munmap nanosleep ntohl ntohs open open64 opendir optarg opterr optind
    optopt pause pclose perror pipe poll popen posix_memalign posix_spawn pread printf pthread_atfork
    pthread_attr_destroy pthread_attr_init pthread_cond_broadcast pthread_cond_destroy pthread_cond_init
    pthread_cond_signal pthread_cond_timedwait pthread_cond_wait pthread_create pthread_detach pthread_equal
    pthread_exit pthread_getspecific pthread_join pthread_key_create pthread_key_delete pthread_kill
    pthread_mutex_destroy pthread_mutex_init pthread_mutex_lock pthread_mutex_trylock pthread_mutex_unlock
    pthread_once pthread_rwlock_rdlock pthread_rwlock_unlock pthread_rwlock_wrlock pthread_self
    pthread_setspecific pthread_sigmask putc putc_unlocked putchar putchar_unlocked putenv puts putwc putwchar
    pvalloc pwrite qsort quick_exit raise rand random read readdir readlink readv realloc reallocarray
    reallocf realpath recv recvfrom remove rename rewind rindex rmdir sbrk scanf sched_yield secure_getenv
    select send sendto setbuf setenv setitimer setjmp setlocale setsid setsockopt setvbuf shutdown sigaction
    sigaddset sigaltstack sigdelset sigemptyset sigfillset siginterrupt signal signgam sigprocmask sigsuspend
    siprintf sleep snprintf socket sprintf srand srandom sscanf stat stat64 statvfs statvfs64 stderr stdin
    stdout stpcpy stpncpy strcasecmp strcat strchr strchrnul strcmp strcoll strcpy strcspn strdup strerror
    strerror_r strftime strlcat strlcpy strlen strncasecmp strncat strncmp strncpy strndup strnlen strpbrk
    strrchr strsep strsignal strspn strstr strtod strtof strtoimax strtok strtok_r strtol strtold strtoll
    strtoul strtoull strtoumax strxfrm swprintf swscanf sysconf sysinfo system thrd_create thrd_current
    thrd_detach thrd_equal thrd_exit thrd_join thrd_sleep thrd_yield time timegm times timespec_get timezone
    tmpfile tmpfile64 tmpnam toascii tolower toupper towctrans towlower towupper truncate tss_create
    tss_delete tss_get tss_set tzname tzset umask uname ungetc ungetwc unlink unsetenv usleep utime utimes
    valloc vasprintf vec_calloc vec_free vec_malloc vec_realloc vfork vfprintf vfscanf vfwprintf vfwscanf
    vprintf vscanf vsnprintf vsprintf vsscanf vswprintf vswscanf vwprintf vwscanf wait waitpid wcrtomb wcscat
    wcschr wcscmp wcscoll wcscpy wcscspn wcsftime wcslen wcsncat wcsncmp wcsncpy wcspbrk wcsrchr wcsrtombs
    wcsspn wcsstr wcstod wcstof wcstoimax wcstok wcstol wcstold wcstoll wcstombs wcstoul wcstoull wcstoumax
    wcsxfrm wctob wctomb wctrans wctype wmemchr wmemcmp wmemcpy wmemmove wmemset wprintf write writev wscanf""".split()  # noqa: SIM905

LIBRARY = frozenset([*(name + of for name in _OF_FLOATS for of in ("", "f", "l")), *_OTHERS])
_RESERVED = re.compile(
    r"__|_(?:Unwind|IO|ITM|GLOBAL|Jv)_|_(?:start|init|fini|end|edata|etext|exit|Exit|DYNAMIC|dl_\w+|setjmp|longjmp|obstack\w*)\Z"
)
"""C has all of ``_A`` as well; but ``_Z`` and ``_R`` begin what C++ and Rust make of longer names, and front-ends do alike."""


def of_c(names: Iterable[str]) -> set[str]:
    """Which of ``names`` are C's."""
    listed = list(names)
    return {*LIBRARY.intersection(listed), *(name for name in listed if name[:1] == "_" and _RESERVED.match(name))}


__all__ = ["LIBRARY", "of_c"]
