/* Runs a fuzz target without libFuzzer: on files, or on so many inputs made of the given pieces at random (SEED and count). For compilers
 * and machines that have no libFuzzer, such as gcc and an emulator. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t seed;

static uint32_t random_below(uint32_t limit) { /* xorshift64* */
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (uint32_t)((seed * 2685821657736338717ULL >> 32) % limit);
}

static const char *const PIECES[] = {"\r\n", "\n", "\r", "=",     "==", "= ",   "=\r\n", "=41",       "=e4",
                                     " ",    "\t", "--", "From ", ".",  "QUJD", "A",     "plain text"};

static size_t make_input(uint8_t *input, size_t cap) {
    size_t size = 0, parts = random_below(40);
    while (size < 9)
        input[size++] = (uint8_t)random_below(256);
    while (parts-- && size + 300 < cap) {
        uint32_t kind = random_below(8), count = random_below(random_below(8) ? 20 : 280);
        if (kind < 4) {
            const char *piece = PIECES[random_below(sizeof PIECES / sizeof *PIECES)];
            memcpy(input + size, piece, strlen(piece));
            size += strlen(piece);
        } else if (kind == 4) {
            while (count--)
                input[size++] = (uint8_t)random_below(256);
        } else if (kind == 5) {
            uint8_t octet = (uint8_t)random_below(256);
            while (count--)
                input[size++] = octet;
        } else if (kind == 6) { /* lines of base64 */
            for (uint32_t line = 0; line < 1 + count / 80; line++) {
                for (int i = 0; i < 76; i++)
                    input[size++] = (uint8_t)"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[random_below(64)];
                input[size++] = '\r';
                input[size++] = '\n';
            }
        } else {
            while (count--)
                input[size++] = (uint8_t)(' ' + random_below(95));
        }
    }
    return size;
}

int main(int argc, char **argv) {
    static uint8_t input[1 << 20];
    if (argc == 3 && !strcmp(argv[1], "--random")) {
        for (long i = 0; i < atol(argv[2]); i++) {
            seed = 88172645463325252ULL + (uint64_t)i * 2654435761u;
            size_t size = make_input(input, 1 << 14);
            LLVMFuzzerTestOneInput(input, size);
        }
        return 0;
    }
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (!file) return 1;
        size_t size = fread(input, 1, sizeof input, file);
        fclose(file);
        LLVMFuzzerTestOneInput(input, size);
    }
    return 0;
}
