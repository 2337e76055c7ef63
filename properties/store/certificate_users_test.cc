// Who a call is from where the clients show certificates.
#include <gtest/gtest.h>

#include "properties/store/dispatch.h"
#include "reference/store/auth.pb.h"
#include "reference/store/etcd.pb.h"

namespace kp::properties {
namespace {

namespace pb = etcdserverpb;

transport::GrpcContext From(const std::string& common_name, bool verified = true) {
  transport::GrpcContext context;
  context.peer.verified = verified;
  context.peer.common_name = common_name;
  return context;
}

// Authentication is on, with root and with ann, who may read the key "a". Neither has a password.
class CertificateUsers : public testing::Test {
 protected:
  CertificateUsers() {
    for (const char* name : {"root", "ann"}) {
      pb::AuthUserAddRequest user;
      user.set_name(name);
      user.mutable_options()->set_no_password(true);
      Must("UserAdd", user);
    }
    pb::AuthRoleAddRequest role;
    role.set_name("r");
    Must("RoleAdd", role);
    pb::AuthRoleGrantPermissionRequest permission;
    permission.set_name("r");
    permission.mutable_perm()->set_key("a");
    Must("RoleGrantPermission", permission);
    Grant("root", "root");
    Grant("ann", "r");
    Must("AuthEnable", pb::AuthEnableRequest());
  }
  template <typename Message>
  void Must(const std::string& method, const Message& message) {
    EXPECT_TRUE(dispatch_.Call("/etcdserverpb.Auth/" + method, message.SerializeAsString()).ok()) << method;
  }
  void Grant(const std::string& user, const std::string& role) {
    pb::AuthUserGrantRoleRequest grant;
    grant.set_user(user);
    grant.set_role(role);
    Must("UserGrantRole", grant);
  }
  Code Read(const transport::GrpcContext& context, const std::string& key = "a") {
    pb::RangeRequest range;
    range.set_key(key);
    return dispatch_.Call("/etcdserverpb.KV/Range", range.SerializeAsString(), context).code();
  }

  Dispatch dispatch_{1};
};

TEST_F(CertificateUsers, TheCommonNameIsTheUser) {
  EXPECT_EQ(Read(From("ann")), Code::kOk);
  EXPECT_EQ(Read(From("ann"), "b"), Code::kPermissionDenied);
  EXPECT_EQ(Read(From("root"), "b"), Code::kOk);
  EXPECT_EQ(Read(From("stranger")), Code::kPermissionDenied);
}

TEST_F(CertificateUsers, ACertificateThatWasNotVerifiedNamesNobody) {
  EXPECT_EQ(Read(From("root", false)), Code::kInvalidArgument);
  EXPECT_EQ(Read(From("")), Code::kInvalidArgument);
}

TEST_F(CertificateUsers, ATokenGoesBeforeTheCertificate) {
  transport::GrpcContext context = From("root");
  context.metadata.Add("token", "unknown.1");
  EXPECT_EQ(Read(context), Code::kUnauthenticated);
}

}  // namespace
}  // namespace kp::properties
