// Ctrl-C in the demo and the bench: whoever waits hears of it, so that the child and the folder go on the way out, or
// figures are printed.
#pragma once

#include <freshet/time.hpp>

#include <poll.h>

#include <chrono>
#include <exception>
#include <span>

namespace freshet::demonstration {

struct interrupted : std::exception {
    const char* what() const noexcept override { return "interrupted"; }
};

/// From here on SIGINT, SIGTERM and SIGHUP are noted and do nothing else; those that are ignored stay so.
void note_interrupts();

/// Such a signal has come.
bool interrupt_came();

/// Throws interrupted if such a signal has come.
void check_interrupt();

/// poll() that ends with such a signal. False: nothing happened in time.
bool wait_for(std::span<pollfd> descriptors, std::chrono::milliseconds limit);

}  // namespace freshet::demonstration
