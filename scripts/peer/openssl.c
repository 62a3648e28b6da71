/*
 * What tktdump is compared with: the batch job as a careful program on OpenSSL 3 does it.
 *
 *     openssl-peer [--walk | --full=TIME | --full-simd=TIME] KEYFILE TICKETS
 *     openssl-peer --version
 *
 * KEYFILE is nginx's: 48 bytes (name, AES-128 key, HMAC key) or 80 bytes (name, HMAC key, AES-256 key). TICKETS has one
 * ticket a line in hex. For each, one JSON object goes to standard output. Exit status: 0 all opened, 1 not all, 2 the
 * job could not be done.
 *
 * The session is read by d2i_SSL_SESSION or, with --walk, by a walk over its DER that keeps what it needs. Everything
 * that can be set up once is: cipher and MAC are fetched, and both contexts keyed, before the first ticket.
 *
 * With --full, what is printed of the tickets that examples/generate seals is tktdump's record, byte for byte; TIME, in
 * seconds since 1970, is what it is judged by. --full-simd also takes SHA-256 by its block function, whose states after
 * the key are kept, and hex 16 bytes at a time: the fastest that was found.
 *
 *     cc -O3 -o openssl-peer openssl.c -lssl -lcrypto
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <immintrin.h>

#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

enum {
    NAME = 16,
    IV = 16,
    MAC = 32,
    BLOCK = 16,
    MAX_TICKET = 65535,
    /* more than the record of the largest ticket */
    MAX_RECORD = 1 << 19,
    OUTPUT = 1 << 18
};

static void fail(const char *what, const char *which)
{
    fprintf(stderr, "openssl-peer: %s: %s\n", which, what);
    exit(2);
}

/* ---- output ---- */

static char output[OUTPUT + MAX_RECORD];
static size_t written;

static void flush(void)
{
    for (size_t done = 0; done < written;) {
        ssize_t n = write(STDOUT_FILENO, output + done, written - done);
        if (n <= 0)
            exit(2);
        done += (size_t)n;
    }
    written = 0;
}

static void put(const char *text, size_t length)
{
    memcpy(output + written, text, length);
    written += length;
}

#define PUT(literal) put(literal, sizeof literal - 1)

static void put_number(uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;

    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    put(digits + at, sizeof digits - at);
}

/* two digits for every byte, and the value of every digit; 0xff for what is none */
static char digits_of[256][2];
static uint8_t value_of[256];

static void set_up_hex(void)
{
    static const char digits[] = "0123456789abcdef";

    memset(value_of, 0xff, sizeof value_of);
    for (int i = 0; i < 256; i++) {
        digits_of[i][0] = digits[i >> 4];
        digits_of[i][1] = digits[i & 15];
    }
    for (uint8_t i = 0; i < 16; i++) {
        value_of[(uint8_t)digits[i]] = i;
        if (i >= 10)
            value_of[digits[i] - 'a' + 'A'] = i;
    }
}

static bool simd;

/* 16 bytes at a time, as long as there are as many; how many were written. */
__attribute__((target("ssse3"))) static size_t put_hex_blocks(const uint8_t *bytes, size_t length, char *out)
{
    const __m128i digits = _mm_setr_epi8('0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f');
    const __m128i low = _mm_set1_epi8(15);
    size_t done = 0;

    for (; length - done >= 16; done += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(bytes + done));
        __m128i first = _mm_shuffle_epi8(digits, _mm_and_si128(_mm_srli_epi16(block, 4), low));
        __m128i second = _mm_shuffle_epi8(digits, _mm_and_si128(block, low));

        _mm_storeu_si128((__m128i *)(out + 2 * done), _mm_unpacklo_epi8(first, second));
        _mm_storeu_si128((__m128i *)(out + 2 * done + 16), _mm_unpackhi_epi8(first, second));
    }
    return done;
}

static void put_hex(const uint8_t *bytes, size_t length)
{
    char *out = output + written;

    for (size_t i = simd ? put_hex_blocks(bytes, length, out) : 0; i < length; i++)
        memcpy(out + 2 * i, digits_of[bytes[i]], 2);
    written += 2 * length;
}

