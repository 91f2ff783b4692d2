#include "queue/journal/loss/write_ahead_log.hpp"

#include "base/owned_descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstring>
#include <string_view>
#include <vector>

namespace freshet {

namespace {

constexpr std::size_t header_bytes = 32;
constexpr std::size_t frame_header_bytes = 24;
constexpr std::uint32_t magic_little = 0x377f0682, magic_big = 0x377f0683;

std::uint32_t big_word(const char* at) {
    std::uint32_t word = 0;
    std::memcpy(&word, at, sizeof word);
    return std::endian::native == std::endian::little ? __builtin_bswap32(word) : word;
}

/// SQLite's, over pairs of words in the order of the machine that made the log.
class log_checksum {
public:
    explicit log_checksum(bool big) : swap_(big != (std::endian::native == std::endian::big)) {}
    void add(std::string_view data) {
        for (std::size_t i = 0; i + 8 <= data.size(); i += 8) {
            first_ += word(data.data() + i) + second_;
            second_ += word(data.data() + i + 4) + first_;
        }
    }
    bool is(const char* two_words) const { return big_word(two_words) == first_ && big_word(two_words + 4) == second_; }

private:
    std::uint32_t word(const char* at) const {
        std::uint32_t value = 0;
        std::memcpy(&value, at, sizeof value);
        return swap_ ? __builtin_bswap32(value) : value;
    }
    bool swap_;
    std::uint32_t first_{0}, second_{0};
};

/// Of the header's or of a frame's salts.
log_generation generation_at(const char* salts) { return {big_word(salts), big_word(salts + 4)}; }

bool read_at(int descriptor, std::uint64_t offset, char* to, std::size_t size) {
    while (size != 0) {
        const ssize_t n = ::pread(descriptor, to, size, static_cast<off_t>(offset));
        if (n <= 0) return false;
        to += n;
        offset += static_cast<std::uint64_t>(n);
        size -= static_cast<std::size_t>(n);
    }
    return true;
}

using log_header = std::array<char, header_bytes>;

bool is_good(const log_header& header, log_checksum& sum) {
    const std::uint32_t magic = big_word(header.data());
    if (magic != magic_little && magic != magic_big) return false;
    sum.add({header.data(), 24});
    return sum.is(header.data() + 24);
}

/// The frames of one log, one after another.
class frame_reader {
public:
    frame_reader(int descriptor, std::uint64_t bytes, std::size_t page_bytes)
        : descriptor_(descriptor), bytes_(bytes), frame_(frame_header_bytes + page_bytes) {}
    bool next() {
        if (offset_ + frame_.size() > bytes_ || !read_at(descriptor_, offset_, frame_.data(), frame_.size()))
            return false;
        offset_ += frame_.size();
        return true;
    }
    bool is_commit() const { return big_word(frame_.data() + 4) != 0; }
    log_generation generation() const { return generation_at(frame_.data() + 8); }
    bool is_good(log_checksum& sum) const {
        sum.add({frame_.data(), 8});
        sum.add({frame_.data() + frame_header_bytes, frame_.size() - frame_header_bytes});
        return sum.is(frame_.data() + 16);
    }

private:
    int descriptor_;
    std::uint64_t bytes_;
    std::vector<char> frame_;
    std::uint64_t offset_{header_bytes};
};

}  // namespace

write_ahead_log read_write_ahead_log(const std::string& path, std::size_t page_bytes) {
    write_ahead_log log;
    const owned_descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat about {};
    if (file.get() < 0 || ::fstat(file.get(), &about) != 0) return log;
    log.exists = true;
    log.bytes = static_cast<std::uint64_t>(about.st_size);
    log_header header{};
    if (!read_at(file.get(), 0, header.data(), header.size())) return log;
    log_checksum sum(big_word(header.data()) == magic_big);
    const bool sound = is_good(header, sum) && big_word(header.data() + 8) == page_bytes;
    if (sound) log.generation = generation_at(header.data() + 16);
    frame_reader frames(file.get(), log.bytes, page_bytes);
    bool good = sound;
    for (std::uint64_t count = 1; frames.next(); ++count) {
        if (count == 1) log.behind = log.generation.value_or(frames.generation());
        good = good && frames.generation() == log.generation && frames.is_good(sum);
        if (!frames.is_commit()) continue;
        if (good) log.frames = count;
        else if (frames.generation() == log.behind) ++log.cut_off;
    }
    return log;
}

std::optional<log_generation> read_generation(int log_descriptor) {
    log_header header{};
    if (!read_at(log_descriptor, 0, header.data(), header.size())) return std::nullopt;
    return generation_at(header.data() + 16);
}

}  // namespace freshet
