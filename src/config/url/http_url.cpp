#include "config/url/http_url.hpp"

#include "base/conceal.hpp"
#include "config/url/address.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace freshet {

namespace {

problem wrong_http(std::string sentence) { return {errc::wrong_config, effect::not_done, std::move(sentence)}; }

/// What libcurl would send as it is, and no server take so.
bool is_unfit(char c) noexcept { return static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f; }

}  // namespace

result<http_url> parse_http_url(std::string_view text) {
    http_url to;
    to.tls = text.starts_with("https://");
    const std::string_view scheme = to.tls ? "https://" : "http://";
    if (!text.starts_with(scheme))
        return wrong_http(
            fmt::format("{} cannot be called; write \"http://HOST[:PORT]/PATH\", \"https://...\", or "
                        "{{ exec = [\"/PATH\", ...] }} for a program",
                        url_in_quotes(text)));
    if (std::any_of(text.begin(), text.end(), is_unfit))
        return wrong_http(
            "a URL has ASCII's characters alone, and no blanks; write others as %20 and so on, and a host's as its "
            "\"xn--\" name");
    if (text.find('#') != text.npos) return wrong_http("a URL that is called has no '#'; write it as %23");
    const std::string_view behind = text.substr(scheme.size());
    const std::string_view authority = behind.substr(0, behind.find_first_of("/?"));
    if (authority.find('@') != authority.npos)
        return wrong_http("a user name and password in a URL that is called are not in this version");
    if (const std::string wrong = reading::wrong_server(authority); !wrong.empty())
        return wrong_http(fmt::format("{}; write \"{}HOST[:PORT]/PATH\"", wrong, scheme));
    auto parts = reading::split_address(authority);
    to.host = std::move(parts->host);
    to.port = parts->port.value_or(to.tls ? 443 : 80);
    to.authority = authority;
    to.text = text;
    return to;
}

}  // namespace freshet
