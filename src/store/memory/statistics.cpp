// The memory store's part of the commands without a key: stats, under memcached's names, and flush_all.
#include "store/memory/memory.hpp"

#include <freshet/time.hpp>

#include "call/call.hpp"
#include "protocol/exptime.hpp"
#include "protocol/reply.hpp"
#include "protocol/request.hpp"
#include "store/statistics.hpp"

#include <algorithm>

namespace freshet {

void memory::answer_keyless(call& c) {
    const request& r = c.request;
    c.reply.outcome = outcome::text;
    if (r.command == command::flush_all) {
        const bool date = r.exptime > exptime_relative_max;
        const std::int64_t delay = date ? r.exptime - wall::to_time_t(wall::now()) : r.exptime;
        if (!date || delay > 0) flush_all(c.now, seconds(delay));
        c.reply.value.append("OK\r\n");
    } else if (r.key == "reset") {
        reset_statistics();
        c.reply.value.append("RESET\r\n");
    } else {
        std::vector<statistic> all;
        add_statistics(all, r.key, c.now);
        for (const statistic& one : all) append(one, c.reply.value);
        c.reply.value.append("END\r\n");
    }
}

void memory::reset_statistics() {
    for (auto& s : stripes_) {
        const std::lock_guard lock(s->mutex);
        s->figures = {};
    }
}

void memory::add_statistics(std::vector<statistic>& to, std::string_view group, steady::time_point now) {
    stripe_figures sum{};
    std::size_t items = 0;
    std::size_t used = 0;
    std::size_t of_items = 0;
    for (auto& s : stripes_) {
        const std::lock_guard lock(s->mutex);
        flush_if_due(*s, seconds_at(now));
        const auto& f = s->figures;
        using field = std::uint64_t stripe_figures::*;
        for (const field x :
             {&stripe_figures::get_hits,          &stripe_figures::get_misses,   &stripe_figures::get_expired,
              &stripe_figures::get_flushed,       &stripe_figures::sets,         &stripe_figures::total_items,
              &stripe_figures::touch_hits,        &stripe_figures::touch_misses, &stripe_figures::delete_hits,
              &stripe_figures::delete_misses,     &stripe_figures::incr_hits,    &stripe_figures::incr_misses,
              &stripe_figures::decr_hits,         &stripe_figures::decr_misses,  &stripe_figures::cas_hits,
              &stripe_figures::cas_misses,        &stripe_figures::cas_badval,   &stripe_figures::evictions,
              &stripe_figures::evicted_unfetched, &stripe_figures::reclaimed,    &stripe_figures::too_large})
            sum.*x += f.*x;
        items += s->items();
        used += s->bytes_used();
        of_items += s->items_bytes();
    }
    const auto add = [&](const char* name, std::uint64_t value) { to.push_back({name, std::to_string(value)}); };
    if (group.empty()) {
        add("cmd_get", sum.get_hits + sum.get_misses);
        add("cmd_set", sum.sets);
        add("cmd_touch", sum.touch_hits + sum.touch_misses);
        add("get_hits", sum.get_hits);
        add("get_misses", sum.get_misses);
        add("get_expired", sum.get_expired);
        add("get_flushed", sum.get_flushed);
        add("delete_misses", sum.delete_misses);
        add("delete_hits", sum.delete_hits);
        add("incr_misses", sum.incr_misses);
        add("incr_hits", sum.incr_hits);
        add("decr_misses", sum.decr_misses);
        add("decr_hits", sum.decr_hits);
        add("cas_misses", sum.cas_misses);
        add("cas_hits", sum.cas_hits);
        add("cas_badval", sum.cas_badval);
        add("touch_hits", sum.touch_hits);
        add("touch_misses", sum.touch_misses);
        add("store_too_large", sum.too_large);
        add("limit_maxbytes", options_.size_bytes);
        add("bytes", of_items);
        add("curr_items", items);
        add("total_items", sum.total_items);
        add("evictions", sum.evictions);
        add("evicted_unfetched", sum.evicted_unfetched);
        add("reclaimed", sum.reclaimed);
    } else if (group == "settings") {
        add("maxbytes", options_.size_bytes);
    } else if (group == "items" && items != 0) {
        // One class: there are no slabs.
        add("items:1:number", items);
        add("items:1:mem_requested", of_items);
        add("items:1:evicted", sum.evictions);
        add("items:1:evicted_unfetched", sum.evicted_unfetched);
        add("items:1:reclaimed", sum.reclaimed);
        add("items:1:outofmemory", 0);
    } else if (group == "slabs") {
        if (items != 0) {
            add("1:chunk_size", std::max<std::size_t>(used / items, 1));
            add("1:chunks_per_page", 1);
            add("1:total_pages", items);
            add("1:total_chunks", items);
            add("1:used_chunks", items);
            add("1:free_chunks", 0);
            add("1:free_chunks_end", 0);
            add("1:get_hits", sum.get_hits);
            add("1:cmd_set", sum.sets);
        }
        add("active_slabs", items != 0 ? 1 : 0);
        add("total_malloced", used);
    }
}

}  // namespace freshet
