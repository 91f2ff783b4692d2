// The meta commands: mg ms md ma mn me.
#include "protocol/base64.hpp"
#include "protocol/command_line.hpp"
#include "protocol/exptime.hpp"
#include "protocol/form.hpp"
#include "protocol/number.hpp"
#include "protocol/request.hpp"
#include "protocol/request_parser.hpp"

#include <bitset>

namespace freshet {

namespace {

constexpr std::string_view bad_token = "CLIENT_ERROR bad token in command line format\r\n";
constexpr std::string_view bad_flag = "CLIENT_ERROR invalid or duplicate flag\r\n";
constexpr std::size_t flags_max = 17;

/// Which flags come back, per command.
std::string_view returned_flags(char verb) noexcept {
    switch (verb) {
        case 'g': return "stcflhOk";
        case 's': return "Okcs";
        case 'a': return "tcOk";
        default: return "Ok";
    }
}

/// The decoded key lies here until the call has been submitted or has kept it.
std::string_view decode_key(std::string_view text) noexcept {
    thread_local std::array<char, key_size_max> decoded;
    return {decoded.data(), base64_decode(text, decoded.data())};
}

/// Reads the flags of one command from left to right.
struct flag_reader {
    flag_reader(request& to_request, form& to_form) : r(to_request), f(to_form) {}

    request& r;
    form& f;
    std::string_view error{};  ///< the last fault's text
    char mode{0};
    bool opaque_too_long{false};

    /// False: stop here.
    bool read(std::string_view token, std::uint8_t place) {
        const char name = token.front();
        const auto code = static_cast<unsigned char>(name);
        if (code >= 127 || seen.test(code)) {
            error = "CLIENT_ERROR duplicate flag\r\n";
            return false;
        }
        seen.set(code);
        const std::string_view argument = token.substr(1);
        switch (name) {
            case 'N':
                r.vivify = true;
                r.vivify_place = place;
                exptime(argument, r.vivify_exptime);
                break;
            case 'T':
                r.touch = true;
                r.touch_place = place;
                exptime(argument, r.exptime);
                break;
            case 'R':
                r.recache = true;
                r.recache_place = place;
                exptime(argument, r.recache_ttl);
                break;
            case 'C':
                r.compare = true;
                number(argument, r.compare_cas, bad_token);
                break;
            case 'E':
                r.assign = true;
                number(argument, r.assign_cas, bad_token);
                break;
            case 'J': number(argument, r.initial, "CLIENT_ERROR invalid numeric initial value\r\n"); break;
            case 'D': number(argument, r.delta, "CLIENT_ERROR invalid numeric delta value\r\n"); break;
            case 'F':
                if (!parse_flags(argument, r.flags) && error.empty()) error = bad_format;
                break;
            case 'M':
                mode = argument.size() == 1 ? argument.front() : '\0';
                if (mode == '\0') error = "CLIENT_ERROR incorrect length for M token\r\n";
                break;
            case 'O':
                opaque_too_long = argument.size() > opaque_size_max;
                f.opaque_size = static_cast<std::uint8_t>(opaque_too_long ? 0 : argument.size());
                std::memcpy(f.opaque.data(), argument.data(), f.opaque_size);
                break;
            case 'b':
                r.binary_key = f.base64 = true;
                r.key = decode_key(r.key);
                if (r.key.empty()) error = "CLIENT_ERROR error decoding key\r\n";
                break;
            case 'v': r.want_value = true; break;
            case 'q': f.quiet = true; break;
            case 'I': r.invalidate = true; break;
            case 'x': r.drop_value = true; break;
            case 'u': r.no_bump = true; break;
            case 't': r.ttl_place = place; break;
            case 'l':
            case 'P':
            case 'L':
            case 'k':
            case 's':
            case 'c':
            case 'f':
            case 'h': break;
            default: error = "CLIENT_ERROR invalid flag\r\n"; return false;
        }
        if (returned_flags(f.verb).find(name) != std::string_view::npos) f.returns[f.return_count++] = name;
        return true;
    }

private:
    void exptime(std::string_view argument, std::int64_t& to) {
        std::int32_t n = 0;
        if (!parse_int32(argument, n)) error = bad_token;
        to = n;
    }
    void number(std::string_view argument, std::uint64_t& to, std::string_view text) {
        if (!parse_unsigned(argument, to)) error = text;
    }

