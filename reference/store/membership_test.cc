#include "reference/store/membership.h"

#include <gtest/gtest.h>

namespace kp::store {
namespace {

using Type = MemberChange::Type;

MemberDescription Member(uint64_t id, const std::string& name = "") {
  return {.id = id, .name = name, .peer_urls = {"http://h:" + std::to_string(id)}};
}

class MembershipTest : public ::testing::Test {
 protected:
  // "" when the change was made.
  std::string Change(Type type, const MemberDescription& member) {
    const MemberChange change{type, member};
    const auto decoded = DecodeMemberChange(EncodeMemberChange(change));
    const Status status = members.Check(*decoded);
    if (status.ok()) members.Apply(*decoded);
    return status.message();
  }
  Membership members{{Member(1, "a"), Member(2, "b"), Member(3, "c")}};
};

TEST_F(MembershipTest, RefusesInEtcdsWords) {
  EXPECT_EQ(Change(Type::kAdd, Member(1)), "etcdserver: member ID already exist");
  MemberDescription twin = Member(9);
  twin.peer_urls.push_back("http://h:2");
  EXPECT_EQ(Change(Type::kAdd, twin), "etcdserver: Peer URLs already exists");
  EXPECT_EQ(Change(Type::kRemove, Member(9)), "etcdserver: member not found");
  EXPECT_EQ(Change(Type::kPromote, Member(9)), "etcdserver: member not found");
  EXPECT_EQ(Change(Type::kPromote, Member(1)), "etcdserver: can only promote a learner member");
  twin.id = 1;
  EXPECT_EQ(Change(Type::kUpdatePeers, twin), "etcdserver: Peer URLs already exists");
}

TEST_F(MembershipTest, OneLearnerAtATime) {
  EXPECT_EQ(Change(Type::kAddLearner, Member(4)), "");
  EXPECT_EQ(Change(Type::kAddLearner, Member(5)), "etcdserver: too many learner members in cluster");
  EXPECT_EQ(Change(Type::kPromote, Member(4)), "");
  EXPECT_EQ(members.Voters(), (std::vector<uint64_t>{1, 2, 3, 4}));
  EXPECT_EQ(Change(Type::kAddLearner, Member(5)), "");
}

TEST_F(MembershipTest, RemovedIsForEver) {
  EXPECT_EQ(Change(Type::kRemove, Member(2)), "");
  EXPECT_TRUE(members.Removed(2));
  EXPECT_EQ(Change(Type::kAdd, Member(2)), "etcdserver: member not found");
  EXPECT_EQ(Change(Type::kPublish, Member(2, "b")), "etcdserver: member not found");
}

TEST_F(MembershipTest, SurvivesASnapshot) {
  Change(Type::kRemove, Member(2));
  Change(Type::kAddLearner, Member(4));
  BinaryWriter out;
  members.Serialize(out);
  BinaryReader in(out.bytes());
  EXPECT_EQ(Membership::Restore(in), members);
  EXPECT_TRUE(in.AtEnd());
}

// The cases of etcd's TestIsReadyToAddVotingMember and its siblings.
TEST_F(MembershipTest, AQuorumMustHaveStarted) {
  EXPECT_TRUE(members.MayAddVoter());
  EXPECT_TRUE(Membership({Member(1, "a")}).MayAddVoter());
  EXPECT_FALSE(Membership({Member(1, "a"), Member(2)}).MayAddVoter());
  EXPECT_FALSE(Membership({Member(1, "a"), Member(2, "b"), Member(3), Member(4)}).MayAddVoter());
  EXPECT_TRUE(members.MayRemoveVoter(1));
  EXPECT_FALSE(Membership({Member(1, "a")}).MayRemoveVoter(1)) << "the last one";
  EXPECT_FALSE(Membership({Member(1, "a"), Member(2)}).MayRemoveVoter(1)) << "who is left has not started";
  EXPECT_TRUE(Membership({Member(1, "a"), Member(2)}).MayRemoveVoter(2));
}

TEST(MemberChange, DamagedBytesAreRefused) {
  const std::string good = EncodeMemberChange({Type::kAdd, Member(1, "a")});
  for (size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(DecodeMemberChange(good.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(DecodeMemberChange("\x09" + good.substr(1)).ok());
}

}  // namespace
}  // namespace kp::store
