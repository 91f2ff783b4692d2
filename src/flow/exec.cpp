#include "flow/exec.hpp"

#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "base/spawn.hpp"
#include "queue/operations.hpp"
#include "shard/gate.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <new>
#include <optional>
#include <set>
#include <stdexcept>

namespace freshet {

namespace asio = boost::asio;

namespace {

constexpr milliseconds grace{2'000};  ///< between SIGTERM and SIGKILL
constexpr std::size_t read_size_bytes = std::size_t{64} << 10;
constexpr int reads_per_turn = 16;  ///< of one pipe, before the others have their say

/// One run of the program. Callbacks, not coroutines: four descriptors and a clock at the same time. It has ended when
/// the process has; what the program left behind in its group is killed then, and what it wrote before is read.
class run {
public:
    run(shard& home, child_process&& child, std::string_view body, std::size_t output_max)
        : id_(child.id),
          body_(body),
          output_max_(output_max),
          process_(home.context(), child.process.release()),
          input_(home.context(), child.input.release()),
          output_(home.context(), child.output.release()),
          errors_(home.context(), child.errors.release()),
          limit_(home.context()),
          ended_(home) {}

    /// Called before start() and awaited after; then nothing refers to this any more.
    asio::awaitable<void> ended() { return ended_.wait(); }
    void start(milliseconds limit);
    void kill(std::string why);
    work_result result(const std::string& path);

private:
    using descriptor = asio::posix::stream_descriptor;

    template <class Work>
    void while_there_is_memory(Work work);
    template <class Then>
    void when(descriptor& d, descriptor::wait_type what, Then then);
    void write();
    void read(descriptor& from, void (run::*take)(std::string_view));
    bool read_some(descriptor& from, void (run::*take)(std::string_view));
    void take_output(std::string_view some);
    void take_errors(std::string_view some);
    void on_limit(milliseconds limit);
    void on_limit_reached(milliseconds limit);
    void on_exit();
    void signal(int number);
    void leave();

    pid_t id_;
    std::string_view body_;  ///< what is still to be written
    std::size_t output_max_;
    descriptor process_, input_, output_, errors_;
    asio::steady_timer limit_;
    gate ended_;
    int pending_{0};  ///< callbacks under way
    bool exited_{false};
    bool too_large_{false};
    std::string killed_;  ///< why, or empty
    std::optional<int> status_;
    std::string result_;
    std::string complaint_;  ///< the end of its stderr
};

template <class Then>
void run::when(descriptor& d, descriptor::wait_type what, Then then) {
    d.async_wait(what, [this, then](const boost::system::error_code& ec) {
        if (!ec && !exited_) while_there_is_memory(then);
        leave();
    });
    ++pending_;
}

template <class Work>
void run::while_there_is_memory(Work work) {
    try {
        work();
    } catch (const std::bad_alloc&) {
        killed_ = "no memory";  // short: it takes none
        boost::system::error_code ignored;
        for (descriptor* d : {&output_, &errors_}) d->close(ignored);
        on_exit();
    }
}

void run::leave() {
    if (--pending_ == 0) ended_.open();
}

void run::start(milliseconds limit) {
    ++pending_;  // until all are under way
    while_there_is_memory([&] {
        limit_.expires_after(limit);
        on_limit(limit);
        when(process_, descriptor::wait_read, [this] { on_exit(); });
        read(output_, &run::take_output);
        read(errors_, &run::take_errors);
        write();
    });
    leave();
}

void run::write() {
    for (int n = 0; n < reads_per_turn && !body_.empty(); ++n) {
        const ssize_t written = ::write(input_.native_handle(), body_.data(), body_.size());
        if (written > 0) {
            body_.remove_prefix(static_cast<std::size_t>(written));
        } else if (errno == EAGAIN) {
            break;
        } else if (errno != EINTR) {
            body_ = {};  // it reads no more, which is its own affair
        }
    }
    if (!body_.empty()) return when(input_, descriptor::wait_write, [this] { write(); });
    boost::system::error_code ignored;
    input_.close(ignored);
}

void run::read(descriptor& from, void (run::*take)(std::string_view)) {
    when(from, descriptor::wait_read, [this, &from, take] {
        if (read_some(from, take)) return read(from, take);
        boost::system::error_code ignored;
        from.close(ignored);
    });
}

/// Takes what is there now. False: the end, nothing more will come.
bool run::read_some(descriptor& from, void (run::*take)(std::string_view)) {
    static thread_local std::array<char, read_size_bytes> buffer;
    for (int n = 0; n < reads_per_turn; ++n) {
        const ssize_t size = ::read(from.native_handle(), buffer.data(), buffer.size());
        if (size == 0) return false;
        if (size > 0) (this->*take)({buffer.data(), static_cast<std::size_t>(size)});
        else if (errno == EAGAIN) return true;
        else if (errno != EINTR) return false;
    }
    return true;
}

void run::take_output(std::string_view some) {
    if (too_large_) return;
    if (result_.size() + some.size() > output_max_) {
        too_large_ = true;
        result_.clear();
        return signal(SIGKILL);
    }
    result_ += some;
}

void run::take_errors(std::string_view some) {
    complaint_ += some;
    if (complaint_.size() > reason_size_max_bytes) complaint_.erase(0, complaint_.size() - reason_size_max_bytes);
}

/// SIGTERM when the time is over, SIGKILL when the grace is over too.
void run::on_limit(milliseconds limit) {
    limit_.async_wait([this, limit](const boost::system::error_code& ec) {
        if (!ec && !exited_) while_there_is_memory([&] { on_limit_reached(limit); });
        leave();
    });
    ++pending_;
}

void run::on_limit_reached(milliseconds limit) {
    if (!killed_.empty()) return signal(SIGKILL);
    killed_ = fmt::format("it took longer than {} ms", limit.count());
    signal(SIGTERM);
    limit_.expires_after(grace);
    on_limit(limit);
}

void run::kill(std::string why) {
    if (exited_) return;
    if (killed_.empty()) killed_ = std::move(why);
    signal(SIGKILL);
}

/// To the whole group. The process is not yet waited for, so its id is still its own.
void run::signal(int number) {
    if (!exited_) ::kill(-id_, number);
}

void run::on_exit() {
    signal(SIGKILL);
    exited_ = true;
    siginfo_t info{};
    if (::waitid(P_PIDFD, static_cast<id_t>(process_.native_handle()), &info, WEXITED) == 0)
        status_ = info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
    // What it wrote is in the pipes; nobody waits for those who still hold the other ends.
    if (output_.is_open()) read_some(output_, &run::take_output);
    if (errors_.is_open()) read_some(errors_, &run::take_errors);
    boost::system::error_code ignored;
    limit_.cancel();
    for (descriptor* d : {&process_, &input_, &output_, &errors_}) d->close(ignored);
}

work_result run::result(const std::string& path) {
    if (too_large_)
        return work_ended(work_result::verdict::dead, fmt::format("its result is larger than {} bytes", output_max_));
    std::string why = killed_;
    if (why.empty() && status_ == 0) return work_ended(work_result::verdict::good, std::move(result_));
    if (why.empty() && !status_) why = fmt::format("{} ended, and how is not known", path);
    if (why.empty() && *status_ > 0) why = fmt::format("{} ended with exit status {}", path, *status_);
    if (why.empty()) {
        const char* const name = ::sigabbrev_np(-*status_);
        why = fmt::format("{} was killed by SIG{}", path, name != nullptr ? name : std::to_string(-*status_));
    }
    const std::string complaint = one_line(complaint_);
    if (!complaint.empty()) why += ": " + complaint;
    return work_ended(work_result::verdict::retry, std::move(why));
}

class exec_worker final : public flow_worker {
public:
    exec_worker(shard& back, std::vector<std::string> argv, const std::vector<std::string>& variables,
                std::size_t result_size_max_bytes);
    asio::awaitable<work_result> call(const delivery& d, std::string_view queue_name, milliseconds limit) override;
    void abort() override;

private:
    void see(const std::string& variable);

    shard& back_;
    std::vector<std::string> argv_;
    std::size_t result_size_max_bytes_;
    std::vector<std::string> environment_;  ///< of the server's, what the program may see
    std::set<run*> running_;
};

exec_worker::exec_worker(shard& back, std::vector<std::string> argv, const std::vector<std::string>& variables,
                         std::size_t result_size_max_bytes)
    : back_(back), argv_(std::move(argv)), result_size_max_bytes_(result_size_max_bytes) {
    if (argv_.empty() || !argv_.front().starts_with('/'))
        throw std::invalid_argument("the program of a flow is a list that begins with an absolute path");
    const auto has_nul = [](const std::string& s) { return s.find('\0') != std::string::npos; };
    if (std::any_of(argv_.begin(), argv_.end(), has_nul))
        throw std::invalid_argument("an argument of a flow's program has a NUL byte");
    struct sigaction of_children {};
    ::sigaction(SIGCHLD, nullptr, &of_children);
    if (of_children.sa_handler == SIG_IGN) ::signal(SIGCHLD, SIG_DFL);  // inherited; it would lose the exit status
    see("PATH");
    see("HOME");
    see("LANG");
    for (const std::string& name : variables) see(name);
}

void exec_worker::see(const std::string& variable) {
    const char* const value = std::getenv(variable.c_str());
    if (value != nullptr) environment_.push_back(variable + "=" + value);
}

asio::awaitable<work_result> exec_worker::call(const delivery& d, std::string_view queue_name, milliseconds limit) {
    const message& m = d.message;
    if (m.id.find('\0') != std::string::npos || m.key.find('\0') != std::string::npos)
        co_return work_ended(work_result::verdict::dead,
                             "its id or key has a NUL byte, which no environment variable can hold");
    std::vector<std::string> environment = environment_;
    environment.push_back("FRESHET_ID=" + m.id);
    environment.push_back("FRESHET_KEY=" + m.key);
    environment.push_back(fmt::format("FRESHET_QUEUE={}", queue_name));
    environment.push_back(fmt::format("FRESHET_ATTEMPT={}", m.attempt));
    environment.push_back(fmt::format("FRESHET_REDELIVERED={}", d.redelivered ? 1 : 0));
    environment.push_back(fmt::format("FRESHET_FLAGS={}", m.flags));
    freshet::result<child_process> child = spawn(argv_, environment);
    if (!child) {
        work_result no_worker = work_ended(work_result::verdict::retry, child.error().text);
        no_worker.began = false;
        co_return no_worker;
    }
    run r(back_, std::move(*child), m.body, result_size_max_bytes_);
    running_.insert(&r);
    auto ended = r.ended();
    r.start(limit);
    co_await std::move(ended);
    running_.erase(&r);
    co_return r.result(argv_.front());
}

void exec_worker::abort() {
    for (run* r : running_) r->kill("the server is being stopped");
}

}  // namespace

std::unique_ptr<flow_worker> make_exec_worker(shard& back, std::vector<std::string> argv,
                                              const std::vector<std::string>& variables,
                                              std::size_t result_size_max_bytes) {
    return std::make_unique<exec_worker>(back, std::move(argv), variables, result_size_max_bytes);
}

}  // namespace freshet
