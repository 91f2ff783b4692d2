// Statistics as lines, "STAT name value", and the sum of what several servers or stores say.
#pragma once

#include "base/bytes.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace freshet {

/// One line of statistics, as memcached's "STAT name value".
struct statistic {
    std::string name;
    std::string value;
};

void append(const statistic& one, bytes& to);

class statistics_sum {
public:
    /// Lines up to END or the end. Numbers of the same name are added, but for those that say a property (a largest
    /// size, a time, a version): there the first one stands.
    void add(std::string_view lines);
    /// Appends the lines, but for names that stand in `to` already, and END.
    void finish(bytes& to) const;

private:
    std::vector<statistic> all_;  ///< in the order in which they came
};

}  // namespace freshet
