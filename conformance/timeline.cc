#include "conformance/timeline.h"

#include "reference/base/strings.h"

namespace kp::conformance {
namespace {

using api::Value;

// A page shows no more; a test that sees more polls a crowd.
constexpr size_t kMostSightings = 400;

std::string ObjectName(const Value& object) {
  return object["kind"].str() + " " + object.At({"metadata", "name"}).str();
}

std::string ReplicasText(const Value& object) {
  const Value& spec = object.At({"spec", "replicas"});
  const Value& status = object["status"];
  if (!spec.is_int() || !status.is_object()) return "";
  auto count = [&](std::string_view field) { return std::to_string(status[field].AsInt()); };
  return count("readyReplicas") + " ready, " + count("replicas") + " made of " + std::to_string(spec.AsInt());
}

std::string ConditionsText(const Value& object) {
  std::string text;
  for (const Value& condition : object.At({"status", "conditions"}).items()) {
    if (condition["status"].AsString() == "True") text += (text.empty() ? "" : " ") + condition["type"].str();
  }
  return text;
}

}  // namespace

std::string Gist(const Value& object) {
  std::vector<std::string> parts;
  auto add = [&](std::string text) {
    if (!text.empty()) parts.push_back(std::move(text));
  };
  add(object.At({"status", "phase"}).str());
  add(ReplicasText(object));
  add(ConditionsText(object));
  std::string node = object.At({"spec", "nodeName"}).str();
  if (!node.empty()) add("on " + node);
  // An Event's own words.
  if (object["kind"].AsString() == "Event") add(object["reason"].str() + ": " + object["message"].str());
  if (!object.At({"metadata", "deletionTimestamp"}).is_null()) add("being deleted");
  return Join(parts, "; ");
}

void Timeline::Saw(Duration at, const Value& object) {
  if (!object.is_object()) return;
  if (object["items"].is_array()) {
    for (const Value& item : object["items"].items()) {
      // Items of a typed list carry no kind of their own.
      std::string kind = object["kind"].str();
      if (kind.ends_with("List")) kind.resize(kind.size() - 4);
      Saw(at, item["kind"].is_null() ? item.With({"kind"}, kind) : item);
    }
    return;
  }
  const auto version = ParseInt(object.At({"metadata", "resourceVersion"}).str());
  if (!version) return;
  auto [it, first] = versions_.try_emplace(ObjectName(object), *version);
  if (!first && it->second >= *version) return;
  it->second = *version;
  Add(at, object, first ? "seen" : "changed");
}

void Timeline::SawDeleted(Duration at, const Value& object) {
  if (object.is_object()) Add(at, object, "deleted");
}

void Timeline::Add(Duration at, const Value& object, std::string_view event) {
  if (sightings_.size() >= kMostSightings) return;
  sightings_.push_back({at, ObjectName(object), std::string(event), Gist(object)});
}

}  // namespace kp::conformance
