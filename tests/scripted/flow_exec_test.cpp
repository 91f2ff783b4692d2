// Real programs as workers of a flow.
#include <freshet/time.hpp>

#include "flow/exec.hpp"
#include "flow/worker.hpp"
#include "queue/operations.hpp"
#include "shard/shard.hpp"
#include "support/worker_test.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

using namespace freshet;
using namespace freshet::test;
using namespace std::literals;
using verdict = enum work_result::verdict;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20;

class flow_exec : public worker_test {
protected:
    flow_exec() {
        std::string pattern = (std::filesystem::temp_directory_path() / "freshet-exec-XXXXXX").string();
        folder = ::mkdtemp(pattern.data());
    }
    ~flow_exec() override { std::filesystem::remove_all(folder); }

    void worker(std::vector<std::string> argv, std::size_t result_size_max = 64 * mebibyte) {
        use(make_exec_worker(back, std::move(argv), {"FLOW_EXEC_SEEN"}, result_size_max));
    }
    void shell(std::string script, std::size_t result_size_max = 64 * mebibyte) {
        worker({"/bin/sh", "-c", std::move(script)}, result_size_max);
    }
    /// A pipe with a name: opening it waits for the other side.
    std::string fifo(const std::string& name) {
        const std::string path = folder / name;
        EXPECT_EQ(::mkfifo(path.c_str(), 0600), 0);
        return path;
    }
    static std::string read_file(const std::string& path) {
        std::ifstream in(path);
        std::stringstream text;
        text << in.rdbuf();
        return text.str();
    }
    /// Waits until the process is gone or waits to be reaped.
    static bool wait_gone(pid_t id) {
        for (const auto end = steady::now() + 60s; steady::now() < end; std::this_thread::sleep_for(1ms)) {
            const std::string stat = read_file("/proc/" + std::to_string(id) + "/stat");
            const auto name_end = stat.rfind(')');
            if (name_end == std::string::npos || stat.substr(name_end + 2, 1) == "Z") return true;
        }
        return false;
    }

    std::filesystem::path folder;
};

std::string noise(std::size_t size) {
    std::string text(size, '\0');
    std::uint32_t x = 1;
    for (char& c : text) c = static_cast<char>((x = x * 1664525 + 1013904223) >> 24);
    return text;
}

}  // namespace

TEST_F(flow_exec, standard_output_is_the_result) {
    worker({"/bin/cat"});
    const work_result r = call("a\0b\r\n"s);
    EXPECT_EQ(r.verdict, verdict::good);
    EXPECT_EQ(r.body, "a\0b\r\n"s);
    EXPECT_EQ(r.flags, 0U);
}

TEST_F(flow_exec, empty_body_and_empty_result) {
    worker({"/bin/cat"});
    const work_result r = call("");
    EXPECT_EQ(r.verdict, verdict::good);
    EXPECT_EQ(r.body, "");
}

TEST_F(flow_exec, arguments_are_passed_as_they_are) {
    worker({"/usr/bin/printf", "%s|", "a b", "$HOME", "", "'"});
    EXPECT_EQ(call("").body, "a b|$HOME||'|");
}

TEST_F(flow_exec, xargs_makes_arguments_of_the_body) {
    worker({"/usr/bin/xargs", "/bin/echo", "--"});
    EXPECT_EQ(call("one two\nthree").body, "-- one two three\n");
}

TEST_F(flow_exec, large_bodies_go_both_ways_at_once) {
    worker({"/bin/cat"});
    const std::string body = noise(10 * mebibyte);
    const work_result r = call(body);
    EXPECT_EQ(r.verdict, verdict::good);
    EXPECT_TRUE(r.body == body);
}

