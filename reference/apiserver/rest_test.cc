#include <gtest/gtest.h>

#include "reference/apiserver/test_server.h"

namespace kp::apiserver {
namespace {

constexpr char kMaps[] = "/api/v1/namespaces/default/configmaps";

std::string MapNamed(const std::string& name, const std::string& data = R"({"k":"v"})") {
  return R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":")" + name + R"("},"data":)" + data + "}";
}

std::string ItemAt(const std::string& name) { return std::string(kMaps) + "/" + name; }

TEST(Rest, CreatesStampedObject) {
  TestServer t;
  const auto reply = t.Do("POST", kMaps, MapNamed("a"));
  ASSERT_EQ(reply->status, 201) << reply->body;
  const api::Value meta = reply->Json()["metadata"];
  EXPECT_EQ(meta["namespace"].AsString(), "default");
  EXPECT_EQ(meta["uid"].AsString().size(), 36u);
  EXPECT_EQ(meta["creationTimestamp"].AsString(), "2025-01-01T00:00:01Z");
  EXPECT_EQ(meta["resourceVersion"].AsString(), std::to_string(t.store->revision));
}

TEST(Rest, StoresCanonicalJsonWithoutResourceVersion) {
  TestServer t;
  t.Do("POST", kMaps, MapNamed("a"));
  const client::EtcdKeyValue* kv = t.store->Find("/registry/configmaps/default/a");
  ASSERT_NE(kv, nullptr);
  EXPECT_EQ(kv->value.find("resourceVersion"), std::string::npos);
  EXPECT_EQ(kv->value, api::ToJson(*api::ParseJson(kv->value)));
}

TEST(Rest, RefusesSecondOfOneName) {
  TestServer t;
  t.Do("POST", kMaps, MapNamed("a"));
  const auto reply = t.Do("POST", kMaps, MapNamed("a"));
  EXPECT_EQ(reply->status, 409);
  EXPECT_EQ(reply->Json()["message"].AsString(), "configmaps \"a\" already exists");
}

TEST(Rest, RefusesCreateInMissingNamespace) {
  TestServer t;
  const auto reply = t.Do("POST", "/api/v1/namespaces/nowhere/configmaps", MapNamed("a"));
  EXPECT_EQ(reply->status, 404);
  EXPECT_EQ(reply->Json()["message"].AsString(), "namespaces \"nowhere\" not found");
}

TEST(Rest, RefusesCreateInTerminatingNamespace) {
  TestServer t;
  t.Do("POST", "/api/v1/namespaces", R"({"metadata":{"name":"n"}})");
  ASSERT_EQ(t.Do("DELETE", "/api/v1/namespaces/n")->Json()["status"]["phase"].AsString(), "Terminating");
  const auto reply = t.Do("POST", "/api/v1/namespaces/n/configmaps", MapNamed("a"));
  EXPECT_EQ(reply->status, 403);
  EXPECT_EQ(reply->Json()["details"]["causes"][0]["reason"].AsString(), "NamespaceTerminating");
}

TEST(Rest, StaleUpdateConflictsAndChangesNothing) {
  TestServer t;
  const api::Value created = t.Do("POST", kMaps, MapNamed("a"))->Json();
  t.Patch(ItemAt("a"), R"({"data":{"k":"2"}})");
  const auto reply = t.Do("PUT", ItemAt("a"), api::ToJson(created.With({"data", "k"}, "3")));
  EXPECT_EQ(reply->status, 409);
  EXPECT_EQ(t.Do("GET", ItemAt("a"))->Json()["data"]["k"].AsString(), "2");
}

TEST(Rest, UpdateThatChangesNothingWritesNothing) {
  TestServer t;
  const api::Value created = t.Do("POST", kMaps, MapNamed("a"))->Json();
  const int writes = t.store->writes;
  const auto reply = t.Do("PUT", ItemAt("a"), api::ToJson(created));
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->Json()["metadata"]["resourceVersion"], created["metadata"]["resourceVersion"]);
  EXPECT_EQ(t.store->writes, writes);
}

TEST(Rest, PatchIsDecidedAgainAfterLostRace) {
  TestServer t;
  t.Do("POST", kMaps, MapNamed("a"));
  t.store->HoldWatches(true);
  t.Patch(ItemAt("a"), R"({"data":{"x":"1"}})");
  // The cache has not heard of x: the guard of the write must find out.
  const auto reply = t.Patch(ItemAt("a"), R"({"data":{"y":"1"}})");
  EXPECT_EQ(reply->status, 200);
  EXPECT_EQ(reply->Json()["data"].size(), 3u) << reply->body;
}

TEST(Rest, NoOpOnStaleCacheIsCheckedAgainstStore) {
  TestServer t;
  const api::Value created = t.Do("POST", kMaps, MapNamed("a"))->Json();
  t.store->HoldWatches(true);
  t.Patch(ItemAt("a"), R"({"data":{"k":"2"}})");
  // Equal to what the cache has, not to what is stored.
  t.Do("PUT", ItemAt("a"), api::ToJson(created.Without({"metadata", "resourceVersion"})));
  EXPECT_EQ(t.Do("GET", ItemAt("a"))->Json()["data"]["k"].AsString(), "v");
}

TEST(Rest, FinalizerHoldsDeletedObjectUntilItIsRemoved) {
  TestServer t;
  t.Do("POST", kMaps, R"({"metadata":{"name":"a","finalizers":["example.com/x"]}})");
  const auto reply = t.Do("DELETE", ItemAt("a"));
  EXPECT_FALSE(reply->Json()["metadata"]["deletionTimestamp"].empty());
  EXPECT_EQ(t.Do("GET", ItemAt("a"))->status, 200);
  EXPECT_EQ(t.Patch(ItemAt("a"), R"({"metadata":{"finalizers":["example.com/x","example.com/y"]}})")->status, 422);
  t.Patch(ItemAt("a"), R"({"metadata":{"finalizers":null}})");
  EXPECT_EQ(t.Do("GET", ItemAt("a"))->status, 404);
}

TEST(Rest, ForegroundDeletionLeavesFinalizer) {
  TestServer t;
  t.Do("POST", kMaps, MapNamed("a"));
  const auto reply = t.Do("DELETE", ItemAt("a"), R"({"propagationPolicy":"Foreground"})");
  EXPECT_EQ(reply->Json()["metadata"]["finalizers"][0].AsString(), "foregroundDeletion");
}

TEST(Rest, DeleteChecksPreconditions) {
  TestServer t;
  t.Do("POST", kMaps, MapNamed("a"));
  EXPECT_EQ(t.Do("DELETE", ItemAt("a"), R"({"preconditions":{"uid":"other"}})")->status, 409);
  EXPECT_EQ(t.Do("DELETE", ItemAt("a"))->Json()["status"].AsString(), "Success");
  EXPECT_EQ(t.Do("DELETE", ItemAt("a"))->status, 404);
}

TEST(Rest, DryRunStoresNothing) {
  TestServer t;
  const int writes = t.store->writes;
  EXPECT_EQ(t.Do("POST", std::string(kMaps) + "?dryRun=All", MapNamed("a"))->status, 201);
  EXPECT_EQ(t.store->writes, writes);
  EXPECT_EQ(t.Do("POST", std::string(kMaps) + "?dryRun=Some", MapNamed("a"))->status, 422);
}

TEST(Rest, FieldValidationRefusesWarnsOrIgnores) {
  TestServer t;
  const std::string body = R"({"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"extra":1})";
  const auto strict = t.Do("POST", std::string(kMaps) + "?fieldValidation=Strict&dryRun=All", body);
  EXPECT_EQ(strict->status, 400);
  EXPECT_NE(strict->body.find("strict decoding error: unknown field \\\"extra\\\""), std::string::npos) << strict->body;
  const auto warn = t.Do("POST", std::string(kMaps) + "?fieldValidation=Warn&dryRun=All", body);
  EXPECT_EQ(warn->status, 201);
  EXPECT_EQ(warn->headers.Get("warning"), "299 - \"unknown field \\\"extra\\\"\"");
  EXPECT_FALSE(t.Do("POST", std::string(kMaps) + "?fieldValidation=Ignore&dryRun=All", body)->headers.Has("warning"));
}

