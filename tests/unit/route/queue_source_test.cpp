#include <freshet/config.hpp>
#include <freshet/error.hpp>

#include "queue/journal/dead_request.hpp"
#include "queue/journal/drop_request.hpp"
#include "queue/journal/journal.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "route/queue_source.hpp"
#include "support/hand_queue.hpp"

#include <gtest/gtest.h>

namespace freshet::test {
namespace {

/// Makes up to two queues.
class small_journal final : public journal {
public:
    queue& open(std::string_view name, const queue_options&) override { return **find_or_make(name); }
    void set_copies(queue&, std::span<queue* const>) override {}
    queue_ptr find(std::string_view name) noexcept override {
        const auto at = made_.find(name);
        return at == made_.end() ? nullptr : at->second.get();
    }
    boost::system::result<queue_ptr, failure> find_or_make(std::string_view name) override {
        if (queue_ptr q = find(name)) return q;
        if (made_.size() == 2) return failure{errc::too_many_queues, effect::not_done, {}};
        return queue_ptr(made_.emplace(name, std::make_unique<hand_queue>(std::string(name))).first->second.get());
    }
    std::vector<kept_result> results() override { return {}; }
    void change_results(result_changes&) noexcept override {}
    void dead_letters(dead_request&) noexcept override {}
    void drop(drop_request&) noexcept override {}
    std::vector<std::string> names() const override { return {}; }
    void stop() override {}

private:
    std::map<std::string, std::unique_ptr<queue>, std::less<>> made_;
};

class any_queue_source : public testing::Test {
protected:
    /// The queue's name and what is left of the key, or why there is none.
    std::string find(std::string_view rest, bool make) {
        failure why{errc::busy, effect::not_done, {}};
        const queue_ptr q = source->find(rest, make, why);
        return q != nullptr ? q->name() + " " + std::string(rest) : std::string(explain(why.code));
    }

    small_journal made;
    hand_queue configured{"configured"};
    std::map<std::string, queue*, std::less<>> known{{"mail", &configured}};
    std::unique_ptr<queue_source> source = any_queue(made, known);
};

TEST_F(any_queue_source, name_ends_where_the_verb_or_id_begins) {
    EXPECT_EQ(find("thumbs", true), "thumbs ");
    EXPECT_EQ(find("thumbs/open/t=5", true), "thumbs /open/t=5");
    EXPECT_EQ(find("thumbs#a/b", true), "thumbs #a/b");
}

TEST_F(any_queue_source, queues_of_the_configuration_come_first) {
    EXPECT_EQ(find("mail/open", true), "configured /open");
    EXPECT_EQ(made.find("mail"), nullptr);
}

TEST_F(any_queue_source, only_a_publication_makes_one) {
    EXPECT_EQ(find("new", false), "is busy");  // the caller's own: there is none
    EXPECT_EQ(made.find("new"), nullptr);
    EXPECT_EQ(find("new", true), "new ");
    EXPECT_EQ(find("new", false), "new ");
}

TEST_F(any_queue_source, too_many_are_refused_with_the_reason) {
    find("one", true);
    find("two", true);
    EXPECT_EQ(find("three", true), explain(errc::too_many_queues));
    EXPECT_EQ(find("two", true), "two ");
}

TEST_F(any_queue_source, names_that_cannot_be_one_are_refused) {
    for (const std::string& name :
         {std::string(), std::string("/open"), std::string("#id"), std::string("a b"), std::string(65, 'x')}) {
        EXPECT_EQ(find(name, true), explain(errc::refused)) << name;
    }
}

TEST(one_queue_source, every_key_is_its_queue_s) {
    hand_queue q("thumbs");
    const auto source = one_queue(q);
    std::string_view rest = "#id";
    failure why;
    EXPECT_EQ(source->find(rest, true, why), &q);
    EXPECT_EQ(rest, "#id");
}

}  // namespace
}  // namespace freshet::test
