#include "bench/options.hpp"

#include <freshet/error.hpp>

#include "base/escape.hpp"
#include "base/whole_number.hpp"
#include "bench/load/contents.hpp"
#include "bench/load/endpoint.hpp"

#include <fmt/format.h>

#include <charconv>
#include <string_view>

namespace freshet::load {

namespace {

constexpr std::uint64_t ratio_max = 1'000'000;

std::string wrong_key(const std::string& key) {
    const bool spaces = key.find_first_of(std::string("\0 \t\r\n", 5)) != std::string::npos;
    if (!key.empty() && key.size() <= 200 && !spaces) return {};
    return in_quotes(key) + " is no key of a queue; it has 1 to 200 bytes and no blanks, as in \"queue/bench\"";
}

}  // namespace

std::optional<double> real_number(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::optional<protocol> parse_protocol(const std::string& text) {
    if (text == "classic") return protocol::classic;
    if (text == "meta") return protocol::meta;
    if (text == "resp") return protocol::resp;
    return std::nullopt;
}

std::optional<ratio> parse_ratio(const std::string& text) {
    const auto colon = std::string_view(text).find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto gets = whole_number<std::uint64_t>(std::string_view(text).substr(0, colon));
    const auto sets = whole_number<std::uint64_t>(std::string_view(text).substr(colon + 1));
    if (!gets || !sets || *gets + *sets == 0 || *gets > ratio_max || *sets > ratio_max) return std::nullopt;
    return ratio{*gets, *sets};
}

std::optional<double> parse_skew(const std::string& text) {
    constexpr std::string_view zipf = "zipf:";
    if (text == "uniform") return 0.0;
    if (!text.starts_with(zipf)) return std::nullopt;
    const auto exponent = real_number(std::string_view(text).substr(zipf.size()));
    if (!exponent || !(*exponent > 0 && *exponent <= 10)) return std::nullopt;
    return exponent;
}

std::string cache_options::wrong() const {
    if (address.empty()) return "name the server: freshet bench HOST:PORT, [IPV6]:PORT or unix:/PATH";
    if (std::string w = wrong_address(address); !w.empty()) return w;
    if (threads > connections) {
        return fmt::format("{} threads have no use for {} connections; each thread has its own", threads, connections);
    }
    if (key_bytes < key_bytes_min || key_bytes > key_bytes_max)
        return fmt::format("--key-size is {} to {}", key_bytes_min, key_bytes_max);
    if (rate > 0 && rate < static_cast<double>(multi)) return "--rate is at least one command a second";
    return {};
}

std::string queue_options::wrong() const {
    if (address.empty()) return "name the server: freshet bench queue HOST:PORT, [IPV6]:PORT or unix:/PATH";
    if (std::string w = wrong_address(address); !w.empty()) return w;
    if (std::string w = wrong_key(key); !w.empty()) return w;
    if (value_bytes < 16) return "--value is at least 16 here: a message holds its number";
    return {};
}

}  // namespace freshet::load
