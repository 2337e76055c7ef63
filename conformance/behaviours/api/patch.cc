// The patch types.
#include "conformance/behaviour.h"
#include "conformance/behaviours/exchange.h"

namespace kp::conformance {

using client::kConfigMaps;
using client::kReplicaSets;
using client::PatchType;

namespace {

Value Op(std::string_view op, std::string_view path, const Value& value = Value()) {
  Value step = Obj({{"op", op}, {"path", path}});
  return value.is_null() ? step : step.With("value", value);
}

// A ReplicaSet that makes no pod, with containers "a" and "b".
Value TwoContainers() {
  Value containers = Arr({Obj({{"name", "a"}, {"image", "one"}}), Obj({{"name", "b"}, {"image", "two"}})});
  return ReplicaSet("web", 0, Obj({{"app", "web"}})).With({"spec", "template", "spec", "containers"}, containers);
}

std::string Images(const Value& set) {
  std::string text;
  for (const Value& container : set.At({"spec", "template", "spec", "containers"}).items()) {
    text += container["name"].str() + "=" + container["image"].str() + " ";
  }
  return text;
}

Value OfContainers(const Value& containers) {
  return Obj({{"spec", Obj({{"template", Obj({{"spec", Obj({{"containers", containers}})}})}})}});
}

}  // namespace

BEHAVIOUR("api/patch/json-patch-applies-its-steps") {
  t.MustCreate(kConfigMaps, WithLabels(ConfigMap("a", Obj({{"one", "1"}, {"two", "2"}})), Obj({{"a/b", "3"}})));
  Value patch = Arr({Op("test", "/data/one", "1"), Op("replace", "/data/one", "11"), Op("remove", "/data/two"),
                     Op("add", "/data/four", "4"), Op("replace", "/metadata/labels/a~1b", "33"),
                     Obj({{"op", "copy"}, {"from", "/data/four"}, {"path", "/data/five"}}),
                     Obj({{"op", "move"}, {"from", "/data/four"}, {"path", "/data/six"}})});
  // Sent again after a lost answer its test fails, so only the effect counts.
  auto answer = t.Patch(kConfigMaps, "a", PatchType::kJson, patch);
  if (!answer.ok()) t.Step("answered " + answer.error().ToString());
  t.ExpectEq(t.MustGet(kConfigMaps, "a")["data"], Obj({{"one", "11"}, {"five", "4"}, {"six", "4"}}), "data");
  t.ExpectEq(t.MustGet(kConfigMaps, "a").At({"metadata", "labels", "a/b"}), "33", "the label whose key was escaped");
}

BEHAVIOUR("api/patch/failed-json-patch-test-changes-nothing") {
  Value made = t.MustCreate(kConfigMaps, ConfigMap("a", Obj({{"k", "1"}})));
  Value patch = Arr({Op("replace", "/data/k", "2"), Op("test", "/data/k", "1")});
  t.ExpectError(t.Patch(kConfigMaps, "a", PatchType::kJson, patch), 422, "Invalid");
  t.ExpectEq(t.MustGet(kConfigMaps, "a"), made, "the object after a failed test");
  t.Step("a path that is not there");
  t.ExpectError(t.Patch(kConfigMaps, "a", PatchType::kJson, Arr({Op("remove", "/data/none")})), 422, "Invalid");
}

BEHAVIOUR("api/patch/malformed-is-400") {
  t.MustCreate(kConfigMaps, ConfigMap("a", Obj({{"k", "1"}})));
  std::string path = PathTo(t, kConfigMaps, "a");
  MustSend(t, "PATCH", path, 400, {.content_type = "application/json-patch+json", .body = R"({"op":"remove"})"});
  MustSend(t, "PATCH", path, 400, {.content_type = "application/json-patch+json", .body = "[{"});
  MustSend(t, "PATCH", path, 400, {.content_type = "application/merge-patch+json", .body = "{"});
  MustSend(t, "PATCH", path, 400, {.content_type = "application/strategic-merge-patch+json", .body = "{\"data\":"});
  t.ExpectEq(t.MustGet(kConfigMaps, "a")["data"], Obj({{"k", "1"}}), "data");
}

BEHAVIOUR("api/patch/unknown-media-type-is-415") {
  t.MustCreate(kConfigMaps, ConfigMap("a", Obj({{"k", "1"}})));
  Exchange answer = MustSend(t, "PATCH", PathTo(t, kConfigMaps, "a"), 415,
                             {.content_type = "application/json", .body = R"({"data":{"k":"2"}})"});
  t.ExpectEq(answer.body["reason"], "UnsupportedMediaType", "the reason");
  t.ExpectEq(t.MustGet(kConfigMaps, "a")["data"], Obj({{"k", "1"}}), "data");
}

BEHAVIOUR("api/patch/merge-removes-by-null-and-replaces-lists") {
  t.MustCreate(kReplicaSets, WithLabels(TwoContainers(), Obj({{"x", "1"}, {"y", "2"}})));
  Value labels = Obj({{"metadata", Obj({{"labels", Obj({{"x", nullptr}, {"z", "3"}})}})}});
  Value patched = t.MustPatch(kReplicaSets, "web", PatchType::kMerge, labels);
  t.ExpectEq(patched.At({"metadata", "labels"}), Obj({{"app", "web"}, {"y", "2"}, {"z", "3"}}), "labels");
  Value containers = Arr({Obj({{"name", "c"}, {"image", "three"}})});
  patched = t.MustPatch(kReplicaSets, "web", PatchType::kMerge, OfContainers(containers));
  t.ExpectEq(Images(patched), "c=three ", "containers: a merge patch replaces the list");
}

BEHAVIOUR("api/patch/strategic-merges-lists-by-key") {
  t.MustCreate(kReplicaSets, TwoContainers());
  Value one = Arr({Obj({{"name", "b"}, {"image", "three"}})});
  Value patched = t.MustPatch(kReplicaSets, "web", PatchType::kStrategic, OfContainers(one));
  t.ExpectEq(Images(patched), "a=one b=three ", "containers after a patch of b");
  Value added = Arr({Obj({{"name", "c"}, {"image", "four"}})});
  patched = t.MustPatch(kReplicaSets, "web", PatchType::kStrategic, OfContainers(added));
  t.Expect(Images(patched).find("c=four") != std::string::npos && Images(patched).find("a=one") != std::string::npos,
           "a container with a new name is added: " + Images(patched));
  Value removal = Arr({Obj({{"name", "a"}, {"$patch", "delete"}})});
  patched = t.MustPatch(kReplicaSets, "web", PatchType::kStrategic, OfContainers(removal));
  t.Expect(Images(patched).find("a=") == std::string::npos && Images(patched).find("b=three") != std::string::npos,
           "$patch: delete takes one item out: " + Images(patched));
  Value all = Arr({Obj({{"$patch", "replace"}}), Obj({{"name", "d"}, {"image", "five"}})});
  patched = t.MustPatch(kReplicaSets, "web", PatchType::kStrategic, OfContainers(all));
  t.ExpectEq(Images(patched), "d=five ", "containers after $patch: replace");
}

BEHAVIOUR("api/patch/result-must-be-valid") {
  Value made = t.MustCreate(kReplicaSets, TwoContainers());
  Value negative = Obj({{"spec", Obj({{"replicas", -1}})}});
  ExpectCause(t, t.MustFail(t.Patch(kReplicaSets, "web", PatchType::kMerge, negative), 422, "Invalid"), "spec.replicas",
              "FieldValueInvalid");
  Value selector = Obj({{"spec", Obj({{"selector", Obj({{"matchLabels", Obj({{"app", "x"}})}})}})}});
  t.ExpectError(t.Patch(kReplicaSets, "web", PatchType::kMerge, selector), 422, "Invalid");
  t.ExpectEq(t.MustGet(kReplicaSets, "web")["spec"], made["spec"], "the spec");
}

}  // namespace kp::conformance
