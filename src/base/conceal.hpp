// Secrets on their way to a terminal or a log: passwords in URLs, and what the environment filled into a file.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace freshet {

/// A text that nobody is shown, and what is shown in its place.
struct secret {
    std::string text;
    std::string shown;  ///< "${NAME}"
};

/// Shorter ones are found in too many words that have nothing to do with them; sentences about the option itself know
/// them all the same.
inline constexpr std::size_t concealed_min_bytes = 4;

/// `text` without user and password of the URLs in it ("amqp://...@host"), and with what is shown for each secret.
std::string conceal(std::string_view text, std::span<const secret> secrets = {});
/// One URL, however wrong, in quotes: neither what stands in front of its last '@' is shown, nor a password whose '@'
/// was forgotten.
std::string url_in_quotes(std::string_view url);

}  // namespace freshet
