#include <gtest/gtest.h>

#include "reference/apiserver/test_server.h"

namespace kp::apiserver {
namespace {

constexpr char kPods[] = "/api/v1/namespaces/default/pods";
constexpr char kServices[] = "/api/v1/namespaces/default/services";

std::string PodNamed(const std::string& name, const std::string& more = "") {
  return R"({"metadata":{"name":")" + name + R"("},"spec":{"containers":[{"name":"c","image":"web"}])" + more + "}}";
}

std::string Pod(const std::string& name) { return std::string(kPods) + "/" + name; }

std::string BindingTo(const std::string& node) { return R"({"target":{"kind":"Node","name":")" + node + R"("}})"; }

TEST(Pod, AdmissionFillsInDefaults) {
  TestServer t;
  const auto reply = t.Do("POST", kPods, PodNamed("a"));
  ASSERT_EQ(reply->status, 201) << reply->body;
  const api::Value pod = reply->Json();
  const api::Value& spec = pod["spec"];
  EXPECT_EQ(spec["restartPolicy"].AsString(), "Always");
  EXPECT_EQ(spec["terminationGracePeriodSeconds"].AsInt(), 30);
  EXPECT_EQ(spec["serviceAccountName"].AsString(), "default");
  EXPECT_EQ(spec["priority"].AsInt(-1), 0);
  EXPECT_EQ(spec["tolerations"].size(), 2u);
  EXPECT_EQ(spec["containers"][0]["imagePullPolicy"].AsString(), "Always");
  EXPECT_EQ(pod["status"]["phase"].AsString(), "Pending");
  EXPECT_EQ(pod["status"]["qosClass"].AsString(), "BestEffort");
  EXPECT_EQ(spec["volumes"][0]["projected"]["sources"].size(), 3u);
}

TEST(Pod, BindsOnce) {
  TestServer t;
  t.Do("POST", kPods, PodNamed("a"));
  EXPECT_EQ(t.Do("POST", Pod("a/binding"), BindingTo("n1"))->status, 201);
  const auto again = t.Do("POST", Pod("a/binding"), BindingTo("n2"));
  EXPECT_EQ(again->status, 409);
  const api::Value pod = t.Do("GET", Pod("a"))->Json();
  EXPECT_EQ(pod["spec"]["nodeName"].AsString(), "n1");
  EXPECT_EQ(pod["status"]["conditions"][0]["type"].AsString(), "PodScheduled");
}

TEST(Pod, PatchOfNodeNameBindsLikeBinding) {
  TestServer t;
  t.Do("POST", kPods, PodNamed("a"));
  const auto reply = t.Patch(Pod("a"), R"({"spec":{"nodeName":"n1"}})", "strategic-merge-patch");
  EXPECT_EQ(reply->status, 200) << reply->body;
  EXPECT_EQ(reply->Json()["status"]["conditions"][0]["status"].AsString(), "True");
  EXPECT_EQ(t.Patch(Pod("a"), R"({"spec":{"nodeName":"n2"}})", "strategic-merge-patch")->status, 409);
}

TEST(Pod, UpdateMayChangeImagesOnly) {
  TestServer t;
  t.Do("POST", kPods, PodNamed("a"));
  EXPECT_EQ(
      t.Patch(Pod("a"), R"({"spec":{"containers":[{"name":"c","image":"web:2"}]}})", "strategic-merge-patch")->status,
      200);
  const auto refused = t.Patch(Pod("a"), R"({"spec":{"restartPolicy":"Never"}})");
  EXPECT_EQ(refused->status, 422);
  EXPECT_NE(refused->body.find("pod updates may not change fields"), std::string::npos);
}

TEST(Pod, BoundPodWaitsItsGraceAndUnboundOneDoesNot) {
  TestServer t;
  t.Do("POST", kPods, PodNamed("a"));
  t.Do("POST", kPods, PodNamed("b"));
  t.Do("POST", Pod("b/binding"), BindingTo("n1"));
  t.Do("DELETE", Pod("a"));
  EXPECT_EQ(t.Do("GET", Pod("a"))->status, 404);
  const api::Value waits = t.Do("DELETE", Pod("b"))->Json();
  EXPECT_EQ(waits["metadata"]["deletionGracePeriodSeconds"].AsInt(), 30);
  EXPECT_EQ(waits["metadata"]["deletionTimestamp"].AsString(), "2025-01-01T00:00:31Z");
  EXPECT_EQ(t.Do("DELETE", Pod("b"), R"({"gracePeriodSeconds":60})")->Json()["metadata"]["deletionGracePeriodSeconds"],
            api::Value(30))
      << "only sooner";
  t.Do("DELETE", Pod("b"), R"({"gracePeriodSeconds":0})");
  EXPECT_EQ(t.Do("GET", Pod("b"))->status, 404);
}

TEST(Pod, StatusAndSpecAreWrittenApart) {
  TestServer t;
  t.Do("POST", kPods, PodNamed("a"));
  t.Patch(Pod("a/status"), R"({"status":{"phase":"Running"},"spec":{"nodeName":"n9"}})");
  t.Patch(Pod("a"), R"({"status":{"phase":"Failed"}})");
  const api::Value pod = t.Do("GET", Pod("a"))->Json();
  EXPECT_EQ(pod["status"]["phase"].AsString(), "Running");
  EXPECT_TRUE(pod["spec"]["nodeName"].empty());
}

TEST(Pod, EvictionDeletes) {
  TestServer t;
  t.Do("POST", kPods, PodNamed("a"));
  EXPECT_EQ(t.Do("POST", Pod("a/eviction"), R"({"metadata":{"name":"a"},"deleteOptions":{}})")->status, 201);
  EXPECT_EQ(t.Do("GET", Pod("a"))->status, 404);
}

TEST(Pod, EphemeralContainersAreOnlyAdded) {
  TestServer t;
  t.Do("POST", kPods, PodNamed("a"));
  const std::string sub = Pod("a/ephemeralcontainers");
  EXPECT_EQ(
      t.Patch(sub, R"({"spec":{"ephemeralContainers":[{"name":"d","image":"x"}]}})", "strategic-merge-patch")->status,
      200);
  EXPECT_EQ(
      t.Patch(sub, R"({"spec":{"ephemeralContainers":[{"name":"d","image":"y"}]}})", "strategic-merge-patch")->status,
      422);
  EXPECT_EQ(t.Do("GET", Pod("a"))->Json()["spec"]["ephemeralContainers"][0]["image"].AsString(), "x");
}

TEST(Service, AddressesAreUniqueAndReleased) {
  TestServer t({.service_cidr = "10.0.0.0/29"});
  const auto service = [](const std::string& name) {
    return R"({"metadata":{"name":")" + name + R"("},"spec":{"ports":[{"port":80}]}})";
  };
  std::set<std::string> addresses;
  // 6 usable, the first is the kubernetes Service's.
  for (int i = 0; i < 5; ++i) {
    const auto reply = t.Do("POST", kServices, service("s" + std::to_string(i)));
    ASSERT_EQ(reply->status, 201) << reply->body;
    addresses.insert(reply->Json()["spec"]["clusterIP"].str());
  }
  EXPECT_EQ(addresses.size(), 5u);
  EXPECT_FALSE(addresses.contains("10.0.0.1"));
  EXPECT_EQ(t.Do("POST", kServices, service("full"))->status, 500);
  t.Do("DELETE", std::string(kServices) + "/s0");
  t.env.Run();
  EXPECT_EQ(t.Do("POST", kServices, service("again"))->status, 201);
}

TEST(Service, RequestedAddressIsHonouredOnce) {
  TestServer t;
  const std::string body = R"("spec":{"clusterIP":"10.96.0.77","ports":[{"port":80}]}})";
  EXPECT_EQ(t.Do("POST", kServices, R"({"metadata":{"name":"a"},)" + body)->Json()["spec"]["clusterIP"].AsString(),
            "10.96.0.77");
  const auto taken = t.Do("POST", kServices, R"({"metadata":{"name":"b"},)" + body);
  EXPECT_EQ(taken->status, 422);
  EXPECT_NE(taken->body.find("provided IP is already allocated"), std::string::npos);
}

TEST(Service, NodePortsComeAndGoWithTheType) {
  TestServer t;
  const auto created =
      t.Do("POST", kServices, R"({"metadata":{"name":"a"},"spec":{"type":"NodePort","ports":[{"port":80}]}})")->Json();
  const int64_t port = created["spec"]["ports"][0]["nodePort"].AsInt();
  EXPECT_GE(port, 30000);
  const std::string same = R"({"metadata":{"name":"b"},"spec":{"type":"NodePort","ports":[{"port":80,"nodePort":)" +
                           std::to_string(port) + "}]}}";
  EXPECT_EQ(t.Do("POST", kServices, same)->status, 422);
  const auto back = t.Patch(std::string(kServices) + "/a", R"({"spec":{"type":"ClusterIP"}})");
  EXPECT_EQ(back->status, 200) << back->body;
  EXPECT_EQ(back->Json()["spec"]["clusterIP"], created["spec"]["clusterIP"]);
  EXPECT_EQ(t.Do("POST", kServices, same)->status, 201);
}

TEST(Scale, ReadsAndWritesReplicas) {
  TestServer t;
  const std::string deployments = "/apis/apps/v1/namespaces/default/deployments";
  const auto created =
      t.Do("POST", deployments, R"({"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},
    "template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})");
  ASSERT_EQ(created->status, 201) << created->body;
  const auto scaled = t.Patch(deployments + "/d/scale", R"({"spec":{"replicas":4}})");
  EXPECT_EQ(scaled->Json()["spec"]["replicas"].AsInt(), 4) << scaled->body;
  EXPECT_EQ(scaled->Json()["status"]["selector"].AsString(), "a=b");
  const api::Value after = t.Do("GET", deployments + "/d")->Json();
  EXPECT_EQ(after["spec"]["replicas"].AsInt(), 4);
  EXPECT_EQ(after["metadata"]["generation"].AsInt(), 2);
  EXPECT_EQ(t.Patch(deployments + "/d/scale", R"({"spec":{"replicas":-1}})")->status, 422);
}

TEST(Workload, SelectorMustMatchItsTemplate) {
  TestServer t;
  const auto reply = t.Do("POST", "/apis/apps/v1/namespaces/default/replicasets",
                          R"({"metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},
    "template":{"metadata":{"labels":{"a":"c"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}})");
  EXPECT_EQ(reply->status, 422);
  EXPECT_NE(reply->body.find("`selector` does not match template `labels`"), std::string::npos);
}

TEST(Namespace, GoesWithItsLastFinalizer) {
  TestServer t;
  t.Do("POST", "/api/v1/namespaces", R"({"metadata":{"name":"n"}})");
  const api::Value going = t.Do("DELETE", "/api/v1/namespaces/n")->Json();
  EXPECT_EQ(going["spec"]["finalizers"][0].AsString(), "kubernetes");
  EXPECT_EQ(going["metadata"]["labels"]["kubernetes.io/metadata.name"].AsString(), "n");
  const auto done = t.Do("PUT", "/api/v1/namespaces/n/finalize", api::ToJson(going.Without({"spec", "finalizers"})));
  EXPECT_EQ(done->status, 200) << done->body;
  EXPECT_EQ(t.Do("GET", "/api/v1/namespaces/n")->status, 404);
}

TEST(Secret, StringDataIsMergedIntoData) {
  TestServer t;
  const auto reply =
      t.Do("POST", "/api/v1/namespaces/default/secrets", R"({"metadata":{"name":"s"},"stringData":{"k":"v"}})");
  EXPECT_EQ(reply->Json()["data"]["k"].AsString(), "dg==") << reply->body;
  EXPECT_FALSE(reply->Json().Has("stringData"));
  EXPECT_EQ(reply->Json()["type"].AsString(), "Opaque");
}

TEST(ConfigMap, ImmutableOneKeepsItsData) {
  TestServer t;
  t.Do("POST", "/api/v1/namespaces/default/configmaps",
       R"({"metadata":{"name":"a"},"data":{"k":"v"},"immutable":true})");
  const std::string map = "/api/v1/namespaces/default/configmaps/a";
  EXPECT_EQ(t.Patch(map, R"({"data":{"k":"2"}})")->status, 422);
  EXPECT_EQ(t.Patch(map, R"({"immutable":false})")->status, 422);
  EXPECT_EQ(t.Patch(map, R"({"metadata":{"labels":{"a":"b"}}})")->status, 200);
}

TEST(Lease, PutCreatesAndNeedsItsVersionAfterwards) {
  TestServer t;
  const std::string lease = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l";
  EXPECT_EQ(t.Do("PUT", lease, R"({"metadata":{"name":"l"},"spec":{"holderIdentity":"a"}})")->status, 201);
  EXPECT_EQ(t.Do("PUT", lease, R"({"metadata":{"name":"l"},"spec":{"holderIdentity":"b"}})")->status, 422);
}

TEST(Event, BothGroupsShowOneObjectThatExpires) {
  TestServer t;
  const auto created =
      t.Do("POST", "/api/v1/namespaces/default/events",
           R"({"metadata":{"name":"e"},"involvedObject":{"kind":"Pod","namespace":"default","name":"a"},
    "reason":"R","message":"M","type":"Normal"})");
  ASSERT_EQ(created->status, 201) << created->body;
  const auto other = t.Do("GET", "/apis/events.k8s.io/v1/namespaces/default/events/e");
  EXPECT_EQ(other->Json()["note"].AsString(), "M") << other->body;
  EXPECT_EQ(other->Json()["apiVersion"].AsString(), "events.k8s.io/v1");
  EXPECT_NE(t.store->Find("/registry/events/default/e")->lease, 0);
}

TEST(Event, LivesWhereItsObjectLives) {
  TestServer t;
  const auto post = [&](const std::string& involved) {
    return t
        .Do("POST", "/api/v1/namespaces/kube-system/events",
            R"({"metadata":{"generateName":"e"},"involvedObject":)" + involved + "}")
        ->status;
  };
  EXPECT_EQ(post(R"({"kind":"Pod","name":"a","namespace":"kube-system"})"), 201);
  EXPECT_EQ(post(R"({"kind":"Pod","name":"a","namespace":"default"})"), 422);
  EXPECT_EQ(post(R"({"kind":"Node","name":"a"})"), 422);
}

TEST(Bootstrap, KubernetesServiceComesBack) {
  TestServer t;
  EXPECT_EQ(t.Do("GET", std::string(kServices) + "/kubernetes")->Json()["spec"]["clusterIP"].AsString(), "10.96.0.1");
  t.Do("DELETE", std::string(kServices) + "/kubernetes");
  t.env.Run(1s);
  EXPECT_EQ(t.Do("GET", std::string(kServices) + "/kubernetes")->status, 200);
}

}  // namespace
}  // namespace kp::apiserver
