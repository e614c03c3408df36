/* The one header of the kernels: the C compiler reads it, and so does cffi (csrc/build_accel.py drops the preprocessor lines, so every
 * line that starts with # must be one that the declarations can do without).
 *
 * The contract of every streaming kernel:
 *
 *     int f(state *, const uint8_t *src, size_t n, size_t *consumed, uint8_t *dst, size_t cap, size_t *produced)
 *
 * The caller owns the state, a struct of plain integers that the init function fills. No kernel allocates, calls back or writes a global.
 * The answer is SMIME_OK when all of src was taken, SMIME_FULL when dst has no room for more (call again with the rest of src), and
 * negative on error: then *consumed is how much of src stands before the octet at fault. An error leaves the state unfit for more.
 * Every state begins with the instruction set its bulk loops may use: the caller picks it once, from smime_isas().
 */
#ifndef SMIME_API_H
#define SMIME_API_H

#include <stddef.h>
#include <stdint.h>

/* == status codes; smime/_kernels/status.py says what they mean == */

enum {
    SMIME_OK = 0,
    SMIME_FULL = 1,

    /* base64: -10 to -19 */
    SMIME_BASE64_CHARACTER = -10,
    SMIME_BASE64_PADDING = -11,
    SMIME_BASE64_AFTER_PADDING = -12,
    SMIME_BASE64_TRUNCATED = -13,
    SMIME_BASE64_SPARE_BITS = -14

    /* scan: -40 to -49; der: -50 to -69; ber: -70 to -89 (each family adds an enum in its own section) */
};

/* == cpu.c: instruction sets == */

enum {
    SMIME_ISA_SCALAR = 0,
    SMIME_ISA_AVX2 = 1,       /* and BMI2, LZCNT, POPCNT */
    SMIME_ISA_AVX512VBMI = 2, /* and F, BW, VL, VBMI, VBMI2 */
    SMIME_ISA_NEON = 3        /* AArch64 */
};

/* Return a bit mask, bit i set if instruction set i is compiled in and works on this machine under this operating system. */
uint32_t smime_isas(void);

/* == base64.c == */

/* == quoted_printable.c == */

/* == lines.c == */

/* == scan.c: header fields, boundary lines, mbox separators (MIME) == */

/* == der.c: flat index of a DER/BER structure (CMS) == */

/* == ber.c: resumable scanner of BER content (CMS) == */

#endif
