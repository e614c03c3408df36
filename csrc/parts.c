/* Boundary lines and the parts of a multipart as offsets (RFC 2046 section 5.1).
 *
 * smime/_kernels/python/parts.py is the same in words. */

#include "scan.h"

/* == boundary lines == */

int smime_scan_boundary(uint32_t isa, const uint8_t *src, size_t start, size_t end, const uint8_t *delimiter, size_t size, int flags, int64_t *out,
                        size_t cap) {
    size_t floor = start, at = start, count = 0, settled;
    const int final = flags & SMIME_SCAN_FINAL;
    int bol = flags & SMIME_SCAN_LINE_START;
    while (count < cap) {
        size_t line = NONE, after, p, q, window, stop;
        int closing = 0, ended = 0, crlf = 0, complete;
        int64_t *record = out + count * 3;
        if (bol) {
            size_t head = least(size, end - at);
            if (!memcmp(src + at, delimiter, head)) {
                if (head == size) {
                    line = at;
                } else if (!final) {
                    settled = at;
                    goto done;
                }
            }
        }
        if (line == NONE) {
            size_t lf = at;
            while ((lf = find_line(isa, src, lf, end, '-', '-')) != NONE) {
                if (end - lf - 1 < size) {
                    lf = NONE;
                    break;
                }
                if (!memcmp(src + lf + 1, delimiter, size)) break;
                lf++;
            }
            if (lf == NONE) {
                settled = end;
                if (!final) {
                    /* the tail may be a line end and the beginning of a delimiter */
                    size_t low = end - floor > size ? end - size : floor, tail = end;
                    while (tail > low && src[tail - 1] != LF) tail--;
                    if (tail > low && end - tail <= size && !memcmp(src + tail, delimiter, end - tail)) {
                        settled = before_line(src, tail, floor);
                    } else if (end > floor && src[end - 1] == CR) {
                        settled = end - 1;
                    }
                }
                goto done;
            }
            line = lf + 1;
        }
        after = line + size;
        window = least(end, after + SMIME_SCAN_PADDING + 5);
        p = after;
        if (window - p >= 2 && src[p] == '-' && src[p + 1] == '-') {
            closing = 1;
            p += 2;
        }
        for (q = p; q < window && is_blank(src[q]); q++) {
        }
        stop = q;
        if (q == window) {
            ended = 1;
        } else if (src[q] == LF) {
            ended = 2;
            stop = q + 1;
        } else if (src[q] == CR) {
            if (q + 1 == window) {
                ended = 1;
                stop = q + 1;
            } else if (src[q + 1] == LF) {
                ended = 2;
                crlf = 1;
                stop = q + 2;
            }
        }
        complete = q - p <= SMIME_SCAN_PADDING && (ended == 2 || (ended == 1 && final && stop == end));
        if (complete) {
            record[0] = (int64_t)line;
            record[1] = (closing ? SMIME_SCAN_CLOSE : SMIME_SCAN_DELIMITER) | (crlf ? SMIME_SCAN_CRLF : 0) | (q > p ? SMIME_SCAN_PADDED : 0);
            record[2] = (int64_t)stop;
            floor = at = stop;
        } else if (!final && q - p <= SMIME_SCAN_PADDING && (stop == end || (stop == after && after + 1 == end && src[after] == '-'))) {
            settled = before_line(src, line, floor);
            goto done;
        } else {
            record[0] = (int64_t)line;
            record[1] = SMIME_SCAN_PREFIX;
            record[2] = (int64_t)after;
            at = after;
        }
        bol = complete;
        count++;
    }
    settled = at;
done:
    out[count * 3] = (int64_t)settled;
    return (int)count;
}

int smime_scan_dash_lines(uint32_t isa, const uint8_t *src, size_t start, size_t end, int flags, int64_t *out, size_t cap) {
    size_t at = start, count = 0, line = NONE;
    if (flags & SMIME_SCAN_LINE_START && end - start >= 2 && src[start] == '-' && src[start + 1] == '-') line = start;
    while (count < cap) {
        size_t lf, stop, bare;
        while (line == NONE) {
            lf = find_line(isa, src, at, end, '-', '-');
            if (lf == NONE) {
                at = end;
                goto done;
            }
            at = lf + 1;
            if (lf + 2 < end && src[lf + 2] == '-') line = at;
        }
        lf = find_lf(src, line, end);
        stop = lf == NONE ? end : lf;
        if (src[stop - 1] == CR) stop--;
        for (bare = stop; bare > line && is_blank(src[bare - 1]) && stop - bare <= SMIME_SCAN_PADDING; bare--) {
        }
        out[count * 3] = (int64_t)line;
        out[count * 3 + 1] = (int64_t)(stop - bare <= SMIME_SCAN_PADDING ? bare : stop);
        out[count * 3 + 2] = lf == NONE ? (int64_t)end : (int64_t)lf + 1;
        at = lf == NONE ? end : lf;
        line = NONE;
        count++;
    }
done:
    out[count * 3] = (int64_t)at;
    return (int)count;
}

