#include "reference/apiserver/list_options.h"

#include "reference/api/json.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

ApiStatus InvalidOptions(api::FieldCause cause) {
  return ApiStatus::Invalid("meta.k8s.io", "ListOptions", "", {std::move(cause)});
}

}  // namespace

std::string ContinueToken::Encode() const {
  return Base64UrlEncode(api::ToJson(api::Obj({{"v", "meta.k8s.io/v1"}, {"rv", revision}, {"start", start_key}})));
}

std::optional<ContinueToken> ContinueToken::Decode(std::string_view text) {
  const std::optional<std::string> json = Base64UrlDecode(text);
  if (!json) return std::nullopt;
  const Result<Value> token = api::ParseJson(*json);
  if (!token.ok() || (*token)["v"].AsString() != "meta.k8s.io/v1" || !(*token)["rv"].is_int()) return std::nullopt;
  ContinueToken out{(*token)["rv"].AsInt(), (*token)["start"].str()};
  // A start that climbs out of the kind's keys would read another kind.
  if (out.start_key.empty() || out.start_key.find("..") != std::string::npos || out.start_key[0] == '/') {
    return std::nullopt;
  }
  if (out.revision == 0 || out.revision < -1) return std::nullopt;
  return out;
}

ApiResult<int64_t> ParseResourceVersion(std::string_view text) {
  if (text.empty()) return 0;
  const std::optional<int64_t> revision = ParseInt(text);
  if (!revision && KP_MUTANT("apiserver-takes-any-version")) return 0;
  if (!revision || *revision < 0) {
    return ApiStatus::BadRequest("Invalid value: " + Quote(text) + ": resourceVersion must be a decimal number");
  }
  return *revision;
}

ApiResult<ListOptions> ListOptions::Parse(const transport::HttpRequest& request) {
  ListOptions options;
  const std::string_view version = request.Query("resourceVersion");
  const std::string_view match = request.Query("resourceVersionMatch");
  const std::string_view token = request.Query("continue");
  const std::string_view limit = request.Query("limit");
  if (!match.empty() && version.empty() && !KP_MUTANT("apiserver-takes-any-version-match")) {
    return InvalidOptions(api::ForbiddenCause("resourceVersionMatch",
                                              "resourceVersionMatch is forbidden unless resourceVersion is provided"));
  }
  if (!match.empty() && !token.empty()) {
    return InvalidOptions(
        api::ForbiddenCause("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"));
  }
  if (!match.empty() && match != "Exact" && match != "NotOlderThan") {
    return InvalidOptions(api::NotSupportedCause("resourceVersionMatch", Value(match), {"Exact", "NotOlderThan", ""}));
  }
  if (match == "Exact" && version == "0") {
    return InvalidOptions(api::ForbiddenCause("resourceVersionMatch",
                                              "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
  }
  const std::optional<int64_t> parsed_limit = limit.empty() ? 0 : ParseInt(limit);
  if (!parsed_limit) return ApiStatus::BadRequest("strconv.ParseInt: parsing " + Quote(limit) + ": invalid syntax");
  options.limit = std::max<int64_t>(0, *parsed_limit);
  if (!token.empty()) {
    if (!version.empty() && version != "0") {
      return ApiStatus::BadRequest("specifying resource version is not allowed when using continue");
    }
    options.from = ContinueToken::Decode(token);
    if (!options.from && KP_MUTANT("apiserver-takes-any-continue")) return options;
    if (!options.from) return ApiStatus::BadRequest("continue key is not valid: " + std::string(token));
    return options;
  }
  ApiResult<int64_t> revision = ParseResourceVersion(version);
  if (!revision.ok()) return revision.error();
  options.revision = *revision;
  if (version.empty()) return options;
  if (options.revision == 0)
    options.freshness = Freshness::kAny;
  else if (match == "Exact" || (match.empty() && options.limit > 0))
    options.freshness = Freshness::kExact;
  else
    options.freshness = Freshness::kNotOlderThan;
  return options;
}

}  // namespace kp::apiserver
