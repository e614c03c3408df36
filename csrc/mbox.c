/* The From lines of a mailbox as offsets (RFC 4155).
 *
 * smime/_kernels/python/mbox.py is the same in words. */

#include "scan.h"

/* The size of the empty line before a line, 0 if there is none. */
static size_t empty_line(const uint8_t *src, size_t line, size_t floor, int bol) {
    size_t p;
    if (line == floor) return 0;
    p = line - 1;
    if (p > floor && src[p - 1] == CR) p--;
    if (p == floor ? bol : src[p - 1] == LF) return line - p;
    return 0;
}

/* A token of 3 to 8 octets: 1 for a time, 2 for a month or a year. */
static int date_token(const uint8_t *token, size_t size) {
    static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    uint32_t digits = 0; /* bit i: octet i is a digit */
    if (size < 3 || size > 8) return 0;
    for (size_t i = 0; i < size; i++) digits |= (uint32_t)(token[i] >= '0' && token[i] <= '9') << i;
    if (size == 3) {
        for (int i = 0; i < 36; i += 3) {
            if (!memcmp(token, MONTHS + i, 3)) return 2;
        }
        return 0;
    }
    if (size == 4 && digits == 15) return (token[0] == '1' && token[1] == '9') || (token[0] == '2' && token[1] == '0') ? 2 : 0;
    if (token[1] == ':') { /* d:dd or d:dd:dd */
        if (size == 4) return digits == 0x0d;
        return size == 7 && token[4] == ':' && digits == 0x6d;
    }
    if (token[2] == ':') { /* dd:dd or dd:dd:dd */
        if (size == 5) return digits == 0x1b;
        return size == 8 && token[5] == ':' && digits == 0xdb;
    }
    return 0;
}

static int is_dated(const uint8_t *src, size_t at, size_t end) {
    int seen = 0;
    while (at < end) {
        size_t token;
        while (at < end && (src[at] == ' ' || (src[at] >= 9 && src[at] <= 13))) at++;
        token = at;
        while (at < end && src[at] != ' ' && (src[at] < 9 || src[at] > 13)) at++;
        seen |= date_token(src + token, at - token);
    }
    return seen == 3;
}

/* The value of a line that is a Content-Length field, or -1. */
static int64_t content_length(const uint8_t *src, size_t line, size_t end) {
    size_t p = line + 14, digits;
    int64_t value = 0;
    if (end - line < 16 || (src[line] | 0x20) != 'c' || !same_name(src + line, SMIME_FIELD_NAMES[FIELD_CONTENT_LENGTH].name, 14)) return -1;
    while (p < end && is_blank(src[p])) p++;
    if (p == end || src[p] != ':') return -1;
    p++;
    while (p < end && is_blank(src[p])) p++;
    for (digits = p; p < end && src[p] >= '0' && src[p] <= '9' && p - digits < 15; p++) value = value * 10 + (src[p] - '0');
    if (p == digits) return -1;
    while (p < end && is_blank(src[p])) p++;
    if (p < end && src[p] == CR) p++;
    return p == end || src[p] == LF ? value : -1;
}

/* 1 for ">From ", 2 for more ">" before it, 0 for other lines; src[line] is a ">". */
static int quoted_line(const uint8_t *src, size_t line, size_t end) {
    size_t p = line;
    while (p < end && p - line < SMIME_SCAN_QUOTES && src[p] == '>') p++;
    if (end - p < 5 || memcmp(src + p, "From ", 5)) return 0;
    return p - line == 1 ? 1 : 2;
}

/* Whether a tail of the buffer may be the beginning of a From line, quoted or not, or of an empty line. */
static int from_begins(const uint8_t *src, size_t line, size_t end) {
    size_t p = line;
    if (end - line == 1 && src[line] == CR) return 1;
    while (p < end && p - line < SMIME_SCAN_QUOTES && src[p] == '>') p++;
    return end - p <= 4 && !memcmp(src + p, "From", end - p);
}

