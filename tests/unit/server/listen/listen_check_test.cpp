#include "server/listen/listen_check.hpp"

#include "server/listen/listen_address.hpp"
#include "support/temporary_folder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace freshet {
namespace {

/// Of the last of the addresses; the others are right.
std::string obstacle_of(const std::vector<std::string>& addresses) {
    const auto all = listening_obstacles(addresses);
    EXPECT_EQ(all.size(), addresses.size());
    for (std::size_t i = 0; i + 1 < all.size(); ++i) EXPECT_EQ(all[i], "");
    return all.back();
}

mode_t mode_of(const std::string& path) {
    struct stat about {};
    return ::stat(path.c_str(), &about) == 0 ? about.st_mode & 0777U : 0;
}

TEST(listen_check, an_address_that_is_not_here) {
    EXPECT_EQ(obstacle_of({"127.0.0.1:11311"}), "");
    EXPECT_EQ(obstacle_of({"*:11311"}), "");
    EXPECT_EQ(obstacle_of({"192.0.2.1:11311"}), "cannot listen on 192.0.2.1:11311: this machine has no such address");
}

TEST(listen_check, an_address_by_two_spellings) {
    for (const char* other : {"127.0.0.1:11311", "localhost:11311", "0.0.0.0:11311", "*:11311"})
        EXPECT_EQ(obstacle_of({"127.0.0.1:11311", other}),
                  fmt::format("'{}' is where '127.0.0.1:11311' listens already; write one of the two", other));
    EXPECT_EQ(obstacle_of({"127.0.0.1:11311", "127.0.0.1:11312"}), "");
    EXPECT_EQ(obstacle_of({"127.0.0.1:11311", "127.0.0.2:11311"}), "");
    EXPECT_EQ(obstacle_of({"127.0.0.1:0", "127.0.0.1:0"}), "");
}

TEST(listen_check, an_address_that_is_in_use_is_not_told) {
    const auto here = listen_on("127.0.0.1:0");
    ASSERT_TRUE(here);
    EXPECT_EQ(obstacle_of({here->front().name}), "");
    EXPECT_FALSE(listen_on(here->front().name));
    ::close(here->front().descriptor);
}

TEST(listen_check, a_socket_file_by_two_spellings) {
    const test::temporary_folder folder;
    std::filesystem::create_directory_symlink(folder.path(), folder.file("link"));
    const std::string first = "unix:" + folder.file("x");
    for (const std::string& other :
         {first, "unix:" + folder.file("./x"), "unix:" + folder.file("link/x"), first + "?mode=0600"})
        EXPECT_NE(obstacle_of({first, other}).find("listens already"), std::string::npos) << other;
    EXPECT_EQ(obstacle_of({first, "unix:" + folder.file("y")}), "");
}

TEST(listen_check, a_socket_file_that_cannot_be_made) {
    const test::temporary_folder folder;
    const auto why = [&](const std::string& rest) {
        const std::string address = "unix:" + folder.file(rest), sentence = obstacle_of({address});
        const std::string begin = "cannot listen on " + address + ": ";
        EXPECT_TRUE(sentence.empty() || sentence.starts_with(begin)) << sentence;
        EXPECT_EQ(sentence.empty(), listen_on(address).has_value());
        return sentence.empty() ? sentence : sentence.substr(begin.size());
    };
    std::ofstream(folder.file("file")) << "x";
    EXPECT_EQ(why("x"), "");
    EXPECT_EQ(why("made/x"), "");
    EXPECT_EQ(why("none/none/x"), "the folder does not exist");
    EXPECT_EQ(why("file"), "a file that is no socket stands there");
    EXPECT_EQ(why("file/x"), "what should be the folder is none");
    EXPECT_EQ(why("z?group=no-such-group"),
              "this machine has no group 'no-such-group'; write a name of its groups (getent group) or a number");
}

TEST(listen_address, a_socket_file_has_the_mode_and_group_that_it_is_given) {
    const test::temporary_folder folder;
    const mode_t before = ::umask(077);
    const auto made = listen_on(fmt::format("unix:{}?mode=0666", folder.file("made/x")));
    const auto of_group = listen_on(fmt::format("unix:{}?group={}", folder.file("made/y"), ::getegid()));
    const auto plain = listen_on("unix:" + folder.file("made/z"));
    ::umask(before);
    ASSERT_TRUE(made && of_group && plain);
    EXPECT_EQ(made->front().name, "unix:" + folder.file("made/x"));
    EXPECT_EQ(mode_of(folder.file("made")), 0755U);
    EXPECT_EQ(mode_of(folder.file("made/x")), 0666U);
    EXPECT_EQ(mode_of(folder.file("made/y")), 0660U);
    EXPECT_EQ(mode_of(folder.file("made/z")), 0700U);
    for (const auto* one : {&made, &of_group, &plain}) ::close((*one)->front().descriptor);
}

}  // namespace
}  // namespace freshet