static void put_text(const uint8_t *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        uint8_t c = text[i];

        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\') {
            PUT("\\u00");
            put(digits_of[c], 2);
        } else {
            output[written++] = (char)c;
        }
    }
}

/* ---- sessions ---- */

struct slice {
    const uint8_t *at;
    size_t length;
};

struct session {
    int64_t protocol, time, timeout, verify_result, lifetime_hint, flags, age_add, group;
    struct slice cipher, id, secret, context, host, alpn;
};

/* Takes one element off the front of `from`; false where there is none. */
static bool element(struct slice *from, uint8_t *tag, struct slice *content)
{
    const uint8_t *p = from->at, *end = p + from->length;
    size_t length;

    if (end - p < 2)
        return false;
    *tag = *p++;
    length = *p++;
    if (length >= 0x80) {
        size_t octets = length & 0x7f;

        if (octets == 0 || octets > 3 || (size_t)(end - p) < octets)
            return false;
        for (length = 0; octets > 0; octets--)
            length = length << 8 | *p++;
    }
    if ((size_t)(end - p) < length)
        return false;
    content->at = p;
    content->length = length;
    from->at = p + length;
    from->length = (size_t)(end - p) - length;
    return true;
}

static bool typed(struct slice *from, uint8_t wanted, struct slice *content)
{
    uint8_t tag;

    return element(from, &tag, content) && tag == wanted;
}

static bool integer(struct slice from, int64_t *number)
{
    struct slice content;

    if (!typed(&from, V_ASN1_INTEGER, &content) || content.length > 8)
        return false;
    *number = content.length > 0 && content.at[0] >= 0x80 ? -1 : 0;
    for (size_t i = 0; i < content.length; i++)
        *number = (int64_t)((uint64_t)*number << 8 | content.at[i]);
    return true;
}

/* The members of SSL_SESSION_ASN1 in ssl/ssl_asn1.c that are printed. */
static bool walk(struct slice der, struct session *session)
{
    struct slice body, content;
    uint8_t tag;
    int64_t version = 0;

    memset(session, 0, sizeof *session);
    session->timeout = 3;
    if (!typed(&der, V_ASN1_SEQUENCE | 0x20, &body) || der.length != 0)
        return false;
    if (!integer(body, &version) || version != 1 || !element(&body, &tag, &content))
        return false;
    if (!integer(body, &session->protocol) || !element(&body, &tag, &content))
        return false;
    if (!typed(&body, V_ASN1_OCTET_STRING, &session->cipher) || !typed(&body, V_ASN1_OCTET_STRING, &session->id)
        || !typed(&body, V_ASN1_OCTET_STRING, &session->secret))
        return false;
    while (body.length > 0) {
        bool good = true;

        if (!element(&body, &tag, &content))
            return false;
        switch (tag) {
        case 0xa1: good = integer(content, &session->time); break;
        case 0xa2: good = integer(content, &session->timeout); break;
        case 0xa4: good = typed(&content, V_ASN1_OCTET_STRING, &session->context); break;
        case 0xa5: good = integer(content, &session->verify_result); break;
        case 0xa6: good = typed(&content, V_ASN1_OCTET_STRING, &session->host); break;
        case 0xa9: good = integer(content, &session->lifetime_hint); break;
        case 0xad: good = integer(content, &session->flags); break;
        case 0xae: good = integer(content, &session->age_add); break;
        case 0xb0: good = typed(&content, V_ASN1_OCTET_STRING, &session->alpn); break;
        case 0xb3: good = integer(content, &session->group); break;
        default: break;
        }
        if (!good)
            return false;
    }
    return true;
}

/* Where the strings of a session read by OpenSSL stand until they are printed. */
struct copies {
    SSL_SESSION *session;
    uint8_t cipher[2], secret[SSL_MAX_MASTER_KEY_LENGTH];
};

