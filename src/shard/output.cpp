#include "shard/output.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace freshet {

namespace {
constexpr std::size_t pieces_max = 64;                        ///< of one system call
constexpr std::size_t compact_bytes = std::size_t{64} << 10;  ///< sent text that is worth moving the rest over
constexpr std::size_t copied_share = 4;                       ///< a slice of less than 1/4 of its chunk is copied
}  // namespace

bool output::send(int descriptor, std::size_t& sent) {
    sent = 0;
    while (!empty()) {
        ssize_t n;
        std::size_t offered = 0;
        if (lent_at_ == lent_.size()) {
            offered = text_.size() - text_at_;
            n = ::send(descriptor, text_.data() + text_at_, offered, MSG_NOSIGNAL);
        } else {
            std::array<iovec, pieces_max> pieces;
            std::size_t count = 0;
            const auto add = [&](const char* data, std::size_t size) {
                if (size == 0) return;
                pieces[count++] = {const_cast<char*>(data), size};
                offered += size;
            };
            std::size_t at = text_at_;
            std::size_t i = lent_at_;
            for (; i < lent_.size() && count + 2 <= pieces_max; ++i) {
                add(text_.data() + at, lent_[i].at - at);
                at = lent_[i].at;
                add(lent_[i].what.view().data(), lent_[i].what.size());
            }
            if (i == lent_.size() && count < pieces_max) add(text_.data() + at, text_.size() - at);
            msghdr message{};
            message.msg_iov = pieces.data();
            message.msg_iovlen = count;
            n = ::sendmsg(descriptor, &message, MSG_NOSIGNAL);
        }
        if (n < 0) return errno == EAGAIN || errno == EINTR;
        consume(static_cast<std::size_t>(n));
        sent += static_cast<std::size_t>(n);
        if (static_cast<std::size_t>(n) < offered) break;
    }
    return true;
}

void output::consume(std::size_t n) {
    while (n != 0 && lent_at_ < lent_.size()) {
        lent& next = lent_[lent_at_];
        const std::size_t text = std::min(n, next.at - text_at_);
        text_at_ += text;
        n -= text;
        const std::size_t part = std::min(n, next.what.size());
        next.what.consume(part);
        lent_bytes_ -= part;
        n -= part;
        if (next.at != text_at_ || next.what.size() != 0) break;
        next.what.reset();
        ++lent_at_;
    }
    text_at_ += n;
    if (lent_at_ == lent_.size()) {
        lent_.clear();
        lent_at_ = 0;
    }
    if (empty()) {
        text_.clear();
        text_at_ = 0;
    } else if (text_at_ > compact_bytes && text_at_ > text_.size() / 2) {
        compact();
    }
}

void output::compact() {
    lent_.erase(lent_.begin(), lent_.begin() + static_cast<std::ptrdiff_t>(lent_at_));
    lent_at_ = 0;
    for (lent& l : lent_) l.at -= text_at_;
    text_.consume(text_at_);
    text_at_ = 0;
}

void output::move_to(output& other) {
    std::size_t at = text_at_;
    for (; lent_at_ < lent_.size(); ++lent_at_) {
        lent& l = lent_[lent_at_];
        other.text_.append(text_.view(at).substr(0, l.at - at));
        at = l.at;
        if (l.what.size() < l.what.pinned_bytes() / copied_share) other.text_.append(l.what.view());
        else other.lend(std::move(l.what));
    }
    other.text_.append(text_.view(at));
    clear(text_.capacity());
}

void output::clear(std::size_t keep) {
    text_.release(keep);
    text_at_ = 0;
    lent_.clear();
    if (keep == 0) lent_.shrink_to_fit();
    lent_at_ = lent_bytes_ = 0;
}

}  // namespace freshet
