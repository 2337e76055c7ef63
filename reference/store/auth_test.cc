#include "reference/store/auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reference/store/auth_access.h"
#include "reference/store/auth_tokens.h"
#include "reference/store/codec.h"
#include "reference/store/secrets.h"

namespace kp::store {
namespace {

using Type = Permission::Type;
using Verb = AuthCommand::Verb;

// Root, and ann with the permissions that are given, authentication on.
Auth World(std::vector<Permission> permissions) {
  Auth auth;
  const auto apply = [&](AuthCommand command) { EXPECT_TRUE(auth.Apply(command).ok()); };
  apply({.verb = Verb::kUserAdd, .user = "root"});
  apply({.verb = Verb::kUserGrantRole, .user = "root", .role = "root"});
  apply({.verb = Verb::kUserAdd, .user = "ann"});
  apply({.verb = Verb::kRoleAdd, .role = "r"});
  apply({.verb = Verb::kUserGrantRole, .user = "ann", .role = "r"});
  for (Permission& permission : permissions) {
    apply({.verb = Verb::kRoleGrantPermission, .role = "r", .permission = std::move(permission)});
  }
  apply({.verb = Verb::kEnable});
  return auth;
}

Caller Ann(const Auth& auth) { return Caller::User("ann", auth.revision()); }

TEST(Auth, AnIdentityOlderThanTheLastChangeIsVoid) {
  Auth auth = World({{Type::kRead, "a", ""}});
  const Caller before = Ann(auth);
  EXPECT_TRUE(auth.CheckRange(before, Type::kRead, "a", "").ok());
  EXPECT_TRUE(auth.Apply({.verb = Verb::kRoleAdd, .role = "other"}).ok());
  EXPECT_EQ(auth.CheckRange(before, Type::kRead, "a", "").message(), "etcdserver: revision of auth store is old");
  EXPECT_TRUE(auth.CheckRange(Ann(auth), Type::kRead, "a", "").ok());
}

TEST(Auth, ATokenNeedsThePasswordOfTheSameRevision) {
  Auth auth = World({});
  const Mvcc store;
  const Caller cluster = Caller::Cluster();
  AuthCommand command{.verb = Verb::kAuthenticate, .user = "ann", .token = "t", .auth_revision = auth.revision()};
  EXPECT_TRUE(Access(auth, store, cluster).Check(command).ok());
  EXPECT_TRUE(auth.Apply({.verb = Verb::kUserChangePassword, .user = "ann"}).ok());
  EXPECT_FALSE(Access(auth, store, cluster).Check(command).ok());
}

TEST(Auth, RangesAreCoveredByTheUnionOfPermissions) {
  const std::string no_end(1, '\0');
  const Auth auth = World({{Type::kRead, "b", "d"},
                           {Type::kReadWrite, "c", "e"},
                           {Type::kRead, "e", ""},
                           {Type::kWrite, "k", "l"},
                           {Type::kRead, "x", no_end}});
  struct {
    std::string key;
    std::string end;
    Type type;
    bool allowed;
  } cases[] = {
      {"b", "", Type::kRead, true},       {"a", "", Type::kRead, false},     {"b", "e", Type::kRead, true},
      {"b", "f", Type::kRead, false},     {"e", "", Type::kRead, true},      {"ea", "", Type::kRead, false},
      {"b", "e", Type::kWrite, false},    {"c", "e", Type::kWrite, true},    {"k", "", Type::kRead, false},
      {"kk", "l", Type::kWrite, true},    {"x", no_end, Type::kRead, true},  {"y", "zz", Type::kRead, true},
      {"w", no_end, Type::kRead, false},  {"b", no_end, Type::kRead, false}, {"c", "b", Type::kRead, true},
      {"z", no_end, Type::kWrite, false},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(auth.CheckRange(Ann(auth), c.type, c.key, c.end).ok(), c.allowed) << c.key << " to " << c.end;
  }
}

TEST(Auth, ComesBackFromASnapshotAsItWas) {
  const Auth auth = World({{Type::kRead, "b", "d"}, {Type::kWrite, "k", ""}});
  BinaryWriter out;
  auth.Serialize(out);
  Auth restored;
  BinaryReader in(out.bytes());
  ASSERT_TRUE(restored.Restore(in) && in.AtEnd());
  EXPECT_EQ(restored.enabled(), auth.enabled());
  EXPECT_EQ(restored.revision(), auth.revision());
  EXPECT_EQ(restored.users(), auth.users());
  EXPECT_EQ(restored.roles(), auth.roles());
  for (size_t size = 0; size < out.bytes().size(); ++size) {
    BinaryReader cut(std::string_view(out.bytes()).substr(0, size));
    EXPECT_FALSE(Auth().Restore(cut)) << size;
  }
}

TEST(Auth, ACommandOfTheLogIsReadAsItWasWritten) {
  const AuthCommand command{.verb = Verb::kRoleGrantPermission,
                            .user = "u",
                            .password_hash = "h",
                            .role = "r",
                            .permission = {Type::kReadWrite, "k", "l"},
                            .token = "t",
                            .auth_revision = 7};
  const std::string bytes = EncodeRequest(command);
  const Result<AuthCommand> read = DecodeAuthCommand(bytes);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(EncodeRequest(*read), bytes);
  EXPECT_EQ(DecodeAuthCommand(bytes + "x").status().code(), Code::kDataLoss);
}

TEST(AuthTokens, LiveSinceTheirLastUse) {
  AuthTokens tokens(300s);
  const Time start{};
  tokens.Assign("t", "ann", start);
  EXPECT_EQ(tokens.Find("t", start + 299s), "ann");
  EXPECT_EQ(tokens.Find("t", start + 500s), "ann");
  EXPECT_EQ(tokens.Find("t", start + 801s), std::nullopt);
  tokens.Assign("other", "bob", start + 900s);
  EXPECT_EQ(tokens.size(), 1u) << "what is over is dropped";
}

TEST(Secrets, PasswordsMatchTheirHashAlone) {
  const std::string hash = HashPassword("secret", 4, "salt");
  EXPECT_TRUE(PasswordMatches("secret", hash));
  EXPECT_FALSE(PasswordMatches("Secret", hash));
  EXPECT_FALSE(PasswordMatches("", hash));
  EXPECT_FALSE(PasswordMatches("", "")) << "a user without password";
  EXPECT_EQ(hash, HashPassword("secret", 4, "salt")) << "the same draws, the same hash";
  EXPECT_NE(hash, HashPassword("secret", 4, "other salt"));
}

TEST(Secrets, NoTextComesTwice) {
  SecretTexts texts{Random(1)};
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(seen.insert(texts.Next()).second);
}

}  // namespace
}  // namespace kp::store
