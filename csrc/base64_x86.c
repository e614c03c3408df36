/* base64 with AVX2 and with AVX-512 VBMI.
 *
 * Splitting 24 bits into four values, and joining them, with multiplications: Mula and Lemire, "Faster Base64 Encoding and Decoding Using
 * AVX2 Instructions" (2018); with vpermb and vpmultishiftqb: "Base64 encoding and decoding at almost the speed of a memory copy" (2020).
 * Writing and skipping the line ends on the way is ours.
 */

#include "internal.h"

#ifdef SMIME_X86

/* == AVX2 == */

/* Encode 24 octets as 32 characters. Reads 28 octets. */
SMIME_TARGET_AVX2 static inline __m256i encode24_avx2(const uint8_t *src) {
    const __m256i spread =
        _mm256_setr_epi8(1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10, 1, 0, 2, 1, 4, 3, 5, 4, 7, 6, 8, 7, 10, 9, 11, 10);
    /* what to add to a value, by its range: 26-51, 52-61 (ten rows), 62, 63, 0-25 */
    const __m256i shift =
        _mm256_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                         '+' - 62, '/' - 63, 'A', 0, 0, 'a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                         '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
    __m128i low = _mm_loadu_si128((const __m128i *)src);
    __m128i high = _mm_loadu_si128((const __m128i *)(src + 12));
    __m256i in = _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1), spread);
    __m256i first_third = _mm256_mulhi_epu16(_mm256_and_si256(in, _mm256_set1_epi32(0x0fc0fc00)), _mm256_set1_epi32(0x04000040));
    __m256i second_fourth = _mm256_mullo_epi16(_mm256_and_si256(in, _mm256_set1_epi32(0x003f03f0)), _mm256_set1_epi32(0x01000010));
    __m256i values = _mm256_or_si256(first_third, second_fourth);
    __m256i range = _mm256_subs_epu8(values, _mm256_set1_epi8(51));
    __m256i upper = _mm256_cmpgt_epi8(_mm256_set1_epi8(26), values);
    range = _mm256_or_si256(range, _mm256_and_si256(upper, _mm256_set1_epi8(13)));
    return _mm256_add_epi8(values, _mm256_shuffle_epi8(shift, range));
}

SMIME_TARGET_AVX2 size_t smime_base64_encode_groups_avx2(const uint8_t *src, size_t groups, uint8_t *dst) {
    size_t done = 0;
    for (; groups - done >= 10; done += 8) /* 30 octets: two more than are read */
        _mm256_storeu_si256((__m256i *)(dst + 4 * done), encode24_avx2(src + 3 * done));
    return done;
}

SMIME_TARGET_AVX2 size_t smime_base64_encode_lines76_avx2(const uint8_t *src, size_t lines, uint8_t *dst, int crlf) {
    const size_t step = 77 + (size_t)crlf;
    if (!lines) return 0;
    for (size_t line = 0; line < lines - 1; line++) { /* the last load goes four octets into the next line */
        _mm256_storeu_si256((__m256i *)dst, encode24_avx2(src));
        _mm256_storeu_si256((__m256i *)(dst + 32), encode24_avx2(src + 24));
        _mm256_storeu_si256((__m256i *)(dst + 44), encode24_avx2(src + 33));
        dst[76] = '\r';
        dst[76 + crlf] = '\n';
        src += 57;
        dst += step;
    }
    return lines - 1;
}

