#include "reference/apiserver/documents.h"

#include "reference/api/discovery.h"
#include "reference/api/json.h"
#include "reference/apiserver/media.h"
#include "reference/base/mutant.h"
#include "reference/base/random.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::Value;

namespace {

std::string Hash(std::string_view text) {
  const uint64_t hash = StableHash(text);
  return HexEncode(std::string_view(reinterpret_cast<const char*>(&hash), sizeof hash));
}

// "v2" or "v2beta1" when the client takes the aggregated form before the plain one.
std::string AggregatedVersion(std::string_view accept) {
  for (const MediaRange& range : ParseAccept(accept)) {
    if (range.type != "application/json") continue;
    if (range.Parameter("as").empty()) return "";
    if (range.Parameter("g") != "apidiscovery.k8s.io" || range.Parameter("as") != "APIGroupDiscoveryList") continue;
    const std::string version(range.Parameter("v"));
    if (version == "v2" || version == "v2beta1") return version;
  }
  return "";
}

// A 304 without body when the client holds the same document.
void AnswerTagged(Call& call, transport::Headers headers, const std::string& etag, std::string body) {
  headers.Add("etag", "\"" + etag + "\"");
  headers.Add("vary", "Accept");
  const bool known = call.request.headers.Get("if-none-match").find(etag) != std::string_view::npos;
  call.AnswerBytes(known ? 304 : 200, std::move(headers), known ? "" : std::move(body));
}

}  // namespace

Value VersionInfo() {
  return api::Obj({{"major", "1"},
                   {"minor", KP_MUTANT("version-contradicts-itself") ? "23" : "32"},
                   {"gitVersion", "v1.32.0+kubeproof"},
                   {"gitCommit", "0000000000000000000000000000000000000000"},
                   {"gitTreeState", "clean"},
                   {"buildDate", "2025-01-01T00:00:00Z"},
                   {"goVersion", "none"},
                   {"compiler", "g++"},
                   {"platform", "linux/amd64"}});
}

bool Documents::Serve(Call& call) {
  const std::string& path = call.info.path;
  if (path == "/version") {
    call.AnswerValue(200, VersionInfo());
    return true;
  }
  if (path.starts_with("/openapi/")) return ServeOpenApi(call);
  return ServeDiscovery(call);
}

void Documents::ServeAggregated(Call& call, const std::string& version) {
  Cached& cached = aggregated_[call.info.path + version];
  if (cached.body.empty()) {
    const Value document = call.info.path == "/api" ? api::AggregatedCoreDiscovery(registry_, version)
                                                    : api::AggregatedGroupsDiscovery(registry_, version);
    cached.body = api::ToJson(document);
    cached.etag = Hash(cached.body);
  }
  AnswerTagged(call, {{"content-type", api::AggregatedContentType(version)}}, cached.etag, cached.body);
}

bool Documents::ServeDiscovery(Call& call) {
  const std::string& path = call.info.path;
  if (path == "/api" || path == "/apis") {
    const std::string version = AggregatedVersion(call.request.headers.Get("accept"));
    if (!version.empty() && !KP_MUTANT("discovery-never-aggregates")) {
      ServeAggregated(call, version);
      return true;
    }
  }
  std::optional<Value> document;
  const std::vector<std::string_view> parts = Split(std::string_view(path).substr(1), '/');
  if (path == "/api")
    document = api::ApiVersionsDocument(server_address_);
  else if (path == "/apis")
    document = api::ApiGroupListDocument(registry_);
  else if (parts.size() == 2 && parts[0] == "api") {
    document = api::ApiResourceListDocument(registry_, {"", std::string(parts[1])});
  } else if (parts.size() == 2 && parts[0] == "apis")
    document = api::ApiGroupDocument(registry_, parts[1]);
  else if (parts.size() == 3 && parts[0] == "apis") {
    document = api::ApiResourceListDocument(registry_, {std::string(parts[1]), std::string(parts[2])});
  }
  if (!document) return false;
  const std::string body = api::ToJson(*document);
  AnswerTagged(call, {{"content-type", "application/json"}}, Hash(body), body);
  return true;
}

bool Documents::ServeOpenApi(Call& call) {
  std::string_view path = call.info.path;
  if (path == "/openapi/v2") {
    call.AnswerText(200, api::kOpenApiV2MediaType, std::string(api::OpenApiV2Stub()));
    return true;
  }
  if (path == "/openapi/v3") {
    const std::string& index = openapi_.Index();
    AnswerTagged(call, {{"content-type", "application/json"}}, Hash(index), index);
    return true;
  }
  if (!ConsumePrefix(path, "/openapi/v3/")) return false;
  const api::OpenApi::Document* document = openapi_.Find(path);
  if (!document) return false;
  transport::Headers headers{{"content-type", "application/json"}};
  // The URL of the index holds the hash, so what it names never changes.
  if (call.request.HasQuery("hash")) {
    headers.Add("cache-control", "public, immutable");
    headers.Add("expires", "Fri, 31 Dec 2100 23:59:59 GMT");
  }
  AnswerTagged(call, std::move(headers), document->hash, document->json);
  return true;
}

}  // namespace kp::apiserver
