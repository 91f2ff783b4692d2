#include "bench/load/pipeline.hpp"

#include "base/escape.hpp"
#include "bench/load/reply_line.hpp"

#include <fmt/format.h>

namespace freshet::load {

namespace {

std::string_view without_end(std::string_view line) {
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

}  // namespace

bool dialect::is_error(std::string_view line) const {
    return protocol == load::protocol::resp ? line.starts_with('-') : load::is_error(line);
}

dialect make_dialect(protocol spoken, const contents& of) {
    const std::string size = std::to_string(of.value_bytes());
    if (spoken == protocol::resp) {
        const std::string key = "$" + std::to_string(of.key_bytes()) + "\r\n";
        return {.get = "*2\r\n$3\r\nGET\r\n" + key,
                .get_end = "\r\n",
                .set = "*3\r\n$3\r\nSET\r\n" + key,
                .set_end = "\r\n$" + size + "\r\n",
                .hit = "$" + size + "\r\n",
                .hit_end = "",
                .miss = "$-1",
                .stored = "+OK\r\n",
                .protocol = spoken};
    }
    if (spoken == protocol::meta) {
        return {.get = "mg ",
                .get_end = " k v\r\n",
                .set = "ms ",
                .set_end = " " + size + "\r\n",
                .hit = "VA " + size + " k",
                .hit_end = "\r\n",
                .miss = "EN k",
                .stored = "HD\r\n",
                .protocol = spoken};
    }
    return {.get = "get ",
            .get_end = "\r\n",
            .set = "set ",
            .set_end = " 0 0 " + size + "\r\n",
            .hit = "VALUE ",
            .hit_end = " 0 " + size + "\r\n",
            .miss = "END",
            .stored = "STORED\r\n",
            .protocol = spoken};
}

void pipeline::ask(request r, std::string& to) {
    const bool continues = !requests_.empty() && !requests_.back().is_last;
    requests_.push_back(r);
    if (r.is_set) {
        to += dialect_->set;
        contents_->append_key(to, r.key);
        to += dialect_->set_end;
        contents_->append_value(to, r.key);
        to += "\r\n";
        return;
    }
    if (continues && dialect_->has_multi_gets()) to += ' ';
    else to += dialect_->get;
    contents_->append_key(to, r.key);
    if (r.is_last || !dialect_->has_multi_gets()) to += dialect_->get_end;
}

std::size_t pipeline::take(std::string_view bytes, std::int64_t now_ns, tally& to, std::vector<std::uint64_t>* missed) {
    now_ns_ = now_ns;
    missed_ = missed;
    std::size_t used = 0;
    while (used < bytes.size()) {
        const std::string_view rest = bytes.substr(used);
        const std::size_t end = rest.find('\n');
        if (end == std::string_view::npos) {
            if (rest.size() > line_max) refuse("a reply without end", rest.substr(0, line_max));
            break;
        }
        if (answered()) refuse("a reply that nobody asked for", rest.substr(0, end + 1));
        const std::size_t size = take_line(rest.substr(0, end + 1), rest, to);
        if (size == 0) break;
        used += size;
    }
    return used;
}

/// The size of the reply that begins with the line; 0: it is not whole yet.
std::size_t pipeline::take_line(std::string_view line, std::string_view bytes, tally& to) {
    if (dialect_->is_error(line)) {
        to.count_error(without_end(line));
        std::size_t end = group_end_ != 0 ? group_end_ : answered_ + 1;
        if (dialect_->has_multi_gets() && group_end_ == 0)
            while (!requests_[end - 1].is_last) ++end;
        answered_ = end;
        group_end_ = 0;
        return line.size();
    }
    if (group_end_ == 0 && requests_[answered_].is_set) {
        if (line != dialect_->stored) refuse("a reply that does not fit a set", line);
        ++to.sets;
        finish(answered_ + 1, to);
        return line.size();
    }
    if (!dialect_->has_multi_gets()) {
        if (line.starts_with(dialect_->hit)) return take_hit(line, bytes, to);
        if (!is_miss(line, requests_[answered_].key)) refuse("a reply that does not fit a get of this key", line);
        miss_until(answered_ + 1, to);
        return line.size();
    }
    if (group_end_ == 0)
        for (group_end_ = answered_ + 1; !requests_[group_end_ - 1].is_last;) ++group_end_;
    if (line.starts_with(dialect_->hit)) return take_hit(line, bytes, to);
    if (line != end_line) refuse("a reply that does not fit a get", line);
    miss_until(group_end_, to);
    group_end_ = 0;
    return line.size();
}

std::size_t pipeline::take_hit(std::string_view line, std::string_view bytes, tally& to) {
    const std::size_t found = find_key(line);
    const std::size_t size = contents_->value_bytes();
    if (!line.ends_with(dialect_->hit_end) ||
        line.size() != dialect_->hit.size() + key_bytes_in_reply() + dialect_->hit_end.size()) {
        refuse("a reply with the wrong flags or length", line);
    }
    if (bytes.size() < line.size() + size + 2) return 0;
    if (!contents_->is_value(bytes.substr(line.size(), size), requests_[found].key))
        refuse("a wrong value behind", line);
    if (bytes.substr(line.size() + size, 2) != "\r\n") refuse("a value that does not end as it should behind", line);
    miss_until(found, to);
    ++to.hits;
    finish(found + 1, to);
    return line.size() + size + 2;
}

/// Which request a hit answers: the next one, or one further on in the same classic get.
std::size_t pipeline::find_key(std::string_view line) const {
    if (!dialect_->repeats_keys()) return answered_;
    const std::string_view key = line.substr(dialect_->hit.size()).substr(0, contents_->key_bytes());
    const std::size_t end = dialect_->has_multi_gets() ? group_end_ : answered_ + 1;
    for (std::size_t i = answered_; i < end; ++i)
        if (contents_->is_key(key, requests_[i].key)) return i;
    refuse("a reply with the wrong key", line);
}

bool pipeline::is_miss(std::string_view line, std::uint64_t key) const {
    const std::size_t head = dialect_->miss.size();
    if (!line.starts_with(dialect_->miss) || line.size() != head + key_bytes_in_reply() + 2) return false;
    if (dialect_->repeats_keys() && !contents_->is_key(line.substr(head, contents_->key_bytes()), key)) return false;
    return line.ends_with("\r\n");
}

void pipeline::miss_until(std::size_t end, tally& to) {
    for (std::size_t i = answered_; i < end; ++i) {
        ++to.misses;
        if (missed_ != nullptr) missed_->push_back(requests_[i].key);
    }
    finish(end, to);
}

void pipeline::finish(std::size_t end, tally& to) {
    for (; answered_ < end; ++answered_) to.times.add(now_ns_ - requests_[answered_].begin_ns);
}

void pipeline::refuse(const char* what, std::string_view line) const {
    std::string asked = "nothing";
    if (!answered()) {
        const request& r = requests_[answered_ < requests_.size() ? answered_ : answered_ - 1];
        asked = r.is_set ? dialect_->set : dialect_->get;
        contents_->append_key(asked, r.key);
    }
    throw wrong_reply(fmt::format("{}: {} in answer to {}", what, in_quotes(without_end(line)), in_quotes(asked)));
}

}  // namespace freshet::load
