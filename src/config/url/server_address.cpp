#include "config/url/server_address.hpp"

#include <freshet/config.hpp>

#include "base/conceal.hpp"
#include "base/whole_number.hpp"
#include "config/url/address.hpp"

#include <fmt/format.h>

namespace freshet {

namespace {

constexpr std::string_view server_form = "\"memcached://HOST[:PORT]\" or \"unix:/PATH\"";

problem wrong(std::string sentence) { return {errc::wrong_config, effect::not_done, std::move(sentence)}; }

/// Takes "?weight=N" from the end of the text. False: what stands there is no weight.
bool take_weight(std::string_view& text, unsigned& weight) {
    constexpr unsigned weight_max = 1'000'000;
    const std::size_t at = text.find('?');
    if (at == text.npos) return true;
    std::string_view query = text.substr(at + 1);
    text = text.substr(0, at);
    if (!query.starts_with("weight=")) return false;
    query.remove_prefix(7);
    weight = whole_number<unsigned>(query).value_or(0);
    return weight >= 1 && weight <= weight_max;
}

}  // namespace

std::string server_address::name() const { return is_unix() ? "unix:" + host : reading::join_address(host, port); }

result<server_address> parse_server_address(std::string_view url) {
    constexpr std::string_view scheme = "memcached://";
    const bool local = url.starts_with("unix:");
    std::string_view rest = url;
    server_address to;
    if (!local && !url.starts_with(scheme))
        return wrong(fmt::format("{} is no server; write {}", url_in_quotes(url), server_form));
    if (!take_weight(rest, to.weight))
        return wrong(fmt::format("{}: behind '?' stands weight=N, with 1 to 1000000", url_in_quotes(url)));
    if (local) {
        if (std::string sentence = reading::wrong_listen_address(rest); !sentence.empty())
            return wrong(std::move(sentence));
        to.host = rest.substr(5);
        to.port = 0;
        return to;
    }
    rest.remove_prefix(scheme.size());
    if (rest.ends_with('/')) rest.remove_suffix(1);
    if (rest.find('@') != rest.npos)
        return wrong("memcached servers with SASL cannot be used: a URL has no user and no password");
    if (rest.find('/') != rest.npos)
        return wrong(fmt::format("behind the server stands nothing but ?weight=N; write {}", server_form));
    if (const std::string sentence = reading::wrong_server(rest); !sentence.empty())
        return wrong(fmt::format("{}; write {}", sentence, server_form));
    auto parts = reading::split_address(rest);
    to.host = std::move(parts->host);
    to.port = parts->port.value_or(to.port);
    return to;
}

}  // namespace freshet
