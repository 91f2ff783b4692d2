#include "base/unix_socket.hpp"

#include "support/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

namespace freshet {
namespace {

std::string with_bytes(std::size_t size) { return "/" + std::string(size - 1, 'x'); }

TEST(unix_socket, a_path_is_as_long_as_the_system_takes_it) {
    EXPECT_FALSE(unix_address(""));
    ASSERT_TRUE(unix_address(with_bytes(unix_path_max)));
    EXPECT_EQ(unix_address(with_bytes(unix_path_max))->sun_path, with_bytes(unix_path_max));
    EXPECT_FALSE(unix_address(with_bytes(unix_path_max + 1)));
    EXPECT_LT(connect_to_unix(with_bytes(unix_path_max + 1)).get(), 0);
    EXPECT_LT(listen_at_unix(with_bytes(unix_path_max + 1), 1).get(), 0);
    EXPECT_EQ(errno, ENAMETOOLONG);
}

TEST(unix_socket, one_listens_and_a_left_file_is_replaced) {
    const test::temporary_folder folder;
    const std::string path = folder.path() + "/socket";
    EXPECT_LT(connect_to_unix(path).get(), 0);
    owned_descriptor first = listen_at_unix(path, 1, {.mode = S_IRUSR | S_IWUSR});
    ASSERT_GE(first.get(), 0);
    struct stat about {};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
    EXPECT_GE(connect_to_unix(path).get(), 0);
    EXPECT_LT(listen_at_unix(path, 1).get(), 0);
    EXPECT_EQ(errno, EADDRINUSE);
    first = {};
    EXPECT_GE(listen_at_unix(path, 1).get(), 0);
}

TEST(unix_socket, its_mode_does_not_depend_on_the_umask) {
    const test::temporary_folder folder;
    const std::string path = folder.path() + "/socket";
    const mode_t before = ::umask(077);
    const owned_descriptor made = listen_at_unix(path, 1, {.mode = 0666, .group = ::getegid()});
    ::umask(before);
    ASSERT_GE(made.get(), 0);
    struct stat about {};
    ASSERT_EQ(::stat(path.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0666U);
    EXPECT_EQ(about.st_gid, ::getegid());
}

TEST(unix_socket, no_other_file_is_replaced) {
    const test::temporary_folder folder;
    const std::string path = folder.path() + "/file";
    std::ofstream(path) << "text";
    EXPECT_LT(listen_at_unix(path, 1).get(), 0);
    EXPECT_EQ(errno, ENOTSOCK);
    struct stat about {};
    EXPECT_EQ(::stat(path.c_str(), &about), 0);
}

}  // namespace
}  // namespace freshet
