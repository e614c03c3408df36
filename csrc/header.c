/* Header fields and the values of Content-Type as offsets (RFC 5322 section 2.2, RFC 2045 section 5.1).
 *
 * smime/_kernels/python/header.py is the same in words. */

#include "scan.h"

/* == header blocks == */

int smime_header_end(const uint8_t *src, size_t start, size_t end, int64_t *out) {
    size_t line = start;
    while (line < end) {
        const size_t empty = empty_line_size(src, line, end);
        size_t lf;
        if (empty) {
            out[0] = (int64_t)line;
            out[1] = (int64_t)(line + empty);
            return 1;
        }
        lf = find_lf(src, line, end);
        if (lf == NONE) break;
        line = lf + 1;
    }
    return 0;
}

const smime_field_name SMIME_FIELD_NAMES[FIELDS_KNOWN] = {
    {0, ""},
    {12, "content-type"},
    {25, "content-transfer-encoding"},
    {19, "content-disposition"},
    {12, "mime-version"},
    {4, "from"},
    {6, "sender"},
    {7, "subject"},
    {4, "date"},
    {2, "to"},
    {10, "message-id"},
    {14, "content-length"},
};

static int identify(const uint8_t *src, size_t size) {
    for (int field = 1; field < FIELDS_KNOWN; field++) {
        if (is_field(src, size, field)) return field;
    }
    return FIELD_OTHER;
}

int smime_header_index(const uint8_t *src, size_t start, size_t end, int first, int64_t *out, size_t cap) {
    size_t at = start, count = 0, body = NONE;
    int64_t content_type = -1;
    while (at < end && count < cap) {
        const size_t empty = empty_line_size(src, at, end);
        int64_t *record = out + count * SMIME_HEADER_FIELD;
        size_t next, stop, p;
        if (empty) {
            body = at + empty;
            break;
        }
        stop = next = next_field(src, at, end);
        if (src[stop - 1] == LF) {
            stop--;
            if (stop > at && src[stop - 1] == CR) stop--;
        }
        for (p = at; p < stop && src[p] > ' ' && src[p] < 0x7f && src[p] != ':'; p++) {
        }
        record[0] = record[1] = record[2] = (int64_t)at;
        record[3] = (int64_t)stop;
        record[4] = SMIME_HEADER_MALFORMED;
        if (p > at) {
            size_t colon = p;
            while (colon < stop && is_blank(src[colon])) colon++;
            if (colon < stop && src[colon] == ':') {
                record[1] = (int64_t)p;
                record[2] = (int64_t)colon + 1;
                record[4] = identify(src + at, p - at);
                if (record[4] == FIELD_CONTENT_TYPE && content_type < 0) content_type = (int64_t)count * SMIME_HEADER_FIELD;
            }
        }
        if (record[4] < 0 && first && at == start) {
            p = at + (src[at] == '>');
            if (is_from(src, p, stop)) record[4] = SMIME_HEADER_ENVELOPE;
        }
        count++;
        at = next;
    }
    out += count * SMIME_HEADER_FIELD;
    out[0] = (int64_t)at;
    out[1] = body == NONE ? (int64_t)at : (int64_t)body;
    out[2] = content_type;
    return (int)count;
}

/* == Content-Type == */

/* clang-format off */
const uint8_t SMIME_OCTET_CLASS[256] = {
    [9] = SPACE, [10] = SPACE, [13] = SPACE, [' '] = SPACE,
    ['!'] = 3, ['#'] = 3, ['$'] = 3, ['%'] = 3, ['&'] = 3, ['\''] = 3, ['*'] = 2, ['+'] = 3, ['-'] = 3, ['.'] = 3, ['/'] = 2,
    ['0'] = 3, ['1'] = 3, ['2'] = 3, ['3'] = 3, ['4'] = 3, ['5'] = 3, ['6'] = 3, ['7'] = 3, ['8'] = 3, ['9'] = 3,
    [':'] = 2, ['<'] = 2, ['='] = 2, ['>'] = 2, ['?'] = 2, ['@'] = 2,
    ['A'] = 3, ['B'] = 3, ['C'] = 3, ['D'] = 3, ['E'] = 3, ['F'] = 3, ['G'] = 3,
    ['H'] = 3, ['I'] = 3, ['J'] = 3, ['K'] = 3, ['L'] = 3, ['M'] = 3,
    ['N'] = 3, ['O'] = 3, ['P'] = 3, ['Q'] = 3, ['R'] = 3, ['S'] = 3, ['T'] = 3,
    ['U'] = 3, ['V'] = 3, ['W'] = 3, ['X'] = 3, ['Y'] = 3, ['Z'] = 3,
    ['['] = 2, [']'] = 2, ['^'] = 3, ['_'] = 3, ['`'] = 3,
    ['a'] = 3, ['b'] = 3, ['c'] = 3, ['d'] = 3, ['e'] = 3, ['f'] = 3, ['g'] = 3,
    ['h'] = 3, ['i'] = 3, ['j'] = 3, ['k'] = 3, ['l'] = 3, ['m'] = 3,
    ['n'] = 3, ['o'] = 3, ['p'] = 3, ['q'] = 3, ['r'] = 3, ['s'] = 3, ['t'] = 3,
    ['u'] = 3, ['v'] = 3, ['w'] = 3, ['x'] = 3, ['y'] = 3, ['z'] = 3,
    ['{'] = 3, ['|'] = 3, ['}'] = 3, ['~'] = 3,
};
/* clang-format on */

int smime_header_parameters(const uint8_t *src, size_t n, int64_t *out, size_t cap) {
    size_t at = span(src, 0, n, SPACE), count = 1, p = span(src, at, n, TOKEN);
    if (p == at || p == n || src[p] != '/') return 0;
    out[0] = (int64_t)at;
    out[1] = (int64_t)p;
    at = p + 1;
    p = span(src, at, n, TOKEN);
    if (p == at) return 0;
    out[2] = (int64_t)at;
    out[3] = (int64_t)p;
    for (;;) {
        size_t value;
        at = span(src, p, n, SPACE);
        if (at == n) return (int)count;
        if (src[at] != ';') return 0;
        do {
            at = span(src, at + 1, n, SPACE);
        } while (at < n && src[at] == ';');
        if (at == n) return (int)count;
        if (count == cap) return 0;
        p = span(src, at, n, TOKEN);
        if (p == at || p == n || src[p] != '=') return 0;
        out[count * 4] = (int64_t)at;
        out[count * 4 + 1] = (int64_t)p;
        value = p + 1;
        if (value < n && src[value] == '"') {
            value++;
            for (p = value; p < n && src[p] != '"'; p++) {
                if (src[p] == '\\' || src[p] == CR || src[p] == LF) return 0;
            }
            if (p == n) return 0;
            out[count * 4 + 3] = (int64_t)p;
            p++;
        } else {
            p = span(src, value, n, PLAIN);
            if (p == value) return 0;
            out[count * 4 + 3] = (int64_t)p;
        }
        out[count * 4 + 2] = (int64_t)value;
        count++;
    }
}
