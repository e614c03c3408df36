/* Any octets, read as a certificate: what is found lies in its order inside of the octets, and no octet outside is looked at. */

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *src = exact(data, size);
    uint32_t *out = malloc((SMIME_CERTIFICATE_FIELDS + SMIME_CERTIFICATE_EXTENSION * SMIME_CERTIFICATE_EXTENSIONS) * sizeof *out);
    CHECK(out);
    int count = smime_certificate_read(src, size, out);
    CHECK(count == 0 || count >= SMIME_CERTIFICATE_FIELDS);
    if (count) {
        CHECK(count <= SMIME_CERTIFICATE_FIELDS + SMIME_CERTIFICATE_EXTENSION * SMIME_CERTIFICATE_EXTENSIONS);
        CHECK((count - SMIME_CERTIFICATE_FIELDS) % SMIME_CERTIFICATE_EXTENSION == 0);
        CHECK(out[0] >= 1 && out[0] <= 256 && out[16] <= 1);
        CHECK(out[1] < out[2] && out[2] < out[3] && out[3] < out[4] && out[4] <= size);
        for (int i = 5; i < 15; i++)
            CHECK(out[i] <= out[i + 1]);
        CHECK(out[5] > out[1] && out[15] <= out[2]);
        uint32_t at = out[15];
        for (int i = SMIME_CERTIFICATE_FIELDS; i < count; i += SMIME_CERTIFICATE_EXTENSION) {
            CHECK(out[i] > at && out[i] < out[i + 1] && out[i + 2] <= 1 && out[i + 1] < out[i + 3] && out[i + 3] <= out[i + 4]);
            at = out[i + 4];
        }
        CHECK(at <= out[2]);
    }
    free(out);
    free(src);
    return 0;
}
