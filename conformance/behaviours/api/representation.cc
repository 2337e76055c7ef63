// Forms of requests and answers: media types, tables, sizes, and errors below the level of objects.
#include "conformance/behaviour.h"
#include "conformance/behaviours/exchange.h"

namespace kp::conformance {

using client::kConfigMaps;
using client::kPods;
using client::kReplicaSets;

namespace {

// A protobuf message, field by field.
class Proto {
 public:
  Proto& Bytes(int field, std::string_view bytes) {
    Varint(static_cast<uint64_t>(field) << 3 | 2);
    Varint(bytes.size());
    text_ += bytes;
    return *this;
  }
  Proto& Int(int field, uint64_t value) {
    Varint(static_cast<uint64_t>(field) << 3);
    Varint(value);
    return *this;
  }
  Proto& Message(int field, const Proto& message) { return Bytes(field, message.text_); }
  const std::string& text() const { return text_; }

 private:
  void Varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) text_ += static_cast<char>(value | 0x80);
    text_ += static_cast<char>(value);
  }
  std::string text_;
};

// apps/v1 ReplicaSet with replicas 0, in the envelope runtime.Unknown behind "k8s\0". Field numbers: the
// generated.proto files of k8s.io/api.
std::string ReplicaSetBytes(std::string_view name) {
  Proto label = Proto().Bytes(1, "app").Bytes(2, "web");
  Proto container = Proto().Bytes(1, "c").Bytes(2, "image");
  Proto pod = Proto().Message(1, Proto().Message(11, label)).Message(2, Proto().Message(2, container));
  Proto spec = Proto().Int(1, 0).Message(2, Proto().Message(1, label)).Message(3, pod);
  Proto set = Proto().Message(1, Proto().Bytes(1, name)).Message(2, spec);
  Proto type = Proto().Bytes(1, "apps/v1").Bytes(2, "ReplicaSet");
  return std::string("k8s\0", 4) + Proto().Message(1, type).Message(2, set).text();
}

constexpr const char* kTable = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

}  // namespace

BEHAVIOUR("api/representation/protobuf-bodies-are-taken") {
  Exchange answer = MustSend(t, "POST", PathTo(t, kReplicaSets) + "?dryRun=All", 201,
                             {.content_type = "application/vnd.kubernetes.protobuf", .body = ReplicaSetBytes("web")});
  t.ExpectEq(NameOf(answer.body), "web", "the name");
  t.ExpectEq(answer.body["spec"]["replicas"].AsInt(7), int64_t{0}, "zero replicas are not taken for none given");
  t.ExpectEq(answer.body.At({"spec", "selector", "matchLabels"}), Obj({{"app", "web"}}), "the selector");
  Exchange broken = MustSend(t, "POST", PathTo(t, kReplicaSets) + "?dryRun=All", 400,
                             {.content_type = "application/vnd.kubernetes.protobuf", .body = "k8s\xff\xff\xff"});
  t.ExpectEq(broken.body["kind"], "Status", "the answer to broken bytes");
}

BEHAVIOUR("api/representation/yaml-in-and-out") {
  Exchange made = MustSend(t, "POST", PathTo(t, kConfigMaps) + "?dryRun=All", 201,
                           {.content_type = "application/yaml",
                            .body = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: \"1\"\n"});
  t.ExpectEq(made.body["data"], Obj({{"k", "1"}}), "data sent as YAML");
  t.MustCreate(kConfigMaps, ConfigMap("b", Obj({{"k", "2"}})));
  Exchange read = MustSend(t, "GET", PathTo(t, kConfigMaps, "b"), 200, {.accept = "application/yaml"});
  t.Expect(read.headers.Get("content-type").starts_with("application/yaml"), "the answer is YAML");
  t.Expect(
      read.text.find("kind: ConfigMap\n") != std::string::npos && read.text.find("  k: \"2\"\n") != std::string::npos,
      "the object as YAML: " + read.text);
}

BEHAVIOUR("api/representation/lists-as-tables") {
  t.MustCreate(kPods, Pod("a", Obj({{"kp", "table"}})).With({"spec", "nodeSelector"}, Obj({{"no", "node"}})));
  Exchange answer = MustSend(t, "GET", PathTo(t, kPods) + "?labelSelector=kp%3Dtable", 200, {.accept = kTable});
  const Value& table = answer.body;
  t.ExpectEq(table["kind"], "Table", "the answer's kind");
  t.ExpectEq(table["apiVersion"], "meta.k8s.io/v1", "its version");
  std::string columns;
  for (const Value& column : table["columnDefinitions"].items()) {
    if (column["priority"].AsInt() == 0) columns += column["name"].str() + " ";
  }
  t.ExpectEq(columns, "Name Ready Status Restarts Age ", "the columns that are always shown");
  t.ExpectEq(table["rows"].size(), size_t{1}, "rows");
  const Value& row = table["rows"][0];
  t.ExpectEq(row["cells"].size(), table["columnDefinitions"].size(), "cells of the row");
  t.ExpectEq(row["cells"][0], "a", "the cell Name");
  t.ExpectEq(row["cells"][2], "Pending", "the cell Status");
  t.ExpectEq(row["object"]["kind"], "PartialObjectMetadata", "the object in the row");
}

