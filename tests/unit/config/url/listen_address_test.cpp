#include "config/url/listen_address.hpp"

#include <gtest/gtest.h>

namespace freshet {
namespace {

std::string mistake_in(std::string_view text) {
    const auto parsed = parse_listen_address(text);
    return parsed ? "" : parsed.error().text;
}

TEST(listen_address, is_a_host_and_a_port) {
    const auto six = parse_listen_address("[::1]:11311");
    ASSERT_TRUE(six);
    EXPECT_EQ(six->host, "::1");
    EXPECT_EQ(six->port, 11311);
    EXPECT_FALSE(six->is_unix());
    EXPECT_EQ(parse_listen_address("*:0")->host, "*");
}

TEST(listen_address, of_a_socket_file_says_who_may_connect) {
    const auto plain = parse_listen_address("unix:/run/x.sock");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->path, "/run/x.sock");
    EXPECT_FALSE(plain->mode);
    EXPECT_EQ(plain->group, "");
    const auto all = parse_listen_address("unix:/run/x.sock?mode=0660&group=www-data");
    ASSERT_TRUE(all);
    EXPECT_TRUE(all->is_unix());
    EXPECT_EQ(all->path, "/run/x.sock");
    EXPECT_EQ(all->mode, 0660U);
    EXPECT_EQ(all->group, "www-data");
    EXPECT_EQ(parse_listen_address("unix:/x?mode=7")->mode, 7U);
    EXPECT_EQ(parse_listen_address("unix:/x?group=33")->group, "33");
}

TEST(listen_address, with_other_rights_has_a_sentence_for_each) {
    for (const char* mode : {"", "rw", "0o660", "8", "1777", "00660", "-1"})
        EXPECT_EQ(
            mistake_in(std::string("unix:/x?mode=") + mode),
            std::string("'") + mode + "' is no mode of a socket file; write its rights in octal, as in mode=0660");
    for (const char* rest : {"?group=", "?user=root", "?group", "?mode=0660,group=a"})
        EXPECT_NE(mistake_in(std::string("unix:/x") + rest), "") << rest;
    EXPECT_EQ(mistake_in("unix:/x?owner=root"),
              "behind '?' of a socket file stand mode=0660 and group=NAME, with '&' between them");
    EXPECT_NE(mistake_in("unix:/x/?mode=0660"), "");
    EXPECT_NE(mistake_in("127.0.0.1:1?mode=0660"), "");
}

}  // namespace
}  // namespace freshet