/* == a body of two parts == */

enum { BATCH = 16 };

/* Index the header block of a part: where its fields end, its body, and the value of its Content-Type. Return 0 if it has no empty line, or not
 * within the limits. */
static int whole_header(const uint8_t *src, size_t start, size_t end, size_t fields, size_t header_size, int64_t *out) {
    int64_t records[BATCH * SMIME_SCAN_FIELD + 3];
    size_t at = start, count = 0;
    const size_t window = end - start > 2 && end - start - 2 > header_size ? start + header_size + 2 : end;
    out[2] = out[3] = -1;
    for (;;) {
        const int found = smime_scan_header(src, at, window, at == start, records, BATCH);
        const int64_t *behind = records + found * SMIME_SCAN_FIELD;
        if (out[2] < 0 && behind[2] >= 0) {
            out[2] = records[behind[2] + 2];
            out[3] = records[behind[2] + 3];
        }
        count += (size_t)found;
        if (count > fields) return 0;
        at = (size_t)behind[0];
        if (behind[1] > behind[0]) {
            out[0] = behind[0];
            out[1] = behind[1];
            return at - start <= header_size;
        }
        if (found < BATCH) return 0;
    }
}

int smime_scan_two_parts(uint32_t isa, const uint8_t *src, size_t end, const uint8_t *delimiter, size_t size, size_t fields, size_t header_size,
                         int64_t *out) {
    int64_t lines[4 * 3 + 1];
    size_t first, second, first_end, second_end;
    if (smime_scan_boundary(isa, src, 0, end, delimiter, size, SMIME_SCAN_LINE_START, lines, 4) != 3) return 0;
    out[15] = lines[1] & SMIME_SCAN_CRLF;
    if (lines[1] != (SMIME_SCAN_DELIMITER | out[15]) || lines[4] != lines[1] || lines[7] != (SMIME_SCAN_CLOSE | out[15])) return 0;
    first = (size_t)lines[2];
    second = (size_t)lines[5];
    first_end = before_line(src, (size_t)lines[3], first);
    second_end = before_line(src, (size_t)lines[6], second);
    out[0] = (int64_t)before_line(src, (size_t)lines[0], 0);
    out[1] = (int64_t)first;
    out[6] = (int64_t)first_end;
    out[7] = (int64_t)second;
    out[12] = (int64_t)second_end;
    out[13] = lines[8];
    out[14] = lines[9];
    return whole_header(src, first, first_end, fields, header_size, out + 2) && whole_header(src, second, second_end, fields, header_size, out + 8);
}

/* == the parts of a message ==
 *
 * The short way for messages in plain form; smime.mime.entity is the long way, and says what the rules are. Whatever needs a closer look (a
 * Content-Type with comments, an odd transfer encoding, a limit) ends it, and the long way is taken.
 */

enum { LEVELS = 16 };

typedef struct {
    uint32_t isa;
    const uint8_t *src;
    size_t end, fields, header_size, cap, count;
    int64_t *out;
    int depth;            /* of open parts */
    size_t open[LEVELS];  /* their records */
    size_t child[LEVELS]; /* where the last child of each starts, NONE without */
} tree;

static inline int64_t *part_at(const tree *t, int level) { return t->out + t->open[level] * SMIME_SCAN_PART; }

/* Judge a line that begins with two hyphens: the level of the multipart whose delimiter it is, -1 if there is none. */
static int delimiter_level(const tree *t, size_t line, size_t *after, int *closing) {
    const uint8_t *src = t->src;
    size_t lf = find_lf(src, line, t->end), stop = lf == NONE ? t->end : lf, bare;
    *after = lf == NONE ? t->end : lf + 1;
    if (src[stop - 1] == CR) stop--;
    for (bare = stop; bare > line && is_blank(src[bare - 1]); bare--) {
    }
    if (stop - bare > SMIME_SCAN_PADDING) return -1;
    for (int level = 0; level < t->depth; level++) {
        const int64_t *part = part_at(t, level);
        size_t size;
        if (part[PART_BOUNDARY] < 0 || part[PART_CLOSED]) continue;
        size = (size_t)(part[PART_BOUNDARY_END] - part[PART_BOUNDARY]);
        if (bare - line < size + 2 || memcmp(src + line + 2, src + part[PART_BOUNDARY], size)) continue;
        if (bare - line == size + 2) {
            *closing = 0;
            return level;
        }
        if (bare - line == size + 4 && src[bare - 1] == '-' && src[bare - 2] == '-') {
            *closing = 1;
            return level;
        }
    }
    return -1;
}