SMIME_TARGET_AVX2 size_t smime_base64_decode_avx2(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, size_t *produced, uint32_t *group,
                                                  uint32_t *count) {
    /* A character is of the alphabet if no bit is set in both rows: the bits stand for the high halves 2, 3, 4 or 6, 5 or 7, any other. */
    const __m256i by_low = _mm256_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a,
                                            0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
    const __m256i by_high =
        _mm256_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x01,
                         0x02, 0x04, 0x08, 0x04, 0x08, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
    /* what to add to a character, by its high half; row 1 is for '/' */
    const __m256i shift = _mm256_setr_epi8(0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0, 0,
                                           63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a', 26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0);
    const __m256i pack =
        _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1, 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m256i low_half = _mm256_set1_epi8(0x0f);
    const uint8_t *p = src;
    const uint8_t *end = src + n;
    uint8_t *out = dst;
    const uint8_t *limit = dst + cap;
    (void)group; /* it stops at the beginning of a group */
    (void)count;

    while (end - p >= 34 && limit - out >= 32) {
        __m256i in = _mm256_loadu_si256((const __m256i *)p);
        __m256i high = _mm256_and_si256(_mm256_srli_epi32(in, 4), low_half);
        __m256i low = _mm256_and_si256(in, low_half);
        __m256i bad = _mm256_and_si256(_mm256_shuffle_epi8(by_low, low), _mm256_shuffle_epi8(by_high, high));
        __m256i slash = _mm256_cmpeq_epi8(in, _mm256_set1_epi8('/'));
        __m256i values = _mm256_add_epi8(in, _mm256_shuffle_epi8(shift, _mm256_add_epi8(high, slash)));
        __m256i pairs = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
        __m256i groups = _mm256_shuffle_epi8(_mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00011000)), pack);
        groups = _mm256_permutevar8x32_epi32(groups, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 3, 7));
        uint32_t stops = (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(bad, _mm256_setzero_si256()));
        _mm256_storeu_si256((__m256i *)out, groups); /* what is not good is written over */
        if (!stops) {
            p += 32;
            out += 24;
            continue;
        }
        uint32_t good = (uint32_t)__builtin_ctz(stops);
        p += good & ~3u;
        out += good / 4 * 3;
        if (good & 3) break;
        if (p[0] == '\r' && p[1] == '\n') p += 2;
        else if (p[0] == '\n') p += 1;
        else break;
    }
    *produced = (size_t)(out - dst);
    return (size_t)(p - src);
}

/* == AVX-512 VBMI, VBMI2 == */

static const uint8_t ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* octets 3g+1, 3g, 3g+2, 3g+1 of each group g */
static const uint8_t SPREAD[64] = {1,  0,  2,  1,  4,  3,  5,  4,  7,  6,  8,  7,  10, 9,  11, 10, 13, 12, 14, 13, 16, 15,
                                   17, 16, 19, 18, 20, 19, 22, 21, 23, 22, 25, 24, 26, 25, 28, 27, 29, 28, 31, 30, 32, 31,
                                   34, 33, 35, 34, 37, 36, 38, 37, 40, 39, 41, 40, 43, 42, 44, 43, 46, 45, 47, 46};

SMIME_TARGET_AVX512 static inline __m512i encode48_avx512(__m512i in, __m512i spread, __m512i alphabet) {
    const __m512i shifts = _mm512_set1_epi64(0x3036242a1016040aLL); /* bits 10, 4, 22, 16 of each half */
    return _mm512_permutexvar_epi8(_mm512_multishift_epi64_epi8(shifts, _mm512_permutexvar_epi8(spread, in)), alphabet);
}

SMIME_TARGET_AVX512 size_t smime_base64_encode_groups_avx512(const uint8_t *src, size_t groups, uint8_t *dst) {
    const __m512i spread = _mm512_loadu_si512(SPREAD);
    const __m512i alphabet = _mm512_loadu_si512(ALPHABET);
    size_t left = groups;
    for (; left >= 16; left -= 16) {
        __m512i in = _mm512_maskz_loadu_epi8(0x0000ffffffffffffULL, src);
        _mm512_storeu_si512(dst, encode48_avx512(in, spread, alphabet));
        src += 48;
        dst += 64;
    }
    if (left) {
        __m512i in = _mm512_maskz_loadu_epi8((1ULL << 3 * left) - 1, src);
        _mm512_mask_storeu_epi8(dst, (1ULL << 4 * left) - 1, encode48_avx512(in, spread, alphabet));
    }
    return groups;
}

