#include "flow/http/http.hpp"

#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "base/whole_number.hpp"
#include "flow/worker.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>

namespace freshet {

namespace {

constexpr auto number = [](std::string_view text) { return whole_number<unsigned>(text); };

problem wrong_url(std::string_view text, std::string_view why) {
    return {errc::wrong_config, effect::not_done, fmt::format("\"{}\" is no URL for a flow: {}", text, why)};
}

/// What libcurl takes for the same host: a name, "127.0.0.1", or what stands in brackets.
bool is_host(const std::string& host, bool bracketed) {
    if (bracketed) {
        in6_addr to;
        return ::inet_pton(AF_INET6, host.c_str(), &to) == 1;
    }
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
    constexpr std::size_t name_max = 253;
    return host.size() <= name_max && host.find_first_not_of(allowed) == std::string::npos;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that may still be sent.
std::optional<std::chrono::sys_seconds> parse_date(std::string_view text) {
    constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (text.size() != 29 || text.substr(25) != " GMT" || text[19] != ':' || text[22] != ':') return std::nullopt;
    const auto month = std::find(months.begin(), months.end(), text.substr(8, 3));
    const auto day = number(text.substr(5, 2)), year = number(text.substr(12, 4));
    const auto hour = number(text.substr(17, 2)), minute = number(text.substr(20, 2)),
               second = number(text.substr(23, 2));
    if (month == months.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                           std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1),
                                           std::chrono::day(*day));
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
}

}  // namespace

result<http_url> parse_http_url(std::string_view text) {
    constexpr std::string_view plain = "http://", secured = "https://";
    http_url url;
    url.tls = text.starts_with(secured);
    if (!url.tls && !text.starts_with(plain)) return wrong_url(text, "it must begin with http:// or https://");
    const auto unfit = [](unsigned char c) { return c <= ' ' || c >= 0x7f; };
    if (std::any_of(text.begin(), text.end(), unfit))
        return wrong_url(text, "blanks and other bytes must be percent-encoded");
    const std::string_view rest = text.substr(url.tls ? secured.size() : plain.size());
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    if (authority.find('@') != std::string_view::npos)
        return wrong_url(text, "a user or password in it is not supported");

    const bool bracketed = authority.starts_with('[');
    const auto host_end = bracketed ? authority.find(']') : authority.find(':');
    if (bracketed && host_end == std::string_view::npos) return wrong_url(text, "a ']' is missing");
    url.host = bracketed ? authority.substr(1, host_end - 1) : authority.substr(0, host_end);
    std::string_view port = authority.substr(std::min(authority.size(), bracketed ? host_end + 1 : host_end));
    if (url.host.empty()) return wrong_url(text, "the host is missing");
    if (!is_host(url.host, bracketed)) return wrong_url(text, "the host is neither a name nor an address");
    url.port = url.tls ? 443 : 80;
    if (!port.empty()) {
        port.remove_prefix(1);
        const auto value = number(port);
        if (authority[authority.size() - port.size() - 1] != ':' || !value || *value == 0 || *value > 65'535)
            return wrong_url(text, "the port must be 1 to 65535");
        url.port = static_cast<std::uint16_t>(*value);
    }
    url.authority = authority;
    url.text = text.substr(0, text.find('#'));
    return url;
}

milliseconds parse_retry_after(std::string_view text, wall::time_point now) {
    if (const auto delay = number(text)) return seconds(*delay);
    const auto date = parse_date(text);
    const auto since = std::chrono::floor<milliseconds>(now);  // nanoseconds would end in 2262
    if (!date || *date <= since) return milliseconds{0};
    return *date - since;
}

enum work_result::verdict judge_status(unsigned status) {
    const bool for_good = status >= 400 && status < 500 && status != 408 && status != 425 && status != 429;
    return for_good ? work_result::verdict::dead : work_result::verdict::retry;
}

}  // namespace freshet
