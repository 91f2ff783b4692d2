// The classic commands.
#include "protocol/command_line.hpp"

#include "protocol/form.hpp"
#include "protocol/number.hpp"
#include "protocol/request.hpp"
#include "protocol/request_parser.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace freshet {

namespace {

constexpr std::string_view error = "ERROR\r\n", at_the_end = "END\r\n";
constexpr std::string_view bad_exptime = "CLIENT_ERROR invalid exptime argument\r\n";

struct store_name {
    std::string_view name;
    store_mode mode;
    bool compare;
};
constexpr store_name store_names[] = {
    {"set", store_mode::set, false},         {"add", store_mode::add, false},
    {"replace", store_mode::replace, false}, {"append", store_mode::append, false},
    {"prepend", store_mode::prepend, false}, {"cas", store_mode::set, true},
};

const store_name* find_store(std::string_view name) noexcept {
    for (const auto& s : store_names) {
        if (s.name == name) return &s;
    }
    return nullptr;
}

}  // namespace

request_parser::status request_parser::command_line(std::string_view& input, const line& l, request& r, form& f) {
    const std::string_view name = l[0];
    if (l.count == 0 || name.size() < 2) return fail(error);
    switch (name.front()) {
        case 'g':
            if (name == "get" || name == "gets" || name == "gat" || name == "gats") return classic_get(input, l, r, f);
            return fail(error);
        case 'm':
            if (name.size() == 2) return meta(input, l, r, f);
            break;
        case 'b':
            if (name == "bget") return classic_get(input, l, r, f);
            break;
        case 's':
        case 'a':
        case 'r':
        case 'p':
        case 'c':
            if (find_store(name) != nullptr) return classic_store(input, l, r, f);
            break;
        case 'd':
        case 'i':
        case 't': return classic_line(l, r, f);
        default: break;
    }
    return local(l, r, f);
}

request_parser::status request_parser::classic_store(std::string_view& input, const line& l, request& r, form& f) {
    const store_name& which = *find_store(l[0]);
    const std::size_t arguments = which.compare ? 6 : 5;
    if (l.count < arguments || l.count > arguments + 1) return fail(error);
    r.mode = which.mode;
    f.noreply = l.noreply();
    r.key = l[1];
    std::int32_t exptime;
    std::int32_t size;
    if (r.key.size() > key_size_max || !parse_flags(l[2], r.flags) || !parse_int32(l[3], exptime) ||
        !parse_int32(l[4], size))
        return fail(bad_format);
    r.exptime = exptime;
    if (which.compare) {
        r.compare = true;
        if (!parse_unsigned(l[5], r.compare_cas)) return fail(bad_format);
    }
    if (size < 0 || size > value_size_max) return fail(bad_format);
    const auto value_size = static_cast<std::size_t>(size);
    r.command = command::store;
    if (too_large(r.key.size(), r.flags, value_size)) {
        r.too_large = true;
        r.keep_item = r.mode != store_mode::set || r.compare;
        input.remove_prefix(l.size);
        swallow_ = value_size + 2;
        return status::call;
    }
    return value(input, l.size, value_size, r);
}

/// Takes the first key; the others follow one by one.
request_parser::status request_parser::classic_get(std::string_view& input, const line& l, request& r, form& f) {
    if (l.count < 2) return fail(error);
    const std::string_view name = l[0];
    keys_touch_ = name.starts_with("gat");
    keys_dialect_ = name.back() == 's' ? dialect::classic_gets : dialect::classic_get;
    std::string_view rest = l.text;
    next_token(rest);
    if (keys_touch_) {
        std::int32_t exptime;
        if (!parse_int32(next_token(rest), exptime)) return fail(bad_exptime);
        keys_exptime_ = exptime;
        if (l.count == 2) {
            return fail(at_the_end);
        }
    }
    for (std::string_view check = rest; !check.empty();) {
        if (next_token(check).size() > key_size_max) return fail(bad_format);
    }
    const auto head = static_cast<std::size_t>(rest.data() - input.data());
    line_left_ = l.size - head;
    keys_left_ = rest.size();
    input.remove_prefix(head);
    const status s = next_key(input, r, f);
    f.single = f.last;
    return s;
}

void request_parser::key_of_get(std::string_view key, request& r, form& f) const noexcept {
    r = {};
    r.command = command::get;
    r.want_value = true;
    r.key = key;
    r.touch = keys_touch_;
    r.touch_place = 1;
    r.exptime = keys_exptime_;
    f.dialect = keys_dialect_;
    f.noreply = f.quiet = f.single = false;
}

request_parser::status request_parser::next_key(std::string_view& input, request& r, form& f) {
    std::string_view rest = input.substr(0, keys_left_);
    const std::size_t before = rest.size();
    key_of_get(next_token(rest), r, f);
    const std::size_t consumed = before - rest.size();
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    f.last = rest.empty();
    const std::size_t n = f.last ? line_left_ : consumed;
    input.remove_prefix(n);
    line_left_ -= n;
    keys_left_ -= std::min(n, keys_left_);
    return status::call;
}

/// The line has no limit, as memcached's has none; no more of it is kept than a key.
void request_parser::begin_long_get(std::string_view& input) {
    keys_dialect_ = next_token(input) == "gets" ? dialect::classic_gets : dialect::classic_get;
    keys_touch_ = false;
    keys_exptime_ = 0;
    long_get_ = long_get::first_key;
}

