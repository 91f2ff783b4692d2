#include "contract/store_suite.hpp"
#include "route/table.hpp"
#include "store/memory/memory_store.hpp"
#include "store/store.hpp"

namespace freshet::test {

namespace {

class memory_house final : public store_house {
public:
    store& get() override { return *store_; }

private:
    std::unique_ptr<memory_store> store_{make_memory_store({})};
};

class routed_house final : public store_house {
public:
    routed_house() {
        routes_.add("", routes_.keep(make_memory_store({})));
        routes_.add("b", routes_.keep(make_memory_store({})));
    }
    store& get() override { return routes_; }

private:
    route_table routes_;
};

template <class House>
std::unique_ptr<store_house> make() {
    return std::make_unique<House>();
}

}  // namespace

std::vector<store_kind> store_kinds() { return {{"memory", make<memory_house>}, {"routes", make<routed_house>}}; }

INSTANTIATE_TEST_SUITE_P(kinds, every_store, testing::ValuesIn(store_kinds()),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace freshet::test
