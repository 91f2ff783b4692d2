#include "tools/demo.hpp"

#include <cstdio>

namespace freshet {

int demo(const demo_options&) {
    std::fputs("freshet: demo is not built yet\n", stderr);
    return 1;
}

}  // namespace freshet