TEST(Rest, GeneratesNames) {
  TestServer t;
  const auto reply = t.Do("POST", kMaps, R"({"metadata":{"generateName":"x-"}})");
  ASSERT_EQ(reply->status, 201);
  EXPECT_EQ(reply->Json()["metadata"]["name"].AsString().size(), 7u);
}

TEST(Rest, PagesShowOneStateOfTheStore) {
  TestServer t;
  for (const char* name : {"a", "b", "c"}) t.Do("POST", kMaps, MapNamed(name));
  const api::Value first = t.Do("GET", std::string(kMaps) + "?limit=2")->Json();
  EXPECT_EQ(first["items"].size(), 2u);
  EXPECT_EQ(first["metadata"]["remainingItemCount"].AsInt(), 1);
  t.Do("DELETE", ItemAt("c"));
  const api::Value second =
      t.Do("GET", std::string(kMaps) + "?limit=2&continue=" + first["metadata"]["continue"].str())->Json();
  EXPECT_EQ(second["items"][0]["metadata"]["name"].AsString(), "c");
  EXPECT_EQ(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
  EXPECT_TRUE(second["metadata"]["continue"].empty());
}

TEST(Rest, ListIsAsFreshAsTheStoreWhileTheCacheLags) {
  TestServer t;
  t.store->HoldWatches(true);
  t.Do("POST", kMaps, MapNamed("a"));
  EXPECT_EQ(t.Do("GET", kMaps)->Json()["items"].size(), 1u);
  EXPECT_EQ(t.Do("GET", std::string(kMaps) + "?resourceVersion=0")->Json()["items"].size(), 0u);
  const std::string version = std::to_string(t.store->revision);
  EXPECT_EQ(t.Do("GET", std::string(kMaps) + "?resourceVersion=" + version)->Json()["items"].size(), 1u);
  EXPECT_EQ(t.Do("GET", std::string(kMaps) + "?resourceVersion=99999")->status, 504);
}

TEST(Rest, DeleteCollectionHonoursSelector) {
  TestServer t;
  t.Do("POST", kMaps, R"({"metadata":{"name":"a","labels":{"x":"1"}}})");
  t.Do("POST", kMaps, MapNamed("b"));
  EXPECT_EQ(t.Do("DELETE", std::string(kMaps) + "?labelSelector=x%3D1")->status, 200);
  const api::Value left = t.Do("GET", kMaps)->Json();
  ASSERT_EQ(left["items"].size(), 1u);
  EXPECT_EQ(left["items"][0]["metadata"]["name"].AsString(), "b");
}

struct BadRequest {
  const char* method;
  const char* target;
  const char* body;
  const char* content_type;
  int status;
};

TEST(Rest, RefusesWhatMakesNoSense) {
  const BadRequest cases[] = {
      {"POST", "/api/v1/namespaces/default/configmaps", "{", "application/json", 400},
      {"POST", "/api/v1/namespaces/default/configmaps", "[]", "application/json", 400},
      {"POST", "/api/v1/namespaces/default/configmaps", "{}", "text/html", 415},
      {"POST", "/api/v1/namespaces/default/configmaps", "{}", "application/json", 422},
      {"POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"Bad_Name"}})", "application/json", 422},
      {"POST", "/api/v1/namespaces/default/configmaps", R"({"kind":"Pod","metadata":{"name":"a"}})", "application/json",
       400},
      {"POST", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a","namespace":"b"}})",
       "application/json", 400},
      {"PUT", "/api/v1/namespaces/default/configmaps/a", R"({"metadata":{"name":"b"}})", "application/json", 400},
      {"PUT", "/api/v1/namespaces/default/configmaps/a", R"({"metadata":{"name":"a"}})", "application/json", 404},
      {"PATCH", "/api/v1/namespaces/default/configmaps/a", "{}", "application/json", 415},
      {"GET", "/api/v1/namespaces/default/configmaps?labelSelector=a%3D%3D%3Db", "", "", 400},
      {"GET", "/api/v1/namespaces/default/configmaps?fieldSelector=spec.x%3D1", "", "", 400},
      {"GET", "/api/v1/namespaces/default/configmaps?continue=zzz", "", "", 400},
      {"GET", "/api/v1/namespaces/default/configmaps?resourceVersion=x", "", "", 400},
      {"GET", "/api/v1/namespaces/default/configmaps?resourceVersionMatch=Exact", "", "", 422},
      {"GET", "/api/v1/namespaces/default/nothings", "", "", 404},
      {"GET", "/api/v1/namespaces/default/configmaps/a/status", "", "", 404},
      {"DELETE", "/api/v1/namespaces", "", "", 405},
      {"DELETE", "/api/v1/namespaces/kube-system", "", "", 403},
      {"POST", "/api/v1/namespaces/default/configmaps/a", R"({"metadata":{"name":"a"}})", "application/json", 405},
      {"PUT", "/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"a"}})", "application/json", 405},
      {"POST", "/api/v1/configmaps", R"({"metadata":{"name":"a"}})", "application/json", 405},
      {"GET", "/api/v1/namespaces/default/nodes", "", "", 404},
      {"GET", "/api/v1/namespaces/default/pods/a/log/x", "", "", 404},
      {"GET", "/nowhere", "", "", 404},
      {"POST", "/version", "", "", 405},
  };
  TestServer t;
  for (const BadRequest& bad : cases) {
    transport::Headers headers;
    if (*bad.content_type) headers.Add("content-type", bad.content_type);
    const auto reply = t.Do(bad.method, bad.target, bad.body, headers);
    EXPECT_EQ(reply->status, bad.status) << bad.method << " " << bad.target << " " << bad.body << "\n" << reply->body;
  }
}

TEST(Rest, RefusesAcceptThatNothingServes) {
  TestServer t;
  EXPECT_EQ(t.Do("GET", kMaps, "", {{"accept", "image/png"}})->status, 406);
}

}  // namespace
}  // namespace kp::apiserver
