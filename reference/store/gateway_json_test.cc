#include "reference/store/gateway_json.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "reference/store/etcd.pb.h"

namespace kp::store {
namespace {

constexpr std::string_view kRange = "/etcdserverpb.KV/Range";
constexpr std::string_view kPut = "/etcdserverpb.KV/Put";

TEST(GatewayJson, RoutesAreInOrderAndFound) {
  const auto& methods = GatewayMethods();
  EXPECT_TRUE(std::is_sorted(methods.begin(), methods.end(),
                             [](const GatewayMethod& a, const GatewayMethod& b) { return a.path < b.path; }));
  EXPECT_EQ(FindGatewayMethod("/v3/kv/range")->method, kRange);
  EXPECT_EQ(FindGatewayMethod("/v3/kv"), nullptr);
  EXPECT_EQ(FindGatewayMethod("/v3/kv/range/"), nullptr);
}

TEST(GatewayJson, TakesNumbersAsTextNamesInBothForms) {
  for (const char* json : {R"({"key":"YQ==","range_end":"Yg==","limit":"3","sort_order":"DESCEND"})",
                           R"({"key":"YQ==","rangeEnd":"Yg==","limit":3,"sortOrder":2,"unknown":[1]})"}) {
    const auto requests = RequestsFromJson(kRange, json);
    ASSERT_TRUE(requests.ok()) << requests.status().ToString();
    etcdserverpb::RangeRequest request;
    ASSERT_TRUE(request.ParseFromString(requests->at(0)));
    EXPECT_EQ(request.key(), "a");
    EXPECT_EQ(request.range_end(), "b");
    EXPECT_EQ(request.limit(), 3);
    EXPECT_EQ(request.sort_order(), etcdserverpb::RangeRequest::DESCEND);
  }
}

TEST(GatewayJson, RepliesSpellNumbersAsTextAndLeaveDefaultsOut) {
  etcdserverpb::RangeResponse response;
  response.mutable_header()->set_revision(9007199254740993);
  response.add_kvs()->set_key("a");
  EXPECT_EQ(*ReplyToJson(kRange, response.SerializeAsString()),
            R"({"header":{"revision":"9007199254740993"},"kvs":[{"key":"YQ=="}]})");
}

TEST(GatewayJson, ABodyMayHoldSeveralMessages) {
  EXPECT_EQ(RequestsFromJson(kPut, "{\"key\":\"YQ==\"}\n {\"key\":\"fQ==\"}")->size(), 2U);
  EXPECT_EQ(RequestsFromJson(kPut, " \n")->size(), 1U) << "an empty message";
  EXPECT_EQ(RequestsFromJson(kPut, R"({"value":"fX0=","key":"YQ=="} )")->size(), 1U);
}

TEST(GatewayJson, WhatIsNoMessageIsRefused) {
  for (const char* json :
       {"[", "{", R"({"key":)", R"({"key":"%%"})", R"({"key":{}})", R"({"lease":"x"})", "7", "{} x", R"({"key":"})"}) {
    EXPECT_EQ(RequestsFromJson(kPut, json).status().code(), Code::kInvalidArgument) << json;
  }
  const std::string deep(100000, '[');
  EXPECT_FALSE(RequestsFromJson(kPut, "{\"key\":" + deep + std::string(100000, ']') + "}").ok());
  EXPECT_EQ(RequestsFromJson("/etcdserverpb.None/None", "{}").status().code(), Code::kUnimplemented);
}

}  // namespace
}  // namespace kp::store
