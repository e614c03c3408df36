/* base64 with the NEON of AArch64: interleaved loads and stores take octets and characters apart, tables of 64 octets translate them. */

#include "internal.h"

#ifdef SMIME_ARM64

static const uint8_t ALPHABET[64] = {'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P',
                                     'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'a', 'b', 'c', 'd', 'e', 'f',
                                     'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v',
                                     'w', 'x', 'y', 'z', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '+', '/'};

/* == encode == */

static inline uint8x16x4_t alphabet_neon(void) {
    uint8x16x4_t table = {{vld1q_u8(ALPHABET), vld1q_u8(ALPHABET + 16), vld1q_u8(ALPHABET + 32), vld1q_u8(ALPHABET + 48)}};
    return table;
}

/* Encode 48 octets as 64 characters. */
static inline void encode48_neon(const uint8_t *src, uint8_t *dst, uint8x16x4_t table) {
    const uint8x16_t six = vdupq_n_u8(63);
    uint8x16x3_t in = vld3q_u8(src);
    uint8x16x4_t out;
    out.val[0] = vshrq_n_u8(in.val[0], 2);
    out.val[1] = vandq_u8(vsliq_n_u8(vshrq_n_u8(in.val[1], 4), in.val[0], 4), six);
    out.val[2] = vandq_u8(vsliq_n_u8(vshrq_n_u8(in.val[2], 6), in.val[1], 2), six);
    out.val[3] = vandq_u8(in.val[2], six);
    for (int i = 0; i < 4; i++) out.val[i] = vqtbl4q_u8(table, out.val[i]);
    vst4q_u8(dst, out);
}

/* Encode 12 octets as 16 characters. Reads 16 octets. */
static inline void encode12_neon(const uint8_t *src, uint8_t *dst, uint8x16x4_t table) {
    static const uint8_t SPREAD[16] = {2, 1, 0, 255, 5, 4, 3, 255, 8, 7, 6, 255, 11, 10, 9, 255};
    uint32x4_t in = vreinterpretq_u32_u8(vqtbl1q_u8(vld1q_u8(src), vld1q_u8(SPREAD))); /* 24 bits, most significant first */
    const uint32x4_t six = vdupq_n_u32(63);
    uint32x4_t out = vshrq_n_u32(in, 18);
    out = vsliq_n_u32(out, vandq_u32(vshrq_n_u32(in, 12), six), 8);
    out = vorrq_u32(vandq_u32(out, vdupq_n_u32(0xffff)), vshlq_n_u32(vandq_u32(vshrq_n_u32(in, 6), six), 16));
    out = vorrq_u32(out, vshlq_n_u32(vandq_u32(in, six), 24));
    vst1q_u8(dst, vqtbl4q_u8(table, vreinterpretq_u8_u32(out)));
}

size_t smime_base64_encode_groups_neon(const uint8_t *src, size_t groups, uint8_t *dst) {
    const uint8x16x4_t table = alphabet_neon();
    size_t done = 0;
    for (; groups - done >= 16; done += 16) encode48_neon(src + 3 * done, dst + 4 * done, table);
    for (; groups - done >= 6; done += 4) encode12_neon(src + 3 * done, dst + 4 * done, table); /* 18 octets: two more than are read */
    return done;
}

size_t smime_base64_encode_lines76_neon(const uint8_t *src, size_t lines, uint8_t *dst, int crlf) {
    const uint8x16x4_t table = alphabet_neon();
    const size_t step = 77 + (size_t)crlf;
    if (!lines) return 0;
    for (size_t line = 0; line < lines - 1; line++) { /* the last load goes four octets into the next line */
        encode48_neon(src, dst, table);
        encode12_neon(src + 45, dst + 60, table);
        dst[76] = '\r';
        dst[76 + crlf] = '\n';
        src += 57;
        dst += step;
    }
    return lines - 1;
}

/* == decode == */

/* values of the characters 0 to 127; 0x80: not of the alphabet */
static const uint8_t VALUES[128] = {
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128,
    128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 62,  128, 128, 128, 63,  52,  53,  54,  55,
    56,  57,  58,  59,  60,  61,  128, 128, 128, 128, 128, 128, 128, 0,   1,   2,   3,   4,   5,   6,   7,   8,   9,   10,  11,  12,
    13,  14,  15,  16,  17,  18,  19,  20,  21,  22,  23,  24,  25,  128, 128, 128, 128, 128, 128, 26,  27,  28,  29,  30,  31,  32,
    33,  34,  35,  36,  37,  38,  39,  40,  41,  42,  43,  44,  45,  46,  47,  48,  49,  50,  51,  128, 128, 128, 128, 128,
};

