#include "reference/api/table.h"

#include <gtest/gtest.h>

#include "reference/api/json.h"
#include "reference/api/table_formatters.h"

namespace kp::api {
namespace {

Value Json(std::string_view text) { return ParseJson(text).value(); }

const WallTime kNow = ParseRfc3339("2025-01-01T01:00:00Z").value();

std::string Cells(std::string_view group, std::string_view kind, std::string_view object) {
  Value table = RenderTable(BuiltinKind(group, "v1", kind), Json(object), {.now = kNow});
  return ToJson(table["rows"][0]["cells"]);
}

TEST(Table, HasDefinitionsRowsAndPartialObjects) {
  Value object = Json(R"({"metadata":{"name":"a","creationTimestamp":"2025-01-01T00:00:00Z"},"data":{"k":"v"}})");
  Value table =
      RenderTable(BuiltinKind("", "v1", "ConfigMap"), {object}, Obj({{"resourceVersion", "7"}}), {.now = kNow});
  EXPECT_EQ(ToJson(table["rows"]),
            R"([{"cells":["a",1,"60m"],"object":{"apiVersion":"meta.k8s.io/v1","kind":"PartialObjectMetadata",)"
            R"("metadata":{"creationTimestamp":"2025-01-01T00:00:00Z","name":"a"}}}])");
  EXPECT_EQ(ToJson(table["columnDefinitions"][0]),
            R"({"description":"Name of the object.","format":"name","name":"Name","priority":0,"type":"string"})");
  EXPECT_EQ(ToJson(table["metadata"]), R"({"resourceVersion":"7"})");
}

TEST(Table, EveryFormatterOfTheSchemasExists) {
  for (const Kind* kind : BuiltinRegistry().kinds()) {
    for (const PrinterColumn& column : kind->columns) {
      EXPECT_TRUE(column.formatter.empty() || IsKnownFormatter(column.formatter)) << column.formatter;
    }
    // Nothing in a table may be null: kubectl prints it as <nil>.
    Value table = RenderTable(*kind, Value::EmptyObject(), {.now = kNow});
    for (const Value& cell : table["rows"][0]["cells"].items()) EXPECT_FALSE(cell.is_null()) << kind->gvk.kind;
  }
}

TEST(Table, PodStatusFollowsItsContainers) {
  struct Case {
    std::string_view status;
    PodSummary summary;
  };
  const Case cases[] = {
      {R"({"phase":"Pending"})", {"0/1", "Pending", "0"}},
      {R"({"phase":"Running","containerStatuses":[{"ready":true,"restartCount":0,"state":{"running":{}}}]})",
       {"1/1", "Running", "0"}},
      {R"({"phase":"Running","containerStatuses":[{"restartCount":3,"lastState":{"terminated":)"
       R"({"finishedAt":"2025-01-01T00:55:00Z"}},"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]})",
       {"0/1", "CrashLoopBackOff", "3 (5m ago)"}},
      {R"({"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":2}}}]})",
       {"0/1", "ExitCode:2", "0"}},
      {R"({"phase":"Succeeded","containerStatuses":[{"state":{"terminated":{"reason":"Completed"}}}]})",
       {"0/1", "Completed", "0"}},
      {R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"waiting":{"reason":"PodInitializing"}}}]})",
       {"0/1", "Init:0/0", "0"}},
      {R"({"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":1,)"
       R"("reason":"Error"}}}]})",
       {"0/1", "Init:Error", "0"}},
      {R"({"phase":"Pending","conditions":[{"type":"PodScheduled","reason":"SchedulingGated"}]})",
       {"0/1", "SchedulingGated", "0"}},
  };
  Value pod = Json(R"({"spec":{"containers":[{"name":"c"}]}})");
  for (const Case& c : cases) {
    PodSummary got = SummarizePod(pod.With("status", Json(c.status)), kNow);
    EXPECT_EQ(got.ready, c.summary.ready) << c.status;
    EXPECT_EQ(got.status, c.summary.status) << c.status;
    EXPECT_EQ(got.restarts, c.summary.restarts) << c.status;
  }
  Value leaving =
      pod.With({"metadata", "deletionTimestamp"}, "2025-01-01T00:00:00Z").With({"status", "phase"}, "Running");
  EXPECT_EQ(SummarizePod(leaving, kNow).status, "Terminating");
}

TEST(Table, CellsOfTheOtherKinds) {
  EXPECT_EQ(Cells("apps", "Deployment",
                  R"({"metadata":{"name":"d","creationTimestamp":"2025-01-01T00:59:00Z"},"spec":{"replicas":3,)"
                  R"("selector":{"matchLabels":{"app":"d"},"matchExpressions":[{"key":"a","operator":"In",)"
                  R"("values":["y","x"]}]},"template":{"spec":{"containers":[{"name":"c","image":"i:1"}]}}},)"
                  R"("status":{"readyReplicas":1,"updatedReplicas":2,"availableReplicas":1}})"),
            R"(["d","1/3",2,1,"60s","c","i:1","a in (x,y),app=d"])");
  EXPECT_EQ(
      Cells("", "Node",
            R"({"metadata":{"name":"n","labels":{"node-role.kubernetes.io/control-plane":""}},)"
            R"("spec":{"unschedulable":true},"status":{"conditions":[{"type":"Ready","status":"True"}],)"
            R"("addresses":[{"type":"InternalIP","address":"10.0.0.1"}],"nodeInfo":{"kubeletVersion":"v1.32.0"}}})"),
      R"(["n","Ready,SchedulingDisabled","control-plane","<unknown>","v1.32.0","10.0.0.1","<none>",)"
      R"("<unknown>","<unknown>","<unknown>"])");
  EXPECT_EQ(Cells("", "Service",
                  R"({"metadata":{"name":"s"},"spec":{"type":"NodePort","clusterIP":"10.96.0.5","ports":)"
                  R"([{"port":80,"nodePort":30080,"protocol":"TCP"}]}})"),
            R"(["s","NodePort","10.96.0.5","<none>","80:30080/TCP","<unknown>","<none>"])");
  EXPECT_EQ(Cells("", "Endpoints",
                  R"({"metadata":{"name":"e"},"subsets":[{"addresses":[{"ip":"1.1.1.1"},{"ip":"1.1.1.2"},)"
                  R"({"ip":"1.1.1.3"},{"ip":"::1"}],"ports":[{"port":80}]}]})"),
            R"(["e","1.1.1.1:80,1.1.1.2:80,1.1.1.3:80 + 1 more...","<unknown>"])");
  EXPECT_EQ(Cells("", "Event",
                  R"({"metadata":{"name":"ev"},"involvedObject":{"kind":"Pod","name":"p"},"reason":"Scheduled",)"
                  R"("message":" done ","type":"Normal","source":{"component":"scheduler"},)"
                  R"("lastTimestamp":"2025-01-01T00:58:00Z","firstTimestamp":"2025-01-01T00:00:00Z"})"),
            R"(["2m","Normal","Scheduled","pod/p","","scheduler","done","60m",1,"ev"])");
  EXPECT_EQ(Cells("rbac.authorization.k8s.io", "RoleBinding",
                  R"({"metadata":{"name":"b"},"roleRef":{"kind":"Role","name":"r"},"subjects":[{"kind":"User",)"
                  R"("name":"u"},{"kind":"ServiceAccount","namespace":"n","name":"a"}]})"),
            R"(["b","Role/r","<unknown>","u","","n/a"])");
}

}  // namespace
}  // namespace kp::api