static bool library(struct slice der, struct session *session, struct copies *copies)
{
    const uint8_t *at = der.at;
    SSL_SESSION *read = d2i_SSL_SESSION(NULL, &at, (long)der.length);
    unsigned length;

    if (read == NULL || at != der.at + der.length) {
        SSL_SESSION_free(read);
        ERR_clear_error();
        return false;
    }
    memset(session, 0, sizeof *session);
    copies->session = read;
    uint16_t id = SSL_CIPHER_get_protocol_id(SSL_SESSION_get0_cipher(read));
    copies->cipher[0] = (uint8_t)(id >> 8);
    copies->cipher[1] = (uint8_t)id;
    session->cipher = (struct slice){ copies->cipher, sizeof copies->cipher };
    session->secret.at = copies->secret;
    session->secret.length = SSL_SESSION_get_master_key(read, copies->secret, sizeof copies->secret);
    session->id.at = SSL_SESSION_get_id(read, &length);
    session->id.length = length;
    session->context.at = SSL_SESSION_get0_id_context(read, &length);
    session->context.length = length;
    session->host.at = (const uint8_t *)SSL_SESSION_get0_hostname(read);
    session->host.length = session->host.at == NULL ? 0 : strlen((const char *)session->host.at);
    session->protocol = SSL_SESSION_get_protocol_version(read);
    session->time = SSL_SESSION_get_time(read);
    session->timeout = SSL_SESSION_get_timeout(read);
    session->lifetime_hint = (int64_t)SSL_SESSION_get_ticket_lifetime_hint(read);
    return true;
}

static void put_session(const struct session *session)
{
    PUT(",\"protocol_id\":");
    put_number((uint64_t)session->protocol);
    PUT(",\"cipher_id\":\"");
    put_hex(session->cipher.at, session->cipher.length);
    PUT("\",\"session_id\":\"");
    put_hex(session->id.at, session->id.length);
    PUT("\",\"secret\":\"");
    put_hex(session->secret.at, session->secret.length);
    PUT("\",\"session_id_context\":\"");
    put_hex(session->context.at, session->context.length);
    PUT("\",\"time\":");
    put_number((uint64_t)session->time);
    PUT(",\"timeout\":");
    put_number((uint64_t)session->timeout);
    if (session->host.at != NULL) {
        PUT(",\"hostname\":\"");
        put_text(session->host.at, session->host.length);
        PUT("\"");
    }
    if (session->lifetime_hint != 0) {
        PUT(",\"ticket_lifetime_hint\":");
        put_number((uint64_t)session->lifetime_hint);
    }
}

/* ---- tickets ---- */

struct opener {
    uint8_t name[NAME];
    EVP_CIPHER_CTX *cipher;
    EVP_MAC_CTX *mac;
    bool walk, full, is_long;
    /* with --full */
    int64_t now;
    const char *tickets, *key;
    uint8_t fingerprint[SHA256_DIGEST_LENGTH];
    uint64_t index;
    /* the cipher suite of the ticket before, and the session that looks suites up */
    uint8_t suite[2];
    const char *openssl_name, *iana_name;
    SSL *ssl;
    /* with --full-simd: the states behind the two blocks of the key */
    SHA256_CTX inner, outer;
};

static void set_up_states(struct opener *opener, const uint8_t *key, size_t length)
{
    uint8_t block[SHA256_CBLOCK];

    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)((i < length ? key[i] : 0) ^ 0x36);
    SHA256_Init(&opener->inner);
    SHA256_Update(&opener->inner, block, sizeof block);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36 ^ 0x5c;
    SHA256_Init(&opener->outer);
    SHA256_Update(&opener->outer, block, sizeof block);
    OPENSSL_cleanse(block, sizeof block);
}

