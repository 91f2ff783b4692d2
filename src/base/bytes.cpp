#include "base/bytes.hpp"

#include <algorithm>
#include <charconv>

namespace freshet {

void bytes::grow(std::size_t n) {
    const std::size_t capacity = std::max({capacity_ * 2, size_ + n, std::size_t{64}});
    auto data = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ != 0) std::memcpy(data.get(), data_.get(), size_);
    data_ = std::move(data);
    capacity_ = capacity;
}

void bytes::append_number(std::uint64_t n) {
    char* at = prepare(20);
    commit(static_cast<std::size_t>(std::to_chars(at, at + 20, n).ptr - at));
}

void bytes::append_signed(std::int64_t n) {
    char* at = prepare(20);
    commit(static_cast<std::size_t>(std::to_chars(at, at + 20, n).ptr - at));
}

}  // namespace freshet