/* The value of each character; 0x80 or more if it is not of the alphabet. */
static inline uint8x16_t values_neon(uint8x16_t in, uint8x16x4_t low, uint8x16x4_t high) {
    uint8x16_t values = vqtbl4q_u8(low, in);                         /* 0 from 64 on */
    values = vqtbx4q_u8(values, high, vsubq_u8(in, vdupq_n_u8(64))); /* unchanged unless from 64 to 127 */
    return vorrq_u8(values, vandq_u8(in, vdupq_n_u8(0x80)));
}

/* Decode 16 characters as 12 octets; return which are not of the alphabet, four bits for each. Writes 16 octets. */
static inline uint64_t decode16_neon(const uint8_t *src, uint8_t *dst, uint8x16x4_t low, uint8x16x4_t high) {
    static const uint8_t PACK[16] = {2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, 255, 255, 255, 255};
    uint8x16_t values = values_neon(vld1q_u8(src), low, high);
    uint32x4_t v = vreinterpretq_u32_u8(values);
    const uint32x4_t octet = vdupq_n_u32(0xff);
    uint32x4_t group = vshlq_n_u32(vandq_u32(v, octet), 18);
    group = vorrq_u32(group, vshlq_n_u32(vandq_u32(vshrq_n_u32(v, 8), octet), 12));
    group = vorrq_u32(group, vshlq_n_u32(vandq_u32(vshrq_n_u32(v, 16), octet), 6));
    group = vorrq_u32(group, vshrq_n_u32(v, 24));
    vst1q_u8(dst, vqtbl1q_u8(vreinterpretq_u8_u32(group), vld1q_u8(PACK)));
    return smime_nibbles(vcgeq_u8(values, vdupq_n_u8(0x80)));
}

size_t smime_base64_decode_neon(const uint8_t *src, size_t n, uint8_t *dst, size_t cap, size_t *produced, uint32_t *group,
                                uint32_t *count) {
    const uint8x16x4_t low = {{vld1q_u8(VALUES), vld1q_u8(VALUES + 16), vld1q_u8(VALUES + 32), vld1q_u8(VALUES + 48)}};
    const uint8x16x4_t high = {{vld1q_u8(VALUES + 64), vld1q_u8(VALUES + 80), vld1q_u8(VALUES + 96), vld1q_u8(VALUES + 112)}};
    const uint8_t *p = src;
    const uint8_t *end = src + n;
    uint8_t *out = dst;
    const uint8_t *limit = dst + cap;
    (void)group; /* it stops at the beginning of a group */
    (void)count;

    for (;;) {
        while (end - p >= 64 && limit - out >= 48) {
            uint8x16x4_t in = vld4q_u8(p);
            uint8x16x3_t octets;
            for (int i = 0; i < 4; i++) in.val[i] = values_neon(in.val[i], low, high);
            uint8x16_t bad = vorrq_u8(vorrq_u8(in.val[0], in.val[1]), vorrq_u8(in.val[2], in.val[3]));
            if (vmaxvq_u8(bad) >= 0x80) break;
            octets.val[0] = vorrq_u8(vshlq_n_u8(in.val[0], 2), vshrq_n_u8(in.val[1], 4));
            octets.val[1] = vorrq_u8(vshlq_n_u8(in.val[1], 4), vshrq_n_u8(in.val[2], 2));
            octets.val[2] = vorrq_u8(vshlq_n_u8(in.val[2], 6), in.val[3]);
            vst3q_u8(out, octets);
            p += 64;
            out += 48;
        }
        if (end - p < 18 || limit - out < 16) break;
        uint64_t stops = decode16_neon(p, out, low, high); /* what is not good is written over */
        size_t good = stops ? (size_t)smime_lowest(stops) / 4 : 16;
        p += good & ~(size_t)3;
        out += good / 4 * 3;
        if (!stops) continue;
        if (good & 3) break;
        if (p[0] == '\r' && p[1] == '\n') p += 2;
        else if (p[0] == '\n') p += 1;
        else break;
    }
    *produced = (size_t)(out - dst);
    return (size_t)(p - src);
}

#else

typedef int smime_no_neon; /* a translation unit is not empty */

#endif
