// Deliberate bugs, off unless named on the command line (`--mutant NAME`).
//
//   if (index <= commit_ || KP_MUTANT("raft-ack-before-quorum")) Acknowledge();
//
// A test that nobody has seen failing proves nothing; each mutant is a bug that some test must
// catch. The names, with what each breaks, are listed in chaos/mutants. With KP_NO_MUTANTS (the
// package preset) the macro is `false` and the names are not in the binary.
#pragma once

#include <string>
#include <string_view>

namespace kp {

// Switches one mutant on for the whole process; "" switches it off.
void SetActiveMutant(std::string name);
const std::string& ActiveMutant();

#ifdef KP_NO_MUTANTS
#define KP_MUTANT(name) false
#else
extern bool g_any_mutant_active;
#define KP_MUTANT(name) (__builtin_expect(::kp::g_any_mutant_active, 0) && ::kp::ActiveMutant() == (name))
#endif

}  // namespace kp
