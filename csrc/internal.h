/* What the kernels share among themselves. Not for cffi. */
#ifndef SMIME_INTERNAL_H
#define SMIME_INTERNAL_H

#include <string.h>

#include "smime_api.h"

/* SMIME_X86 and SMIME_ARM64 say that the vector forms can be compiled; other compilers get the scalar code. The instruction sets are chosen
 * function by function, with SMIME_TARGET_AVX2 or SMIME_TARGET_AVX512, so that no other function can meet an instruction the machine lacks. */
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

#if defined(__GNUC__) || defined(__clang__)
#define SMIME_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define SMIME_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#else
#define SMIME_LIKELY(condition) (condition)
#define SMIME_UNLIKELY(condition) (condition)
#endif

#endif
