/*
 * What tktdump is compared with: the batch job as a careful program on OpenSSL 3 does it.
 *
 *     openssl-peer [--walk] KEYFILE TICKETS
 *     openssl-peer --version
 *
 * KEYFILE is nginx's: 48 bytes (name, AES-128 key, HMAC key) or 80 bytes (name, HMAC key, AES-256 key). TICKETS has one
 * ticket a line in hex. For each, one JSON object goes to standard output. Exit status: 0 all opened, 1 not all, 2 the
 * job could not be done.
 *
 * The session is read by d2i_SSL_SESSION or, with --walk, by a walk over its DER that keeps what it needs. Everything
 * that can be set up once is: cipher and MAC are fetched, and both contexts keyed, before the first ticket.
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
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
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

static void put_hex(const uint8_t *bytes, size_t length)
{
    char *out = output + written;

    for (size_t i = 0; i < length; i++)
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
    int64_t protocol, time, timeout, verify_result, lifetime_hint;
    struct slice cipher, id, secret, context, host;
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
    bool walk;
};

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
    if (!EVP_MAC_init(opener->mac, NULL, 0, NULL) || !EVP_MAC_update(opener->mac, ticket.at, ticket.length - MAC)
        || !EVP_MAC_final(opener->mac, mac, &mac_length, sizeof mac)
        || CRYPTO_memcmp(mac, ticket.at + ticket.length - MAC, MAC) != 0)
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

/* Appends the record of one ticket; whether it was opened. */
static bool record(const struct opener *opener, uint64_t line, struct slice ticket)
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

int main(int argc, char **argv)
{
    static uint8_t bytes[MAX_TICKET];
    struct opener opener = { .walk = argc > 1 && strcmp(argv[1], "--walk") == 0 };
    struct stat about;
    bool all = true;

    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return puts(OpenSSL_version(OPENSSL_VERSION)) < 0 ? 2 : 0;
    if (argc != (opener.walk ? 4 : 3))
        fail("[--walk] KEYFILE TICKETS", "usage");
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
            bool readable = decode(line, bytes);

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