/* Open the part that starts at a place, and read its header up to its empty line, a boundary line or the end. Return -1 for the long way, 1 if a
 * boundary line ended it (then *line is that line), 2 if the body is a message to open, else 0; *at is where the body starts. */
static int open_plain(tree *t, size_t *at, size_t *line, int in_digest) {
    const uint8_t *src = t->src;
    size_t p = *at, count = 0, start = *at;
    size_t type = NONE, type_end = 0, encoding = NONE, encoding_end = 0;
    int64_t *part, places[65 * 4];
    int ended = 0, kind = 0;
    if (t->depth == LEVELS || t->count == t->cap) return -1;
    part = t->out + t->count * SMIME_SCAN_PART;
    for (;;) {
        size_t next = p, stop, q, name;
        if (p >= t->end) {
            part[PART_FIELDS_END] = part[PART_BODY] = (int64_t)t->end;
            break;
        }
        if (src[p] == LF || (src[p] == CR && t->end - p >= 2 && src[p + 1] == LF)) {
            part[PART_FIELDS_END] = (int64_t)p;
            part[PART_BODY] = (int64_t)p + (src[p] == LF ? 1 : 2);
            break;
        }
        if (src[p] == '-' && t->end - p >= 2 && src[p + 1] == '-') {
            size_t after;
            int closing;
            if (delimiter_level(t, p, &after, &closing) >= 0) {
                ended = 1;
                *line = p;
                break;
            }
        }
        do {
            size_t lf = find_lf(src, next, t->end);
            next = lf == NONE ? t->end : lf + 1;
        } while (next < t->end && is_blank(src[next]));
        if (++count > t->fields) return -1;
        for (q = p; q < next && src[q] > ' ' && src[q] < 0x7f && src[q] != ':'; q++) {
        }
        name = q - p;
        if (is_field(src + p, name, FIELD_CONTENT_TYPE) || is_field(src + p, name, FIELD_CONTENT_TRANSFER_ENCODING)) {
            const int is_type = name == SMIME_FIELD_NAMES[FIELD_CONTENT_TYPE].size;
            while (q < next && is_blank(src[q])) q++;
            stop = next;
            if (src[stop - 1] == LF) stop--;
            if (stop > q && src[stop - 1] == CR) stop--;
            if (q < stop && src[q] == ':') {
                if (is_type && type == NONE) {
                    type = q + 1;
                    type_end = stop;
                } else if (!is_type && encoding == NONE) {
                    encoding = q + 1;
                    encoding_end = stop;
                }
            }
        }
        p = next;
    }
    if ((ended ? p : (size_t)part[PART_FIELDS_END]) - start > t->header_size) return -1;
    part[PART_DEPTH] = t->depth;
    part[PART_START] = (int64_t)start;
    part[PART_END] = part[PART_BOUNDARY] = part[PART_BOUNDARY_END] = part[PART_PREAMBLE_END] = part[PART_EPILOGUE] = -1;
    part[PART_CLOSED] = 0;
    part[PART_TYPE] = type == NONE ? -1 : (int64_t)type;
    part[PART_TYPE_END] = type == NONE ? -1 : (int64_t)type_end;
    if (ended) part[PART_FIELDS_END] = part[PART_BODY] = (int64_t)p;
    if (type == NONE) {
        kind = in_digest ? 2 : 0;
    } else {
        size_t first = span(src, type, type_end, SPACE), slash = span(src, first, type_end, TOKEN);
        size_t subtype, subtype_end;
        if (slash == first || slash == type_end || src[slash] != '/') return -1;
        subtype = slash + 1;
        subtype_end = span(src, subtype, type_end, TOKEN);
        if (subtype_end == subtype) return -1;
        if (subtype_end < type_end && src[subtype_end] != ';' && !(SMIME_OCTET_CLASS[src[subtype_end]] & SPACE)) return -1;
        if (slash - first == 9 && same_name(src + first, "multipart", 9)) {
            size_t b, b_end;
            const int plain = smime_scan_parameters(src + type, type_end - type, places, 64);
            if (plain <= 0) return -1;
            for (int i = 1; i < plain; i++) {
                if (places[i * 4 + 1] - places[i * 4] != 8 || !same_name(src + type + places[i * 4], "boundary", 8)) continue;
                b = type + (size_t)places[i * 4 + 2];
                b_end = type + (size_t)places[i * 4 + 3];
                while (b_end > b && is_blank(src[b_end - 1])) b_end--;
                if (b_end > b) {
                    part[PART_BOUNDARY] = (int64_t)b;
                    part[PART_BOUNDARY_END] = (int64_t)b_end;
                }
                break;
            }
        } else if (slash - first == 7 && same_name(src + first, "message", 7)) {
            size_t size = subtype_end - subtype;
            if ((size == 6 && same_name(src + subtype, "rfc822", 6)) || (size == 6 && same_name(src + subtype, "global", 6)) ||
                (size == 4 && same_name(src + subtype, "news", 4))) {
                kind = 2;
            }
        }
    }
    if (t->depth) t->child[t->depth - 1] = start;
    t->open[t->depth] = t->count++;
    t->child[t->depth] = NONE;
    t->depth++;
    *at = (size_t)part[PART_BODY];
    if (kind == 2 && !ended && part[PART_BODY] > part[PART_FIELDS_END] && (size_t)part[PART_BODY] < t->end) {
        if (encoding != NONE) {
            size_t first = span(src, encoding, encoding_end, SPACE), last = encoding_end, size;
            while (last > first && SMIME_OCTET_CLASS[src[last - 1]] & SPACE) last--;
            size = last - first;
            if (size == 6 && same_name(src + first, "base64", 6)) return 0;
            if (size == 16 && same_name(src + first, "quoted-printable", 16)) return 0;
            if (!(size == 4 && (same_name(src + first, "7bit", 4) || same_name(src + first, "8bit", 4))) &&
                !(size == 6 && same_name(src + first, "binary", 6))) {
                return -1;
            }
        }
        return 2;
    }
    return ended;
}

