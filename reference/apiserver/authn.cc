#include "reference/apiserver/authn.h"

#include <algorithm>

#include "reference/api/json.h"
#include "reference/base/mutant.h"
#include "reference/base/strings.h"

namespace kp::apiserver {

using api::ApiResult;
using api::ApiStatus;
using api::Value;

namespace {

std::vector<std::string> Shared(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::string> out;
  for (const std::string& item : a) {
    if (std::find(b.begin(), b.end(), item) != b.end()) out.push_back(item);
  }
  return out;
}

std::vector<std::string> AudiencesOf(const Value& claims) {
  const Value& aud = claims["aud"];
  if (aud.is_string()) return {aud.str()};
  std::vector<std::string> out;
  for (const Value& item : aud.items()) out.push_back(item.str());
  return out;
}

// Fields of one CSV line; a quoted field may hold commas.
std::vector<std::string> CsvFields(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (char c : line) {
    if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      fields.emplace_back();
    else
      fields.back() += c;
  }
  return fields;
}

}  // namespace

User ServiceAccountUser(std::string_view ns, std::string_view name, std::string_view uid) {
  const std::string group(kServiceAccountsGroup);
  return {.name = std::string(kServiceAccountPrefix).append(ns).append(":").append(name),
          .uid = std::string(uid),
          .groups = {group, group + ":" + std::string(ns), std::string(kAuthenticatedGroup)}};
}

User AnonymousUser() { return {.name = std::string(kAnonymousUser), .groups = {std::string(kUnauthenticatedGroup)}}; }

Result<std::map<std::string, User>> ParseTokenFile(std::string_view text) {
  std::map<std::string, User> tokens;
  size_t number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    if (Trim(line).empty()) continue;
    const std::vector<std::string> fields = CsvFields(Trim(line));
    if (fields.size() < 3 || fields[0].empty() || fields[1].empty()) {
      return Status(Code::kInvalidArgument, "line " + std::to_string(number) + ": want token,user,uid[,groups]");
    }
    User user{.name = fields[1], .uid = fields[2]};
    if (fields.size() > 3) {
      for (std::string_view group : Split(fields[3], ',')) {
        if (!Trim(group).empty()) user.groups.emplace_back(Trim(group));
      }
    }
    user.groups.emplace_back(kAuthenticatedGroup);
    tokens[fields[0]] = std::move(user);
  }
  return tokens;
}

Authenticator::Authenticator(runtime::Env& env, Storage& storage, AuthenticationOptions options)
    : env_(env), storage_(storage), options_(std::move(options)) {
  if (options_.audiences.empty()) options_.audiences = {options_.issuer};
}

Result<std::unique_ptr<Authenticator>> Authenticator::Create(runtime::Env& env, Storage& storage,
                                                             AuthenticationOptions options) {
  std::unique_ptr<Authenticator> out(new Authenticator(env, storage, std::move(options)));
  if (!out->options_.service_account_keys.empty()) {
    auto verifier = wire::JwtVerifier::Create(out->options_.service_account_keys);
    if (!verifier.ok()) return verifier.status();
    out->verifier_ = std::move(*verifier);
  }
  return out;
}

void Authenticator::Authenticate(const transport::HttpRequest& request, Completion<ApiResult<User>> done) {
  if (request.peer.verified) {
    User user{.name = request.peer.common_name, .groups = request.peer.organizations};
    user.groups.emplace_back(kAuthenticatedGroup);
    return done(std::move(user));
  }
  std::string_view header = Trim(request.headers.Get("authorization"));
  if (header.empty()) {
    if (options_.anonymous) return done(AnonymousUser());
    return done(ApiStatus::Unauthorized());
  }
  const size_t blank = header.find(' ');
  if (blank == std::string_view::npos || Lower(header.substr(0, blank)) != "bearer") {
    return done(ApiStatus::Unauthorized());
  }
  const std::string token(Trim(header.substr(blank + 1)));
  CheckToken(token, {}, [done = std::move(done)](ApiResult<TokenVerdict> verdict) {
    if (!verdict.ok() && KP_MUTANT("apiserver-bad-token-is-nobody")) return done(AnonymousUser());
    if (!verdict.ok()) return done(ApiStatus::Unauthorized());
    done(std::move(verdict->user));
  });
}

