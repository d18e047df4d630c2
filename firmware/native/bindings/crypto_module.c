// Module _crypto: libsodium's XChaCha20-Poly1305, BLAKE2b and check of Ed25519 signatures, random
// octets, a comparison in constant time. It owns no policy: what is sealed with which key,
// accounts/sealed.py decides; whose signature counts, update/keys.py.
//
// Only the files of libsodium that this needs are compiled. Its core, which chooses faster code
// for each processor and brings all algorithms with it, is left out: the portable code serves, and
// what the files ask of the core is at the end of this file.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "py/runtime.h"

#include "sodium/core.h"
#include "sodium/crypto_aead_xchacha20poly1305.h"
#include "sodium/crypto_generichash_blake2b.h"
#include "sodium/crypto_sign_ed25519.h"
#include "sodium/randombytes.h"
#include "sodium/utils.h"

#define KEY crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES
#define HASH crypto_generichash_blake2b_BYTES_MAX
// getrandom(2) gives so many octets at once, or none.
#define RANDOM_OCTETS 256

static mp_buffer_info_t octets_of(mp_obj_t value) {
    mp_buffer_info_t info;
    mp_get_buffer_raise(value, &info, MP_BUFFER_READ);
    return info;
}

static const uint8_t *exactly(mp_obj_t value, size_t n) {
    mp_buffer_info_t info = octets_of(value);
    if (info.len != n) {
        mp_raise_ValueError(MP_ERROR_TEXT("a key has 32 octets, a nonce 24"));
    }
    return info.buf;
}

// seal(key, nonce, associated, plain) -> bytes, 16 octets longer than `plain`.
static mp_obj_t crypto_seal(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const uint8_t *key = exactly(args[0], KEY);
    const uint8_t *nonce = exactly(args[1], NONCE);
    mp_buffer_info_t associated = octets_of(args[2]);
    mp_buffer_info_t plain = octets_of(args[3]);
    vstr_t out;
    vstr_init_len(&out, plain.len + TAG);
    crypto_aead_xchacha20poly1305_ietf_encrypt((uint8_t *)out.buf, NULL, plain.buf, plain.len,
                                               associated.buf, associated.len, NULL, nonce, key);
    return mp_obj_new_bytes_from_vstr(&out);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(crypto_seal_obj, 4, 4, crypto_seal);

// open(key, nonce, associated, sealed) -> bytes; ValueError: not what seal() gave with all of
// these.
static mp_obj_t crypto_open(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const uint8_t *key = exactly(args[0], KEY);
    const uint8_t *nonce = exactly(args[1], NONCE);
    mp_buffer_info_t associated = octets_of(args[2]);
    mp_buffer_info_t sealed = octets_of(args[3]);
    if (sealed.len < TAG) {
        mp_raise_ValueError(MP_ERROR_TEXT("not what was sealed"));
    }
    vstr_t out;
    vstr_init_len(&out, sealed.len - TAG);
    int wrong = crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)out.buf, NULL, NULL,
                                                           sealed.buf, sealed.len, associated.buf,
                                                           associated.len, nonce, key);
    if (wrong) {
        vstr_clear(&out);
        mp_raise_ValueError(MP_ERROR_TEXT("not what was sealed"));
    }
    return mp_obj_new_bytes_from_vstr(&out);
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(crypto_open_obj, 4, 4, crypto_open);

// derive(key, purpose) -> 32 octets: BLAKE2b of the purpose (RFC 7693), keyed.
static mp_obj_t crypto_derive(mp_obj_t key_in, mp_obj_t purpose_in) {
    const uint8_t *key = exactly(key_in, KEY);
    mp_buffer_info_t purpose = octets_of(purpose_in);
    vstr_t out;
    vstr_init_len(&out, KEY);
    crypto_generichash_blake2b((uint8_t *)out.buf, KEY, purpose.buf, purpose.len, key, KEY);
    return mp_obj_new_bytes_from_vstr(&out);
}
static MP_DEFINE_CONST_FUN_OBJ_2(crypto_derive_obj, crypto_derive);

