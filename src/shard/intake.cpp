#include "shard/intake.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace freshet {

namespace {
constexpr std::size_t read_max_bytes = std::size_t{64} << 10;
constexpr std::size_t read_least_bytes = std::size_t{16} << 10;
/// What must become longer is received into a chunk of its own.
constexpr std::size_t in_common_max_bytes = std::size_t{64} << 10;
/// Of what is said to become longer, a chunk is no larger than this, or than twice what has come of it.
constexpr std::size_t believed_max_bytes = std::size_t{64} << 20;
}  // namespace

ssize_t intake::receive(int descriptor, std::size_t wanted) {
    const std::size_t have = unread.size();
    if (std::max(wanted, have) > in_common_max_bytes) return receive_kept(descriptor, wanted);
    const pool::room room = pool_.common(std::max(wanted, have) + read_least_bytes);
    if (have != 0) std::memcpy(room.begin, unread.data(), have);
    const ssize_t n = ::recv(descriptor, room.begin + have, std::min(room.size - have, read_max_bytes), 0);
    if (n <= 0) return n;
    if (kept_ != nullptr) std::exchange(kept_, nullptr)->leave();
    common_ = room.in;
    in_common_ = true;
    filled_ = have + static_cast<std::size_t>(n);
    unread = {room.begin, filled_};
    return n;
}

/// Straight to where it will stay: no more than what is wanted, if that is known.
ssize_t intake::receive_kept(int descriptor, std::size_t wanted) {
    const std::size_t have = unread.size();
    const std::size_t missing = wanted > have ? wanted - have : read_least_bytes;
    const auto used = kept_ != nullptr ? static_cast<std::size_t>(unread.data() - kept_->data()) : 0;
    if (kept_ == nullptr || kept_->capacity() - used - have < std::min(missing, read_least_bytes)) {
        const std::size_t more = wanted > have ? std::min(missing, std::max(believed_max_bytes, have))
                                               : std::max(read_least_bytes, have / 2);
        chunk* const larger = pool_.take(have + more);
        if (have != 0) std::memcpy(larger->data(), unread.data(), have);
        if (kept_ != nullptr) kept_->leave();
        kept_ = larger;
        unread = {larger->data(), have};
    }
    const auto filled = static_cast<std::size_t>(unread.data() - kept_->data()) + have;
    const std::size_t room = std::min(kept_->capacity() - filled, missing);
    char* const end = const_cast<char*>(unread.data()) + have;
    const ssize_t n = ::recv(descriptor, end, room, 0);
    if (n > 0) unread = {unread.data(), have + static_cast<std::size_t>(n)};
    return n;
}

void intake::settle(std::size_t wanted) {
    if (in_common_) {
        in_common_ = false;
        if (!unread.empty()) {
            kept_ = pool_.take(
                std::max(unread.size(), wanted > in_common_max_bytes ? std::min(wanted, believed_max_bytes) : 0));
            std::memcpy(kept_->data(), unread.data(), unread.size());
            unread = {kept_->data(), unread.size()};
        }
        pool_.common_done(filled_);
    } else if (kept_ != nullptr && unread.empty()) {
        std::exchange(kept_, nullptr)->leave();
    }
}

void intake::clear() noexcept {
    if (in_common_) pool_.common_done(filled_);
    in_common_ = false;
    if (kept_ != nullptr) std::exchange(kept_, nullptr)->leave();
    unread = {};
}

}  // namespace freshet
