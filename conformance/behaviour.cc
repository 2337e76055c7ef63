#include "conformance/behaviour.h"

#include <algorithm>
#include <set>

#include "conformance/catalogue.h"

namespace kp::conformance {
namespace {

// A function's static, because registrars run before main in an order that nobody controls.
std::vector<Behaviour>& Registry() {
  static std::vector<Behaviour> registry;
  return registry;
}

// The compiler may have been given an absolute path.
std::string_view FromRoot(std::string_view file) {
  const size_t start = file.rfind("conformance/behaviours/");
  return start == std::string_view::npos ? file : file.substr(start);
}

}  // namespace

std::string Behaviour::name() const {
  return variant.empty() ? std::string(id) : std::string(id) + "#" + std::string(variant);
}

BehaviourRegistrar::BehaviourRegistrar(void (*body)(Context&), const char* file, int line, std::string_view id,
                                       std::string_view variant) {
  Registry().push_back({id, variant, FromRoot(file), line, body});
}

std::vector<Behaviour> RegisteredBehaviours() {
  std::vector<Behaviour> behaviours = Registry();
  std::ranges::sort(behaviours, {}, [](const Behaviour& b) { return std::pair(b.name(), b.file); });
  return behaviours;
}

std::vector<std::string> CheckBehaviours(const Catalogue& catalogue, const std::vector<Behaviour>& behaviours) {
  std::vector<std::string> problems;
  std::set<std::string_view> tested;
  std::set<std::string> names;
  for (const Behaviour& behaviour : behaviours) {
    const std::string where = std::string(behaviour.file) + ":" + std::to_string(behaviour.line) + ": ";
    if (!names.insert(behaviour.name()).second) problems.push_back(where + "a second test named " + behaviour.name());
    if (!catalogue.entries.contains(behaviour.id)) {
      problems.push_back(where + std::string(behaviour.id) + " is not in the catalogue");
    }
    tested.insert(behaviour.id);
  }
  for (const auto& [id, entry] : catalogue.entries) {
    if (tested.contains(id) && !entry.untested.empty()) problems.push_back(id + ": has a test, so it is not untested");
    if (entry.level == Level::kMust && !tested.contains(id) && entry.untested.empty()) {
      problems.push_back(id + ": a must without a test needs an `untested` reason");
    }
  }
  return problems;
}

}  // namespace kp::conformance
