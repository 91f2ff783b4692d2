#include "store/pool/meta_codec.hpp"

#include <freshet/error.hpp>

#include "base/bytes.hpp"
#include "base/escape.hpp"
#include "protocol/ask.hpp"
#include "protocol/form.hpp"
#include "protocol/reply.hpp"

#include <cstring>

namespace freshet {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view fence = "mn\r\n", fence_answer = "MN\r\n";
constexpr std::size_t dropped_kept_bytes = 4096;

void append_signed(std::string_view flag, std::int64_t n, bytes& out) {
    out.append(flag);
    out.append_signed(n);
}

/// "mg KEY f v", the command of nearly every request. A program is told the CAS, too.
void ask_get(const request& r, const form& f, bytes& out) {
    constexpr std::string_view begin = "mg ";
    const std::string_view end = f.dialect == dialect::classic_get ? " f v" : " c f v";
    char* to = out.prepare(begin.size() + r.key.size() + end.size() + line_end.size());
    const char* const from = to;
    const auto put = [&to](std::string_view text) {
        std::memcpy(to, text.data(), text.size());
        to += text.size();
    };
    put(begin);
    put(r.key);
    put(end);
    if (!r.touch) put(line_end);
    out.commit(static_cast<std::size_t>(to - from));
    if (!r.touch) return;
    append_signed(" T", r.exptime, out);
    out.append(line_end);
}

/// Of a command that stores, removes or touches: the same as a meta command.
void ask_as_meta(const request& r, char verb, bool base64, bytes& out) {
    form as;
    as.dialect = dialect::meta;
    as.verb = verb;
    as.base64 = base64;
    ask_line(r, as, out);
}

void ask_classic_line(const request& r, bytes& out) {
    switch (r.command) {
        case command::store: return ask_as_meta(r, 's', false, out);
        case command::remove: return ask_as_meta(r, 'd', false, out);
        case command::touch: return ask_as_meta(r, 'g', false, out);
        case command::arithmetic:
            out.append("ma ");
            out.append(r.key);
            out.append(r.decrement ? " v MD D" : " v D");
            out.append_number(r.delta);
            break;
        case command::flush_all: append_signed("flush_all ", r.exptime, out); break;
        default:
            out.append("stats");
            if (r.key.empty()) break;
            out.push(' ');
            out.append(r.key);
            break;
    }
    out.append(line_end);
}

/// With q the server tells a counter that it made, and hides one that was there: only with a fence behind it is its
/// silence heard.
bool is_fenced(const request& r, const form& f) noexcept {
    return r.command == command::arithmetic && r.vivify && f.quiet && f.dialect == dialect::meta;
}

/// As the client asked, but for what is between it and us: q, which would hide an answer that we wait for, and O.
/// And k of a key that travels as base64 alone, which a server may repeat as it is, blanks and line ends included.
form without_marks(const request& r, const form& f) noexcept {
    form to;
    to.dialect = f.dialect;
    to.verb = f.verb;
    to.base64 = f.base64;
    to.quiet = is_fenced(r, f);
    const bool hidden_key = f.base64 && has_blank_or_control(r.key);
    for (const char flag : f.returns_view()) {
        if (flag != 'O' && (flag != 'k' || !hidden_key)) to.returns[to.return_count++] = flag;
    }
    return to;
}

void append_value(const request& r, output& to) {
    if (r.source != nullptr && r.value.size() >= reply_parser::lend_min_bytes) to.lend(slice(*r.source, r.value));
    else to.text().append(r.value);
    to.text().append(line_end);
}

/// A value that was too large was not read; memcached deletes what was there, and so is it here.
void ask_removal(const request& r, const form& f, bytes& out) {
    request removal;
    removal.command = command::remove;
    removal.key = r.key;
    ask_as_meta(removal, 'd', f.base64, out);
}

/// Of what is to be told of the item: c, f, h, l, s and t. Every server that is new enough answers them to mg and ma.
std::uint32_t returns_of(const form& f) noexcept {
    switch (f.dialect) {
        case dialect::classic_get: return reply_parser::bit_of('f');
        case dialect::classic_gets: return reply_parser::bit_of('f') | reply_parser::bit_of('c');
        case dialect::meta: break;
        default: return 0;
    }
    std::uint32_t all = 0;
    if (f.verb != 'g' && f.verb != 'a') return all;
    for (const char flag : f.returns_view()) {
        if (flag != 'O' && flag != 'k') all |= reply_parser::bit_of(flag);
    }
    return all;
}

char verb_of(const request& r) noexcept {
    switch (r.command) {
        case command::store: return r.too_large ? 'd' : 's';
        case command::remove: return 'd';
        case command::arithmetic: return 'a';
        default: return 'g';
    }
}

}  // namespace

