// The built-in schemas as a whole, and the parts of them that clients trip over first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "reference/api/formats.h"
#include "reference/api/json.h"
#include "reference/api/object_rules.h"
#include "reference/api/schema.h"
#include "reference/api/schema_patch_meta.h"
#include "reference/api/stored_form.h"

namespace kp::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Value Json(std::string_view text) { return ParseJson(text).value(); }

TEST(Schemas, EveryFieldIsWellFormed) {
  for (const auto& [name, message] : BuiltinRegistry().messages()) {
    std::set<int> numbers;
    for (const Field& field : message->fields) {
      std::string where = name + "." + field.name;
      EXPECT_TRUE(numbers.insert(field.number).second) << where << ": number used twice";
      EXPECT_GT(field.number, 0) << where;
      EXPECT_FALSE(field.description.empty()) << where;
      EXPECT_TRUE(field.format.empty() || IsKnownFormat(field.format)) << where;
      if (field.merge && !field.merge_key.empty()) {
        ASSERT_NE(field.message, nullptr) << where;
        EXPECT_NE(field.message->FindField(field.merge_key), nullptr) << where;
      }
      for (const std::string& key : field.list_keys) {
        ASSERT_NE(field.message, nullptr) << where;
        EXPECT_NE(field.message->FindField(key), nullptr) << where;
      }
    }
  }
}

TEST(Schemas, EveryServedKindHasANameColumnAndMetadata) {
  for (const Kind* kind : BuiltinRegistry().kinds()) {
    EXPECT_FALSE(kind->message->description.empty()) << kind->gvk.kind;
    if (!kind->served || !kind->HasVerb("list")) continue;
    EXPECT_NE(kind->message->FindField("metadata"), nullptr) << kind->gvk.kind;
    bool has_name = false;
    for (const PrinterColumn& column : kind->columns) has_name = has_name || column.format == "name";
    EXPECT_TRUE(has_name) << kind->gvk.kind;
  }
}

TEST(Schemas, DeploymentGetsUpstreamsDefaults) {
  Value deployment = ApplyDefaults(BuiltinKind("apps", "v1", "Deployment"),
                                   Json(R"({"spec":{"template":{"spec":{"containers":[{"name":"c"}]}}}})"));
  const Value& spec = deployment["spec"];
  EXPECT_EQ(spec["replicas"], Value(1));
  EXPECT_EQ(spec["revisionHistoryLimit"], Value(10));
  EXPECT_EQ(spec["progressDeadlineSeconds"], Value(600));
  EXPECT_EQ(ToJson(spec["strategy"]),
            R"({"rollingUpdate":{"maxSurge":"25%","maxUnavailable":"25%"},"type":"RollingUpdate"})");
  EXPECT_EQ(ToJson(spec["template"]["spec"]),
            R"({"containers":[{"name":"c","terminationMessagePath":"/dev/termination-log",)"
            R"("terminationMessagePolicy":"File"}],"dnsPolicy":"ClusterFirst","restartPolicy":"Always",)"
            R"("schedulerName":"default-scheduler","securityContext":{},"terminationGracePeriodSeconds":30})");
  EXPECT_FALSE(ApplyDefaults(BuiltinKind("apps", "v1", "Deployment"),
                             Json(R"({"spec":{"strategy":{"type":"Recreate"}}})"))["spec"]["strategy"]
                   .Has("rollingUpdate"));
}

TEST(Schemas, VolumeSourcesAndProbesAreInlined) {
  DecodeReport report;
  Value pod = Json(R"({"spec":{"containers":[{"livenessProbe":{"httpGet":{"port":80}},"name":"c"}],)"
                   R"("volumes":[{"configMap":{"name":"m"},"name":"v"},{"emptyDir":{},"name":"w"}]}})");
  EXPECT_EQ(Canonicalize(BuiltinKind("", "v1", "Pod"), pod, report), pod);
  EXPECT_THAT(report.StrictErrors(), IsEmpty());
}

