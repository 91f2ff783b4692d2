// What a parser makes of a client's bytes, as lines that a test can compare, however the bytes are cut into reads.
#pragma once

#include "protocol/form.hpp"
#include "protocol/request.hpp"
#include "protocol/request_parser.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace freshet::test {

inline std::string_view name_of(command c) {
    constexpr std::string_view names[] = {"get",     "touch",     "store",     "remove", "arithmetic", "inspect",
                                          "version", "verbosity", "flush_all", "stats",  "noop",       "quit"};
    return names[static_cast<std::size_t>(c)];
}

inline std::string_view name_of(store_mode m) {
    constexpr std::string_view names[] = {"set", "add", "replace", "append", "prepend"};
    return names[static_cast<std::size_t>(m)];
}

/// Every field that is not as in a new request, in the order of the struct; a number behind '@' is a flag's place.
inline std::string describe(const request& r) {
    const request fresh;
    std::string line(name_of(r.command));
    const auto mark = [&](bool is, std::string_view name) {
        if (is) line.append(" ").append(name);
    };
    const auto number = [&](auto is, auto was, std::string_view name) {
        if (is != was) line.append(" ").append(name).append("=").append(std::to_string(is));
    };
    const auto place = [&](bool is, unsigned at, std::string_view name, std::int64_t n) {
        if (!is) return;
        line.append(" ").append(name).append("=").append(std::to_string(n)).append("@").append(std::to_string(at));
    };
    if (!r.key.empty()) line.append(" ").append(r.key);
    if (r.command == command::store) line.append(" ").append(name_of(r.mode)).append(" '").append(r.value).append("'");
    mark(r.want_value, "v");
    mark(r.invalidate, "I");
    mark(r.may_win, "may_win");
    mark(r.drop_value, "x");
    mark(r.decrement, "decrement");
    mark(r.too_large, "too_large");
    mark(r.keep_item, "keep_item");
    mark(r.binary_key, "b");
    mark(r.no_bump, "u");
    place(r.vivify, r.vivify_place, "N", r.vivify_exptime);
    place(r.touch, r.touch_place, "T", r.exptime);
    place(r.recache, r.recache_place, "R", r.recache_ttl);
    if (r.ttl_place != 0) line.append(" t@").append(std::to_string(r.ttl_place));
    number(r.flags, fresh.flags, "flags");
    if (!r.touch) number(r.exptime, fresh.exptime, "exptime");
    if (r.compare) line.append(" compare=").append(std::to_string(r.compare_cas));
    if (r.assign) line.append(" assign=").append(std::to_string(r.assign_cas));
    number(r.delta, fresh.delta, "delta");
    number(r.initial, fresh.initial, "initial");
    return line;
}

inline std::string describe(const form& f) {
    std::string line;
    switch (f.dialect) {
        case dialect::classic_get: line = "get"; break;
        case dialect::classic_gets: line = "gets"; break;
        case dialect::classic_line: line = "line"; break;
        case dialect::meta: line = std::string("m") + f.verb; break;
        case dialect::meta_inspect: line = "me"; break;
    }
    if (f.noreply) line += " noreply";
    if (f.quiet) line += " quiet";
    if (f.base64) line += " base64";
    if (!f.last) line += " more";
    if (!f.single) line += " among";
    if (f.return_count != 0) line.append(" returns ").append(f.returns_view());
    if (f.opaque_size != 0) line.append(" opaque ").append(f.opaque_view());
    return line;
}

inline std::string describe(request_parser::status s, const request_parser& p, const request& r, const form& f) {
    using status = request_parser::status;
    std::string text(p.text());
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    switch (s) {
        case status::call: return describe(r) + " | " + describe(f);
        case status::local: {
            std::string line = describe(r);
            if (r.command == command::stats && !p.arguments().empty()) line.append(" ").append(p.arguments());
            return line + " | " + describe(f);
        }
        case status::error: return "error " + text + (f.noreply ? " | noreply" : "");
        case status::closing: return "closing" + (text.empty() ? text : " " + text);
        default: return "nothing";
    }
}

/// Feeds `input` in pieces: `size()` says how long the next one is. A line for each request and answer; what is behind
/// a close is not read, and what is not whole yet is the last line.
template <class Size>
std::vector<std::string> transcript(std::string_view input, std::size_t item_size_max, Size size) {
    using status = request_parser::status;
    request_parser parser(item_size_max);
    request r;
    form f;
    std::vector<std::string> lines;
    std::size_t begin = 0;
    for (std::size_t end = 0; end != input.size();) {
        end = std::min(input.size(), end + std::max<std::size_t>(1, size()));
        // a copy as large as what is there, so that a sanitizer sees a read beyond its end
        const std::vector<char> there(input.begin() + static_cast<std::ptrdiff_t>(begin),
                                      input.begin() + static_cast<std::ptrdiff_t>(end));
        std::string_view view(there.data(), there.size());
        while (true) {
            const status s = parser.next(view, r, f);
            if (s == status::more) break;
            lines.push_back(describe(s, parser, r, f));
            if (s == status::closing) return lines;
        }
        begin = end - view.size();
    }
    if (begin != input.size()) lines.push_back("left " + std::to_string(input.size() - begin));
    return lines;
}

}  // namespace freshet::test
