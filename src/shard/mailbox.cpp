#include "shard/mailbox.hpp"

namespace freshet {

// The stack holds the newest first, and each chain is put with its links turned round, so that one pass over what was
// taken gives the order in which it was put.
bool mailbox::put(operation& first, operation& last) noexcept {
    operation* turned = nullptr;
    for (operation* o = &first;;) {
        operation* const after = o == &last ? nullptr : o->next;
        o->next = turned;
        turned = o;
        if (after == nullptr) break;
        o = after;
    }
    operation* head = head_.load(std::memory_order_relaxed);
    do {
        first.next = head;
    } while (!head_.compare_exchange_weak(head, turned, std::memory_order_acq_rel, std::memory_order_relaxed));
    return head == nullptr;
}

operation* mailbox::take() noexcept {
    // Both ways: who finds the box empty may put again what was taken from another box before.
    operation* newest = head_.exchange(nullptr, std::memory_order_acq_rel);
    operation* first = nullptr;
    while (newest != nullptr) {
        operation* const older = newest->next;
        newest->next = first;
        first = newest;
        newest = older;
    }
    return first;
}

}  // namespace freshet