int smime_scan_mbox(uint32_t isa, const uint8_t *src, size_t start, size_t end, int flags, int64_t *out, size_t cap) {
    size_t floor = start, search = start, count = 0, settled;
    const int final = flags & SMIME_SCAN_FINAL;
    int bol = flags & SMIME_SCAN_LINE_START, first = flags & SMIME_SCAN_AFTER_EMPTY;
    int64_t quotes[3] = {0, 0, 0};
    while (count < cap) {
        size_t line = NONE, next, window, body, p, empty;
        int64_t length = -1, *record = out + count * SMIME_SCAN_MBOX;
        if (bol && search == floor && floor < end) {
            if (src[floor] == '>') quotes[quoted_line(src, floor, end)]++;
            if (end - floor >= 5 && !memcmp(src + floor, "From ", 5)) line = floor;
        }
        while (line == NONE) {
            size_t lf = find_line(isa, src, search, end, 'F', '>');
            if (lf == NONE) break;
            search = lf + 1;
            if (src[search] == '>') {
                quotes[quoted_line(src, search, end)]++;
            } else if (end - search >= 5 && !memcmp(src + search, "From ", 5)) {
                line = search;
            }
        }
        if (line == NONE) {
            settled = end;
            if (!final) {
                size_t low = end - floor > SMIME_SCAN_QUOTES + 8 ? end - SMIME_SCAN_QUOTES - 8 : floor, tail = end;
                while (tail > low && src[tail - 1] != LF) tail--;
                if (tail == low) tail = bol && end - floor <= SMIME_SCAN_QUOTES + 8 ? floor : NONE;
                if (tail != NONE && from_begins(src, tail, end)) settled = before_line(src, before_line(src, tail, floor), floor);
            }
            goto done;
        }
        next = find_lf(src, line, least(end, line + SMIME_SCAN_LINE + 2));
        if (next != NONE) {
            next++;
        } else {
            if (end - line >= SMIME_SCAN_LINE + 2) {
                search = line + 1; /* too long for a separator */
                continue;
            }
            if (!final) {
                settled = before_line(src, before_line(src, line, floor), floor);
                goto done;
            }
            next = end;
        }
        window = least(end, next + SMIME_SCAN_MBOX_HEADER);
        body = NONE;
        for (p = next - 1; p < window;) { /* p is the LF before a line */
            size_t here = p + 1;
            int64_t value;
            if (src[p] != LF) break; /* the From line was the end of the data */
            if (here < window && src[here] == LF) {
                body = here + 1;
                break;
            }
            if (here + 1 < window && src[here] == CR && src[here + 1] == LF) {
                body = here + 2;
                break;
            }
            if (window - here >= 5 && here < window && !memcmp(src + here, "From ", 5)) {
                body = here;
                break;
            }
            if (length < 0 && here < window && (value = content_length(src, here, window)) >= 0) length = value;
            p = find_lf(src, here, window);
            if (p == NONE) break;
        }
        if (body == NONE) {
            body = window;
            if (window == next + SMIME_SCAN_MBOX_HEADER) {
                length = -1;
            } else if (!final) {
                settled = before_line(src, before_line(src, line, floor), floor);
                goto done;
            }
        }
        empty = empty_line(src, line, floor, bol);
        record[0] = (int64_t)(line - empty);
        record[1] = (int64_t)line;
        record[2] = (int64_t)next;
        record[3] = (int64_t)body;
        record[4] = length;
        record[5] = (empty || (first && line == floor) ? SMIME_SCAN_AFTER_EMPTY : 0) |
                    (is_dated(src, line + 5, least(next, line + 256)) ? SMIME_SCAN_DATED : 0);
        record[6] = quotes[1];
        record[7] = quotes[2];
        quotes[1] = quotes[2] = 0;
        floor = search = next;
        bol = 1;
        first = 0;
        count++;
    }
    settled = floor;
done:
    if (quotes[1] || quotes[2]) {
        int64_t *record = out + count * SMIME_SCAN_MBOX;
        record[0] = record[4] = -1;
        record[1] = record[2] = record[3] = (int64_t)settled;
        record[5] = 0;
        record[6] = quotes[1];
        record[7] = quotes[2];
        count++;
    }
    out[count * SMIME_SCAN_MBOX] = (int64_t)settled;
    return (int)count;
}