    std::bitset<128> seen{};
};

bool set_mode(request& r, char mode) noexcept {
    switch (mode) {
        case 0:
        case 'S': r.mode = store_mode::set; return true;
        case 'E': r.mode = store_mode::add; return true;
        case 'A': r.mode = store_mode::append; return true;
        case 'P': r.mode = store_mode::prepend; return true;
        case 'R': r.mode = store_mode::replace; return true;
        default: return false;
    }
}

}  // namespace

request_parser::status request_parser::meta(std::string_view& input, const line& l, request& r, form& f) {
    const char verb = l[0][1];
    f.verb = verb;
    f.dialect = dialect::meta;
    switch (verb) {
        case 'g':
            r.command = command::get;
            r.may_win = true;
            break;
        case 'd': r.command = command::remove; break;
        case 'a': r.command = command::arithmetic; break;
        case 's': break;
        case 'e': return inspect(l, r, f);
        case 'n': r.command = command::noop; return status::local;
        default: return fail("ERROR\r\n");
    }
    const bool stores = verb == 's';
    if (l.count < 2) return fail("ERROR\r\n");
    r.key = l[1];
    if (r.key.size() > key_size_max || (stores && l.count < 3)) return fail(bad_format);
    if (l.count - 2 > flags_max)
        return fail(verb == 'g' ? "CLIENT_ERROR options flags are too long\r\n"
                                : "CLIENT_ERROR options flags too long\r\n");
    std::int32_t size = 0;
    if (stores && (!parse_int32(l[2], size) || size < 0 || size > value_size_max)) return fail(bad_format);
    const auto value_size = static_cast<std::size_t>(size);

    flag_reader flags(r, f);
    for (std::size_t i = stores ? 3 : 2; i < l.count; ++i) {
        if (!flags.read(l[i], static_cast<std::uint8_t>(i))) break;
    }
    if (!flags.error.empty() && (verb == 'd' || verb == 'a')) flags.error = bad_flag;
    if (flags.error.empty()) {
        if (flags.opaque_too_long) flags.error = "CLIENT_ERROR opaque token too long\r\n";
        if (stores && !set_mode(r, flags.mode)) flags.error = "CLIENT_ERROR invalid mode for ms M token\r\n";
        if (verb == 'a') {
            r.decrement = flags.mode == 'D' || flags.mode == '-';
            if (flags.mode != 0 && flags.mode != 'I' && flags.mode != '+' && !r.decrement)
                flags.error = "CLIENT_ERROR invalid mode for ma M token\r\n";
        }
    }
    if (!flags.error.empty()) {
        if (stores) swallow_ = value_size + 2;
        return fail(flags.error);
    }
    if (!stores) return status::call;

    r.command = command::store;
    if (r.assign_cas == 0) r.assign = false;
    if (too_large(r.key.size(), r.flags, value_size)) {
        r.too_large = true;
        input.remove_prefix(l.size);
        swallow_ = value_size + 2;
        return status::call;
    }
    return value(input, l.size, value_size, r);
}

request_parser::status request_parser::inspect(const line& l, request& r, form& f) {
    f.dialect = dialect::meta_inspect;
    r.command = command::inspect;
    if (l.count < 2 || l[1].size() > key_size_max) return fail(bad_format);
    r.key = l[1];
    if (l.count > 2 && l[2] == "b") {
        f.base64 = r.binary_key = true;
        r.key = decode_key(r.key);
        if (r.key.empty()) return fail(bad_format);
    }
    return status::call;
}

}  // namespace freshet
