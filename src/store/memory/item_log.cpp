#include "store/memory/item_log.hpp"

#include "base/bytes.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <limits>
#include <system_error>

namespace freshet {

namespace {
constexpr std::size_t page = 4096;
constexpr std::size_t segment_min = std::size_t{16} << 10;
constexpr std::size_t segment_max = std::size_t{128} << 10;
constexpr std::size_t large_share = 8;  ///< an item above 1/8 of a segment has a segment of its own
constexpr std::size_t address_share =
    9;  ///< address space as a multiple of the memory: large items leave most of a segment untouched
constexpr std::size_t addresses_max =
    std::numeric_limits<std::uint32_t>::max() * stored_item::unit;  ///< what a reference can name

std::size_t whole_pages(std::size_t bytes) { return (bytes + page - 1) / page * page; }
}  // namespace

item_log::item_log(std::size_t size_bytes)
    : segment_bytes_(std::clamp(std::bit_floor(size_bytes / 64), segment_min, segment_max)) {
    const std::size_t slots =
        std::min(size_bytes * address_share / segment_bytes_ + 16, addresses_max / segment_bytes_);
    void* const memory = ::mmap(nullptr, slots * segment_bytes_, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        throw std::system_error(errno, std::system_category(), "address space for the memory store");
    base_ = static_cast<char*>(memory);
    segments_.resize(slots, segment{none, none, 0, 0, 0, small, false});
    free_.reserve(slots);
}

item_log::~item_log() { ::munmap(base_, segments_.size() * segment_bytes_); }

std::size_t item_log::charge(const segment& s) const noexcept {
    return s.single ? whole_pages(s.used) : segment_bytes_;
}

std::size_t item_log::growth(std::size_t units) const noexcept {
    const std::size_t size = units * stored_item::unit;
    return size > segment_bytes_ / large_share ? whole_pages(size) : segment_bytes_;
}

stored_item* item_log::append(list l, std::size_t units) noexcept {
    const segment_id head = heads_[l];
    const std::size_t size = units * stored_item::unit;
    if (head == none || size > segment_bytes_ / large_share) return nullptr;
    segment& s = segments_[head];
    if (s.single || s.used + size > segment_bytes_) return nullptr;
    char* const at = base_ + std::size_t{head} * segment_bytes_ + s.used;
    s.used += size;
    ++s.live;
    return reinterpret_cast<stored_item*>(at);
}

item_log::segment_id item_log::take(std::size_t slots) noexcept {
    if (slots == 1 && !free_.empty()) {
        const segment_id s = free_.back();
        free_.pop_back();
        return s;
    }
    if (fresh_ + slots <= segments_.size()) {
        const segment_id s = fresh_;
        fresh_ += static_cast<segment_id>(slots);
        return s;
    }
    // Long runs are rare: look for neighbours among the free ones.
    std::sort(free_.begin(), free_.end());
    for (std::size_t i = 0; i + slots <= free_.size(); ++i) {
        if (free_[i + slots - 1] != free_[i] + slots - 1) continue;
        const segment_id s = free_[i];
        free_.erase(free_.begin() + static_cast<std::ptrdiff_t>(i),
                    free_.begin() + static_cast<std::ptrdiff_t>(i + slots));
        return s;
    }
    return none;
}

void item_log::link(segment_id id, list l) noexcept {
    segment& s = segments_[id];
    s.in = l;
    // A segment of one large item goes behind the head, which is still being filled.
    const segment_id head = heads_[l];
    if (s.single && head != none && !segments_[head].single) {
        s.newer = head;
        s.older = segments_[head].older;
        segments_[head].older = id;
        if (s.older != none) segments_[s.older].newer = id;
        else tails_[l] = id;
    } else {
        s.newer = none;
        s.older = head;
        if (head != none) segments_[head].newer = id;
        else tails_[l] = id;
        heads_[l] = id;
    }
    bytes_[l] += charge(s);
}

stored_item* item_log::grow(list l, std::size_t units) noexcept {
    const std::size_t size = units * stored_item::unit;
    const bool alone = size > segment_bytes_ / large_share;
    const std::size_t slots = alone ? (size + segment_bytes_ - 1) / segment_bytes_ : 1;
    const segment_id id = take(slots);
    if (id == none) return nullptr;
    segments_[id] = {none, none, 1, static_cast<std::uint32_t>(slots), size, l, alone};
    link(id, l);
    return reinterpret_cast<stored_item*>(base_ + std::size_t{id} * segment_bytes_);
}

void item_log::unlink(segment_id id) noexcept {
    segment& s = segments_[id];
    if (s.newer != none) segments_[s.newer].older = s.older;
    else heads_[s.in] = s.older;
    if (s.older != none) segments_[s.older].newer = s.newer;
    else tails_[s.in] = s.newer;
    bytes_[s.in] -= charge(s);
    s.newer = s.older = none;
}

void item_log::relink(segment_id id, list l) noexcept { link(id, l); }

void item_log::release(segment_id id) noexcept {
    segment& s = segments_[id];
    if (s.single) ::madvise(base_ + std::size_t{id} * segment_bytes_, whole_pages(s.used), MADV_DONTNEED);
    for (std::uint32_t i = s.slots; i != 0; --i) free_.push_back(id + i - 1);
    s.slots = 0;
    s.used = 0;
    s.live = 0;
}

bool item_log::forget(const stored_item& item) noexcept {
    const segment_id id = segment_of(item);
    segment& s = segments_[id];
    return --s.live == 0 && (s.single || id != heads_[s.in]);
}

void item_log::clear() noexcept {
    ::madvise(base_, std::size_t{fresh_} * segment_bytes_, MADV_DONTNEED);
    heads_ = tails_ = {none, none};
    bytes_ = {};
    free_.clear();
    fresh_ = 0;
}

}  // namespace freshet
