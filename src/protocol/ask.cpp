// Requests to bytes: what a client sends. The other direction of classic.cpp and meta.cpp.
#include "protocol/ask.hpp"

#include "protocol/base64.hpp"
#include "protocol/command_line.hpp"

#include <algorithm>

namespace freshet {

namespace {

std::string_view name_of(const request& r) noexcept {
    if (r.compare) return "cas ";
    switch (r.mode) {
        case store_mode::set: return "set ";
        case store_mode::add: return "add ";
        case store_mode::replace: return "replace ";
        case store_mode::append: return "append ";
        case store_mode::prepend: return "prepend ";
    }
    return {};
}

void end_line(const form& f, bytes& out) { out.append(f.noreply ? " noreply\r\n" : line_end); }

void ask_classic_get(const request& r, const form& f, bytes& out) {
    out.append(r.touch ? "gat" : "get");
    out.append(f.dialect == dialect::classic_gets ? "s " : " ");
    if (r.touch) {
        out.append_signed(r.exptime);
        out.push(' ');
    }
    out.append(r.key);
    out.append(line_end);
}

void ask_classic_store(const request& r, const form& f, bytes& out) {
    out.append(name_of(r));
    out.append(r.key);
    out.push(' ');
    out.append_number(r.flags);
    out.push(' ');
    out.append_signed(r.exptime);
    out.push(' ');
    out.append_number(r.value.size());
    if (r.compare) {
        out.push(' ');
        out.append_number(r.compare_cas);
    }
    end_line(f, out);
}

void ask_classic_line(const request& r, const form& f, bytes& out) {
    switch (r.command) {
        case command::store: return ask_classic_store(r, f, out);
        case command::remove:
            out.append("delete ");
            out.append(r.key);
            break;
        case command::touch:
            out.append("touch ");
            out.append(r.key);
            out.push(' ');
            out.append_signed(r.exptime);
            break;
        case command::arithmetic:
            out.append(r.decrement ? "decr " : "incr ");
            out.append(r.key);
            out.push(' ');
            out.append_number(r.delta);
            break;
        case command::flush_all:
            out.append("flush_all ");
            out.append_signed(r.exptime);
            break;
        case command::verbosity: out.append("verbosity 1"); break;
        case command::version: out.append("version"); break;
        case command::stats: out.append("stats"); break;
        case command::noop: out.append("mn"); break;
        default: out.append("quit"); break;
    }
    end_line(f, out);
}

void flag(char name, bytes& out) {
    out.push(' ');
    out.push(name);
}
void flag(char name, std::uint64_t n, bytes& out) {
    flag(name, out);
    out.append_number(n);
}
void signed_flag(char name, std::int64_t n, bytes& out) {
    flag(name, out);
    out.append_signed(n);
}

/// N, T and R, which act before or behind t as they stand before or behind it.
struct placed_flag {
    char name;
    std::uint8_t place;
    std::int64_t argument;
};

void append_placed(const request& r, std::uint8_t from, std::uint8_t to, bytes& out) {
    std::array<placed_flag, 3> all{{{'N', r.vivify_place, r.vivify_exptime},
                                    {'T', r.touch_place, r.exptime},
                                    {'R', r.recache_place, r.recache_ttl}}};
    const std::array<bool, 3> there{r.vivify, r.touch, r.recache};
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (!there[i]) all[i].name = 0;
    }
    std::sort(all.begin(), all.end(), [](const placed_flag& a, const placed_flag& b) { return a.place < b.place; });
    for (const placed_flag& p : all) {
        if (p.name != 0 && p.place >= from && p.place < to) signed_flag(p.name, p.argument, out);
    }
}

void append_mode(const request& r, const form& f, bytes& out) {
    if (f.verb == 'a' && r.decrement) return out.append(" MD");
    if (f.verb != 's') return;
    switch (r.mode) {
        case store_mode::set: break;
        case store_mode::add: return out.append(" ME");
        case store_mode::replace: return out.append(" MR");
        case store_mode::append: return out.append(" MA");
        case store_mode::prepend: return out.append(" MP");
    }
}

void append_meta_flags(const request& r, const form& f, bytes& out) {
    if (f.base64) flag('b', out);
    if (f.quiet) flag('q', out);
    if (r.want_value) flag('v', out);
    append_mode(r, f, out);
    if (r.flags != 0) flag('F', r.flags, out);
    if (r.invalidate) flag('I', out);
    if (r.drop_value) flag('x', out);
    if (r.no_bump) flag('u', out);
    if (r.compare) flag('C', r.compare_cas, out);
    if (r.assign) flag('E', r.assign_cas, out);
    if (r.command == command::arithmetic && r.delta != 1) flag('D', r.delta, out);
    if (r.initial != 0) flag('J', r.initial, out);
    append_placed(r, 0, r.ttl_place, out);
    for (const char name : f.returns_view()) {
        flag(name, out);
        if (name == 'O') out.append(f.opaque_view());
    }
    append_placed(r, r.ttl_place, 255, out);
}

void append_meta_key(const request& r, const form& f, bytes& out) {
    if (f.base64) base64_encode(r.key, out);
    else out.append(r.key);
}

void ask_meta(const request& r, const form& f, bytes& out) {
    if (r.command == command::noop) return out.append("mn\r\n");
    out.push('m');
    out.push(f.verb);
    out.push(' ');
    append_meta_key(r, f, out);
    if (r.command == command::store) {
        out.push(' ');
        out.append_number(r.value.size());
        // A store's T is its exptime, wherever it stands.
        if (!r.touch && r.exptime != 0) signed_flag('T', r.exptime, out);
    }
    append_meta_flags(r, f, out);
    out.append(line_end);
}

}  // namespace

void ask(const request& r, const form& f, bytes& out) {
    ask_line(r, f, out);
    if (r.command != command::store) return;
    out.append(r.value);
    out.append(line_end);
}

void ask_line(const request& r, const form& f, bytes& out) {
    switch (f.dialect) {
        case dialect::classic_get:
        case dialect::classic_gets: return ask_classic_get(r, f, out);
        case dialect::classic_line: return ask_classic_line(r, f, out);
        case dialect::meta: return ask_meta(r, f, out);
        case dialect::meta_inspect:
            out.append("me ");
            append_meta_key(r, f, out);
            out.append(f.base64 ? " b\r\n" : line_end);
            return;
    }
}

}  // namespace freshet
