// The client's side of the classic protocol, as far as a tool needs it: commands written, answers read. No sockets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace freshet {

void append_get(std::string& to, std::string_view key);
void append_set(std::string& to, std::string_view key, std::string_view value);

/// What a server says to one get of one key, or to any command that has one line for an answer.
struct classic_answer {
    enum class kind : std::uint8_t { value, miss, line };

    kind is{kind::line};
    std::string_view text{};  ///< the value, or the line without its end; a view of what was read
};

/// Takes the first answer off `input`. Nothing: it is not whole yet.
/// Throws std::runtime_error where it is no answer of the protocol.
std::optional<classic_answer> next_answer(std::string_view& input);

}  // namespace freshet