/* What tktdump tells keys apart by (src/key/fingerprint.rs). */
static void set_up_fingerprint(struct opener *opener, const uint8_t *aes, const uint8_t *hmac, size_t length)
{
    static const char domain[] = "tktdump ticket key fingerprint v1";
    const uint8_t *parts[] = { opener->name, aes, hmac };
    size_t lengths[] = { NAME, length, length };
    SHA256_CTX hash;

    SHA256_Init(&hash);
    SHA256_Update(&hash, domain, sizeof domain);
    for (int i = 0; i < 3; i++) {
        uint8_t eight[8] = { [7] = (uint8_t)lengths[i] };

        SHA256_Update(&hash, eight, sizeof eight);
        SHA256_Update(&hash, parts[i], lengths[i]);
    }
    SHA256_Final(opener->fingerprint, &hash);
}

/* The tag of a ticket by the block function. */
static void tag(const struct opener *opener, struct slice covered, uint8_t *mac)
{
    SHA256_CTX hash = opener->inner;

    SHA256_Update(&hash, covered.at, covered.length);
    SHA256_Final(mac, &hash);
    hash = opener->outer;
    SHA256_Update(&hash, mac, MAC);
    SHA256_Final(mac, &hash);
}

static void set_up(struct opener *opener, const char *path)
{
    uint8_t key[81];
    FILE *file = fopen(path, "rb");
    size_t length = file == NULL ? 0 : fread(key, 1, sizeof key, file);
    bool is_long = length == 80;
    OSSL_PARAM sha256[] = { OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, "SHA256", 0),
                            OSSL_PARAM_construct_end() };

    if (length != 48 && length != 80)
        fail("no key file of 48 or 80 bytes", path);
    fclose(file);
    memcpy(opener->name, key, NAME);
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, is_long ? "AES-256-CBC" : "AES-128-CBC", NULL);
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    opener->cipher = EVP_CIPHER_CTX_new();
    opener->mac = EVP_MAC_CTX_new(hmac);
    if (!EVP_DecryptInit_ex2(opener->cipher, cipher, is_long ? key + 48 : key + 16, NULL, NULL)
        || !EVP_MAC_init(opener->mac, is_long ? key + 16 : key + 32, is_long ? 32 : 16, sha256))
        fail("OpenSSL could not set it up", path);
    EVP_CIPHER_free(cipher);
    EVP_MAC_free(hmac);
    opener->is_long = is_long;
    opener->key = path;
    set_up_states(opener, is_long ? key + 16 : key + 32, is_long ? 32 : 16);
    set_up_fingerprint(opener, is_long ? key + 48 : key + 16, is_long ? key + 16 : key + 32, is_long ? 32 : 16);
    OPENSSL_cleanse(key, sizeof key);
}

/* Verifies and decrypts; the word of what became of it. `plaintext` has room for as many bytes as the ticket has. */
static const char *open_ticket(const struct opener *opener, struct slice ticket, uint8_t *plaintext, size_t *length)
{
    uint8_t mac[MAC];
    size_t mac_length;
    int first, last;

    if (ticket.length == 32)
        return "stateful_id";
    if (ticket.length < NAME + IV + BLOCK + MAC || (ticket.length - NAME - IV - MAC) % BLOCK != 0)
        return "malformed";
    if (memcmp(ticket.at, opener->name, NAME) != 0)
        return "unknown_key";
    if (simd)
        tag(opener, (struct slice){ ticket.at, ticket.length - MAC }, mac);
    else if (!EVP_MAC_init(opener->mac, NULL, 0, NULL) || !EVP_MAC_update(opener->mac, ticket.at, ticket.length - MAC)
             || !EVP_MAC_final(opener->mac, mac, &mac_length, sizeof mac))
        return "bad_mac";
    if (CRYPTO_memcmp(mac, ticket.at + ticket.length - MAC, MAC) != 0)
        return "bad_mac";
    if (!EVP_DecryptInit_ex2(opener->cipher, NULL, NULL, ticket.at + NAME, NULL)
        || !EVP_DecryptUpdate(opener->cipher, plaintext, &first, ticket.at + NAME + IV,
                              (int)(ticket.length - NAME - IV - MAC))
        || !EVP_DecryptFinal_ex(opener->cipher, plaintext + first, &last)) {
        ERR_clear_error();
        return "bad_padding";
    }
    *length = (size_t)(first + last);
    return "decrypted";
}

