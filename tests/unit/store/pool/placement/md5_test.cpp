#include "store/pool/placement/md5.hpp"
#include "base/bytes.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace freshet {
namespace {

std::string bytes_of(const md5_digest& digest) {
    std::string bytes;
    for (const std::uint32_t word : digest)
        for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift);
    return bytes;
}

std::string hex(std::string_view message) {
    std::string text;
    for (const char c : bytes_of(md5(message))) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
    return text;
}

TEST(md5, answers_as_rfc_1321_says) {
    EXPECT_EQ(hex(""), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(hex({}), "d41d8cd98f00b204e9800998ecf8427e");
    EXPECT_EQ(hex("a"), "0cc175b9c0f1b6a831c399e269772661");
    EXPECT_EQ(hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(hex("message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    EXPECT_EQ(hex("abcdefghijklmnopqrstuvwxyz"), "c3fcd3d76192e4007dfb496cca67e13b");
    EXPECT_EQ(hex("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
              "d174ab98d277d9f5a5611c2c9f419d9f");
    EXPECT_EQ(hex("12345678901234567890123456789012345678901234567890123456789012345678901234567890"),
              "57edf4a22be3c955ac49da2e2107b67a");
}

// The digest of the digests of 301 messages, as Python's hashlib has it; each message begins at an odd address.
TEST(md5, is_right_for_every_length_at_any_address) {
    std::string digests;
    for (unsigned length = 0; length <= 300; ++length) {
        std::string message(1 + length, '\0');
        for (unsigned i = 0; i < length; ++i) message[1 + i] = static_cast<char>(7 * i + length);
        digests += bytes_of(md5(std::string_view{message}.substr(1)));
    }
    EXPECT_EQ(hex(digests), "a9cf41e638496a4d8f14abe6ae258128");
}

}  // namespace
}  // namespace freshet
