// Whether all that was ready has come: from the end of each partition, as the broker said last, and from what was
// published here.
#pragma once

#include "queue/kafka/consumer/offsets.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace freshet {

class kafka_levels {
public:
    using all_offsets = std::map<std::int32_t, kafka_offsets>;

    /// Of these partitions messages come from now on. What ends were known of others is forgotten.
    void given(std::vector<std::int32_t> partitions);
    /// None come until given().
    void taken();
    /// The partition was read to its end: the next message there has this offset.
    void read_to_end(std::int32_t partition, std::int64_t offset) { ends_[partition] = offset; }
    /// One was confirmed.
    void published(std::int32_t partition, std::int64_t offset);

    void ask() noexcept { asked_ = true; }
    /// Somebody has asked, and it can be told now. `holding`: no more are taken in.
    bool take_answer(const all_offsets& came, bool holding);
    bool is_level(const all_offsets& came, bool holding) const;

private:
    bool is_level(std::int32_t partition, const all_offsets& came) const;

    std::optional<std::vector<std::int32_t>> partitions_{};  ///< none at all is all of them, where others have the rest
    std::map<std::int32_t, std::int64_t> ends_{};
    std::map<std::int32_t, std::int64_t> published_{};  ///< behind the last confirmed one
    bool asked_{false};
};

}  // namespace freshet
