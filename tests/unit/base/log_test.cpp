#include "base/log.hpp"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <memory>
#include <regex>
#include <string>

namespace freshet {
namespace {

class log : public testing::Test {
protected:
    ~log() override { spdlog::set_default_logger(before_); }

    template <class Work>
    std::string stderr_of(Work work) {
        testing::internal::CaptureStderr();
        work();
        spdlog::default_logger()->flush();
        return testing::internal::GetCapturedStderr();
    }

private:
    std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(log, secrets_are_not_shown_whoever_writes_them) {
    ASSERT_TRUE(set_up_log("info"));
    conceal_in_log({{"hush", "${S}"}});
    const std::string said = stderr_of([] { spdlog::warn("hush at amqp://me:word@h"); });
    EXPECT_TRUE(said.ends_with(" warning ${S} at amqp://...@h\n")) << said;
}

TEST_F(log, a_message_is_one_line_with_time_and_level) {
    ASSERT_TRUE(set_up_log("info"));
    const std::string said = stderr_of([] {
        spdlog::debug("not this");
        spdlog::warn("client said {}", "a\nb\x1b[31m\\");
    });
    EXPECT_TRUE(std::regex_match(
        said,
        std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d warning client said a\\nb\\x1b\[31m\\\\\n)")))
        << said;
}

TEST_F(log, levels_have_names) {
    for (const auto* level : {"trace", "debug", "info", "warn", "warning", "error", "off"})
        EXPECT_TRUE(set_up_log(level)) << level;
    EXPECT_FALSE(set_up_log("loud"));
    EXPECT_FALSE(set_up_log(""));
    ASSERT_TRUE(set_up_log("off"));
    EXPECT_EQ(stderr_of([] { spdlog::critical("x"); }), "");
}

}  // namespace
}  // namespace freshet