SMIME_TARGET_AVX512 size_t smime_base64_encode_lines76_avx512(const uint8_t *src, size_t lines, uint8_t *dst, int crlf) {
    const __m512i spread = _mm512_loadu_si512(SPREAD);
    const __m512i spread_end = _mm512_add_epi8(spread, _mm512_set1_epi8(48)); /* octets 48 to 56 of a line: 12 characters */
    const __m512i alphabet = _mm512_loadu_si512(ALPHABET);
    const __m128i newline = crlf ? _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\r', '\n', 0, 0)
                                 : _mm_setr_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, '\n', 0, 0, 0);
    const size_t step = 77 + (size_t)crlf;
    for (size_t line = 0; line < lines; line++) {
        __m512i in = _mm512_maskz_loadu_epi8(0x01ffffffffffffffULL, src);
        _mm512_storeu_si512(dst, encode48_avx512(in, spread, alphabet));
        __m128i rest = _mm512_castsi512_si128(encode48_avx512(in, spread_end, alphabet));
        rest = _mm_mask_mov_epi8(newline, 0x0fff, rest);
        if (line + 1 < lines) _mm_storeu_si128((__m128i *)(dst + 64), rest); /* the next line writes over the surplus */
        else _mm_mask_storeu_epi8(dst + 64, (__mmask16)((1u << (13 + crlf)) - 1), rest);
        src += 57;
        dst += step;
    }
    return lines;
}

/* values of the characters 0 to 127; 0x40: line end; 0x80: anything else */
static const uint8_t VALUES[128] = {
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 64,  128, 128, 64,  128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 62,  128, 128, 128, 63,  52,  53,  54,  55,
    56,  57,  58,  59,  60,  61,  128, 128, 128, 128, 128, 128, 128, 0,   1,   2,   3,   4,   5,   6,   7,   8,   9,   10,  11,  12,
    13,  14,  15,  16,  17,  18,  19,  20,  21,  22,  23,  24,  25,  128, 128, 128, 128, 128, 128, 26,  27,  28,  29,  30,  31,  32,
    33,  34,  35,  36,  37,  38,  39,  40,  41,  42,  43,  44,  45,  46,  47,  48,  49,  50,  51,  128, 128, 128, 128, 128,
};

/* Decode lines of 76 characters that all end alike, with CRLF or with LF; return how many, and how long each is. */
SMIME_TARGET_AVX512 static inline size_t decode_lines76_avx512(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, size_t *step,
                                                               __m512i table_low, __m512i table_high, __m512i pack) {
    const uint8_t *p = src;
    const uint8_t *end = src + n;
    const uint8_t *limit = dst + cap;
    size_t lines = 0;
    if (n < 80) return 0;
    const size_t length = p[76] == '\r' ? 78 : 77;
    const uint16_t care = length == 78 ? 0xffff : 0x00ff, wanted = length == 78 ? '\r' | '\n' << 8 : '\n';
    while (end - p >= 80 && limit - dst >= 64) {
        __m512i first = _mm512_loadu_si512(p);
        __m512i rest = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(p + 64)));
        uint16_t newline;
        memcpy(&newline, p + 76, 2);
        __m512i values = _mm512_permutex2var_epi8(table_low, first, table_high);
        __m512i rest_values = _mm512_permutex2var_epi8(table_low, rest, table_high);
        uint64_t others = _mm512_test_epi8_mask(values, _mm512_set1_epi8((char)0xc0)) | _mm512_movepi8_mask(first);
        others |= _mm512_mask_test_epi8_mask(0x0fff, _mm512_or_si512(rest_values, _mm512_and_si512(rest, _mm512_set1_epi8((char)0x80))),
                                             _mm512_set1_epi8((char)0xc0));
        if (others | ((newline & care) ^ wanted)) break;
        values = _mm512_madd_epi16(_mm512_maddubs_epi16(values, _mm512_set1_epi32(0x01400140)), _mm512_set1_epi32(0x00011000));
        rest_values = _mm512_madd_epi16(_mm512_maddubs_epi16(rest_values, _mm512_set1_epi32(0x01400140)), _mm512_set1_epi32(0x00011000));
        _mm512_storeu_si512(dst, _mm512_permutexvar_epi8(pack, values));
        _mm_storeu_si128((__m128i *)(dst + 48), _mm512_castsi512_si128(_mm512_permutexvar_epi8(pack, rest_values)));
        p += length;
        dst += 57;
        lines++;
    }
    *step = length;
    return lines;
}

/* Lines of 76 characters from where one begins; anything else in blocks of 60 octets: with up to three values carried over from the block
 * before there are never more than 63. */
