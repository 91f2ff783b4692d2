// What a client writes and reads: ask() against the request parser, the reply parser against render().
#include <freshet/error.hpp>

#include "base/bytes.hpp"
#include "protocol/ask.hpp"
#include "protocol/form.hpp"
#include "protocol/render.hpp"
#include "protocol/reply.hpp"
#include "protocol/reply_parser.hpp"
#include "protocol/request.hpp"
#include "protocol/request_parser.hpp"
#include "shard/output.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using namespace freshet;

namespace {

struct question {
    request r{};
    form f{};
    std::string key, value;
};

/// Random requests of every kind; the key and the value live as long as the question.
class inventor {
public:
    explicit inventor(unsigned seed) : random_(seed) {}

    void invent(question& q) {
        q = {};
        q.key = text(1 + random_() % 30, 'a', 'z');
        q.r.key = q.key;
        switch (random_() % 4) {
            case 0: return classic_get(q);
            case 1: return classic(q);
            case 2: return meta(q);
            default:
                q.f.dialect = dialect::meta_inspect;
                q.r.command = command::inspect;
                base64(q);
        }
    }
    /// What a server could answer.
    void invent(const question& q, reply& a) {
        a.reset();
        const bool meta = q.f.dialect == dialect::meta;
        a.cas = random_();
        a.flags = static_cast<std::uint32_t>(random_());
        a.ttl = static_cast<std::int64_t>(random_() % 1000) - 1;
        a.idle = static_cast<std::int64_t>(random_() % 1000);
        a.fetched = maybe();
        a.binary_key = q.f.base64;
        a.number = random_();
        a.size_in_memory = random_() % 1000;
        a.outcome = pick(possible(q));
        if (a.outcome == outcome::hit) {
            a.value.append(text(random_() % 50, '\0', '\x7f'));
            a.size = a.value.size();
            a.won = meta && maybe();
            a.stale = meta && maybe();
            a.win_sent = meta && maybe();
        }
        if (a.outcome == outcome::failed) a.why = {errc::busy, effect::maybe_done, "queue q"};
        if (a.outcome == outcome::refused) a.text = "bad data chunk";
    }
    bool maybe() { return random_() % 2 == 0; }
    std::mt19937_64& random() { return random_; }

private:
    std::string text(std::size_t size, char from, char to) {
        std::string s(size, ' ');
        for (char& c : s)
            c = static_cast<char>(from + static_cast<int>(random_() % static_cast<unsigned>(to - from + 1)));
        return s;
    }
    template <class T>
    T pick(const std::vector<T>& of) {
        return of[random_() % of.size()];
    }