void Authenticator::CheckToken(std::string_view token, const std::vector<std::string>& audiences,
                               Completion<ApiResult<TokenVerdict>> done) {
  const auto fixed = options_.tokens.find(std::string(token));
  if (fixed != options_.tokens.end()) return done(TokenVerdict{fixed->second, audiences});
  if (!verifier_) return done(ApiStatus::Unauthorized("token is not known"));
  const Result<std::string> text = verifier_->Verify(token);
  if (!text.ok()) return done(ApiStatus::Unauthorized(text.status().message()));
  const Result<Value> claims = api::ParseJson(*text);
  if (!claims.ok() || (*claims)["iss"].AsString() != options_.issuer) {
    return done(ApiStatus::Unauthorized("token was issued by somebody else"));
  }
  const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(env_.Wall().time_since_epoch()).count();
  if ((*claims)["exp"].AsInt() <= now) return done(ApiStatus::Unauthorized("service account token has expired"));
  if ((*claims)["nbf"].AsInt() > now) return done(ApiStatus::Unauthorized("service account token is not valid yet"));
  TokenVerdict verdict;
  verdict.audiences = Shared(AudiencesOf(*claims), audiences.empty() ? options_.audiences : audiences);
  if (verdict.audiences.empty() && !KP_MUTANT("apiserver-token-for-any-audience"))
    return done(ApiStatus::Unauthorized("token audiences are for somebody else"));
  CheckServiceAccount(*claims, std::move(verdict), std::move(done));
}

void Authenticator::CheckServiceAccount(const Value& claims, TokenVerdict verdict,
                                        Completion<ApiResult<TokenVerdict>> done) {
  const Value& part = claims["kubernetes.io"];
  const std::string ns = part["namespace"].str();
  const Value& account = part["serviceaccount"];
  verdict.user = ServiceAccountUser(ns, account["name"].AsString(), account["uid"].AsString());
  if (!claims["jti"].empty()) {
    verdict.user.extra["authentication.kubernetes.io/credential-id"] = {"JTI=" + claims["jti"].str()};
  }
  std::vector<std::pair<ObjectKey, std::string>> needed;
  const auto need = [&](std::string_view kind, const std::string& in, const Value& object) {
    needed.push_back({{&api::BuiltinKind("", "v1", kind), in, object["name"].str()}, object["uid"].str()});
  };
  need("ServiceAccount", ns, account);
  if (part["pod"].is_object()) {
    need("Pod", ns, part["pod"]);
    verdict.user.extra["authentication.kubernetes.io/pod-name"] = {part["pod"]["name"].str()};
    verdict.user.extra["authentication.kubernetes.io/pod-uid"] = {part["pod"]["uid"].str()};
  }
  if (part["secret"].is_object()) need("Secret", ns, part["secret"]);
  auto left = std::make_shared<size_t>(needed.size());
  auto good = std::make_shared<bool>(true);
  for (const auto& [key, uid] : needed) {
    CheckAlive(key, uid, [left, good, verdict, done](bool alive) {
      *good = *good && alive;
      if (--*left > 0) return;
      if (!*good && !KP_MUTANT("apiserver-tokens-outlive-objects"))
        return done(ApiStatus::Unauthorized("the object that the token is bound to is gone"));
      done(verdict);
    });
  }
}

void Authenticator::CheckAlive(const ObjectKey& key, std::string uid, std::function<void(bool)> done) {
  const auto fits = [uid](const Value& object) { return object["metadata"]["uid"].AsString() == uid; };
  const WatchCache::Entry* cached = storage_.Cache(*key.kind).Find(key.CacheKey());
  if (cached && fits(cached->object)) return done(true);
  storage_.Get(key, alive_.Wrap([fits, done = std::move(done)](ApiResult<Value> object) {
    done(object.ok() && fits(*object));
  }));
}

}  // namespace kp::apiserver
