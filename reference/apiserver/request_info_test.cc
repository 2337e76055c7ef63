#include "reference/apiserver/request_info.h"

#include <gtest/gtest.h>

#include "reference/base/strings.h"

namespace kp::apiserver {
namespace {

struct Case {
  const char* method;
  const char* path;
  const char* query;
  const char* read;  // verb group/version ns resource/name/subresource
};

std::string Describe(const RequestInfo& info) {
  if (!info.is_resource) return info.verb + " " + info.path;
  return info.verb + " " + info.group + "/" + info.version + " " + info.ns + " " + info.resource + "/" + info.name +
         "/" + info.subresource;
}

TEST(RequestInfo, ReadsPathsAsUpstreamDoes) {
  const Case cases[] = {
      {"GET", "/version", "", "get /version"},
      {"GET", "/version/", "", "get /version"},
      {"GET", "/", "", "get /"},
      {"GET", "/api", "", "get /api"},
      {"GET", "/api/v1", "", "get /api/v1"},
      {"GET", "/apis/apps/v1", "", "get /apis/apps/v1"},
      {"GET", "/api/v1/namespaces", "", "list /v1  namespaces//"},
      {"GET", "/api/v1/namespaces/n", "", "get /v1 n namespaces/n/"},
      {"PUT", "/api/v1/namespaces/n/finalize", "", "update /v1 n namespaces/n/finalize"},
      {"GET", "/api/v1/namespaces/n/status", "", "get /v1 n namespaces/n/status"},
      {"GET", "/api/v1/namespaces/n/pods", "", "list /v1 n pods//"},
      {"GET", "/api/v1/namespaces/n/pods", "watch=true", "watch /v1 n pods//"},
      {"GET", "/api/v1/namespaces/n/pods", "watch=True", "watch /v1 n pods//"},
      {"GET", "/api/v1/namespaces/n/pods", "watch=1", "watch /v1 n pods//"},
      {"GET", "/api/v1/namespaces/n/pods", "watch=false", "list /v1 n pods//"},
      {"GET", "/api/v1/watch/pods", "", "watch /v1  pods//"},
      {"GET", "/api/v1/watch/namespaces/n/pods/p", "", "watch /v1 n pods/p/"},
      {"POST", "/api/v1/namespaces/n/pods", "", "create /v1 n pods//"},
      {"POST", "/api/v1/namespaces/n/pods/p/binding", "", "create /v1 n pods/p/binding"},
      {"DELETE", "/api/v1/namespaces/n/pods", "", "deletecollection /v1 n pods//"},
      {"DELETE", "/api/v1/namespaces/n/pods/p", "", "delete /v1 n pods/p/"},
      {"PATCH", "/apis/apps/v1/namespaces/n/deployments/d/scale", "", "patch apps/v1 n deployments/d/scale"},
      {"GET", "/apis/apps/v1/deployments", "", "list apps/v1  deployments//"},
      {"GET", "/api/v1/nodes/n1", "", "get /v1  nodes/n1/"},
      {"HEAD", "/api/v1/nodes/n1", "", "get /v1  nodes/n1/"},
  };
  for (const Case& c : cases) {
    transport::HttpRequest request{.method = c.method, .path = c.path};
    const std::vector<std::string_view> pair = Split(c.query, '=');
    if (pair.size() == 2) request.query.emplace_back(pair[0], pair[1]);
    EXPECT_EQ(Describe(ParseRequestInfo(request)), c.read) << c.method << " " << c.path;
  }
}

TEST(RequestInfo, FieldSelectorByNameIsAuthorizedAsThatName) {
  transport::HttpRequest request{.method = "GET", .path = "/api/v1/namespaces/n/secrets"};
  request.query.emplace_back("fieldSelector", "type=Opaque,metadata.name=x");
  EXPECT_EQ(ParseRequestInfo(request).authorized_name, "x");
  EXPECT_EQ(ParseRequestInfo(request).name, "");
}

}  // namespace
}  // namespace kp::apiserver
