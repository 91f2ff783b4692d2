#include "base/log_writer.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <exception>
#include <string>

namespace freshet {
namespace {

class a_log_writer : public testing::Test {
protected:
    a_log_writer() {
        if (::pipe(ends) != 0) throw std::exception();
    }
    ~a_log_writer() override {
        for (const int end : ends) ::close(end);
    }
    std::string read() {
        std::string text(std::size_t{1} << 17, '\0');
        const ssize_t n = ::read(ends[0], text.data(), text.size());
        text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return text;
    }
    static std::string line_of(std::string_view text) { return "own: " + std::string(text) + "\n"; }

    int ends[2]{-1, -1};
};

TEST_F(a_log_writer, writes_what_it_is_given) {
    log_writer writer(ends[1], line_of);
    writer.write("one", "first one\n");
    writer.write("two", "second two\n");
    writer.flush();
    EXPECT_EQ(read(), "first one\nsecond two\n");
}

TEST_F(a_log_writer, nobody_waits_for_a_pipe_that_nobody_reads_and_what_was_lost_is_counted) {
    const std::string line(1'000, 'x');
    constexpr int lines = 3'000;  // more than the pipe and the writer hold
    log_writer writer(ends[1], line_of);
    for (int i = 0; i < lines; ++i) writer.write(std::to_string(i), line + "\n");
    std::string said;
    int written = 0;
    while (said.find("own:") == std::string::npos) {
        writer.write("more", "more\n");
        said += read();
    }
    for (std::size_t at = said.find(line); at != std::string::npos; at = said.find(line, at + line.size())) ++written;
    EXPECT_LT(written, lines);
    EXPECT_NE(said.find("lines were lost here: nobody read them\n"), std::string::npos);
}

TEST_F(a_log_writer, its_end_does_not_wait_for_ever) {
    const auto begin = steady::now();
    {
        log_writer writer(ends[1], line_of);
        for (int i = 0; i < 200; ++i) writer.write(std::to_string(i), std::string(1'000, 'x') + "\n");
    }
    EXPECT_GE(steady::now() - begin, log_writer::patience);  // it tried
    for (int& end : ends) end = -1;                          // its thread is held up for ever, and has the pipe
}

TEST_F(a_log_writer, a_flood_is_summed_up_at_the_end_too) {
    {
        log_writer writer(ends[1], line_of);
        for (int i = 0; i < 500; ++i) writer.write("it rains", "it rains\n");
    }
    const std::string said = read();
    EXPECT_NE(said.find("own: and 300 more lines, the first of them: it rains\n"), std::string::npos);
}

}  // namespace
}  // namespace freshet
