// The headers of CloudEvents on Kafka.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>

namespace freshet {

constexpr std::string_view event_prefix = "ce_";
constexpr std::string_view id_header = "ce_id";
constexpr std::string_view time_header = "ce_time";
constexpr std::string_view type_header = "ce_type";
constexpr std::string_view source_header = "ce_source";
constexpr std::string_view version_header = "ce_specversion";

/// Of what this project publishes.
inline bool is_own_event_header(std::string_view name) noexcept {
    constexpr std::string_view all[] = {version_header, id_header, source_header, type_header, time_header};
    return std::find(std::begin(all), std::end(all), name) != std::end(all);
}

}  // namespace freshet
