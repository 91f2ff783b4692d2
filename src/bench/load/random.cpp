#include "bench/load/random.hpp"

#include <cmath>

namespace freshet::load {

zipf_source::zipf_source(std::uint32_t count, double exponent) : cells_(count) {
    double sum = 0;
    std::vector<double> weight(count);
    for (std::uint32_t i = 0; i < count; ++i) sum += weight[i] = std::pow(i + 1.0, -exponent);
    std::vector<std::uint32_t> small, large;
    for (std::uint32_t i = 0; i < count; ++i) {
        weight[i] *= count / sum;
        cells_[i] = {1.0F, i};
        (weight[i] < 1 ? small : large).push_back(i);
    }
    while (!small.empty() && !large.empty()) {
        const auto poor = small.back();
        const auto rich = large.back();
        small.pop_back();
        cells_[poor] = {static_cast<float>(weight[poor]), rich};
        weight[rich] -= 1 - weight[poor];
        if (weight[rich] < 1) {
            large.pop_back();
            small.push_back(rich);
        }
    }
}

}  // namespace freshet::load
