// The store in memory.
#pragma once

#include <freshet/time.hpp>

#include "store/statistics.hpp"
#include "store/store.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

struct memory_options {
    std::size_t size_bytes{std::size_t{64} << 20};          ///< of all it uses: items, index, ghosts
    std::size_t item_size_max_bytes{std::size_t{1} << 20};  ///< as memcached's -I: key, header and value together
};

/// The memory store. submit() always answers now and may be called from any thread.
class memory_store : public store {
public:
    /// Everything goes at once (delay 0), or when `delay` is over.
    virtual void flush_all(steady::time_point now, seconds delay) = 0;
    virtual void add_statistics(std::vector<statistic>& to, std::string_view group, steady::time_point now) = 0;
    virtual void reset_statistics() = 0;
    virtual std::size_t bytes_used() const = 0;

    /// Of a result that a journal keeps, too: when it expires now (1970: never), or nothing, it is gone.
    using kept_change = std::function<void(std::string key, std::optional<wall::time_point> expires)>;
    /// Tells what has become of such results since it was asked last, the newest of each.
    virtual void take_kept_changes(const kept_change& tell) = 0;
    /// The item of this key is such a result.
    virtual bool has_kept(std::string_view key) = 0;
};

std::unique_ptr<memory_store> make_memory_store(const memory_options& options);

}  // namespace freshet
