/* Where the fields and extensions of a certificate stand (RFC 5280 section 4.1), if it is in the form in which nearly all are. */

#include "internal.h"

typedef struct {
    size_t start; /* the identifier octet */
    size_t content;
    size_t end;
    uint8_t tag;
} element;

#define SEQUENCE 0x30

/* Read the element at `at`; return 0 if there is none that ends before `end` and has a low tag and a definite length of four octets at most. */
static int read_element(const uint8_t *src, size_t at, size_t end, element *out)
{
    size_t length, octets;

    if (end - at < 2) {
        return 0;
    }
    out->start = at;
    out->tag = src[at];
    length = src[at + 1];
    at += 2;
    if (length >= 0x80) {
        octets = length & 0x7F;
        if (octets < 1 || octets > 4 || octets > end - at) {
            return 0;
        }
        for (length = 0; octets; octets--) {
            length = length << 8 | src[at++];
        }
    }
    if (length > end - at || (out->tag & 0x1F) == 0x1F) {
        return 0;
    }
    out->content = at;
    out->end = at + length;
    return 1;
}

/* The same, of an element with this tag. */
static int expect(const uint8_t *src, size_t at, size_t end, uint8_t tag, element *out)
{
    return read_element(src, at, end, out) && out->tag == tag;
}

/* The same, of a time in the form of UTCTime or GeneralizedTime, whose length has one octet. */
static int expect_time(const uint8_t *src, size_t at, size_t end, element *out)
{
    return read_element(src, at, end, out) && (out->tag == 0x17 || out->tag == 0x18) && out->content == out->start + 2;
}

/* Whether these octets are the content of an OBJECT IDENTIFIER of at most 64 octets. */
static int is_identifier(const uint8_t *src, const element *oid)
{
    size_t at;
    uint8_t before = 0;

    if (oid->content == oid->end || oid->end - oid->content > 64 || src[oid->end - 1] >= 0x80) {
        return 0;
    }
    for (at = oid->content; at < oid->end; at++) {
        if (src[at] == 0x80 && before < 0x80) {
            return 0;
        }
        before = src[at];
    }
    return 1;
}

static const uint8_t EMAIL_ADDRESS[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01};

/* Whether a name is well-formed and has no mail address among its attributes. */
static int has_no_address(const uint8_t *src, const element *name)
{
    element set, pair, oid, value;
    size_t at, inside;

    for (at = name->content; at < name->end; at = set.end) {
        if (!expect(src, at, name->end, 0x31, &set)) {
            return 0;
        }
        for (inside = set.content; inside < set.end; inside = pair.end) {
            if (!expect(src, inside, set.end, SEQUENCE, &pair) || !expect(src, pair.content, pair.end, 0x06, &oid)
                || !read_element(src, oid.end, pair.end, &value) || value.end != pair.end || !is_identifier(src, &oid)) {
                return 0;
            }
            if (oid.end - oid.content == sizeof EMAIL_ADDRESS && memcmp(src + oid.content, EMAIL_ADDRESS, sizeof EMAIL_ADDRESS) == 0) {
                return 0;
            }
        }
    }
    return 1;
}

/* Write five numbers for each extension; return how many extensions there are, or -1. */
static int read_extensions(const uint8_t *src, const element *field, uint32_t *out)
{
    element list, extension, oid, part;
    size_t at;
    int count = 0;
    uint32_t critical;

    if (!expect(src, field->content, field->end, SEQUENCE, &list) || list.end != field->end) {
        return -1;
    }
    for (at = list.content; at < list.end; at = extension.end) {
        if (count == SMIME_CERTIFICATE_EXTENSIONS || !expect(src, at, list.end, SEQUENCE, &extension)
            || !expect(src, extension.content, extension.end, 0x06, &oid) || !is_identifier(src, &oid)
            || !read_element(src, oid.end, extension.end, &part)) {
            return -1;
        }
        critical = 0;
        if (part.tag == 0x01) {
            if (part.end - part.content != 1) {
                return -1;
            }
            critical = src[part.content] != 0;
            if (!read_element(src, part.end, extension.end, &part)) {
                return -1;
            }
        }
        if (part.tag != 0x04 || part.end != extension.end) {
            return -1;
        }
        *out++ = (uint32_t)oid.content;
        *out++ = (uint32_t)oid.end;
        *out++ = critical;
        *out++ = (uint32_t)part.content;
        *out++ = (uint32_t)part.end;
        count++;
    }
    return count;
}

int smime_certificate_read(const uint8_t *src, size_t n, uint32_t *out)
{
    element whole, tbs, outer, signature, version, number, serial, inner, issuer, validity, before, after, subject, spki, field;
    size_t at;
    uint32_t stated = 1;
    int count = 0, seen = 0;

    if (n > UINT32_MAX || !expect(src, 0, n, SEQUENCE, &whole) || whole.end != n || !expect(src, whole.content, n, SEQUENCE, &tbs)
        || !expect(src, tbs.end, n, SEQUENCE, &outer) || !expect(src, outer.end, n, 0x03, &signature) || signature.end != n) {
        return 0;
    }
    at = tbs.content;
    if (at < tbs.end && src[at] == 0xA0) {
        if (!read_element(src, at, tbs.end, &version) || !expect(src, version.content, version.end, 0x02, &number)
            || number.end != version.end || number.end - number.content != 1) {
            return 0;
        }
        stated = 1u + src[number.content];
        at = version.end;
    }
    if (!expect(src, at, tbs.end, 0x02, &serial) || !expect(src, serial.end, tbs.end, SEQUENCE, &inner)
        || !expect(src, inner.end, tbs.end, SEQUENCE, &issuer) || !expect(src, issuer.end, tbs.end, SEQUENCE, &validity)
        || !expect(src, validity.end, tbs.end, SEQUENCE, &subject) || !expect(src, subject.end, tbs.end, SEQUENCE, &spki)
        || !expect_time(src, validity.content, validity.end, &before) || !expect_time(src, before.end, validity.end, &after)
        || after.end != validity.end) {
        return 0;
    }
    for (at = spki.end; at < tbs.end; at = field.end) {
        if (!read_element(src, at, tbs.end, &field)) {
            return 0;
        }
        if (field.tag == 0xA3 && !seen) {
            seen = 1;
            count = read_extensions(src, &field, out + SMIME_CERTIFICATE_FIELDS);
            if (count < 0) {
                return 0;
            }
        }
    }
    out[0] = stated;
    out[1] = (uint32_t)tbs.start;
    out[2] = (uint32_t)tbs.end;
    out[3] = (uint32_t)outer.end;
    out[4] = (uint32_t)signature.content;
    out[5] = (uint32_t)serial.content;
    out[6] = (uint32_t)serial.end;
    out[7] = (uint32_t)inner.end;
    out[8] = (uint32_t)issuer.end;
    out[9] = (uint32_t)before.content;
    out[10] = (uint32_t)before.end;
    out[11] = (uint32_t)after.content;
    out[12] = (uint32_t)after.end;
    out[13] = (uint32_t)validity.end;
    out[14] = (uint32_t)subject.end;
    out[15] = (uint32_t)spki.end;
    out[16] = (uint32_t)has_no_address(src, &subject);
    return SMIME_CERTIFICATE_FIELDS + SMIME_CERTIFICATE_EXTENSION * count;
}
