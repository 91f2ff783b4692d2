// A server's answers to replies: what a client reads. The other direction of render.cpp.
#include "protocol/reply_parser.hpp"

#include "protocol/command_line.hpp"
#include "protocol/number.hpp"

#include <algorithm>

namespace freshet {

namespace {

constexpr std::size_t text_size_max = std::size_t{1} << 20;  ///< of statistics
constexpr std::uint64_t answer_value_size_max = std::uint64_t{1} << 30;

bool is_error(std::string_view line) noexcept {
    return line == "ERROR" || line.starts_with("ERROR ") || line.starts_with("CLIENT_ERROR") ||
           line.starts_with("SERVER_ERROR");
}

bool read_number(std::string_view token, std::uint64_t& n) noexcept {
    return !token.empty() && parse_unsigned(token, n);
}

/// The question had an opaque, and the answer has not.
bool is_of_another(std::string_view flags, const form& f) noexcept {
    if (f.opaque_size == 0) return false;
    while (!flags.empty()) {
        const std::string_view token = next_token(flags);
        if (token.starts_with('O')) return token.substr(1) != f.opaque_view();
    }
    return true;
}

bool read_return(std::string_view token, reply& a) noexcept {
    std::uint64_t n = 0;
    const std::string_view argument = token.substr(1);
    switch (token.front()) {
        case 'c': return read_number(argument, a.cas);
        case 's': return read_number(argument, a.size);
        case 'f':
            if (!read_number(argument, n) || n > UINT32_MAX) return false;
            a.flags = static_cast<std::uint32_t>(n);
            return true;
        case 't': return parse_signed(argument, a.ttl);
        case 'l': return parse_signed(argument, a.idle);
        case 'h': a.fetched = argument == "1"; return argument == "1" || argument == "0";
        case 'W': a.won = true; return true;
        case 'X': a.stale = true; return true;
        case 'Z': a.win_sent = true; return true;
        case 'b': a.binary_key = true; return true;
        default: return true;  // k and O, and what later servers may add
    }
}

bool read_fact(std::string_view token, reply& a) noexcept {
    const auto at = token.find('=');
    if (at == token.npos) return false;
    const std::string_view name = token.substr(0, at);
    const std::string_view value = token.substr(at + 1);
    if (name == "exp") return parse_signed(value, a.ttl);
    if (name == "la") return parse_signed(value, a.idle);
    if (name == "cas") return read_number(value, a.cas);
    if (name == "size") return read_number(value, a.size_in_memory);
    if (name == "fetch") a.fetched = value == "yes";
    return true;
}

outcome good_outcome(const form& f) noexcept {
    switch (f.verb) {
        case 's': return outcome::stored;
        case 'd': return outcome::deleted;
        case 'a': return outcome::number;
        default: return outcome::hit;
    }
}

/// False: no code of a meta answer without a value.
bool read_code(std::string_view code, const form& f, reply& a) noexcept {
    if (code == "HD") a.outcome = good_outcome(f);
    else if (code == "EN") a.outcome = outcome::miss;
    else if (code == "NF") a.outcome = outcome::not_found;
    else if (code == "NS") a.outcome = outcome::not_stored;
    else if (code == "EX") a.outcome = outcome::exists;
    else return false;
    return true;
}

}  // namespace

reply_parser::status reply_parser::next(std::string_view& input, const request& r, const form& f, reply& a) {
    wanted_ = 0;
    if (f.noreply || r.command == command::quit) return status::silent;
    const std::size_t end = input.find('\n');
    if (std::min(end, input.size()) > line_size_max) return fail(input.substr(0, line_size_max));
    if (end == input.npos) return status::more;
    std::string_view line = input.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    a.reset();
    a.why = {};
    if (is_error(line)) return server_error(input, line, end + 1, a);
    switch (f.dialect) {
        case dialect::classic_get:
        case dialect::classic_gets: return classic_get(input, line, end + 1, r, f, a);
        case dialect::classic_line:
            return r.command == command::stats ? lines(input, a) : classic_line(input, line, end + 1, r, a);
        case dialect::meta: return meta(input, line, end + 1, r, f, a);
        case dialect::meta_inspect: return inspect(input, line, end + 1, a);
    }
    return status::error;
}

reply_parser::status reply_parser::server_error(std::string_view& input, std::string_view line, std::size_t size,
                                                reply& a) {
    if (line == "SERVER_ERROR object too large for cache") {
        a.outcome = outcome::too_large;
    } else if (line == "CLIENT_ERROR cannot increment or decrement non-numeric value") {
        a.outcome = outcome::non_numeric;
    } else {
        a.outcome = outcome::text;
        a.value.append(line);
        a.value.append(line_end);
    }
    input.remove_prefix(size);
    return status::reply;
}

reply_parser::status reply_parser::classic_get(std::string_view& input, std::string_view line, std::size_t size,
                                               const request& r, const form& f, reply& a) {
    if (line == "END") {
        if (f.last) input.remove_prefix(size);
        return status::reply;
    }
    std::string_view rest = line;
    if (next_token(rest) != "VALUE") return fail(line);
    if (next_token(rest) != r.key && !f.single) return status::reply;  // a later key's: this one is a miss
    std::uint64_t flags = 0;
    std::uint64_t value_size = 0;
    if (!read_number(next_token(rest), flags) || flags > UINT32_MAX || !read_number(next_token(rest), value_size))
        return fail(line);
    if (f.dialect == dialect::classic_gets && !read_number(next_token(rest), a.cas)) return fail(line);
    constexpr std::string_view end = "END\r\n";
    const status s = value(input, line, size, value_size, f.last ? end : std::string_view{}, a);
    if (s != status::reply) return s;
    a.flags = static_cast<std::uint32_t>(flags);
    a.outcome = outcome::hit;
    return s;
}

/// The data block behind a line of `size` bytes, and what must stand behind it.
reply_parser::status reply_parser::value(std::string_view& input, std::string_view line, std::size_t size,
                                         std::uint64_t value_size, std::string_view behind, reply& a) {
    if (value_size > answer_value_size_max) return fail(line);
    const std::size_t whole = size + value_size + line_end.size() + behind.size();
    if (input.size() < whole) {
        wanted_ = whole;
        return status::more;
    }
    const std::string_view tail = input.substr(size + value_size, line_end.size() + behind.size());
    if (!tail.starts_with(line_end) || !tail.ends_with(behind)) return fail(line);
    const std::string_view data = input.substr(size, value_size);
    if (source_ != nullptr && data.size() >= lend_min_bytes) a.lent = slice(*source_, data);
    else a.value.append(data);
    a.size = value_size;
    input.remove_prefix(whole);
    return status::reply;
}

reply_parser::status reply_parser::classic_line(std::string_view& input, std::string_view line, std::size_t size,
                                                const request& r, reply& a) {
    if (line == "STORED") a.outcome = outcome::stored;
    else if (line == "NOT_STORED") a.outcome = outcome::not_stored;
    else if (line == "EXISTS") a.outcome = outcome::exists;
    else if (line == "NOT_FOUND") a.outcome = outcome::not_found;
    else if (line == "DELETED") a.outcome = outcome::deleted;
    else if (line == "TOUCHED") a.outcome = outcome::touched;
    else if (r.command == command::arithmetic && read_number(line, a.number)) a.outcome = outcome::number;
    else if (line == "OK" || line == "MN" || line.starts_with("VERSION ")) {
        a.outcome = outcome::text;
        a.value.append(line);
        a.value.append(line_end);
    } else {
        return fail(line);
    }
    input.remove_prefix(size);
    return status::reply;
}

/// Statistics: lines up to END, or RESET.
reply_parser::status reply_parser::lines(std::string_view& input, reply& a) {
    for (std::string_view rest = input; !rest.empty();) {
        const std::size_t end = rest.find('\n');
        if (end == rest.npos) break;
        const std::string_view line = rest.substr(0, end + 1);
        rest.remove_prefix(end + 1);
        const bool last = line == "END\r\n" || line == "RESET\r\n";
        if (!last && !line.starts_with("STAT ")) return fail(line.substr(0, end));
        if (!last) continue;
        a.outcome = outcome::text;
        a.value.append(input.substr(0, input.size() - rest.size()));
        input = rest;
        return status::reply;
    }
    return input.size() > text_size_max ? fail(input.substr(0, line_size_max)) : status::more;
}

reply_parser::status reply_parser::meta(std::string_view& input, std::string_view line, std::size_t size,
                                        const request& r, const form& f, reply& a) {
    std::string_view rest = line;
    const std::string_view code = next_token(rest);
    if (code == "MN") {
        if (r.command != command::noop) return f.quiet ? status::silent : fail(line);
        a.outcome = outcome::text;
        a.value.append("MN\r\n");
        input.remove_prefix(size);
        return status::reply;
    }
    std::uint64_t value_size = 0;
    const bool with_value = code == "VA";
    if (with_value && !read_number(next_token(rest), value_size)) return fail(line);
    if (!with_value && !read_code(code, f, a)) return fail(line);
    // A quiet miss is never told; and not every server gives a miss its opaque.
    if (code == "EN" ? f.quiet : is_of_another(rest, f)) return f.quiet ? status::silent : fail(line);
    while (!rest.empty()) {
        const std::string_view token = next_token(rest);
        if (!token.empty() && !read_return(token, a)) return fail(line);
    }
    if (!with_value) {
        input.remove_prefix(size);
        return status::reply;
    }
    a.outcome = good_outcome(f);
    const std::uint64_t told_size = a.size;
    const status s = value(input, line, size, value_size, {}, a);
    if (s != status::reply || f.verb != 'a') return s;
    a.size = told_size;
    return read_number(a.value.view(), a.number) ? s : fail(line);
}

reply_parser::status reply_parser::inspect(std::string_view& input, std::string_view line, std::size_t size, reply& a) {
    std::string_view rest = line;
    const std::string_view code = next_token(rest);
    if (code != "ME" && code != "EN") return fail(line);
    if (code == "ME") {
        next_token(rest);  // the key
        while (!rest.empty()) {
            const std::string_view token = next_token(rest);
            if (!token.empty() && !read_fact(token, a)) return fail(line);
        }
        a.outcome = outcome::inspected;
    }
    input.remove_prefix(size);
    return status::reply;
}

}  // namespace freshet