// hash512(data) -> 64 octets of BLAKE2b (RFC 7693), without a key.
static mp_obj_t crypto_hash512(mp_obj_t data_in) {
    mp_buffer_info_t data = octets_of(data_in);
    vstr_t out;
    vstr_init_len(&out, HASH);
    crypto_generichash_blake2b((uint8_t *)out.buf, HASH, data.buf, data.len, NULL, 0);
    return mp_obj_new_bytes_from_vstr(&out);
}
static MP_DEFINE_CONST_FUN_OBJ_1(crypto_hash512_obj, crypto_hash512);

// verify(public, signature, data) -> bool: Ed25519 (RFC 8032). ValueError: not 32 and 64 octets.
static mp_obj_t crypto_verify(mp_obj_t public_in, mp_obj_t signature_in, mp_obj_t data_in) {
    mp_buffer_info_t public = octets_of(public_in);
    mp_buffer_info_t signature = octets_of(signature_in);
    mp_buffer_info_t data = octets_of(data_in);
    if (public.len != crypto_sign_ed25519_PUBLICKEYBYTES ||
        signature.len != crypto_sign_ed25519_BYTES) {
        mp_raise_ValueError(MP_ERROR_TEXT("a public key has 32 octets, a signature 64"));
    }
    int wrong = crypto_sign_ed25519_verify_detached(signature.buf, data.buf, data.len, public.buf);
    return mp_obj_new_bool(wrong == 0);
}
static MP_DEFINE_CONST_FUN_OBJ_3(crypto_verify_obj, crypto_verify);

// random(n) -> n octets, 1 to 256.
static mp_obj_t crypto_random(mp_obj_t n_in) {
    mp_int_t n = mp_obj_get_int(n_in);
    if (n < 1 || n > RANDOM_OCTETS) {
        mp_raise_ValueError(MP_ERROR_TEXT("1 to 256 octets at once"));
    }
    vstr_t out;
    vstr_init_len(&out, (size_t)n);
    randombytes_buf(out.buf, out.len);
    return mp_obj_new_bytes_from_vstr(&out);
}
static MP_DEFINE_CONST_FUN_OBJ_1(crypto_random_obj, crypto_random);

// same(a, b) -> bool. The time depends on the lengths only.
static mp_obj_t crypto_same(mp_obj_t a_in, mp_obj_t b_in) {
    mp_buffer_info_t a = octets_of(a_in);
    mp_buffer_info_t b = octets_of(b_in);
    return mp_obj_new_bool(a.len == b.len && sodium_memcmp(a.buf, b.buf, a.len) == 0);
}
static MP_DEFINE_CONST_FUN_OBJ_2(crypto_same_obj, crypto_same);

static const mp_rom_map_elem_t globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR__crypto)},
    {MP_ROM_QSTR(MP_QSTR_derive), MP_ROM_PTR(&crypto_derive_obj)},
    {MP_ROM_QSTR(MP_QSTR_hash512), MP_ROM_PTR(&crypto_hash512_obj)},
    {MP_ROM_QSTR(MP_QSTR_open), MP_ROM_PTR(&crypto_open_obj)},
    {MP_ROM_QSTR(MP_QSTR_random), MP_ROM_PTR(&crypto_random_obj)},
    {MP_ROM_QSTR(MP_QSTR_same), MP_ROM_PTR(&crypto_same_obj)},
    {MP_ROM_QSTR(MP_QSTR_seal), MP_ROM_PTR(&crypto_seal_obj)},
    {MP_ROM_QSTR(MP_QSTR_verify), MP_ROM_PTR(&crypto_verify_obj)},
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t rst_crypto_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&globals,
};

MP_REGISTER_MODULE(MP_QSTR__crypto, rst_crypto_module);

// ---- What libsodium's files ask of its core ----

// A length that no message can have: a fault of the caller's.
void sodium_misuse(void) {
    abort();
}

// Without random octets nothing can be sealed: there is no second-best.
void randombytes_buf(void *const buf, const size_t size) {
    uint8_t *at = buf;
    size_t left = size;
    while (left > 0) {
        ssize_t got = getrandom(at, left, 0);
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            abort();
        }
        at += got;
        left -= (size_t)got;
    }
}
