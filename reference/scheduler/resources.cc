#include "reference/scheduler/resources.h"

#include <algorithm>

#include "reference/api/quantity.h"

namespace kp::scheduler {

int64_t Resources::Scalar(std::string_view name) const {
  for (const auto& [key, amount] : scalars) {
    if (key == name) return amount;
  }
  return 0;
}

namespace {

template <typename F>
void Combine(Resources& to, const Resources& from, F combine) {
  to.milli_cpu = combine(to.milli_cpu, from.milli_cpu);
  to.memory = combine(to.memory, from.memory);
  to.ephemeral = combine(to.ephemeral, from.ephemeral);
  for (const auto& [name, amount] : from.scalars) {
    auto at = std::find_if(to.scalars.begin(), to.scalars.end(), [&](const auto& s) { return s.first == name; });
    if (at == to.scalars.end()) at = to.scalars.insert(to.scalars.end(), {name, 0});
    at->second = combine(at->second, amount);
  }
}

}  // namespace

void Resources::Add(const Resources& other) {
  Combine(*this, other, [](int64_t a, int64_t b) { return a + b; });
}

void Resources::Subtract(const Resources& other) {
  Combine(*this, other, [](int64_t a, int64_t b) { return a - b; });
}

void Resources::Max(const Resources& other) {
  Combine(*this, other, [](int64_t a, int64_t b) { return std::max(a, b); });
}

Resources ResourcesOf(const api::Value& list) {
  Resources resources;
  for (const api::Member& member : list.members()) {
    auto quantity = api::Quantity::Of(member.value);
    if (!quantity.ok()) continue;
    std::string_view name = member.key.text();
    if (name == "cpu") {
      resources.milli_cpu = quantity->MilliValue();
    } else if (name == "memory") {
      resources.memory = quantity->Value();
    } else if (name == "ephemeral-storage") {
      resources.ephemeral = quantity->Value();
    } else if (name != "pods") {
      resources.scalars.emplace_back(name, quantity->Value());
    }
  }
  return resources;
}

}  // namespace kp::scheduler