/// A key is told as soon as it is there, never as the last one; the end of the line is a piece of its own.
request_parser::status request_parser::next_key_of_long(std::string_view& input, request& r, form& f) {
    if (long_get_ == long_get::skipped) return skip_line(input, r, f);
    input.remove_prefix(std::min(input.find_first_not_of(' '), input.size()));
    constexpr std::string_view ends(" \n\0", 3);
    const std::string_view begin = input.substr(0, key_size_max + 2);  // a key, and the end of a line
    const std::size_t end = begin.find_first_of(ends);
    if (end == begin.npos && begin.size() < key_size_max + 2) return status::more;
    std::string_view key = begin.substr(0, end);
    if (end != begin.npos && begin[end] == '\n' && key.ends_with('\r')) key.remove_suffix(1);
    if (key.size() > key_size_max) {
        long_get_ = long_get::skipped;
        f.noreply = false;
        return fail(bad_format);
    }
    key_of_get(key, r, f);
    f.last = key.empty();
    if (!f.last) {
        input.remove_prefix(key.size());
        long_get_ = long_get::more_keys;
        return status::call;
    }
    const bool any = std::exchange(long_get_, long_get::skipped) == long_get::more_keys;
    return any ? status::local : fail(error);
}

request_parser::status request_parser::skip_line(std::string_view& input, request& r, form& f) {
    const std::size_t end = input.find('\n');
    input.remove_prefix(end == input.npos ? input.size() : end + 1);
    if (end == input.npos) return status::more;
    long_get_ = long_get::none;
    return next(input, r, f);
}

request_parser::status request_parser::classic_line(const line& l, request& r, form& f) {
    const std::string_view name = l[0];
    if (name == "delete") {
        if (l.count < 2 || l.count > 4) return fail(error);
        if (l.count > 2) {
            f.noreply = l.noreply();
            const bool right =
                (l.count == 3 && (l[2] == "0" || f.noreply)) || (l.count == 4 && l[2] == "0" && f.noreply);
            if (!right) return fail("CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n");
        }
        r.command = command::remove;
    } else if (name == "touch" || name == "incr" || name == "decr") {
        if (l.count < 3 || l.count > 4) return fail(error);
        f.noreply = l.noreply();
        r.command = name == "touch" ? command::touch : command::arithmetic;
        r.decrement = name == "decr";
        r.want_value = r.command == command::arithmetic;
    } else {
        return fail(error);
    }
    r.key = l[1];
    if (r.key.size() > key_size_max) return fail(bad_format);
    if (r.command == command::touch) {
        std::int32_t exptime;
        if (!parse_int32(l[2], exptime)) return fail(bad_exptime);
        r.touch = true;
        r.exptime = exptime;
    } else if (r.command == command::arithmetic && !parse_unsigned(l[2], r.delta)) {
        return fail("CLIENT_ERROR invalid numeric delta argument\r\n");
    }
    return status::call;
}

/// What the session answers itself.
request_parser::status request_parser::local(const line& l, request& r, form& f) {
    const std::string_view name = l[0];
    if (name == "version") {
        r.command = command::version;
    } else if (name == "quit") {
        r.command = command::quit;
    } else if (name == "verbosity") {
        if (l.count < 2 || l.count > 3) return fail(error);
        f.noreply = l.noreply();
        std::uint32_t level;
        if (!parse_flags(l[1], level)) return fail(bad_format);
        r.command = command::verbosity;
    } else if (name == "flush_all") {
        if (l.count > 3) return fail(error);
        f.noreply = l.noreply();
        r.command = command::flush_all;
        std::int32_t delay = 0;
        if (l.count > (f.noreply ? 2U : 1U) && !parse_int32(l[1], delay)) return fail(bad_exptime);
        r.exptime = delay;
    } else if (name == "stats") {
        r.command = command::stats;
        arguments_ = l.count > 1 ? l[1] : std::string_view{};
        constexpr std::array<std::string_view, 7> groups{"",        "settings", "items", "slabs",
                                                         "servers", "queues",   "reset"};
        if (std::find(groups.begin(), groups.end(), arguments_) == groups.end()) return fail(other_statistics(l));
    } else if (name == "cache_memlimit") {
        if (l.count < 2 || l.count > 3) return fail(error);
        f.noreply = l.noreply();
        std::uint32_t megabytes;
        if (!parse_flags(l[1], megabytes)) return fail(error);
        return fail("OK\r\n");
    } else {
        const bool http =
            std::string_view("gsacidt").find(name.front()) == std::string_view::npos && l.last().starts_with("HTTP/");
        if (!http) return fail(error);
        text_ = {};
        return status::closing;
    }
    return status::local;
}

/// Those of which there is nothing to tell here: who asks reads to the end that memcached says.
std::string_view request_parser::other_statistics(const line& l) noexcept {
    const std::string_view group = l[1];
    if (group == "cachedump") {
        std::uint32_t n;
        if (l.count < 4) return "CLIENT_ERROR bad command line\r\n";
        return parse_flags(l[2], n) && parse_flags(l[3], n) ? at_the_end : bad_format;
    }
    if (group == "detail") {
        if (l.count == 3 && (l[2] == "on" || l[2] == "off")) return "OK\r\n";
        return l.count == 3 && l[2] == "dump" ? at_the_end : "CLIENT_ERROR usage: stats detail on|off|dump\r\n";
    }
    if (group == "sizes") return "STAT sizes_status disabled\r\nEND\r\n";
    return group == "conns" || group == "extstore" || group == "proxy" ? at_the_end : error;
}

}  // namespace freshet
