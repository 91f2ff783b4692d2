#include "version/kept_clock.hpp"

#include "base/rfc3339.hpp"
#include "base/whole_number.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

namespace freshet {

namespace {

// Two slots, each in a sector of its own: a mark, and the same once more, so that a torn one is known.
constexpr off_t slot_distance = 4'096;
constexpr std::size_t number_size = 20, slot_size = 2 * (number_size + 1);
constexpr seconds look_again{1};
constexpr seconds ahead_said{60};

std::string reason() { return std::error_code(errno, std::generic_category()).message(); }

problem no_clock(const std::string& path, const std::string& why) {
    return {errc::journal_path, effect::not_done, fmt::format("the clock's file {} cannot be used: {}", path, why)};
}

/// 0: the slot holds none.
version mark_in(int file, unsigned slot) {
    std::array<char, slot_size> text;
    if (::pread(file, text.data(), text.size(), slot * slot_distance) != static_cast<ssize_t>(text.size())) return 0;
    const std::string_view first(text.data(), number_size), second(text.data() + number_size + 1, number_size);
    if (first != second) return 0;
    const auto mark =
        whole_number<std::uint64_t>(first.substr(std::min(first.find_first_not_of(' '), first.size()))).value_or(0);
    return mark < version_end ? mark : 0;
}

std::string date(wall::time_point t) { return std::string(rfc3339().tell(t)); }

}  // namespace

result<std::unique_ptr<kept_clock>> kept_clock::open(const std::string& path, unsigned node) {
    owned_descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (file.get() < 0) return no_clock(path, reason());
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0)
        return no_clock(
            path, errno == EWOULDBLOCK ? "another process uses it; give this one a state folder of its own" : reason());
    const version marks[] = {mark_in(file.get(), 0), mark_in(file.get(), 1)};
    const version mark = std::max(marks[0], marks[1]);
    const auto now = wall::now();
    if (std::max(mark, version_at(now)) < lowest_version || version_at(now + ahead_max) >= version_end)
        return no_clock(path, fmt::format("this machine's clock shows {}; set it first", date(now)));
    std::unique_ptr<kept_clock> made(new kept_clock(path, std::move(file), node, mark, now));
    made->slot_ = marks[0] > marks[1] ? 1 : 0;
    if (!made->store(made->clock_.wanted_mark(now))) return no_clock(path, reason());
    made->thread_ = std::thread([clock = made.get()] { clock->keep_ahead(); });
    return made;
}

kept_clock::kept_clock(std::string path, owned_descriptor file, unsigned node, version mark, wall::time_point now)
    : path_(std::move(path)), file_(std::move(file)), clock_(node, mark, now) {}

kept_clock::~kept_clock() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_one();
    if (!thread_.joinable()) return;
    thread_.join();
    // So that the next run begins where this one has ended. The higher one of the two slots would hold.
    for (int slot = 0; slot < 2; ++slot) store(clock_.last());
}

std::optional<version> kept_clock::next(version seen, wall::time_point now) {
    const auto given = clock_.next(seen, now);
    if (given) return given;
    {
        const std::lock_guard lock(mutex_);
        wanted_ = true;
    }
    changed_.notify_one();
    return given;
}

bool kept_clock::store(version mark) {
    const std::string text = fmt::format("{0:{1}}\n{0:{1}}\n", mark, number_size);
    const bool stored =
        ::pwrite(file_.get(), text.data(), text.size(), slot_ * slot_distance) == static_cast<ssize_t>(text.size()) &&
        ::fdatasync(file_.get()) == 0;
    if (!stored) return false;
    slot_ = 1 - slot_;
    clock_.mark_stored(mark);
    return true;
}

void kept_clock::say_how_far_ahead(wall::time_point now) {
    const auto ahead = std::chrono::duration_cast<seconds>(time_of(clock_.last()) - now);
    if (ahead < ahead_said || !ahead_said_.is_due(steady::now())) return;
    spdlog::warn(
        "versions go on from {}, {} s ahead of this machine's clock, as the file {} holds fast: this clock was set "
        "back, or the clock of a machine whose changes were read is ahead{}",
        date(time_of(clock_.last())), ahead.count(), path_,
        ahead < ahead_max ? "" : "; other sites take no change that is more than a day ahead (docs/sites.md)");
}

void kept_clock::keep_ahead() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        changed_.wait_for(lock, look_again, [this] { return wanted_ || stopping_; });
        wanted_ = false;
        const auto now = wall::now();
        clock_.shows(now);
        lock.unlock();
        say_how_far_ahead(now);  // a log that stands still holds up nobody who wants a version
        lock.lock();
        if (stopping_ || !clock_.wants_mark(now)) continue;
        lock.unlock();
        const bool stored = store(clock_.wanted_mark(now));
        if (!stored && !failing_)
            spdlog::error("the clock's file {} cannot be written: {}; soon no write is taken on routes with publish",
                          path_, reason());
        if (stored && failing_) spdlog::info("the clock's file {} is written again", path_);
        failing_ = !stored;
        lock.lock();
    }
}

}  // namespace freshet