    static std::vector<outcome> possible(const question& q) {
        std::vector<outcome> all{outcome::failed, outcome::refused, outcome::too_large};
        const auto add = [&](std::initializer_list<outcome> more) { all.insert(all.end(), more); };
        switch (q.r.command) {
            case command::get: add({outcome::hit, outcome::miss, outcome::hit}); break;
            case command::store:
                add({outcome::stored, outcome::not_stored});
                if (q.r.compare) add({outcome::exists, outcome::not_found});
                break;
            case command::remove:
                add({outcome::deleted, outcome::not_found});
                if (q.r.compare) add({outcome::exists});
                break;
            case command::touch: add({outcome::touched, outcome::not_found}); break;
            case command::arithmetic: add({outcome::number, outcome::not_found, outcome::non_numeric}); break;
            default: add({outcome::inspected, outcome::miss}); break;
        }
        return all;
    }
    void base64(question& q) {
        if (!maybe()) return;
        q.f.base64 = q.r.binary_key = true;
        q.key = text(1 + random_() % 30, '\0', '\x7f');
        q.r.key = q.key;
    }
    void classic_get(question& q) {
        q.f.dialect = maybe() ? dialect::classic_get : dialect::classic_gets;
        q.r.want_value = true;
        q.r.touch = maybe();
        if (q.r.touch) q.r.exptime = static_cast<std::int32_t>(random_());
    }
    void classic(question& q) {
        q.f.dialect = dialect::classic_line;
        q.r.command = pick<command>({command::store, command::remove, command::touch, command::arithmetic});
        q.f.noreply = random_() % 8 == 0;
        if (q.r.command == command::store) {
            store(q);
            q.r.compare = q.r.mode == store_mode::set && maybe();
        }
        if (q.r.command == command::touch || q.r.command == command::store)
            q.r.exptime = static_cast<std::int32_t>(random_());
        if (q.r.compare) q.r.compare_cas = random_();
        if (q.r.command == command::arithmetic) {
            q.r.decrement = maybe();
            q.r.delta = random_();
        }
    }
    void store(question& q) {
        q.r.mode = pick<store_mode>(
            {store_mode::set, store_mode::add, store_mode::replace, store_mode::append, store_mode::prepend});
        q.value = text(random_() % 100, '\0', '\x7f');
        q.r.value = q.value;
        q.r.flags = static_cast<std::uint32_t>(random_());
    }
    void meta(question& q) {
        q.f.dialect = dialect::meta;
        q.f.verb = pick<char>({'g', 's', 'd', 'a'});
        base64(q);
        std::uint8_t place = 2;
        const auto placed = [&](bool& flag, std::uint8_t& where, std::int64_t& argument) {
            flag = maybe();
            if (!flag) return;
            where = place++;
            argument = static_cast<std::int32_t>(random_());
        };
        switch (q.f.verb) {
            case 'g':
                q.r.command = command::get;
                q.r.may_win = true;
                q.r.want_value = maybe();
                q.r.no_bump = maybe();
                placed(q.r.recache, q.r.recache_place, q.r.recache_ttl);
                placed(q.r.vivify, q.r.vivify_place, q.r.vivify_exptime);
                break;
            case 's':
                q.r.command = command::store;
                store(q);
                break;
            case 'd':
                q.r.command = command::remove;
                q.r.drop_value = maybe();
                break;
            default:
                q.r.command = command::arithmetic;
                q.r.want_value = maybe();
                q.r.decrement = maybe();
                q.r.delta = random_();
                q.r.initial = random_();
        }
        if (q.f.verb == 's' || q.f.verb == 'd') q.r.invalidate = maybe();
        placed(q.r.touch, q.r.touch_place, q.r.exptime);
        if (maybe()) q.r.ttl_place = place;
        if (q.f.verb != 'g') q.r.compare = maybe();
        if (q.r.compare) q.r.compare_cas = random_();
        q.r.assign = maybe();
        if (q.r.assign) q.r.assign_cas = 1 + random_() / 2;
        returns(q);
        q.f.quiet = random_() % 4 == 0;
    }
    void returns(question& q) {
        const std::string_view can = q.f.verb == 'g'   ? "scflhk"
                                     : q.f.verb == 's' ? "kcs"
                                     : q.f.verb == 'a' ? "ck"
                                                       : "k";
        std::string names;
        for (const char c : can) {
            if (maybe()) names += c;
        }
        if (q.r.ttl_place != 0 && (q.f.verb == 'g' || q.f.verb == 'a')) names += 't';
        else q.r.ttl_place = 0;
        if (maybe()) {
            names += 'O';
            const std::string opaque = text(1 + random_() % 10, 'A', 'Z');
            q.f.opaque_size = static_cast<std::uint8_t>(opaque.size());
            std::copy(opaque.begin(), opaque.end(), q.f.opaque.begin());
        }
        std::shuffle(names.begin(), names.end(), random_);
        q.f.return_count = static_cast<std::uint8_t>(names.size());
        std::copy(names.begin(), names.end(), q.f.returns.begin());
    }

