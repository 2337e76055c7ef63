#include "reference/apiserver/authz.h"

#include <algorithm>

#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::ApiStatus;

bool AuthorizationOptions::Has(std::string_view mode) const {
  return std::find(modes.begin(), modes.end(), mode) != modes.end();
}

Attributes AttributesOf(const User& user, const RequestInfo& info) {
  return {.user = user,
          .verb = info.verb,
          .is_resource = info.is_resource,
          .group = info.group,
          .version = info.version,
          .resource = info.resource,
          .subresource = info.subresource,
          .ns = info.ns,
          .name = info.authorized_name,
          .path = info.path};
}

Verdict Authorizer::Authorize(const Attributes& attributes) const {
  if (attributes.user.InGroup(kMastersGroup) || options_.Has("AlwaysAllow")) return {.allowed = true};
  return options_.Has("RBAC") ? policy_.Authorize(attributes) : Verdict{};
}

ApiStatus Authorizer::Check(const Call& call) const {
  // Probes must not depend on the policy that the server is still reading.
  const std::string& path = call.info.path;
  if (!call.info.is_resource && call.info.verb == "get" &&
      (path.starts_with("/healthz") || path.starts_with("/livez") || path.starts_with("/readyz"))) {
    return {};
  }
  const Attributes attributes = AttributesOf(call.user, call.info);
  if (Authorize(attributes).allowed) return {};
  if (call.info.is_resource) {
    return ApiStatus::Forbidden(call.info.group, call.info.resource, call.info.name, DescribeDenial(attributes));
  }
  return ApiStatus(403, "Forbidden", "forbidden: " + DescribeDenial(attributes));
}

ApiStatus Authorizer::MayImpersonate(const User& user, std::string group, std::string resource, std::string ns,
                                     std::string name, std::string subresource) const {
  const Attributes attributes{.user = user,
                              .verb = "impersonate",
                              .group = group,
                              .version = "v1",
                              .resource = resource,
                              .subresource = std::move(subresource),
                              .ns = std::move(ns),
                              .name = name};
  if (Authorize(attributes).allowed || KP_MUTANT("apiserver-impersonation-unchecked")) return {};
  return ApiStatus::Forbidden(group, resource, name, DescribeDenial(attributes));
}

ApiStatus Authorizer::Impersonate(Call& call) const {
  const transport::Headers& headers = call.request.headers;
  const std::string name(headers.Get("impersonate-user"));
  const std::vector<std::string_view> groups = headers.All("impersonate-group");
  const std::string uid(headers.Get("impersonate-uid"));
  if (name.empty()) {
    if (groups.empty() && uid.empty()) return {};
    return ApiStatus::BadRequest("requested groups or uid without impersonating a user");
  }
  User user{.name = name, .uid = uid};
  std::string_view account = name;
  ApiStatus status;
  if (ConsumePrefix(account, kServiceAccountPrefix) && account.find(':') != std::string_view::npos) {
    const std::vector<std::string_view> parts = Split(account, ':');
    status = MayImpersonate(call.user, "", "serviceaccounts", std::string(parts[0]), std::string(parts[1]));
    if (groups.empty()) {
      user.groups = {std::string(kServiceAccountsGroup),
                     std::string(kServiceAccountsGroup) + ":" + std::string(parts[0])};
    }
  } else {
    status = MayImpersonate(call.user, "", "users", "", name);
  }
  if (!status.ok()) return status;
  for (std::string_view group : groups) {
    status = MayImpersonate(call.user, "", "groups", "", std::string(group));
    if (!status.ok()) return status;
    user.groups.emplace_back(group);
  }
  if (!uid.empty()) status = MayImpersonate(call.user, "authentication.k8s.io", "uids", "", uid);
  for (const auto& [key, value] : headers.fields()) {
    std::string_view extra = key;
    if (!status.ok() || !ConsumePrefix(extra, "impersonate-extra-")) continue;
    const std::string field = PercentDecode(extra, false).value_or(std::string(extra));
    status = MayImpersonate(call.user, "authentication.k8s.io", "userextras", "", value, field);
    user.extra[field].push_back(value);
  }
  if (!status.ok()) return status;
  const std::string_view common = name == kAnonymousUser ? kUnauthenticatedGroup : kAuthenticatedGroup;
  if (!user.InGroup(common)) user.groups.emplace_back(common);
  call.user = std::move(user);
  return {};
}

}  // namespace kp::apiserver
