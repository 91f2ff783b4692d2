// Reading one option: its kind, its range, its sentences.
#include <freshet/config.hpp>
#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "base/escape.hpp"
#include "base/whole_number.hpp"
#include "config/draft.hpp"
#include "config/environment.hpp"
#include "config/options.hpp"
#include "config/suggest.hpp"
#include "config/units.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace freshet::reading {

void read_entries(std::string_view section, const table& from, sections& to, places& at, draft& d);

namespace {

class option_reader {
public:
    option_reader(const option& o, sections& to, places& at, draft& d) : option_(o), to_(to), at_(at), draft_(d) {}

    bool read(const value& from) {
        const bool right = std::visit([&](const auto& kind) { return read_kind(kind, from); }, option_.kind);
        if (right) at_.values.push_back({option_.key, from.at, is_filled(from) ? *from.text() : ""});
        return right;
    }

private:
    bool wrong(place at, std::string_view sentence) {
        draft_.say(at, fmt::format("{}: {}", option_.key, sentence));
        return false;
    }
    bool wrong_kind(const value& from) {
        return wrong(from.at, fmt::format("this is {}; right is: {}", kind_of(from), form_of(option_)));
    }

    std::optional<std::string> expand(const value& from, rule wrong_text = nullptr) {
        expansion e = expand_environment(*from.text());
        if (e.mistake.empty() && e.text.find('\0') != std::string::npos) e.mistake = "a text cannot hold a zero byte";
        if (e.text != *from.text()) draft_.filled.add(e.text, *from.text(), std::move(e.secrets));
        if (e.mistake.empty() && wrong_text != nullptr) e.mistake = draft_.filled.sentence(e.text, wrong_text(e.text));
        if (e.mistake.empty()) return std::move(e.text);
        wrong(from.at, e.mistake);
        return std::nullopt;
    }
    static bool is_filled(const value& from) {
        return from.text() != nullptr && from.text()->find("${") != std::string::npos;
    }
    /// What a sentence shows of a text: a part of it, or the whole as it stands there where variables are filled in.
    static std::string shown(const value& from, std::string part) {
        return is_filled(from) ? in_quotes(*from.text()) : part;
    }
    bool read_texts(const list& items, std::vector<std::string>& to, rule wrong_text) {
        std::vector<std::string> read;
        bool right = true;
        for (const value& item : items) {
            if (item.text() == nullptr) {
                right = wrong(item.at, fmt::format("this is {}, not text", kind_of(item)));
                continue;
            }
            if (auto text = expand(item, wrong_text)) read.push_back(std::move(*text));
            else right = false;
        }
        if (right) to = std::move(read);
        return right;
    }