static void put_string(const char *text)
{
    put(text, strlen(text));
}

static void put_utc(int64_t seconds)
{
    time_t time = (time_t)seconds;
    struct tm parts;
    char text[20];
    int year;

    gmtime_r(&time, &parts);
    year = parts.tm_year + 1900;
    const int pairs[] = { year / 100, year % 100, parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                          parts.tm_sec };
    const int places[] = { 0, 2, 5, 8, 11, 14, 17 };
    memcpy(text, "0000-00-00T00:00:00Z", sizeof text);
    for (int i = 0; i < 7; i++) {
        text[places[i]] = (char)('0' + pairs[i] / 10);
        text[places[i] + 1] = (char)('0' + pairs[i] % 10);
    }
    put(text, sizeof text);
}

static void find_suite(struct opener *opener, struct slice id)
{
    if (opener->openssl_name != NULL && memcmp(opener->suite, id.at, 2) == 0)
        return;
    const SSL_CIPHER *suite = SSL_CIPHER_find(opener->ssl, id.at);
    opener->openssl_name = suite == NULL ? "" : SSL_CIPHER_get_name(suite);
    opener->iana_name = suite == NULL ? "" : SSL_CIPHER_standard_name(suite);
    memcpy(opener->suite, id.at, 2);
}

/* The session of a full record. */
static void put_whole_session(struct opener *opener, const struct session *session)
{
    bool is_tls13 = session->protocol == TLS1_3_VERSION;

    find_suite(opener, session->cipher);
    PUT("\"},\"key\":{\"file\":\"");
    put_string(opener->key);
    PUT("\",\"index\":0,\"role\":\"active\",\"format\":\"");
    put_string(opener->is_long ? "nginx/envoy/openssl" : "nginx");
    PUT("\",\"layout\":\"");
    put_string(opener->is_long ? "name16 hmac32 aes32" : "name16 aes16 hmac16");
    PUT("\",\"cipher\":\"");
    put_string(opener->is_long ? "AES-256-CBC" : "AES-128-CBC");
    PUT("\",\"mac\":\"HMAC-SHA256\",\"fingerprint\":\"");
    put_hex(opener->fingerprint, 16);
    PUT("\",\"mac_verified\":true},\"session\":{\"dialect\":\"openssl\",\"producer\":\"OpenSSL 3.0 or later\"");
    PUT(",\"protocol\":\"");
    put_string(is_tls13 ? "TLSv1.3" : "TLSv1.2");
    PUT("\",\"protocol_id\":");
    put_number((uint64_t)session->protocol);
    PUT(",\"cipher\":\"");
    put_string(opener->openssl_name);
    PUT("\",\"cipher_iana\":\"");
    put_string(opener->iana_name);
    PUT("\",\"cipher_id\":\"");
    put_hex(session->cipher.at, session->cipher.length);
    PUT("\",\"kex_group\":");
    put_number((uint64_t)session->group);
    PUT(",\"kex_group_name\":\"");
    put_string(session->group == 29 ? "x25519" : "");
    PUT("\",\"session_id\":\"");
    put_hex(session->id.at, session->id.length);
    put_string(is_tls13 ? "\",\"resumption_psk\":\"" : "\",\"master_key\":\"");
    put_hex(session->secret.at, session->secret.length);
    PUT("\"");
    if (!is_tls13) {
        PUT(",\"extended_master_secret\":");
        put_string(session->flags & 1 ? "true" : "false");
        PUT(",\"flags\":");
        put_number((uint64_t)session->flags);
    }
    PUT(",\"time\":");
    put_number((uint64_t)session->time);
    PUT(",\"time_utc\":\"");
    put_utc(session->time);
    PUT("\",\"timeout\":");
    put_number((uint64_t)session->timeout);
    PUT(",\"expires\":");
    put_number((uint64_t)(session->time + session->timeout));
    PUT(",\"expires_utc\":\"");
    put_utc(session->time + session->timeout);
    PUT("\",\"expired\":");
    put_string(opener->now > session->time + session->timeout ? "true" : "false");
    if (is_tls13) {
        PUT(",\"ticket_age_add\":");
        put_number((uint64_t)session->age_add);
    }
    PUT(",\"hostname\":\"");
    put_text(session->host.at, session->host.length);
    PUT("\",\"alpn\":\"");
    put_text(session->alpn.at, session->alpn.length);
    PUT("\",\"session_id_context\":\"");
    put_hex(session->context.at, session->context.length);
    PUT("\"");
    if (session->context.length == 20)
        PUT(",\"session_id_context_note\":\"20 bytes, such as nginx makes of its certificates and client CA names\"");
    PUT(",\"sizes\":{\"hostname\":");
    put_number(session->host.length);
    PUT(",\"alpn\":");
    put_number(session->alpn.length);
    PUT("}}}\n");
}

