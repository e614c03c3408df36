/* A mail to be protected: the header fields that stay outside and the entity inside (RFC 8551 section 3.1).
 *
 * smime/_kernels/python/split.py is the same in words. */

#include "scan.h"

static int is_inner_field(const uint8_t *src, const int64_t *record) {
    switch (record[4]) {
    case FIELD_OTHER: return record[1] - record[0] >= 8 && same_name(src + record[0], "content-", 8);
    case FIELD_CONTENT_TYPE:
    case FIELD_CONTENT_TRANSFER_ENCODING:
    case FIELD_CONTENT_DISPOSITION:
    case FIELD_MIME_VERSION:
    case FIELD_CONTENT_LENGTH: return 1;
    default: return 0;
    }
}

/* Whether a Content-Type is that of a multipart or of a message; -1 if that takes a closer look. */
static int is_composite(const uint8_t *src, size_t at, size_t end) {
    const size_t first = span(src, at, end, SPACE), slash = span(src, first, end, TOKEN);
    if (slash == first || slash >= end || src[slash] != '/') return -1;
    return is_name(src + first, slash - first, "multipart") || is_name(src + first, slash - first, "message");
}

/* Whether Content-Transfer-Encoding stands anywhere in a header. */
static int names_encoding(const uint8_t *src, size_t start, size_t end) {
    const size_t size = SMIME_FIELD_NAMES[FIELD_CONTENT_TRANSFER_ENCODING].size;
    for (size_t at = start; at + size <= end; at++) {
        if ((src[at] | 0x20) == 'c' && is_field(src + at, size, FIELD_CONTENT_TRANSFER_ENCODING)) return 1;
    }
    return 0;
}

/* Whether a message of several parts, whose text is safe, is in the very form in which it would be written again. */
static int is_untouched(uint32_t isa, const uint8_t *src, size_t end, size_t fields, size_t header_size) {
    int64_t parts[SMIME_PARTS_MOST * SMIME_PARTS_RECORD];
    const int count = smime_parts_index(isa, src, end, fields, header_size, parts, SMIME_PARTS_MOST);
    if (count <= 0) return 0;
    for (int i = 0; i < count; i++) {
        const int64_t *part = parts + i * SMIME_PARTS_RECORD;
        const size_t body = (size_t)part[PART_BODY], stop = (size_t)part[PART_END];
        size_t size;
        if (part[PART_DEPTH] && (stop >= end || (src[stop] != CR && src[stop] != LF)))
            return 0; /* empty: no line end before its delimiter */
        if (part[PART_BOUNDARY] < 0) {
            if (part[PART_TYPE] >= 0 && is_composite(src, (size_t)part[PART_TYPE], (size_t)part[PART_TYPE_END])) return 0;
            continue;
        }
        if (!part[PART_CLOSED] || src[part[PART_EPILOGUE] - 1] != LF) return 0;
        if (names_encoding(src, (size_t)part[PART_START], (size_t)part[PART_FIELDS_END])) return 0;
        if (i + 1 == count || part[SMIME_PARTS_RECORD + PART_DEPTH] <= part[PART_DEPTH]) return 0; /* nothing but the close delimiter */
        size = (size_t)(part[PART_BOUNDARY_END] - part[PART_BOUNDARY]);
        if (part[PART_PREAMBLE_END] <= part[PART_BODY] && (end - body < size + 2 || src[body] != '-' || src[body + 1] != '-' ||
                                                           memcmp(src + body + 2, src + part[PART_BOUNDARY], size))) {
            return 0; /* an empty line before the first delimiter, which would not be written */
        }
    }
    return 1;
}

int smime_split_mail(uint32_t isa, const uint8_t *src, size_t end, int safe, size_t fields, size_t header_size, int64_t *out, size_t cap) {
    int64_t records[(SMIME_SPLIT_FIELDS + 1) * SMIME_HEADER_FIELD + 3];
    const size_t most = least(fields, SMIME_SPLIT_FIELDS), window = end > 2 && end - 2 > header_size ? header_size + 2 : end;
    const size_t count = (size_t)smime_header_index(src, 0, window, 1, records, most + 1);
    const int64_t *behind = records + count * SMIME_HEADER_FIELD;
    const size_t stop = (size_t)behind[0], body = (size_t)behind[1];
    size_t made = 2, start = 0;
    int inside = -1;
    if (body == stop || !count || count > most || stop > header_size || cap < count + 3) return 0;
    for (size_t i = 0; i <= count; i++) {
        const int64_t *record = records + i * SMIME_HEADER_FIELD;
        const size_t at = i < count ? (size_t)record[0] : stop;
        int inner = -1;
        if (i < count) {
            if (record[4] < 0) return 0;
            inner = is_inner_field(src, record);
            if (!inner && record[2] != record[1] + 1) return 0; /* blanks before the colon are left out when the field is written */
            if (inner == inside) continue;
        }
        if (!inside && smime_hazards_find(isa, src + start, at - start) & (SMIME_HAZARDS_BARE_CR | SMIME_HAZARDS_NUL)) return 0;
        if (i == 0) out[1] = inner;
        out[made++] = (int64_t)at;
        start = at;
        inside = inner;
    }
    if (safe) {
        if (smime_hazards_find(isa, src + body, end - body)) return 0;
        if (behind[2] >= 0) {
            const int64_t *type = records + behind[2];
            const int composite = is_composite(src, (size_t)type[2], (size_t)type[3]);
            if (composite < 0 || (composite && (safe < 2 || !is_untouched(isa, src, end, fields, header_size)))) return 0;
        }
    }
    out[0] = smime_lines_scan_all(isa, src, end);
    return (int)made;
}
