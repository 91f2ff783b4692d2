// The command line: options and subcommands, nothing else.
#pragma once

namespace freshet {

/// The exit status: 0 done, 1 it could not be done, 2 the command line is wrong.
int run(int argc, const char* const* argv);

}  // namespace freshet
