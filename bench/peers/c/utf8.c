#include <stdint.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "-";
    FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "rb");
    if (!file) {
        perror("utf8: cannot read");
        return 2;
    }
    static uint8_t buffer[65536];
    uint64_t position = 0, start = 0, characters = 0;
    uint32_t left = 0, low = 0x80, high = 0xbf;
    for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0; position += got) {
        for (size_t i = 0; i < got; i++) {
            uint32_t byte = buffer[i];
            if (left > 0) {
                if (byte < low || byte > high)
                    goto invalid;
                low = 0x80;
                high = 0xbf;
                left--;
                continue;
            }
            characters++;
            if (byte < 0x80)
                continue;
            start = position + i;
            if (byte < 0xc2 || byte > 0xf4)
                goto invalid;
            left = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
            low = byte == 0xe0 ? 0xa0 : byte == 0xf0 ? 0x90 : 0x80;
            high = byte == 0xed ? 0x9f : byte == 0xf4 ? 0x8f : 0xbf;
        }
    }
    if (left > 0)
        goto invalid;
    printf("%llu characters\n", (unsigned long long)characters);
    return 0;
invalid:
    printf("invalid at byte %llu\n", (unsigned long long)start);
    return 1;
}
