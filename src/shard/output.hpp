// What a connection is to send: text of its own, and slices of values between it, in one sendmsg where the socket takes
// it. Own thread only.
#pragma once

#include "base/bytes.hpp"
#include "shard/slice.hpp"

#include <cstddef>
#include <vector>

namespace freshet {

/// Kept from turn to turn by what holds a connection; text is appended, slices are lent.
class output {
public:
    /// Append here; it comes behind all that is there.
    bytes& text() noexcept { return text_; }
    /// The slice comes behind all that is there.
    void lend(slice s) {
        lent_.push_back({text_.size(), std::move(s)});
        lent_bytes_ += lent_.back().what.size();
    }
    /// Bytes that are not sent yet.
    std::size_t size() const noexcept { return text_.size() - text_at_ + lent_bytes_; }
    bool empty() const noexcept { return size() == 0; }

    /// Sends what the socket takes; `sent`: how much that was. False: the socket has failed, see errno.
    bool send(int descriptor, std::size_t& sent);
    /// Appends what is left to another one and is empty then. Small slices are copied: one that waits pins no chunk of
    /// which it is a small part.
    void move_to(output& other);
    /// Empty; memory beyond `keep` bytes goes back.
    void clear(std::size_t keep);

private:
    struct lent {
        std::size_t at;  ///< bytes of text in front of it
        slice what;
    };

    void consume(std::size_t n);
    void compact();

    bytes text_;
    std::size_t text_at_{0};  ///< of text_: sent
    std::vector<lent> lent_;
    std::size_t lent_at_{0};  ///< of lent_: sent
    std::size_t lent_bytes_{0};
};

}  // namespace freshet
