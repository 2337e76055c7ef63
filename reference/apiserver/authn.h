// Who is asking: a client certificate, a bearer token (service account or static), or nobody.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reference/api/api_status.h"
#include "reference/api/schema.h"
#include "reference/apiserver/storage.h"
#include "reference/apiserver/user.h"
#include "reference/runtime/env.h"
#include "reference/transport/http.h"
#include "reference/wire/jwt.h"

namespace kp::apiserver {

struct AuthenticationOptions {
  std::map<std::string, User> tokens;             // static ones
  std::vector<std::string> service_account_keys;  // PEM, for verification
  std::string issuer = "https://kubernetes.default.svc.cluster.local";
  std::vector<std::string> audiences;  // of this server; the issuer when empty
  bool anonymous = true;
};

// Lines of --token-auth-file: token,user,uid[,"group,group"]. kInvalidArgument names the line.
Result<std::map<std::string, User>> ParseTokenFile(std::string_view text);

// The answer about one token, as TokenReview gives it.
struct TokenVerdict {
  User user;
  std::vector<std::string> audiences;  // that token and asker share
};

class Authenticator {
 public:
  static Result<std::unique_ptr<Authenticator>> Create(runtime::Env& env, Storage& storage,
                                                       AuthenticationOptions options);

  // Unauthorized when credentials were given and are not good.
  void Authenticate(const transport::HttpRequest& request, Completion<api::ApiResult<User>> done);
  // `audiences`: those that the asker speaks for; the server's own when empty.
  void CheckToken(std::string_view token, const std::vector<std::string>& audiences,
                  Completion<api::ApiResult<TokenVerdict>> done);

 private:
  Authenticator(runtime::Env& env, Storage& storage, AuthenticationOptions options);
  void CheckServiceAccount(const api::Value& claims, TokenVerdict verdict,
                           Completion<api::ApiResult<TokenVerdict>> done);
  // Whether the object with this uid is there and not on its way out; asks the store when the cache does not know.
  void CheckAlive(const ObjectKey& key, std::string uid, std::function<void(bool)> done);

  runtime::Env& env_;
  Storage& storage_;
  AuthenticationOptions options_;
  std::unique_ptr<wire::JwtVerifier> verifier_;
  Alive alive_;
};

User ServiceAccountUser(std::string_view ns, std::string_view name, std::string_view uid);
User AnonymousUser();

}  // namespace kp::apiserver