BEHAVIOUR("api/representation/metadata-only") {
  t.MustCreate(kConfigMaps, WithLabels(ConfigMap("a", Obj({{"k", "v"}})), Obj({{"kp", "meta"}})));
  const std::string accept = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io";
  Exchange one = MustSend(t, "GET", PathTo(t, kConfigMaps, "a"), 200, {.accept = accept});
  t.ExpectEq(one.body["kind"], "PartialObjectMetadata", "the kind");
  t.ExpectEq(NameOf(one.body), "a", "the name");
  t.Expect(!one.body.Has("data"), "no data");
  Exchange list = MustSend(t, "GET", PathTo(t, kConfigMaps) + "?labelSelector=kp%3Dmeta", 200,
                           {.accept = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"});
  t.ExpectEq(list.body["kind"], "PartialObjectMetadataList", "the list's kind");
  t.ExpectEq(list.body["items"].size(), size_t{1}, "items");
  t.Expect(!list.body["items"][0].Has("data"), "no data in the list");
}

BEHAVIOUR("api/error/unsupported-accept-is-406") {
  Exchange answer = MustSend(t, "GET", PathTo(t, kConfigMaps), 406, {.accept = "image/png"});
  t.ExpectEq(answer.body["reason"], "NotAcceptable", "the reason");
  MustSend(t, "GET", PathTo(t, kConfigMaps), 200, {.accept = "image/png, */*;q=0.5"});
}

BEHAVIOUR("api/error/unsupported-body-is-415") {
  Exchange answer = MustSend(t, "POST", PathTo(t, kConfigMaps), 415, {.content_type = "text/csv", .body = "a,b"});
  t.ExpectEq(answer.body["reason"], "UnsupportedMediaType", "the reason");
}

BEHAVIOUR("api/error/malformed-body-is-400") {
  for (const char* body : {"", "{", "[]", "\"text\"", R"({"metadata":{"name":"a"}} trailing)",
                           R"({"apiVersion":"v1","kind":"ConfigMap","metadata":"a"})",
                           R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}})",
                           R"({"apiVersion":"v2","kind":"ConfigMap","metadata":{"name":"a"}})",
                           R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":1}})"}) {
    Exchange answer =
        MustSend(t, "POST", PathTo(t, kConfigMaps), 400, {.content_type = "application/json", .body = body});
    t.ExpectEq(answer.body["reason"], "BadRequest", "the reason for " + std::string(body));
  }
  t.ExpectError(t.Get(kConfigMaps, "a"), 404, "NotFound");
}

BEHAVIOUR("api/error/body-over-the-limit-is-413") {
  Value large = ConfigMap("a", Obj({{"k", std::string(4 * 1024 * 1024, 'x')}}));
  t.ExpectError(t.Create(kConfigMaps, large), 413, "");
  t.ExpectError(t.Get(kConfigMaps, "a"), 404, "NotFound");
}

BEHAVIOUR("api/error/status-tells-all") {
  Value status = MustSend(t, "GET", PathTo(t, kConfigMaps, "none"), 404).body;
  t.ExpectEq(status["kind"], "Status", "kind");
  t.ExpectEq(status["apiVersion"], "v1", "apiVersion");
  t.ExpectEq(status["status"], "Failure", "status");
  t.ExpectEq(status["code"], 404, "code");
  t.ExpectEq(status["reason"], "NotFound", "reason");
  t.ExpectEq(status["message"], "configmaps \"none\" not found", "message");
  t.ExpectEq(status["details"]["name"], "none", "details.name");
  t.ExpectEq(status["details"]["kind"], "configmaps", "details.kind");
  Value grouped = MustSend(t, "GET", PathTo(t, kReplicaSets, "none"), 404).body;
  t.ExpectEq(grouped["details"]["group"], "apps", "details.group");
  t.ExpectEq(grouped["message"], "replicasets.apps \"none\" not found", "message");
}

BEHAVIOUR("api/error/unknown-paths-are-404") {
  for (const char* path : {"/no/such/path", "/api/v2/pods", "/api/v1/things", "/apis/none.example/v1/things",
                           "/apis/apps/v1beta1/deployments"}) {
    MustSend(t, "GET", path, 404);
  }
  MustSend(t, "GET", PathTo(t, kConfigMaps, "a") + "/status", 404);
}

BEHAVIOUR("api/error/wrong-method-is-405") {
  MustSend(t, "PATCH", PathTo(t, kConfigMaps), 405, {.content_type = "application/merge-patch+json", .body = "{}"});
  MustSend(t, "PUT", PathTo(t, kConfigMaps), 405, {.content_type = "application/json", .body = "{}"});
  MustSend(t, "DELETE", "/api/v1/namespaces?labelSelector=kp%3Dnone", 405);
}

}  // namespace kp::conformance
