// A server's answers to replies: what a client reads. The other direction of render.cpp.
#include "protocol/reply_parser.hpp"

#include "protocol/command_line.hpp"
#include "protocol/number.hpp"

#include <algorithm>
#include <utility>

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

/// False: no code of an answer to this meta command.
bool read_code(std::string_view code, const request& r, const form& f, reply& a) noexcept {
    const bool reads = f.verb == 'g', stores = f.verb == 's', counts = f.verb == 'a';
    const bool wants_value = r.want_value && (reads || counts);
    if (code == "VA") return wants_value;
    if (code == "HD") {
        a.outcome = good_outcome(f);
        return !wants_value;
    }
    if (code == "EN") {
        a.outcome = outcome::miss;
        return reads;
    }
    if (code == "NF") {
        a.outcome = outcome::not_found;
        return stores ? r.compare : !reads;
    }
    if (code == "NS") {
        a.outcome = outcome::not_stored;
        return stores || counts;
    }
    a.outcome = outcome::exists;
    return code == "EX" && !reads && r.compare;
}

/// False: no line that answers this classic command.
bool read_line(std::string_view line, const request& r, reply& a) noexcept {
    const auto is = [&](std::string_view text, outcome o) {
        if (line != text) return false;
        a.outcome = o;
        return true;
    };
    switch (r.command) {
        case command::store:
            return is("STORED", outcome::stored) || is("NOT_STORED", outcome::not_stored) ||
                   (r.compare && (is("EXISTS", outcome::exists) || is("NOT_FOUND", outcome::not_found)));
        case command::remove: return is("DELETED", outcome::deleted) || is("NOT_FOUND", outcome::not_found);
        case command::touch: return is("TOUCHED", outcome::touched) || is("NOT_FOUND", outcome::not_found);
        case command::arithmetic:
            if (is("NOT_FOUND", outcome::not_found)) return true;
            a.outcome = outcome::number;
            return read_number(line, a.number);
        case command::noop: return is("MN", outcome::text);
        case command::version: a.outcome = outcome::text; return line.starts_with("VERSION ");
        default: return is("OK", outcome::text);
    }
}

}  // namespace

reply_parser::status reply_parser::next(std::string_view& input, const request& r, const form& f, reply& a) {
    wanted_ = 0;
    returned_ = 0;
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
    if (!read_line(line, r, a)) return fail(line);
    if (a.outcome == outcome::text) {
        a.value.append(line);
        a.value.append(line_end);
    }
    input.remove_prefix(size);
    return status::reply;
}

/// Statistics: lines up to END, or RESET. What was looked at while there was no end is not looked at again.
reply_parser::status reply_parser::lines(std::string_view& input, reply& a) {
    std::string_view rest = input.substr(std::exchange(lines_read_, 0));
    while (!rest.empty()) {
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
    if (input.size() > text_size_max) return fail(input.substr(0, line_size_max));
    lines_read_ = input.size() - rest.size();
    return status::more;
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
    if (!read_code(code, r, f, a)) return f.quiet ? status::silent : fail(line);
    // A quiet miss is never told; and not every server gives a miss its opaque.
    if (code == "EN" ? f.quiet : is_of_another(rest, f)) return f.quiet ? status::silent : fail(line);
    std::string_view key = r.key;
    while (!rest.empty()) {
        const std::string_view token = next_token(rest);
        if (token.empty()) continue;
        if (!read_return(token, a)) return fail(line);
        if (token.front() == 'k') key = token.substr(1);
        returned_ |= bit_of(token.front());
    }
    const bool readable_key = !f.base64 && (returned_ & bit_of('b')) == 0;
    if (key != r.key && readable_key && !r.key.empty()) return fail(line);
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
