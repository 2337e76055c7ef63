// What a request asks for, read from its method, path and query before anything else looks at it.
// Source: k8s.io/apiserver/pkg/endpoints/request, RequestInfoFactory.
#pragma once

#include <string>

#include "reference/transport/http.h"

namespace kp::apiserver {

struct RequestInfo {
  bool is_resource = false;
  std::string path;  // without a trailing slash
  // "get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"; for paths that
  // name no resource the method in lower case.
  std::string verb;
  std::string group;
  std::string version;
  std::string ns;
  std::string resource;
  std::string subresource;
  std::string name;
  std::string rest;  // what follows the subresource: "pods/a/proxy/x/y" has "x/y"
  // What authorization takes as the name: `name`, or that of a list or watch narrowed by
  // fieldSelector=metadata.name=x.
  std::string authorized_name;
};

RequestInfo ParseRequestInfo(const transport::HttpRequest& request);

// "true", "1", "True": how clients write that a flag of the query is set.
bool QueryFlag(const transport::HttpRequest& request, std::string_view name);

}  // namespace kp::apiserver
