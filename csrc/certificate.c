/* Where the fields and extensions of a certificate stand (RFC 5280 section 4.1), if it is in the form in which nearly all are.
 *
 * smime/_kernels/python/certificate.py is the same in words. */

#include "elements.h"

enum {
    TAG_VERSION = TAG_CONTEXT,
    TAG_EXTENSIONS = TAG_CONTEXT + 3,
};

static const uint8_t EMAIL_ADDRESS[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01}; /* 1.2.840.113549.1.9.1 */

/* == names == */

/* Whether a name is well-formed and has no mail address among its attributes. */
static int has_no_address(const uint8_t *src, element name) {
    elements r = {src, 0};
    while (has_more(&r, &name)) {
        element set = take(&r, &name, TAG_SET);
        while (has_more(&r, &set)) {
            element pair = take(&r, &set, TAG_SEQUENCE);
            const element type = take_identifier(&r, &pair);
            take_any(&r, &pair);
            finish(&r, &pair);
            if (size_of(&type) == sizeof EMAIL_ADDRESS && !memcmp(src + type.content, EMAIL_ADDRESS, sizeof EMAIL_ADDRESS)) return 0;
        }
    }
    return !r.failed;
}

/* == extensions == */

/* Write five numbers for each extension; return how many extensions there are. */
static int read_extensions(elements *r, element field, uint32_t *out) {
    element list = take(r, &field, TAG_SEQUENCE);
    int count = 0;
    finish(r, &field);
    for (; has_more(r, &list); count++) {
        element extension, type, value;
        uint32_t critical = 0;
        if (count == SMIME_CERTIFICATE_EXTENSIONS) {
            r->failed = 1;
            break;
        }
        extension = take(r, &list, TAG_SEQUENCE);
        type = take_identifier(r, &extension);
        if (next_tag(r, &extension) == TAG_BOOLEAN) {
            const element flag = take(r, &extension, TAG_BOOLEAN);
            if (size_of(&flag) != 1) r->failed = 1;
            critical = !r->failed && smime_octet(r->src + flag.content) != 0;
        }
        value = take(r, &extension, TAG_OCTET_STRING);
        finish(r, &extension);
        *out++ = (uint32_t)type.content;
        *out++ = (uint32_t)type.end;
        *out++ = critical;
        *out++ = (uint32_t)value.content;
        *out++ = (uint32_t)value.end;
    }
    return count;
}

/* == the certificate == */

static uint32_t read_version(elements *r, element *tbs) {
    element version, number;
    if (next_tag(r, tbs) != TAG_VERSION) return 1;
    version = take(r, tbs, TAG_VERSION);
    number = take(r, &version, TAG_INTEGER);
    finish(r, &version);
    if (size_of(&number) != 1) r->failed = 1;
    return r->failed ? 0 : 1u + smime_octet(r->src + number.content);
}

/* Read a time, whose length has one octet. */
static element take_time(elements *r, element *validity) {
    const element time = take_any(r, validity);
    if ((time.tag != TAG_UTC_TIME && time.tag != TAG_GENERALIZED_TIME) || time.content != time.start + 2) r->failed = 1;
    return time;
}

int smime_certificate_read(const uint8_t *src, size_t n, uint32_t *out) {
    elements r = {src, n > UINT32_MAX};
    element input = whole_input(n), certificate, tbs, algorithm, signature, serial, inner, issuer, validity, before, after, subject, key;
    uint32_t version;
    int count = 0, seen = 0;

    certificate = take(&r, &input, TAG_SEQUENCE);
    finish(&r, &input);
    tbs = take(&r, &certificate, TAG_SEQUENCE);
    algorithm = take(&r, &certificate, TAG_SEQUENCE);
    signature = take(&r, &certificate, TAG_BIT_STRING);
    finish(&r, &certificate);

    version = read_version(&r, &tbs);
    serial = take(&r, &tbs, TAG_INTEGER);
    inner = take(&r, &tbs, TAG_SEQUENCE);
    issuer = take(&r, &tbs, TAG_SEQUENCE);
    validity = take(&r, &tbs, TAG_SEQUENCE);
    before = take_time(&r, &validity);
    after = take_time(&r, &validity);
    finish(&r, &validity);
    subject = take(&r, &tbs, TAG_SEQUENCE);
    key = take(&r, &tbs, TAG_SEQUENCE);
    while (has_more(&r, &tbs)) {
        const element field = take_any(&r, &tbs);
        if (field.tag != TAG_EXTENSIONS || seen) continue;
        seen = 1;
        count = read_extensions(&r, field, out + SMIME_CERTIFICATE_FIELDS);
    }
    if (r.failed) return 0;

    *out++ = version;
    *out++ = (uint32_t)tbs.start;
    *out++ = (uint32_t)tbs.end;
    *out++ = (uint32_t)algorithm.end;
    *out++ = (uint32_t)signature.content;
    *out++ = (uint32_t)serial.content;
    *out++ = (uint32_t)serial.end;
    *out++ = (uint32_t)inner.end;
    *out++ = (uint32_t)issuer.end;
    *out++ = (uint32_t)before.content;
    *out++ = (uint32_t)before.end;
    *out++ = (uint32_t)after.content;
    *out++ = (uint32_t)after.end;
    *out++ = (uint32_t)validity.end;
    *out++ = (uint32_t)subject.end;
    *out++ = (uint32_t)key.end;
    *out = (uint32_t)has_no_address(src, subject);
    return SMIME_CERTIFICATE_FIELDS + SMIME_CERTIFICATE_EXTENSION * count;
}
