#include "admin/dead_letters.hpp"

#include <freshet/error.hpp>
#include <freshet/message.hpp>
#include <freshet/time.hpp>

#include "base/escape.hpp"
#include "base/json.hpp"
#include "base/whole_number.hpp"
#include "queue/journal/dead_request.hpp"
#include "queue/outbox/outbox.hpp"
#include "queue/queue.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace freshet {

namespace {

constexpr std::string_view verbs[] = {"list", "replay", "drop"};
constexpr std::size_t start_size = 60;  ///< bytes of a body that are shown

std::string_view name_of(dead_verb verb) { return verbs[static_cast<std::size_t>(verb)]; }

std::string date_of(wall::time_point t) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", fmt::gmtime(wall::to_time_t(t)));
}

/// Messages that are confirmed and not on their broker yet.
struct waiting_outbox {
    std::string name;
    std::uint64_t length;
    wall::time_point oldest;  ///< 1970: it was not read yet
};

std::string as_json(const std::vector<waiting_outbox>& outboxes) {
    std::string to = "[";
    for (const waiting_outbox& o : outboxes) {
        if (to.back() != '[') to += ", ";
        fmt::format_to(std::back_inserter(to), "{{\"queue\": {}, \"length\": {}", json_text(o.name), o.length);
        if (o.oldest != wall::time_point{})
            fmt::format_to(std::back_inserter(to), ", \"oldest\": \"{}\"", date_of(o.oldest));
        to += "}";
    }
    return to + "]";
}

std::string as_sentences(const std::vector<waiting_outbox>& outboxes) {
    std::string to;
    for (const waiting_outbox& o : outboxes) {
        fmt::format_to(std::back_inserter(to), "{}: {} wait{} for the broker", o.name, o.length,
                       o.length == 1 ? "s" : "");
        if (o.oldest != wall::time_point{})
            fmt::format_to(std::back_inserter(to), ", the oldest since {}", date_of(o.oldest));
        to += "\n";
    }
    return to;
}

std::string as_json(const std::vector<dead_letter>& letters, std::uint64_t count,
                    const std::vector<waiting_outbox>& outboxes) {
    std::string to = fmt::format("{{\"count\": {}, \"letters\": [", count);
    for (const dead_letter& l : letters) {
        const message& m = l.message;
        if (to.back() != '[') to += ", ";
        fmt::format_to(
            std::back_inserter(to),
            "{{\"queue\": {}, \"number\": {}, \"id\": {}, \"key\": {}, \"died\": \"{}\", \"published\": \"{}\", "
            "\"attempts\": {}, \"flags\": {}, \"bytes\": {}, \"start\": {}, \"reason\": {}}}",
            json_text(l.queue), l.number, json_text(m.id), json_text(m.key), date_of(l.died), date_of(m.time),
            m.attempt, m.flags, m.body.size(), json_text(std::string_view(m.body).substr(0, start_size)),
            json_text(l.reason));
    }
    return to + "], \"outboxes\": " + as_json(outboxes) + "}\n";
}

std::string as_table(const std::vector<dead_letter>& letters, std::uint64_t count) {
    using row = std::vector<std::string>;
    std::vector<row> rows{{"QUEUE", "NUMBER", "DIED", "ATTEMPTS", "BYTES", "ID", "REASON", "BODY"}};
    for (const dead_letter& l : letters) {
        const message& m = l.message;
        rows.push_back({l.queue, fmt::format("{}", l.number), date_of(l.died), fmt::format("{}", m.attempt),
                        fmt::format("{}", m.body.size()), escaped(m.id), escaped(l.reason),
                        in_quotes(std::string_view(m.body).substr(0, start_size + 1))});
    }
    std::vector<std::size_t> widths(rows.front().size(), 0);
    for (const row& r : rows) {
        for (std::size_t i = 0; i < r.size(); ++i) widths[i] = std::max(widths[i], r[i].size());
    }
    std::string to;
    for (const row& r : rows) {
        for (std::size_t i = 0; i + 1 < r.size(); ++i)
            fmt::format_to(std::back_inserter(to), "{:<{}}  ", r[i], widths[i]);
        to += r.back() + "\n";
    }
    if (letters.size() < count)
        fmt::format_to(std::back_inserter(to), "{} of {}; --max shows more\n", letters.size(), count);
    return letters.empty() ? "no dead letters\n" : to;
}