TEST(Schemas, PodWithoutContainersOrWithTwinsIsInvalid) {
  const Kind& pod = BuiltinKind("", "v1", "Pod");
  EXPECT_THAT(Validate(pod, ApplyDefaults(pod, Json(R"({"metadata":{"name":"p"}})"))),
              ElementsAre(FieldCause{"FieldValueRequired", "spec.containers", "Required value"}));
  EXPECT_THAT(
      Validate(pod, Json(R"({"spec":{"restartPolicy":"Sometimes","containers":[{"name":"a"},{"name":"a"}]}})")),
      ElementsAre(FieldCause{"FieldValueDuplicate", "spec.containers[1].name", R"(Duplicate value: "a")"},
                  FieldCause{"FieldValueNotSupported", "spec.restartPolicy",
                             R"(Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure")"}));
}

TEST(Schemas, SelectorOfADeploymentIsImmutable) {
  EXPECT_THAT(ValidateUpdate(BuiltinKind("apps", "v1", "Deployment"),
                             Json(R"({"spec":{"selector":{"matchLabels":{"a":"c"}}}})"),
                             Json(R"({"spec":{"selector":{"matchLabels":{"a":"b"}}}})")),
              ElementsAre(FieldCause{"FieldValueInvalid", "spec.selector",
                                     R"(Invalid value: {"matchLabels":{"a":"c"}}: field is immutable)"}));
}

TEST(Schemas, PatchRulesComeFromTheFields) {
  SchemaPatchMeta meta;
  const Message* spec = BuiltinKind("", "v1", "Pod").message->FindField("spec")->message;
  PatchMeta::FieldRule volumes = meta.Find(spec, "volumes");
  EXPECT_TRUE(volumes.merge_list && volumes.retain_keys);
  EXPECT_EQ(volumes.merge_key, "name");
  EXPECT_FALSE(meta.Find(spec, "tolerations").merge_list);
  EXPECT_EQ(meta.Find(meta.Find(spec, "containers").type, "ports").merge_key, "containerPort");
  EXPECT_EQ(meta.Find(spec, "nodeSelector").type, nullptr);
}

TEST(Formats, IpAddresses) {
  for (std::string_view good : {"10.9.8.7", "::", "::1", "2001:db8::ffff", "1:2:3:4:5:6:7:8", "::ffff:1.2.3.4"}) {
    EXPECT_THAT(CheckFormat("ip", good), IsEmpty()) << good;
  }
  for (std::string_view bad : {"1.2.3", "1.2.3.256", "01.2.3.4", "1:2:3:4:5:6:7", ":::", "1::2::3", "g::", "1.2.3.-4",
                               "1.2.3.4::", "1:2:3:4:5:6:7:8:9", "None"}) {
    EXPECT_THAT(CheckFormat("ip", bad), testing::SizeIs(1)) << bad;
  }
}

TEST(Schemas, BothFormsOfAnEventAreOneStoredObject) {
  const Kind& form = BuiltinKind("events.k8s.io", "v1", "Event");
  EXPECT_EQ(StoredKind(BuiltinRegistry(), form).gvk, BuiltinKind("", "v1", "Event").gvk);
  Value event = Json(R"({"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"e"},"note":"n",)"
                     R"("regarding":{"name":"p"},"reportingController":"c"})");
  Value stored = ToStoredForm(form, event);
  EXPECT_EQ(ToJson(stored), R"({"apiVersion":"v1","involvedObject":{"name":"p"},"kind":"Event","message":"n",)"
                            R"("metadata":{"name":"e"},"reportingComponent":"c"})");
  EXPECT_EQ(FromStoredForm(form, stored), event);
  // A renamed field must exist in the stored kind.
  for (const Field* field : form.message->json_fields()) {
    std::string name = field->stored_name.empty() ? field->name : field->stored_name;
    EXPECT_NE(StoredKind(BuiltinRegistry(), form).message->FindField(name), nullptr) << name;
  }
}

TEST(Schemas, QuantitiesBecomeCanonical) {
  DecodeReport report;
  Value node = Canonicalize(BuiltinKind("", "v1", "Node"),
                            Json(R"({"status":{"capacity":{"cpu":"1000m","memory":1024,"x":"lots"}}})"), report);
  EXPECT_THAT(report.type_errors, testing::SizeIs(1));
  node = Canonicalize(BuiltinKind("", "v1", "Node"), Json(R"({"status":{"capacity":{"cpu":"1000m","memory":1024}}})"),
                      report);
  EXPECT_EQ(ToJson(node), R"({"status":{"capacity":{"cpu":"1","memory":"1024"}}})");
}

TEST(Schemas, LookUpByAnyName) {
  EXPECT_EQ(BuiltinRegistry().FindByName("deploy")->plural, "deployments");
  EXPECT_EQ(BuiltinRegistry().FindByName("endpoints")->gvk.kind, "Endpoints");
  EXPECT_EQ(BuiltinRegistry().FindResource({"apps", "v1"}, "replicasets")->gvk.kind, "ReplicaSet");
  EXPECT_EQ(BuiltinRegistry().FindResource({"autoscaling", "v1"}, "scales"), nullptr);
  EXPECT_EQ(BuiltinRegistry().FindByName("events")->gvk.group, "");
}

}  // namespace
}  // namespace kp::api