asked_as ask_server(const request& r, const form& f, output& to) {
    bytes& out = to.text();
    asked_as how;
    how.command = r.command;
    how.verb = verb_of(r);
    how.base64 = f.base64;
    if (r.too_large) {
        ask_removal(r, f, out);
        return how;
    }
    how.value = r.want_value;
    how.returns = returns_of(f);
    switch (f.dialect) {
        case dialect::classic_get:
        case dialect::classic_gets: ask_get(r, f, out); return how;
        case dialect::classic_line:
            if (r.command == command::get) ask_get(r, f, out);
            else ask_classic_line(r, out);
            break;
        case dialect::meta:
        case dialect::meta_inspect: ask_line(r, without_marks(r, f), out); break;
    }
    if (r.command == command::store) append_value(r, to);
    how.fenced = is_fenced(r, f);
    if (how.fenced) out.append(fence);
    return how;
}

/// The line of an answer to `me` is the client's as it is.
answer_reader::status answer_reader::line(std::string_view& input, reply& a) {
    const std::size_t end = input.find("\r\n");
    if (end == input.npos) return input.size() > 2048 ? status::wrong : status::more;
    const std::string_view line = input.substr(0, end + line_end.size());
    const bool error = line.starts_with("CLIENT_ERROR ") || line.starts_with("SERVER_ERROR ") || line == "ERROR\r\n";
    if (!line.starts_with("ME ") && line != "EN\r\n" && !error) return status::wrong;
    a.reset();
    a.outcome = outcome::text;
    a.value.append(line);
    input.remove_prefix(line.size());
    return status::answered;
}

answer_reader::status answer_reader::next(std::string_view& input, const request& r, asked_as how, reply& a) {
    if (how.command == command::inspect) return line(input, a);
    const bool keyless = how.command == command::flush_all || how.command == command::stats;
    form as;
    as.dialect = keyless ? dialect::classic_line : dialect::meta;
    as.verb = how.verb;
    as.quiet = how.fenced;
    as.base64 = how.base64;
    std::string_view rest = input;
    const auto said = parser_.next(rest, r, as, a);
    if (said == reply_parser::status::more) return status::more;
    if (said == reply_parser::status::error || (said == reply_parser::status::silent && !how.fenced))
        return status::wrong;
    const bool item = a.outcome == outcome::hit || a.outcome == outcome::number;
    if (said == reply_parser::status::reply && item && (parser_.returned() & how.returns) != how.returns)
        return status::wrong;
    if (a.outcome == outcome::text && !keyless && a.value.view() == "ERROR\r\n") return status::wrong;
    if (how.fenced) {
        if (rest.size() < fence_answer.size()) return status::more;
        if (!rest.starts_with(fence_answer)) return status::wrong;
        rest.remove_prefix(fence_answer.size());
        a.created = said == reply_parser::status::reply && a.outcome == outcome::number;
        if (said == reply_parser::status::silent) a.outcome = outcome::number;
    }
    input = rest;
    if (how.base64 && a.outcome == outcome::hit && has_blank_or_control(r.key)) a.binary_key = true;
    if (r.command == command::touch && a.outcome == outcome::hit) a.outcome = outcome::touched;
    if (r.command == command::touch && a.outcome == outcome::miss) a.outcome = outcome::not_found;
    if (r.too_large && (a.outcome == outcome::deleted || a.outcome == outcome::not_found))
        a.outcome = outcome::too_large;
    if (a.outcome == outcome::text && a.value.view() == "SERVER_ERROR out of memory storing object\r\n")
        a.fail(errc::out_of_memory, effect::not_done, {});
    return status::answered;
}

answer_reader::status answer_reader::drop_next(std::string_view& input, asked_as how) {
    request r;
    r.command = how.command;
    r.want_value = how.value;
    r.compare = true;  // whether it did is not known any more
    const status s = next(input, r, how, dropped_);
    dropped_.reset();
    dropped_.value.release(dropped_kept_bytes);
    return s;
}

}  // namespace freshet
