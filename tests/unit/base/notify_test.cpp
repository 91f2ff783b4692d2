#include "base/notify.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace freshet {
namespace {

/// A service manager's socket in the abstract name space: '@' and the name.
class notified : public testing::Test {
protected:
    notified()
        : name_("@freshet-notify-" + std::to_string(::getpid())),
          descriptor_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path + 1, name_.data() + 1, name_.size() - 1);
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
        EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), size), 0);
    }
    ~notified() override {
        ::close(descriptor_);
        ::unsetenv("NOTIFY_SOCKET");
    }
    std::string heard() {
        char text[100];
        const auto n = ::recv(descriptor_, text, sizeof text, 0);
        return n < 0 ? std::string("nothing") : std::string(text, static_cast<std::size_t>(n));
    }

    std::string name_;
    int descriptor_;
};

TEST_F(notified, a_state_goes_to_the_manager_s_socket) {
    ::setenv("NOTIFY_SOCKET", name_.c_str(), 1);
    notify("READY=1");
    EXPECT_EQ(heard(), "READY=1");
}

TEST_F(notified, nothing_is_sent_where_nobody_asked) {
    ::unsetenv("NOTIFY_SOCKET");
    notify("READY=1");
    ::setenv("NOTIFY_SOCKET", "", 1);
    notify("READY=1");
    EXPECT_EQ(heard(), "nothing");
}

TEST_F(notified, a_socket_that_is_not_there_or_too_long_does_no_harm) {
    ::setenv("NOTIFY_SOCKET", "/nowhere/at/all", 1);
    notify("READY=1");
    ::setenv("NOTIFY_SOCKET", std::string(200, 'x').c_str(), 1);
    notify("READY=1");
    EXPECT_EQ(heard(), "nothing");
}

}  // namespace
}  // namespace freshet
