// What a task store lends to queues, one object per call under way.
#pragma once

#include <freshet/time.hpp>

#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "route/task.hpp"

namespace freshet {

struct task_store::publishing final : publication {
    explicit publishing(task_store& of) : owner(of) {}
    void finish() override { owner.published(*this); }

    task_store& owner;
    call* waiting{nullptr};  ///< null: it was told already that nothing is known
    queue* to{nullptr};
    steady::time_point deadline{};
    publishing* before{nullptr};
    publishing* behind{nullptr};
};

struct task_store::receiving final : reception {
    explicit receiving(task_store& of) : owner(of) {}
    void finish() override { owner.received(*this); }

    task_store& owner;
    call* waiting{nullptr};
    queue* from{nullptr};
    bool open{false};
    bool cancelled{false};
    receiving* before{nullptr};
    receiving* behind{nullptr};
};

struct task_store::settling final : settlement {
    explicit settling(task_store& of) : owner(of) {}
    void finish() override { owner.settled(*this); }

    task_store& owner;
    call* waiting{nullptr};  ///< null: nobody asks how it went
    queue* in{nullptr};
    task_key then{};  ///< /close/open: what comes behind
};

template <class Operation>
void task_store::line<Operation>::push(Operation& o) noexcept {
    o.before = last;
    o.behind = nullptr;
    (last != nullptr ? last->behind : first) = &o;
    last = &o;
}

template <class Operation>
void task_store::line<Operation>::take(Operation& o) noexcept {
    (o.before != nullptr ? o.before->behind : first) = o.behind;
    (o.behind != nullptr ? o.behind->before : last) = o.before;
}

}  // namespace freshet