/* The record of a ticket that opened, as tktdump has it. */
static void put_whole(struct opener *opener, uint64_t line, struct slice ticket, const struct session *session)
{
    PUT("{\"type\":\"ticket\",\"source\":\"");
    put_string(opener->tickets);
    PUT("\",\"index\":");
    put_number(opener->index++);
    PUT(",\"line\":");
    put_number(line);
    PUT(",\"status\":\"decrypted\",\"ticket\":{\"length\":");
    put_number(ticket.length);
    PUT(",\"key_name\":\"");
    put_hex(ticket.at, NAME);
    PUT("\",\"iv\":\"");
    put_hex(ticket.at + NAME, IV);
    PUT("\",\"ciphertext_length\":");
    put_number(ticket.length - NAME - IV - MAC);
    PUT(",\"mac\":\"");
    put_hex(ticket.at + ticket.length - MAC, MAC);
    PUT("\",\"raw\":\"");
    put_hex(ticket.at, ticket.length);
    put_whole_session(opener, session);
    if (written > OUTPUT)
        flush();
}

/* Appends the record of one ticket; whether it was opened. */
static bool record(struct opener *opener, uint64_t line, struct slice ticket)
{
    static uint8_t plaintext[MAX_TICKET + BLOCK];
    struct session session;
    struct copies copies = { 0 };
    size_t length = 0;
    const char *status = open_ticket(opener, ticket, plaintext, &length);
    bool opened = strcmp(status, "decrypted") == 0;

    if (opened) {
        struct slice der = { plaintext, length };

        opened = opener->walk ? walk(der, &session) : library(der, &session, &copies);
        if (!opened)
            status = "bad_session";
    }
    if (opened && opener->full) {
        put_whole(opener, line, ticket, &session);
        return true;
    }
    opener->index++;
    PUT("{\"line\":");
    put_number(line);
    PUT(",\"status\":\"");
    put(status, strlen(status));
    PUT("\"");
    if (ticket.length >= NAME + IV + BLOCK + MAC) {
        PUT(",\"key_name\":\"");
        put_hex(ticket.at, NAME);
        PUT("\"");
    }
    if (opened)
        put_session(&session);
    PUT("}\n");
    SSL_SESSION_free(copies.session);
    if (written > OUTPUT)
        flush();
    return opened;
}

