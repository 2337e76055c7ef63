#include "reference/base/mutant.h"

#include <utility>

namespace kp {
namespace {

std::string& Active() {
  static std::string name;
  return name;
}

}  // namespace

#ifndef KP_NO_MUTANTS
bool g_any_mutant_active = false;
#endif

void SetActiveMutant(std::string name) {
#ifndef KP_NO_MUTANTS
  g_any_mutant_active = !name.empty();
#endif
  Active() = std::move(name);
}

const std::string& ActiveMutant() { return Active(); }

}  // namespace kp