    bool read_kind(const flag& k, const value& from) {
        const bool* const b = std::get_if<bool>(&from.data);
        if (b == nullptr) return wrong_kind(from);
        k.at(to_) = *b;
        return true;
    }
    bool read_kind(const choice& k, const value& from) {
        if (from.text() == nullptr) return wrong_kind(from);
        const std::string& word = *from.text();
        if (word != k.yes && word != k.no)
            return wrong(from.at, fmt::format("{} is neither \"{}\" nor \"{}\"", in_quotes(word), k.yes, k.no));
        k.at(to_) = word == k.yes;
        return true;
    }
    bool read_kind(const text& k, const value& from) {
        if (from.text() == nullptr) return wrong_kind(from);
        auto text = expand(from, k.wrong);
        if (!text) return false;
        k.at(to_) = std::move(*text);
        return true;
    }
    bool read_kind(const texts& k, const value& from) {
        if (from.text() != nullptr) {
            auto text = expand(from, k.wrong);
            if (!text) return false;
            k.at(to_) = {std::move(*text)};
            return true;
        }
        if (from.items() == nullptr) return wrong_kind(from);
        if (from.items()->empty()) return wrong(from.at, "the list is empty");
        return read_texts(*from.items(), k.at(to_), k.wrong);
    }
    template <class Number>
    bool read_kind(const number<Number>& k, const value& from) {
        std::optional<std::int64_t> n;
        if (const auto* const written = std::get_if<std::int64_t>(&from.data)) n = *written;
        if (is_filled(from)) {
            const auto text = expand(from);
            if (!text) return false;
            n = whole_number<std::int64_t>(*text);
            if (!n) return wrong(from.at, fmt::format("{} is no whole number", in_quotes(*from.text())));
        }
        if (!n) return wrong_kind(from);
        if (*n < 0 || static_cast<std::uint64_t>(*n) < k.least || static_cast<std::uint64_t>(*n) > k.most) {
            return wrong(from.at,
                         fmt::format("{} is not within {} to {}", shown(from, std::to_string(*n)), k.least, k.most));
        }
        k.at(to_) = static_cast<Number>(*n);
        return true;
    }
    template <class Number>
    bool read_kind(const size<Number>& k, const value& from) {
        std::optional<std::uint64_t> bytes;
        if (const auto* const n = std::get_if<std::int64_t>(&from.data); n != nullptr) {
            if (*n < 0) return wrong(from.at, "a size is not negative");
            bytes = static_cast<std::uint64_t>(*n);
        } else if (from.text() != nullptr) {
            const auto written = expand(from);
            if (!written) return false;
            bytes = parse_size(*written);
            if (!bytes)
                return wrong(from.at, fmt::format("{} is no size; write a whole number with {}, as in \"64MiB\"",
                                                  in_quotes(*from.text()), size_units));
        } else {
            return wrong_kind(from);
        }
        const bool within = (*bytes >= k.least && *bytes <= k.most) || (k.zero && *bytes == 0);
        if (!within) {
            return wrong(from.at, fmt::format("{} is not {}within {} to {}", shown(from, format_size(*bytes)),
                                              k.zero ? "0 or " : "", format_size(k.least), format_size(k.most)));
        }
        k.at(to_) = static_cast<Number>(*bytes);
        return true;
    }
    std::optional<milliseconds> read_time(std::string_view part, const value& from, milliseconds least,
                                          milliseconds most) {
        const auto t = parse_time(part);
        if (!t) {
            wrong(from.at, fmt::format("{} is no time; write a whole number with {}, as in \"300ms\"",
                                       shown(from, in_quotes(part)), time_units));
        } else if (*t < least || *t > most) {
            wrong(from.at, fmt::format("{} is not within {} to {}", shown(from, format_time(*t)), format_time(least),
                                       format_time(most)));
        } else {
            return t;
        }
        return std::nullopt;
    }
    bool no_unit(const value& from) {
        const auto* const n = std::get_if<std::int64_t>(&from.data);
        if (n == nullptr || *n < 0) return wrong_kind(from);
        return wrong(from.at,
                     fmt::format("{0} has no unit; write \"{0}ms\", \"{0}s\", \"{0}m\", \"{0}h\" or \"{0}d\"", *n));
    }
    template <class Duration>
    bool read_kind(const time<Duration>& k, const value& from) {
        if (from.text() == nullptr) return no_unit(from);
        const auto text = expand(from);
        if (!text) return false;
        const auto t = read_time(*text, from, k.least, k.most);
        if (!t) return false;
        const auto kept = std::chrono::duration_cast<Duration>(*t);
        if (kept != *t)
            return wrong(from.at, fmt::format("{} is no whole number of seconds", shown(from, format_time(*t))));
        k.at(to_) = kept;
        return true;
    }
    bool read_kind(const time_span& k, const value& from) {
        if (from.text() == nullptr) return wrong_kind(from);
        const auto text = expand(from);
        if (!text) return false;
        const std::string_view written = *text;
        const std::size_t dots = written.find("..");
        if (dots == std::string_view::npos)
            return wrong(from.at, fmt::format("{} is not two times; write \"1s..5m\"", in_quotes(*from.text())));
        const auto first = read_time(written.substr(0, dots), from, k.least, k.most);
        const auto last = read_time(written.substr(dots + 2), from, k.least, k.most);
        if (!first || !last) return false;
        if (*first > *last)
            return wrong(from.at, fmt::format("the first time is longer than the second; write {}",
                                              is_filled(from) ? "the shorter one first"
                                                              : fmt::format("\"{}..{}\"", format_time(*last),
                                                                            format_time(*first))));
        k.from(to_) = *first;
        k.to(to_) = *last;
        return true;
    }
    bool read_kind(const argv& k, const value& from) {
        if (from.items() == nullptr)
            return wrong(
                from.at,
                "a program and its arguments are a list, as in [\"/usr/bin/sort\", \"-u\"]; no shell splits a text");
        if (from.items()->empty()) return wrong(from.at, "the list is empty; it begins with the program");
        return read_texts(*from.items(), k.at(to_), nullptr);
    }
    bool read_kind(const pairs& k, const value& from) {
        if (from.entries() == nullptr) return wrong_kind(from);
        bool right = true;
        for (const entry& e : *from.entries()) {
            if (e.value.text() == nullptr) {
                right =
                    wrong(e.at, fmt::format("{} is {}; write its value in quotes", in_quotes(e.key), kind_of(e.value)));
            } else if (auto text = expand(e.value)) {
                k.at(to_).emplace_back(e.key, std::move(*text));
            } else {
                right = false;
            }
        }
        return right;
    }
    bool read_kind(const call& k, const value& from) {
        if (from.text() != nullptr) {
            const option& url = *find_option("call", "http");
            auto text = expand(from, std::get<reading::text>(url.kind).wrong);
            if (!text) return false;
            k.url(to_) = std::move(*text);
            return true;
        }
        if (from.entries() == nullptr) return wrong_kind(from);
        const std::size_t before = draft_.mistakes.size();
        read_entries("call", *from.entries(), to_, at_, draft_);
        if (draft_.mistakes.size() > before) return false;
        const bool http = at_.has("http"), exec = at_.has("exec");
        if (http == exec)
            return wrong(from.at,
                         fmt::format("has {}; write {{ exec = [\"/PATH\", ...] }} or {{ http = \"http://HOST/PATH\" }}",
                                     http ? "both exec and http" : "neither exec nor http"));
        return true;
    }

    const option& option_;
    sections& to_;
    places& at_;
    draft& draft_;
};

}  // namespace

bool read_option(const option& o, const value& from, sections& to, places& at, draft& d) {
    return option_reader(o, to, at, d).read(from);
}

void read_entries(std::string_view section, const table& from, sections& to, places& at, draft& d) {
    for (const entry& e : from) {
        if (const option* const o = find_option(section, e.key)) {
            read_option(*o, e.value, to, at, d);
        } else if (const later* const l = find_later(section, e.key)) {
            d.say(e.at, fmt::format("{}: {}", e.key, l->sentence));
        } else {
            const auto keys = keys_of(section);
            std::string hint = suggestion(e.key, keys);
            for (const option& other : options()) {
                const bool nearer = section == "flow" && find_option("call", e.key) != nullptr;
                if (other.key != e.key || (nearer && other.section != "call")) continue;
                hint = fmt::format("; it belongs in {}", header_of(other.section));
                break;
            }
            d.say(e.at, fmt::format("unknown key {} in {}{}", in_quotes(e.key), header_of(section), hint));
        }
    }
}

}  // namespace freshet::reading
