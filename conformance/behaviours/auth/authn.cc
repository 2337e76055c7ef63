// Who is asking: tokens, certificates, nobody; and the reviews that tell.
#include <set>

#include "conformance/behaviour.h"
#include "conformance/behaviours/auth/grants.h"
#include "reference/api/json.h"
#include "reference/base/strings.h"

namespace kp::conformance {

using client::kConfigMaps;
using client::kPods;
using client::kSecrets;
using client::kServiceAccounts;
using client::Resource;

namespace {

std::string Token(const Value& request) { return request["status"]["token"].str(); }

Value Claims(Context& t, const std::string& token) {
  std::vector<std::string_view> parts = Split(token, '.');
  t.Expect(parts.size() == 3, "a token of three parts");
  Result<Value> claims = api::ParseJson(Base64UrlDecode(parts[1]).value_or(""));
  if (!claims.ok()) t.Fail("claims are no JSON: " + claims.status().message());
  return *claims;
}

Value Asked(std::string_view verb, std::string_view resource, std::string_view ns, std::string_view group = "") {
  return Obj({{"verb", verb}, {"resource", resource}, {"namespace", ns}, {"group", group}});
}

bool SelfReview(Context& t, const Value& attributes) {
  Value review = Obj({{"apiVersion", "authorization.k8s.io/v1"},
                      {"kind", "SelfSubjectAccessReview"},
                      {"spec", Obj({{"resourceAttributes", attributes}})}});
  return t.Must(t.CreateAt({kSelfReviews, "", "", ""}, review), "ask about oneself")["status"]["allowed"].AsBool();
}

bool SubjectReview(Context& t, const std::string& user, const Value& attributes) {
  Value review = Obj({{"apiVersion", "authorization.k8s.io/v1"},
                      {"kind", "SubjectAccessReview"},
                      {"spec", Obj({{"user", user}, {"resourceAttributes", attributes}})}});
  return t.Must(t.CreateAt({kSubjectReviews, "", "", ""}, review), "ask about a user")["status"]["allowed"].AsBool();
}

int StatusWith(Context& t, const std::string& token) {
  int status = 0;
  t.As({.bearer_token = token}, [&] { status = Send(t, "GET", PathTo(t, kConfigMaps)).status; });
  return status;
}

bool Authenticated(Context& t, const std::string& token) { return ReviewToken(t, token)["authenticated"].AsBool(); }

}  // namespace

BEHAVIOUR("auth/authn/bad-token-is-401") {
  std::string real = Token(RequestToken(t, "default"));
  std::string tampered = real;
  // In the middle of the signature, where no bit is padding.
  char& digit = tampered[real.rfind('.') + 10];
  digit = digit == 'A' ? 'B' : 'A';
  for (const std::string& token : {std::string("nonsense"), std::string("a.b.c"), tampered}) {
    t.As({.bearer_token = token}, [&] {
      Exchange answer = MustSend(t, "GET", PathTo(t, kConfigMaps), 401);
      t.ExpectEq(answer.body["reason"], "Unauthorized", "the reason");
    });
  }
}

BEHAVIOUR("auth/authn/foreign-certificate-names-nobody") {
  t.ns();
  t.Once([&] {
    t.As({.user = "kubernetes-admin", .groups = {"system:masters"}, .foreign = true}, [&] {
      auto answer = t.List(kSecrets);
      t.Expect(!answer.ok(), "an administrator's name in a foreign certificate opens nothing");
      // Upstream answers; a server that ends the handshake says the same.
      const bool answered = answer.error().message().find("tls") == std::string::npos;
      if (answered) t.ExpectError(answer, 401, "Unauthorized");
    });
  });
}

BEHAVIOUR("auth/authn/nobody-may-read-objects") {
  t.ns();
  t.As({.anonymous = true}, [&] {
    Exchange answer = Send(t, "GET", PathTo(t, kConfigMaps));
    // Upstream lets anonymous requests in as system:anonymous unless that is switched off.
    if (answer.status == 401) return;
    t.ExpectEq(answer.status, 403, "the answer to nobody");
    t.Expect(answer.body["message"].AsString().find("User \"system:anonymous\"") != std::string_view::npos,
             "the message names system:anonymous: " + answer.text);
    t.ExpectEq(MustSend(t, "GET", "/version", 200).body["major"], "1", "what nobody may read");
  });
}

BEHAVIOUR("auth/authn/impersonation-needs-its-verb") {
  std::string friendly = t.UniqueName("friend");
  std::string role = t.UniqueName("kp-impersonator");
  t.MustCreate(kServiceAccounts, Named("robot"));
  Value rule = Rule({"impersonate"}, {""}, {"users"}).With("resourceNames", Arr({friendly}));
  t.MustCreate(client::kClusterRoles, Role("ClusterRole", role, Arr({rule})));
  t.MustCreate(client::kClusterRoleBindings,
               Binding("ClusterRoleBinding", role, "ClusterRole", role, Arr({AccountSubject(t.ns(), "robot")})));
  Grant(t, friendly, "friend", Arr({Rule({"list"}, {""}, {"configmaps"})}));
  std::string token = Token(RequestToken(t, "robot"));
  auto status_as = [&](const fixtures::Identity& identity, const Resource& resource) {
    Exchange answer;
    t.As(identity, [&] { answer = Send(t, "GET", PathTo(t, resource)); });
    return answer;
  };
  t.Eventually("acting as the friend it may list ConfigMaps",
               [&] { return status_as({.bearer_token = token, .acts_as = friendly}, kConfigMaps).status == 200; });
  Exchange more = status_as({.bearer_token = token, .acts_as = friendly}, kSecrets);
  t.ExpectEq(more.status, 403, "what the friend may not");
  t.Expect(more.text.find("User \\\"" + friendly + "\\\"") != std::string::npos,
           "it speaks of the friend: " + more.text);
  t.ExpectEq(status_as({.bearer_token = token}, kConfigMaps).status, 403, "what it may not as itself");
  Exchange other = status_as({.bearer_token = token, .acts_as = "somebody-else"}, kConfigMaps);
  t.ExpectEq(other.status, 403, "acting as somebody else");
  t.Expect(other.text.find("impersonate") != std::string::npos, "the verb is named: " + other.text);
  fixtures::Identity grouped{.bearer_token = token, .acts_as = friendly, .acts_as_groups = {"system:masters"}};
  t.ExpectEq(status_as(grouped, kSecrets).status, 403, "with a group it may not act as a member of");
}

BEHAVIOUR("auth/token/authenticates-a-service-account") {
  t.MustCreate(kServiceAccounts, Named("robot"));
  Value request = RequestToken(t, "robot");
  t.Expect(!request["status"]["expirationTimestamp"].empty(), "the answer tells when the token ends");
  std::string name = "system:serviceaccount:" + t.ns() + ":robot";
  t.As({.bearer_token = Token(request)},
       [&] { t.ExpectError(t.List(kConfigMaps), 403, "Forbidden", "User \"" + name + "\""); });
  Value claims = Claims(t, Token(request));
  t.ExpectEq(claims["sub"], name, "the claim sub");
  t.ExpectEq(claims["exp"].AsInt() - claims["iat"].AsInt(), int64_t{3600}, "seconds that it lives by default");
  t.ExpectEq(claims["kubernetes.io"]["namespace"], t.ns(), "the claim of the namespace");
  t.ExpectEq(claims["kubernetes.io"]["serviceaccount"]["name"], "robot", "the claim of the account");
  for (const char* claim : {"iss", "aud", "nbf", "jti"}) t.Expect(claims.Has(claim), "the claim " + std::string(claim));
}

BEHAVIOUR("auth/token/lives-as-long-as-asked") {
  Value longer = RequestToken(t, "default", Obj({{"expirationSeconds", 7200}}));
  Value claims = Claims(t, Token(longer));
  t.ExpectEq(claims["exp"].AsInt() - claims["iat"].AsInt(), int64_t{7200}, "seconds that it lives");
  Value request = Obj({{"apiVersion", "authentication.k8s.io/v1"},
                       {"kind", "TokenRequest"},
                       {"spec", Obj({{"expirationSeconds", 599}})}});
  api::ApiStatus status =
      t.MustFail(t.CreateAt({kServiceAccounts, t.ns(), "default", "token"}, request), 422, "Invalid");
  ExpectCause(t, status, "spec.expirationSeconds");
  t.ExpectError(t.CreateAt({kServiceAccounts, t.ns(), "none", "token"}, request.With("spec", Obj({}))), 404,
                "NotFound");
}

BEHAVIOUR("auth/token/dies-with-its-account") {
  t.MustCreate(kServiceAccounts, Named("robot"));
  std::string token = Token(RequestToken(t, "robot"));
  t.ExpectEq(StatusWith(t, token), 403, "the answer while the account lives");
  t.MustDelete(kServiceAccounts, "robot");
  t.Eventually("the token is not taken any more", [&] { return StatusWith(t, token) == 401; });
  t.MustCreate(kServiceAccounts, Named("robot"));
  std::string fresh = Token(RequestToken(t, "robot"));
  t.Eventually("a token of the new account is taken", [&] { return StatusWith(t, fresh) == 403; });
  t.ExpectEq(StatusWith(t, token), 401, "the answer to the old token, with an account of the same name");
}

BEHAVIOUR("auth/token/dies-with-the-object-it-is-bound-to") {
  Value secret = t.MustCreate(kSecrets, Named("bound"));
  Value to = Obj({{"apiVersion", "v1"}, {"kind", "Secret"}, {"name", "bound"}, {"uid", UidOf(secret)}});
  std::string token = Token(RequestToken(t, "default", Obj({{"boundObjectRef", to}})));
  t.Expect(Authenticated(t, token), "the token is taken while the Secret lives");
  Value other = to.With("uid", "11111111-2222-3333-4444-555555555555");
  Value request = Obj({{"apiVersion", "authentication.k8s.io/v1"},
                       {"kind", "TokenRequest"},
                       {"spec", Obj({{"boundObjectRef", other}})}});
  t.ExpectError(t.CreateAt({kServiceAccounts, t.ns(), "default", "token"}, request), 409, "Conflict");
  t.MustDelete(kSecrets, "bound");
  t.Eventually("the token is not taken any more", [&] { return !Authenticated(t, token); });
}

BEHAVIOUR("auth/token/review-tells-who") {
  std::string token = Token(RequestToken(t, "default"));
  Value status = ReviewToken(t, token);
  t.ExpectEq(status["authenticated"], true, "authenticated");
  t.ExpectEq(status["user"]["username"], "system:serviceaccount:" + t.ns() + ":default", "username");
  std::set<std::string> groups;
  for (const Value& group : status["user"]["groups"].items()) groups.insert(group.str());
  for (const std::string& group : {std::string("system:serviceaccounts"), "system:serviceaccounts:" + t.ns(),
                                   std::string("system:authenticated")}) {
    t.Expect(groups.contains(group), "the group " + group);
  }
  t.ExpectEq(status["user"]["uid"], UidOf(t.MustGet(kServiceAccounts, "default")), "uid");
  t.Expect(!Authenticated(t, "nonsense"), "nonsense is not authenticated");
}

BEHAVIOUR("auth/token/is-for-its-audience-only") {
  std::string token = Token(RequestToken(t, "default", Obj({{"audiences", Arr({"vault"})}})));
  t.ExpectEq(StatusWith(t, token), 401, "the API server's answer to a token for somebody else");
  Value status = ReviewToken(t, token, Arr({"vault", "other"}));
  t.ExpectEq(status["authenticated"], true, "authenticated for its audience");
  t.ExpectEq(status["audiences"], Arr({"vault"}), "the audiences that fit");
  t.Expect(!ReviewToken(t, token, Arr({"other"}))["authenticated"].AsBool(), "not for another");
}

BEHAVIOUR("auth/token/no-secret-is-made-by-itself") {
  t.MustCreate(kServiceAccounts, Named("robot"));
  t.Always(
      "no token Secret appears",
      [&] { return t.MustList(kSecrets, {.field_selector = "type=kubernetes.io/service-account-token"}).empty(); }, 1s);
}

BEHAVIOUR("auth/review/agrees-with-the-decision") {
  std::string user = NewUser(t);
  Grant(t, user, "r", Arr({Rule({"get", "list"}, {""}, {"configmaps"}), Rule({"patch"}, {"apps"}, {"replicasets"})}));
  AwaitMayGet(t, user, {kConfigMaps, t.ns(), "a", ""}, true, "the policy has arrived");
  struct Row {
    const char* verb;
    const char* group;
    const char* resource;
    bool allowed;
  };
  for (const Row& row : std::initializer_list<Row>{{"get", "", "configmaps", true},
                                                   {"list", "", "configmaps", true},
                                                   {"delete", "", "configmaps", false},
                                                   {"get", "", "secrets", false},
                                                   {"patch", "apps", "replicasets", true},
                                                   {"patch", "", "replicasets", false}}) {
    Value asked = Asked(row.verb, row.resource, t.ns(), row.group);
    std::string what = std::string(row.verb) + " " + row.resource + "." + row.group;
    bool own = false;
    t.As({.user = user}, [&] { own = SelfReview(t, asked); });
    t.ExpectEq(own, row.allowed, "own review of " + what);
    t.ExpectEq(SubjectReview(t, user, asked), row.allowed, "review by another of " + what);
  }
  t.Expect(!SubjectReview(t, user, Asked("get", "configmaps", "kube-system")), "not in another namespace");
  t.As({.user = user}, [&] {
    t.MustList(kConfigMaps);
    t.ExpectError(t.Delete(kConfigMaps, "a"), 403, "Forbidden");
    Value review = Obj({{"spec", Obj({{"user", "x"}, {"resourceAttributes", Asked("get", "pods", "default")}})}});
    t.ExpectError(t.CreateAt({kSubjectReviews, "", "", ""}, review), 403, "Forbidden");
  });
}

}  // namespace kp::conformance
