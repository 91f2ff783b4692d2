#include "queue/journal/loss/mark.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <array>

namespace freshet {

namespace {

std::string mark_path(const std::string& journal_path) { return journal_path + ".mark"; }

/// As it stands in the file, in the order of this machine's bytes.
struct mark_record {
    std::array<char, 4> magic{'F', 'r', 'm', 'k'};
    std::uint32_t sum{0};  ///< CRC-32 of what follows
    journal_mark mark{};
};
static_assert(sizeof(mark_record) == 32);

std::uint32_t sum_of(const journal_mark& mark) {
    return static_cast<std::uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(&mark), sizeof mark));
}

}  // namespace

std::optional<journal_mark> read_mark(const std::string& journal_path) {
    const owned_descriptor file(::open(mark_path(journal_path).c_str(), O_RDONLY | O_CLOEXEC));
    mark_record found{};
    if (file.get() < 0 || ::pread(file.get(), &found, sizeof found, 0) != ssize_t{sizeof found}) return std::nullopt;
    if (found.magic != mark_record{}.magic || found.sum != sum_of(found.mark)) return std::nullopt;
    return found.mark;
}

void mark_moved(const std::string& journal_path) {
    auto mark = read_mark(journal_path);
    if (!mark || mark->frames == 0) return;
    mark->frames = 0;
    const owned_descriptor file(::open(mark_path(journal_path).c_str(), O_WRONLY | O_CLOEXEC));
    const mark_record record{.sum = sum_of(*mark), .mark = *mark};
    if (file.get() >= 0 && ::pwrite(file.get(), &record, sizeof record, 0) == ssize_t{sizeof record})
        ::fsync(file.get());
}

mark_keeper::mark_keeper(const std::string& journal_path)
    : path_(mark_path(journal_path)), log_path_(journal_path + "-wal") {}

bool mark_keeper::begin(std::uint64_t opening) {
    file_ = owned_descriptor(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    mark_ = {.opening = opening};
    log_ = kept_place(log_path_);
    return file_.get() >= 0 && write() && ::fsync(file_.get()) == 0;
}

void mark_keeper::committed(std::uint64_t frames) {
    if (file_.get() < 0) return;
    if (!log_.is_open()) log_ = kept_place(log_path_);
    if (new_generation_) {
        const auto now = read_generation(log_.descriptor());
        if (!now) return;
        mark_.generation = *now;
        new_generation_ = false;
    }
    mark_.frames = frames;
    write();
}

void mark_keeper::moved() {
    new_generation_ = true;
    mark_.frames = 0;
    if (file_.get() >= 0 && write()) ::fdatasync(file_.get());
}

void mark_keeper::remove() {
    file_ = owned_descriptor();
    ::unlink(path_.c_str());
}

bool mark_keeper::write() {
    const mark_record record{.sum = sum_of(mark_), .mark = mark_};
    return ::pwrite(file_.get(), &record, sizeof record, 0) == ssize_t{sizeof record};
}

}  // namespace freshet
