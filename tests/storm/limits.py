"""What the program holds when its clients have left: as much as when it had just been started, or little more."""
import time

from program import SLOW

SECONDS = 10 * SLOW
DESCRIPTORS_MORE = 32   # connections to servers and workers, journals' files
THREADS_MORE = 4        # that look up names
RESIDENT_MIB_MAX = 256  # where no sanitizer is: stores and journals have been used
TURN_MS = 100           # more is told


def compare_with(usual, program, ledger):
    """`usual`: what it used at its start. It may still be closing what its clients have left."""
    end = time.monotonic() + SECONDS
    while (more := _too_much(usual, program.use())) and time.monotonic() < end:
        time.sleep(0.1)
    for sentence in more:
        ledger.fault(sentence)


def _too_much(usual, use):
    sentences = []
    if use.descriptors > usual.descriptors + DESCRIPTORS_MORE:
        sentences.append(f"it has {use.descriptors} descriptors without clients, and had {usual.descriptors} at its start")
    if use.threads > usual.threads + THREADS_MORE:
        sentences.append(f"it has {use.threads} threads without clients, and had {usual.threads} at its start")
    if SLOW == 1 and use.resident_mib > RESIDENT_MIB_MAX:
        sentences.append(f"it takes {use.resident_mib} MiB without clients")
    return sentences


def tell_of_long_turns(program):
    """Of a busy machine they are no fault."""
    turns = program.long_turns()
    if turns and max(turns) > TURN_MS:
        print(f"storm: {len(turns)} lines of long turns, the longest took {max(turns)} ms of the processor's time")
