#include "config/files.hpp"

#include <freshet/config.hpp>

#include "support/pem.hpp"
#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace freshet::reading {
namespace {

class files : public testing::Test {
protected:
    std::string file(const std::string& name, std::string_view content) const {
        std::ofstream(folder.file(name)) << content;
        return folder.file(name);
    }
    const test::temporary_folder folder;
    const std::string certificate = file("certificate.pem", test::certificate_pem),
                      key = file("key.pem", test::key_pem), text = file("text", "no PEM"), none = folder.file("none");
};

TEST_F(files, of_authorities_hold_certificates) {
    EXPECT_EQ(wrong_authorities(certificate, "'f'"), "");
    EXPECT_EQ(wrong_authorities(none, "'f'"), "'f' cannot be read: No such file or directory");
    EXPECT_EQ(wrong_authorities(folder.path(), "'f'"), "'f' cannot be read: it is a folder");
    for (const std::string& other : {text, key, file("empty", "")})
        EXPECT_EQ(wrong_authorities(other, "'f'"),
                  "'f' holds no certificate; in PEM one begins with -----BEGIN CERTIFICATE-----");
}

TEST_F(files, of_a_key_fit_their_certificate) {
    EXPECT_EQ(wrong_certificate(certificate, "'f'"), "");
    EXPECT_NE(wrong_certificate(key, "'f'"), "");
    EXPECT_EQ(wrong_key_file(key, "'f'", certificate), "");
    EXPECT_EQ(wrong_key_file(file("other.pem", test::other_key_pem), "'f'", certificate),
              "'f' is the key of another certificate");
    const std::string both = file("both.pem", std::string(test::certificate_pem) + std::string(test::key_pem));
    EXPECT_EQ(wrong_key_file(both, "'f'", both), "");
    for (const std::string& other : {text, certificate, none})
        EXPECT_NE(wrong_key_file(other, "'f'", certificate), "") << other;
}

TEST_F(files, of_options_are_looked_at_when_a_file_is_read) {
    const auto first_mistake = [](const std::string& options) {
        const config_reading r = read_config("[queue.a]\nurl='amqps://h'\n" + options);
        return r.mistakes.empty() ? "" : r.mistakes.front().text;
    };
    EXPECT_EQ(
        first_mistake("ca_file='" + certificate + "'\ncertificate_file='" + certificate + "'\nkey_file='" + key + "'"),
        "");
    EXPECT_EQ(first_mistake("ca_file='/no'"), "ca_file: '/no' cannot be read: No such file or directory");
    EXPECT_EQ(first_mistake("certificate_file='/no'"),
              "certificate_file: '/no' cannot be read: No such file or directory");
    EXPECT_TRUE(first_mistake("certificate_file='" + certificate + "'").starts_with("certificate_file: "));
    EXPECT_EQ(first_mistake("key_file='" + key + "'"), "key_file: is of no use without certificate_file");
    EXPECT_EQ(first_mistake("certificate_file='" + certificate + "'\nkey_file='/no'"),
              "key_file: '/no' cannot be read: No such file or directory");
}

}  // namespace
}  // namespace freshet::reading