/* Open a part, and the messages that begin with it. */
static int open_all(tree *t, size_t *at, size_t *line, int in_digest) {
    int ended = open_plain(t, at, line, in_digest);
    while (ended == 2) ended = open_plain(t, at, line, 0);
    return ended;
}

int smime_scan_message(uint32_t isa, const uint8_t *src, size_t end, size_t fields, size_t header_size, int64_t *out, size_t cap) {
    tree t = {isa, src, end, fields, header_size, cap, 0, out, 0, {0}, {0}};
    size_t at = 0, line = 0;
    int ended = open_all(&t, &at, &line, 0), fresh = 1; /* at is the beginning of a line that was not looked at yet */
    if (ended < 0) return -1;
    for (;;) {
        size_t after, stop, floor;
        int level, closing = 0;
        int64_t *part;
        if (!ended) {
            if (fresh && end - at >= 2 && src[at] == '-' && src[at + 1] == '-') {
                line = at;
            } else {
                size_t lf = at;
                do {
                    lf = find_line(isa, src, lf, end, '-', '-');
                    if (lf == NONE) break;
                    lf++;
                } while (lf + 1 >= end || src[lf + 1] != '-');
                if (lf == NONE) break;
                line = lf;
            }
        }
        level = delimiter_level(&t, line, &after, &closing);
        ended = 0;
        if (level < 0) {
            at = line + 1;
            fresh = 0;
            continue;
        }
        part = part_at(&t, level);
        floor = t.child[level] == NONE ? (size_t)part[PART_BODY] : t.child[level];
        stop = line;
        if (stop > floor && src[stop - 1] == LF) {
            stop--;
            if (stop > floor && src[stop - 1] == CR) stop--;
        }
        while (t.depth > level + 1) {
            int64_t *inner = part_at(&t, --t.depth);
            int64_t limit = (int64_t)stop;
            inner[PART_END] = limit;
            if (inner[PART_START] > limit) inner[PART_START] = limit;
            if (inner[PART_FIELDS_END] > limit) inner[PART_FIELDS_END] = limit;
            if (inner[PART_BODY] > limit) inner[PART_BODY] = limit;
            if (inner[PART_PREAMBLE_END] > limit) inner[PART_PREAMBLE_END] = limit;
            if (inner[PART_EPILOGUE] > limit) inner[PART_EPILOGUE] = limit;
        }
        if (part[PART_PREAMBLE_END] < 0) part[PART_PREAMBLE_END] = (int64_t)stop;
        at = after;
        fresh = 1;
        if (closing) {
            part[PART_CLOSED] = 1;
            part[PART_EPILOGUE] = (int64_t)after;
        } else {
            const size_t type_end = (size_t)part[PART_TYPE_END], slash = span(src, span(src, (size_t)part[PART_TYPE], type_end, SPACE), type_end, TOKEN);
            const size_t size = span(src, slash + 1, type_end, TOKEN) - slash - 1;
            ended = open_all(&t, &at, &line, size == 6 && same_name(src + slash + 1, "digest", 6));
            if (ended < 0) return -1;
        }
    }
    while (t.depth) part_at(&t, --t.depth)[PART_END] = (int64_t)end;
    return (int)t.count;
}
