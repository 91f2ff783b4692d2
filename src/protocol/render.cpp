// Replies to bytes, in the form the client asked for.
#include "protocol/render.hpp"

#include "protocol/base64.hpp"
#include "shard/output.hpp"

#include <array>
#include <charconv>

namespace freshet {

namespace {

/// What is lent goes on being lent, what is the reply's own is copied.
void append_data(const reply& a, output& to) {
    if (a.lent) to.lend(a.lent);
    else to.text().append(a.value.view());
}

void render_value_line(const request& r, const form& f, const reply& a, output& to) {
    bytes& out = to.text();
    out.append("VALUE ");
    out.append(r.key);
    out.push(' ');
    out.append_number(a.flags);
    out.push(' ');
    out.append_number(a.data().size());
    if (f.dialect == dialect::classic_gets) {
        out.push(' ');
        out.append_number(a.cas);
    }
    out.append("\r\n");
    append_data(a, to);
    out.append("\r\n");
}

/// Outcomes whose text is the same in every form. False: not one of them.
bool render_common(const reply& a, bytes& out) {
    switch (a.outcome) {
        case outcome::failed: render(a.why, out); return true;
        case outcome::refused:
            out.append("CLIENT_ERROR ");
            out.append(a.text);
            out.append("\r\n");
            return true;
        case outcome::too_large: out.append("SERVER_ERROR object too large for cache\r\n"); return true;
        case outcome::non_numeric:
            out.append("CLIENT_ERROR cannot increment or decrement non-numeric value\r\n");
            return true;
        case outcome::text: out.append(a.data()); return true;
        default: return false;
    }
}

/// A key that could not be asked for is a miss among others; alone it is told.
void render_get(const request& r, const form& f, const reply& a, output& to) {
    if (a.outcome == outcome::hit) render_value_line(r, f, a, to);
    else if (f.single && render_common(a, to.text())) return;
    if (f.last) to.text().append("END\r\n");
}

void render_line(const reply& a, bytes& out) {
    switch (a.outcome) {
        case outcome::stored: out.append("STORED\r\n"); break;
        case outcome::not_stored: out.append("NOT_STORED\r\n"); break;
        case outcome::exists: out.append("EXISTS\r\n"); break;
        case outcome::deleted: out.append("DELETED\r\n"); break;
        case outcome::touched: out.append("TOUCHED\r\n"); break;
        case outcome::number:
            out.append_number(a.number);
            out.append("\r\n");
            break;
        default: out.append("NOT_FOUND\r\n"); break;
    }
}

void render_key(std::string_view key, bool base64, bytes& out) {
    if (!base64) {
        out.append(key);
        return;
    }
    base64_encode(key, out);
    out.append(" b");
}

bool has_item(outcome o) noexcept { return o == outcome::hit || o == outcome::number || o == outcome::inspected; }

void render_returns(const request& r, const form& f, const reply& a, bytes& out) {
    for (const char flag : f.returns_view()) {
        const bool always = flag == 'O' || flag == 'k' || f.verb == 's';
        if (!always && !has_item(a.outcome)) continue;
        out.push(' ');
        out.push(flag);
        switch (flag) {
            case 'O': out.append(f.opaque_view()); break;
            case 'k':
                render_key(r.key, f.verb == 'g' && a.outcome == outcome::hit ? a.binary_key : f.base64, out);
                break;
            case 'c': out.append_number(a.cas); break;
            case 's': out.append_number(a.size); break;
            case 't': out.append_signed(a.ttl); break;
            case 'f': out.append_number(a.flags); break;
            case 'h': out.push(a.fetched ? '1' : '0'); break;
            case 'l': out.append_signed(a.idle); break;
            default: break;
        }
    }
}

struct meta_answer {
    std::string_view code;
    bool hidden;  ///< by q
};

meta_answer answer_code(const form& f, const reply& a) noexcept {
    switch (a.outcome) {
        case outcome::hit: return {"HD", false};
        case outcome::number: return {"HD", !a.created};
        case outcome::miss: return {"EN", true};
        case outcome::not_stored: return {"NS", false};
        case outcome::exists: return {"EX", false};
        case outcome::not_found: return {"NF", false};
        default: return {"HD", f.verb != 'g'};
    }
}

void render_marks(const reply& a, bytes& out) {
    if (a.win_sent) out.append(" Z");
    if (a.stale) out.append(" X");
    if (a.won) out.append(" W");
}

void render_meta(const request& r, const form& f, const reply& a, output& to) {
    bytes& out = to.text();
    if (render_common(a, out)) return;
    const meta_answer answer = answer_code(f, a);
    if (f.quiet && answer.hidden) return;
    const bool with_value = r.want_value && (a.outcome == outcome::hit || a.outcome == outcome::number);
    const bool is_number = a.outcome == outcome::number;
    std::array<char, 20> digits;
    std::string_view number;
    if (with_value && is_number) {
        const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), a.number).ptr;
        number = {digits.data(), static_cast<std::size_t>(end - digits.data())};
    }
    if (with_value) {
        out.append("VA ");
        out.append_number(is_number ? number.size() : a.data().size());
    } else {
        out.append(answer.code);
    }
    render_returns(r, f, a, out);
    if (a.outcome == outcome::hit) render_marks(a, out);
    out.append("\r\n");
    if (!with_value) return;
    if (is_number) out.append(number);
    else append_data(a, to);
    out.append("\r\n");
}

void render_inspect(const request& r, const reply& a, bytes& out) {
    if (render_common(a, out)) return;
    if (a.outcome != outcome::inspected) {
        out.append("EN\r\n");
        return;
    }
    out.append("ME ");
    if (a.binary_key) base64_encode(r.key, out);
    else out.append(r.key);
    out.append(" exp=");
    out.append_signed(a.ttl);
    out.append(" la=");
    out.append_signed(a.idle);
    out.append(" cas=");
    out.append_number(a.cas);
    out.append(a.fetched ? " fetch=yes" : " fetch=no");
    out.append(" cls=1 size=");
    out.append_number(a.size_in_memory);
    out.append("\r\n");
}

}  // namespace

void render(const failure& f, bytes& out) {
    out.append("SERVER_ERROR ");
    if (!f.subject.empty()) {
        out.append(f.subject);
        out.push(' ');
    }
    out.append(explain(f.code));
    out.append(", ");
    out.append(to_string(f.effect));
    out.append("\r\n");
}

void render(const request& r, const form& f, const reply& a, output& out) {
    switch (f.dialect) {
        case dialect::classic_get:
        case dialect::classic_gets: render_get(r, f, a, out); break;
        case dialect::classic_line:
            if (!f.noreply && !render_common(a, out.text())) render_line(a, out.text());
            break;
        case dialect::meta: render_meta(r, f, a, out); break;
        case dialect::meta_inspect: render_inspect(r, a, out.text()); break;
    }
}

}  // namespace freshet
