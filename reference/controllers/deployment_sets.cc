#include "reference/controllers/deployment_sets.h"

#include <algorithm>
#include <tuple>

#include "reference/api/json.h"
#include "reference/base/mutant.h"
#include "reference/base/random.h"
#include "reference/base/strings.h"

namespace kp::controllers {

using api::Value;

int64_t SumSpecReplicas(const std::vector<Value>& sets) {
  int64_t sum = 0;
  for (const Value& set : sets) sum += SpecReplicas(set);
  return sum;
}

int64_t SumAvailable(const std::vector<Value>& sets) {
  int64_t sum = 0;
  for (const Value& set : sets) sum += std::min(set.At({"status", "availableReplicas"}).AsInt(), SpecReplicas(set));
  return sum;
}

int64_t RevisionOf(const Value& set) {
  return ParseInt(set.At({"metadata", "annotations", kRevision}).AsString()).value_or(0);
}

std::string TemplateHash(const Value& pod_template, int64_t collisions) {
  uint64_t hash = StableHash(api::ToJson(pod_template), static_cast<uint64_t>(collisions));
  return Random(hash).NameSuffix(10);
}

bool SameTemplate(const Value& a, const Value& b) {
  return a.Without({"metadata", "labels", kTemplateHash}) == b.Without({"metadata", "labels", kTemplateHash});
}

void SortByAge(std::vector<Value>& sets) {
  auto age = [](const Value& set) {
    return std::tuple(set.At({"metadata", "creationTimestamp"}).AsString(), set.At({"metadata", "name"}).AsString());
  };
  std::sort(sets.begin(), sets.end(), [&](const Value& a, const Value& b) { return age(a) < age(b); });
}

Value FindNewSet(const Value& deployment, const std::vector<Value>& sets) {
  std::vector<Value> sorted = sets;
  SortByAge(sorted);
  for (const Value& set : sorted) {
    if (SpecReplicas(set) == 0 && SpecReplicas(deployment) > 0 && KP_MUTANT("deployment-forgets-old-sets")) continue;
    if (SameTemplate(set.At({"spec", "template"}), deployment.At({"spec", "template"}))) return set;
  }
  return Value();
}

namespace {

// An integer, or a percentage of `total`.
int64_t Resolve(const Value& amount, int64_t total, bool round_up) {
  if (!amount.is_string()) return amount.AsInt();
  std::string_view text = amount.AsString();
  if (text.ends_with("%")) text.remove_suffix(1);
  int64_t product = ParseInt(text).value_or(0) * total;
  return round_up ? (product + 99) / 100 : product / 100;
}

}  // namespace

bool IsRolling(const Value& deployment) {
  return deployment.At({"spec", "strategy", "type"}).AsString("RollingUpdate") == "RollingUpdate";
}

RollingBounds BoundsOf(const Value& deployment) {
  if (!IsRolling(deployment) || SpecReplicas(deployment) == 0) return {};
  const Value& rolling = deployment.At({"spec", "strategy", "rollingUpdate"});
  int64_t replicas = SpecReplicas(deployment);
  RollingBounds bounds;
  bounds.max_surge = Resolve(rolling.Has("maxSurge") ? rolling["maxSurge"] : Value("25%"), replicas, true);
  bounds.max_unavailable =
      Resolve(rolling.Has("maxUnavailable") ? rolling["maxUnavailable"] : Value("25%"), replicas, false);
  if (bounds.max_surge == 0 && bounds.max_unavailable == 0) bounds.max_unavailable = 1;
  bounds.max_unavailable = std::min(bounds.max_unavailable, replicas);
  if (KP_MUTANT("deployment-ignores-max-unavailable")) bounds.max_unavailable = replicas;
  return bounds;
}

int64_t NewSetReplicas(const Value& deployment, const std::vector<Value>& all, const Value& new_set) {
  int64_t wanted = SpecReplicas(deployment);
  if (!IsRolling(deployment)) return wanted;
  int64_t have = new_set.is_null() ? 0 : SpecReplicas(new_set);
  int64_t most = wanted + BoundsOf(deployment).max_surge;
  if (KP_MUTANT("deployment-ignores-max-surge")) most = wanted * 2;
  int64_t total = SumSpecReplicas(all);
  if (total >= most) return have;
  return have + std::min(most - total, wanted - have);
}

}  // namespace kp::controllers
