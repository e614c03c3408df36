/* What the kernels share among themselves. Not for cffi. */
#ifndef SMIME_INTERNAL_H
#define SMIME_INTERNAL_H

#include <string.h>

#include "smime_api.h"

/* SMIME_X86 and SMIME_ARM64 say that the vector forms can be compiled; other compilers get the scalar code. The instruction sets are chosen
 * function by function, with SMIME_TARGET_AVX2 or SMIME_TARGET_AVX512, so that no other function can meet an instruction the machine lacks.
 */
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__)) && !defined(SMIME_NO_SIMD)
#define SMIME_X86 1
#include <immintrin.h>
#define SMIME_TARGET_AVX2 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))
#define SMIME_TARGET_AVX512 __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512vl,avx512vbmi,avx512vbmi2")))
#endif

#if defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__)) && !defined(SMIME_NO_SIMD)
#define SMIME_ARM64 1
#include <arm_neon.h>
#endif

/* 0, 1, 2, ... 63 (cpu.c) */
extern const uint8_t SMIME_IOTA[64];

/* base64_x86.c, base64_neon.c. Encoders take whole groups of three octets or whole lines of 57, and return how many they did; decoders take
 * alphabet and line ends from the beginning of a group on, and return the octets taken. None reads or writes outside its buffers. */
#define SMIME_BASE64_BULK(isa)                                                                                                             \
    size_t smime_base64_encode_groups_##isa(const uint8_t *src, size_t groups, uint8_t *dst);                                              \
    size_t smime_base64_encode_lines76_##isa(const uint8_t *src, size_t lines, uint8_t *dst, int crlf);                                    \
    size_t smime_base64_decode_##isa(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, size_t *produced, uint32_t *group,            \
                                     uint32_t *count);

#ifdef SMIME_X86
SMIME_BASE64_BULK(avx2)
SMIME_BASE64_BULK(avx512)
#endif
#ifdef SMIME_ARM64
SMIME_BASE64_BULK(neon)
#endif

#if defined(__GNUC__) || defined(__clang__)
#define SMIME_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define SMIME_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#else
#define SMIME_LIKELY(condition) (condition)
#define SMIME_UNLIKELY(condition) (condition)
#endif

/* The places of the lowest and the highest bit of a word that is not zero. */
static inline int smime_lowest(uint64_t word) {
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_ctzll(word);
#else
    int place = 0;
    while (!(word >> place & 1)) place++;
    return place;
#endif
}

static inline int smime_highest(uint64_t word) {
#if defined(__GNUC__) || defined(__clang__)
    return 63 - __builtin_clzll(word);
#else
    int place = 63;
    while (!(word >> place & 1)) place--;
    return place;
#endif
}

/* Read an octet once: the compiler must not read it a second time where it is used again, because other threads may write to what the
 * caller lends, and what was checked must be what is used. For octets that decide how far the code goes; see SECURITY.md. */
static inline uint8_t smime_octet(const uint8_t *at) { return *(const volatile uint8_t *)at; }

/* Whether src[content..end) is the content of an OBJECT IDENTIFIER (X.690 section 8.19): not empty, each arc in the fewest octets, the last
 * one ended. */
static inline int smime_is_identifier(const uint8_t *src, size_t content, size_t end) {
    int first = 1; /* octet of an arc */
    if (content == end) return 0;
    for (size_t at = content; at < end; at++) {
        const uint8_t octet = smime_octet(src + at);
        if (first && octet == 0x80) return 0;
        first = octet < 0x80;
    }
    return first;
}

#ifdef SMIME_ARM64
/* Four bits for each of 16 octets of a comparison. */
static inline uint64_t smime_nibbles(uint8x16_t comparison) {
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(comparison), 4)), 0);
}
#endif

#endif
