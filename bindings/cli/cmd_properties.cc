// kubeproof properties: checks the laws of the cores over drawn schedules.
#include <algorithm>
#include <cstdio>

#include "bindings/cli/commands.h"
#include "bindings/cli/flags.h"
#include "properties/property.h"
#include "reference/base/mutant.h"

namespace kp::cli {
namespace {

int Complain(const std::string& message) {
  std::fprintf(stderr, "kubeproof properties: %s\n", message.c_str());
  return kUsage;
}

}  // namespace

int RunProperties(int argc, char** argv) {
  std::vector<std::string> ids;
  int seed = 1;
  int seeds = 0;  // as many as each property asks for
  Flags flags;
  flags.List("id", &ids);
  flags.Integer("seed", &seed);
  flags.Integer("seeds", &seeds);
  if (Status status = flags.Parse(argc, argv); !status.ok()) {
    return Complain(status.message() + "; flags: --id ID,..., --seed FIRST, --seeds N");
  }
  if (seed < 0 || seeds < 0) return Complain("--seed and --seeds: want no negative number");
  std::vector<const properties::Property*> chosen;
  for (const std::string& id : ids) {
    chosen.push_back(properties::FindProperty(id));
    if (chosen.back() == nullptr) return Complain("property '" + id + "' does not exist");
  }
  if (ids.empty()) {
    for (const properties::Property& property : properties::AllProperties()) {
      if (property.stops.empty()) chosen.push_back(&property);  // the others would stop this process too
    }
  }
  int broken = 0;
  for (const properties::Property* property : chosen) {
    const int tried = seeds > 0 ? seeds : property->seeds;
    const auto violation = properties::Check(*property, static_cast<uint64_t>(seed), tried);
    if (violation) {
      std::printf("BROKEN  %s  seed %llu: %s\n", property->id.c_str(), static_cast<unsigned long long>(violation->seed),
                  violation->text.c_str());
    } else {
      std::printf("holds   %s  (%d seeds): %s\n", property->id.c_str(), tried, property->law.c_str());
    }
    broken += violation ? 1 : 0;
  }
  if (!ActiveMutant().empty()) {
    std::printf("mutant %s was on: this proves properties, not a reference\n", ActiveMutant().c_str());
  }
  return broken > 0 || !ActiveMutant().empty() ? kFailures : kPass;
}

}  // namespace kp::cli
