#include <freshet/time.hpp>

#include "base/bytes.hpp"
#include "demo/figures.hpp"

#include <gtest/gtest.h>

namespace freshet::demonstration {
namespace {

request_times times_to(int n) {
    request_times t;
    for (int i = n; i > 0; --i) t.add(std::chrono::microseconds(i));
    return t;
}

TEST(demo_figures, quantiles_are_exact) {
    const request_times t = times_to(1000);
    EXPECT_DOUBLE_EQ(*t.mean_us(), 500.5);
    EXPECT_DOUBLE_EQ(*t.quantile_us(500), 500);
    EXPECT_DOUBLE_EQ(*t.quantile_us(990), 990);
    EXPECT_DOUBLE_EQ(*t.quantile_us(999), 999);
}

TEST(demo_figures, a_quantile_beyond_the_samples_is_not_given) {
    EXPECT_FALSE(times_to(0).mean_us());
    EXPECT_FALSE(times_to(1).quantile_us(500));
    EXPECT_DOUBLE_EQ(*times_to(2).quantile_us(500), 1);
    EXPECT_FALSE(times_to(99).quantile_us(990));
    EXPECT_DOUBLE_EQ(*times_to(100).quantile_us(990), 99);
    EXPECT_FALSE(times_to(999).quantile_us(999));
}

TEST(demo_figures, what_was_not_measured_is_a_dash_and_null) {
    figures f;
    f.name = "rare";
    EXPECT_NE(table({f}).find("rare            -         -         -         -         -         -\n"),
              std::string::npos)
        << table({f});
    EXPECT_EQ(little_lines({f}), "");
    EXPECT_EQ(json_rows({f}),
              R"([{"name": "rare", "seconds": 0.000, "bytes": null, "messages": null, "requests": null, )"
              R"("S_bytes_per_s": null, "P_per_s": null, "T_per_s": null, )"
              R"("D_us": {"samples": 0, "mean": null, "p50": null, "p99": null, "p99.9": null}, )"
              R"("concurrency": null, "little_mean_us": null}])");
}

TEST(demo_figures, rates_are_over_the_time_in_all) {
    figures f{.name = "gets", .seconds = 2, .bytes = 4'000'000, .requests = 1000, .concurrency = 8};
    f.times = times_to(1000);
    EXPECT_DOUBLE_EQ(*f.bytes_per_second(), 2e6);
    EXPECT_DOUBLE_EQ(*f.requests_per_second(), 500);
    EXPECT_DOUBLE_EQ(*f.little_us(), 16'000);
    EXPECT_FALSE(f.messages_per_second());
    EXPECT_EQ(little_lines({f}), "gets  8 / (500/s) = 16.0 ms, measured 500 us\n");
}

}  // namespace
}  // namespace freshet::demonstration