/// One command on its way through the journals.
class asking final : public dead_request {
public:
    asking(shard& on, std::vector<journal*> journals, dead_command command, std::function<void(command_answer)> then)
        : journals_(std::move(journals)), command_(std::move(command)), then_(std::move(then)) {
        home = &on;
        queue = command_.queue;
        numbers = command_.numbers;
        action = command_.verb == dead_verb::list     ? dead_request::action::list
                 : command_.verb == dead_verb::replay ? dead_request::action::replay
                                                      : dead_request::action::drop;
    }

    void begin() {
        if (!queue.empty()) {
            const auto all = journals_;
            std::erase_if(journals_, [this](journal* j) { return j->find(queue) == nullptr; });
            if (journals_.empty()) return end(no_such_queue(queue, all));
        }
        next();
    }

    void finish() override {
        total_ += count;
        std::move(letters.begin(), letters.end(), std::back_inserter(found_));
        if (!why) return next();
        const std::string_view subject = why->subject.empty() ? "the journal" : why->subject;
        const bool some = command_.verb != dead_verb::list && total_ > 0;
        end({false, fmt::format("{} {}{}\n", subject, explain(why->code),
                                some ? fmt::format("; {} before that", sentence()) : "")});
    }

private:
    void next() {
        if (at_ == journals_.size()) return end(answer());
        count = 0;
        letters.clear();
        max = command_.max - std::min(command_.max, found_.size());
        journals_[at_++]->dead_letters(*this);
    }
    void end(command_answer a) {
        const std::unique_ptr<asking> self(this);
        then_(std::move(a));
    }
    std::string sentence() const {
        return fmt::format("{} message{} {}", total_, total_ == 1 ? "" : "s",
                           command_.verb == dead_verb::replay ? "published again" : "dropped");
    }
    command_answer answer() {
        if (command_.verb == dead_verb::list)
            return {true, command_.json ? as_json(found_, total_, outboxes())
                                        : as_table(found_, total_) + as_sentences(outboxes())};
        const bool all = numbers.empty() || total_ == numbers.size();
        return {all, sentence() +
                         (all ? "\n"
                              : fmt::format("; {} of these numbers {} no dead letter of {}\n", numbers.size() - total_,
                                            numbers.size() - total_ == 1 ? "is" : "are", queue))};
    }

    /// Of the queue that is asked about, or all, where something waits.
    std::vector<waiting_outbox> outboxes() const {
        std::vector<waiting_outbox> all;
        for (journal* const j : journals_) {
            for (const std::string& name : j->names()) {
                if (!name.ends_with(outbox_suffix) || (!queue.empty() && name != queue)) continue;
                const queue_ptr q = j->find(name);
                if (q != nullptr && q->length() != 0) all.push_back({name, q->length(), q->figures().oldest});
            }
        }
        return all;
    }

    std::vector<journal*> journals_;
    dead_command command_;
    std::function<void(command_answer)> then_;
    std::size_t at_{0};
    std::uint64_t total_{0};
    std::vector<dead_letter> found_;
};

}  // namespace

std::string to_line(const dead_command& c) {
    std::string line =
        fmt::format("{} {} {} {}", name_of(c.verb), c.queue.empty() ? "*" : c.queue, c.max, c.json ? "json" : "text");
    for (const std::uint64_t n : c.numbers) fmt::format_to(std::back_inserter(line), " {}", n);
    return line;
}

std::optional<dead_command> parse_dead_command(std::string_view line) {
    const auto word = [&line] {
        const std::size_t end = std::min(line.find(' '), line.size());
        const std::string_view w = line.substr(0, end);
        line.remove_prefix(std::min(end + 1, line.size()));
        return w;
    };
    dead_command c;
    const auto* const verb = std::find(std::begin(verbs), std::end(verbs), word());
    const std::string_view queue = word();
    const auto max = whole_number<decltype(c.max)>(word());
    const std::string_view form = word();
    if (verb == std::end(verbs) || queue.empty() || !max || (form != "json" && form != "text")) return std::nullopt;
    c.verb = static_cast<dead_verb>(verb - std::begin(verbs));
    if (queue != "*") c.queue = queue;
    c.max = *max;
    c.json = form == "json";
    while (!line.empty()) {
        const auto number = whole_number<std::uint64_t>(word());
        if (!number) return std::nullopt;
        c.numbers.push_back(*number);
    }
    return c;
}

void answer_dead_command(shard& home, std::vector<journal*> journals, dead_command command,
                         std::function<void(command_answer)> then) {
    std::sort(command.numbers.begin(), command.numbers.end());
    command.numbers.erase(std::unique(command.numbers.begin(), command.numbers.end()), command.numbers.end());
    (new asking(home, std::move(journals), std::move(command), std::move(then)))->begin();
}

}  // namespace freshet
