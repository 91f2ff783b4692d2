// Objects of one kind that are used again instead of asking the heap each time. Own thread of a shard.
#pragma once

#include <freshet/time.hpp>

#include "shard/shard.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>

namespace freshet {

/// T says with kept_bytes() how much memory it holds beside itself, and gives that back in release_memory(). What a
/// burst has made goes again: of more than `kept_max` those are deleted that nobody took for `rest`, and all together
/// hold kept_max_bytes, those that are taken first.
template <class T>
class free_list final : private ticker {
public:
    static constexpr std::size_t kept_max = 256;
    static constexpr std::size_t kept_max_bytes = std::size_t{1} << 20;
    static constexpr milliseconds rest{1'000};
    static constexpr std::size_t deleted_at_once = 4'096;  ///< in one tick, so that none lasts long

    explicit free_list(shard& home) : home_(home) {}
    ~free_list() {
        if (ticking_) home_.remove(*this);
    }
    free_list(const free_list&) = delete;
    free_list& operator=(const free_list&) = delete;

    /// The one that was given back last, or one that `make` makes.
    template <class Make>
    std::unique_ptr<T> take(const Make& make) {
        if (free_.empty()) return make();
        std::unique_ptr<T> one = std::move(free_.back());
        drop_last(one->kept_bytes());
        return one;
    }
    std::unique_ptr<T> take() {
        return take([] { return std::make_unique<T>(); });
    }
    void give_back(std::unique_ptr<T> one) noexcept {
        try {
            free_.push_back(std::move(one));
        } catch (const std::bad_alloc&) {
            return;  // it goes instead
        }
        kept_bytes_ += free_.back()->kept_bytes();
        if (kept_bytes_ > kept_max_bytes) release_coldest();
        if (free_.size() > kept_max && !ticking_) begin();
    }
    /// The one that is taken behind the next so many; null: there are not so many.
    const T* ahead(std::size_t n) const noexcept {
        return n < free_.size() ? free_[free_.size() - 1 - n].get() : nullptr;
    }
    std::size_t size() const noexcept { return free_.size(); }
    std::size_t kept_bytes() const noexcept { return kept_bytes_; }

private:
    void drop_last(std::size_t bytes) noexcept {
        free_.pop_back();
        kept_bytes_ -= bytes;
        least_free_ = std::min(least_free_, free_.size());
        released_ = std::min(released_, free_.size());
    }
    void release_coldest() {
        for (; kept_bytes_ > kept_max_bytes && released_ < free_.size(); ++released_) {
            kept_bytes_ -= free_[released_]->kept_bytes();
            free_[released_]->release_memory();
            kept_bytes_ += free_[released_]->kept_bytes();
        }
    }
    void begin() {
        ticking_ = true;
        least_free_ = free_.size();
        looked_ = home_.now();
        home_.add(*this);
    }
    void tick(steady::time_point now) override {
        if (now - looked_ >= rest) {
            looked_ = now;
            unused_ = least_free_ > kept_max ? least_free_ - kept_max : 0;
            least_free_ = free_.size();
        }
        for (std::size_t n = std::min({unused_, deleted_at_once, free_.size()}); n != 0; --n, --unused_)
            drop_last(free_.back()->kept_bytes());
        if (free_.size() > kept_max) return;
        free_.shrink_to_fit();
        ticking_ = false;
        home_.remove(*this);
    }

    shard& home_;
    std::vector<std::unique_ptr<T>> free_;
    std::size_t kept_bytes_{0};  ///< of those that are free
    std::size_t released_{0};    ///< the first so many hold nothing
    std::size_t least_free_{0};  ///< since it was looked at last
    std::size_t unused_{0};      ///< to be deleted
    steady::time_point looked_{};
    bool ticking_{false};
};

}  // namespace freshet
