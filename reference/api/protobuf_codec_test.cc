#include "reference/api/protobuf_codec.h"

#include <gtest/gtest.h>

#include "reference/api/json.h"
#include "reference/api/object_rules.h"
#include "reference/base/random.h"
#include "reference/base/strings.h"

namespace kp::api {
namespace {

std::string Bytes(std::string_view hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return bytes;
}

// `kubectl create namespace n1` of v1.32, as recorded.
const char kNamespaceBody[] =
    "6b387300"
    "0a0f0a02763112094e616d657370616365"
    "121a0a120a026e3112001a0022002a003200380042001200"
    "1a020a00"
    "1a002200";

TEST(Protobuf, DecodesWhatKubectlSends) {
  Result<Value> decoded = DecodeProtobuf(BuiltinRegistry(), Bytes(kNamespaceBody));
  ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
  EXPECT_EQ(ToJson(*decoded), R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"n1"}})");
}

TEST(Protobuf, EncodesByteForByteAsGoDoes) {
  Value object = ParseJson(R"({"metadata":{"name":"n1"}})").value();
  EXPECT_EQ(HexEncode(EncodeProtobuf(BuiltinKind("", "v1", "Namespace"), object)), kNamespaceBody);
}

// Objects that use each special type; all canonical, so nothing may change on the way.
TEST(Protobuf, ObjectsSurviveARoundTrip) {
  const std::pair<GroupVersionKind, std::string_view> cases[] = {
      {{"apps", "v1", "Deployment"},
       R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"creationTimestamp":"2025-01-01T00:00:00Z","labels":)"
       R"({"a":"b","c":""},"managedFields":[{"fieldsV1":{"f:spec":{}},"manager":"m"}],"name":"d"},"spec":)"
       R"({"replicas":0,"selector":{"matchLabels":{"a":"b"}},"strategy":{"rollingUpdate":{"maxSurge":"25%",)"
       R"("maxUnavailable":0},"type":"RollingUpdate"},"template":{"spec":{"containers":[{"livenessProbe":{"httpGet":)"
       R"({"port":"web"},"periodSeconds":3},"name":"c","resources":{"limits":{"cpu":"500m"}},"securityContext":)"
       R"({"runAsUser":0}}],"securityContext":{"supplementalGroups":[-1,7]},"volumes":[{"emptyDir":{},"name":"v"},)"
       R"({"configMap":{"items":[{"key":"k","path":"p"}],"name":"m","optional":false},"name":"w"}]}}}})"},
      {{"", "v1", "Secret"},
       R"({"apiVersion":"v1","data":{"k":"AAH/"},"immutable":false,"kind":"Secret","type":"Opaque"})"},
      {{"coordination.k8s.io", "v1", "Lease"},
       R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","spec":{"renewTime":"2025-01-01T00:00:00.000001Z"}})"},
      {{"authentication.k8s.io", "v1", "TokenReview"},
       R"({"apiVersion":"authentication.k8s.io/v1","kind":"TokenReview","spec":{"token":"t"},)"
       R"("status":{"user":{"extra":{"k":["a","b"]}}}})"},
  };
  for (const auto& [gvk, json] : cases) {
    const Kind& kind = BuiltinKind(gvk.group, gvk.version, gvk.kind);
    Value object = ParseJson(json).value();
    Result<Value> back = DecodeProtobuf(BuiltinRegistry(), EncodeProtobuf(kind, object));
    ASSERT_TRUE(back.ok()) << back.status().ToString();
    EXPECT_EQ(ToJson(*back), json);
    DecodeReport report;
    EXPECT_EQ(Canonicalize(kind, object, report), object) << "the case is not canonical";
  }
}

TEST(Protobuf, ZeroOfAPointerIsKeptAndOfAValueDropped) {
  const Message& spec = *BuiltinKind("apps", "v1", "Deployment").message->FindField("spec")->message;
  // replicas (1, pointer) = 0, paused (7, value) = false
  EXPECT_EQ(ToJson(DecodeProtobufMessage(spec, Bytes("08003800")).value()), R"({"replicas":0})");
}

TEST(Protobuf, PackedNumbersAreReadToo) {
  const Message& context = *BuiltinRegistry().FindMessage("io.k8s.api.core.v1", "PodSecurityContext");
  EXPECT_EQ(ToJson(DecodeProtobufMessage(context, Bytes("22020107")).value()), R"({"supplementalGroups":[1,7]})");
}

TEST(Protobuf, DeleteOptionsComeUnderAnyGroup) {
  // apps/v1 DeleteOptions {gracePeriodSeconds: 0}
  std::string body = std::string("k8s\0", 4) + "\x0a\x18\x0a\x07" + "apps/v1" + "\x12\x0d" + "DeleteOptions" +
                     std::string("\x12\x02\x08\x00", 4);
  EXPECT_EQ(DecodeProtobuf(BuiltinRegistry(), body).value()["gracePeriodSeconds"], Value(0));
}

TEST(Protobuf, BadBodiesHaveClearErrors) {
  const Registry& registry = BuiltinRegistry();
  EXPECT_EQ(DecodeProtobuf(registry, "{}").status(),
            Status(Code::kInvalidArgument, "malformed protobuf body: it does not start with k8s\\0"));
  std::string unknown = std::string("k8s\0", 4) + "\x0a\x0a\x0a\x02v1\x12\x04Nope";
  EXPECT_EQ(DecodeProtobuf(registry, unknown).status(),
            Status(Code::kUnimplemented, "no protobuf decoding of v1 Nope"));
  EXPECT_EQ(DecodeProtobufMessage(*BuiltinKind("", "v1", "ConfigMap").message, Bytes("0a05")).status(),
            Status(Code::kInvalidArgument, "malformed protobuf body: truncated or malformed field in ConfigMap"));
  EXPECT_EQ(DecodeProtobufMessage(*BuiltinKind("", "v1", "ConfigMap").message, Bytes("0a020a05")).status().message(),
            "malformed protobuf body: truncated or malformed field in ObjectMeta");
}

TEST(Protobuf, CutOrSpoiledBodiesNeverCrash) {
  std::string whole = EncodeProtobuf(
      BuiltinKind("", "v1", "Pod"),
      ParseJson(R"({"metadata":{"name":"p","creationTimestamp":"2025-01-01T00:00:00Z","labels":{"a":"b"}},)"
                R"("spec":{"containers":[{"name":"c","ports":[{"containerPort":80}]}]}})")
          .value());
  Random random(1);
  for (size_t i = 0; i < whole.size(); ++i) {
    (void)DecodeProtobuf(BuiltinRegistry(), whole.substr(0, i));
    std::string spoiled = whole;
    spoiled[i] = static_cast<char>(random.Below(256));
    (void)DecodeProtobuf(BuiltinRegistry(), spoiled);
  }
}

}  // namespace
}  // namespace kp::api
