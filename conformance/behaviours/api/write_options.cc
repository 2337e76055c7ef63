// Options of a write (dryRun, fieldValidation) and the subresources status and scale.
#include "conformance/behaviour.h"
#include "conformance/behaviours/exchange.h"

namespace kp::conformance {

using client::kConfigMaps;
using client::kPods;
using client::kReplicaSets;
using client::PatchType;

namespace {

// Unknown fields at two depths and a key that stands twice.
constexpr const char* kSloppy = R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","colour":"red"},"spek":{},)"
                                R"("spec":{"containers":[{"name":"c","image":"i","image":"j","imgae":"k"}]}})";

Exchange Sloppy(Context& t, const std::string& query, int status) {
  return MustSend(t, "POST", PathTo(t, kPods) + "?dryRun=All" + query, status,
                  {.content_type = "application/json", .body = kSloppy});
}

std::string Warnings(const Exchange& exchange) {
  std::string text;
  for (std::string_view warning : exchange.headers.All("warning")) text += std::string(warning) + "\n";
  return text;
}

Value Unschedulable(std::string_view name) { return Pod(name).With({"spec", "nodeSelector"}, Obj({{"no", "node"}})); }

}  // namespace

BEHAVIOUR("api/write/dry-run-stores-nothing") {
  client::WriteOptions dry{.dry_run = true};
  Value made = t.Must(t.Create(client::kServices, Service("a", Obj({{"app", "web"}})), dry), "dry create");
  t.ExpectEq(made.At({"spec", "type"}), "ClusterIP", "defaults in the answer of a dry run");
  t.Expect(!UidOf(made).empty(), "the answer of a dry run has a uid");
  t.ExpectError(t.Get(client::kServices, "a"), 404, "NotFound");
  t.ExpectError(t.Create(client::kServices, Service("a", Obj({{"app", "web"}}), 0), dry), 422, "Invalid");
  Value stored = t.MustCreate(kConfigMaps, ConfigMap("b", Obj({{"k", "1"}})));
  Value patch = Obj({{"data", Obj({{"k", "2"}})}});
  Value patched = t.Must(t.Patch(kConfigMaps, "b", PatchType::kMerge, patch, "", dry), "dry patch");
  t.ExpectEq(patched["data"], Obj({{"k", "2"}}), "data in the answer of a dry patch");
  t.Must(t.Update(kConfigMaps, stored.With("data", Obj({{"k", "3"}})), "", dry), "dry update");
  MustSend(t, "DELETE", PathTo(t, kConfigMaps, "b") + "?dryRun=All", 200);
  MustSend(t, "DELETE", PathTo(t, kConfigMaps) + "?dryRun=All", 200);
  t.ExpectEq(t.MustGet(kConfigMaps, "b"), stored, "the stored object");
}

BEHAVIOUR("api/write/other-dry-runs-are-refused") {
  Exchange answer = MustSend(t, "POST", PathTo(t, kConfigMaps) + "?dryRun=Some", 422,
                             {.content_type = "application/json", .body = R"({"metadata":{"name":"a"}})"});
  ExpectCause(t, api::ApiStatus::FromValue(answer.body), "dryRun", "FieldValueNotSupported");
  t.ExpectError(t.Get(kConfigMaps, "a"), 404, "NotFound");
}

BEHAVIOUR("api/write/strict-validation-names-unknown-and-duplicate-fields") {
  Exchange answer = Sloppy(t, "&fieldValidation=Strict", 400);
  t.ExpectEq(answer.body["reason"], "BadRequest", "the reason");
  std::string message = answer.body["message"].str();
  for (const char* part :
       {"strict decoding error", "unknown field \"spek\"", "unknown field \"metadata.colour\"",
        "unknown field \"spec.containers[0].imgae\"", "duplicate field \"spec.containers[0].image\""}) {
    t.Expect(message.find(part) != std::string::npos, std::string(part) + " in: " + message);
  }
}

BEHAVIOUR("api/write/unknown-fields-are-warned-of-and-dropped") {
  for (const char* query : {"", "&fieldValidation=Warn"}) {
    Exchange answer = Sloppy(t, query, 201);
    std::string warnings = Warnings(answer);
    t.Expect(warnings.find("299 ") == 0 && warnings.find("unknown field \\\"spek\\\"") != std::string::npos,
             "a warning of the unknown field: " + warnings);
    t.Expect(!answer.body.Has("spek") && !answer.body["metadata"].Has("colour"), "unknown fields are dropped");
    t.ExpectEq(answer.body["spec"]["containers"][0]["image"], "j", "of a key that stands twice the last counts");
  }
}

BEHAVIOUR("api/write/ignore-validation-is-silent") {
  Exchange answer = Sloppy(t, "&fieldValidation=Ignore", 201);
  t.ExpectEq(Warnings(answer), "", "warnings");
  t.Expect(!answer.body.Has("spek"), "unknown fields are dropped");
}

BEHAVIOUR("api/subresource/status-and-spec-are-written-apart") {
  t.MustCreate(kPods, Unschedulable("a"));
  Value main =
      t.MustPatch(kPods, "a", PatchType::kMerge,
                  Obj({{"status", Obj({{"message", "no"}})}, {"spec", Obj({{"activeDeadlineSeconds", 1000}})}}));
  t.Expect(main["status"]["message"].is_null(), "a write of the object leaves the status");
  t.ExpectEq(main["spec"]["activeDeadlineSeconds"], 1000, "and changes the spec");
  Value patch = Obj({{"status", Obj({{"message", "yes"}})}, {"spec", Obj({{"activeDeadlineSeconds", 500}})}});
  Value status = t.Must(t.Patch(kPods, "a", PatchType::kMerge, patch, "status"), "patch the status");
  t.ExpectEq(status["status"]["message"], "yes", "a write of the status changes it");
  t.ExpectEq(status["spec"]["activeDeadlineSeconds"], 1000, "and leaves the spec");
  t.ExpectEq(t.Must(t.Get(kPods, "a", "status"), "get the status")["status"]["message"], "yes", "the status read back");
}

BEHAVIOUR("api/subresource/create-ignores-status") {
  Value pod = t.MustCreate(kPods, Unschedulable("a").With("status", Obj({{"message", "hello"}, {"phase", "Running"}})));
  t.ExpectEq(pod["status"]["phase"], "Pending", "the new pod's phase");
  t.Expect(pod["status"]["message"].is_null(), "the new pod has no message");
}

BEHAVIOUR("api/subresource/scale-changes-replicas-only") {
  t.MustCreate(kReplicaSets, ReplicaSet("web", 0, Obj({{"app", "web"}, {"tier", "x"}})));
  Value scale = t.Must(t.Get(kReplicaSets, "web", "scale"), "get the scale");
  t.ExpectEq(scale["apiVersion"], "autoscaling/v1", "the scale's version");
  t.ExpectEq(scale["kind"], "Scale", "its kind");
  t.ExpectEq(scale.At({"spec", "replicas"}).AsInt(), int64_t{0}, "its replicas");
  t.ExpectEq(scale.At({"status", "selector"}), "app=web,tier=x", "its selector, as text");
  Value wanted = scale.With({"spec", "replicas"}, 1).Without({"metadata", "resourceVersion"});
  t.ExpectEq(t.Must(t.Update(kReplicaSets, wanted, "scale"), "put the scale").At({"spec", "replicas"}), 1,
             "replicas in the answer");
  t.ExpectEq(t.MustGet(kReplicaSets, "web").At({"spec", "replicas"}), 1, "replicas of the set");
  Value patch = Obj({{"spec", Obj({{"replicas", 0}})}});
  t.Must(t.Patch(kReplicaSets, "web", PatchType::kMerge, patch, "scale"), "patch the scale");
  t.ExpectEq(t.MustGet(kReplicaSets, "web").At({"spec", "replicas"}), 0, "replicas of the set");
  api::ApiStatus negative =
      t.MustFail(t.Update(kReplicaSets, wanted.With({"spec", "replicas"}, -1), "scale"), 422, "Invalid");
  ExpectCause(t, negative, "spec.replicas");
  t.Expect(negative.message().find("Scale.autoscaling") == 0, "it is the Scale that is invalid: " + negative.message());
  t.ExpectError(t.Get(kReplicaSets, "none", "scale"), 404, "NotFound");
}

}  // namespace kp::conformance