/* Decodes a line; false where it is not all hex, or too long. */
static bool decode(struct slice line, uint8_t *bytes)
{
    uint8_t wrong = 0;

    if (line.length % 2 != 0 || line.length / 2 > MAX_TICKET)
        return false;
    for (size_t i = 0; i < line.length / 2; i++) {
        uint8_t high = value_of[line.at[2 * i]], low = value_of[line.at[2 * i + 1]];

        wrong |= high | low;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return wrong < 16;
}

/* Decodes 16 bytes at a time, as long as there are as many, and the rest one by one. */
__attribute__((target("avx2"))) static bool decode_blocks(struct slice line, uint8_t *bytes)
{
    const __m256i zero = _mm256_set1_epi8('0'), nine = _mm256_set1_epi8(9), five = _mm256_set1_epi8(5);
    const __m256i lower = _mm256_set1_epi8(0x20), letter = _mm256_set1_epi8('a'), ten = _mm256_set1_epi8(10);
    const __m256i weights = _mm256_set1_epi16(0x0110);
    __m256i right = _mm256_set1_epi8(-1);
    size_t done = 0;

    for (; line.length - done >= 32; done += 32) {
        __m256i text = _mm256_loadu_si256((const __m256i *)(line.at + done));
        __m256i digit = _mm256_sub_epi8(text, zero);
        __m256i is_digit = _mm256_cmpeq_epi8(_mm256_min_epu8(digit, nine), digit);
        __m256i from_a = _mm256_sub_epi8(_mm256_or_si256(text, lower), letter);
        __m256i is_letter = _mm256_cmpeq_epi8(_mm256_min_epu8(from_a, five), from_a);
        __m256i value = _mm256_blendv_epi8(_mm256_add_epi8(from_a, ten), digit, is_digit);
        __m256i pairs = _mm256_maddubs_epi16(value, weights);
        __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi16(pairs, pairs), 0x08);

        right = _mm256_and_si256(right, _mm256_or_si256(is_digit, is_letter));
        _mm_storeu_si128((__m128i *)(bytes + done / 2), _mm256_castsi256_si128(packed));
    }
    struct slice rest = { line.at + done, line.length - done };
    return _mm256_movemask_epi8(right) == -1 && decode(rest, bytes + done / 2);
}

/* The mode that an argument asks for, with its time; whether it is one. */
static bool mode(struct opener *opener, const char *argument)
{
    const char *time = strchr(argument, '=');

    opener->walk = true;
    if (strcmp(argument, "--walk") == 0)
        return true;
    opener->full = time != NULL;
    simd = strncmp(argument, "--full-simd=", 12) == 0;
    if (time == NULL || (!simd && strncmp(argument, "--full=", 7) != 0))
        return false;
    opener->now = atoll(time + 1);
    opener->ssl = SSL_new(SSL_CTX_new(TLS_method()));
    return true;
}

int main(int argc, char **argv)
{
    static uint8_t bytes[MAX_TICKET];
    struct opener opener = { 0 };
    struct stat about;
    bool all = true;

    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts(OpenSSL_version(OPENSSL_VERSION)) < 0 ? 2 : 0;
    if (argc != 3 && (argc != 4 || !mode(&opener, argv[1])))
        fail("[--walk | --full=TIME | --full-simd=TIME] KEYFILE TICKETS", "usage");
    opener.tickets = argv[argc - 1];
    set_up(&opener, argv[argc - 2]);
    set_up_hex();
    int file = open(argv[argc - 1], O_RDONLY);
    if (file < 0 || fstat(file, &about) != 0 || about.st_size == 0)
        fail("no file of tickets", argv[argc - 1]);
    size_t rest = (size_t)about.st_size;
    const uint8_t *at = mmap(NULL, rest, PROT_READ, MAP_PRIVATE, file, 0);
    if (at == MAP_FAILED)
        fail("cannot be mapped", argv[argc - 1]);
    madvise((void *)(uintptr_t)at, rest, MADV_SEQUENTIAL);
    for (uint64_t number = 1; rest > 0; number++) {
        const uint8_t *end = memchr(at, '\n', rest);
        struct slice line = { at, end == NULL ? rest : (size_t)(end - at) };

        if (line.length > 0) {
            bool readable = simd && line.length % 2 == 0 && line.length / 2 <= MAX_TICKET ? decode_blocks(line, bytes)
                                                                                        : decode(line, bytes);

            all &= record(&opener, number, (struct slice){ bytes, readable ? line.length / 2 : 0 });
        }
        size_t used = line.length + (end != NULL);
        at += used;
        rest -= used;
    }
    flush();
    EVP_CIPHER_CTX_free(opener.cipher);
    EVP_MAC_CTX_free(opener.mac);
    return all ? 0 : 1;
}
