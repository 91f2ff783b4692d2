// docs/config.md, and the words for kinds and defaults that sentences share with it.
#include "config/reference.hpp"

#include <freshet/config.hpp>

#include "config/options.hpp"
#include "config/units.hpp"

#include <fmt/format.h>

#include <chrono>
#include <iterator>

namespace freshet::reading {

namespace {

std::string form(const flag&) { return "true or false"; }
std::string form(const choice& k) { return fmt::format("\"{}\" or \"{}\"", k.yes, k.no); }
std::string form(const text& k) { return std::string(k.form); }
std::string form(const texts& k) { return std::string(k.form); }
template <class Number>
std::string form(const number<Number>& k) {
    return fmt::format("number, {} to {}", k.least, k.most);
}
template <class Number>
std::string form(const size<Number>& k) {
    return fmt::format("size, {}{} to {}", k.zero ? "0 or " : "", format_size(k.least), format_size(k.most));
}
template <class Duration>
std::string form(const time<Duration>& k) {
    return fmt::format("time, {} to {}", format_time(k.least), format_time(k.most));
}
std::string form(const time_span& k) {
    return fmt::format("two times, {} to {}", format_time(k.least), format_time(k.most));
}
std::string form(const argv&) { return "list of texts"; }
std::string form(const pairs&) { return "table of texts"; }
std::string form(const call&) { return "URL or table"; }

std::string held(const flag& k, sections& s) { return k.at(s) ? "true" : "false"; }
std::string held(const choice& k, sections& s) { return fmt::format("\"{}\"", k.at(s) ? k.yes : k.no); }
std::string held(const text& k, sections& s) { return fmt::format("\"{}\"", k.at(s)); }
std::string held(const texts& k, sections& s) {
    std::string to;
    for (const std::string& one : k.at(s)) to += fmt::format("{}\"{}\"", to.empty() ? "" : ", ", one);
    return fmt::format("[{}]", to);
}
template <class Number>
std::string held(const number<Number>& k, sections& s) {
    return fmt::format("{}", k.at(s));
}
template <class Number>
std::string held(const size<Number>& k, sections& s) {
    return k.at(s) == 0 ? "0" : fmt::format("\"{}\"", format_size(k.at(s)));
}
template <class Duration>
std::string held(const time<Duration>& k, sections& s) {
    return fmt::format("\"{}\"", format_time(k.at(s)));
}
std::string held(const time_span& k, sections& s) {
    return fmt::format("\"{}..{}\"", format_time(k.from(s)), format_time(k.to(s)));
}
std::string held(const argv&, sections&) { return "none"; }
std::string held(const pairs&, sections&) { return "none"; }
std::string held(const call&, sections&) { return "none"; }

constexpr std::string_view beginning = R"(# The configuration file

<!-- Made from the table of options (src/config/options.cpp) by `freshet reference`; not written by hand. -->

`freshet serve -c FILE` serves what a file in [TOML](https://toml.io) says, `freshet check -c FILE` tells all that is wrong with it, in its
order, with line and column (an error of syntax alone, since nothing behind it can be trusted). Without `-c` no file is read.

`serve` does first what `check` does, and nothing else decides: on this machine, as this user, with this `--state` and `--listen`. Looked
at are also programs, files for TLS, journals and their folders, addresses, groups, and what librdkafka says of its properties. Nothing
is changed, and no broker and no server is asked. `check` does not know what only another program is in the way of (a port, the lock of a
journal: that may be the server that is to be replaced), what is in the log that a crash has left of a journal, and a name that nobody can
look up now. What is right, and probably not meant, is a warning of both.

A **store** is where values live, a **queue** where messages wait. A **route** is a key prefix and the store or queue that a client's
command meets there. A **flow** is what happens afterwards: it takes messages from a queue, calls a program or a URL, and puts
the answer into a store.

```toml
[server]
listen = ["127.0.0.1:11311", "unix:/run/freshet/freshet.sock"]

[store.main]
size = "1GiB"

[queue.thumbs]
backoff = "1s..5m"

[[route]]
prefix = "task:thumbs"    # set task:thumbs publishes, get task:thumbs receives
queue = "thumbs"

[[route]]
prefix = "result:"
store = "main"
wait = "300ms"

[[flow]]
from = "thumbs"
call = "http://127.0.0.1:9000/resize"
into = "main"
key = "result:{id}"
ttl = "1h"
```

## What holds where nothing is said

- A file without a store has one: `[store.main]`, in memory.
- A file without a route has two: all keys lead to a store, and every key that begins with `queue/` is a durable queue of the name behind it.
  That is also what holds without any file. It can be written down:

  ```toml
  [store.main]
  url = "memory:"

  [[route]]
  prefix = ""
  store = "main"

  [[route]]
  prefix = "queue/"
  queue = "*"
  ```
- A file with routes has just these, and one for all other keys (`prefix = ""`), unless it has that itself. In particular `queue/` is then a
  prefix as any other.
- "A store" above is the one named main, or the only one. Where there are several and none is named main, keys without a route are refused,
  and a file without routes is a mistake.

## How values are written

- **Times** have a unit: `"300ms"`, `"5s"`, `"1m"`, `"1h"`, `"10d"`. A bare number is a mistake.
- **Sizes** are bytes, as a number or with a unit: `"100KB"` (1,000), `"100KiB"` (1,024), MB, MiB, GB, GiB, TB, TiB.
- **Names** of stores and queues have 1 to 64 of `A-Z a-z 0-9 _ . : -`; one with a dot or colon is quoted in a header: `[queue."a.b"]`.
- **`${NAME}`** in any text is the environment variable of that name; one that is not set is a mistake. Behind the `://` of a URL it is
  percent-encoded, so that a password may hold any character. `$${` stands for `${` itself. Sentences and the log show `${NAME}`, not
  what was filled in (the log: unless it has fewer than 4 bytes), and no user and password of a URL.
- Unknown keys are mistakes. What a later version brings is refused with a sentence that says so.
)";

struct chapter {
    std::string_view section, title, words;
};
constexpr chapter chapters[] = {
    {"site", "[site]", "Who tells changes, for routes with `publish` and flows with `apply`; others need none."},
    {"server", "[server]", "The process and its listeners."},
    {"store", "[store.NAME]", "Where values live. Any number, each with a name of its own."},
    {"queue", "[queue.NAME]",
     "Where messages wait. What was confirmed survives a crash. The section may be empty; `[queue.\"*\"]` says the "
     "options of queues that\n"
     "routes with `queue = \"*\"` make, which are all in the file of the state folder, so that it has no `url`."},
    {"route", "[[route]]", "What a client's command meets. No two routes have the same prefix."},
    {"flow", "[[flow]]",
     "What happens afterwards. Order: call, result, acknowledgement. From an `ordered` queue there is one call at a "
     "time."},
    {"call", "call = { ... }", "A flow's `call` as a table: either `exec` or `http`, and how long it may take."},
};

std::string cell(std::string_view text) {
    std::string to;
    for (const char c : text) {
        if (c == '|') to += '\\';
        to += c;
    }
    return to;
}

}  // namespace

std::string form_of(const option& o) {
    return std::visit([](const auto& k) { return form(k); }, o.kind);
}

std::string default_of(const option& o) {
    if (o.required) return "needed";
    if (!o.default_text.empty()) return std::string(o.default_text);
    sections fresh;
    return std::visit([&](const auto& k) { return held(k, fresh); }, o.kind);
}

}  // namespace freshet::reading

namespace freshet {

std::string config_reference() {
    using namespace reading;
    std::string to(beginning);
    for (const chapter& c : chapters) {
        fmt::format_to(std::back_inserter(to),
                       "\n## `{}`\n\n{}\n\n| key | value | default | meaning |\n|---|---|---|---|\n", c.title, c.words);
        for (const option& o : options()) {
            if (o.section != c.section) continue;
            const bool words = o.required || !o.default_text.empty();
            const std::string fallback = words ? default_of(o) : fmt::format("`{}`", default_of(o));
            fmt::format_to(std::back_inserter(to), "| `{}` | {} | {} | {} |\n", o.key, cell(form_of(o)), cell(fallback),
                           cell(o.meaning));
        }
    }
    return to;
}

}  // namespace freshet