    std::mt19937_64 random_;
};

std::string asked(const request& r, const form& f) {
    bytes out;
    ask(r, f, out);
    return std::string(out.view());
}

std::string rendered(const question& q, const reply& a) {
    output out;
    render(q.r, q.f, a, out);
    return std::string(out.text().view());
}

TEST(client_side, every_request_is_understood_as_it_was_meant) {
    inventor invent(1);
    for (int n = 0; n < 20'000; ++n) {
        question q;
        invent.invent(q);
        const std::string line = asked(q.r, q.f);
        request_parser parser(1 << 20);
        std::string_view input = line;
        request r;
        form f;
        ASSERT_EQ(parser.next(input, r, f), request_parser::status::call) << line << parser.text();
        ASSERT_TRUE(input.empty()) << line;
        ASSERT_EQ(r.command, q.r.command) << line;
        ASSERT_EQ(r.key, q.r.key) << line;
        ASSERT_EQ(r.value, q.r.value) << line;
        ASSERT_EQ(f.returns_view(), q.f.returns_view()) << line;
        ASSERT_EQ(asked(r, f), line);
    }
}

TEST(client_side, every_reply_is_read_as_it_was_said) {
    inventor invent(2);
    for (int n = 0; n < 20'000; ++n) {
        question q;
        reply said, read;
        invent.invent(q);
        invent.invent(q, said);
        const std::string line = rendered(q, said);
        const std::string next = q.f.dialect == dialect::meta ? "MN\r\n" : "";
        const std::string both = line + next;
        reply_parser parser;
        std::string_view input = both;
        const auto status = parser.next(input, q.r, q.f, read);
        if (line.empty()) {
            ASSERT_EQ(status, reply_parser::status::silent) << asked(q.r, q.f);
            continue;
        }
        ASSERT_EQ(status, reply_parser::status::reply) << asked(q.r, q.f) << line << parser.text();
        ASSERT_EQ(input, next) << asked(q.r, q.f) << line;
        read.binary_key = said.binary_key;  // said of the key, which the client knows
        ASSERT_EQ(rendered(q, read), line) << asked(q.r, q.f);
    }
}

TEST(client_side, no_part_of_a_reply_is_taken_for_the_whole) {
    inventor invent(3);
    for (int n = 0; n < 2'000; ++n) {
        question q;
        reply said, read;
        invent.invent(q);
        invent.invent(q, said);
        const std::string line = rendered(q, said);
        for (std::size_t size = 0; size < line.size(); ++size) {
            reply_parser parser;
            std::string_view input(line.data(), size);
            ASSERT_EQ(parser.next(input, q.r, q.f, read), reply_parser::status::more) << line << size;
            ASSERT_EQ(input.size(), size);
            ASSERT_LE(parser.wanted(), line.size());
        }
    }
}

TEST(client_side, keys_of_one_get_take_their_values_and_the_last_takes_the_end) {
    std::string_view input = "VALUE b 5 1\r\nx\r\nEND\r\nSTORED\r\n";
    reply_parser parser;
    form f;
    f.dialect = dialect::classic_get;
    f.single = false;
    std::string found;
    for (const char* key : {"a", "b", "c"}) {
        request r;
        r.key = key;
        f.last = *key == 'c';
        reply a;
        ASSERT_EQ(parser.next(input, r, f, a), reply_parser::status::reply);
        found += a.outcome == outcome::hit ? std::string(a.value.view()) : "-";
    }
    EXPECT_EQ(found, "-x-");
    EXPECT_EQ(input, "STORED\r\n");
}

TEST(client_side, quiet_question_is_silent_when_the_next_answer_has_another_opaque) {
    std::string_view input = "HD O2\r\n";
    reply_parser parser;
    request r;
    form f;
    f.dialect = dialect::meta;
    f.quiet = true;
    f.return_count = 1;
    f.returns[0] = 'O';
    f.opaque_size = 1;
    f.opaque[0] = '1';
    reply a;
    EXPECT_EQ(parser.next(input, r, f, a), reply_parser::status::silent);
    f.opaque[0] = '2';
    EXPECT_EQ(parser.next(input, r, f, a), reply_parser::status::reply);
    EXPECT_EQ(a.outcome, outcome::hit);
}

TEST(client_side, statistics_may_come_in_any_pieces) {
    const std::string all = "STAT a 1\r\nSTAT b 2\r\nEND\r\n";
    reply_parser parser;
    request r;
    r.command = command::stats;
    form f;
    reply a;
    for (int round = 0; round < 2; ++round) {  // the second is read from its beginning
        for (std::size_t size = 0; size < all.size(); ++size) {
            std::string_view input(all.data(), size);
            ASSERT_EQ(parser.next(input, r, f, a), reply_parser::status::more);
        }
        std::string_view input = all;
        ASSERT_EQ(parser.next(input, r, f, a), reply_parser::status::reply);
        EXPECT_EQ(a.value.view(), all);
    }
}

TEST(client_side, what_is_no_answer_to_the_question_is_an_error) {
    const auto says = [](dialect d, command what, std::string_view input) {
        reply_parser parser;
        request r;
        r.command = what;
        form f;
        f.dialect = d;
        reply a;
        return parser.next(input, r, f, a);
    };
    EXPECT_EQ(says(dialect::classic_line, command::store, "HD\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::classic_line, command::store, "12\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::classic_line, command::store, "DELETED\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::classic_line, command::store, "EXISTS\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::classic_line, command::remove, "STORED\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::classic_line, command::flush_all, "STORED\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::classic_line, command::noop, "OK\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::meta, command::get, "VA 1\r\nx\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::meta, command::get, "NF\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::meta, command::get, "EX\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::classic_get, command::get, "STORED\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::classic_get, command::get, "VALUE a 0 99999999999\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::classic_get, command::get, "VALUE a 0 1\r\nxy\r\nEND\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::classic_get, command::get, "VALUE a 0 1\r\nx\r\nVALUE"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::meta, command::get, "VA x\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::meta, command::get, "MN\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::meta_inspect, command::inspect, "HD\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::meta, command::get, std::string(3'000, 'x')), reply_parser::status::error);
    EXPECT_EQ(says(dialect::meta, command::get, "HD " + std::string(3'000, 'k') + "\r\n"), reply_parser::status::error);
    EXPECT_EQ(says(dialect::classic_line, command::stats, "STAT a 1\r\nEND\r\n"), reply_parser::status::reply);
    EXPECT_EQ(says(dialect::classic_line, command::version, "VERSION 1.6.38\r\n"), reply_parser::status::reply);
}

}  // namespace