TEST_F(flow_exec, much_on_standard_error_blocks_nothing_and_its_end_is_the_reason) {
    shell(
        "i=0; while [ $i -lt 3000 ]; do echo 'line of some length to fill the pipe' >&2; i=$((i+1)); done; echo "
        "'the\tend' >&2; exit 3");
    const work_result r = call("");
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_TRUE(r.body.starts_with("/bin/sh ended with exit status 3: ")) << r.body;
    EXPECT_TRUE(r.body.ends_with(" the end")) << r.body;
    EXPECT_LT(r.body.size(), 1'100U);
}

TEST_F(flow_exec, program_that_never_reads_its_input_is_no_failure) {
    shell("echo done");
    const work_result r = call(noise(4 * mebibyte));
    EXPECT_EQ(r.verdict, verdict::good);
    EXPECT_EQ(r.body, "done\n");
}

TEST_F(flow_exec, program_that_closes_its_input_early_is_no_failure) {
    shell("exec 0<&-; echo closed; echo done");
    EXPECT_EQ(call(noise(4 * mebibyte)).body, "closed\ndone\n");
    worker({"/usr/bin/head", "-c", "3"});
    EXPECT_EQ(call("abc" + noise(4 * mebibyte)).body, "abc");
}

TEST_F(flow_exec, program_that_closes_its_output_early_runs_on) {
    const std::string mark = folder / "mark";
    shell("echo done; exec 1>&- 2>&-; echo later > " + mark);
    EXPECT_EQ(call("").body, "done\n");
    EXPECT_EQ(read_file(mark), "later\n");
}

TEST_F(flow_exec, exit_status_other_than_zero_is_retried) {
    shell("echo half; exit 75");
    const work_result r = call("");
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_EQ(r.body, "/bin/sh ended with exit status 75");
}

TEST_F(flow_exec, death_by_signal_is_retried) {
    shell("kill -SEGV $$");
    const work_result r = call("");
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_EQ(r.body, "/bin/sh was killed by SIGSEGV");
}

TEST_F(flow_exec, missing_program_is_retried_with_a_sentence) {
    worker({"/no/such/program"});
    const work_result r = call("");
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_EQ(r.body, "/no/such/program cannot be started: No such file or directory");
    EXPECT_FALSE(r.began);
    worker({"/etc/passwd"});
    EXPECT_EQ(call("").body, "/etc/passwd cannot be started: Permission denied");
}

TEST_F(flow_exec, program_without_an_absolute_path_is_refused) {
    EXPECT_THROW(make_exec_worker(back, {}, {}, 1), std::invalid_argument);
    EXPECT_THROW(make_exec_worker(back, {"cat"}, {}, 1), std::invalid_argument);
}

TEST_F(flow_exec, environment_tells_of_the_task) {
    for (const char* name : {"FRESHET_OLD", "FLOW_EXEC_SECRET", "FLOW_EXEC_SEEN", "HOME", "LANG"})
        ASSERT_EQ(::setenv(name, "1", 1), 0);
    worker({"/usr/bin/env"});
    delivery d;
    d.message.id = "i d";
    d.message.key = "k=1";
    d.message.flags = 4'000'000'000U;
    d.message.attempt = 2;
    const std::string environment = call(d).body;
    for (const char* line : {"FRESHET_ID=i d\n", "FRESHET_KEY=k=1\n", "FRESHET_QUEUE=thumbs\n", "FRESHET_ATTEMPT=2\n",
                             "FRESHET_FLAGS=4000000000\n", "FLOW_EXEC_SEEN=1\n", "HOME=1\n", "LANG=1\n", "PATH="})
        EXPECT_NE(environment.find(line), std::string::npos) << line;
    for (const char* hidden : {"FRESHET_OLD", "FLOW_EXEC_SECRET"})
        EXPECT_EQ(environment.find(hidden), std::string::npos) << hidden;
}

TEST_F(flow_exec, id_with_a_nul_byte_is_dead) {
    worker({"/bin/cat"});
    delivery d;
    d.message.id = "a\0b"s;
    EXPECT_EQ(call(d).verdict, verdict::dead);
}

TEST_F(flow_exec, result_over_the_limit_is_dead) {
    worker({"/bin/cat"}, 1'000);
    EXPECT_EQ(call(std::string(1'000, 'x')).verdict, verdict::good);
    const work_result r = call(std::string(1'001, 'x'));
    EXPECT_EQ(r.verdict, verdict::dead);
    EXPECT_EQ(r.body, "its result is larger than 1000 bytes");
}

TEST_F(flow_exec, endless_result_is_cut_at_the_limit) {
    worker({"/usr/bin/yes"}, mebibyte);
    EXPECT_EQ(call("").verdict, verdict::dead);
}

TEST_F(flow_exec, time_limit_ends_the_program) {
    worker({"/bin/sleep", "1000"});
    const work_result r = call("", 20ms);
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_EQ(r.body, "it took longer than 20 ms");
}

TEST_F(flow_exec, time_limit_kills_the_whole_group_even_if_it_ignores_sigterm) {
    // The grandchild ignores SIGTERM as its parent does; the shell says its id through a pipe with a name.
    const std::string ids = fifo("ids");
    shell("trap '' TERM; sleep 1000 & echo $! > " + ids + "; wait; sleep 1000");
    auto called = std::async(std::launch::async, [&] { return call("", 300ms); });
    const pid_t grandchild = std::stoi(read_file(ids));
    const work_result r = called.get();
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_TRUE(r.body.starts_with("it took longer than 300 ms")) << r.body;
    EXPECT_TRUE(wait_gone(grandchild));
}

TEST_F(flow_exec, program_that_stands_still_is_killed_at_its_time_limit) {
    shell("kill -STOP $$");  // SIGTERM has to wait for a SIGCONT, SIGKILL has not
    const work_result r = call("", 20ms);
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_TRUE(r.body.starts_with("it took longer than 20 ms")) << r.body;
}

TEST_F(flow_exec, what_it_left_behind_is_killed_and_not_waited_for) {
    const std::string ids = fifo("ids");
    shell("sleep 1000 & echo $! > " + ids + "; echo done");
    auto called = std::async(std::launch::async, [&] { return call(""); });
    const pid_t grandchild = std::stoi(read_file(ids));
    EXPECT_EQ(called.get().body, "done\n");
    EXPECT_TRUE(wait_gone(grandchild));
}

TEST_F(flow_exec, abort_kills_at_once) {
    const std::string ids = fifo("ids");
    shell("trap '' TERM; echo $$ > " + ids + "; sleep 1000");
    auto called = std::async(std::launch::async, [&] { return call(""); });
    const pid_t child = std::stoi(read_file(ids));
    back.run([&] { worker_->abort(); });
    const work_result r = called.get();
    EXPECT_EQ(r.verdict, verdict::retry);
    EXPECT_EQ(r.body, "the server is being stopped");
    EXPECT_TRUE(wait_gone(child));
}

TEST_F(flow_exec, children_die_with_the_thread_that_started_them) {
    const std::string ids = fifo("ids");
    auto other = std::make_unique<shard>("other");
    auto caller = make_exec_worker(*other, {"/bin/sh", "-c", "echo $$ > " + ids + "; exec sleep 1000"}, {}, 1);
    other->start();
    delivery d;
    other->run([&] { spawn_call(*other, *caller, d, 1000s); });
    const pid_t child = std::stoi(read_file(ids));
    other->stop();
    EXPECT_TRUE(wait_gone(child));
    ::waitpid(child, nullptr, 0);
    other.reset();
}

TEST_F(flow_exec, child_has_three_descriptors_default_signals_and_a_group_of_its_own) {
    const int leaky = ::open("/dev/null", O_RDONLY);  // without close-on-exec
    ::signal(SIGHUP, SIG_IGN);
    shell(
        "ls /proc/self/fd | wc -l; grep -E 'SigIgn|SigBlk' /proc/self/status; [ $(ps -o pgid= -p $$) = $$ ] && echo "
        "own");
    const work_result r = call("");
    ::signal(SIGHUP, SIG_DFL);
    ::close(leaky);
    EXPECT_EQ(r.body, "4\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nown\n");
}

TEST_F(flow_exec, exit_status_is_known_where_sigchld_was_ignored_at_the_start) {
    ::signal(SIGCHLD, SIG_IGN);
    worker({"/bin/false"});
    EXPECT_EQ(call("").body, "/bin/false ended with exit status 1");
}

TEST_F(flow_exec, many_programs_at_a_time) {
    worker({"/bin/cat"});
    std::vector<std::future<work_result>> calls;
    for (int n = 0; n < 50; ++n)
        calls.push_back(std::async(std::launch::async, [this, n] { return call(std::to_string(n)); }));
    for (int n = 0; n < 50; ++n) EXPECT_EQ(calls[static_cast<std::size_t>(n)].get().body, std::to_string(n));
}

TEST_F(flow_exec, leaves_no_descriptors_and_no_zombies) {
    const auto count = [] {
        const std::filesystem::directory_iterator all("/proc/self/fd");
        return std::distance(begin(all), end(all));
    };
    worker({"/bin/cat"});
    call("x");
    const auto before = count();
    for (int n = 0; n < 20; ++n) call("x");
    worker({"/no/such/program"});
    for (int n = 0; n < 20; ++n) call("x");
    EXPECT_EQ(count(), before);
    EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1) << "no child is left";
}
