// Everything behind the sockets: stores, journals, the back shard and its flows, built from a configuration.
// The daemon puts a server in front of it, the client library calls it directly.
#pragma once

#include <freshet/config.hpp>
#include <freshet/error.hpp>
#include <freshet/time.hpp>

#include "flow/apply/server_boxes.hpp"
#include "flow/flow.hpp"
#include "flow/kept_results.hpp"
#include "queue/broker/remote_queue.hpp"
#include "queue/journal/journal.hpp"
#include "queue/operations.hpp"
#include "queue/queue.hpp"
#include "route/table.hpp"
#include "server/server.hpp"
#include "shard/shard.hpp"
#include "store/memory/memory_store.hpp"
#include "store/pool/set_aside.hpp"
#include "store/store.hpp"
#include "version/kept_clock.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace freshet {

struct broker_options;

/// Begins the names of groups of consumers, but of those that apply changes: theirs begin with the site's.
inline constexpr std::string_view common_group = "freshet";

class engine final : public server_host {
public:
    /// Opens the journals, makes the stores, and puts kept results back. A problem is one whole sentence.
    static result<std::unique_ptr<engine>> make(const freshet::config& config);
    ~engine() override;

    std::unique_ptr<route_table> make_routes(shard& home) override;
    void add_queue_statistics(std::vector<statistic>& to) override;

    shard& back() noexcept { return back_; }
    /// The journal behind "journal:", or null where no queue is configured.
    journal* default_journal();
    std::vector<journal*> journals();
    /// Null: none of that name is configured.
    queue* find_queue(std::string_view name) noexcept;
    /// To be used on the back shard. Null: none of that name is configured. Before start_flows(), or on the back shard.
    store* find_store(std::string_view name);
    /// The same, as what Freshet writes itself goes there: the way of its key's route to this store, where that has
    /// `publish`.
    store* find_told_store(std::string_view name);
    /// Results of a queue in a journal survive a crash there where the store does not.
    bool keeps_results(const flow_config& f) const;
    /// Waits until every broker is connected, or until the deadline. Not on the back shard.
    void wait_for_brokers(steady::time_point deadline) const;
    void start_flows();
    void stop_flows(steady::time_point deadline);
    /// Brokers have until the deadline to confirm what is under way. After this every operation has come home; the
    /// shards it belongs to must still run.
    void stop_queues(steady::time_point deadline);

private:
    struct named_store {
        store_config config;
        std::unique_ptr<memory_store>
            memory{};  ///< shared by all shards; null: a pool, of which each shard has its own
        memcached_options pool{};
        std::shared_ptr<servers_set_aside> aside{};  ///< of a pool
        std::unique_ptr<store> of_back_shard{};      ///< of a pool, made when a flow needs it
        std::unique_ptr<route_table> told{};         ///< of the back shard, where routes with `publish` lead here
    };

    explicit engine(const freshet::config& config);
    void prepare_queues();
    std::optional<problem> open_journals();
    /// Of a URL of the configuration.
    journal* find_journal(std::string_view url);
    std::optional<problem> make_store(const store_config& s);
    std::optional<problem> make_queue(const queue_config& q);
    std::optional<problem> set_copies(const queue_config& q);
    result<std::unique_ptr<remote_queue>> make_broker_queue(const queue_config& q);
    /// Of a queue of changes. `to`: what the broker calls it.
    std::optional<problem> remember_subscription(const queue_config& q, const std::string& to,
                                                 broker_options& options) const;
    std::optional<problem> build();
    queue& open_own(std::string_view url, const std::string& name, const queue_options& options);
    void say_what_is_left_behind();
    std::optional<problem> open_clock();
    std::string mark_of(std::string_view box) const;
    void say_which_marks_are_left_behind() const;
    std::optional<box_places> boxes_of(const flow_config& f);
    void restore(const kept_result& kept);
    void forget_told_stores();
    store& announced(route_table& in, shard& home, store& behind, const route_config& r);

    freshet::config config_;
    shard back_{"back"};
    std::map<std::string, named_store, std::less<>> stores_;
    std::unique_ptr<kept_clock> clock_;                                      ///< null: nothing has versions
    std::map<std::string, std::unique_ptr<journal>, std::less<>> journals_;  ///< by file_identity()
    std::vector<std::unique_ptr<remote_queue>> brokers_;
    std::map<std::string, queue*, std::less<>> queues_;
    std::set<const queue*> own_queues_;                  ///< for what waits before brokers and servers
    std::vector<std::pair<std::string, queue*>> boxes_;  ///< by the queue whose changes wait there
    std::vector<std::unique_ptr<flow>> flows_;
    std::unique_ptr<kept_results> kept_results_;
};

}  // namespace freshet
