#include "config/file.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

namespace freshet {
namespace {

std::vector<std::string> warnings_of(const std::string& text) {
    const file_reading r = read_file_text(text);
    for (const mistake& m : r.mistakes) ADD_FAILURE() << text << "\n" << m.text;
    std::vector<std::string> to;
    for (const mistake& m : r.warnings) to.push_back(fmt::format("{}:{}: {}", m.line, m.column, m.text));
    return to;
}

void expect_warning(const std::string& text, std::string_view warning) {
    const auto all = warnings_of(text);
    ASSERT_EQ(all.size(), 1u) << text << "\n" << fmt::format("{}", fmt::join(all, "\n"));
    EXPECT_EQ(all.front(), warning);
}

std::string queue_route(std::string_view prefix, std::string_view queue = "a") {
    return fmt::format("[[route]]\nprefix='{}'\nqueue='{}'\n", prefix, queue);
}
std::string store_route(std::string_view prefix) {
    return fmt::format("[[route]]\nprefix='{}'\nstore='main'\n", prefix);
}

const std::string result_flow = "[queue.a]\n[[flow]]\nfrom='a'\ncall='http://h/'\ninto='main'\n";

TEST(warnings, results_that_a_queue_s_route_swallows) {
    expect_warning(
        result_flow + queue_route("r"),
        "5:6: key: a get of a result, 'result:{id}', asks the queue 'a', whose prefix is 'r' in line 7; give "
        "that another prefix, or the results a longer one that leads to 'main'");
    expect_warning(
        result_flow + "key='r:{id}'\n" + queue_route("r:urgent"),
        "6:5: key: a get of a result, 'r:{id}', asks the queue 'a', whose prefix is 'r:urgent' in line 8; give "
        "that another prefix, or the results a longer one that leads to 'main'");
    EXPECT_EQ(warnings_of(result_flow + queue_route("r") + store_route("result:")).size(), 0u);
    EXPECT_EQ(warnings_of(result_flow + queue_route("task:")).size(), 0u);
    EXPECT_EQ(warnings_of(result_flow + "key='{id}'\n" + queue_route("task:")).size(), 0u);
    EXPECT_EQ(warnings_of(result_flow + "key='queue/{id}'\n" + queue_route("queue/", "*")).size(), 1u);
    EXPECT_EQ(warnings_of(result_flow).size(), 0u);
}

TEST(warnings, prefixes_that_take_another_queue_s_commands) {
    const std::string both = "[queue.a]\n[queue.b]\n" + queue_route("q");
    const std::string sentence =
        "prefix: '{}' takes commands of the queue 'a', whose prefix is 'q' in line 4: behind that, #ID and /open are "
        "its "
        "own; choose another";
    for (const char* prefix : {"q#", "q#x", "q/", "q/o", "q/open", "q/close/", "q/t=", "q/1"}) {
        expect_warning(both + queue_route(prefix, "b"), "7:8: " + fmt::format(fmt::runtime(sentence), prefix));
        expect_warning(both + store_route(prefix), "7:8: " + fmt::format(fmt::runtime(sentence), prefix));
    }
    for (const char* prefix : {"q:", "q/thumbs", "qu", "q/openings", "q/1x"})
        EXPECT_EQ(warnings_of(both + queue_route(prefix, "b")).size(), 0u) << prefix;
    EXPECT_EQ(warnings_of("[queue.a]\n" + queue_route("queue/", "*") + queue_route("queue/a")).size(), 0u);
}

TEST(warnings, prefixes_that_end_as_commands_begin) {
    expect_warning(
        "[queue.a]\n" + queue_route("q#"),
        "3:8: prefix: 'q#' ends as the commands of its queue 'a' begin, #ID and /open, which stand behind it: "
        "##ID publishes, #ID is refused; leave the last character out");
    expect_warning(
        "[queue.a]\n" + queue_route("p/"),
        "3:8: prefix: 'p/' ends as the commands of its queue 'a' begin, #ID and /open, which stand behind it: "
        "//open receives, /open is refused; leave the last character out");
    EXPECT_EQ(warnings_of(queue_route("queue/", "*") + store_route("p/")).size(), 0u);
}

TEST(warnings, variables_that_a_program_will_not_see) {
    ::unsetenv("FRESH_NONE");
    const std::string text =
        "[server]\nallow_exec=true\n[queue.a]\n[[flow]]\nfrom='a'\ncall={exec=['/bin/true'],env=['HOME','FRESH_NONE']}";
    ::setenv("HOME", "/root", 0);
    expect_warning(text,
                   "6:30: env: the environment variable 'FRESH_NONE' is not set, and the program will not see it");
    ::setenv("FRESH_NONE", "", 1);
    EXPECT_EQ(warnings_of(text).size(), 0u);
    ::unsetenv("FRESH_NONE");
}

TEST(warnings, copies_that_nobody_takes) {
    const std::string copied = "[queue.a]\ncopies='b'\n[queue.b]\n";
    expect_warning(copied + queue_route("p"),
                   "2:8: copies: no flow and no route takes messages of 'b'; when it is full, what is published to 'a' "
                   "is refused");
    for (const std::string& taken : {queue_route("p", "b"), queue_route("queue/", "*"), std::string()})
        EXPECT_EQ(warnings_of(copied + taken).size(), 0u) << taken;
    EXPECT_EQ(warnings_of(copied + queue_route("p") + "[[flow]]\nfrom='b'\ncall='http://h/'").size(), 0u);
}

TEST(warnings, are_told_only_of_what_is_right) {
    EXPECT_TRUE(read_file_text(result_flow + queue_route("r") + "[server]\nthreads=0").warnings.empty());
}

}  // namespace
}  // namespace freshet
