/* Which instruction sets this machine has, and its operating system saves. */

#include "internal.h"

const uint8_t SMIME_IOTA[64] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43,
                                44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};

#ifdef SMIME_X86

#include <cpuid.h>

/* XCR0: the register files that the operating system saves on a context switch */
static uint64_t saved_registers(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
}

static int has(uint32_t word, int bit) { return (word >> bit) & 1; }

static uint32_t x86_isas(void) {
    uint32_t a, b, c, d, b7, c7, c_extended;
    uint32_t isas = 0;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !has(c, 27) || !has(c, 28) || !has(c, 23)) return 0; /* OSXSAVE, AVX, POPCNT */
    uint64_t saved = saved_registers();
    if ((saved & 0x06) != 0x06) return 0; /* XMM, YMM */
    if (!__get_cpuid_count(7, 0, &a, &b7, &c7, &d)) return 0;
    if (!__get_cpuid(0x80000001u, &a, &b, &c_extended, &d) || !has(c_extended, 5)) return 0; /* LZCNT */
    if (!has(b7, 5) || !has(b7, 3) || !has(b7, 8)) return 0;                                 /* AVX2, BMI1, BMI2 */
    isas |= 1u << SMIME_ISA_AVX2;
    if ((saved & 0xe6) != 0xe6) return isas;                                   /* and opmask, ZMM */
    if (has(b7, 16) && has(b7, 30) && has(b7, 31) && has(c7, 1) && has(c7, 6)) /* F, BW, VL, VBMI, VBMI2 */
        isas |= 1u << SMIME_ISA_AVX512VBMI;
    return isas;
}

#endif

uint32_t smime_isas(void) {
    uint32_t isas = 1u << SMIME_ISA_SCALAR;
#ifdef SMIME_X86
    isas |= x86_isas();
#endif
#ifdef SMIME_ARM64
    isas |= 1u << SMIME_ISA_NEON;
#endif
    return isas;
}
