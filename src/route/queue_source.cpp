#include "route/queue_source.hpp"

#include "base/name.hpp"

namespace freshet {

namespace {

class single_queue final : public queue_source {
public:
    explicit single_queue(queue& q) : queue_(q) {}
    queue_ptr find(std::string_view&, bool, failure&) override { return &queue_; }

private:
    queue& queue_;
};

class named_queue final : public queue_source {
public:
    named_queue(journal& j, const std::map<std::string, queue*, std::less<>>& known) : journal_(j), known_(known) {}

    queue_ptr find(std::string_view& rest, bool make, failure& why) override {
        const std::string_view name = rest.substr(0, rest.find_first_of("#/"));
        if (!is_name(name)) {
            why = {errc::refused, effect::not_done, {}};
            return nullptr;
        }
        rest.remove_prefix(name.size());
        if (const auto at = known_.find(name); at != known_.end()) return at->second;
        if (!make) return journal_.find(name);
        const auto made = journal_.find_or_make(name);
        if (made) return *made;
        why = made.error();
        return nullptr;
    }

private:
    journal& journal_;
    const std::map<std::string, queue*, std::less<>>& known_;
};

}  // namespace

std::unique_ptr<queue_source> one_queue(queue& q) { return std::make_unique<single_queue>(q); }
std::unique_ptr<queue_source> any_queue(journal& j, const std::map<std::string, queue*, std::less<>>& known) {
    return std::make_unique<named_queue>(j, known);
}

}  // namespace freshet
