#include "reference/apiserver/request_info.h"

#include <string_view>
#include <vector>

#include "reference/base/strings.h"

namespace kp::apiserver {

namespace {

std::string ResourceVerb(const std::string& method, bool named, bool watch) {
  if (method == "POST") return "create";
  if (method == "GET" || method == "HEAD") {
    if (watch) return "watch";
    return named ? "get" : "list";
  }
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return named ? "delete" : "deletecollection";
  return Lower(method);
}

// The x of "metadata.name=x" when that is one of the selector's terms.
std::string NameInFieldSelector(std::string_view selector) {
  for (std::string_view term : Split(selector, ',')) {
    term = Trim(term);
    if (!ConsumePrefix(term, "metadata.name=")) continue;
    ConsumePrefix(term, "=");
    if (!term.empty()) return std::string(term);
  }
  return "";
}

std::string At(const std::vector<std::string_view>& parts, size_t index) {
  return index < parts.size() ? std::string(parts[index]) : std::string();
}

// `parts` after "api/v1" or "apis/group/version".
void ReadResource(RequestInfo& info, const std::vector<std::string_view>& parts) {
  size_t at = 0;
  if (parts[0] == "namespaces") {
    // A namespace's own subresources are no namespaced resources.
    const bool namespace_itself =
        parts.size() < 3 || (parts.size() == 3 && (parts[2] == "status" || parts[2] == "finalize"));
    if (parts.size() > 1) info.ns = parts[1];
    if (!namespace_itself) at = 2;
  }
  info.resource = At(parts, at);
  info.name = At(parts, at + 1);
  info.subresource = At(parts, at + 2);
  for (size_t i = at + 3; i < parts.size(); ++i) info.rest += (i > at + 3 ? "/" : "") + std::string(parts[i]);
}

}  // namespace

bool QueryFlag(const transport::HttpRequest& request, std::string_view name) {
  const std::string value = Lower(request.Query(name));
  return value == "true" || value == "1";
}

RequestInfo ParseRequestInfo(const transport::HttpRequest& request) {
  RequestInfo info;
  info.path = request.path;
  while (info.path.size() > 1 && info.path.back() == '/') info.path.pop_back();
  info.verb = Lower(request.method);
  std::string_view path = info.path;
  ConsumePrefix(path, "/");
  std::vector<std::string_view> parts = Split(path, '/');
  const bool core = parts[0] == "api";
  if (!core && parts[0] != "apis") return info;
  const size_t prefix = core ? 2 : 3;
  if (parts.size() <= prefix) return info;
  info.is_resource = true;
  info.group = core ? "" : std::string(parts[1]);
  info.version = parts[prefix - 1];
  parts.erase(parts.begin(), parts.begin() + static_cast<ptrdiff_t>(prefix));
  bool watch = QueryFlag(request, "watch");
  // The old form "/api/v1/watch/pods".
  if (parts[0] == "watch" && parts.size() > 1) {
    watch = true;
    parts.erase(parts.begin());
  }
  ReadResource(info, parts);
  info.verb = ResourceVerb(request.method, !info.name.empty(), watch);
  info.authorized_name = info.name;
  if (info.name.empty() && (info.verb == "list" || info.verb == "watch" || info.verb == "deletecollection")) {
    info.authorized_name = NameInFieldSelector(request.Query("fieldSelector"));
  }
  return info;
}

}  // namespace kp::apiserver