SMIME_TARGET_AVX512 size_t smime_base64_decode_avx512(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, size_t *produced,
                                                      uint32_t *group, uint32_t *count) {
    const __m512i table_low = _mm512_loadu_si512(VALUES);
    const __m512i table_high = _mm512_loadu_si512(VALUES + 64);
    const __m512i iota = _mm512_loadu_si512(SMIME_IOTA);
    /* octets 2, 1, 0 of each group of four */
    const __m512i pack =
        _mm512_set_epi8(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60, 61, 62, 56, 57, 58, 52, 53, 54, 48, 49, 50, 44, 45, 46, 40, 41,
                        42, 36, 37, 38, 32, 33, 34, 28, 29, 30, 24, 25, 26, 20, 21, 22, 16, 17, 18, 12, 13, 14, 8, 9, 10, 4, 5, 6, 0, 1, 2);
    const uint8_t *p = src;
    const uint8_t *end = src + n;
    uint8_t *out = dst;
    const uint8_t *limit = dst + cap;
    __m512i carry = _mm512_setzero_si512();
    uint32_t carried = 0;
    int at_line = 1, lines_likely = 1;

    while (p < end && (*p == '\r' || *p == '\n')) p++;
    const int begins = p > src;
    while (p < end) {
        if (at_line && !carried && lines_likely) {
            size_t step = 0;
            size_t lines = decode_lines76_avx512(p, (size_t)(end - p), out, (size_t)(limit - out), &step, table_low, table_high, pack);
            lines_likely = lines || (!begins && p == src); /* src may begin inside a line: one more attempt at the next */
            out += lines * 57;
            p += lines * step;
            if (p == end) break;
        }
        size_t left = (size_t)(end - p);
        uint32_t size = left < 60 ? (uint32_t)left : 60;
        __mmask64 block = (1ULL << size) - 1;
        __m512i in = _mm512_maskz_loadu_epi8(block, p);
        __m512i values = _mm512_permutex2var_epi8(table_low, in, table_high);
        uint64_t stops = _mm512_movepi8_mask(_mm512_or_si512(values, in)) & block;
        uint64_t ends = _mm512_test_epi8_mask(values, _mm512_set1_epi8(0x40)) & block;
        if (SMIME_UNLIKELY(stops)) {
            size = (uint32_t)__builtin_ctzll(stops);
            block = (1ULL << size) - 1;
        }
        at_line = 0;
        if (lines_likely && ends & block) { /* up to where a line begins */
            uint64_t after = ~(ends >> __builtin_ctzll(ends));
            uint32_t next = (uint32_t)__builtin_ctzll(ends) + (uint32_t)__builtin_ctzll(after);
            if (next < size) {
                size = next;
                block = (1ULL << size) - 1;
                stops = 0;
            }
            at_line = 1;
        }
        __mmask64 keep = block & ~ends;
        __m512i packed = _mm512_maskz_compress_epi8(keep, values);
        uint32_t total = carried + (uint32_t)__builtin_popcountll(keep);
        __m512i all = _mm512_mask_permutexvar_epi8(carry, ~0ULL << carried, _mm512_sub_epi8(iota, _mm512_set1_epi8((char)carried)), packed);
        uint32_t whole = total & ~3u;
        carry = _mm512_permutexvar_epi8(_mm512_add_epi8(iota, _mm512_set1_epi8((char)whole)), all);
        carried = total & 3;
        __m512i groups = _mm512_madd_epi16(_mm512_maddubs_epi16(all, _mm512_set1_epi32(0x01400140)), _mm512_set1_epi32(0x00011000));
        groups = _mm512_permutexvar_epi8(pack, groups);
        if (SMIME_LIKELY(limit - out >= 64)) _mm512_storeu_si512(out, groups);
        else _mm512_mask_storeu_epi8(out, (1ULL << whole / 4 * 3) - 1, groups);
        out += whole / 4 * 3;
        p += size;
        if (SMIME_UNLIKELY(stops)) break;
    }
    uint32_t open = (uint32_t)_mm_cvtsi128_si32(_mm512_castsi512_si128(carry));
    *count = carried;
    *group = 0;
    for (uint32_t i = 0; i < carried; i++) *group = *group << 6 | (open >> 8 * i & 63);
    *produced = (size_t)(out - dst);
    return (size_t)(p - src);
}

#else

typedef int smime_no_x86; /* a translation unit is not empty */

#endif
