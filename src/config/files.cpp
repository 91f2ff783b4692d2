#include "config/files.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace freshet::reading {

namespace {

struct free_ssl {
    void operator()(SSL_CTX* c) const noexcept { ::SSL_CTX_free(c); }
};
using tls_trial = std::unique_ptr<SSL_CTX, free_ssl>;

/// A pass phrase is asked for at the terminal unless there is an answer.
int no_pass_phrase(char*, int, int, void*) { return 0; }

tls_trial begin_trial() {
    tls_trial made(::SSL_CTX_new(::TLS_client_method()));
    ::SSL_CTX_set_default_passwd_cb(made.get(), no_pass_phrase);
    return made;
}

/// Of a file that must be there and be read.
std::string unreadable(const std::string& path, std::string_view shown) {
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0 || ::access(path.c_str(), R_OK) != 0)
        return fmt::format("{} cannot be read: {}", shown, std::strerror(errno));
    if (S_ISDIR(about.st_mode)) return fmt::format("{} cannot be read: it is a folder", shown);
    return {};
}

std::string verdict(bool right, std::string_view shown, std::string_view words) {
    ::ERR_clear_error();
    return right ? std::string() : fmt::format("{} {}", shown, words);
}

}  // namespace

std::string wrong_program(const std::string& path, std::string_view shown) {
    if (!path.starts_with('/'))
        return fmt::format("{} is not a whole path; no PATH is searched, write \"/usr/bin/...\"", shown);
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) return fmt::format("{} cannot be run: {}", shown, std::strerror(errno));
    if (!S_ISREG(about.st_mode)) return fmt::format("{} cannot be run: it is no file", shown);
    if (::access(path.c_str(), X_OK) != 0) return fmt::format("{} cannot be run: {}", shown, std::strerror(errno));
    return {};
}

std::string wrong_authorities(const std::string& path, std::string_view shown) {
    if (std::string wrong = unreadable(path, shown); !wrong.empty()) return wrong;
    const tls_trial trial = begin_trial();
    return verdict(::SSL_CTX_load_verify_locations(trial.get(), path.c_str(), nullptr) == 1, shown,
                   "holds no certificate; in PEM one begins with -----BEGIN CERTIFICATE-----");
}

std::string wrong_certificate(const std::string& path, std::string_view shown) {
    if (std::string wrong = unreadable(path, shown); !wrong.empty()) return wrong;
    const tls_trial trial = begin_trial();
    return verdict(::SSL_CTX_use_certificate_chain_file(trial.get(), path.c_str()) == 1, shown,
                   "holds no certificate; in PEM one begins with -----BEGIN CERTIFICATE-----");
}

std::string wrong_key_file(const std::string& path, std::string_view shown, const std::string& of_certificate) {
    if (std::string wrong = unreadable(path, shown); !wrong.empty()) return wrong;
    const tls_trial alone = begin_trial();
    if (::SSL_CTX_use_PrivateKey_file(alone.get(), path.c_str(), SSL_FILETYPE_PEM) != 1)
        return verdict(false, shown,
                       "holds no key that can be used; in PEM one begins with -----BEGIN PRIVATE KEY-----, and it has "
                       "no pass phrase");
    const tls_trial both = begin_trial();
    const bool fits = ::SSL_CTX_use_certificate_chain_file(both.get(), of_certificate.c_str()) == 1 &&
                      ::SSL_CTX_use_PrivateKey_file(both.get(), path.c_str(), SSL_FILETYPE_PEM) == 1;
    return verdict(fits, shown, "is the key of another certificate");
}

}  // namespace freshet::reading
